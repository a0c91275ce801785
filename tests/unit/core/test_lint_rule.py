"""What the lints say about a rule: its metric, its exclusions, its samples, its neighbours (FP-13, IF-4)."""

from __future__ import annotations

from datetime import date

import pytest

from tocsin.core.finding import Severity
from tocsin.core.lint import Observation, lint_rule, lint_rules
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.rule import Exclusion, KeyPath, Rule, RuleTest

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
TRANSFORMATION: KeyPath = ("filter", "metricTransformations", 0)
VALUE: KeyPath = (*TRANSFORMATION, "metricValue")
PATTERN: KeyPath = ("filter", "filterPattern")
LOCATION: KeyPath = (*TRANSFORMATION, "dimensions", "D")


def make_rule(
    pattern: str = "{ $.eventName = StopLogging }",
    *,
    value: str = "1",
    default: float | None = None,
    dimensions: dict[str, str] | None = None,
    group: str | None = None,
    system: tuple[str, ...] = (),
    name: str = "r",
    **others: object,
) -> Rule:
    transformation = MetricTransformation(
        metric_name="M", metric_namespace="N", metric_value=value, default_value=default, dimensions=dimensions
    )
    definition = MetricFilter(
        filter_name=name,
        filter_pattern=pattern,
        metric_transformations=(transformation,),
        log_group_name=group,
        emit_system_field_dimensions=system,
    )
    return Rule(id=name, name=name, filter=definition, **others)


def told(rule: Rule, **options: object) -> list[tuple[str, Severity, KeyPath]]:
    return [(found.name, found.severity, found.key) for found in lint_rule(rule, **options)]


def test_a_sound_rule_gives_nothing() -> None:
    assert lint_rule(make_rule()) == []


def test_a_rule_without_a_filter_gives_nothing() -> None:
    assert lint_rule(Rule(id="r", name="r")) == []


# ---------------------------------------------------------------- the metric


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("{ $.eventName = A }", "1.5", []),
        ("{ $.eventName = A }", "1e999", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A }", "1e200", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A }", "length", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A }", "$length", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A }", "", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A }", "$.a = 1 || $.b", [("metric-value", ERROR, VALUE)]),
        ("{ $.eventName = A && $.bytes = * }", "$.bytes", []),
        ("{ $.eventName = A && $.bytes >= 0 }", "$.bytes", []),
        ("{ $.eventName = A && $.b[*] = * }", "$.b[*]", []),
        ("{ $.eventName = A }", "$.bytes", [("metric-value", WARNING, VALUE)]),
        ("{ $.eventName = A && $.bytes != 0 || $.eventName = B }", "$.bytes", [("metric-value", WARNING, VALUE)]),
        ("[level = ERROR, length]", "length", [("metric-value", ERROR, VALUE)]),
        ("[level = ERROR, length]", "$length", []),
        ("[level = ERROR, length]", "$2", []),
        ("[level = ERROR, length]", "$3", [("metric-value", ERROR, VALUE)]),
        ("[level = ERROR, length]", "$.length", [("metric-value", ERROR, VALUE)]),
        ("[level = ERROR, ...]", "$7", [("metric-value", WARNING, VALUE)]),
        ("[]", "x", [("metric-value", ERROR, VALUE)]),
        ("[, b = 1]", "$x", [("metric-value", ERROR, VALUE)]),
        ("ERROR", "$.a", [("metric-value", ERROR, VALUE)]),
        ("", "$a", [("metric-value", ERROR, VALUE)]),
    ],
)
def test_metric_value(pattern: str, value: str, found: list[tuple[str, Severity, KeyPath]]) -> None:
    rest = {"no-index-key", "always-matches", "neq-absent", "precedence"}
    assert [one for one in told(make_rule(pattern, value=value)) if one[0] not in rest] == found


@pytest.mark.parametrize(
    ("pattern", "value", "rewrite"),
    [
        ("[level = ERROR, length]", "length", "$length"),
        ("[level = ERROR, length]", "$.length", "$length"),
        ("[level = ERROR, length]", "size", None),
        ("{ $.eventName = A && $.size = * }", "size", "$.size"),
        ("{ $.eventName = A && $.size = * }", "bytes", None),
        ("{ $.eventName = A }", "no selector", None),
        ("ERROR", "size", None),
    ],
)
def test_the_field_that_was_meant(pattern: str, value: str, rewrite: str | None) -> None:
    (found,) = [one for one in lint_rule(make_rule(pattern, value=value)) if one.name == "metric-value"]
    assert found.rewrite == rewrite


TOO_LARGE = "{ $.eventName = A && (" + " || ".join(f'$.a = "*{a}{b}*"' for a in "abcdef" for b in "uvwxyz") + ") }"


def test_a_question_that_is_too_large_gives_no_finding() -> None:
    assert "metric-value" not in [name for name, _, _ in told(make_rule(TOO_LARGE, value="$.a"))]


@pytest.mark.parametrize(
    ("pattern", "dimensions", "default", "found"),
    [
        ("{ $.eventName = A }", {"D": "$.awsRegion"}, None, []),
        ("{ $.eventName = A }", {"D": "$.awsRegion"}, 0.0,
         [("dimensions-with-default", ERROR, (*TRANSFORMATION, "defaultValue"))]),
        ("{ $.eventName = A }", {}, 0.0, []),
        ("ERROR", {"D": "$.awsRegion"}, None, [("dimensions-on-text", ERROR, (*TRANSFORMATION, "dimensions"))]),
        ("", {"D": "$.awsRegion"}, None, [("dimensions-on-text", ERROR, (*TRANSFORMATION, "dimensions"))]),
        ("{ $.eventName = A }", {"D": "prod"}, None, [("dimension-constant", ERROR, LOCATION)]),
        ("[ip = 1*, code]", {"D": "$.ip"}, None, [("dimension-constant", ERROR, LOCATION)]),
        ("[ip = 1*, code]", {"D": "$size"}, None, [("dimension-constant", ERROR, LOCATION)]),
        ("[ip = 1*, code]", {"D": "$code"}, None, []),
        ("{ $.eventName = A }", {"D": "$.sourceIPAddress"}, None, [("cardinality", WARNING, LOCATION)]),
        ("{ $.eventName = A }", {"D": "$.userIdentity.userName"}, None, [("cardinality", WARNING, LOCATION)]),
        ("{ $.eventName = A }", {"D": "$.a[*]"}, None, []),
        ("{ $.eventName = A }", {"D": "$[0]"}, None, []),
        ("{ $.eventName = A }", dict.fromkeys("ABC", "$.awsRegion"), None,
         [("too-many", ERROR, (*TRANSFORMATION, "dimensions"))]),
    ],
)  # fmt: skip
def test_dimensions(
    pattern: str, dimensions: dict[str, str], default: float | None, found: list[tuple[str, Severity, KeyPath]]
) -> None:
    system = ("@aws.region",) if len(dimensions) == 3 else ()
    rule = make_rule(pattern, dimensions=dimensions, default=default, system=system)
    assert told(rule) == found


def test_columns_that_the_metric_reads_need_no_condition() -> None:
    assert told(make_rule("[ip, size]")) == [("always-matches", WARNING, PATTERN)]
    assert told(make_rule("[ip, size]", value="$size")) == []
    assert told(make_rule("[ip, size]", dimensions={"D": "$size"})) == []
    assert told(make_rule('""', dimensions=None)) == [("always-matches", WARNING, PATTERN)]


def test_a_refused_pattern_is_all_that_is_said_about_the_filter() -> None:
    rule = make_rule("{ eventName = A }", value="x", dimensions={"D": "x"}, default=1.0)
    assert told(rule) == [("missing-dollar", ERROR, PATTERN)]


# ---------------------------------------------------------------- index, benchmarks, parameters


@pytest.mark.parametrize(
    ("pattern", "reported"),
    [
        ("{ $.errorCode = A }", True),
        ("{ $.eventName = A || $.errorCode = B }", True),
        ("{ $.eventName = A && $.errorCode = B }", False),
        ("ERROR", False),
        ("[a = 1]", False),
    ],
)
def test_no_index_key(pattern: str, reported: bool) -> None:
    assert ("no-index-key" in [name for name, _, _ in told(make_rule(pattern))]) is reported


BENCHMARKS = {
    "CIS 4.3": '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
    "CIS 4.6": '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    "Too large": TOO_LARGE,
}


def compared(pattern: str) -> list[Observation]:
    return [one for one in lint_rule(make_rule(pattern), benchmarks=BENCHMARKS) if one.name == "text-compared"]


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.errorMessage = "Failed authentication" && $.eventName = "ConsoleLogin" }',
        '{ ($.eventName = ConsoleLogin) && (($.errorMessage = "Failed authentication")) && ($.eventName = ConsoleLogin) }',
    ],
)
def test_equal_in_meaning_and_spelt_differently(pattern: str) -> None:
    (found,) = compared(pattern)
    assert (found.severity, found.rewrite) == (INFO, BENCHMARKS["CIS 4.6"])
    assert "CIS 4.6" in found.message


@pytest.mark.parametrize(
    "pattern",
    [
        BENCHMARKS["CIS 4.6"],
        '{ $.errorMessage = "*authentication" && $.eventName = "ConsoleLogin" }',
        "{ $.eventName = ConsoleLogin }",
        "ERROR",
        f" {TOO_LARGE}",
    ],
)
def test_a_different_meaning_or_the_text_itself_is_no_finding(pattern: str) -> None:
    assert compared(pattern) == []


def test_a_form_of_the_benchmark_that_means_something_else_is_named() -> None:
    (found,) = compared('{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != "Yes" }')
    assert "CIS 4.2 (short form)" in found.message
    assert found.rewrite is None


def test_without_benchmarks_nothing_is_compared() -> None:
    rule = make_rule('{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != "Yes" }')
    assert "text-compared" not in [name for name, _, _ in told(rule)]


def test_a_benchmark_keeps_its_text() -> None:
    found = lint_rule(make_rule(BENCHMARKS["CIS 4.3"]), benchmarks=BENCHMARKS)
    assert [(one.name, one.rewrite) for one in found] == [("no-index-key", None), ("neq-absent", None)]
    assert "CIS 4.3" in found[1].hint


def test_a_finding_is_placed_where_the_pattern_is_written() -> None:
    params = {"BUCKET": "example-trail-bucket", "CODE": "zz9"}
    pattern = '{ $.eventName = A && $.b = "<BUCKET>" && $.c != "<CODE>" && $.EventName = "<NONE>" }'
    neq, unknown = lint_rule(make_rule(pattern, params=params))
    assert (neq.name, pattern[neq.position :][:3]) == ("neq-absent", "$.c")
    assert neq.rewrite == (
        '{ $.eventName = A && $.b = "<BUCKET>" && ($.c NOT EXISTS || $.c != "<CODE>") && $.EventName = "<NONE>" }'
    )
    assert (unknown.name, pattern[unknown.position :][:9]) == ("unknown-field", "EventName")


def test_a_finding_inside_a_parameter_is_placed_at_its_beginning() -> None:
    pattern = '{ $.eventName = A && $.b = "*:<WHO>" }'
    (found,) = lint_rule(make_rule(pattern, params={"WHO": "x*y"}))
    assert (found.name, pattern[found.position :][:5]) == ("inner-star", "<WHO>")


@pytest.mark.parametrize(
    ("params", "rewrite"),
    [
        ({"BUCKET": "trail"}, "{ $.eventName = A && ($.b NOT EXISTS || $.b != <BUCKET>) }"),
        ({"BUCKET": "A"}, None),  # where the value comes from is not certain
        ({"BUCKET": ""}, None),
    ],
)
def test_parameters_are_put_back_into_a_rewrite(params: dict[str, str], rewrite: str | None) -> None:
    pattern = (
        "{ $.eventName = A && $.b != <BUCKET> }" if params["BUCKET"] else '{ $.eventName = A && $.b != "<BUCKET>" }'
    )
    (found,) = lint_rule(make_rule(pattern, params=params))
    assert (found.name, found.rewrite) == ("neq-absent", rewrite)


def test_a_rewrite_that_would_not_come_back_is_left_out() -> None:
    pattern = "{ $.eventName = A && $.<ONE> != <TWO> }"
    (found,) = lint_rule(make_rule(pattern, params={"ONE": "b", "TWO": "bb"}))
    assert (found.name, found.rewrite) == ("neq-absent", None)


# ---------------------------------------------------------------- quotes of the file, samples


class Text:
    """The text of a rule, as far as the lints look at it."""

    def __init__(self, line: str, path: str = "rule.yaml") -> None:
        self.path = path
        self._line = line

    def place(self, key: KeyPath, offset: int = 0) -> tuple[int, int]:
        assert (key, offset) == (PATTERN, 0)
        return 3, self._line.index("My") + 1

    def line(self, number: int) -> str:
        assert number == 3
        return self._line


@pytest.mark.parametrize(
    ("pattern", "text", "reported"),
    [
        ("My error text", Text("  filterPattern: 'My error text'"), True),
        ("My error text", Text('  filterPattern: "My error text"'), True),
        ("My error text", Text("  filterPattern: My error text"), False),
        ("My error text", Text('  "filterPattern": "My error text"', "rules.json"), False),
        ("My error text", None, False),
        ("My", Text("  filterPattern: 'My'"), False),
        ("My -error", Text("  filterPattern: 'My -error'"), False),
        ('My "error text"', Text("  filterPattern: 'My \"error text\"'"), False),
        ("{ $.eventName = My }", Text("  filterPattern: '{ $.eventName = My }'"), False),
    ],
)
def test_quotes_of_the_file_alone_make_no_phrase(pattern: str, text: Text | None, reported: bool) -> None:
    assert ("quoting-layer" in [name for name, _, _ in told(make_rule(pattern), text=text)]) is reported


DOCUMENT = '{"eventName": "StopLogging"}'


@pytest.mark.parametrize(
    ("message", "position"),
    [
        (f"2027-01-04T00:00:00Z host app: {DOCUMENT}", 31),
        (f"{{broken {{}} {DOCUMENT}", 11),
        ('{"log": "{\\"eventName\\": \\"StopLogging\\"}\\n", "stream": "stdout"}', 1),
        ('{"l\\u006fg": "{\\"eventName\\": \\"StopLogging\\"}"}', 0),
        (DOCUMENT, None),
        ("no document {here}", None),
        ("none {}", None),
        ("{ " * 30 + DOCUMENT, None),
        ('["a"]', None),
        ('{"log": "plain", "n": 5, "o": {"log": 1}, "s": "{}", "b": "{ not json"}', None),
    ],
)
def test_samples_that_hide_their_document(message: str, position: int | None) -> None:
    rule = make_rule(tests=(RuleTest(name="a", event={}), RuleTest(name="t", message=message)))
    found = [(one.position, one.key) for one in lint_rule(rule) if one.name == "prefixed-json"]
    assert found == ([] if position is None else [(position, ("tests", 1, "message"))])


@pytest.mark.parametrize(
    ("pattern", "matches"), [("{ $.eventName = A }", False), ("StopLogging", None), ("StopLogging", True)]
)
def test_samples_that_are_meant_so(pattern: str, matches: bool | None) -> None:
    rule = make_rule(pattern, tests=(RuleTest(name="t", message=f"prefix {DOCUMENT}", matches=matches),))
    assert told(rule) == []


# ---------------------------------------------------------------- exclusions


def exclusion(when: str | None = '{ $.userIdentity.arn = "*/ci" }', **others: object) -> Exclusion:
    return Exclusion(name="ci", when=when, **{"expires": "2027-01-31", **others})


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (exclusion(), []),
        (exclusion(expires=None), [("no-expiry", WARNING, ("except", 0))]),
        (exclusion(expires="2026-06-30"), [("expired-exclusion", INFO, ("except", 0, "expires"))]),
        (exclusion(when=None, use="not-aws-internal"), [("forgeable-exclusion", WARNING, ("except", 0, "use"))]),
        (exclusion(when=None, use="not-through-a-service"), []),
        (exclusion('{ $.userAgent = "x*" }'), [("forgeable-exclusion", WARNING, ("except", 0, "when"))]),
        (exclusion('{ $.userAgent = "x*" && $.userIdentity.arn = "*/ci" }'), []),
        (exclusion("ERROR"), []),
        (exclusion("{ $.a != x }"), []),
        (exclusion("{ $.a = x && $.a = y }"), [("never-matches", ERROR, ("except", 0, "when"))]),
        (exclusion("{ a = x }"), [("missing-dollar", ERROR, ("except", 0, "when"))]),
    ],
)
def test_exclusions(one: Exclusion, found: list[tuple[str, Severity, KeyPath]]) -> None:
    assert told(make_rule(exclusions=(one,)), at=date(2027, 1, 4)) == found


def test_an_exclusion_is_read_with_its_parameters() -> None:
    one = exclusion('{ $.userIdentity.arn = "<ARN>" && $.b = Put*X }')
    (found,) = lint_rule(make_rule(exclusions=(one,), params={"ARN": "arn:aws:iam::111122223333:role/ci"}))
    assert one.when is not None
    assert (found.name, one.when[found.position :][:2]) == ("inner-star", "*X")


# ---------------------------------------------------------------- ignore, and rules together


def test_what_a_rule_ignores_is_not_said() -> None:
    rule = make_rule("{ $.errorCode != x }", ignore={"neq-absent": "meant so"})
    assert told(rule) == [("no-index-key", INFO, PATTERN)]


def many(number: int, pattern: str, **others: object) -> list[Rule]:
    return [make_rule(pattern, name=f"r{index}", **others) for index in range(number)]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (many(100, "{ $.a = x }"), []),
        (many(101, "{ $.a = x }"), [("r100", "too-many", INFO)]),
        (many(101, "{ $.a = x }", group="trail"), [("r100", "too-many", WARNING)]),
        (many(60, "{ $.a = x }", group="one") + many(60, "{ $.a = x }", group="two"), []),
        (many(5, "{ $.a = %x% }"), []),
        (many(6, "{ $.a = %x% }"), [("r5", "too-many", INFO)]),
        (many(3, "%x%") + many(3, "[a = %x%, b]"), [("r2", "too-many", INFO)]),
        (many(6, "{ $.a = %x }"), []),
        (many(6, "{ $.a NOT EXISTS }"), []),
        (many(6, "x", effective_pattern="{ $.a = %x% }"), [("r5", "too-many", INFO)]),
        (many(6, "{ $.a = %x% }", ignore={"too-many": "two log groups"}), []),
        ([Rule(id="c", name="c")] * 200, []),
    ],
)
def test_rules_of_one_log_group(rules: list[Rule], found: list[tuple[str, str, Severity]]) -> None:
    told_together = [(rule.name, one.name, one.severity) for rule, one in lint_rules(rules)]
    assert told_together == found
