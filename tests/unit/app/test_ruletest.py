"""The tests that rules carry, on the virtual clock (IF-4 Tests, AL-6, AL-7.c, AL-17)."""

from __future__ import annotations

import itertools
import re
from datetime import date

import pytest

from tocsin.app.pack import load_rules, pack_names
from tocsin.app.rulepack import read_sources
from tocsin.app.ruletest_plan import plan_rule_tests
from tocsin.composition.ruletest import run_rule_tests

FILTER = """\
filter:
  filterPattern: '{ $.eventName = Stop* }'
  metricTransformations:
    - {metricName: NAME, metricNamespace: Security, metricValue: "1"EXTRA}
"""
ALARM = (
    "alarm: {Statistic: Sum, Period: PERIOD, EvaluationPeriods: 1, Threshold: 1, "
    "ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreachingMORE}\n"
)
STOP = "event: {eventName: StopLogging}"
AT = date(2027, 1, 4)
PACKS = load_rules(*pack_names())


def rule_text(tests="", *, name="one", period=300, extra="", more="", filter_text=FILTER, alarm=ALARM):
    made = filter_text.replace("NAME", name).replace("EXTRA", extra)
    made += alarm.replace("PERIOD", str(period)).replace("MORE", more)
    return f"id: {name}\n{made}{tests}"


def listed(*tests):
    return "tests:\n" + "".join(f"  - {one}\n" for one in tests)


@pytest.fixture
def run(tmp_path):
    """Run the tests of a rule file; the report."""
    numbers = itertools.count()

    def run_text(text, **options):
        path = tmp_path / f"r{next(numbers)}.yaml"
        path.write_text(text, encoding="utf-8")
        return run_rule_tests([str(path)], at=options.pop("at", AT), **options)

    return run_text


@pytest.fixture
def failures(run):
    """The failures of a rule with one alarm test of these events and expectations."""

    def failures_of(events, expect, **options):
        test = f"{{name: t, events: [{events}], expect: [{expect}]}}"
        report = run(rule_text(listed(test), **options))
        assert report.errors == []
        return report.results[0].failures

    return failures_of


# ---------------------------------------------------------------- a filter


@pytest.mark.parametrize(
    ("test", "passed"),
    [
        ("{name: t, event: {eventName: StopLogging}, matches: true}", True),
        ("{name: t, event: {eventName: StopLogging}, matches: false}", False),
        ("{name: t, event: {eventName: StartLogging}, matches: false}", True),
        ("{name: t, event: {eventName: StartLogging}, matches: true}", False),
        ("{name: t, event: {}, absent: eventName, matches: false}", True),
        ("""{name: t, message: '{"eventName": "StopLogging"}', matches: true}""", True),
        ("{name: t, message: a raw line, matches: false}", True),
        ("{name: t, message: '', matches: true}", False),
    ],
)
def test_a_filter_is_tested_alone(run, test, passed):
    report = run(rule_text(listed(test)))
    (result,) = report.results
    assert (result.passed, result.kind, result.failures == []) == (passed, "filter", passed)
    assert (report.tests, report.passed, report.failed) == (1, passed, not passed)


def test_a_failing_filter_test_shows_the_pattern_in_force_and_the_clause_that_decided(run):
    (result,) = run(rule_text(listed("{name: t, event: {eventName: StartLogging}, matches: true}"))).results
    (failure,) = result.failures
    assert (result.line, result.column) == (8, 5)
    assert (failure.line, failure.column, failure.kind) == (8, 58, "match")
    assert (failure.expected, failure.got) == ("the filter matches", "the filter does not match")
    assert failure.pattern == "{ $.eventName = Stop* }"
    assert "StartLogging" in failure.explanation


EXCEPT = "except:\n  - {name: ours, when: '{ $.userIdentity.userName = alice }', reason: r, expires: 2027-02-01}\n"


@pytest.mark.parametrize(("at", "passed"), [(date(2027, 1, 31), True), (date(2027, 2, 1), False)])
def test_exclusions_that_apply_on_the_day_are_part_of_the_pattern(run, at, passed):
    test = "{name: t, event: {eventName: StopLogging}, matches: false}"
    (result,) = run(rule_text(EXCEPT + listed(test)), at=at).results
    assert result.passed is passed
    assert [failure.pattern for failure in result.failures] == ([] if passed else ["{ $.eventName = Stop* }"])


def test_field_selection_criteria_are_part_of_the_filter(run):
    text = rule_text().replace(
        "filter:\n", """filter:\n  fieldSelectionCriteria: '@aws.region = "eu-west-1"'\n"""
    ) + listed(
        "{name: here, event: {eventName: StopLogging, awsRegion: eu-west-1}, matches: true}",
        "{name: elsewhere, event: {eventName: StopLogging}, matches: false}",
    )
    assert run(text).failed == 0


# ---------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("period", "events", "expect"),
    [
        # AL-7.c: one event stays for R * P, here 15 and 3 minutes.
        (300, f"{{at: 10m, {STOP}}}", "{at: 10m, state: OK}, {at: 11m, state: ALARM}, {at: 25m, state: ALARM}, {at: 26m, state: OK}"),
        (60, f"{{at: 1m, {STOP}}}", "{at: 2m, state: ALARM}, {at: 4m, state: ALARM}, {at: 5m, state: OK}"),
        (60, f"{{at: 119s, {STOP}}}", "{at: 2m, state: ALARM}, {at: 119s, state: OK}"),
        # Created at 0m; the first evaluation is a minute later.
        (300, "", "{at: 0m, state: INSUFFICIENT_DATA}, {at: 59s, state: INSUFFICIENT_DATA}, {at: 1m, state: OK}"),
        (300, "", "{at: 1d, never: ALARM}, {at: 1d, never: INSUFFICIENT_DATA}, {at: 59s, never: OK}"),
        (60, f"{{at: 1m, {STOP}}}", "{at: 1m, never: ALARM}, {at: 119s, never: ALARM}"),
        # Sliding windows are not aligned to five minutes (AL-6.2).
        (300, f"{{at: 4m, {STOP}}}, {{at: 21m, {STOP}}}", "{at: 20m, state: OK}, {at: 19m, state: ALARM}, {at: 22m, state: ALARM}"),
    ],
)  # fmt: skip
def test_states_and_never_that_hold(failures, period, events, expect):
    assert failures(events, expect, period=period) == []


def told(failure):
    return failure.kind, failure.at, failure.expected, failure.got, failure.since, failure.decided_by


@pytest.mark.parametrize(
    ("events", "expect", "expected"),
    [
        ("", "{at: 0m, state: OK}", ("state", "0m", "state OK", "state INSUFFICIENT_DATA", "0m", "")),
        ("", "{at: 5m, state: ALARM}", ("state", "5m", "state ALARM", "state OK", "1m", "fills-do-not-breach")),
        (f"{{at: 1m, {STOP}}}", "{at: 3m, state: OK}", ("state", "3m", "state OK", "state ALARM", "2m", "newest-points")),
        (f"{{at: 1m, {STOP}}}", "{at: 9m, never: ALARM}", ("never", "9m", "never ALARM", "state ALARM from 2m", "2m", "newest-points")),
        (f"{{at: 1m, {STOP}}}", "{at: 3m, never: OK}, {at: 30m, state: OK}", ("never", "3m", "never OK", "state OK from 1m until 2m", "1m", "fills-do-not-breach")),
    ],
)  # fmt: skip
def test_states_that_fail_say_what_was_there_since_when_and_why(failures, events, expect, expected):
    assert told(failures(events, expect)[0]) == expected


def test_a_state_is_explained_by_the_points_at_that_instant(failures):
    (failure,) = failures(f"{{at: 1m, repeat: 2, {STOP}}}", "{at: 4m, state: OK}")
    assert [(point.from_, point.until, point.value) for point in failure.points] == [("-1m", "4m", 2.0)]
    assert failure.reason.startswith("Threshold Crossed: 1 datapoint [2.0 (03/01/27 23:59:00)]")


def test_before_the_first_evaluation_the_reason_says_so(failures):
    (failure,) = failures("", "{at: 0m, state: OK}")
    assert failure.reason == "the alarm is created at 0m and evaluated for the first time at 1m"


MISSING = ALARM.replace("notBreaching", "missing")


@pytest.mark.parametrize(
    ("at", "got"),
    [("0m", []), ("59s", []), ("1m", ["state INSUFFICIENT_DATA from 1m"]), ("9m", ["state INSUFFICIENT_DATA from 1m"])],
)
def test_never_counts_evaluations_and_not_the_state_that_an_alarm_is_created_in(failures, at, got):
    found = failures("", f"{{at: {at}, never: INSUFFICIENT_DATA}}", alarm=MISSING)
    assert [failure.got for failure in found] == got
    assert [failure.decided_by for failure in found] == ["no-data"] * len(got)


def test_never_ends_where_the_state_that_was_kept_ends(failures):
    found = failures(f"{{at: 2m, {STOP}}}", "{at: 9m, never: INSUFFICIENT_DATA}", alarm=MISSING)
    assert [failure.got for failure in found] == ["state INSUFFICIENT_DATA from 1m until 3m"]


def test_every_expectation_is_looked_at(failures):
    found = failures(
        f"{{at: 1m, {STOP}}}",
        "{at: 1m, state: ALARM}, {at: 2m, state: OK, never: ALARM, message: {contains: [zzz, StopLogging, Zzz]}}",
    )
    assert [(failure.kind, failure.at) for failure in found] == [
        ("state", "1m"),
        ("state", "2m"),
        ("never", "2m"),
        ("message", "2m"),
        ("message", "2m"),
    ]
    assert len({(failure.line, failure.column) for failure in found}) == 5


# ---------------------------------------------------------------- events


def test_repeated_events_have_ids_of_their_own(failures):
    expect = "{at: 2m, message: {contains: ['3 x StopLogging', '…001', '…002', '…003']}}".replace("…", "-000000000")
    assert failures(f"{{at: 1m, repeat: 3, {STOP}}}", expect) == []


@pytest.mark.parametrize(("every", "ring"), [("", "2m"), ("every: 20s,", "3m"), ("every: 2m,", "6m")])
def test_every_spreads_events(failures, every, ring):
    text = ALARM.replace("Threshold: 1", "Threshold: 3")
    assert failures(f"{{at: 80s, repeat: 3, {every} {STOP}}}", f"{{at: {ring}, state: ALARM}}", alarm=text) == []
    earlier = f"{int(ring[:-1]) - 1}m"
    assert failures(f"{{at: 80s, repeat: 3, {every} {STOP}}}", f"{{at: {earlier}, never: ALARM}}", alarm=text) == []


def test_members_that_are_taken_away_are_absent(run):
    text = rule_text().replace("$.eventName = Stop*", "$.sourceIPAddress NOT EXISTS")
    test = "{name: t, events: [{at: 1m, event: {}, absent: [sourceIPAddress]}], expect: [{at: 2m, state: ALARM}]}"
    other = "{name: u, events: [{at: 1m, event: {}}], expect: [{at: 2m, never: ALARM}]}"
    assert run(text + listed(test, other)).failed == 0


def test_a_default_value_is_published_for_minutes_with_other_events(failures):
    events = f"{{at: 1m, {STOP}}}, {{at: 2m, event: {{}}}}"
    expect = "{at: 2m, state: ALARM}, {at: 3m, state: OK}"
    assert failures(events, expect, period=60, extra=", defaultValue: 0") == []
    assert len(failures(events, expect, period=60)) == 1


def test_a_metric_is_fed_by_every_rule_of_the_sources(run):
    other = rule_text(name="two").replace("metricName: two", "metricName: one").replace("Stop*", "DeleteTrail")
    test = "{name: t, events: [{at: 1m, event: {eventName: DeleteTrail}}], expect: [{at: 2m, state: ALARM}]}"
    assert run(rule_text(listed(test)) + "---\n" + other).failed == 0
    assert run(rule_text(listed(test))).failed == 1


def test_the_evaluation_range_is_the_setting(run):
    test = f"{{name: t, events: [{{at: 1m, {STOP}}}], expect: [{{at: 3m, state: OK}}]}}"
    text = rule_text(listed(test), period=60)
    assert (run(text, extra=0).failed, run(text).failed) == (0, 1)


# ---------------------------------------------------------------- messages

OWN_TOPIC = ", OKActions: ['arn:aws:sns:us-east-1:111122223333:calm']"


@pytest.mark.parametrize(
    ("more", "expect"),
    [
        ("", "{at: 2m, message: {contains: [StopLogging, alice, 192.0.2.1]}}"),
        ("", "{at: 9h, message: {contains: 'went to ALARM'}}"),  # OK has no action, so the last mail is the alarm's
        (OWN_TOPIC, "{at: 1m, message: {contains: 'INSUFFICIENT_DATA -> OK'}}"),
        (OWN_TOPIC, "{at: 2m, message: {contains: 'OK -> ALARM'}}, {at: 17m, message: {contains: 'ALARM -> OK'}}"),
        ("", """{at: 2m, message: {contains: 'ALARM: "one" in US East'}}"""),  # the subject is part of the mail
        ("", "{at: 2m, message: {contains: 'greater than or equal to the threshold'}}"),  # however lines are broken
    ],
)
def test_messages_that_hold(failures, more, expect):
    assert failures(f"{{at: 1m, {STOP}}}", expect, more=more) == []


@pytest.mark.parametrize(
    ("more", "at", "reason"),
    [
        ("", "0m", "the alarm has not changed its state: INSUFFICIENT_DATA since 0m"),
        ("", "1m", "INSUFFICIENT_DATA -> OK at 1m: the alarm has no action for OK"),
        (", ActionsEnabled: false", "2m", "OK -> ALARM at 2m: the alarm's actions are disabled"),
        (", AlarmActions: []", "2m", "OK -> ALARM at 2m: the alarm has no action for ALARM"),
        (", AlarmActions: ['arn:aws:lambda:us-east-1:111122223333:function:f']", "2m", "OK -> ALARM at 2m: no action is a topic"),
    ],
)  # fmt: skip
def test_where_no_mail_was_sent_the_reason_is_told(failures, more, at, reason):
    (failure,) = failures(f"{{at: 1m, {STOP}}}", f"{{at: {at}, message: {{contains: x}}}}", more=more)
    assert (failure.got, failure.reason) == ("no message so far", reason)


def test_a_message_without_the_text_shows_itself_and_the_nearest_line(failures):
    (failure,) = failures(f"{{at: 1m, {STOP}}}", "{at: 2m, message: {contains: ['Who: IAM user bob']}}")
    assert failure.expected == 'a message that contains "Who: IAM user bob"'
    assert failure.got == "a message without it: OK -> ALARM, sent at 2m"
    assert failure.nearest == "Who: IAM user alice"
    assert failure.text.startswith('Subject: ALARM: "one" in US East (N. Virginia)\nalice ')
    assert len(failure.text.split("\n")) == 12


# ---------------------------------------------------------------- composite alarms


def composite(tests, rule="ALARM(one) AND ALARM(two)", more=""):
    return f"id: both\ncomposite: {{AlarmRule: '{rule}'{more}}}\n{tests}"


CHILDREN = rule_text(name="one") + "---\n" + rule_text(name="two").replace("Stop*", "DeleteTrail") + "---\n"
BOTH = "{at: 1m, event: {eventName: StopLogging}}, {at: 2m, event: {eventName: DeleteTrail}}"


@pytest.mark.parametrize(
    "expect",
    [
        "{at: 0m, state: OK}, {at: 2m, state: OK}, {at: 3m, state: ALARM}, {at: 17m, state: OK}",
        "{at: 3m, message: {contains: [StopLogging, DeleteTrail, alice, one is ALARM]}}",
        "{at: 2m, never: ALARM}, {at: 20m, never: INSUFFICIENT_DATA}",
    ],
)
def test_a_composite_rule_is_tested_with_its_children(run, expect):
    report = run(CHILDREN + composite(listed(f"{{name: t, events: [{BOTH}], expect: [{expect}]}}")))
    assert (report.errors, report.results[0].failures) == ([], [])


def test_a_composite_that_fails_shows_its_children(run):
    expect = "{at: 2m, state: ALARM}, {at: 9m, never: ALARM}, {at: 0m, never: OK}"
    report = run(CHILDREN + composite(listed(f"{{name: t, events: [{BOTH}], expect: [{expect}]}}")))
    state, ring, created = report.results[0].failures
    assert (state.got, state.since) == ("state OK", "0m")
    assert state.children == ["one is ALARM since 2m", "two is OK since 1m"]
    assert (ring.got, ring.children) == ("state ALARM from 3m", ["one is ALARM since 2m", "two is ALARM since 3m"])
    assert created.got == "state OK from 0m until 3m"
    assert created.children[0] == "one is INSUFFICIENT_DATA since 0m"


def test_a_composite_without_data_is_evaluated_when_it_is_created(run):
    test = "{name: t, events: [], expect: [{at: 0m, never: INSUFFICIENT_DATA}, {at: 0m, state: OK}]}"
    text = rule_text(name="one", alarm=MISSING) + "---\n"
    report = run(text + composite(listed(test), "INSUFFICIENT_DATA(one)"))
    assert [failure.got for failure in report.results[0].failures] == ["state ALARM"]
    nothing = composite(listed(test.replace("state: OK", "state: ALARM")), "INSUFFICIENT_DATA(one)")
    assert run(text + nothing).failed == 0


SUPPRESSED = ", ActionsSuppressor: two, ActionsSuppressorWaitPeriod: 60, ActionsSuppressorExtensionPeriod: 60"


def test_actions_that_a_suppressor_holds_send_no_mail(run):
    events = "{at: 1m, event: {eventName: DeleteTrail}}, {at: 3m, event: {eventName: StopLogging}}"
    expect = "{at: 4m, state: ALARM}, {at: 5m, message: {contains: zzz}}, {at: 25m, message: {contains: StopLogging}}"
    test = f"{{name: t, events: [{events}], expect: [{expect}]}}"
    (result,) = run(CHILDREN + composite(listed(test), "ALARM(one)", SUPPRESSED)).results
    (failure,) = result.failures
    assert (failure.at, failure.got) == ("5m", "no message so far")
    assert failure.reason.startswith("OK -> ALARM at 4m: the actions were held (")


def test_a_chain_of_composites_is_followed_to_its_end(run):
    outer = "id: outer\ncomposite: {AlarmRule: 'ALARM(both) OR ALARM(one)'}\n"
    test = listed(f"{{name: t, events: [{BOTH}], expect: [{{at: 3m, state: ALARM}}]}}")
    assert run(CHILDREN + composite("") + "---\n" + outer + test).failed == 0


# ---------------------------------------------------------------- rules that cannot run


def found(report):
    return [(one.line, one.name, one.rule) for one in report.errors]


def test_a_rule_with_an_error_is_reported_and_the_others_run(run):
    good = rule_text(listed("{name: t, event: {eventName: StopLogging}, matches: true}"))
    bad = rule_text(listed("{name: t, event: {}, match: true}"), name="two")
    report = run(good + "---\n" + bad)
    assert {name for _, name, _ in found(report)} == {"unknown-key", "missing-key"}
    assert {rule for _, _, rule in found(report)} == {"two"}
    assert (report.tests, report.passed, report.rules) == (1, 1, 1)


def test_an_alarm_that_aws_refuses_is_an_error_and_its_filter_is_still_tested(run):
    tests = listed(
        "{name: f, event: {eventName: StopLogging}, matches: true}",
        f"{{name: a, events: [{{at: 1m, {STOP}}}], expect: [{{at: 2m, state: ALARM}}]}}",
    )
    report = run(rule_text(tests, period=61))
    assert found(report) == [(6, "invalid-alarm", "one")]
    assert [(one.test, one.passed) for one in report.results] == [("f", True)]


def test_an_alarm_on_a_metric_that_nothing_feeds_is_an_error_only_where_a_test_needs_it(run):
    alarm = "id: cpu\n" + ALARM.replace("PERIOD", "300").replace("MORE", ", MetricName: CPU, Namespace: AWS/EC2")
    good = rule_text(listed("{name: t, event: {eventName: StopLogging}, matches: true}")) + "---\n"
    assert found(run(good + alarm)) == []
    test = listed("{name: t, events: [], expect: [{at: 1m, state: OK}]}")
    assert found(run(good + alarm + test)) == [(11, "unknown-metric", "cpu")]


def test_a_composite_without_its_child_is_an_error(run):
    test = listed("{name: t, events: [], expect: [{at: 1m, state: OK}]}")
    report = run(composite(test, "ALARM(nowhere)"))
    assert [name for _, name, _ in found(report)] == ["invalid-alarm"]
    assert report.tests == 0


@pytest.mark.parametrize(
    ("test", "columns"),
    [
        ("{name: t, events: [], expect: [{at: 367d, state: OK}]}", [41]),
        ("{name: t, events: [{at: 9000h, event: {}}], expect: [{at: 1m, state: OK}]}", [29]),
        ("{name: t, events: [{at: 1m, repeat: 9, every: 90d, event: {}}], expect: [{at: 1m, state: OK}]}", [51]),
        ("{name: t, events: [{at: 1d, repeat: 5, every: 90d, event: {}}], expect: [{at: 366d, state: OK}]}", []),
    ],
)
def test_the_clock_of_a_test_runs_a_year_at_most(run, test, columns):
    errors = run(rule_text(listed(test))).errors
    assert [one.column for one in errors] == columns
    assert {(one.name, one.message) for one in errors} <= {("invalid-value", "this is later than 366d")}


# ---------------------------------------------------------------- which tests, and how


THREE = listed(
    "{name: alpha, event: {eventName: StopLogging}, matches: true}",
    "{name: beta, event: {eventName: StopLogging}, matches: false}",
    "{name: gamma, events: [], expect: [{at: 1m, state: OK}]}",
)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (None, ["alpha", "beta", "gamma"]),
        ("eta$", ["beta"]),
        ("^one: (alpha|gamma)$", ["alpha", "gamma"]),
        ("two", []),
    ],
)
def test_tests_are_chosen_by_rule_and_name(run, pattern, names):
    report = run(rule_text(THREE), run=None if pattern is None else re.compile(pattern))
    assert [one.test for one in report.results] == names
    assert report.deselected == 3 - len(names)


def without_times(report):
    return [(one.rule, one.test, one.passed, one.line, one.failures) for one in report.results]


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_report_is_the_same_however_many_processes_there_are(run, jobs):
    text = "---\n".join(rule_text(THREE, name=name) for name in ("one", "two", "three"))
    assert without_times(run(text, jobs=jobs)) == without_times(run(text))


def test_processes_are_worth_it_only_for_many_records(tmp_path, monkeypatch):
    asked = []

    def run_tasks(make, tasks, *, jobs):
        asked.append(jobs)
        worker = make()
        return [(task, worker(task)) for task in tasks]

    monkeypatch.setattr("tocsin.composition.ruletest.run_tasks", run_tasks)
    monkeypatch.setattr("tocsin.composition.ruletest.default_jobs", lambda: 7)
    monkeypatch.setattr("tocsin.composition.ruletest._WORTH_PROCESSES", 20)
    path = tmp_path / "r.yaml"
    for repeat in (18, 19):
        test = f"{{name: t, events: [{{at: 1m, repeat: {repeat}, {STOP}}}], expect: [{{at: 2m, state: ALARM}}]}}"
        path.write_text(rule_text(listed(test)), encoding="utf-8")
        assert run_rule_tests([str(path)], at=AT).failed == 0
    assert asked == [1, 7]


def test_a_plan_counts_records(tmp_path):
    path = tmp_path / "r.yaml"
    test = (
        f"{{name: t, events: [{{at: 1m, repeat: 4, {STOP}}}, {{at: 2m, {STOP}}}], expect: [{{at: 2m, state: ALARM}}]}}"
    )
    path.write_text(rule_text(listed(test, "{name: f, event: {}, matches: false}")), encoding="utf-8")
    assert plan_rule_tests(read_sources([str(path)])).records == 7


def test_times_are_seconds(run):
    report = run(rule_text(THREE))
    assert all(0 <= one.seconds < 10 for one in report.results)
    assert 0 < report.seconds < 10


# ---------------------------------------------------------------- the packs


@pytest.fixture(scope="module")
def shipped():
    return run_rule_tests(pack_names(), at=AT)


def test_every_test_of_the_packs_passes(shipped):
    assert shipped.errors == []
    assert [(one.rule, one.test, one.failures) for one in shipped.results if not one.passed] == []
    assert shipped.rules == len(PACKS)


def event_names(rule):
    return re.findall(r'eventName\s*=\s*"?(\w+)"?', rule.filter.filter_pattern)


@pytest.mark.parametrize("rule", PACKS, ids=lambda rule: rule.name)
def test_a_rule_of_a_pack_has_firing_and_quiet_tests(rule):
    filters = [test for test in rule.tests if test.matches is not None]
    matching = [test.event["eventName"] for test in filters if test.matches]
    assert set(event_names(rule)) <= set(matching)
    assert sum(not test.matches for test in filters) >= 3
    expectations = [one for test in rule.tests for one in test.expect]
    assert any(one.get("never") == "ALARM" for one in expectations)
    messages = [one["message"]["contains"] for one in expectations if one.get("state") == "ALARM" and "message" in one]
    assert messages
    for wanted in messages:
        assert any(who in text for text in wanted for who in ("alice", "root user", "role deploy"))
        assert any(name in text for text in wanted for name in (*event_names(rule), "ListBuckets", "DescribeInstances"))
