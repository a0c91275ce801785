import pytest

from tocsin.app.rulefile import read_rules

FILTER = """\
filter:
  filterPattern: '{ $.eventName = StopLogging }'
  metricTransformations:
    - {metricName: Stops, metricNamespace: CloudTrailMetrics, metricValue: "1"}
"""
RULE = "id: mine\n" + FILTER
ALARM = "alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanThreshold}\n"


def read(text, **options):
    return read_rules(text, path="r.yaml", **options)


def found(text, **options):
    return [(one.line, one.column, one.name, one.message) for one in read(text, **options).findings]


# ---------------------------------------------------------------- tests of rules


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{event: {}, matches: true}", (7, 5, "missing-key", "tests[0].name is missing")),
        ("{name: t, event: {}}", (7, 5, "missing-key", "tests[0].matches is missing")),
        ("{name: t, matches: true}", (7, 5, "missing-key", "tests[0].event is missing")),
        ("{name: t}", (7, 5, "missing-key", "tests[0].matches is missing")),
        (
            "{name: t, event: {}, message: x, matches: true}",
            (7, 35, "conflicting-keys", "a test has one of 'event' and 'message'"),
        ),
        (
            "{name: t, message: x, absent: [a], matches: true}",
            (7, 35, "conflicting-keys", "'absent' takes members away from an 'event', and there is none"),
        ),
        (
            "{name: t, event: {a: 1}, absent: [b, a], matches: true}",
            (7, 42, "conflicting-keys", "'a' is given by 'event' and taken away by 'absent'"),
        ),
        ("{name: t, event: [], matches: true}", (7, 22, "wrong-type", "tests[0].event is a list; a mapping is wanted")),
        (
            "{name: t, event: {}, matches: yes}",
            (7, 35, "wrong-type", "tests[0].matches is the text 'yes'; true or false is wanted"),
        ),
        (
            "{name: t, event: {}, matches: true, events: []}",
            (7, 22, "conflicting-keys", "'event' tests a filter, 'events' an alarm: a test has one of the two"),
        ),
        (
            "{name: t, events: [], expect: [{at: 1m, state: OK}]}",
            (7, 5, "conflicting-keys", "this rule has no alarm to test"),
        ),
        ("{name: t, event: {}, match: true}", (7, 26, "unknown-key", "there is no key 'match' in tests[0]")),
    ],
)
def test_what_is_wrong_with_a_filter_test_is_said_with_its_place(test, expected):
    assert found(f"{RULE}tests:\n  - {test}\n")[0] == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{name: t, events: []}", (8, 5, "missing-key", "tests[0].expect is missing")),
        ("{name: t, expect: [{at: 1m, state: OK}]}", (8, 5, "missing-key", "tests[0].events is missing")),
        ("{name: t, events: [], expect: []}", (8, 35, "invalid-value", "tests[0].expect needs 1 entry")),
        ("{name: t, events: [], expect: [{at: 1m}]}", (8, 36, "missing-key", "nothing is expected here")),
        ("{name: t, events: [], expect: [{state: OK}]}", (8, 36, "missing-key", "tests[0].expect[0].at is missing")),
        (
            "{name: t, events: [], expect: [{at: 5, state: OK}]}",
            (8, 41, "wrong-type", "tests[0].expect[0].at is the number 5; a text is wanted"),
        ),
        (
            "{name: t, events: [], expect: [{at: soon, state: OK}]}",
            (8, 41, "invalid-value", "tests[0].expect[0].at cannot be 'soon'"),
        ),
        (
            "{name: t, events: [], expect: [{at: 1m, state: ALRM}]}",
            (8, 52, "invalid-value", "tests[0].expect[0].state cannot be 'ALRM'"),
        ),
        (
            "{name: t, events: [], expect: [{at: 1m, message: {has: x}}]}",
            (8, 55, "unknown-key", "there is no key 'has' in tests[0].expect[0].message"),
        ),
        (
            "{name: t, events: [{at: 1m}], expect: [{at: 1m, state: OK}]}",
            (8, 24, "missing-key", "tests[0].events[0].event is missing"),
        ),
        (
            "{name: t, events: [{at: 1m, event: {}, repeat: 0}], expect: [{at: 1m, state: OK}]}",
            (8, 52, "invalid-value", "tests[0].events[0].repeat is 0, the least is 1"),
        ),
        (
            "{name: t, events: [{at: 1m, event: {}, every: 1s}], expect: [{at: 1m, state: OK}]}",
            (8, 51, "conflicting-keys", "'every' needs a 'repeat' of 2 or more"),
        ),
        (
            "{name: t, events: [{at: 1m, event: {}, repeat: 2, every: 0s}], expect: [{at: 1m, state: OK}]}",
            (8, 62, "invalid-value", "'every' is 0"),
        ),
        (
            "{name: t, events: [{at: 367d, event: {}}], expect: [{at: 1m, state: OK}]}",
            (8, 29, "invalid-value", "this is later than 366d"),
        ),
        (
            "{name: t, events: [{at: 1d, event: {}, repeat: 3, every: 200d}], expect: [{at: 1m, state: OK}]}",
            (8, 62, "invalid-value", "this is later than 366d"),
        ),
        (
            "{name: t, events: [], expect: [{at: 8785h, state: OK}]}",
            (8, 41, "invalid-value", "this is later than 366d"),
        ),
        (
            "{name: t, events: [{at: 1m, event: {a: 1}, absent: a}], expect: [{at: 1m, state: OK}]}",
            (8, 56, "conflicting-keys", "'a' is given by 'event' and taken away by 'absent'"),
        ),
    ],
)
def test_what_is_wrong_with_an_alarm_test_is_said_with_its_place(test, expected):
    assert found(f"{RULE}{ALARM}tests:\n  - {test}\n")[0] == expected


def test_the_events_of_a_test_are_bounded():
    events = ", ".join(["{at: 1m, repeat: 10000, event: {}}"] * 11)
    text = f"{RULE}{ALARM}tests:\n  - {{name: t, events: [{events}], expect: [{{at: 1m, state: OK}}]}}\n"
    assert [one[2:] for one in found(text)] == [("too-many", "110,000 events in one test, 100,000 are allowed")]


def test_a_composite_rule_has_no_filter_to_test():
    text = "id: mine\ncomposite: {AlarmRule: ALARM(a)}\ntests:\n  - {name: t, event: {}, matches: true}\n"
    assert [one[2:] for one in found(text)] == [("conflicting-keys", "this rule has no filter to test")]
