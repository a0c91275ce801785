"""What `import tocsin` offers, and what it does not load (IF-5, AR-12)."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from synthetic import log_file, record

import tocsin
from tocsin.core.metric_filter import MetricFilter, MetricTransformation

OFFERED = {
    "AlarmError",
    "AlarmRule",
    "AlarmRuleError",
    "BacktestReport",
    "Evaluation",
    "FilterPattern",
    "FilterPolicy",
    "FilterPolicyError",
    "MetricAlarm",
    "PatternError",
    "Rule",
    "RuleFileError",
    "ScanReport",
    "TocsinError",
    "backtest",
    "evaluate",
    "load_rules",
    "scan",
    "verify_message",
}

# Loaded by nobody who only asks whether a pattern matches: servers, AWS's libraries, the command line.
HEAVY = {"anyio", "boto3", "botocore", "cryptography", "obstore", "rich", "sqlite3", "starlette", "uvicorn", "yaml"}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_names_what_is_offered() -> None:
    assert set(tocsin.__all__) >= OFFERED
    assert list(tocsin.__all__) == sorted(tocsin.__all__)


def test_nothing_public_is_left_out_of_all() -> None:
    assert set(dir(tocsin)) == set(tocsin.__all__)


@pytest.mark.parametrize("name", sorted(set(tocsin.__all__)))
def test_every_name_is_there_and_documented(name: str) -> None:
    member = getattr(tocsin, name)
    if inspect.isclass(member) or callable(member):
        assert inspect.getdoc(member)


def test_import_loads_neither_server_nor_aws_libraries() -> None:
    assert not loaded_by("import tocsin") & HEAVY


def test_a_pattern_can_be_asked_without_them() -> None:
    statement = "import tocsin; tocsin.FilterPattern.parse('{ $.eventName = A }').matches('{}')"
    assert not loaded_by(statement) & HEAVY


ALARM = {
    "AlarmName": "failures",
    "Namespace": "CloudTrailMetrics",
    "MetricName": "ConsoleSigninFailureCount",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 3,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


def test_an_alarm_can_be_asked_without_them() -> None:
    statement = (
        f"import tocsin; from datetime import datetime, UTC; alarm = tocsin.MetricAlarm.from_aws({ALARM!r});"
        "tocsin.evaluate(alarm, 'OK', [], at=datetime(2026, 3, 1, tzinfo=UTC)); tocsin.AlarmRule.parse('ALARM(a)')"
    )
    assert not loaded_by(statement) & HEAVY


def test_an_alarm_is_evaluated_as_the_interface_says() -> None:
    """IF-5: points in any order, a number or a list of samples; what lies outside the range is ignored."""
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    alarm = tocsin.MetricAlarm.from_aws(ALARM)
    points = [(at - timedelta(seconds=60), [1.0, 1.0]), (at - timedelta(seconds=240), 1), (at - timedelta(days=1), 99)]
    found = tocsin.evaluate(alarm, "OK", points, at=at)
    assert isinstance(found, tocsin.Evaluation)
    assert (found.old, found.new, found.at) == ("OK", "ALARM", at)
    assert found.points == ((at - timedelta(seconds=300), 3.0),)
    assert found.reason.startswith("Threshold Crossed: 1 datapoint [3.0 (01/03/26 11:55:00)]")
    assert json.loads(found.reason_data)["recentDatapoints"] == [3.0]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: tocsin.MetricAlarm.from_aws({**ALARM, "Period": 7}), "AlarmError"),
        (lambda: tocsin.AlarmRule.parse("ALARM(a AND"), "AlarmRuleError"),
    ],
)
def test_what_is_refused_is_the_callers_fault(call: Callable[[], object], error: str) -> None:
    with pytest.raises(getattr(tocsin, error)) as refused:
        call()
    assert isinstance(refused.value, tocsin.InputError)


def rule(name: str = "stop", **more: Any) -> tocsin.Rule:
    value = MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1")
    pattern = "{ $.eventName = StopLogging }"
    alarm = {key: ALARM[key] for key in ("Statistic", "Period", "EvaluationPeriods", "ComparisonOperator")}
    return tocsin.Rule(
        id=name,
        name=name,
        filter=MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=(value,)),
        **{"alarm": {**alarm, "Threshold": 1, "TreatMissingData": "notBreaching"}, **more},
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    records = [
        record("StopLogging", "2026-03-01T10:00:30Z", eventID="a"),
        record("StopLogging", "2026-03-01T10:00:30Z", eventID="a"),
        record("StopLogging", "2026-03-02T10:00:30Z", awsRegion="eu-west-1"),
        record("StopLogging", "2026-03-03T10:00:30Z", recipientAccountId="444455556666"),
    ]
    (tmp_path / "log.json").write_bytes(log_file(*records))
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "rings"),
    [
        ({}, [("2026-03-01T10:01:00Z", 2), ("2026-03-02T10:01:00Z", 1), ("2026-03-03T10:01:00Z", 1)]),
        ({"unique": True}, [("2026-03-01T10:01:00Z", 1), ("2026-03-02T10:01:00Z", 1), ("2026-03-03T10:01:00Z", 1)]),
        ({"since": datetime(2026, 3, 3, tzinfo=UTC)}, [("2026-03-03T10:01:00Z", 1)]),
        ({"until": datetime(2026, 3, 2, tzinfo=UTC)}, [("2026-03-01T10:01:00Z", 2)]),
        ({"regions": ["eu-west-1"]}, [("2026-03-02T10:01:00Z", 1)]),
        ({"accounts": ["444455556666"]}, [("2026-03-03T10:01:00Z", 1)]),
    ],
)
def test_a_backtest_is_run_as_the_interface_says(
    archive: Path, asked: dict[str, Any], rings: list[tuple[str, int]]
) -> None:
    report = tocsin.backtest([archive], rules=[rule()], jobs=1, **asked)
    assert isinstance(report, tocsin.BacktestReport)
    (alarm,) = report.alarms
    found = [(line.at, line.datapoints[0][1]) for line in alarm.transitions if line.to == "ALARM"]
    assert found == rings


def test_a_backtest_of_one_path_takes_topic_range_and_clock(archive: Path) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:alarms"
    report = tocsin.backtest(archive, rules=[rule()], topic=topic, evaluation_range=7, as_delivered=True)
    (alarm,) = report.alarms
    assert alarm.evaluation_range == 8
    assert [line.actions for line in alarm.transitions if line.to == "ALARM"] == [[topic]] * 3
    assert report.clock == "delivery"


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ({"rules": []}, "InputError", "rules: there is no alarm to evaluate"),
        ({"rules": [rule(alarm=None)]}, "InputError", "stop: there is no alarm to evaluate"),
        ({"rules": ["no-such-pack"]}, "NotFoundError", "no-such-pack"),
        ({"rules": [rule(alarm={"Period": 7})]}, "RuleFileError", "invalid-alarm"),
        ({"rules": [rule()], "evaluation_range": 101}, "InputError", "evaluation_range: 101"),
        ({"rules": [rule()], "since": datetime(2026, 3, 1)}, "InputError", "has no time zone"),  # noqa: DTZ001  # the fault
    ],
)
def test_a_backtest_that_cannot_be_run_is_refused(archive: Path, asked: dict[str, Any], error: str, text: str) -> None:
    with pytest.raises(getattr(tocsin, error), match=text):
        tocsin.backtest([archive], **asked)


def test_a_path_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(tocsin.NotFoundError):
        tocsin.backtest(tmp_path / "nothing", rules=[rule()])


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        tocsin.no_such_name  # noqa: B018  # looking it up is what is tested
