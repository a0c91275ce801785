"""What a compiled pattern answers: conditions, selectors, text and lines (FP-3 to FP-6)."""

from __future__ import annotations

import json
import sys

import pytest

from tocsin.core.event import Event
from tocsin.core.pattern.compile import compile_pattern
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import AnyElement, AnyName, Index, Name


def matches(pattern: str, message: str | bytes) -> bool:
    return compile_pattern(parse_pattern(pattern)).matches(Event(message))


def extracted(pattern: str, message: str) -> dict[str, str]:
    matcher = compile_pattern(parse_pattern(pattern))
    assert matcher.matches(Event(message))
    return matcher.extract(Event(message))


# ---------------------------------------------------------------- the table of FP-5.1

NODES = {
    "missing": "{}",
    "null": '{"f": null}',
    "object": '{"f": {"a": "x"}}',
    "array": '{"f": ["x"]}',
    "text": '{"f": "x"}',
    "empty": '{"f": ""}',
    "text 6": '{"f": "6"}',
    "text true": '{"f": "true"}',
    "number 6": '{"f": 6}',
    "number 6.0": '{"f": 6.0}',
    "number 7": '{"f": 7}',
    "true": '{"f": true}',
    "false": '{"f": false}',
}

TABLE = {
    "= x": {"text"},
    '= "x"': {"text"},
    '= ""': {"empty"},
    "= *": {"text", "empty", "text 6", "text true", "number 6", "number 6.0", "number 7", "true", "false"},
    '= "**"': {"text", "empty", "text 6", "text true", "number 6", "number 6.0", "number 7", "true", "false"},
    "= true": {"text true", "true"},
    '= "false"': {"false"},
    "= t*": {"text true", "true"},
    "= *e": {"text true", "true", "false"},
    "= *al*": {"false"},
    "= 6": {"text 6", "number 6", "number 6.0"},
    "= 6.0": {"number 6", "number 6.0"},
    "= +6": {"number 6", "number 6.0"},
    "= 60e-1": {"number 6", "number 6.0"},
    '= "6"': {"text 6", "number 6"},
    '= "6.0"': {"number 6.0"},
    "= 6*": {"text 6", "number 6", "number 6.0"},
    "= %^6%": {"text 6", "number 6", "number 6.0"},
    "= %[ru]%": {"text true", "true"},
    "!= x": {"empty", "text 6", "text true", "number 6", "number 6.0", "number 7", "true", "false"},
    "!= *": set(),
    '!= ""': {"text", "text 6", "text true", "number 6", "number 6.0", "number 7", "true", "false"},
    "!= 6": {"text", "empty", "text true", "number 7", "true", "false"},
    '!= "6"': {"text", "empty", "text true", "number 6.0", "number 7", "true", "false"},
    "!= true": {"text", "empty", "text 6", "number 6", "number 6.0", "number 7", "false"},
    "!= %6%": {"text", "empty", "text true", "number 7", "true", "false"},
    "> 5": {"number 6", "number 6.0", "number 7"},
    "> 6": {"number 7"},
    ">= 6": {"number 6", "number 6.0", "number 7"},
    "< 7": {"number 6", "number 6.0"},
    "<= 6.0": {"number 6", "number 6.0"},
    '> "5"': set(),
    "> x": set(),
    "< *": set(),
    "IS NULL": {"null"},
    "IS TRUE": {"true"},
    "IS FALSE": {"false"},
    "NOT EXISTS": {"missing"},
}


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("condition", TABLE)
def test_condition_holds_for_exactly_these_nodes(condition: str, depth: int) -> None:
    selector = "$" + ".p" * (depth - 1) + ".f"
    wrap = '{"p": ' * (depth - 1)
    pattern = f"{{ {selector} {condition} }}"
    assert {name for name, node in NODES.items() if matches(pattern, wrap + node + "}" * (depth - 1))} == TABLE[
        condition
    ]


@pytest.mark.parametrize("condition", TABLE)
def test_condition_on_an_element_is_the_same(condition: str) -> None:
    # The same nodes behind an index and behind a wildcard that selects nothing else.
    for selector, wrap in (("$.l[1].f", '{"l": [0, %s]}'), ("$.l[*].f", '{"l": [%s]}'), ("$.*.f", '{"l": %s}')):
        holds = {name for name, node in NODES.items() if matches(f"{{ {selector} {condition} }}", wrap % node)}
        assert holds == TABLE[condition], selector


@pytest.mark.parametrize("condition", TABLE)
@pytest.mark.parametrize("message", ["not json", '{"f": "x"', '{"f": "x"} x', '"x"', "6", "true", "null", ""])
def test_what_is_no_json_event_matches_no_json_pattern(condition: str, message: str) -> None:
    assert not matches(f"{{ $.f {condition} }}", message)
    assert compile_pattern(parse_pattern(f"{{ $.f {condition} }}")).extract(Event(message)) == {}


# ---------------------------------------------------------------- numbers (FP-4.4, FP-5.4, FP-14.8)


@pytest.mark.parametrize(
    ("condition", "number", "holds"),
    [
        ("= 9007199254740993", "9007199254740993", True),
        ("= 9007199254740993", "9007199254740992", False),
        ("> 9007199254740992", "9007199254740993", True),
        ("= 1e3", "1000", True),
        ("= 1000", "1E+3", True),
        ("= 0.1", "0.10", True),
        ("= 0.1", "0.1000000000000000055511151231257827", False),
        ("= 0", "-0", True),
        ("= -0.0", "0e5", True),
        ("< 1e400", "1e399", True),
        ("> 1e400", "1e999999999", True),
        ("< 1e-400", "0", True),
        ("> -1", "-0.5", True),
        ("< -1", "-1.5", True),
        (">= .5", "0.5", True),
        ("= 1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890", True),
        ("< 1234567890123456789012345678901234567890", "1234567890123456789012345678901234567889", True),
    ],
)
def test_numbers_compare_exactly(condition: str, number: str, holds: bool) -> None:
    assert matches(f"{{ $.n {condition} }}", f'{{"n": {number}}}') is holds


def test_number_of_any_length_compares() -> None:
    digits = "9" * 200_000
    assert matches("{ $.n > 5 }", f'{{"n": {digits}}}')
    assert not matches("{ $.n = 5 }", f'{{"n": {digits}}}')


# ---------------------------------------------------------------- wildcard values (FP-5.7)


@pytest.mark.parametrize(
    ("value", "hits", "misses"),
    [
        ('"*Unauthorized"', ["Unauthorized", "Client.Unauthorized"], ["UnauthorizedOperation", ""]),
        ('"Access*"', ["Access", "AccessDenied"], ["NoAccess"]),
        ("*den*", ["den", "AccessdeniedX"], ["Denied"]),
        ("Ev*ent", ["Ev*ent"], ["Event", "Evxent"]),
        ("*a*b*", ["a*b", "xa*by"], ["ab", "axb"]),
        ("**", ["", "x"], []),
        ("***", ["*", "a*b"], ["", "x"]),
        ("**a", ["*a", "x*a"], ["a", "xa"]),
        ('"a?c"', ["a?c"], ["abc"]),
        ('"*é"', ["caf\xe9"], ["cafe\u0301"]),
    ],
)
def test_star_counts_at_the_edges_alone(value: str, hits: list[str], misses: list[str]) -> None:
    pattern = f"{{ $.f = {value} }}"
    assert [text for text in hits if not matches(pattern, json.dumps({"f": text}))] == []
    assert [text for text in misses if matches(pattern, json.dumps({"f": text}))] == []
    opposite = f"{{ $.f != {value} }}"
    assert all(matches(opposite, json.dumps({"f": text})) is (text in misses) for text in hits + misses)


# ---------------------------------------------------------------- selectors (FP-4.8 to FP-4.13, FP-5.10)

EVENT = json.dumps(
    {
        "a": {"b": {"c": "deep"}, "": "empty name", "x y": "blank"},
        "a.b": "dotted",
        "list": [{"k": "one"}, {"k": "two"}, "three", ["nested"]],
        "empty": [],
        "nothing": {},
        "detail-type": "dash",
        "0": "digit",
    }
)


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("$.a.b.c", ["deep"]),
        ("$.a['b'].c", ["deep"]),
        ("$['a'][\"b\"].['c']", ["deep"]),
        ("$['a.b']", ["dotted"]),
        ("$.a['']", ["empty name"]),
        ("$.a['x y']", ["blank"]),
        ("$.detail-type", ["dash"]),
        ("$.0", ["digit"]),
        ("$.list[0].k", ["one"]),
        ("$.list.[1].k", ["two"]),
        ("$.list[2]", ["three"]),
        ("$.list[3][0]", ["nested"]),
        ("$.list[*].k", ["one", "two"]),
        ("$.list[*]", ["three"]),
        ("$.list[*][0]", ["nested"]),
        ("$.a.*", ["empty name", "blank"]),
        ("$.*.k", []),
        ("$.*['x y']", ["blank"]),
        ("$.list[4]", []),
        ("$.list[99999999999999999999]", []),
        ("$.list.k", []),
        ("$.list.0", []),
        ("$.list.*", []),
        ("$.a[0]", []),
        ("$.a[*]", []),
        ("$.a.b.c.d", []),
        ("$.a.b.c[0]", []),
        ("$.empty[*]", []),
        ("$.nothing.*", []),
        ("$.A", []),
    ],
)
def test_selector_selects_these_scalars(selector: str, values: list[str]) -> None:
    candidates = ["deep", "dotted", "empty name", "blank", "dash", "digit", "one", "two", "three", "nested"]
    assert [text for text in candidates if matches(f'{{ {selector} = "{text}" }}', EVENT)] == sorted(
        values, key=candidates.index
    )
    assert matches(f"{{ {selector} = * }}", EVENT) is bool(values)


@pytest.mark.parametrize(
    ("selector", "is_missing"),
    [
        ("$.list[*]", False),
        ("$.list[*].k", False),
        ("$.list[*].z", True),
        ("$.empty", False),
        ("$.empty[*]", True),
        ("$.empty[0]", True),
        ("$.nothing.*", True),
        ("$.a.b", False),
        ("$.a.b.c.d", True),
        ("$.zz.b", True),
        ("$.zz[*]", True),
    ],
)
def test_missing_means_that_nothing_is_selected(selector: str, is_missing: bool) -> None:
    assert matches(f"{{ {selector} NOT EXISTS }}", EVENT) is is_missing


def test_top_level_array_is_an_event() -> None:
    assert matches("{ $[0].a = x }", '[{"a": "x"}]')
    assert matches("{ $[*].a = x }", '[1, {"a": "x"}]')
    assert matches("{ $.a NOT EXISTS }", '[{"a": "x"}]')
    assert not matches("{ $.a = x }", '[{"a": "x"}]')
    assert not matches("{ $.a.b = x }", '[{"a": "x"}]')


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('$.u[*] != "root"', True),
        ('$.u[*] != "alice"', True),
        ("$.u[*] != %.%", False),
        ("$.u[*] = alice", True),
        ("$.n[*] > 5", True),
        ("$.n[*] > 9", False),
        ("$.n[*] IS NULL", True),
        ("$.n[*] IS TRUE", False),
    ],
)
def test_wildcard_selector_needs_one_node_that_satisfies(condition: str, holds: bool) -> None:
    assert matches(f"{{ {condition} }}", '{"u": ["root", "alice"], "n": [1, null, 9, "99"]}') is holds


# ---------------------------------------------------------------- && and ||


LETTERS = "abc"


@pytest.mark.parametrize(
    ("pattern", "reading"),
    [
        ("$.a = 1 && $.b = 1 || $.c = 1", lambda a, b, c: (a and b) or c),
        ("$.a = 1 || $.b = 1 && $.c = 1", lambda a, b, c: a or (b and c)),
        ("($.a = 1 || $.b = 1) && $.c = 1", lambda a, b, c: (a or b) and c),
        ("$.a = 1 && ($.b = 1 || $.c = 1)", lambda a, b, c: a and (b or c)),
        ("$.a = 1 && $.b = 1 && $.c = 1", lambda a, b, c: a and b and c),
        ("$.a = 1 || $.b = 1 || $.c = 1", lambda a, b, c: a or b or c),
        ("($.a = 1 && $.b = 1 || $.c = 1) && ($.a = 1 || $.b = 1)", lambda a, b, c: ((a and b) or c) and (a or b)),
        ("$.a = 1 && ($.b = 1 || $.c = 1 && $.a = 1) || $.b = 1", lambda a, b, c: (a and (b or (c and a))) or b),
    ],
)
def test_and_binds_tighter_than_or(pattern: str, reading) -> None:
    for bits in range(8):
        values = [bool(bits >> place & 1) for place in range(3)]
        message = json.dumps(dict(zip(LETTERS, map(int, values), strict=True)))
        assert matches(f"{{ {pattern} }}", message) is bool(reading(*values)), message


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("$.e = A || $.e = B || $.e = C", ['{"e": "A"}', '{"e": "C"}'], ['{"e": "D"}', '{"e": ["A"]}', "{}"]),
        ("$.e = A || $.x = 1 || $.e = B", ['{"e": "B"}', '{"x": 1}'], ['{"e": "x"}']),
        ("($.e = A || $.e = B) && $.x = 1", ['{"e": "B", "x": 1}'], ['{"e": "B"}', '{"x": 1}']),
        ("$.e = A || $['e'] = B", ['{"e": "A"}', '{"e": "B"}'], ['{"e": "C"}']),
        ("$.e = true || $.e = x", ['{"e": true}', '{"e": "true"}', '{"e": "x"}'], ['{"e": false}', '{"e": null}']),
        ('$.e = "5" || $.e = "6"', ['{"e": 5}', '{"e": "6"}'], ['{"e": 5.0}', '{"e": [5]}']),
        ("$.e = 5 || $.e = 6", ['{"e": 5.0}', '{"e": "6"}'], ['{"e": "5.0"}']),
        ("$.e = A* || $.e = B", ['{"e": "Ax"}', '{"e": "B"}'], ['{"e": "Bx"}']),
        ("$.e[*] = A || $.e[*] = B", ['{"e": ["x", "B"]}'], ['{"e": ["x"]}', '{"e": "A"}']),
        ("$.e != A || $.e = B", ['{"e": "B"}', '{"e": "C"}'], ['{"e": "A"}']),
    ],
)
def test_equalities_on_one_field_are_put_together_soundly(pattern: str, hits: list[str], misses: list[str]) -> None:
    assert [message for message in hits if not matches(f"{{ {pattern} }}", message)] == []
    assert [message for message in misses if matches(f"{{ {pattern} }}", message)] == []


def test_deep_pattern_is_evaluated_anywhere() -> None:
    # As deep as 1024 characters allow, from a stack that is nearly used up.
    levels = 112
    opening = "".join("($.a=1&&" if level % 2 else "($.a=2||" for level in range(levels))
    pattern = f"{{{opening}$.b=1{')' * levels}}}"
    matcher = compile_pattern(parse_pattern(pattern))
    assert len(pattern) > 1000
    event = Event('{"a": 1, "b": 1}')

    def descend(frames: int) -> bool:
        return descend(frames - 1) if frames else matcher.matches(event)

    frames, frame = 0, sys._getframe()
    while frame is not None:
        frames, frame = frames + 1, frame.f_back
    assert descend(sys.getrecursionlimit() - frames - 30)


# ---------------------------------------------------------------- extracted values (FP-5.11)


@pytest.mark.parametrize(
    ("pattern", "message", "values"),
    [
        ("{ $.a = * }", '{"a": "x"}', {"$.a": "x"}),
        ("{ $.a = 1 || $.b = 2 }", '{"a": 1.0, "b": "q"}', {"$.a": "1.0", "$.b": "q"}),
        ("{ $.a = 1 && $['a'] = 1 }", '{"a": 1}', {"$.a": "1", "$['a']": "1"}),
        ("{ $.a > 0 && $.a < 9 }", '{"a": 5}', {"$.a": "5"}),
        ("{ $.t IS TRUE && $.n IS NULL && $.m NOT EXISTS }", '{"t": true, "n": null}', {"$.t": "true"}),
        ("{ $.l[*] = x }", '{"l": [null, {}, "first", "x"]}', {"$.l[*]": "first"}),
        ("{ $.f = * || $.o = x }", '{"f": false, "o": {"x": 1}}', {"$.f": "false"}),
    ],
)
def test_values_extracted_from_json(pattern: str, message: str, values: dict[str, str]) -> None:
    found = extracted(pattern, message)
    assert found == values
    assert list(found) == list(values)
    assert {type(text) for text in found.values()} == {str}


# ---------------------------------------------------------------- text patterns (FP-3)


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("", ["", "x"], []),
        ("  \t\r\n", ["", "x"], []),
        ("ERROR", ["ERRORCODE", '{"a": "ERROR"}'], ["error", "ERR OR"]),
        ("A B", ["A B", "BxA", "AB"], ["A", "B"]),
        ('"a b"', ["xa by"], ["b a", "a  b"]),
        ("A -B", ["A"], ["A B", "C"]),
        ("-A -B", ["", "C"], ["A", "xB"]),
        ("?A ?B", ["A", "B", "AB"], ["C", ""]),
        ("?A ?B REQ", ["REQ", "A REQ"], ["A", "B"]),
        ("?A -REQ", ["x", "A"], ["REQ", "A REQ"]),
        ('" "', ["", "x"], []),
        ('"   "', ["", "x y"], []),
        ('""', ["", "x"], []),
        ('"" A', ["A"], ["B"]),
        ('-" "', [], ["", "x", " "]),
        ('?"" ?A', ["", "B"], []),
        ('"\t"', ["a\tb"], ["a b", ""]),
        ('"é"', ["é"], ["\\u00e9", "e\u0301"]),
        ("%^a%", ["ab"], ["ba"]),
        ("%a% b", ["ab", "ba"], ["a"]),
        ("-%[0-9]%", ["abc"], ["a1"]),
        ("?%x$% ?y", ["ax", "y1"], ["xa"]),
    ],
)
def test_terms_are_looked_for_in_the_raw_message(pattern: str, hits: list[str], misses: list[str]) -> None:
    assert [text for text in hits if not matches(pattern, text)] == []
    assert [text for text in misses if matches(pattern, text)] == []
    assert all(extracted(pattern, text) == {} for text in hits)


def test_invalid_utf8_is_looked_at_as_replacement_characters() -> None:
    assert matches('"x\ufffdy"', b"x\xffy")
    assert matches("[a = %^.x$%]", b"\xffx")
    assert matches('{ $.a = "\ufffd" }', b'{"a": "\xff"}')


# ---------------------------------------------------------------- space-delimited patterns (FP-6.5, FP-6.6)


@pytest.mark.parametrize(
    ("entry", "hits", "misses"),
    [
        ("c = 404", ["404", "404.0", "4.04e2"], ["405", "x", "4040"]),
        ('c = "404"', ["404"], ["404.0"]),
        ("c != 404", ["405", "x"], ["404", "404.0"]),
        ("c = 4*", ["404", "4"], ["504"]),
        ("c = *.html*", ["/a.html?x"], ["/a.htm"]),
        ("c = *", ["x", '""'], []),
        ("c != x", ["y"], ["x"]),
        ("c = %^[a-c]+$%", ["abc"], ["abd"]),
        ("c != %[0-9]%", ["abc"], ["a1"]),
        ("c > 5", ["6", "5.1", "1e9"], ["5", "six", "-", "0x6"]),
        ("c <= -1", ["-1", "-2"], ["0", "-"]),
        ('c > "5"', [], ["6"]),
        ("c > x", [], ["6", "y"]),
        ("c = 4* || c = 5*", ["404", "500"], ["200"]),
        ("c >= 400 && c < 500", ["404"], ["399", "500", "x"]),
        ("(c = a || c = b) && c != b", ["a"], ["b", "c"]),
        ("c", ["anything"], []),
        ("", ["anything"], []),
    ],
)
def test_conditions_on_a_column(entry: str, hits: list[str], misses: list[str]) -> None:
    for pattern, line in ((f"[{entry}]", "{}"), (f"[x, {entry}, y]", "1 {} 2"), (f"[..., {entry}]", "1 2 {}")):
        assert [text for text in hits if not matches(pattern, line.format(text))] == [], pattern
        assert [text for text in misses if matches(pattern, line.format(text))] == [], pattern


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        ("[a = x, b = y]", ["x y"], ["y x", "x z"]),
        ("[a = x && b = y, b]", ["x y"], ["x z", "z y"]),
        ("[a = 1 && b = 2, b = 3 || b = 2, b]", ["1 3 2", "1 2 2"], ["1 2 3", "1 4 2"]),
        ("[a = 1, a = 2]", ["1 2"], ["2 1", "2 2"]),
    ],
)
def test_condition_looks_at_the_column_it_names(pattern: str, hits: list[str], misses: list[str]) -> None:
    assert [line for line in hits if not matches(pattern, line)] == []
    assert [line for line in misses if matches(pattern, line)] == []


def test_steps_are_what_the_parser_gives() -> None:
    # The table of FP-4.8, as types: a new kind of step must be given a meaning in json_match.
    (compare,) = [parse_pattern("{ $.a[0].*['b'] = 1 }").expr]
    assert compare.selector.steps == (Name("a"), Index(0), AnyName(), Name("b"))
    assert parse_pattern("{ $[*] = 1 }").expr.selector.steps == (AnyElement(),)
