import json
from datetime import date
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.rulefile import read_clauses, read_rules
from tocsin.core.finding import Severity
from tocsin.core.rule import RuleSeverity
from tocsin.errors import InternalError

FILTER = """\
filter:
  filterPattern: '{ $.eventName = StopLogging }'
  metricTransformations:
    - {metricName: Stops, metricNamespace: CloudTrailMetrics, metricValue: "1"}
"""
RULE = "id: mine\n" + FILTER
ALARM = "alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanThreshold}\n"


def read(text, **options):
    return read_rules(dedent(text), path="r.yaml", **options)


def found(text, **options):
    return [(one.line, one.column, one.name, one.message) for one in read(text, **options).findings]


def only_rule(text, **options):
    result = read(text, **options)
    assert [one for one in result.findings if one.severity is Severity.ERROR] == []
    (entry,) = result.entries
    assert entry.usable
    assert entry.lintable
    return entry.rule


# ---------------------------------------------------------------- a rule

FULL = """\
id: console-signin-failures
title: AWS Management Console sign-in failures
severity: high
why: Someone is guessing passwords.
runbook: |
  1. Look.
references: {cis: ["3.6", "4.6", "5.6"], securityhub: [CloudWatch.6], attack: T1110, tocsin: article/console-signin-failures}
false_positives: Mistyped passwords.
note: none
params: {USER: alice}
filter:
  filterPattern: '{ ($.eventName = ConsoleLogin) && ($.userIdentity.userName = "<USER>") }'
  metricTransformations:
    - {metricName: Failures, metricNamespace: CloudTrailMetrics, metricValue: "1", unit: Count, dimensions: {Region: $.awsRegion}}
  logGroupName: trail
  fieldSelectionCriteria: '@aws.region = "us-east-1"'
  emitSystemFieldDimensions: ['@aws.account']
  applyOnTransformedLogs: true
alarm:
  Statistic: Sum
  Period: 300
  EvaluationPeriods: 1
  Threshold: 3
  ComparisonOperator: GreaterThanOrEqualToThreshold
  TreatMissingData: notBreaching
except:
  - {name: drill, when: '{ $.userAgent = drill }', reason: a drill, author: bob, expires: 2027-01-31}
ignore: {no-default: the metric is sparse on purpose}
tests:
  - name: rings
    events:
      - {at: 1m, repeat: 3, every: 10s, event: {eventName: ConsoleLogin}, absent: [requestParameters]}
    expect:
      - {at: 0m, state: INSUFFICIENT_DATA}
      - {at: 2m, state: ALARM, message: {contains: [alice]}}
      - {at: 17m, never: OK}
  - {name: matches, event: {eventName: ConsoleLogin}, absent: [readOnly], matches: true}
  - {name: a raw line, message: 'not JSON', matches: false}
"""


def test_every_key_of_a_rule_is_read():
    rule = only_rule(FULL, pack="own")
    assert (rule.id, rule.name, rule.pack) == ("console-signin-failures", "own/console-signin-failures", "own")
    assert (rule.title, rule.severity) == ("AWS Management Console sign-in failures", RuleSeverity.HIGH)
    assert (rule.why, rule.runbook, rule.note) == ("Someone is guessing passwords.", "1. Look.\n", "none")
    assert rule.false_positives == "Mistyped passwords."
    assert rule.references["attack"] == ["T1110"]
    assert rule.references["tocsin"] == ["article/console-signin-failures"]
    assert rule.filter is not None
    assert rule.filter.filter_name == "own/console-signin-failures"
    assert rule.filter.filter_pattern.endswith('"<USER>") }')
    (transformation,) = rule.filter.metric_transformations
    assert (transformation.metric_value, transformation.unit) == ("1", "Count")
    assert transformation.dimensions == {"Region": "$.awsRegion"}
    assert rule.filter.log_group_name == "trail"
    assert rule.filter.emit_system_field_dimensions == ("@aws.account",)
    assert rule.filter.apply_on_transformed_logs is True
    assert rule.alarm is not None
    assert rule.alarm["Threshold"] == 3
    (exclusion,) = rule.exclusions
    assert (exclusion.name, exclusion.expires, exclusion.author) == ("drill", "2027-01-31", "bob")
    assert rule.ignore == {"no-default": "the metric is sparse on purpose"}
    assert [test.name for test in rule.tests] == ["rings", "matches", "a raw line"]
    assert rule.tests[0].events[0]["repeat"] == 3
    assert rule.tests[1].absent == ("readOnly",)
    assert rule.tests[2].message == "not JSON"


def test_the_effective_pattern_has_parameters_filled_in_and_exclusions_added():
    rule = only_rule(FULL)
    start = '{ $.eventName = ConsoleLogin && $.userIdentity.userName = "alice"'
    added = "$.userAgent NOT EXISTS || $.userAgent IS NULL || $.userAgent != drill"
    assert rule.effective_pattern == f"{start} && ({added}) }}"


def test_an_expired_exclusion_is_left_out_of_the_effective_pattern():
    rule = only_rule(FULL, at=date(2027, 1, 31))
    assert rule.effective_pattern == '{ ($.eventName = ConsoleLogin) && ($.userIdentity.userName = "alice") }'


def test_a_pattern_without_parameters_and_exclusions_stays_letter_by_letter():
    text = RULE.replace("{ $.eventName = StopLogging }", " {($.eventName=StopLogging)}")
    assert only_rule(text).effective_pattern == " {($.eventName=StopLogging)}"


def test_a_name_outside_a_pack_is_the_id_alone():
    assert only_rule(RULE).name == "mine"


def test_several_rules_stand_in_one_file():
    result = read(f"{RULE}---\n{RULE.replace('mine', 'yours')}---\n")
    assert [entry.rule.name for entry in result.entries] == ["mine", "yours"]
    assert result.findings == []


def test_json_is_accepted():
    rule = {
        "id": "mine",
        "filter": {
            "filterPattern": "{ $.a = 1 }",
            "metricTransformations": [{"metricName": "A", "metricNamespace": "B", "metricValue": "1"}],
        },
    }
    assert only_rule(json.dumps(rule)).effective_pattern == "{ $.a = 1 }"


def test_a_composite_alarm_is_a_rule():
    rule = only_rule("id: both\ncomposite: {AlarmRule: ALARM(a) AND ALARM(b), ActionsSuppressorWaitPeriod: 0}\n")
    assert rule.composite == {"AlarmRule": "ALARM(a) AND ALARM(b)", "ActionsSuppressorWaitPeriod": 0}
    assert rule.effective_pattern == ""


def test_an_alarm_may_stand_alone_on_a_metric_that_it_names():
    assert only_rule(f"id: mine\n{ALARM.replace('{', '{MetricName: M, Namespace: N, ')}").filter is None


def test_a_text_without_a_rule_is_a_warning():
    result = read("# nothing yet\n")
    assert [(one.name, one.severity) for one in result.findings] == [("no-rule", Severity.WARNING)]


def test_an_error_in_the_text_of_a_document_keeps_that_rule_alone_from_running():
    result = read(f"{RULE}---\n{RULE.replace('mine', 'yours')}why: &a x\n---\n{RULE.replace('mine', 'ours')}")
    assert [(entry.rule.name, entry.usable) for entry in result.entries] == [
        ("mine", True),
        ("yours", False),
        ("ours", True),
    ]


# ---------------------------------------------------------------- keys and types


def marked(text):
    """A text with `¦` at a place, as the text without it, and the line and column of the place."""
    before = text.partition("¦")[0]
    return text.replace("¦", ""), before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def alarm(old="", new="", start="{"):
    return f"{RULE}{ALARM.replace(old, new).replace('{', start)}"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("¦[]", "wrong-type", "a rule is a list; a mapping is wanted"),
        ("¦x", "wrong-type", "a rule is the text 'x'; a mapping is wanted"),
        (f"¦{FILTER}", "missing-key", "id is missing"),
        (f"id: ¦Mine\n{FILTER}", "invalid-value", "id cannot be 'Mine'"),
        (f"id: ¦7\n{FILTER}", "wrong-type", "id is the number 7; a text is wanted"),
        (f"{RULE}¦titel: x\n", "unknown-key", "there is no key 'titel'"),
        (f"{RULE}title: ¦[x]\n", "wrong-type", "title is a list; a text is wanted"),
        (f"{RULE}why:¦\n", "wrong-type", "why is empty; a text is wanted"),
        (f"{RULE}severity: ¦hgih\n", "invalid-value", "severity cannot be 'hgih'"),
        (f"{RULE}references: {{cis: [¦3.6]}}\n", "wrong-type", "references.cis[0] is the number 3.6; a text is wanted"),
        (f"{RULE}references: {{¦sis: ['3.6']}}\n", "unknown-key", "there is no key 'sis' in references"),
        (f"{RULE}references: {{cis: [a, b, c, ¦d]}}\n", "too-many", "references.cis has 4 entries, 3 are allowed"),
        (f"{RULE}params: {{¦role: x}}\n", "invalid-value", "a name in params cannot be 'role'"),
        (f"{RULE}ignore: {{no-default: ¦''}}\n", "invalid-value", "ignore.no-default is empty"),
        ("¦id: mine\n", "missing-key", "filter is missing"),
        ("id: mine\nfilter: ¦{}\n", "missing-key", "filter.filterPattern is missing"),
        (f"id: mine\n{ALARM.replace('{', '¦{')}", "missing-key", "alarm.MetricName is missing"),
        (
            f"{RULE}composite: {{AlarmRule: ALARM(a)}}\n".replace("filter:", "¦filter:", 1),
            "conflicting-keys",
            "a rule with 'composite' has no 'filter'",
        ),
        ("id: mine\ncomposite: ¦{}\n", "missing-key", "composite.AlarmRule is missing"),
        ("id: mine\ncomposite: {AlarmRule: a, ¦Foo: b}\n", "unknown-key", "there is no key 'Foo' in composite"),
        (
            f"id: mine\n¦except: []\n{ALARM.replace('{', '{MetricName: M, ')}",
            "conflicting-keys",
            "'except' belongs to a pattern, and there is none",
        ),
        (alarm("Period: 60", "¦Perod: 60"), "unknown-key", "there is no key 'Perod' in alarm"),
        (alarm("Period: 60", "Period: ¦1.5"), "invalid-value", "alarm.Period is 1.5; a whole number is wanted"),
        (alarm("Period: 60", "Period: ¦0"), "invalid-value", "alarm.Period is 0, the least is 1"),
        (
            alarm("GreaterThanThreshold", "¦GreaterThan"),
            "invalid-value",
            "alarm.ComparisonOperator cannot be 'GreaterThan'",
        ),
        (
            alarm("Threshold: 1", "Threshold: ¦one"),
            "wrong-type",
            "alarm.Threshold is the text 'one'; a number is wanted",
        ),
        (
            alarm(start="{ActionsEnabled: ¦sure, "),
            "wrong-type",
            "alarm.ActionsEnabled is the text 'sure'; true or false is wanted",
        ),
        (
            alarm(start="{EvaluationInterval: ¦9999, "),
            "invalid-value",
            "alarm.EvaluationInterval is 9999, the most is 3600",
        ),
        (f"{RULE}tests: ¦{{}}\n", "wrong-type", "tests is a mapping; a list is wanted"),
        (f"{RULE}alarm: ¦true\n", "wrong-type", "alarm is the boolean true; a mapping is wanted"),
    ],
)
def test_a_wrong_key_or_type_is_said_with_its_place(text, name, message):
    text, line, column = marked(text)
    assert found(text)[:1] == [(line, column, name, message)]


def test_every_finding_of_a_text_is_made_at_once():
    text = f"titel: x\nseverity: 7\n{FILTER.replace('filterPattern', 'filterPatern')}foo: 1\n"
    assert [(line, name) for line, _, name, _ in found(text)] == [
        (1, "unknown-key"),
        (2, "wrong-type"),
        (4, "unknown-key"),
        (4, "missing-key"),
        (7, "unknown-key"),
        (1, "missing-key"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("filterPattern", "filterPatern", "did you mean 'filterPattern'?"),
        (
            "'{ $.eventName = StopLogging }'",
            "{ $.eventName = StopLogging }",
            "text that starts with { stands in single quotes: '{ $.eventName = StopLogging }'",
        ),
        (
            "'{ $.eventName = StopLogging }'",
            "[ip, user]",
            "text that starts with [ stands in single quotes: '[ip, user]'",
        ),
        ('metricValue: "1"', "metricValue: 1", 'put it in quotes: "1"'),
        ("id: mine", "id: mine\nseverity: urgent", "one of info, low, medium, high, critical"),
        ("id: mine", "id: mine\nwhy: {\n  a: b}", ""),
        ("id: mine", "id: mine\nexcept: [{name: a, reason: b, when: c, expires: 2027}]", "a date: 2027-01-31"),
        ("id: mine", "id: mine\nalarm: {Period: '60', MetricName: x}", "leave out the quotes: 60"),
    ],
)
def test_the_remedy_is_said_where_it_is_plain(old, new, expected):
    assert expected in [one.hint for one in read(RULE.replace(old, new)).findings]


# ---------------------------------------------------------------- FP-9.1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "metricName: Stops",
            "metricName: 'a:b'",
            (5, 20, "invalid-value", "filter.metricTransformations[0].metricName cannot be 'a:b'"),
        ),
        (
            "metricName: Stops",
            f"metricName: {'x' * 256}",
            (5, 20, "invalid-value", "filter.metricTransformations[0].metricName has 256 characters, 255 are allowed"),
        ),
        (
            "metricNamespace: CloudTrailMetrics",
            "metricNamespace: a$b",
            (5, 44, "invalid-value", "filter.metricTransformations[0].metricNamespace cannot be 'a$b'"),
        ),
        (
            'metricValue: "1"',
            "metricValue: ''",
            (5, 76, "invalid-value", "filter.metricTransformations[0].metricValue is empty"),
        ),
        (
            'metricValue: "1"',
            "unit: Counts, metricValue: '1'",
            (5, 69, "invalid-value", "filter.metricTransformations[0].unit cannot be 'Counts'"),
        ),
        (
            'metricValue: "1"',
            "Value: '1'",
            (5, 63, "unknown-key", "there is no key 'Value' in filter.metricTransformations[0]"),
        ),
        (
            'metricValue: "1"',
            'metricValue: "1", defaultValue: none',
            (
                5,
                95,
                "wrong-type",
                "filter.metricTransformations[0].defaultValue is the text 'none'; a number is wanted",
            ),
        ),
        (
            'metricValue: "1"',
            'metricValue: "1", dimensions: {a: $.a, b: $.b, c: $.c, d: $.d}',
            (5, 118, "too-many", "filter.metricTransformations[0].dimensions has 4 entries, 3 are allowed"),
        ),
        (
            "filterPattern",
            "filterName: 'a*b'\n  filterPattern",
            (3, 15, "invalid-value", "filter.filterName cannot be 'a*b'"),
        ),
        (
            "filterPattern",
            "logGroupName: 'a b'\n  filterPattern",
            (3, 17, "invalid-value", "filter.logGroupName cannot be 'a b'"),
        ),
        (
            "filterPattern",
            "emitSystemFieldDimensions: ['@aws.acount']\n  filterPattern",
            (3, 31, "invalid-value", "filter.emitSystemFieldDimensions[0] cannot be '@aws.acount'"),
        ),
        (
            "filterPattern",
            "fieldSelectionCriteria: '@aws.acount = \"1\"'\n  filterPattern",
            (3, 28, "invalid-value", "fieldSelectionCriteria: unexpected '@'"),
        ),
        (
            "filterPattern",
            "fieldSelectionCriteria: '@aws.account == \"1\"'\n  filterPattern",
            (3, 42, "invalid-value", None),
        ),
    ],
)
def test_the_constraints_of_put_metric_filter_are_checked(old, new, expected):
    (only,) = found(RULE.replace(old, new))[:1]
    assert only[:3] == expected[:3]
    assert expected[3] in (None, only[3])


def test_a_namespace_may_hold_a_colon_as_on_aws():
    assert found(RULE.replace("metricNamespace: CloudTrailMetrics", "metricNamespace: 'a:b'")) == []


def test_system_fields_count_as_dimensions():
    text = RULE.replace('metricValue: "1"', 'metricValue: "1", dimensions: {a: $.a, b: $.b}')
    text = text.replace("filterPattern", "emitSystemFieldDimensions: ['@aws.account', '@aws.region']\n  filterPattern")
    assert found(text) == [(6, 93, "too-many", "4 dimensions with the system's, 3 are allowed")]


@pytest.mark.parametrize(("count", "name"), [(0, "invalid-value"), (2, "too-many")])
def test_a_filter_has_exactly_one_transformation(count, name):
    one = '{metricName: A, metricNamespace: B, metricValue: "1"}'
    text = f"id: mine\nfilter:\n  filterPattern: x\n  metricTransformations: [{', '.join([one] * count)}]\n"
    assert [finding[2] for finding in found(text)] == [name]


# ---------------------------------------------------------------- shared clauses


def test_clauses_are_read_by_name():
    text = "- {name: a, clause: '($.a NOT EXISTS)', forgeable: false}\n- {name: b, clause: '($.b = 1)'}\n"
    assert read_clauses(text, path="c.yaml") == {"a": "($.a NOT EXISTS)", "b": "($.b = 1)"}


@pytest.mark.parametrize("text", ["", "a: b", "- {name: a}", "- [", "[]"])
def test_broken_clauses_are_a_defect_of_ours(text):
    with pytest.raises(InternalError):
        read_clauses(text, path="c.yaml")


# ---------------------------------------------------------------- hostile texts

_KEYS = st.sampled_from(
    ["id", "filter", "filterPattern", "metricTransformations", "alarm", "except", "tests", "x", "params"]
)
_NODES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "<A>", "{ $.a = 1 }", "1m", "ALARM"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)


@given(_NODES)
def test_no_document_makes_the_reader_raise(node):
    result = read(json.dumps(node))
    for finding in result.findings:
        assert finding.line >= 1
        assert finding.column >= 1
    assert all(
        entry.usable is False
        for entry in result.entries
        if any(f.rule == entry.rule.name and f.severity is Severity.ERROR for f in result.findings)
    )
