"""What a check says about alarms: refusals at their places, each once, and the lints of the chain (IF-1, AL-5.9, AL-19.8)."""

import json
from datetime import date

import pytest

from tocsin.app.check import check
from tocsin.core.finding import Severity

TODAY = date(2027, 1, 4)
TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
ALARM = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
TRANSFORMATION = {"metricName": "M", "metricNamespace": "N", "metricValue": "1"}
FILTER = {"filterPattern": "{ $.eventName = A }", "metricTransformations": [TRANSFORMATION]}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packs").mkdir()
    return tmp_path


def rule(ident, **sections):
    return {"id": ident, **sections}


def alarm(**changes):
    return {name: value for name, value in {**ALARM, **changes}.items() if value is not None}


def checked(here, *rules, beside=(), **options):
    """Check rules, one a line of mine.yaml, and the documents beside them."""
    (here / "mine.yaml").write_text("\n---\n".join(json.dumps(one) for one in rules), encoding="utf-8")
    names = []
    for place, document in enumerate(beside):
        names.append(f"{place}.json")
        (here / names[-1]).write_text(json.dumps(document), encoding="utf-8")
    sources = (["mine.yaml"] if rules else []) + names
    return check(sources, at=TODAY, packs_dir=here / "packs", **options)


def names(result):
    return [one.name for one in result.findings]


def refused(here, *rules, **more):
    return [(one.rule, one.name) for one in checked(here, *rules, **more).findings]


FED = rule("fed", filter=FILTER, alarm=alarm(Namespace=None, MetricName=None))


def test_a_sound_chain_has_no_findings(here):
    assert checked(here, FED, rule("c", composite={"AlarmRule": "ALARM(fed)"})).findings == ()


# ---------------------------------------------------------------- refused alarms


@pytest.mark.parametrize(
    ("changes", "at", "said"),
    [
        ({"Period": 45}, "45", "Period must be 10, 20, 30 or a multiple of 60"),
        ({"EvaluationPeriods": 300}, "300,", "more than a day"),
        ({"DatapointsToAlarm": 2}, "2", "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),
        ({"Statistic": None, "ExtendedStatistic": "p101"}, '"p101"', "The value p101 for parameter ExtendedStatistic"),
        ({"AlarmActions": [TOPIC, "not-an-arn"]}, '"not-an-arn"', "Invalid arn syntax: not-an-arn"),
        (
            {"EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Berlinn"}}},
            '"Europe/Berlinn"',
            "The value Europe/Berlinn for parameter Timezone is invalid.",
        ),
    ],
)  # fmt: skip
def test_a_refused_alarm_stands_at_its_parameter(here, changes, at, said):
    result = checked(here, FED, rule("bad", alarm=alarm(**changes)))
    (only,) = result.findings
    text = (here / "mine.yaml").read_text(encoding="utf-8").splitlines()[2]
    value = text.index(at, text.index(f'"{list(changes)[-1]}"')) + 1 + at.startswith('"')
    assert (only.path, only.line, only.name, only.spec, only.rule) == ("mine.yaml", 3, "invalid-alarm", "AL-5.9", "bad")
    assert only.column in {value, value - 1}
    assert said in only.message
    assert only.hint
    assert result.has_errors


@pytest.mark.parametrize(
    ("composite", "said"),
    [
        ("ALARM(fed) OR ALARM(c)", "A composite alarm cannot have a child relation with itself"),
        ("ALARM(fed) ANDD OK(fed)", "Unsupported token 'ANDD'"),
        ("ALARM(fedd)", "do not exist"),
    ],
)
def test_a_refused_composite(here, composite, said):
    (only,) = checked(here, FED, rule("c", composite={"AlarmRule": composite})).findings
    assert (only.line, only.name) == (3, "invalid-alarm")
    assert said in only.message


def test_children_may_stand_elsewhere_when_no_alarm_was_given(here):
    assert refused(here, rule("c", composite={"AlarmRule": "ALARM(somewhere)"})) == []


def test_what_follows_from_a_refusal_is_not_told(here):
    bad = rule("bad", alarm=alarm(Period=45))
    child = rule("child", composite={"AlarmRule": "ALARM(bad)"})
    grandchild = rule("grandchild", composite={"AlarmRule": "ALARM(child) OR ALARM(fed)"})
    assert refused(here, FED, bad, child, grandchild) == [("bad", "invalid-alarm")]


def test_a_fault_of_the_text_is_told_once(here):
    broken = rule("broken", alarm=alarm(Period="often", EvaluationPeriods=0))
    bad_composite = rule("c", composite={"AlarmRule": 5})
    found = refused(here, FED, broken, bad_composite, rule("on", composite={"AlarmRule": "ALARM(broken)"}))
    assert found == [("broken", "wrong-type"), ("broken", "invalid-value"), ("c", "wrong-type")]


def test_a_rule_without_a_name_is_told_by_its_text(here):
    assert refused(here, {"alarm": alarm(Period=45)}) == [("", "missing-key")]


def test_two_alarms_of_one_name(here):
    found = checked(here, FED, rule("other", alarm=alarm(AlarmName="fed"))).findings
    assert [(one.rule, one.name) for one in found] == [("other", "duplicate-rule")]


def test_in_a_listing_the_alarm_is_named(here):
    listing = {"MetricAlarms": [alarm(AlarmName="theirs", Period=45)], "CompositeAlarms": []}
    (only,) = checked(here, beside=[listing]).findings
    assert (only.path, only.name) == ("0.json", "invalid-alarm")
    assert only.message.startswith("theirs: Period must be")


# ---------------------------------------------------------------- metrics that no filter feeds


def test_an_unknown_metric_is_an_error_in_a_rule_file(here):
    (only,) = checked(here, FED, rule("bad", alarm=alarm(MetricName="Mx"))).findings
    assert (only.rule, only.name, only.severity, only.hint) == (
        "bad",
        "unknown-metric",
        Severity.ERROR,
        "did you mean 'N/M'?",
    )


@pytest.mark.parametrize("beside", [(), ({"metricFilters": []},)])
def test_without_any_filter_nothing_is_said_about_metrics(here, beside):
    assert "unknown-metric" not in names(checked(here, rule("bad", alarm=alarm(MetricName="Mx")), beside=beside))


def test_an_account_has_many_other_alarms(here):
    listing = {"MetricAlarms": [alarm(AlarmName="theirs", MetricName="CPUUtilization", Namespace="AWS/EC2")]}
    assert checked(here, FED, beside=[listing]).findings == ()


def test_filters_that_could_not_be_read_may_feed_it(here):
    unread = rule("unread", filter={**FILTER, "metricTransformations": "none"})
    assert refused(here, FED, unread, rule("bad", alarm=alarm(MetricName="Mx"))) == [("unread", "wrong-type")]


def test_other_dimensions_are_told_once(here):
    bad = rule("bad", alarm=alarm(Dimensions=[{"Name": "R", "Value": "x"}]))
    assert refused(here, FED, bad) == [("bad", "dimension-unseen")]


# ---------------------------------------------------------------- lints


def test_filters_and_alarms_of_an_account_meet(here):
    filters = {"metricFilters": [{"filterName": "same", "logGroupName": "g", **FILTER}]}
    alarms = {"MetricAlarms": [alarm(AlarmName="same", TreatMissingData="missing", AlarmActions=[TOPIC])]}
    subscriptions = {"Subscriptions": []}
    found = checked(here, beside=[filters, alarms, subscriptions]).findings
    assert [(one.path, one.name) for one in found] == [
        ("1.json", "alarm-missing"),
        ("1.json", "chain"),
        ("2.json", "no-rule"),
    ]
    assert all(one.message.startswith("same: ") for one in found[:2])


def test_a_lint_stands_at_its_parameter_and_can_be_silenced(here):
    loud = rule("loud", filter=FILTER, alarm=alarm(TreatMissingData="missing"))
    (only,) = checked(here, loud).findings
    text = (here / "mine.yaml").read_text(encoding="utf-8")
    assert (only.name, only.line) == ("alarm-missing", 1)
    assert text[only.column - 1 :].lstrip('"').startswith("missing")
    silent = checked(here, {**loud, "ignore": {"alarm-missing": "it is meant"}})
    assert silent.findings == ()
    assert [one.reason for one in silent.silenced] == ["it is meant"]


def test_an_ignore_of_an_alarm_lint_that_nothing_needs(here):
    assert names(checked(here, {**FED, "ignore": {"alarm-missing": "it was so"}})) == ["unused-ignore"]


# ---------------------------------------------------------------- topic of the settings

PENDING = {
    "Subscriptions": [
        {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "a@example.com", "SubscriptionArn": "PendingConfirmation"}
    ]
}


def test_the_topic_of_the_settings_is_looked_at(here):
    assert checked(here, FED, beside=[PENDING]).findings == ()
    settings = f'[rules]\ntopic = "{TOPIC}"\n'
    (here / "other.toml").write_text(settings, encoding="utf-8")
    assert names(check(["mine.yaml", "0.json", "other.toml"], at=TODAY, packs_dir=here / "packs")) == ["chain"]
    (here / "tocsin.toml").write_text(settings, encoding="utf-8")
    assert names(checked(here, FED, beside=[PENDING])) == ["chain"]
    other = {"TOCSIN_RULES_TOPIC": f"{TOPIC}-2"}
    (only,) = checked(here, FED, beside=[PENDING], environ=other).findings
    assert "sec-alerts-2" in only.message


def test_settings_that_cannot_be_used_do_not_stop_the_check(here):
    (here / "tocsin.toml").write_text("[rules]\ntopic = 5\n", encoding="utf-8")
    assert checked(here, FED, beside=[PENDING]).findings == ()


# ---------------------------------------------------------------- mute rules


def mute(**schedule):
    return {
        "Name": "m",
        "AlarmMuteRuleArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm-mute-rule:m",
        "Rule": {"Schedule": {"Expression": "cron(0 1 * * *)", "Duration": "PT1H", "Timezone": "UTC", **schedule}},
        "MuteTargets": {"AlarmNames": ["fed"]},
    }


@pytest.mark.parametrize(
    ("schedule", "at", "said"),
    [
        ({"Expression": "cron(0 0 31 2 *)"}, "31 2 *", "the schedule never comes"),
        ({"Timezone": "Europe/Berlinn"}, "Europe/Berlinn", "there is no time zone Europe/Berlinn"),
        ({"Duration": "PT99999H"}, "PT99999H", "out of range"),
    ],
)
def test_a_refused_mute_rule_stands_at_its_parameter(here, schedule, at, said):
    (only,) = checked(here, FED, beside=[mute(**schedule)]).findings
    text = (here / "0.json").read_text(encoding="utf-8")
    assert (only.path, only.line, only.name, only.spec) == ("0.json", 1, "invalid-mute-rule", "AL-14.1")
    assert text[only.column - 1 :].lstrip('"').startswith(at)
    assert only.message.startswith("m: ")
    assert said in only.message


def test_mute_rules_of_one_text_are_told_apart(here):
    listed = [{**mute(Duration="PT0M"), "Name": name} for name in ("m1", "m2", "m3")]
    text = "\n---\n".join(map(json.dumps, [PENDING, *listed]))
    (here / "all.yaml").write_text(text, encoding="utf-8")
    found = check(["all.yaml"], at=TODAY, packs_dir=here / "packs").findings
    assert [(one.line, one.rule, one.name) for one in found] == [
        (3, "m1", "invalid-mute-rule"),
        (5, "m2", "invalid-mute-rule"),
        (7, "m3", "invalid-mute-rule"),
    ]


def test_an_unknown_suppressor_is_refused(here):
    muted = {
        "AlarmRule": "ALARM(fed)",
        "ActionsSuppressor": "nobody",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 60,
    }
    (only,) = checked(here, FED, rule("c", composite=muted)).findings
    assert "the actions suppressor" in only.message


def test_a_sound_mute_rule(here):
    assert checked(here, FED, beside=[mute(), mute(Timezone="Europe/Berlin")]).findings == ()
