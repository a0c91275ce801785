"""The alarms of a chain: what is refused, with its place, and what is left out by name (IF-3, IF-4, AL-5.9)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alarms import TOPIC, parameters
from chain import NAMESPACE, alarm, alarm_set, composite, feed

from tocsin.app.alarm_set import DEFAULT_SCOPE, AlarmSet, build_alarm_set, find_zone, require_alarms, require_usable
from tocsin.app.rulepack import ChainRule, load_chain
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.errors import InputError, RuleFileError

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.core.rule import Rule

RULE_FILE = """\
id: {name}
title: A rule
severity: high
why: it matters
filter:
  filterName: {name}
  filterPattern: '{{ $.eventName = StopLogging }}'
  metricTransformations:
    - metricName: Events
      metricNamespace: Tocsin/Test
      metricValue: "1"
{section}:
  {lines}
"""


def from_file(tmp_path: Path, lines: str, *, section: str = "alarm", name: str = "a") -> AlarmSet:
    """The alarms of a rule file, `lines` being its alarm."""
    path = tmp_path / f"{name}.yaml"
    text = RULE_FILE.format(name=name, section=section, lines=lines.strip().replace("\n", "\n  "))
    path.write_text(text, encoding="utf-8")
    chain = load_chain(str(path))
    return build_alarm_set(chain.entries, chain.mute_rules)


def listed(*rules: Rule, fed_only: bool = True) -> AlarmSet:
    """The alarms of a listing of an account."""
    return build_alarm_set([ChainRule(rule=rule, in_listing=rule.filter is None) for rule in rules], fed_only=fed_only)


def names(made: AlarmSet) -> list[str]:
    return [entry.alarm.alarm_name for entry in (*made.metric_alarms, *made.composites)]


GOOD = """
Statistic: Sum
Period: 300
EvaluationPeriods: 1
Threshold: 1
ComparisonOperator: GreaterThanOrEqualToThreshold
"""


def test_rule_fills_in_what_its_alarm_leaves_out(tmp_path: Path) -> None:
    made = from_file(tmp_path, GOOD)
    (entry,) = made.metric_alarms
    assert (entry.alarm.alarm_name, entry.alarm.key.namespace, entry.alarm.key.metric_name) == (  # type: ignore[union-attr]  # None would fail here
        "a",
        NAMESPACE,
        "Events",
    )
    assert (entry.rule.title, entry.zone, made.findings, made.notes) == ("A rule", None, (), ())
    assert made.names == {"a"}


def test_topic_of_the_settings_stands_in_for_missing_actions() -> None:
    rules = [feed(), alarm("a"), alarm("b", AlarmActions=[]), composite("c", "ALARM(a)")]
    made = alarm_set(rules, topic=TOPIC)
    assert [entry.alarm.alarm_actions for entry in (*made.metric_alarms, *made.composites)] == [(TOPIC,), (), (TOPIC,)]


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        (GOOD.replace("EvaluationPeriods: 1", "EvaluationPeriods: 500"), (15, 3), "more than a day"),
        (GOOD.replace("Period: 300", "Period: 45"), (14, 11), "Period must be 10, 20, 30 or a multiple of 60"),
        (GOOD + "DatapointsToAlarm: 2", (18, 22), "less than or equal to EvaluationPeriods"),
        (GOOD + "AlarmActions: [not-an-arn]", (18, 18), "Invalid arn syntax: not-an-arn"),
        (
            GOOD + "EvaluationWindow: {WallClockWindow: {Timezone: Nowhere/City}}",
            (18, 50),
            "The value Nowhere/City for parameter Timezone is invalid.",
        ),
        (GOOD + "MetricName: Evnts", (18, 15), "no filter here feeds the metric Tocsin/Test/Evnts"),
        (GOOD.replace("Threshold: 1\n", ""), (13, 3), "hreshold"),
    ],
)
def test_alarm_that_cannot_be_evaluated_is_refused_with_its_place(
    tmp_path: Path, lines: str, place: tuple[int, int], words: str
) -> None:
    (finding,) = from_file(tmp_path, lines).findings
    assert words in finding.message
    assert finding.path.endswith("a.yaml")
    assert finding.line in {place[0], 14}  # N x Period names one of the two
    assert (finding.severity.value, finding.rule) == ("error", "a")


def test_unknown_metric_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    (finding,) = from_file(tmp_path, GOOD + "MetricName: Evnts").findings
    assert (finding.name, finding.spec, finding.line, finding.column) == ("unknown-metric", "IF-3", 18, 15)
    assert "Tocsin/Test/Events" in finding.hint


def test_many_unknown_metrics_are_all_refused_and_the_first_get_a_suggestion() -> None:
    rules = [feed(), *(alarm(f"a{number}", MetricName="Evnts") for number in range(25))]
    made = build_alarm_set([ChainRule(rule=rule, in_listing=False) for rule in rules])
    hints = [finding.hint for finding in made.findings]
    assert len(hints) == 25
    assert [hint.startswith("did you mean") for hint in hints] == [True] * 20 + [False] * 5


@pytest.mark.parametrize(
    ("filters", "dimensions", "message", "hint"),
    [
        (
            [feed(dimensions={"R": "$.awsRegion"})],
            [{"Name": "X", "Value": "1"}],
            "no filter here feeds Tocsin/Test/Events with the dimensions X",
            "the metric is published with R or without dimensions",
        ),
        (
            [feed()],
            [{"Name": "X", "Value": "1"}],
            "no filter here feeds Tocsin/Test/Events with the dimensions X",
            "the metric is published without dimensions",
        ),
        ([], None, "no filter here feeds the metric Tocsin/Test/Events", "name the filter's source with -r as well"),
    ],
)
def test_metric_that_no_filter_feeds(
    filters: list[Rule], dimensions: list[dict[str, str]] | None, message: str, hint: str
) -> None:
    rules = [*filters, alarm("a", Dimensions=dimensions)]
    (finding,) = alarm_set(rules).findings
    assert (finding.message, finding.hint) == (message, hint)
    assert alarm_set(rules, fed_only=False).findings == ()
    left_out = listed(*rules)
    assert (left_out.findings, names(left_out)) == ((), [])
    assert left_out.notes == ("left out, since no filter here feeds their metric: a",)


def test_metric_with_dimensions_is_fed_with_all_of_them_or_none() -> None:
    rule = feed(dimensions={"R": "$.awsRegion"})
    with_it = alarm("a", Dimensions=[{"Name": "R", "Value": "anything"}])
    assert names(alarm_set([rule, with_it, alarm("b")])) == ["a", "b"]


def test_long_lists_of_what_is_left_out_are_cut() -> None:
    made = listed(*(alarm(f"a{n}") for n in range(7)))
    assert made.notes == ("left out, since no filter here feeds their metric: a0, a1, a2, a3, a4 and 2 more",)


def test_two_alarms_of_one_name_are_refused() -> None:
    made = alarm_set([feed(), alarm("a"), alarm("b", AlarmName="a"), composite("a", "ALARM(a)")])
    assert [(one.name, one.message) for one in made.findings] == [
        ("duplicate-rule", "another alarm is called 'a' (a)"),
        ("duplicate-rule", "another alarm is called 'a' (a)"),
    ]
    assert names(made) == ["a"]


# ---------------------------------------------------------------- composites


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("ALARM(nobody)", {}, "alarm:nobody] in the alarm rule do not exist"),
        ("ALARM(c)", {}, "cannot have a child relation with itself via its AlarmRule"),
        ("true", {}, "Unsupported token 'true' at char 0"),
        ("AT_LEAST(3, ALARM, (a, a))", {}, "must be between 1 and number of alarms (2)"),
        (
            "ALARM(a)",
            {"ActionsSuppressor": "nobody", "ActionsSuppressorWaitPeriod": 1, "ActionsSuppressorExtensionPeriod": 1},
            "nobody] does not exist",
        ),
        ("ALARM(a)", {"ActionsSuppressor": "a"}, "ActionsSuppressorWaitPeriod is required"),
        ("ALARM(arn:aws:cloudwatch:us-east-1:444455556666:alarm:a)", {}, "alarms from another AWS account"),
        ("ALARM(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a)", {}, "Wrong ARN region"),
    ],
)
def test_composite_that_cannot_be_evaluated_is_refused(text: str, more: dict[str, Any], words: str) -> None:
    made = alarm_set([feed(), alarm("a"), composite("c", text, **more)])
    (finding,) = made.findings
    assert words in finding.message
    assert (finding.name, finding.rule, names(made)) == ("invalid-alarm", "c", ["a"])


def test_fault_in_an_alarm_rule_is_placed_at_its_character(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "id: c\ntitle: C\nseverity: low\nwhy: w\ncomposite:\n  AlarmRule: TRUE and FALSE\n", encoding="utf-8"
    )
    chain = load_chain(str(path))
    (finding,) = build_alarm_set(chain.entries).findings
    assert (finding.line, finding.column) == (6, 14 + len("TRUE "))


def test_composite_on_a_composite_needs_it() -> None:
    rules = [feed(), alarm("a"), composite("top", "ALARM(middle)"), composite("middle", "ALARM(gone)")]
    made = alarm_set([*rules, composite("fine", "ALARM(a)")])
    assert [one.rule for one in made.findings] == ["middle", "top"]
    assert names(made) == ["a", "fine"]
    assert names(alarm_set([*rules[:3], composite("middle", "ALARM(a)")])) == ["a", "top", "middle"]


def test_composites_of_an_account_without_their_children_are_left_out_by_name() -> None:
    made = listed(
        feed(), alarm("a"), alarm("cpu", MetricName="CPU"), composite("c", "ALARM(cpu)"), composite("d", "OK(c)")
    )
    assert (made.findings, names(made)) == ((), ["a"])
    assert made.notes == (
        "left out, since no filter here feeds their metric: cpu",
        "left out, since their children are not here: c, d",
    )


def test_cycle_of_composites_is_accepted() -> None:
    made = alarm_set([composite("a", "ALARM(b)"), composite("b", "ALARM(a)")])
    assert (made.findings, names(made)) == ((), ["a", "b"])


# ---------------------------------------------------------------- account and region


@pytest.mark.parametrize(
    ("actions", "scope"),
    [
        ([], DEFAULT_SCOPE),
        ([TOPIC], AlarmScope("111122223333", "us-east-1")),
        (["arn:aws-cn:sns:cn-north-1:111122223333:t"], AlarmScope("111122223333", "cn-north-1", "aws-cn")),
        (["arn:aws:automate:us-east-1:ec2:stop", TOPIC], AlarmScope("111122223333", "us-east-1")),
        (["arn:aws:s3:::bucket"], DEFAULT_SCOPE),
    ],
)
def test_alarms_stand_where_their_topics_stand(actions: list[str], scope: AlarmScope) -> None:
    assert alarm_set([feed(), alarm("a", OKActions=actions)]).scope == scope


# ---------------------------------------------------------------- mute rules


def muting(**changes: Any) -> dict[str, Any]:
    schedule = {"Expression": "cron(0 2 * * *)", "Duration": "PT1H", **changes}
    return {"Name": "m", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a"]}}


def test_mute_rule_gets_its_time_zone() -> None:
    plain, berlin = alarm_set([feed(), alarm("a")], [muting(), muting(Timezone="Europe/Berlin")]).mute_rules
    assert (str(plain.zone), str(berlin.zone), berlin.rule.name) == ("UTC", "Europe/Berlin", "m")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Timezone": "Nowhere/City"}, "there is no time zone Nowhere/City"),
        ({"Expression": "cron(0 2 30 2 *)"}, "30"),
        ({"Expression": "cron(61 * * * *)"}, "61"),
        ({"Expression": "at(2026-02-30T00:00)"}, "2026-02-30"),
        ({"Duration": "P1M"}, "P1M"),
    ],
)
def test_mute_rule_that_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    made = alarm_set([feed(), alarm("a")], [muting(**changes)])
    (finding,) = made.findings
    assert words in finding.message
    assert (finding.name, finding.path, made.mute_rules) == ("invalid-mute-rule", "m", ())


def test_mute_rule_of_a_listing_reaches_its_alarm(tmp_path: Path) -> None:
    path = tmp_path / "mute.json"
    path.write_text(json.dumps(muting()), encoding="utf-8")
    chain = load_chain(str(path))
    assert [entry.rule.alarm_names for entry in build_alarm_set(chain.entries, chain.mute_rules).mute_rules] == [("a",)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("UTC", True),
        ("Europe/Berlin", True),
        ("+05:30", True),
        ("UTC+05:30", True),
        ("Nowhere/City", False),
        ("", False),
        ("../../etc/passwd", False),
        ("/etc/passwd", False),
        ("Europe", False),
        ("a\0b", False),
        ("x" * 5000, False),
    ],
)
def test_time_zones_are_found_by_name_or_offset(name: str, found: bool) -> None:
    assert (find_zone(name) is not None) is found


# ---------------------------------------------------------------- what a command asks for


def test_command_gets_every_finding_or_the_alarms() -> None:
    good = alarm_set([feed(), alarm("a")])
    assert require_alarms(good, ()) is good
    bad = alarm_set([feed(), alarm("a", Period=7), alarm("b", Period=7)])
    with pytest.raises(RuleFileError, match=r"error invalid-alarm: .*\(and 1 more\)") as caught:
        require_usable(bad)
    assert len(caught.value.findings) == 2
    with pytest.raises(
        RuleFileError, match=r"error invalid-alarm: Period must be 10, 20, 30 or a multiple of 60(\n|$)"
    ):
        require_usable(alarm_set([feed(), alarm("a", Period=7)]))


@pytest.mark.parametrize(
    ("made", "sources", "message"),
    [
        (alarm_set([feed()]), ("a.yaml", "b"), r"a.yaml, b: there is no alarm to evaluate\n"),
        (alarm_set([feed()]), (), "the packs: there is no alarm to evaluate\n"),
        (listed(alarm("cpu")), ("x",), r"evaluate \(left out, since no filter here feeds their metric: cpu\)\n"),
    ],
)
def test_command_without_an_alarm_is_refused(made: AlarmSet, sources: tuple[str, ...], message: str) -> None:
    assert require_usable(made) is made
    with pytest.raises(InputError, match=message):
        require_alarms(made, sources)


def test_parameters_that_a_program_gives_are_checked_like_those_of_a_file() -> None:
    made = alarm_set([feed(), alarm("a", **{**parameters(Statistic="Mean"), "AlarmName": "a"})])
    assert [one.name for one in made.findings] == ["invalid-alarm"]
