"""Anomaly detectors: stored. Spec: WIRE-8.2, AL-15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import dimensions_of, name_page, operations, told_dimensions
from tocsin.app import anomaly_detector
from tocsin.app.anomaly_detector import AnomalyDetector
from tocsin.core.metric import MetricKey
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.api.operation import Context, Parameters

_MOST_LISTED = 100
_FLAT = ("Namespace", "MetricName", "Dimensions", "Stat")


def _detector(ctx: Context, parameters: Parameters) -> AnomalyDetector:
    """The detector that a request is about."""
    single, math = parameters.get("SingleMetricAnomalyDetector"), parameters.get("MetricMathAnomalyDetector")
    flat = {name: parameters[name] for name in _FLAT if name in parameters}
    given = [name for name, one in (("flat", flat), ("single", single), ("math", math)) if one]
    if len(given) > 1:
        raise Fault(
            "InvalidParameterCombination",
            "Only one of single metric parameters, SingleMetricAnomalyDetector and MetricMathAnomalyDetector"
            " can be specified.",
        )
    if not given:
        raise Fault("MissingParameter", "The parameter SingleMetricAnomalyDetector is required.")
    ident = ctx.tocsin.new_id()
    configuration = {"ExcludedTimeRanges": [], **parameters.get("Configuration", {})}
    characteristics = parameters.get("MetricCharacteristics")
    if math:
        return AnomalyDetector(
            ident=ident,
            queries=math.get("MetricDataQueries", []),
            configuration=configuration,
            characteristics=characteristics,
        )
    metric = single or flat
    for name in ("Namespace", "MetricName", "Stat"):
        if name not in metric:
            raise Fault("MissingParameter", f"The parameter {name} is required.")
    return AnomalyDetector(
        ident=ident,
        key=MetricKey.of(metric["Namespace"], metric["MetricName"], dimensions_of(metric.get("Dimensions"))),
        stat=metric["Stat"],
        configuration=configuration,
        characteristics=characteristics,
    )


@operations("PutAnomalyDetector")
def put_anomaly_detector(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Keep a detector."""
    ident = anomaly_detector.put_anomaly_detector(ctx.tocsin, ctx.scope, _detector(ctx, parameters))
    return {"AnomalyDetectorId": ident}


@operations("DeleteAnomalyDetector")
def delete_anomaly_detector(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Remove a detector, named by its id or by its metric."""
    ident = parameters.get("AnomalyDetectorId")
    name = None if ident is not None else _detector(ctx, parameters).name
    anomaly_detector.delete_anomaly_detector(
        ctx.tocsin, ctx.scope, lambda one: one.ident == ident if name is None else one.name == name
    )
    return {}


@operations("DescribeAnomalyDetectors")
def describe_anomaly_detectors(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Detectors of metrics, or of the types that are asked for."""
    found, has_more = anomaly_detector.list_anomaly_detectors(
        ctx.tocsin,
        ctx.scope,
        matches=_chosen(parameters),
        after=name_page(ctx, parameters),
        limit=parameters.get("MaxResults", _MOST_LISTED),
    )
    token = ctx.next_token(parameters, [found[-1].name]) if has_more else None
    return {"AnomalyDetectors": [_described(ctx, one) for one in found], "NextToken": token}


def _chosen(parameters: Parameters) -> Callable[[AnomalyDetector], bool]:
    types = parameters.get("AnomalyDetectorTypes") or ["SINGLE_METRIC"]
    idents = parameters.get("AnomalyDetectorIds")
    wanted = dimensions_of(parameters.get("Dimensions"))

    def matches(one: AnomalyDetector) -> bool:
        if idents:
            return one.ident in idents
        if ("SINGLE_METRIC" if one.key is not None else "METRIC_MATH") not in types:
            return False
        if one.key is None:
            return True
        return (
            parameters.get("Namespace") in (None, one.key.namespace)
            and parameters.get("MetricName") in (None, one.key.metric_name)
            and wanted.items() <= dict(one.key.dimensions).items()
        )

    return matches


def _described(ctx: Context, one: AnomalyDetector) -> dict[str, Any]:
    """A detector as AWS tells it: its metric twice."""
    told: dict[str, Any] = {
        "AnomalyDetectorId": one.ident,
        "Configuration": one.configuration,
        "StateValue": one.state,
        "MetricCharacteristics": one.characteristics,
    }
    if one.key is None:
        return {**told, "MetricMathAnomalyDetector": {"MetricDataQueries": one.queries}}
    metric = {
        "Namespace": one.key.namespace,
        "MetricName": one.key.metric_name,
        "Dimensions": told_dimensions(one.key),
        "Stat": one.stat,
    }
    return {**told, **metric, "SingleMetricAnomalyDetector": {"AccountId": ctx.scope.account, **metric}}
