import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.exclusion import MAX_PATTERN, compile_exclusions, is_expired, negate, read_day
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.rule import Exclusion
from tocsin.errors import PatternError

PATTERN = "{($.eventName=StopLogging)}"


def exclusions(*whens, **members):
    return [Exclusion(name=f"x{number}", when=when, **members) for number, when in enumerate(whens)]


def compiled(pattern, *whens):
    return compile_exclusions(pattern, exclusions(*whens), at=None)


def refusal(pattern, when):
    result = compiled(pattern, when)
    assert (result.pattern, result.applied) == (pattern, ())
    (only,) = result.refusals
    return only


# ---------------------------------------------------------------- IF-4: the sound negation


@pytest.mark.parametrize(
    ("when", "added"),
    [
        ("{ $.a = x }", "$.a NOT EXISTS || $.a IS NULL || $.a != x"),
        ('{ $.a = "x*" }', '$.a NOT EXISTS || $.a IS NULL || $.a != "x*"'),
        ("{ $.a = %x% }", "$.a NOT EXISTS || $.a IS NULL || $.a != %x%"),
        ("{ $.a != x }", "$.a NOT EXISTS || $.a IS NULL || $.a = x"),
        ("{ $.a = * }", "$.a NOT EXISTS || $.a IS NULL"),
        ("{ $.errorCode NOT EXISTS }", "$.errorCode IS NULL || $.errorCode = *"),
        ("{ $.errorCode IS NULL }", "$.errorCode NOT EXISTS || $.errorCode = *"),
        (
            "{ $.a = x && $.b = y }",
            "$.a NOT EXISTS || $.a IS NULL || $.a != x || $.b NOT EXISTS || $.b IS NULL || $.b != y",
        ),
        ("{ $.a != x && $.a != y }", "$.a NOT EXISTS || $.a IS NULL || $.a = x || $.a = y"),
    ],
)
def test_an_exclusion_adds_the_sound_negation(when, added):
    result = compiled(PATTERN, when)
    assert result.pattern == f"{{ $.eventName = StopLogging && ({added}) }}"
    assert (result.applied, result.refusals) == (("x0",), ())


def test_values_of_one_field_share_the_test_for_absence():
    result = compiled(PATTERN, "{ $.a = x || $.a = y || $.b = z }")
    absent = "$.a NOT EXISTS || $.a IS NULL || $.a != x && $.a != y"
    assert (
        result.pattern
        == f"{{ $.eventName = StopLogging && ({absent}) && ($.b NOT EXISTS || $.b IS NULL || $.b != z) }}"
    )


def test_several_exclusions_are_added_in_their_order():
    result = compiled(PATTERN, "{ $.a = x }", "{ $.b = * }")
    assert result.applied == ("x0", "x1")
    assert result.pattern.endswith("($.a NOT EXISTS || $.a IS NULL || $.a != x) && ($.b NOT EXISTS || $.b IS NULL) }")


def test_an_absent_field_is_not_excluded():
    pattern = FilterPattern.parse(compiled(PATTERN, '{ $.userIdentity.invokedBy = "x.amazonaws.com" }').pattern)
    assert pattern.matches('{"eventName": "StopLogging", "userIdentity": {"type": "IAMUser"}}')
    assert pattern.matches('{"eventName": "StopLogging", "userIdentity": {"invokedBy": null}}')
    assert not pattern.matches('{"eventName": "StopLogging", "userIdentity": {"invokedBy": "x.amazonaws.com"}}')


def test_a_pattern_without_exclusions_comes_back_character_by_character():
    assert compile_exclusions(" {$.a=1}", [], at=None).pattern == " {$.a=1}"


# ---------------------------------------------------------------- shared clauses

CLAUSES = {
    "not-through-a-service": "($.userIdentity.invokedBy NOT EXISTS)",
    "two": "($.a = 1) && ($.b = 2)",
    "broken": "$.a",
}


def test_a_shared_clause_is_added_as_it_stands():
    result = compile_exclusions(PATTERN, [Exclusion(name="x", use="not-through-a-service")], at=None, clauses=CLAUSES)
    assert result.pattern == "{ $.eventName = StopLogging && $.userIdentity.invokedBy NOT EXISTS }"


def test_a_clause_of_several_conditions_needs_no_parentheses():
    result = compile_exclusions(PATTERN, [Exclusion(name="x", use="two")], at=None, clauses=CLAUSES)
    assert result.pattern == "{ $.eventName = StopLogging && $.a = 1 && $.b = 2 }"


@pytest.mark.parametrize(
    ("use", "reason"), [("nothing", "there is no shared clause 'nothing'"), ("broken", "Invalid filter pattern")]
)
def test_a_clause_that_cannot_be_used_is_refused(use, reason):
    (only,) = compile_exclusions(PATTERN, [Exclusion(name="x", use=use)], at=None, clauses=CLAUSES).refusals
    assert (only.key, only.position, only.reason) == ("use", 0, reason)


def test_without_clauses_none_is_known():
    (only,) = compile_exclusions(PATTERN, [Exclusion(name="x", use="two")], at=None).refusals
    assert only.reason == "there is no shared clause 'two'"


# ---------------------------------------------------------------- what cannot be negated


@pytest.mark.parametrize(
    ("when", "position", "reason"),
    [
        ("{ $.a[*] = x }", 2, "$.a[*] selects several values, and the language cannot say that none of them fits"),
        ("{ $.a.* != x }", 2, "$.a.* selects several values, and the language cannot say that none of them fits"),
        (
            "{ $.a[*] NOT EXISTS }",
            2,
            "$.a[*] selects several values, and the language cannot say that none of them fits",
        ),
        (
            "{ $.b = 1 || $.a[*] = x }",
            13,
            "$.a[*] selects several values, and the language cannot say that none of them fits",
        ),
        ("{ $.a > 5 }", 2, "'>' holds for numbers alone, and nothing in the language is true of text alone"),
        ("{ $.a <= 5 }", 2, "'<=' holds for numbers alone, and nothing in the language is true of text alone"),
        ("{ $.readOnly IS TRUE }", 2, 'nothing in the language tells the boolean true from the text "true"'),
        ("{ $.readOnly IS FALSE }", 2, 'nothing in the language tells the boolean false from the text "false"'),
        (
            "{ $.requestParameters NOT EXISTS }",
            2,
            "$.requestParameters may hold an object or a list, and nothing in the language is true of those",
        ),
        (
            "{ $.requestParameters.x IS NULL }",
            2,
            "$.requestParameters.x may hold an object or a list, and nothing in the language is true of those",
        ),
        ("", 0, "an empty pattern holds for every record: nothing would be left to count"),
        ("cron", 0, "a text pattern cannot be combined with a JSON pattern"),
        ("[a, b]", 0, "a space-delimited pattern cannot be combined with a JSON pattern"),
        ("x" * 1025, 0, "it has 1,025 characters, 1,024 are allowed"),
    ],
)
def test_what_the_language_cannot_negate_is_refused_with_its_place(when, position, reason):
    only = refusal(PATTERN, when)
    assert (only.index, only.key, only.reason) == (0, "when", reason)
    assert only.position == position


def test_a_condition_that_is_refused_keeps_the_place_and_the_remedy_of_the_refusal():
    when = "{ $.a == 1 }"
    with pytest.raises(PatternError) as failure:
        parse_pattern(when)
    only = refusal(PATTERN, when)
    assert (only.position, only.reason) == (failure.value.position, failure.value.message)
    assert (only.hint, only.spec) == (failure.value.hint, failure.value.rule)


def test_an_exclusion_without_a_condition_excludes_nothing_and_is_refused():
    (only,) = compile_exclusions(PATTERN, [Exclusion(name="x")], at=None).refusals
    assert only.reason.startswith("an empty pattern holds for every record")


def test_every_exclusion_that_is_refused_is_named():
    result = compiled(PATTERN, "{ $.a > 1 }", "{ $.a = 1 }", "{ $.b[*] = 1 }")
    assert [one.index for one in result.refusals] == [0, 2]
    assert result.pattern == PATTERN


def test_a_result_over_the_limit_is_refused_and_says_how_long_it_is():
    when = (
        "{ "
        + " || ".join(f'$.userIdentity.arn = "arn:aws:iam::111122223333:role/deploy-{n:02}"' for n in range(13))
        + " }"
    )
    (only,) = compiled("{ " + " || ".join(f"$.eventName = Event{n}" for n in range(20)) + " }", when).refusals
    assert only.spec == "FP-1.4"
    assert "characters, 1,024 are allowed" in only.reason


def test_a_result_that_breaks_another_limit_is_refused():
    pattern = "{ $.a = %x% && $.b = %y% }"
    only = refusal(pattern, "{ $.c = %z% }")
    assert only.reason == "with its exclusions the pattern is refused: Invalid filter pattern"
    assert only.spec == "FP-7.4"


def test_a_pattern_that_is_itself_refused_is_the_callers_fault():
    with pytest.raises(PatternError):
        compiled("{ $.a == 1 }", "{ $.b = 1 }")


def test_deep_nesting_needs_no_deep_stack():
    expr = "$.a=1"
    for level in range(100):
        expr = f"$.a=1&&({expr})" if level % 2 else f"$.b=2||({expr})"
    assert compiled(PATTERN, f"{{{expr}}}").refusals[0].spec == "FP-1.4"


def test_negate_gives_the_condition_alone_or_says_why_not():
    assert (
        negate(parse_pattern("{ $.a = 1 }").expr) == parse_pattern("{ $.a NOT EXISTS || $.a IS NULL || $.a != 1 }").expr
    )
    with pytest.raises(ValueError, match="holds for numbers alone"):
        negate(parse_pattern("{ $.a > 1 }").expr)


# ---------------------------------------------------------------- text patterns


@pytest.mark.parametrize(
    ("pattern", "when", "expected"),
    [
        ("", "cron", "-cron"),
        ("ERROR", '"health check"', 'ERROR -"health check"'),
        ("ERROR -test", "-real", "ERROR -test real"),
        ("ERROR", "?a ?b", "ERROR -a -b"),
        ("ERROR", "?a", "ERROR -a"),
        ("ERROR", "?a b", "ERROR -b"),
        ("ERROR", "%x%", "ERROR -%x%"),
    ],
)
def test_a_text_pattern_is_narrowed_by_terms(pattern, when, expected):
    assert compiled(pattern, when).pattern == expected


@pytest.mark.parametrize(
    ("pattern", "when", "reason"),
    [
        ("ERROR", "a b", "several terms hold together; the language cannot say that one of them is missing"),
        ("?a ?b", "c", "the pattern's `?` terms have no effect beside an excluded term (FP-3.7)"),
        ("ERROR", "{ $.a = 1 }", "a JSON pattern cannot be combined with a text pattern"),
        ("", "[a, b]", "a space-delimited pattern cannot be combined with the empty pattern"),
        (
            "",
            "{ $.a = 1 }",
            "the empty pattern also matches lines that are not JSON, which `{ … }` would all leave out",
        ),
        ("[a, b = 1]", "x", "nothing can be added to a space-delimited pattern"),
    ],
)
def test_what_does_not_go_together_is_refused(pattern, when, reason):
    assert refusal(pattern, when).reason == reason


# ---------------------------------------------------------------- expiry


@pytest.mark.parametrize(
    ("expires", "at", "expired"),
    [
        ("2027-01-31", date(2027, 1, 30), False),
        ("2027-01-31", date(2027, 1, 31), True),
        ("2027-01-31", date(2027, 2, 1), True),
        ("2027-01-31", None, False),
        (None, date(2099, 1, 1), False),
        ("soon", date(2099, 1, 1), False),
    ],
)
def test_from_the_first_moment_of_its_day_an_exclusion_no_longer_applies(expires, at, expired):
    exclusion = Exclusion(name="x", when="{ $.a = 1 }", expires=expires)
    assert is_expired(exclusion, at) is expired
    if expires != "soon":
        assert (compile_exclusions(PATTERN, [exclusion], at=at).pattern == PATTERN) is expired


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("2027-02-30", None),
        ("20270131", None),
        ("2027-W05-1", None),
        ("2027-01-31 ", None),
        ("", None),
    ],
)
def test_a_day_is_written_in_one_way(text, day):
    assert read_day(text) == day


def test_an_expiry_that_is_no_day_is_refused():
    (only,) = compile_exclusions(PATTERN, exclusions("{ $.a = 1 }", expires="soon"), at=None).refusals
    assert (only.key, only.reason) == ("expires", "'soon' is no day")


def test_an_expired_exclusion_is_not_even_read():
    expired = exclusions("{ $.a == 1 }", expires="2020-01-01")
    assert compile_exclusions(PATTERN, expired, at=date(2027, 1, 1)).refusals == ()


# ---------------------------------------------------------------- soundness, searched

_VALUES = ["1", "x", '"x*"', "*", '"1"', "%x%", "1.0", "true"]
_FIELDS = ["$.errorCode", "$.a", "$.b.c"]
_CONDITIONS = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(_FIELDS), st.sampled_from(["=", "!="]), st.sampled_from(_VALUES)),
    st.sampled_from(["$.errorCode NOT EXISTS", "$.errorCode IS NULL"]),
)
_EXPRESSIONS = st.recursive(
    _CONDITIONS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner),
    max_leaves=4,
)
_SCALARS = st.sampled_from([None, True, False, 1, 1.0, 2, "", "1", "x", "xy", "true", "1.0"])
_MISSING = object()


def _event(error_code, a, c):
    fields = {"eventName": "E", "errorCode": error_code, "a": a, "b": _MISSING if c is _MISSING else {"c": c}}
    return json.dumps({name: value for name, value in fields.items() if value is not _MISSING})


_PRESENT = st.one_of(st.just(_MISSING), _SCALARS)
_ANY = st.one_of(_PRESENT, st.sampled_from([[], {}, ["x"], {"x": "x"}]))


@given(when=_EXPRESSIONS, event=st.builds(_event, _PRESENT, _PRESENT, _PRESENT))
def test_what_is_left_is_exactly_what_when_does_not_hold_for(when, event):
    result = compiled("{ $.eventName = E }", f"{{ {when} }}")
    if result.refusals:
        assert result.refusals[0].spec in ("FP-7.4", "FP-1.4")
        return
    assert len(result.pattern) <= MAX_PATTERN
    excluded = FilterPattern.parse(f"{{ {when} }}").matches(event)
    assert FilterPattern.parse(result.pattern).matches(event) is not excluded


@given(when=_EXPRESSIONS, event=st.builds(_event, _PRESENT, _ANY, _ANY))
def test_nothing_is_left_that_when_holds_for_whatever_a_field_holds(when, event):
    result = compiled("{ $.eventName = E }", f"{{ {when} }}")
    if not result.refusals and FilterPattern.parse(result.pattern).matches(event):
        assert not FilterPattern.parse(f"{{ {when} }}").matches(event)
