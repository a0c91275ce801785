"""Laws of a comparison: swapping the versions swaps what is gained and lost; exclusions silence what they say (IF-4)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from synthetic import Archive, log_file, record

from tocsin.app.alarm_data import AlarmDataPlan
from tocsin.app.alarm_set import build_alarm_set
from tocsin.app.backtest import BacktestPlan
from tocsin.app.comparison import ComparisonPlan, compare_versions
from tocsin.app.comparison_data import ComparisonReader, ComparisonTotal
from tocsin.app.comparison_report import AlarmDifference, ComparisonReport, RuleDifference
from tocsin.app.rulepack import ChainRule
from tocsin.core.exclusion import compile_exclusions
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Exclusion, Rule

NAMES = ("alice", "bob", "ci")
ADDRESSES = ("192.0.2.1", "198.51.100.1")
WHENS = (
    '{ $.userIdentity.userName = "ci" }',
    '{ $.sourceIPAddress = "198.51.100.1" }',
    '{ ($.userIdentity.userName = "bob") && ($.sourceIPAddress = "192.0.2.1") }',
    "{ $.errorCode = AccessDenied }",
)
PATTERNS = ("{ $.eventName = StopLogging }", '{ $.eventName = "*Logging" }', "{ $.errorCode NOT EXISTS }")


def a_rule(pattern: str, chosen: tuple[int, ...], threshold: int) -> Rule:
    exclusions = tuple(Exclusion(name=f"e{index}", when=WHENS[index]) for index in chosen)
    value = MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1")
    return Rule(
        id="r",
        name="r",
        filter=MetricFilter(filter_name="r", filter_pattern=pattern, metric_transformations=(value,)),
        exclusions=exclusions,
        effective_pattern=compile_exclusions(pattern, exclusions, at=None).pattern,
        alarm={
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        },
    )


RULES = st.builds(
    a_rule,
    st.sampled_from(PATTERNS),
    st.sets(st.integers(0, len(WHENS) - 1)).map(sorted).map(tuple),
    st.integers(1, 2),
)


def a_record(name: str | None, address: str, event: str, minute: int, error: str | None) -> dict[str, Any]:
    user = {"type": "IAMUser"} if name is None else {"type": "IAMUser", "userName": name}
    more = {} if error is None else {"errorCode": error}
    at = f"2026-03-01T10:{minute:02}:00Z"
    return record(event, at, userIdentity=user, sourceIPAddress=address, **more)


RECORDS = st.builds(
    a_record,
    st.sampled_from([*NAMES, None]),
    st.sampled_from(ADDRESSES),
    st.sampled_from(["StopLogging", "StartLogging"]),
    st.integers(0, 30),
    st.sampled_from([None, "AccessDenied", "Throttling"]),
)


def compare(records: list[dict[str, Any]], old: Rule, new: Rule, *, parts: int = 1) -> ComparisonReport:
    numbered = [{**one, "eventID": f"id-{number:03}"} for number, one in enumerate(records)]
    archive = Archive({f"{part}": log_file(*numbered[part::parts]) for part in range(parts)})
    versions = [
        BacktestPlan(data=AlarmDataPlan(rules=(rule,)), alarms=build_alarm_set([ChainRule(rule=rule)]))
        for rule in (old, new)
    ]
    plan = ComparisonPlan(old=versions[0], new=versions[1])
    reading = plan.data_plan()
    total = ComparisonTotal(reading)
    for place in reversed(archive.places()):
        total.add(ComparisonReader(reading, open_file=archive.open).read([place]))
    return compare_versions(plan, reading, total.total, version="0", elapsed=lambda: 0.0)


def swapped_rule(found: RuleDifference) -> tuple[object, ...]:
    return found.changed, found.both, found.gained, found.lost, found.new, found.old


def swapped_alarm(found: AlarmDifference) -> tuple[object, ...]:
    return found.gained, found.lost, found.new, found.old


@given(st.lists(RECORDS, max_size=12), RULES, RULES)
def test_swapping_the_versions_swaps_what_is_gained_and_what_is_lost(
    records: list[dict[str, Any]], old: Rule, new: Rule
) -> None:
    there, back = compare(records, old, new), compare(records, new, old)
    assert [swapped_rule(found) for found in there.rules] == [
        (found.changed, found.both, found.lost, found.gained, found.old, found.new) for found in back.rules
    ]
    assert [swapped_alarm(found) for found in there.alarms] == [
        (found.lost, found.gained, found.old, found.new) for found in back.alarms
    ]
    assert (there.rules_unchanged, there.alarms_unchanged) == (back.rules_unchanged, back.alarms_unchanged)


@given(st.lists(RECORDS, max_size=12), RULES, RULES, st.integers(2, 3))
def test_every_record_is_where_the_patterns_put_it(
    records: list[dict[str, Any]], old: Rule, new: Rule, parts: int
) -> None:
    """Against each pattern asked by itself, record by record; however the files are shared out."""
    report = compare(records, old, new, parts=parts)
    for found in report.rules:
        texts = {f"id-{number:03}": log_file(one)[12:-2] for number, one in enumerate(records)}
        in_old, in_new = (
            {name for name, text in texts.items() if FilterPattern.parse(rule.effective_pattern).matches(text)}
            for rule in (old, new)
        )
        assert found.both == len(in_old & in_new)
        assert {one.id for one in found.lost.records} == in_old - in_new
        assert {one.id for one in found.gained.records} == in_new - in_old
        assert found.new is not None
        assert new.filter is not None
        plain = FilterPattern.parse(new.filter.filter_pattern)
        for exclusion, result in zip(new.exclusions, found.new.exclusions, strict=True):
            when = FilterPattern.parse(exclusion.when or "")
            silenced = {name for name, text in texts.items() if plain.matches(text) and when.matches(text)}
            assert {one.id for one in result.records} == silenced
            assert (result.silences, result.others) == (len(silenced), len(silenced & in_old))
