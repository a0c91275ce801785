"""Which rules are on, told by what filters and alarms do (CON-4.10, IF-7)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.rule_survey import RuleStanding, RuleSurvey, Switch, params_in
from tocsin.app.rulefile import read_rules
from tocsin.core.pattern_fit import Fit
from tocsin.core.rule import Rule
from tocsin.errors import NotFoundError

TEXT = """
id: key-deletion
title: Key deletion
filter:
  filterPattern: '{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }'
  metricTransformations: [{metricName: Keys, metricNamespace: CloudTrailMetrics, metricValue: '1'}]
alarm:
  Statistic: Sum
  Period: 300
  EvaluationPeriods: 1
  Threshold: 1
  ComparisonOperator: GreaterThanOrEqualToThreshold
  TreatMissingData: notBreaching
"""
PATTERN = "{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }"
MEANING = "{ ($.eventName = ScheduleKeyDeletion) || ($.eventName = DisableKey) }"
NARROWER = "{ $.eventName = DisableKey }"
WIDER = "{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion || $.eventName = EnableKey }"


def rule(text: str = TEXT) -> Rule:
    (entry,) = read_rules(text, path="r.yaml", clauses={}).entries
    assert entry.usable
    return entry.rule


@pytest.fixture
def bench() -> RuleBench:
    bench = RuleBench()
    bench.topic()
    return bench


def standing(bench: RuleBench, of: Rule | None = None) -> RuleStanding:
    with bench.store.read() as store:
        return RuleSurvey(bench.service, store, HERE).standing(of or rule())


def test_a_rule_without_a_filter_is_off(bench: RuleBench) -> None:
    bench.filter("other", "{ $.eventName = StopLogging }")
    found = standing(bench)
    assert found.filters == ()
    assert found.switch is Switch.OFF


def test_a_filter_alone_is_half(bench: RuleBench) -> None:
    bench.filter("keys", PATTERN)
    assert standing(bench).switch is Switch.COUNTING


def test_a_filter_and_an_alarm_are_on_whatever_they_are_called(bench: RuleBench) -> None:
    bench.filter("keys", MEANING, metric="K")
    bench.alarm("my keys", "K")
    found = standing(bench)
    assert found.switch is Switch.ON
    (one,) = found.filters
    assert (one.group, one.name, one.metric, one.fit.fit) == ("trail-group", "keys", "CloudTrailMetrics/K", Fit.MEANING)
    (watcher,) = one.watchers
    assert watcher.name == "my keys"
    assert watcher.condition == "Sum of K is at least 1 in 5 minutes"
    assert watcher.reach.why_not == "it has no action for ALARM"


def test_a_wider_filter_does_not_switch_a_rule_on(bench: RuleBench) -> None:
    bench.filter("keys", WIDER, metric="K")
    bench.alarm("keys", "K")
    found = standing(bench)
    assert [one.fit.fit for one in found.filters] == [Fit.WIDER]
    assert found.switch is Switch.OFF


def test_a_narrower_filter_switches_a_rule_on_in_part(bench: RuleBench) -> None:
    bench.filter("keys", NARROWER, metric="K")
    assert standing(bench).switch is Switch.COUNTING
    bench.alarm("keys", "K")
    found = standing(bench)
    assert found.switch is Switch.PART
    assert [one.name for one in found.watchers] == ["keys"]


def test_the_best_filter_comes_first(bench: RuleBench) -> None:
    for name, pattern in (("a", WIDER), ("b", NARROWER), ("c", MEANING), ("d", PATTERN)):
        bench.filter(name, pattern)
    assert [one.name for one in standing(bench).filters] == ["d", "c", "b", "a"]
    bench.filter("e", PATTERN, metric="E")
    bench.alarm("e", "E")
    assert [one.name for one in standing(bench).filters][:2] == ["e", "d"]


def test_the_alarm_that_reaches_somebody_comes_first(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    bench.filter("keys", PATTERN, metric="K")
    bench.alarm("a", "K")
    bench.alarm("b", "K", actions=(bench.topic(),), Threshold=5.0)
    bench.alarm("c", "K", actions=(bench.topic(),))
    found = standing(bench)
    assert [one.name for one in found.filters[0].watchers] == ["c", "b", "a"]
    assert found.filters[0].watchers[1].shortfall == "it takes 5 records in 5 minutes"


def test_an_alarm_with_the_tag_of_the_rule_says_so(bench: RuleBench) -> None:
    bench.filter("keys", PATTERN, metric="K")
    bench.alarm("keys", "K", Tags=[{"Key": "tocsin:rule", "Value": "key-deletion"}])
    assert standing(bench).filters[0].watchers[0].rule == "key-deletion"


@pytest.mark.parametrize(
    ("more", "blind"),
    [
        ({"dimensions": {"who": "$.userIdentity.arn"}}, "with dimensions"),
        ({"value": "$.requestParameters.days"}, "a field of the record"),
    ],
)
def test_a_filter_that_no_alarm_sees_all_of_is_watched_by_none(bench: RuleBench, more: dict, blind: str) -> None:
    bench.filter("keys", PATTERN, metric="K", **more)
    bench.alarm("keys", "K")
    (found,) = standing(bench).filters
    assert found.watchers == ()
    assert blind in found.blind


def test_a_filter_that_sees_a_part_of_the_accounts_counts_for_no_rule(bench: RuleBench) -> None:
    from tocsin.app.metric_filter import put_metric_filter
    from tocsin.app.rulereader import build_filter

    values = {
        "filterPattern": PATTERN,
        "metricTransformations": [{"metricName": "K", "metricNamespace": "N", "metricValue": "1"}],
        "fieldSelectionCriteria": '@aws.account = "111122223333"',
    }
    made = build_filter(values, name="keys")
    assert made is not None
    put_metric_filter(bench.service, HERE, "trail-group", made)
    assert standing(bench).filters == ()


def test_filters_of_a_group_are_counted(bench: RuleBench) -> None:
    bench.filter("a", PATTERN)
    bench.filter("b", PATTERN)
    with bench.store.read() as store:
        survey = RuleSurvey(bench.service, store, HERE)
    assert survey.filters_in("trail-group") == 2
    assert survey.filters_in("other") == 0


def test_a_composite_rule_is_on_when_its_alarm_is_there(bench: RuleBench) -> None:
    composite = rule("id: any\ntitle: Any\ncomposite: {AlarmRule: ALARM(keys)}\n")
    assert standing(bench, composite).switch is Switch.OFF
    bench.alarm("keys", "K")
    bench.composite("any", "ALARM(keys)")
    found = standing(bench, composite)
    assert found.switch is Switch.ON
    assert found.composite is not None
    assert found.composite.condition == "ALARM(keys)"
    assert found.watchers == (found.composite,)


def test_a_rule_without_alarm_is_on_when_it_counts_nothing_else(bench: RuleBench) -> None:
    counting = rule(TEXT.partition("alarm:")[0])
    bench.filter("keys", PATTERN)
    assert standing(bench, counting).switch is Switch.OFF


@pytest.mark.parametrize(
    ("pattern", "filled", "values"),
    [
        ("{ $.a = <X> }", "{ $.a = 1 }", {"X": "1"}),
        ("{ $.a = <X> && $.b = <Y> }", "{ $.a = 1 && $.b = 2 }", {"X": "1", "Y": "2"}),
        ("{ $.a = <X> && $.b = <X> }", "{ $.a = 1 && $.b = 1 }", {"X": "1"}),
        ("{ $.a = <X> && $.b = <X> }", "{ $.a = 1 && $.b = 2 }", None),
        ("{ $.a = <X> }", "{ $.b = 1 }", None),
        ("{ $.a = <X> }", "{ $.a = 1 } ", None),
        ("{ $.a = <X> }", "{ $.a =  }", None),
        ("{ $.a = <X> }", "{ $.a = 1", None),
        ("<X>", "anything", {"X": "anything"}),
    ],
)
def test_the_values_of_parameters_are_read_back(pattern: str, filled: str, values: dict[str, str] | None) -> None:
    assert params_in(pattern, filled) == values


def test_a_rule_with_parameters_is_on_with_whatever_value(bench: RuleBench) -> None:
    text = TEXT.replace("$.eventName = DisableKey ||", "$.userIdentity.arn = <WHO> ||") + "params: {WHO: x}\n"
    bench.filter("keys", PATTERN.replace("$.eventName = DisableKey ||", "$.userIdentity.arn = alice ||"), metric="K")
    bench.alarm("keys", "K")
    found = standing(bench, rule(text))
    assert found.switch is Switch.ON
    assert found.filters[0].fit.fit is Fit.TEXT


# ---------------------------------------------------------------- the catalogue


def test_shipped_rules_are_found_by_name_and_pack() -> None:
    shipped = RuleBench().service.part(RuleCatalogue).on(date(2026, 11, 23))
    assert {"article", "cis"} <= {pack.name for pack in shipped.packs}
    assert shipped.entry("cis/root-user-used").rule.title == "Root user used"
    assert len(shipped.pack("cis").rules) == 15
    assert len(shipped.rules) == sum(len(pack.rules) for pack in shipped.packs)
    with pytest.raises(NotFoundError):
        shipped.entry("cis/nothing")
    with pytest.raises(NotFoundError):
        shipped.pack("nothing")


def test_packs_are_read_anew_for_another_day(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    text = TEXT + "except: [{name: x, when: '{ $.a = 1 }', reason: r, author: a, expires: 2026-12-01}]\n"
    (folder / "key-deletion.yaml").write_text(text, encoding="utf-8")
    catalogue = RuleCatalogue(RuleBench().service, packs_dir=tmp_path)
    before = catalogue.on(date(2026, 11, 30)).entry("own/key-deletion").rule
    assert "$.a" in before.effective_pattern
    after = catalogue.on(date(2026, 12, 1)).entry("own/key-deletion").rule
    assert after.effective_pattern == PATTERN
