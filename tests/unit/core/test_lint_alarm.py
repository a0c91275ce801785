"""What the lints say about alarms, the data that they see and the people who hear of them (FP-13, DET-10.3, AL-19)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import TOPIC, expression, math_parameters, parameters, stat

from tocsin.core.alarm import MetricAlarm
from tocsin.core.composite_alarm import CompositeAlarm
from tocsin.core.finding import Severity
from tocsin.core.lint import Observation
from tocsin.core.lint.alarm import RuleAlarm, lint_alarms
from tocsin.core.lint.alarm_tag import TAGS
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Rule, RuleSeverity
from tocsin.core.topic import PENDING, Subscription

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:f"
EC2 = "arn:aws:automate:us-east-1:ec2:stop"


def feeding(
    value: str = "1",
    *,
    name: str = "Events",
    default: float | None = None,
    dimensions: dict[str, str] | None = None,
    unit: str | None = None,
) -> MetricFilter:
    transformation = MetricTransformation(
        metric_name=name,
        metric_namespace="Tocsin/Test",
        metric_value=value,
        default_value=default,
        dimensions=dimensions,
        unit=unit,
    )
    return MetricFilter(filter_name="f", filter_pattern="{ $.eventName = A }", metric_transformations=(transformation,))


def metric(
    severity: RuleSeverity = RuleSeverity.MEDIUM, ignore: dict[str, str] | None = None, **changes: Any
) -> RuleAlarm:
    made = parameters(**{"TreatMissingData": "notBreaching", **changes})
    name = made["AlarmName"]
    rule = Rule(id=name, name=name, alarm=made, severity=severity, ignore=ignore or {})
    return RuleAlarm(rule=rule, alarm=MetricAlarm.from_aws(made))


def math(treat: str | None, *queries: dict[str, Any]) -> RuleAlarm:
    made = math_parameters(*queries, TreatMissingData=treat)
    return RuleAlarm(rule=Rule(id="a", name="a", alarm=made), alarm=MetricAlarm.from_aws(made))


def composite(name: str, rule: str, **changes: Any) -> RuleAlarm:
    made = {"AlarmName": name, "AlarmRule": rule, **changes}
    return RuleAlarm(rule=Rule(id=name, name=name, composite=made), alarm=CompositeAlarm.from_aws(made))


def told(*alarms: RuleAlarm, filters: tuple[MetricFilter, ...] = (), subscriptions: Any = None) -> list[Observation]:
    return [found for _, found in lint_alarms(alarms, filters, subscriptions)]


def spots(found: list[Observation]) -> list[tuple[str, Severity, Any]]:
    return [(one.name, one.severity, one.key) for one in found]


def test_a_sound_alarm_gives_nothing() -> None:
    assert told(metric(), filters=(feeding(),)) == []
    assert told(metric(TreatMissingData="missing")) == []  # nothing is known of its metric


def test_what_a_rule_ignores_is_not_said() -> None:
    alarm = metric(ignore={"alarm-missing": "it is meant"}, TreatMissingData="missing")
    assert told(alarm, filters=(feeding(),)) == []


# ---------------------------------------------------------------- missing data


@pytest.mark.parametrize(
    ("treat", "said"),
    [
        (None, "is missing (the default). One breaching period rings it for 15 minutes: so long"),
        ("missing", "is missing. One breaching period rings it for 15 minutes: so long"),
        ("ignore", "until a period has data that do not breach. Every match breaches, so that is for ever."),
        ("breaching", "it is in ALARM from its first evaluation on"),
    ],
)
def test_a_sparse_metric_needs_not_breaching(treat: str | None, said: str) -> None:
    # AL-7.c: R * P is 15 minutes.
    (found,) = told(metric(Period=300, TreatMissingData=treat), filters=(feeding(),))
    assert spots([found]) == [("alarm-missing", WARNING, ("alarm", "TreatMissingData"))]
    assert said in found.message


@pytest.mark.parametrize(
    ("value", "threshold"),
    [("1", 2), ("$.bytes", 1)],
)
def test_for_ever_is_said_only_where_every_match_breaches(value: str, threshold: int) -> None:
    (found,) = told(metric(TreatMissingData="ignore", Threshold=threshold), filters=(feeding(value),))
    assert "for ever" not in found.message


def test_an_alarm_on_absence_is_meant_to_breach() -> None:
    # LessThan with `breaching` rings when nothing matches: no finding.
    alarm = metric(TreatMissingData="breaching", ComparisonOperator="LessThanThreshold")
    assert told(alarm, filters=(feeding(),)) == []


@pytest.mark.parametrize("treat", ["missing", "ignore", "breaching"])
@pytest.mark.parametrize("name", ["OKActions", "InsufficientDataActions"])
def test_actions_on_gaps_are_noise(treat: str, name: str) -> None:
    found = told(metric(TreatMissingData=treat, **{name: [TOPIC]}), filters=(feeding(),))
    assert spots(found)[1:] == [("alarm-noise", WARNING, ("alarm", name))]
    assert told(metric(**{name: [TOPIC]}), filters=(feeding(),)) == []


def test_noise_says_which_actions_never_run() -> None:
    found = told(metric(TreatMissingData="ignore", InsufficientDataActions=[TOPIC]), filters=(feeding(),))
    assert "never run" in found[1].message


@pytest.mark.parametrize(
    ("treat", "said"), [("missing", "goes to INSUFFICIENT_DATA"), ("ignore", "stays as it is"), ("breaching", None)]
)
def test_a_default_value_is_blind_in_a_silent_log_group(treat: str, said: str | None) -> None:
    found = told(metric(TreatMissingData=treat), filters=(feeding(default=0.0),))
    if said is None:
        assert found == []
    else:
        assert spots(found) == [("default-blind", INFO, ("alarm", "TreatMissingData"))]
        assert said in found[0].message


def test_an_expression_over_a_sparse_metric() -> None:
    queries = (stat("m1"), stat("m2"), expression("e", "m1 / m2", returned=True))
    found = told(math("missing", *queries), filters=(feeding(name="m1"), feeding(name="m2", default=0.0)))
    assert spots(found) == [("no-default", INFO, ("alarm", "Metrics"))]
    assert "no filter of m1 has" in found[0].message
    assert told(math("notBreaching", *queries), filters=(feeding(name="m1"),)) == []
    assert told(math("missing", *queries), filters=(feeding(name="m1", default=0.0),)) == []


def test_a_list_of_one_metric_is_no_expression() -> None:
    found = told(math("missing", stat("m1", returned=True, name="Average")), filters=(feeding(name="m1"),))
    assert spots(found) == [
        ("statistic", WARNING, ("alarm", "Statistic")),
        ("alarm-missing", WARNING, ("alarm", "TreatMissingData")),
    ]


def test_many_sparse_metrics_are_counted() -> None:
    names = [f"m{n}" for n in range(5)]
    queries = (*map(stat, names), expression("e", " + ".join(names), returned=True))
    found = told(math(None, *queries), filters=tuple(feeding(name=name) for name in names))
    assert "no filter of m0, m1, m2 and 2 more has" in found[0].message


# ---------------------------------------------------------------- dimensions and units


@pytest.mark.parametrize(
    ("published", "asked", "severity", "said"),
    [
        ({"R": "$.awsRegion"}, ["A"], ERROR, "is published with R, the alarm asks for A: it never sees data"),
        (None, ["A"], ERROR, "is published without dimensions, the alarm asks for A"),
        ({"R": "$.awsRegion"}, [], WARNING, "is published with R, the alarm asks for none"),
        ({"R": "$.awsRegion"}, ["R"], None, ""),
        (None, [], None, ""),
    ],
)
def test_dimension_unseen(
    published: dict[str, str] | None, asked: list[str], severity: Severity | None, said: str
) -> None:
    # AL-1.1: dimensions do not add up.
    alarm = metric(Dimensions=[{"Name": name, "Value": "x"} for name in asked])
    found = told(alarm, filters=(feeding(dimensions=published),))
    assert spots(found) == ([] if severity is None else [("dimension-unseen", severity, ("alarm", "Dimensions"))])
    assert said in "".join(one.message for one in found)


def test_one_filter_with_the_dimensions_is_enough() -> None:
    alarm = metric(Dimensions=[{"Name": "R", "Value": "x"}])
    assert told(alarm, filters=(feeding(), feeding(dimensions={"R": "$.awsRegion"}))) == []


@pytest.mark.parametrize(
    ("unit", "published", "count"),
    [("Count", [None], 1), ("None", ["Count"], 1), ("Count", ["Count"], 0), (None, ["Count"], 0), ("Count", [None, "Count"], 0)],
)  # fmt: skip
def test_unit(unit: str | None, published: list[str | None], count: int) -> None:
    found = told(metric(Unit=unit), filters=tuple(feeding(unit=one) for one in published))
    assert spots(found) == [("alarm-unit", ERROR, ("alarm", "Unit"))] * count


def test_only_feeds_of_the_unit_are_looked_at() -> None:
    filters = (feeding("5"), feeding("1", unit="Count"))
    assert (
        spots(told(metric(Unit="Count", Statistic="Average", Threshold=5), filters=filters))[-1][0] == "alarm-threshold"
    )
    assert "alarm-threshold" not in {
        one.name for one in told(metric(Statistic="Average", Threshold=5), filters=filters)
    }


# ---------------------------------------------------------------- statistic


@pytest.mark.parametrize(
    ("statistic", "value", "default", "reported"),
    [
        ("Average", "1", None, True),
        ("Minimum", "1", None, True),
        ("Maximum", "1", 0.0, True),
        ("p90", "1", None, True),
        ("tm90", "1", None, True),
        ("wm90", "1", None, True),
        ("WM(0:5)", "1", None, False),
        ("Average", "5", None, True),
        ("Sum", "1", None, False),
        ("SampleCount", "1", None, False),
        ("SampleCount", "1", 0.0, True),
        ("Average", "$.bytes", None, False),
        ("Maximum", "$.bytes", 0.0, False),
        ("PR(:5)", "1", None, False),
    ],
)
def test_statistic(statistic: str, value: str, default: float | None, reported: bool) -> None:
    plain = statistic in {"Average", "Minimum", "Maximum", "Sum", "SampleCount"}
    alarm = metric(Statistic=statistic if plain else None, ExtendedStatistic=None if plain else statistic)
    found = [one for one in told(alarm, filters=(feeding(value, default=default),)) if one.name == "statistic"]
    key = ("alarm", "Statistic" if plain else "ExtendedStatistic")
    assert spots(found) == ([("statistic", WARNING, key)] if reported else [])


def test_a_default_value_is_said_with_the_constant() -> None:
    (found,) = told(metric(Statistic="Average"), filters=(feeding(default=0.0),))
    assert found.message.endswith("it is 1 for one as for a thousand, with the default value something between 0 and 1")


def test_two_constants_are_no_constant() -> None:
    assert told(metric(Statistic="Average"), filters=(feeding("1"), feeding("2"))) == []


# ---------------------------------------------------------------- threshold

GE, GT = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold"
LT, LE = "LessThanThreshold", "LessThanOrEqualToThreshold"


@pytest.mark.parametrize(
    ("value", "default", "statistic", "operator", "threshold", "severity"),
    [
        ("1", None, "Sum", LT, 1, ERROR),  # a quiet period has no data, so the sum is 1 or more
        ("1", None, "Sum", LE, 1, None),
        ("1", None, "Sum", LE, 0.5, ERROR),
        ("1", 0.0, "Sum", LT, 1, None),
        ("1", None, "Sum", GE, 1, None),
        ("1", None, "Sum", GE, 1e9, None),
        ("1", 0.0, "Sum", GE, 0, WARNING),  # every minute with records breaches
        ("1", 0.0, "Sum", GT, 0, None),
        ("1", 1.0, "Sum", GT, 0, WARNING),
        ("1", None, "Sum", GT, 0, None),  # the usual alarm: each match rings
        ("-1", None, "Sum", GT, -1, ERROR),
        ("-1", None, "Sum", GE, -1, None),
        ("0", None, "Sum", GT, 0, ERROR),
        ("-1", 1.0, "Sum", GT, 100, None),
        ("1", None, "Average", GE, 2, ERROR),
        ("1", 0.0, "Average", GE, 0.5, None),
        ("1", 0.0, "Maximum", GT, 1, ERROR),
        ("$.bytes", None, "Sum", LT, 0, None),
        ("1e999", None, "Sum", LT, 0, None),
        ("$.bytes", None, "SampleCount", LT, 1, ERROR),
        ("$.bytes", None, "SampleCount", GE, 5, None),
        ("1", None, "PR(:5)", GT, 100, ERROR),
        ("1", None, "PR(:5)", GE, 100, None),
        ("1", None, "TC(:5)", GT, 100, None),
    ],
)
def test_threshold(
    value: str, default: float | None, statistic: str, operator: str, threshold: float, severity: Severity | None
) -> None:
    plain = "(" not in statistic
    alarm = metric(
        Statistic=statistic if plain else None,
        ExtendedStatistic=None if plain else statistic,
        ComparisonOperator=operator,
        Threshold=threshold,
    )
    found = [one for one in told(alarm, filters=(feeding(value, default=default),)) if one.name == "alarm-threshold"]
    assert spots(found) == ([] if severity is None else [("alarm-threshold", severity, ("alarm", "Threshold"))])


@pytest.mark.parametrize(
    ("changes", "filters", "said"),
    [
        (
            {"ComparisonOperator": LT},
            (feeding(),),
            "the Sum of what the filter publishes is at least 1; the alarm asks for less than 1: it can never ring",
        ),
        ({"ComparisonOperator": GT, "Threshold": -0.5}, (feeding("-1"),), "is at most -1;"),
        ({"Statistic": "Average", "Threshold": 2}, (feeding(default=0.0),), "is between 0 and 1;"),
        ({"Statistic": "Average", "Threshold": 2}, (feeding(),), "is 1; the alarm asks for at least 2"),
        ({"Threshold": 0}, (feeding(default=0.0),), "every period with data breaches, also one without a match"),
    ],
)
def test_threshold_in_words(changes: dict[str, Any], filters: tuple[MetricFilter, ...], said: str) -> None:
    (found,) = [one for one in told(metric(**changes), filters=filters) if one.name == "alarm-threshold"]
    assert said in found.message


def test_the_remedy_for_an_alarm_on_absence() -> None:
    (found,) = told(metric(ComparisonOperator=LT, TreatMissingData="missing"), filters=(feeding(),))
    assert (found.name, "TreatMissingData: breaching" in found.hint) == ("alarm-threshold", True)


# ---------------------------------------------------------------- tags


@pytest.mark.parametrize(
    ("key", "value", "place", "said"),
    [
        ("tocsin:remind-evry", "PT1H", "Key", "did you mean 'tocsin:remind-every'?"),
        ("Tocsin:late", "ring", "Key", "did you mean 'tocsin:late'?"),
        ("tocsin:" + "x" * 100, "", "Key", "the tags are tocsin:remind-every, "),
        ("tocsin:remind-every", "1h", "Value", "an ISO 8601 duration"),
        ("tocsin:remind-every", "PT0S", "Value", "an ISO 8601 duration"),
        ("tocsin:remind-every", "P", "Value", "an ISO 8601 duration"),
        ("tocsin:remind-every", "P1DT", "Value", "an ISO 8601 duration"),
        ("tocsin:hold-down", "", "Value", "an ISO 8601 duration"),
        ("tocsin:remind-on", "events", "Value", "new-events"),
        ("tocsin:flap-limit", "0", "Value", "a whole number from 1"),
        ("tocsin:flap-limit", "four", "Value", "a whole number from 1"),
        ("tocsin:skip-first", "yes", "Value", "true or false"),
        ("tocsin:late", "on", "Value", "ring or off"),
        ("tocsin:rule", " ", "Value", "the full name of a rule"),
    ],
)
def test_tag(key: str, value: str, place: str, said: str) -> None:
    tags = [{"Key": "team", "Value": "x"}, {"Key": key, "Value": value}]
    (found,) = told(metric(Tags=tags))
    assert spots([found]) == [("alarm-tag", ERROR, ("alarm", "Tags", 1, place))]
    assert said in found.hint
    assert len(found.message) < 200


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("team", "tocsin:late"),
        ("tocsin:remind-every", "PT30M"),
        ("tocsin:remind-every", "P1W"),
        ("tocsin:hold-down", "P1DT12H"),
        ("tocsin:remind-on", "new-events"),
        ("tocsin:flap-limit", "4"),
        ("tocsin:skip-first", "true"),
        ("tocsin:late", "ring"),
        ("tocsin:rule", "cis/root-user-used"),
    ],
)
def test_a_sound_tag(key: str, value: str) -> None:
    assert told(metric(Tags=[{"Key": key, "Value": value}])) == []


def test_tags_of_composites_are_looked_at() -> None:
    tags = [{"Key": "tocsin:lat", "Value": "ring"}]
    assert spots(told(composite("c", "ALARM(a)", Tags=tags))) == [("alarm-tag", ERROR, ("composite", "Tags", 0, "Key"))]


def test_the_tags_are_those_of_the_specification() -> None:
    names = ("remind-every", "remind-on", "hold-down", "flap-limit", "skip-first", "late", "rule", "severity")
    assert set(TAGS) == {f"tocsin:{name}" for name in names}


# ---------------------------------------------------------------- actions and subscribers


def subscription(
    arn: str = "arn:aws:sns:us-east-1:111122223333:sec-alerts:1", *, topic: str = TOPIC, at: str = "a@example.com"
) -> Subscription:
    return Subscription(topic_arn=topic, protocol="email", endpoint=at, subscription_arn=arn)


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (RuleSeverity.INFO, WARNING),
        (RuleSeverity.MEDIUM, WARNING),
        (RuleSeverity.HIGH, ERROR),
        (RuleSeverity.CRITICAL, ERROR),
    ],
)
def test_a_topic_without_subscribers_is_as_grave_as_the_rule(level: RuleSeverity, severity: Severity) -> None:
    # AL-19.4: an error for severity high and critical.
    (found,) = told(metric(level, AlarmActions=[TOPIC]), subscriptions=[])
    assert spots([found]) == [("chain", severity, ("alarm", "AlarmActions", 0))]
    assert found.message == "0 confirmed subscribers of sec-alerts: nobody is subscribed"


def test_who_is_subscribed_is_not_guessed() -> None:
    assert told(metric(AlarmActions=[TOPIC])) == []
    assert told(metric(AlarmActions=[TOPIC]), subscriptions=[subscription()]) == []


def test_pending_subscribers_hear_nothing() -> None:
    pending = [subscription(PENDING, at=f"{name}@example.com") for name in "abcde"]
    (found,) = told(metric(AlarmActions=[TOPIC]), subscriptions=[*pending, subscription("Deleted", at="z@example.com")])
    assert found.message.endswith("a@example.com, b@example.com, c@example.com and 2 more did not confirm")
    assert told(metric(AlarmActions=[TOPIC]), subscriptions=[*pending, subscription()]) == []
    (one,) = told(metric(AlarmActions=[TOPIC]), subscriptions=pending[:1])
    assert one.message.endswith(": a@example.com did not confirm")


def test_a_second_topic_that_is_heard_makes_it_a_warning() -> None:
    other = f"{TOPIC}-2"
    found = told(metric(RuleSeverity.HIGH, AlarmActions=[other, TOPIC]), subscriptions=[subscription()])
    assert spots(found) == [("chain", WARNING, ("alarm", "AlarmActions", 0))]


def test_no_actions_are_a_broken_chain() -> None:
    assert spots(told(metric(RuleSeverity.HIGH, AlarmActions=[]))) == [("chain", ERROR, ("alarm", "AlarmActions"))]
    disabled = metric(AlarmActions=[TOPIC], ActionsEnabled=False)
    assert spots(told(disabled, subscriptions=[])) == [("chain", WARNING, ("alarm", "ActionsEnabled"))]


def test_actions_that_are_left_to_the_settings_are_no_fault() -> None:
    assert told(metric(RuleSeverity.HIGH), subscriptions=[]) == []


@pytest.mark.parametrize("changes", [{"AlarmActions": []}, {"ActionsEnabled": False}])
def test_a_child_or_a_suppressor_need_not_tell_anybody(changes: dict[str, Any]) -> None:
    assert told(metric(**changes), composite("c", "ALARM(a)")) == []
    suppressing = composite(
        "c", "ALARM(b)", ActionsSuppressor="a", ActionsSuppressorWaitPeriod=1, ActionsSuppressorExtensionPeriod=1
    )
    assert told(metric(**changes), suppressing) == []


def test_composites_have_the_same_chain() -> None:
    assert spots(told(composite("c", "ALARM(a)", AlarmActions=[TOPIC]), subscriptions=[])) == [
        ("chain", WARNING, ("composite", "AlarmActions", 0))
    ]
    assert spots(told(composite("c", "ALARM(a)", AlarmActions=[]))) == [
        ("chain", WARNING, ("composite", "AlarmActions"))
    ]


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (LAMBDA, "lambda.endpoint_url"),
        (EC2, "is no topic"),
        (EC2 + "x" * 500, "…"),
        (TOPIC, None),
    ],
)
def test_actions_that_are_not_executed_are_named(arn: str, said: str | None) -> None:
    # AL-5.10
    found = told(metric(OKActions=[TOPIC, arn], AlarmActions=[TOPIC]))
    assert spots(found) == ([] if said is None else [("alarm-action", INFO, ("alarm", "OKActions", 1))])
    assert (said or "") in "".join(one.message for one in found)


def test_an_action_that_is_no_topic_has_no_subscribers() -> None:
    assert [one.name for one in told(metric(AlarmActions=[EC2]), subscriptions=[])] == ["alarm-action"]


# ---------------------------------------------------------------- cycles


def test_every_cycle_is_said_once() -> None:
    # AL-12.7: accepted by AWS, reported here.
    alarms = (
        composite("b", "ALARM(x) OR ALARM(a)"),
        composite("a", "ALARM(y) OR ALARM(b)"),
        composite("c", "ALARM(a)"),
        composite("d", "ALARM(e)"),
        composite("e", "ALARM(d)"),
    )
    found = told(*alarms)
    assert spots(found) == [("alarm-cycle", WARNING, ("composite", "AlarmRule"))] * 2
    assert [one.message.split(";")[0] for one in found] == [
        "these depend on one another: a, b",
        "these depend on one another: d, e",
    ]
    assert found[0].position == len("ALARM(y) OR ALARM(")


def test_composites_in_a_row_are_no_cycle() -> None:
    assert told(composite("a", "ALARM(b)"), composite("b", "ALARM(x)")) == []


def test_a_long_cycle_is_cut() -> None:
    names = [f"n{place:02}" for place in range(12)]
    ring = [composite(name, f"ALARM({names[(place + 1) % 12]})") for place, name in enumerate(names)]
    (found,) = told(*ring)
    assert "n00, n01, n02, n03, n04, n05, n06, n07 and 4 more;" in found.message
