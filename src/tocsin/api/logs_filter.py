"""Metric filters and subscription filters. Spec: FP-9, FP-10, WIRE-8.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.api.logs_table import bad_token, invalid, name_page, operations, page_of
from tocsin.app import metric_filter, subscription_filter
from tocsin.app.metric_filter import SubscriptionFilter
from tocsin.core.metric_filter import MetricFilter, MetricTransformation

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters
    from tocsin.app.metric_filter import KeptFilter


@operations("PutMetricFilter")
def put_metric_filter(ctx: Context, parameters: Parameters) -> None:
    """Keep a filter."""
    given = {name: value for name, value in parameters.items() if name != "logGroupName"}
    definition = msgspec.convert(given, MetricFilter)
    metric_filter.put_metric_filter(ctx.tocsin, ctx.scope, parameters["logGroupName"], definition)


@operations("DescribeMetricFilters")
def describe_metric_filters(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Filters by name, of one group or of all."""
    name, namespace = parameters.get("metricName"), parameters.get("metricNamespace")
    if (name is None) != (namespace is None):
        raise invalid("metricName and metricNamespace must be specified together.")
    match page_of(ctx, parameters):
        case None:
            after = None
        case (str() as filter_name, str() as group):
            after = (filter_name, group)
        case _:
            raise bad_token()
    found, has_more = metric_filter.list_metric_filters(
        ctx.tocsin,
        ctx.scope,
        group=parameters.get("logGroupName"),
        prefix=parameters.get("filterNamePrefix", ""),
        metric=None if name is None else (str(namespace), name),
        after=after,
        limit=parameters.get("limit", 50),
    )
    token = None
    if has_more:
        token = ctx.next_token(parameters, [found[-1].filter.filter_name, found[-1].log_group])
    return {"metricFilters": [_described(one) for one in found], "nextToken": token}


def _described(kept: KeptFilter) -> dict[str, Any]:
    """A filter as AWS tells it (FP-9.21)."""
    definition = kept.filter
    return {
        "filterName": definition.filter_name,
        "filterPattern": definition.filter_pattern,
        "metricTransformations": [_transformation(one) for one in definition.metric_transformations],
        "creationTime": kept.created_at,
        "logGroupName": kept.log_group,
        "applyOnTransformedLogs": definition.apply_on_transformed_logs,
        "fieldSelectionCriteria": definition.field_selection_criteria,
        "emitSystemFieldDimensions": list(definition.emit_system_field_dimensions) or None,
    }


def _transformation(one: MetricTransformation) -> dict[str, Any]:
    return {
        "metricName": one.metric_name,
        "metricNamespace": one.metric_namespace,
        "metricValue": one.metric_value,
        "defaultValue": one.default_value,
        "dimensions": one.dimensions or None,
        "unit": one.unit,
    }


@operations("DeleteMetricFilter")
def delete_metric_filter(ctx: Context, parameters: Parameters) -> None:
    """Remove a filter."""
    metric_filter.delete_metric_filter(ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["filterName"])


@operations("TestMetricFilter")
def match_messages(_ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Try a pattern on messages."""
    found = metric_filter.try_pattern(parameters["filterPattern"], parameters["logEventMessages"])
    return {
        "matches": [
            {"eventNumber": one.number, "eventMessage": one.message, "extractedValues": one.extracted} for one in found
        ]
    }


@operations("PutSubscriptionFilter")
def put_subscription_filter(ctx: Context, parameters: Parameters) -> None:
    """Keep which events of a group go to a destination."""
    definition = SubscriptionFilter(
        filter_name=parameters["filterName"],
        log_group=parameters["logGroupName"],
        filter_pattern=parameters["filterPattern"],
        destination_arn=parameters["destinationArn"],
        role_arn=parameters.get("roleArn"),
        distribution=parameters.get("distribution", "ByLogStream"),
        apply_on_transformed_logs=parameters.get("applyOnTransformedLogs", False),
        field_selection_criteria=parameters.get("fieldSelectionCriteria"),
        emit_system_fields=tuple(parameters.get("emitSystemFields", ())),
        created_at=ctx.tocsin.now_ms(),
    )
    subscription_filter.put_subscription_filter(ctx.tocsin, ctx.scope, definition)


@operations("DescribeSubscriptionFilters")
def describe_subscription_filters(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Filters of a group by name."""
    after = name_page(ctx, parameters)
    found, has_more = subscription_filter.list_subscription_filters(
        ctx.tocsin,
        ctx.scope,
        parameters["logGroupName"],
        prefix=parameters.get("filterNamePrefix", ""),
        after=after,
        limit=parameters.get("limit", 50),
    )
    told = [
        {
            "applyOnTransformedLogs": one.apply_on_transformed_logs,
            "creationTime": one.created_at,
            "destinationArn": one.destination_arn,
            "distribution": one.distribution,
            "filterName": one.filter_name,
            "filterPattern": one.filter_pattern,
            "logGroupName": one.log_group,
            "roleArn": one.role_arn,
            "fieldSelectionCriteria": one.field_selection_criteria,
            "emitSystemFields": list(one.emit_system_fields) or None,
        }
        for one in found
    ]
    token = ctx.next_token(parameters, [found[-1].filter_name]) if has_more else None
    return {"subscriptionFilters": told, "nextToken": token}


@operations("DeleteSubscriptionFilter")
def delete_subscription_filter(ctx: Context, parameters: Parameters) -> None:
    """Remove a filter."""
    subscription_filter.delete_subscription_filter(
        ctx.tocsin, ctx.scope, parameters["logGroupName"], parameters["filterName"]
    )
