"""What the lints say about a pattern alone (FP-13, detections.md 10.3)."""

from __future__ import annotations

import pytest

from tocsin.core.finding import Severity
from tocsin.core.lint import SPECS, Observation, lint_pattern
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.equivalence import Relation, equivalent

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
MFA = "$.userIdentity.sessionContext.attributes.mfaAuthenticated"
AVERAGE = "$.insightDetails.insightContext.statistics.insight.average"
AGENT = "$.userAgent"


def names(source: str) -> list[str]:
    return [found.name for found in lint_pattern(source)]


def only(source: str, name: str) -> Observation:
    (found,) = [one for one in lint_pattern(source) if one.name == name]
    return found


@pytest.mark.parametrize(
    ("source", "name", "severity", "at"),
    [
        # FP-13.1
        ('{ $.a = 1 && $.b != "x" }', "neq-absent", WARNING, "$.b"),
        ("{ $.eventType != AwsServiceEvent }", "neq-absent", WARNING, "$.eventType"),
        ("{ $.b = 1 || $.a != x }", "neq-absent", WARNING, "$.a"),
        ("{ ($.a NOT EXISTS || $.a != y) && $.a != x && $.z = 1 }", "neq-absent", WARNING, "$.a != x"),
        ("{ $.userIdentity.type = IAMUser && $.userIdentity.arn != a }", "neq-absent", WARNING, "$.userIdentity.arn"),
        ("{ $.userIdentity.type != Root && $.eventName = A }", "neq-absent", WARNING, "$.userIdentity"),
        # FP-13.2
        ("{ $.a = x && $.a = y }", "never-matches", ERROR, "$.a = x"),
        ("{ $.b = 1 && ($.a = x && ($.a = y && $.c = 1)) }", "never-matches", ERROR, "$.a = x"),
        ("{ $.a = x && $.a NOT EXISTS }", "never-matches", ERROR, "$.a"),
        ("{ $.a IS NULL && $.a = x }", "never-matches", ERROR, "$.a"),
        ("{ $.n > 5 && $.n < 5 }", "never-matches", ERROR, "$.n"),
        ("{ $.n > abc }", "never-matches", ERROR, "$.n"),
        ('{ $.n >= "5" }', "never-matches", ERROR, "$.n"),
        ("{ $.a != * }", "never-matches", ERROR, "$.a"),
        (r"{ $.a = %a^% }", "never-matches", ERROR, "$.a"),
        ("{ ($.a = x || $.a = y) && $.a = z }", "never-matches", ERROR, "$.a = x"),
        ("{ $.b = 1 && ($.n > x || $.n < y) }", "never-matches", ERROR, "$.n"),
        ("{ $.a = x && ($.b = y || ($.a = z && $.c = w)) }", "never-matches", WARNING, "$.a = x"),
        ("{ $.b = y || $.n > x }", "never-matches", WARNING, "$.n"),
        ("{ $.b = y || ($.a = z && $.a = w) }", "never-matches", WARNING, "$.a"),
        ("ERROR -ERR", "never-matches", ERROR, "-ERR"),
        ('a -" "', "never-matches", ERROR, '-" "'),
        ("%^ab% -b -%a%", "never-matches", ERROR, "-b"),
        ("%b|c% -%[b-c]%", "never-matches", ERROR, "-%[b"),
        ("[a = x && a = y, b]", "never-matches", ERROR, "a = x"),
        ("[a = x, b = 1 && a = y]", "never-matches", ERROR, "a = x"),
        # FP-13.3
        ("{ $.EventName = A }", "unknown-field", WARNING, "EventName"),
        ("{ $.userIdentity.ARN = A }", "unknown-field", WARNING, "ARN"),
        ("{ $.additionalEventData.MfaUsed = Yes }", "unknown-field", WARNING, "MfaUsed"),
        ("{ $.resources[*].arn = A }", "unknown-field", WARNING, "arn"),
        ("{ $.['UserIdentity'].type = A }", "unknown-field", WARNING, "UserIdentity"),
        # FP-13.4, detections.md 10.3
        ("[ERROR]", "always-matches", WARNING, "["),
        ("[a, b]", "always-matches", WARNING, "["),
        ("[..., a]", "always-matches", WARNING, "["),
        ("[]", "always-matches", WARNING, "["),
        ('""', "always-matches", WARNING, '"'),
        ('" "', "always-matches", WARNING, '"'),
        ("%a|%", "always-matches", WARNING, "%"),
        ("{ $.a = %a|% }", "always-matches", WARNING, "%"),
        ("{ $.eventName != a || $.eventName != b }", "always-matches", WARNING, "$"),
        ("{ $.c = d && ($.a != a || $.a != b) }", "always-matches", WARNING, "$.a"),
        ("{ $.c = d || $.eventSource != a || $.eventName != b }", "always-matches", WARNING, "$.eventS"),
        ("{ $.c = d || $.eventName = * }", "always-matches", WARNING, "$.eventName"),
        ("{ $.eventName = a || $.eventName != a }", "always-matches", WARNING, "$"),
        # FP-13.9 to FP-13.12, FP-13.33, too-many: refused
        ('{ $.a = \\"x\\" }', "quoting-layer", ERROR, "\\"),
        ("{ $.a = “x” }", "quoting-layer", ERROR, "“"),
        ("{ $.a = a:b }", "special-character", ERROR, ":"),
        ("My(error", "special-character", ERROR, "("),
        ("{ eventName = A }", "missing-dollar", ERROR, "eventName"),
        ("[a, b = 1 && c = 2]", "undeclared-column", ERROR, "c = 2"),
        ("[a, = 1]", "syntax", ERROR, "= 1"),
        ("{ $.a = 1 && }", "syntax", ERROR, "}"),
        ("{ $.a[*].b[*] = 1 }", "too-many", ERROR, "[*] = 1"),
        ("{ $.a = %x% || $.b = %y% || $.c = %z% }", "too-many", ERROR, "%z%"),
        (f"{{ $.a = {'x' * 1024} }}", "too-many", ERROR, "xxxxxxxx"),
        # FP-13.9: accepted
        ('"{ $.a = 1 }"', "quoting-layer", WARNING, '"'),
        ("{ $.a = \"'x'\" }", "quoting-layer", WARNING, '"'),
        # FP-13.17
        ("{ $.a = %^x% }", "regex-cost", INFO, "%"),
        ("%x y%", "regex-cost", INFO, "%"),
        ("{ $.a = %[xy]% && $.b = %[xy]% }", "regex-cost", INFO, "%[xy]% }"),
        # FP-13.19, FP-13.20
        ("?a ?b c", "optional-ignored", WARNING, "?a"),
        ("a -b ?c", "optional-ignored", WARNING, "?c"),
        ("a OR b", "operator-word", WARNING, "OR"),
        ("NOT b", "operator-word", WARNING, "NOT"),
        ("a AND", "operator-word", WARNING, "AND"),
        # FP-13.21
        ("{ $.a = Put*Policy }", "inner-star", WARNING, "*"),
        ('{ $.a = "*Put*Policy*" }', "inner-star", WARNING, "*Policy"),
        ('{ $.a = "Get?" }', "inner-star", WARNING, "?"),
        ('{ $.a = "%^x%" }', "inner-star", WARNING, '"'),
        ('{ $.a = "^Delete" }', "inner-star", WARNING, '"'),
        ('{ $.a = "Delete|Stop" }', "inner-star", WARNING, '"'),
        ('[a = "x*y", b]', "inner-star", WARNING, "*"),
        # FP-13.22
        ("{ $.userIdentity = * }", "container", ERROR, "$"),
        ("{ $.userIdentity IS TRUE }", "container", ERROR, "$"),
        ("{ $.resources[0] != x }", "container", ERROR, "$"),
        ("{ $.resources.type = x }", "container", ERROR, "$"),
        ("{ $.resources.* = x }", "container", ERROR, "$"),
        ("{ $.userIdentity[0] = x }", "container", ERROR, "$"),
        ("{ $.requestParameters = * }", "container", WARNING, "$"),
        # FP-13.23
        (f"{{ {MFA} IS TRUE }}", "boolean-text", WARNING, "$"),
        ("{ $.errorCode IS FALSE }", "boolean-text", WARNING, "$"),
        ("{ $.readOnly = true }", "boolean-text", WARNING, "$"),
        ('{ $.managementEvent = "false" }', "boolean-text", WARNING, "$"),
        # FP-13.24
        ("{ $.recipientAccountId = 111122223333 }", "number-vs-text", WARNING, "111122223333"),
        ("{ $.eventVersion >= 1.08 }", "number-vs-text", WARNING, "$"),
        (f'{{ {AVERAGE} = "5" }}', "number-vs-text", WARNING, '"5"'),
        # FP-13.25, FP-13.28, FP-13.29
        ("{ $.a[*] != x }", "wildcard-neq", WARNING, "$"),
        ('{ $.a = "C:\\temp" }', "single-backslash", WARNING, "\\"),
        ("[a, a = 1]", "duplicate-column", WARNING, "a = 1"),
        ("[a, b = 1 && a = 2]", "foreign-column", WARNING, "a = 2"),
        ("{ $.a = eu-west-1 }", "undocumented", INFO, "eu-"),
        ("[a = x-y]", "undocumented", INFO, "x-y"),
        ('{ $.a["b"] = 1 }', "undocumented", INFO, '["b"]'),
        ("{ $.a.[0] = 1 }", "undocumented", INFO, ".[0]"),
        ("{ $.a[*] NOT EXISTS }", "undocumented", INFO, "$"),
        ("{ $.a = true }", "undocumented", INFO, "$"),
        ("a %[bc]%", "undocumented", INFO, "%"),
        # detections.md 10.3
        ("{ $.a = 1 || $.b = 2 && $.c = 3 }", "precedence", WARNING, "&&"),
        ("[a = 1 && a > 2 || a = 3, b]", "precedence", WARNING, "&&"),
        ('{ $.requestParameters.principal = "*" }', "lone-star", WARNING, '"*"'),
        ("{ $.requestParameters.policy.Statement[0].Action[*] = * }", "lone-star", WARNING, "* }"),
        ('{ $.requestParameters.bucketPolicy.Statement[*].Principal = "*" }', "lone-star", INFO, '"*"'),
        ("{ $.t[*].key = a && $.t[*].value = b }", "same-element", WARNING, "$.t[*].value"),
        ("{ $.t[*].n > 1 && ($.t[*].n < 5 || $.z = 1) }", "same-element", WARNING, "$.t[*].n < 5"),
        ('{ $.userIdentity.arn = "*:assumed-role/R/s1" }', "session-key", WARNING, '"'),
        ('{ $.userIdentity.principalId = "AROAEXAMPLE:s1" }', "session-key", WARNING, '"'),
        (f'{{ $.eventName = A && {AGENT} != "x*" }}', "forgeable-exclusion", WARNING, AGENT),
        (f'{{ $.eventName = A && ({AGENT} NOT EXISTS || {AGENT} IS NULL || {AGENT} != "x") }}', "forgeable-exclusion",
         WARNING, f"{AGENT} !="),
    ],
)  # fmt: skip
def test_is_reported(source: str, name: str, severity: Severity, at: str) -> None:
    found = only(source, name) if names(source).count(name) == 1 else lint_pattern(source)[0]
    assert (found.name, found.severity, found.spec, found.key) == (name, severity, SPECS[name][0], ())
    assert source[found.position :].startswith(at)
    assert found.message


@pytest.mark.parametrize(
    ("source", "name"),
    [
        # Proved present, asked for, or always there.
        ("{ $.a = * && $.a != x }", "neq-absent"),
        ("{ ($.a = k || $.a = l) && $.a != x && $.a != y }", "neq-absent"),
        ("{ $.a > 5 && $.a != 7 }", "neq-absent"),
        ("{ $.a NOT EXISTS || $.a != x }", "neq-absent"),
        ("{ $.z = 1 && ($.a NOT EXISTS || ($.a != x && $.a != y)) }", "neq-absent"),
        ("{ $.a NOT EXISTS && $.b = 1 || $.a != x }", "neq-absent"),
        ("{ $.eventName != x && $.sourceIPAddress != y }", "neq-absent"),
        ("{ $.userIdentity.type = IAMUser && $.userIdentity.userName != x }", "neq-absent"),
        ("{ $.userIdentity != x }", "neq-absent"),
        ("{ $.a[*] != x }", "neq-absent"),
        ("{ $.a != * }", "neq-absent"),
        ("[a != x]", "neq-absent"),
        ("a", "neq-absent"),
        # Satisfiable.
        ("{ $.n = 5 && $.n = 5.0 }", "never-matches"),
        ('{ $.a = "x*" && $.a = "*y" }', "never-matches"),
        ("{ $.a[*] = x && $.a[*] = y }", "never-matches"),
        ("{ $.n > 5 && $.n < 6 }", "never-matches"),
        ("{ $.a = x && $.a.b NOT EXISTS }", "never-matches"),
        ("ERR -ERROR", "never-matches"),
        # Known names, and names that anyone may use.
        ("{ $.requestParameters.Name = A }", "unknown-field"),
        ("{ $.x.y = A && $.eventName = B }", "unknown-field"),
        ("{ $.resources[0].ARN = A }", "unknown-field"),
        ("{ $.* = A }", "unknown-field"),
        # Selective.
        ("", "always-matches"),
        ("{ $.eventName = * }", "always-matches"),
        ("{ $.eventName = a && ($.eventSource != x || $.awsRegion != y) }", "always-matches"),
        ("{ $.a NOT EXISTS || $.a = * }", "always-matches"),
        ("{ $.a[*] != x || $.a[*] != y }", "always-matches"),
        ("{ $.a != x || $.b = y }", "always-matches"),
        ("{ $.a = %x% }", "always-matches"),
        ("[a = 1 || a = 2]", "always-matches"),
        # Plain values.
        ('{ $.a = "*.html*" && $.b = "10.*" && $.c = "TLSv1.*" }', "inner-star"),
        ('{ $.a = "Are you sure?" && $.b = "https://x/y?z" && $.n > 5 }', "inner-star"),
        ('{ $.a = "*" && $.b = "**" }', "inner-star"),
        ("{ $.a = 'x' }", "inner-star"),
        ("{ $.requestParameters IS NULL && $.userIdentity NOT EXISTS }", "container"),
        ("{ $.userIdentity IS NULL }", "container"),
        ("{ $.resources[*].type = x }", "container"),
        ("{ $.readOnly IS TRUE }", "boolean-text"),
        (f'{{ {MFA} = "true" && {MFA} IS NULL }}', "boolean-text"),
        ('{ $.readOnly IS TRUE || $.readOnly = "true" }', "boolean-text"),
        ("{ $.x IS TRUE }", "boolean-text"),
        ("{ $.readOnly = x }", "boolean-text"),
        ('{ $.recipientAccountId = "111122223333" && $.x = 5 && $.y = "5" }', "number-vs-text"),
        (f"{{ {AVERAGE} > 5 }}", "number-vs-text"),
        # Spelling.
        ("{ $.a = 1 || ($.b = 2 && $.c = 3) }", "precedence"),
        ("{ ($.a = 1 && $.b = 2) || $.c = 3 || $.d = 4 }", "precedence"),
        ('{ $.a = "&& ||" && $.b = %x|y% }', "precedence"),
        ("[a = 1 && a < 2, b = 1 || b = 2]", "precedence"),
        ("{ $.a = -5 && $.b = 1e-3 }", "undocumented"),
        ("{ $.['a b'].x = true1 && $.a[0] = 1 && $.readOnly = \"true\" }", "undocumented"),
        ("%[ab]c%", "undocumented"),
        ("{ $.a = %^x|^y% }", "regex-cost"),
        ("{ $.a = %x.y% }", "regex-cost"),
        ("{ $.a = %^$% }", "regex-cost"),
        ("%^x%", "regex-cost"),
        ("% %", "regex-cost"),
        ("{ $.a = %x*% }", "regex-cost"),
        (r"{ $.a = %\*% }", "regex-cost"),
        # Text.
        ("?a ?b", "optional-ignored"),
        ("a -b", "optional-ignored"),
        ("OR", "operator-word"),
        ('a "OR" b', "operator-word"),
        ("a -OR", "operator-word"),
        ("a %OR%", "operator-word"),
        ('"[ERROR]"', "quoting-layer"),
        ('"{ not a pattern }"', "quoting-layer"),
        ('-"{ $.a = 1 }"', "quoting-layer"),
        ('a "{ $.a = 1 }"', "quoting-layer"),
        ("%a%", "quoting-layer"),
        # Others.
        ("{ $.a[*] = x }", "wildcard-neq"),
        ("{ $.t[*].key = a || $.t[*].value = b }", "same-element"),
        ("{ $.t[*].key = a && $.u[*].value = b }", "same-element"),
        ("{ $.t[*].key = a && $.t[*].key = b }", "same-element"),
        ("{ $.t[*].key NOT EXISTS && $.t[*].value = b }", "same-element"),
        ("{ ($.t[*].key = a && $.z = 1) || ($.t[*].value = b && $.y = 1) }", "same-element"),
        ('{ $.principal = "*" && $.requestParameters.userName = * }', "lone-star"),
        ('[a = "*", b]', "lone-star"),
        ('{ $.requestParameters.action != "*" }', "lone-star"),
        ('{ $.userIdentity.arn = "*:assumed-role/R/*" && $.a = "*:assumed-role/R/i-*" }', "session-key"),
        ('{ $.a = "AROAEXAMPLE:s1" && $.*.principalId = "AROAEXAMPLE:s1" }', "session-key"),
        ('{ $.userIdentity.principalId = "AROAEXAMPLE:*" }', "session-key"),
        (f'{{ $.eventName = A && ({AGENT} != "x" || $.sourceIPAddress != "192.0.2.1") }}', "forgeable-exclusion"),
        (f'{{ {AGENT} = "x" && {AGENT} NOT EXISTS }}', "forgeable-exclusion"),
    ],
)
def test_is_not_reported(source: str, name: str) -> None:
    assert name not in names(source)


@pytest.mark.parametrize(
    ("source", "name", "rewrite"),
    [
        ("{ $.a != x }", "neq-absent", "{ $.a NOT EXISTS || $.a != x }"),
        ("{ $.a = 1 && $.b != x }", "neq-absent", "{ $.a = 1 && ($.b NOT EXISTS || $.b != x) }"),
        ("{ $.b != x && $.a = 1 && $.b != y }", "neq-absent",
         "{ ($.b NOT EXISTS || ($.b != x && $.b != y)) && $.a = 1 }"),
        ("{ $.c = 1 || $.b != x }", "neq-absent", "{ $.c = 1 || $.b NOT EXISTS || $.b != x }"),
        ("{ $.b != x || $.b != y }", "neq-absent", "{ $.b NOT EXISTS || $.b != x || $.b != y }"),
        ("{ $.a = 1 || ($.c = 2 && ($.b != x || $.d = 3)) }", "neq-absent",
         "{ $.a = 1 || ($.c = 2 && ($.b NOT EXISTS || $.b != x || $.d = 3)) }"),
        (f"{{ $.a != {'x' * 1010} }}", "neq-absent", None),
        ("{ $.a = 1 || $.b = 2 && $.c = 3 }", "precedence", "{ $.a = 1 || ($.b = 2 && $.c = 3) }"),
        ("{$.a=1&&$.b=2||$.c=3&&$.d=4}", "precedence", "{($.a=1&&$.b=2)||($.c=3&&$.d=4)}"),
        ("[a = 1 || a > 2 && a < 4, b]", "precedence", "[a = 1 || (a > 2 && a < 4), b]"),
        ("{ $.EventName = A }", "unknown-field", "{ $.eventName = A }"),
        ("{ $.userIdentity.['ARN'] = A }", "unknown-field", "{ $.userIdentity.['arn'] = A }"),
        ("{ $.recipientAccountId = 111122223333 }", "number-vs-text", '{ $.recipientAccountId = "111122223333" }'),
        ("{ $.eventVersion >= 1.08 }", "number-vs-text", None),
        (f'{{ {AVERAGE} = "5" }}', "number-vs-text", f"{{ {AVERAGE} = 5 }}"),
        (f"{{ {MFA} IS TRUE }}", "boolean-text", f'{{ {MFA} = "true" }}'),
        ("{ $.errorCode IS TRUE }", "boolean-text", None),
        ("{ $.readOnly = true }", "boolean-text", "{ $.readOnly IS TRUE }"),
        ('{ $.readOnly != "true" && $.eventName = A }', "boolean-text", "{ $.readOnly IS FALSE && $.eventName = A }"),
        ('{ $.a = "C:\\x\\y" }', "single-backslash", '{ $.a = "C:\\\\x\\\\y" }'),
        ("{ $.a = eu-west-1 || $.a = us-east-1 }", "undocumented", '{ $.a = "eu-west-1" || $.a = "us-east-1" }'),
        ('{ $.["a"].[0] = 1 && $["b"] = 2 }', "undocumented", "{ $.['a'][0] = 1 && $.['b'] = 2 }"),
        ("{ $.a = %^x% || $.b = %y% }", "regex-cost", '{ $.a = "x*" || $.b = "*y*" }'),
        ("{ $.a = %^x$% }", "regex-cost", '{ $.a = "x" }'),
        (r"%\x28a\x29%", "regex-cost", '"(a)"'),
        ("{ eventName = A && foo != b }", "missing-dollar", "{ $.eventName = A && $.foo != b }"),
        ("{ $.a = a:b }", "special-character", '{ $.a = "a:b" }'),
        ("'{ $.a = 1 }'", "quoting-layer", "{ $.a = 1 }"),
        ('"{ $.a = 1 }"', "quoting-layer", "{ $.a = 1 }"),
        ('{ $.a = "%^x%" }', "inner-star", "{ $.a = %^x% }"),
        ('{ $.a = "%(x)%" }', "inner-star", None),
        ("{ $.a = Put*Policy }", "inner-star", None),
        ("?a b", "optional-ignored", None),
        ("a OR b", "operator-word", None),
    ],
)  # fmt: skip
def test_rewrite(source: str, name: str, rewrite: str | None) -> None:
    found = next(one for one in lint_pattern(source) if one.name == name)
    assert found.rewrite == rewrite
    assert rewrite is None or rewrite in found.hint or name not in {"neq-absent", "precedence", "unknown-field"}


@pytest.mark.parametrize("name", ["precedence", "single-backslash", "undocumented", "regex-cost"])
def test_a_rewrite_of_spelling_keeps_the_meaning(name: str) -> None:
    for source in [
        "{ $.a = 1 || $.b = 2 && $.c = 3 }",
        "[a = 1 && a < 2 || a = 4]",
        '{ $.a = "C:\\temp" }',
        '{ $.["a"][0] = b-c }',
        "{ $.a = %^x% && $.b = %y$% }",
        "%abc%",
    ]:
        for found in lint_pattern(source):
            if found.name == name and found.rewrite is not None:
                before, after = FilterPattern.parse(source), FilterPattern.parse(found.rewrite)
                assert equivalent(before, after).relation is Relation.EQUAL


@pytest.mark.parametrize(
    "source",
    [
        "{ $.a = 1 && $.b != x }",
        "{ $.b != x && $.a = 1 && $.b != y || $.c = 2 }",
        '{ $.eventName = A && ($.errorCode != "x" || $.errorMessage != "y") }',
    ],
)
def test_the_rewrite_for_absence_only_adds_events_and_is_then_silent(source: str) -> None:
    rewrite = next(one.rewrite for one in lint_pattern(source) if one.name == "neq-absent")
    assert rewrite is not None
    assert equivalent(FilterPattern.parse(source), FilterPattern.parse(rewrite)).relation is Relation.A_IMPLIES_B
    assert not {"neq-absent", "precedence"} & set(names(rewrite))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{ $.a = x && $.b = 1 && $.a = y }", ["$.a = x and $.a = y", "||"]),
        ("{ $.a NOT EXISTS && $.a = y }", ["NOT EXISTS", "absent"]),
        ("{ $.n > 5 && $.n < 4 }", ["$.n > 5 and $.n < 4"]),
        ("{ $.a = x && $.a.b = y }", ["$.a = x and $.a.b = y"]),
        ("{ $.n > x }", ["FP-5.5", "number"]),
        ("{ $.n > x || $.m > y }", ["no branch"]),
        ("ERROR -ERR", ["ERROR", "ERR"]),
        ('-" "', ["blanks"]),
        ("%b|c% -%[b-c]% -x", ["%[b-c]%"]),
        ("%a.*b|c% -%a.*b% -c", ["exclude one another"]),
    ],
)
def test_a_contradiction_is_told_clause_by_clause(source: str, words: list[str]) -> None:
    found = only(source, "never-matches")
    assert all(word in found.message + found.hint for word in words)


def test_a_long_expression_is_cut_in_a_message() -> None:
    branches = " || ".join(f"$.a = name{number}" for number in range(30))
    found = only(f"{{ $.a = other && ({branches}) }}", "never-matches")
    assert "…" in found.message
    assert len(found.message) < 500


@pytest.mark.parametrize(
    ("selector", "inside"),
    [("$.userIdentity", "$.userIdentity.type"), ("$.resources", "$.resources[*].accountId"), ("$.eventContext", "")],
)
def test_a_container_names_a_field_inside_it(selector: str, inside: str) -> None:
    hint = only(f"{{ {selector} = * }}", "container").hint
    assert hint.startswith(f"compare a field inside it, such as {inside};" if inside else "compare a field inside it;")


def test_observations_come_in_order_of_place() -> None:
    positions = [found.position for found in lint_pattern("{ $.EventName = Put*X && $.b != y && $.userIdentity = z }")]
    assert positions == sorted(positions)
    assert len(positions) > 2


def test_a_refused_pattern_gives_one_observation() -> None:
    assert names("{ eventName = Put*X || foo = a:b") == ["syntax"]


TOO_LARGE = "{ " + " || ".join(f'$.a = "*{a}{b}*"' for a in "abcdef" for b in "uvwxyz") + " && $.b != x }"


def test_what_cannot_be_settled_is_not_claimed() -> None:
    found = names(TOO_LARGE)
    assert "never-matches" not in found
    assert "always-matches" not in found
    assert "neq-absent" in found


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("{ $.a = Put*Policy }", "%^Put.*Policy$%"),
        ('{ $.a = "*a*b.c*" }', r"%a.*b\.c%"),
        ('{ $.a = "a?b" }', "%^a.b$%"),
        ('{ $.a = "x*(y)" }', r"%^x.*\x28y\x29$%"),
        ('{ $.a = "x*é日" }', r"%^x.*\xe9.$%"),
        ('{ $.a = "^Delete.*" }', "%^Delete.*%"),
    ],
)
def test_the_regex_that_was_meant_is_shown(source: str, hint: str) -> None:
    found = only(source, "inner-star")
    assert found.hint.endswith(hint)


def test_a_regex_that_the_dialect_does_not_have_is_not_shown() -> None:
    assert only('{ $.a = "^(Delete|Stop)" }', "inner-star").hint.endswith("without quotes")
