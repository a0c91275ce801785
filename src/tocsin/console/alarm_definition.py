"""The definition of an alarm, a line for each thing that a reader may ask of it. Spec: CON-4.4, AL-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.number_text import number_text
from tocsin.core.alarm_condition import comparison_text, span_text
from tocsin.core.decision_words import missing_words
from tocsin.core.topic import is_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.console.visit import Visit
    from tocsin.core.alarm.definition import MetricDataQuery
    from tocsin.core.composite_alarm.definition import CompositeAlarm


class DefinitionRow(NamedTuple):
    """A line: what it is called, in AWS's words, its values with their addresses, empty for none, and what it means."""

    name: str
    values: tuple[tuple[str, str], ...]
    meaning: str = ""


def definition_rows(
    visit: Visit, alarm: MetricAlarm | CompositeAlarm, *, tags: Mapping[str, str]
) -> list[DefinitionRow]:
    """The lines of an alarm."""
    rows = list(_metric_rows(alarm)) if isinstance(alarm, MetricAlarm) else list(_composite_rows(visit, alarm))
    for name, arns in (
        ("Actions for ALARM", alarm.alarm_actions),
        ("Actions for OK", alarm.ok_actions),
        ("Actions for INSUFFICIENT_DATA", alarm.insufficient_data_actions),
    ):
        if arns:
            rows.append(DefinitionRow(name, tuple(_action(visit, arn) for arn in arns)))
    if tags:
        rows.append(DefinitionRow("Tags", tuple((f"{key} = {value}", "") for key, value in sorted(tags.items()))))
    return rows


def _metric_rows(alarm: MetricAlarm) -> Iterator[DefinitionRow]:
    if alarm.key is not None:
        yield DefinitionRow("Metric", ((f"{alarm.key.namespace} {alarm.key.metric_name}", ""),))
        if alarm.key.dimensions:
            yield DefinitionRow("Dimensions", tuple((f"{name} = {value}", "") for name, value in alarm.key.dimensions))
        if alarm.statistic is not None:
            yield DefinitionRow("Statistic", ((alarm.statistic.source, ""),))
    for query in alarm.metrics:
        yield DefinitionRow(f"Query {query.id}", ((query.expression or _stat(query), ""),))
    yield DefinitionRow("Period", ((span_text(alarm.period), ""),))
    threshold = "" if alarm.threshold is None else f" {number_text(alarm.threshold).removesuffix('.0')}"
    rings = f"{comparison_text(alarm.comparison_operator)}{threshold}"
    yield DefinitionRow("Rings at", ((rings, ""),), alarm.comparison_operator.value)
    counts = f"{alarm.points_to_alarm} of {alarm.evaluation_periods}"
    yield DefinitionRow("Datapoints to alarm", ((counts, ""),))
    yield DefinitionRow("Missing data", ((alarm.missing_data.value, ""),), missing_words(alarm))


def _stat(query: MetricDataQuery) -> str:
    stat = query.metric_stat
    return "" if stat is None else f"{stat.stat.source} of {stat.key.metric_name}"


def _composite_rows(visit: Visit, alarm: CompositeAlarm) -> Iterator[DefinitionRow]:
    yield DefinitionRow("Rule", ((alarm.alarm_rule.source, ""),))
    if alarm.actions_suppressor is not None:
        name = alarm.actions_suppressor.rpartition(":")[2]
        yield DefinitionRow("Actions suppressor", ((name, visit.url("alarms", name)),))


def _action(visit: Visit, arn: str) -> tuple[str, str]:
    name = arn.rpartition(":")[2]
    return (name, visit.url("topics", name)) if is_topic(arn) else (arn, "")
