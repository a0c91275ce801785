"""Metric filters: what a match publishes, and which filters an event matches (FP-9)."""

from __future__ import annotations

import json

import pytest

from tocsin.core.event import Event
from tocsin.core.metric_filter import (
    CompiledFilter,
    Datum,
    FilterSet,
    MetricFilter,
    MetricFilterError,
    MetricTransformation,
)


def compiled(pattern: str, *, value: str = "1", system: tuple[str, ...] = (), **options) -> CompiledFilter:
    transformation = MetricTransformation(metric_name="M", metric_namespace="N", metric_value=value, **options)
    return CompiledFilter(
        MetricFilter(
            filter_name="f",
            filter_pattern=pattern,
            metric_transformations=(transformation,),
            emit_system_field_dimensions=system,
        )
    )


def datum(made: CompiledFilter, message: object) -> Datum | None:
    text = message if isinstance(message, str) else json.dumps(message)
    return made.datum(Event(text), account="111122223333", region="us-east-1")


# The worked example of FP-9: value `$.bytes`, dimension Region = `$.awsRegion`.
@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"bytes": 12, "awsRegion": "eu-west-1"}, Datum(12.0, (("Region", "eu-west-1"),))),
        ({"bytes": "12.5", "awsRegion": "eu-west-1"}, Datum(12.5, (("Region", "eu-west-1"),))),
        ({"bytes": "many", "awsRegion": "eu-west-1"}, None),
        ({"bytes": 12}, Datum(12.0, ())),
        ({"bytes": None, "awsRegion": "eu-west-1"}, None),
        ({"bytes": {"n": 1}}, None),
        ({"bytes": True}, None),
        ({"bytes": ""}, None),
        ({"bytes": "1e400"}, None),
        ({"bytes": "NaN"}, None),
        ({"bytes": 2.0**360}, Datum(2.0**360, ())),
        ({"bytes": 2.0**361}, None),
        # FP-9.15: a dimension that cannot be used takes all dimensions with it.
        ({"bytes": 1, "awsRegion": None}, Datum(1.0, ())),
        ({"bytes": 1, "awsRegion": {}}, Datum(1.0, ())),
        ({"bytes": 1, "awsRegion": " "}, Datum(1.0, ())),
        ({"bytes": 1, "awsRegion": "é"}, Datum(1.0, ())),
        ({"bytes": 1, "awsRegion": "x" * 1025}, Datum(1.0, ())),
        ({"bytes": 1, "awsRegion": "x" * 1024}, Datum(1.0, (("Region", "x" * 1024),))),
        ({"bytes": 1, "awsRegion": 7.0}, Datum(1.0, (("Region", "7.0"),))),
        ({"bytes": 1, "awsRegion": False}, Datum(1.0, (("Region", "false"),))),
    ],
)
def test_value_and_dimensions_come_from_the_event(event: object, wanted: Datum | None) -> None:
    made = compiled("{ $.eventName = * }", value="$.bytes", dimensions={"Region": "$.awsRegion"})
    assert datum(made, event) == wanted


def test_one_unusable_dimension_drops_the_others() -> None:
    made = compiled("{ $.a = * }", dimensions={"A": "$.a", "B": "$.b"})
    assert datum(made, {"a": "x", "b": "y"}) == Datum(1.0, (("A", "x"), ("B", "y")))
    assert datum(made, {"a": "x"}) == Datum(1.0, ())


def test_system_fields_become_dimensions() -> None:
    made = compiled("", system=("@aws.account", "@aws.region"))
    assert datum(made, "x") == Datum(1.0, (("@aws.account", "111122223333"), ("@aws.region", "us-east-1")))


@pytest.mark.parametrize(
    ("pattern", "value", "message", "wanted"),
    [
        ("", "1", "anything", 1.0),
        ("ERROR", "-2.5e1", "ERROR", -25.0),
        ("{ $.a = 1 }", "$.b[0].c", '{"a": 1, "b": [{"c": 3}]}', 3.0),
        ("{ $.a = 1 }", "$.b[*]", '{"a": 1, "b": [null, {}, 4, 5]}', 4.0),
        ("{ $.a = 1 }", "$.['x.y']", '{"a": 1, "x.y": 6}', 6.0),
        ("{ $.a = 1 }", "$.b", "not json", None),
        ("[host, size]", "$size", "192.0.2.1 512", 512.0),
        ("[host, size]", "$2", "192.0.2.1 512", 512.0),
        ("[..., size]", "$1", "7 512", 7.0),
        ("[..., size]", "$3", "7 512", None),
        ("[host, size]", "$size", "one", None),
        ("[host, size]", "$2", "one", None),
    ],
)
def test_metric_value_names_a_number_or_a_field(pattern: str, value: str, message: str, wanted: float | None) -> None:
    found = datum(compiled(pattern, value=value), message)
    assert (found and found.value) == wanted


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("{ $.a = 1 }", "length"),
        ("{ $.a = 1 }", "$a"),
        ("{ $.a = 1 }", "$.a = 1 || $.b"),
        ("{ $.a = 1 }", " $.a"),
        ("{ $.a = 1 }", "1e999"),
        ("{ $.a = 1 }", ""),
        ("ERROR", "$.a"),
        ("", "$1"),
        ("[host, size]", "$.size"),
        ("[host, size]", "$bytes"),
        ("[host, size]", "$"),
        ("[host, size]", "size"),
        ("[host, size]", "$3"),
        ("[host, size]", "$0"),
        ("[..., size]", "$9999999"),
        ("[host, size]", "$²"),
    ],
)
def test_other_metric_values_are_refused_in_awss_words(pattern: str, value: str) -> None:
    with pytest.raises(MetricFilterError, match="must be a valid number"):
        compiled(pattern, value=value)


@pytest.mark.parametrize(
    ("pattern", "options", "says"),
    [
        ("ERROR", {"dimensions": {"A": "$.a"}}, "does not support dimensions"),
        ("", {"dimensions": {"A": "$.a"}}, "does not support dimensions"),
        ("{ $.a = 1 }", {"dimensions": {"A": "constant"}}, "dimension value must be valid selector"),
        ("[a, b]", {"dimensions": {"A": "$c"}}, "dimension value must be valid selector"),
        ("{ $.a = 1 }", {"dimensions": {"A": "$.a"}, "default_value": 0.0}, "mutually exclusive"),
    ],
)
def test_dimensions_that_are_refused(pattern: str, options: dict, says: str) -> None:
    with pytest.raises(MetricFilterError, match=says):
        compiled(pattern, **options)


@pytest.mark.parametrize("count", [0, 2])
def test_a_filter_has_exactly_one_transformation(count: int) -> None:
    transformation = MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1")
    with pytest.raises(MetricFilterError, match="exactly 1"):
        CompiledFilter(
            MetricFilter(filter_name="f", filter_pattern="", metric_transformations=(transformation,) * count)
        )


def test_criteria_of_a_filter_are_compiled() -> None:
    transformation = MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1")
    made = CompiledFilter(
        MetricFilter(
            filter_name="f",
            filter_pattern="ERROR",
            metric_transformations=(transformation,),
            field_selection_criteria='@aws.region = "us-east-1"',
        ),
        pattern="",
    )
    assert made.sees("1", "us-east-1")
    assert not made.sees("1", "eu-west-1")
    assert made.pattern.source == ""


PATTERNS = (
    "{ $.eventName = StopLogging || $.eventName = DeleteTrail }",
    "{ $.eventName = StopLogging && $.errorCode NOT EXISTS }",
    '{ $.errorCode = "AccessDenied*" }',
    "StopLogging",
    "{ $.eventName = A && $.eventName = B }",
    '{ $.eventName = "404" }',
)


@pytest.mark.parametrize(
    ("message", "places"),
    [
        ('{"eventName": "StopLogging"}', [0, 1, 3]),
        ('{"eventName": "DeleteTrail", "errorCode": "AccessDenied"}', [0, 2]),
        ('{"eventName": "GetTrail", "errorCode": "AccessDenied"}', [2]),
        ('{"eventName": 404}', [5]),
        ('{"eventName": true}', []),
        ('{"eventName": null, "x": "StopLogging"}', [3]),
        ('{"eventName": {"eventName": "StopLogging"}}', [3]),
        ('{"requestParameters": {"eventName": "StopLogging"}}', [3]),
        ("StopLogging, not JSON", [3]),
        ("[]", []),
    ],
)
def test_a_set_gives_the_filters_that_match(message: str, places: list[int]) -> None:
    filters = FilterSet(map(compiled, PATTERNS))
    assert filters.match(Event(message)) == places
    assert places == [place for place, one in enumerate(filters.filters) if one.pattern.matches(message)]


def test_filters_without_an_index_key_are_told() -> None:
    assert [one.pattern.source for one in FilterSet(map(compiled, PATTERNS)).unindexed] == [PATTERNS[2], PATTERNS[3]]


def test_a_set_of_text_patterns_never_decodes() -> None:
    event = Event("StopLogging {")
    assert FilterSet([compiled("StopLogging")]).match(event) == [0]
