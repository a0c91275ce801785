"""PutMetricData: what is taken, and what is refused in which words (AL-1.2 to AL-1.7)."""

from __future__ import annotations

import math
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric_data import DatumError, read_metric_data

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
SECOND = 1_767_323_045
PATH = "MetricData.member.1"


def read(*members: dict[str, Any], namespace: Any = "Test/App") -> tuple[MetricDatum, ...]:
    return read_metric_data({"Namespace": namespace, "MetricData": list(members)}, now=NOW)


def refused(*members: dict[str, Any], namespace: Any = "Test/App") -> DatumError:
    with pytest.raises(DatumError) as caught:
        read(*members, namespace=namespace)
    return caught.value


def member(**fields: Any) -> dict[str, Any]:
    return {"MetricName": "m", "Value": 1.0, **fields}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"Value": 2.5}, StatisticSet.of(2.5)),
        ({"Value": 3}, StatisticSet.of(3.0)),
        ({"Value": 0}, StatisticSet.of(0.0)),
        ({"Value": -(2.0**360)}, StatisticSet.of(-(2.0**360))),
        ({"Value": 1.0, "Values": [], "Counts": [], "StatisticValues": None}, StatisticSet.of(1.0)),
        ({"Values": [1.0, 2.0, 1.0]}, StatisticSet.of(1.0, 1.0, 2.0)),
        ({"Values": (1.0, 2.0), "Counts": (2, 0.5)}, StatisticSet.weighted({1.0: 2, 2.0: 0.5})),
        ({"Values": [1.0, 9.0], "Counts": [1, 0]}, StatisticSet.weighted({1.0: 1, 9.0: 0})),
        ({"Values": [float(n % 150) for n in range(300)]}, StatisticSet.weighted({float(n): 2 for n in range(150)})),
        (
            {"StatisticValues": {"SampleCount": 3, "Sum": 9.0, "Minimum": 1.0, "Maximum": 5.0}},
            StatisticSet(3, 9, 1.0, 5.0),
        ),
        # The statistic set wins over Values, and a Sum that cannot be is stored as it is.
        (
            {
                "StatisticValues": {"SampleCount": 3, "Sum": 99.0, "Minimum": 1.0, "Maximum": 5.0},
                "Values": [7.0],
                "Counts": [1, 2],
            },
            StatisticSet(3, 99, 1.0, 5.0),
        ),
        (
            {"StatisticValues": {"SampleCount": 2, "Sum": 10.0, "Minimum": 5.0, "Maximum": 5.0}},
            StatisticSet(2, 10, 5.0, 5.0, {5.0: 2}),
        ),
    ],
)
def test_forms_of_a_datum(fields: dict[str, Any], wanted: StatisticSet) -> None:
    (datum,) = read({"MetricName": "m", **fields})
    assert datum.statistics == wanted


def test_identity_unit_and_resolution() -> None:
    (datum,) = read(
        member(
            Dimensions=[{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}],
            Unit="Bytes/Second",
            StorageResolution=1,
        )
    )
    assert datum == MetricDatum(
        key=MetricKey("Test/App", "m", (("a", "1"), ("b", "2"))),
        timestamp=SECOND,
        statistics=StatisticSet.of(1.0),
        unit="Bytes/Second",
        storage_resolution=1,
    )


@pytest.mark.parametrize(
    ("timestamp", "resolution", "wanted"),
    [
        (None, 1, SECOND),
        (None, 60, SECOND - 5),
        (None, None, SECOND - 5),
        (NOW - timedelta(weeks=2), 1, SECOND - 14 * 86_400),
        (NOW + timedelta(hours=2), 1, SECOND + 7200),
        (datetime(2026, 1, 2, 4, 4, 9, tzinfo=timezone(timedelta(hours=1))), 1, SECOND + 4),
    ],
)
def test_timestamp_is_truncated_to_the_resolution(
    timestamp: datetime | None, resolution: int | None, wanted: int
) -> None:
    (datum,) = read(member(Timestamp=timestamp, StorageResolution=resolution))
    assert datum.timestamp == wanted


def test_data_of_entities_come_behind_the_others() -> None:
    found = read_metric_data(
        {
            "Namespace": "N",
            "MetricData": [member(MetricName="one")],
            "EntityMetricData": [{"MetricData": [member(MetricName="two")]}, {"Entity": {}}],
        },
        now=NOW,
    )
    assert [datum.key.metric_name for datum in found] == ["one", "two"]


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        # Texts of AWS (AL-1.5)
        (
            {"Value": 1.0, "Values": [1.0]},
            "InvalidParameterCombination",
            f"The parameters {PATH}.Value and {PATH}.Values are mutually exclusive and you have specified both.",
        ),
        (
            {"Value": 1.0, "StatisticValues": {}},
            "InvalidParameterCombination",
            f"The parameters {PATH}.Value and {PATH}.StatisticValues are mutually exclusive and you have specified both.",
        ),
        (
            {"Values": [1.0, 2.0], "Counts": [1]},
            "InvalidParameterValue",
            f"The parameters {PATH}.Values and {PATH}.Counts must be of the same size.",
        ),
        ({"Value": math.nan}, "InvalidParameterValue", f"The value NaN for parameter {PATH}.Value is invalid."),
        ({"Values": [1, math.inf]}, "InvalidParameterValue", f"The value Infinity for parameter {PATH}.Values is invalid."),
        (
            {"Value": 1.0, "Timestamp": NOW - timedelta(weeks=2, milliseconds=1)},
            "InvalidParameterValue",
            f"The parameter {PATH}.Timestamp must specify a time within the past two weeks.",
        ),
        # Our texts for the other faults
        (
            {"Value": 1.0, "Counts": [1]},
            "InvalidParameterCombination",
            f"The parameters {PATH}.Value and {PATH}.Counts are mutually exclusive and you have specified both.",
        ),
        ({"Value": -math.inf}, "InvalidParameterValue", f"The value -Infinity for parameter {PATH}.Value is invalid."),
        ({"Value": 2.0**361}, "InvalidParameterValue", f"The value {2.0**361} for parameter {PATH}.Value is invalid."),
        ({"Value": 10**400}, "InvalidParameterValue", f"The value of more than 256 bits for parameter {PATH}.Value is invalid."),
        ({"Value": "1"}, "InvalidParameterValue", f"The value 1 for parameter {PATH}.Value is invalid."),
        ({"Value": True}, "InvalidParameterValue", f"The value of type bool for parameter {PATH}.Value is invalid."),
        ({}, "MissingParameter", f"The parameter {PATH}.Value is required."),
        ({"Values": []}, "MissingParameter", f"The parameter {PATH}.Value is required."),
        ({"Counts": [1]}, "MissingParameter", f"The parameter {PATH}.Value is required."),
        ({"Values": 5}, "InvalidParameterValue", f"The value 5 for parameter {PATH}.Values is invalid."),
        ({"Values": [1], "Counts": [-1]}, "InvalidParameterValue", f"The value -1 for parameter {PATH}.Counts is invalid."),
        ({"Values": [1], "Counts": [math.inf]}, "InvalidParameterValue", f"The value Infinity for parameter {PATH}.Counts is invalid."),
        ({"Values": list(range(151))}, "InvalidParameterValue", f"The value 151 for parameter {PATH}.Values is invalid."),
        ({"StatisticValues": []}, "InvalidParameterValue", f"The value of type list for parameter {PATH}.StatisticValues is invalid."),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1.5}},
            "InvalidParameterValue",
            f"The value 1.5 for parameter {PATH}.StatisticValues.Maximum is invalid.",
        ),
        (
            {"StatisticValues": {"SampleCount": 0, "Sum": math.nan, "Minimum": 1}},
            "InvalidParameterValue",
            (f"The value 0 for parameter {PATH}.StatisticValues.SampleCount is invalid.\n"
            f"The value NaN for parameter {PATH}.StatisticValues.Sum is invalid.\n"
            f"The parameter {PATH}.StatisticValues.Maximum is required."),
        ),
        ({"Value": 1.0, "Unit": "count"}, "InvalidParameterValue", f"The value count for parameter {PATH}.Unit is invalid."),
        ({"Value": 1.0, "StorageResolution": 30}, "InvalidParameterValue", f"The value 30 for parameter {PATH}.StorageResolution is invalid."),
        ({"Value": 1.0, "StorageResolution": True}, "InvalidParameterValue", f"The value of type bool for parameter {PATH}.StorageResolution is invalid."),
        (
            {"Value": 1.0, "Timestamp": NOW + timedelta(hours=2, milliseconds=1)},
            "InvalidParameterValue",
            f"The value 2026-01-02T05:04:05.679000+00:00 for parameter {PATH}.Timestamp is invalid.",
        ),
        ({"Value": 1.0, "Timestamp": datetime(2026, 1, 2)}, "InvalidParameterValue", f"The value 2026-01-02T00:00:00 for parameter {PATH}.Timestamp is invalid."),  # noqa: DTZ001 - no zone is the point
        ({"Value": 1.0, "Timestamp": 5.5}, "InvalidParameterValue", f"The value 5.5 for parameter {PATH}.Timestamp is invalid."),
        ({"Value": 1.0, "MetricName": None}, "MissingParameter", f"The parameter {PATH}.MetricName is required."),
        ({"Value": 1.0, "MetricName": ""}, "InvalidParameterValue", f"The value  for parameter {PATH}.MetricName is invalid."),
        ({"Value": 1.0, "MetricName": 7}, "InvalidParameterValue", f"The value 7 for parameter {PATH}.MetricName is invalid."),
        ({"Value": 1.0, "MetricName": "x" * 256}, "InvalidParameterValue", f"The value {'x' * 60}… for parameter {PATH}.MetricName is invalid."),
        ({"Value": 1.0, "Dimensions": "a=b"}, "InvalidParameterValue", f"The value a=b for parameter {PATH}.Dimensions is invalid."),
        ({"Value": 1.0, "Dimensions": ["a"]}, "InvalidParameterValue", f"The value of type list for parameter {PATH}.Dimensions is invalid."),
        (
            {"Value": 1.0, "Dimensions": [{"Name": f"n{n}", "Value": "v"} for n in range(31)]},
            "InvalidParameterValue",
            f"The value 31 for parameter {PATH}.Dimensions is invalid.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
            "InvalidParameterValue",
            f"The value a for parameter {PATH}.Dimensions.member.2.Name is invalid.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": ":a", "Value": " "}, {"Value": "é"}, {"Name": "n" * 256, "Value": "v" * 1025}]},
            "InvalidParameterValue",
            (f"The value   for parameter {PATH}.Dimensions.member.1.Value is invalid.\n"
            f"The parameter {PATH}.Dimensions.member.2.Name is required.\n"
            f"The value é for parameter {PATH}.Dimensions.member.2.Value is invalid.\n"
            f"The value {'n' * 60}… for parameter {PATH}.Dimensions.member.3.Name is invalid.\n"
            f"The value {'v' * 60}… for parameter {PATH}.Dimensions.member.3.Value is invalid."),
        ),
    ],
)  # fmt: skip
def test_faults_are_told_in_awss_words(fields: dict[str, Any], code: str, message: str) -> None:
    error = refused({"MetricName": "m", **fields})
    lines = [line for line in error.message.split("\n") if ".Dimensions.member.1.Name" not in line]
    assert (error.aws_code, "\n".join(lines)) == (code, message)


def test_the_name_of_a_dimension_does_not_start_with_a_colon() -> None:
    error = refused(member(Dimensions=[{"Name": ":a", "Value": "v"}]))
    assert error.message == f"The value :a for parameter {PATH}.Dimensions.member.1.Name is invalid."


@pytest.mark.parametrize("namespace", ["N", ".-_/#: a9", "x" * 255, "AWS"])
def test_namespaces(namespace: str) -> None:
    assert read(member(), namespace=namespace)[0].key.namespace == namespace


@pytest.mark.parametrize("namespace", ["", " ", ":a", "x" * 256, "a,b", "é", "AWS/EC2", 5])
def test_namespaces_that_are_refused(namespace: object) -> None:
    assert refused(member(), namespace=namespace).message.endswith(" for parameter Namespace is invalid.")


def test_an_empty_request_is_refused() -> None:
    assert refused().message == "The parameter MetricData is required."
    assert refused(namespace=None).message == "The parameter Namespace is required."


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"MetricData": [member()] * 1001}, "The value 1001 for parameter MetricData is invalid."),
        (
            {"MetricData": [member()] * 999, "EntityMetricData": [{"MetricData": [member()] * 2}]},
            "The value 1001 for parameter MetricData is invalid.",
        ),
        ({"EntityMetricData": [{}] * 3}, "The value 3 for parameter EntityMetricData is invalid."),
        (
            {"EntityMetricData": [{}, {"MetricData": [{"MetricName": "m", "Value": math.nan}]}]},
            "The value NaN for parameter EntityMetricData.member.2.MetricData.member.1.Value is invalid.",
        ),
    ],
)
def test_limits_of_a_request(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(DatumError) as caught:
        read_metric_data({"Namespace": "N", **parameters}, now=NOW)
    assert caught.value.message == message


def test_several_faulty_data_give_several_sentences() -> None:
    error = refused(member(Value=math.nan), member(), member(Unit="x", Values=[1.0]))
    assert error.message.split("\n") == [
        "The value NaN for parameter MetricData.member.1.Value is invalid.",
        "The value x for parameter MetricData.member.3.Unit is invalid.",
        (
            "The parameters MetricData.member.3.Value and MetricData.member.3.Values are mutually exclusive"
            " and you have specified both."
        ),
    ]
    assert error.aws_code == "InvalidParameterValue"
    assert error.hint.startswith("a number from -2^360 to 2^360; the values that CloudWatch knows: Seconds, ")


def test_an_error_stays_readable() -> None:
    error = refused(*[member(Value="x" * 10_000, Unit="\ud800")] * 600)
    lines = error.message.split("\n")
    assert (len(lines), lines[-1]) == (101, "… and 1100 more.")
    assert len(error.message.encode()) < 20_000


def test_a_foreign_value_cannot_look_like_another_sentence() -> None:
    error = refused(member(Unit="x\nThe value \x1b[31m\ud800"))
    assert error.message == (
        "The value x\ufffdThe value \ufffd[31m\ufffd for parameter MetricData.member.1.Unit is invalid."
    )


def test_errors_cross_process_boundaries() -> None:
    error = refused(member(Value=math.nan))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.aws_code, copy.hint) == (error.message, error.aws_code, error.hint)
