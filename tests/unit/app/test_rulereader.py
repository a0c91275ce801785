import pytest

from tocsin.app.rulefile import read_rules
from tocsin.app.rulereader import fill, unfilled_offset
from tocsin.core.finding import Severity

FILTER = """\
filter:
  filterPattern: '{ $.eventName = StopLogging }'
  metricTransformations:
    - {metricName: Stops, metricNamespace: CloudTrailMetrics, metricValue: "1"}
"""
RULE = "id: mine\n" + FILTER


def read(text, **options):
    return read_rules(text, path="r.yaml", **options)


def found(text, **options):
    return [(one.line, one.column, one.name, one.message) for one in read(text, **options).findings]


def only_rule(text, **options):
    result = read(text, **options)
    assert [one for one in result.findings if one.severity is Severity.ERROR] == []
    (entry,) = result.entries
    assert entry.usable
    assert entry.lintable
    return entry.rule


# ---------------------------------------------------------------- parameters


def test_a_parameter_without_a_value_is_an_error_at_its_place():
    text = RULE.replace("StopLogging", '"<EVENT>" && $.a = "<OTHER>"') + "params: {OTHER: x}\n"
    assert found(text) == [(3, 36, "unfilled-parameter", "<EVENT> has no value")]


def test_a_parameter_that_nothing_uses_is_a_warning():
    result = read(f"{RULE}params: {{EVENT: x}}\n")
    (only,) = result.findings
    assert (only.line, only.column, only.name, only.severity) == (6, 10, "unused-parameter", Severity.WARNING)
    assert result.entries[0].usable


def test_parameters_are_filled_into_exclusions_too():
    text = f"{RULE}params: {{ROLE: r, ROLE_ARN: arn}}\nexcept:\n  - {{name: a, reason: b, when: '{{ $.a = \"<ROLE>\" }}'}}\n"
    text += "  - {name: c, reason: d, use: not-the-role}\n"
    rule = only_rule(text, clauses={"not-the-role": '($.b NOT EXISTS || $.b != "<ROLE_ARN>")'})
    assert '$.a != "r"' in rule.effective_pattern
    assert '$.b != "arn"' in rule.effective_pattern


def test_a_value_is_put_in_once_and_not_looked_into():
    assert fill("<A> <B> <C>", {"A": "<B>", "B": "b"}) == "<B> b <C>"


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, 0), (1, 1), (2, 2), (4, 2), (6, 5), (7, 6), (8, 7), (9, 10), (10, 11), (20, 21)]
)
def test_an_offset_into_the_filled_text_leads_back_to_the_written_one(offset, expected):
    written = "ab<A>cd<B>ef"
    filled = fill(written, {"A": "xxxx", "B": "yz"})
    assert filled == "abxxxxcdyzef"
    if 6 <= offset < 8 or offset < 2 or offset >= 10:
        assert filled[offset : offset + 1] == written[unfilled_offset(written, {"A": "xxxx", "B": "yz"}, offset) :][:1]
    assert unfilled_offset("ab<A>cd", {"A": "xxxx"}, 3) == 2


# ---------------------------------------------------------------- exclusions


@pytest.mark.parametrize(
    ("exclusion", "expected"),
    [
        ("{name: a, when: '{ $.a = 1 }'}", (7, 5, "missing-key", "except[0].reason is missing")),
        ("{name: a, reason: b}", (7, 5, "missing-key", "an exclusion has one of 'when' and 'use'")),
        (
            "{name: a, reason: b, when: '{ $.a = 1 }', use: c}",
            (7, 5, "conflicting-keys", "an exclusion has one of 'when' and 'use'"),
        ),
        ("{name: a, reason: b, use: not-me}", (7, 31, "unknown-clause", "there is no shared clause 'not-me'")),
        (
            "{name: a, reason: b, when: '{ $.a = 1 }', expires: soon}",
            (7, 56, "invalid-value", "except[0].expires cannot be 'soon'"),
        ),
        (
            "{name: a, reason: b, when: '{ $.a = 1 }', expires: 2027-02-30}",
            (7, 56, "invalid-value", "there is no day 2027-02-30"),
        ),
        (
            "{name: a, reason: b, when: '{ $.a[*] = 1 }'}",
            (
                7,
                35,
                "cannot-exclude",
                "exclusion 'a': $.a[*] selects several values, and the language cannot say that none of them fits",
            ),
        ),
        ("{name: a, reason: b, whne: '{ $.a = 1 }'}", (7, 26, "unknown-key", "there is no key 'whne' in except[0]")),
    ],
)
def test_what_is_wrong_with_an_exclusion_is_said_with_its_place(exclusion, expected):
    assert found(f"{RULE}except:\n  - {exclusion}\n", clauses={"not-it": "($.a NOT EXISTS)"})[0] == expected


def test_names_stand_once_in_their_list():
    text = f"{RULE}except:\n" + "  - {name: a, reason: b, when: '{ $.a = 1 }'}\n" * 2
    text += "tests:\n" + "  - {name: t, event: {}, matches: true}\n" * 2
    assert found(text) == [
        (11, 12, "duplicate-name", "'t' is the name of another one above"),
        (8, 12, "duplicate-name", "'a' is the name of another one above"),
    ]


def test_an_exclusion_that_is_no_pattern_has_the_name_of_its_lint():
    text = f"{RULE}except:\n  - {{name: a, reason: b, when: '{{ $.b == 1 }}', expires: 2099-01-01}}\n"
    assert [(line, name) for line, _, name, _ in found(text)] == [(7, "syntax")]


def test_a_refused_pattern_and_broken_exclusions_are_said_at_once():
    text = RULE.replace("= StopLogging", "== StopLogging")
    text += "except:\n  - {name: a, reason: b, when: '{ $.b = 1 }'}\n"
    assert [(line, name) for line, _, name, _ in found(text)] == [(3, "syntax")]
    text += "  - {name: a, reason: b}\n"
    assert {(line, name) for line, _, name, _ in found(text)} == {
        (3, "syntax"),
        (8, "missing-key"),
        (8, "duplicate-name"),
    }


def test_an_exclusion_that_makes_the_pattern_too_long_is_an_error():
    names = " || ".join(f'$.userIdentity.arn = "arn:aws:iam::111122223333:role/deploy-{n:02}"' for n in range(14))
    rule = RULE.replace("StopLogging", " || ".join(["StopLogging", *(f"$.eventName = Event{n}" for n in range(9))]))
    (only,) = read(f"{rule}except:\n  - name: a\n    reason: b\n    when: '{{ {names} }}'\n").findings
    assert (only.name, only.spec) == ("cannot-exclude", "FP-1.4")


# ---------------------------------------------------------------- places


def test_a_place_inside_a_block_is_exact():
    text = "id: mine\nfilter:\n  filterPattern: >-\n    { $.eventName = StopLogging\n      && $.a[*].b = 1 }\n"
    (entry,) = read(text).entries
    pattern = entry.rule.filter.filter_pattern
    assert entry.places.place(("filter", "filterPattern"), pattern.index("$.a[*]")) == (5, 10)
    assert entry.places.line(5) == "      && $.a[*].b = 1 }"
    assert entry.places.path == "r.yaml"


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("filter", "metricTransformations", 0, "metricValue"), (5, 77)),
        (("filter", "metricTransformations", 3, "metricValue"), (5, 5)),
        (("filter", "nothing"), (3, 3)),
        (("alarm", "Period"), (1, 1)),
        ((), (1, 1)),
        (("id", "x"), (1, 5)),
    ],
)
def test_where_a_value_is_missing_the_nearest_enclosing_one_is_meant(key, place):
    (entry,) = read(RULE).entries
    assert entry.places.place(key) == place


def test_the_place_of_a_key_is_the_key_where_there_is_one():
    (entry,) = read(f"{RULE}ignore: {{a: b}}\n").entries
    assert entry.places.key_place(("ignore", "a")) == (6, 10)
    assert entry.places.key_place(("ignore", "b")) == (6, 9)
