"""Why a pattern does or does not match, clause by clause (FP-13.32, R-51)."""

from __future__ import annotations

import json

import pytest

from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.explanation import MAX_FIELDS, MAX_NODES, MAX_TEXT, Clause, Explanation, Verdict, shorten
from tocsin.core.pattern.explanation_text import clause_words, render_explanation, verdict_words


def explain(pattern: str, message: str | bytes) -> Explanation:
    parsed = FilterPattern.parse(pattern)
    explanation = parsed.explain(message)
    assert explanation.matches is parsed.matches(message)
    assert explanation.pattern == str(parsed)
    if explanation.verdict is Verdict.CLAUSES:
        assert [clause.decided for clause in explanation.clauses].count(True) == 1
        assert all(clause.reached for clause in explanation.clauses if clause.decided)
    return explanation


def clause_of(condition: str, message: str) -> Clause:
    (clause,) = explain(f"{{ {condition} }}", message).clauses
    return clause


def rendered(pattern: str, message: str | bytes, *, width: int = 100) -> str:
    return render_explanation(explain(pattern, message), width=width)


def test_explanation_reads_like_the_example_of_the_user_needs() -> None:
    pattern = (
        '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") && ($.eventName != HeadBucket) }'
    )
    assert rendered(pattern, '{"errorCode": "AccessDenied", "eventName": "GetObject"}').splitlines() == [
        "read as:  A || (B && C)      (&& binds tighter than ||)",
        'A  errorCode "AccessDenied" ends with UnauthorizedOperation  false',
        'B  errorCode "AccessDenied" begins with AccessDenied         true',
        'C  eventName "GetObject" is not HeadBucket                   true   => matches',
    ]


# ---------------------------------------------------------------- one clause of a JSON pattern


@pytest.mark.parametrize(
    ("condition", "message", "lines"),
    [
        ("$.f = x", '{"f": "x"}', ['A  f "x" is x  true   => matches']),
        ('$.f = "a b"', '{"f": "x"}', ['A  f "x" is "a b"  false  => no match']),
        ('$.f = ""', '{"f": ""}', ['A  f "" is ""  true   => matches']),
        ('$.f = "5"', '{"f": 5}', ['A  f 5 is "5"  true   => matches']),
        ("$.f = 5", '{"f": 5.0}', ["A  f 5.0 equals 5  true   => matches"]),
        ("$.f != 5", '{"f": true}', ["A  f true does not equal 5  true   => matches"]),
        ("$.f = *", '{"f": ""}', ['A  f "" has a value  true   => matches']),
        ('$.f != "**"', '{"f": "x"}', ['A  f "x" has no value  false  => no match']),
        ("$.f = *x*", '{"f": "axb"}', ['A  f "axb" contains x  true   => matches']),
        ("$.f != *x", '{"f": "ax"}', ['A  f "ax" does not end with x  false  => no match']),
        ("$.f != 4*", '{"f": 504}', ["A  f 504 does not begin with 4  true   => matches"]),
        ("$.f = %^a|b$%", '{"f": "b"}', ['A  f "b" matches %^a|b$%  true   => matches']),
        ("$.f != %x%", '{"f": "b"}', ['A  f "b" does not match %x%  true   => matches']),
        ("$.f < 5", '{"f": 4}', ["A  f 4 is less than 5  true   => matches"]),
        ("$.f > 5", '{"f": 4}', ["A  f 4 is greater than 5  false  => no match"]),
        ("$.f <= 5", '{"f": 4}', ["A  f 4 is at most 5  true   => matches"]),
        ("$.f >= 5", '{"f": 4}', ["A  f 4 is at least 5  false  => no match"]),
        ("$.f IS NULL", '{"f": null}', ["A  f (null) is null  true   => matches"]),
        ("$.f IS FALSE", '{"f": true}', ["A  f true is false  false  => no match"]),
        ("$.f NOT EXISTS", "{}", ["A  f is absent  true   => matches"]),
        ("$.f NOT EXISTS", '{"f": 1}', ["A  f 1 is absent  false  => no match"]),
        ("$['a b'].c = x", '{"a b": {"c": "x"}}', ["A  ['a b'].c \"x\" is x  true   => matches"]),
        ("$[1] = x", '[1, "x"]', ['A  [1] "x" is x  true   => matches']),
        # What surprises has a remark.
        ("$.f = x", "{}", ["A  f (absent) is x  false  => no match"]),
        (
            "$.f != x",
            "{}",
            [
                "A  f (absent) is not x  false  => no match",
                "   an absent field satisfies no comparison, not even != (FP-5.2)",
            ],
        ),
        (
            "$.f != x",
            '{"f": null}',
            [
                "A  f (null) is not x  false  => no match",
                "   null satisfies no comparison, not even != (FP-5.1)",
            ],
        ),
        (
            "$.f = *",
            '{"f": {"a": 1}}',
            [
                "A  f (an object with 1 member) has a value  false  => no match",
                "   objects and arrays satisfy no comparison (FP-5.1)",
            ],
        ),
        (
            "$.f = x",
            '{"f": ["x", "y"]}',
            [
                "A  f (an array with 2 elements) is x  false  => no match",
                "   objects and arrays satisfy no comparison (FP-5.1)",
            ],
        ),
        (
            "$.f > 5",
            '{"f": "6"}',
            ['A  f "6" is greater than 5  false  => no match', "   only numbers are compared by size (FP-5.5)"],
        ),
        (
            "$.f > x",
            '{"f": 6}',
            [
                "A  f 6 is greater than x  false  => no match",
                "   the value is no number, so this never holds (FP-5.5)",
            ],
        ),
        (
            "$.f = 5",
            '{"f": "5.0"}',
            [
                'A  f "5.0" equals 5  false  => no match',
                "   the same number, but compared as text: only two numbers compare as numbers (FP-5.4)",
            ],
        ),
        (
            "$.f IS TRUE",
            '{"f": "true"}',
            [
                'A  f "true" is true  false  => no match',
                "   this is text; IS looks at JSON null, true and false alone (FP-5.9)",
            ],
        ),
        (
            "$.f NOT EXISTS",
            '{"f": null}',
            ["A  f (null) is absent  false  => no match", "   null is there; IS NULL asks for it (FP-5.1)"],
        ),
    ],
)
def test_clause_in_words(condition: str, message: str, lines: list[str]) -> None:
    assert rendered(f"{{ {condition} }}", message).splitlines() == lines


@pytest.mark.parametrize(
    ("selector", "message", "detail"),
    [
        ("$.a", "{}", ""),
        ("$.a.b", '{"a": {}}', ""),
        ("$.a.b", "{}", "a is absent"),
        ("$.a.b.c", '{"a": {}}', "a.b is absent"),
        ("$.a.b", '{"a": null}', "a is null"),
        ("$.a.b", '{"a": "x"}', "a is a string"),
        ("$.a.b", '{"a": 5}', "a is a number"),
        ("$.a.b", '{"a": true}', "a is a boolean"),
        ("$.a.b", '{"a": [1, 2]}', "a is an array of 2"),
        ("$.a[0]", '{"a": {"0": 1}}', "a is an object"),
        ("$.a[2]", '{"a": [1]}', "a is an array of 1"),
        ("$.a[0].b", '{"a": []}', "a is an array of 0"),
        ("$.a[*]", '{"a": []}', "a is empty"),
        ("$.a.*", '{"a": {}}', "a is empty"),
        ("$.a[*].b", '{"a": [1, {}]}', ""),
        ("$.a[*].b", "{}", "a is absent"),
        ("$.a.*", '{"a": [1]}', "a is an array of 1"),
        ("$.a", "[1]", "the event is an array of 1"),
        ("$[0].a", "{}", "the event is an object"),
        ("$['a b'][0].c", '{"a b": [""]}', "['a b'][0] is a string"),
    ],
)
def test_what_stands_in_the_way_of_a_missing_field_is_named(selector: str, message: str, detail: str) -> None:
    clause = clause_of(f"{selector} = x", message)
    assert (clause.nodes, clause.reason, clause.detail) == ((), "missing", detail)
    text = rendered(f"{{ {selector} = x }}", message)
    assert detail in text


# ---------------------------------------------------------------- wildcard selectors


def test_wildcard_selector_lists_what_it_selects() -> None:
    message = '{"resources": [{"type": "AWS::IAM::Role"}, 7, {"type": "AWS::S3::Bucket"}, {"type": null}]}'
    assert rendered('{ $.resources[*].type = "*S3*" }', message).splitlines() == [
        "A  resources[*].type (3 values) contains S3  true   => matches",
        '     resources[0].type "AWS::IAM::Role"   false',
        '     resources[2].type "AWS::S3::Bucket"  true',
        "     resources[3].type (null)             false",
    ]


def test_wildcard_over_properties_names_them() -> None:
    clause = clause_of("$.a.*.b != x", '{"a": {"p": {"b": "x"}, "q r": {"b": "y"}, "": {"b": "z"}, "s": {}}}')
    assert [(node.path, node.text, node.holds) for node in clause.nodes] == [
        ("a.p.b", "x", False),
        ("a['q r'].b", "y", True),
        ("a[''].b", "z", True),
    ]


def test_wildcard_that_selects_nothing_says_so() -> None:
    assert rendered("{ $.tags[*] NOT EXISTS }", '{"tags": []}').splitlines() == [
        "A  tags[*] (0 values) is absent  true   => matches",
        "   tags is empty",
    ]


@pytest.mark.parametrize("witness", [3, 500])
def test_list_of_nodes_is_bounded_and_holds_one_that_satisfies(witness: int) -> None:
    elements = ["x"] * 1000
    elements[witness] = "hit"
    clause = clause_of("$.l[*] = hit", json.dumps({"l": elements}))
    assert (len(clause.nodes), clause.omitted, clause.holds) == (MAX_NODES, 1000 - MAX_NODES, True)
    assert [node.path for node in clause.nodes if node.holds] == [f"l[{witness}]"]
    assert "… 990 more" in rendered("{ $.l[*] = hit }", json.dumps({"l": elements}))


def test_list_of_nodes_is_bounded_when_none_satisfies() -> None:
    clause = clause_of("$.l[*] = hit", json.dumps({"l": ["x"] * 30}))
    assert ([node.path for node in clause.nodes], clause.omitted) == ([f"l[{place}]" for place in range(10)], 20)


# ---------------------------------------------------------------- how clauses group, which one decided


@pytest.mark.parametrize(
    ("pattern", "reading"),
    [
        ("$.a = 1", "A"),
        ("$.a = 1 && $.b = 1", "A && B"),
        ("$.a = 1 || $.b = 1 || $.c = 1", "A || B || C"),
        ("$.a = 1 || $.b = 1 && $.c = 1", "A || (B && C)"),
        ("($.a = 1 || $.b = 1) && $.c = 1", "(A || B) && C"),
        ("($.a = 1 || $.b = 1 && ($.c = 1 || $.d = 1)) && $.e = 1", "(A || (B && (C || D))) && E"),
    ],
)
def test_reading_names_the_clauses_by_letters(pattern: str, reading: str) -> None:
    assert explain(f"{{ {pattern} }}", "{}").reading == reading


@pytest.mark.parametrize(
    ("pattern", "true", "reached"),
    [
        ("$.a = 1 || $.b = 1 || $.c = 1", "", "ABC"),
        ("$.a = 1 || $.b = 1 || $.c = 1", "b", "AB"),
        ("$.a = 1 && $.b = 1 && $.c = 1", "abc", "ABC"),
        ("$.a = 1 && $.b = 1 && $.c = 1", "ac", "AB"),
        ("$.a = 1 && $.b = 1 || $.c = 1", "bc", "AC"),
        ("$.a = 1 && $.b = 1 || $.c = 1", "ab", "AB"),
        ("($.a = 1 || $.b = 1) && $.c = 1", "c", "AB"),
        ("($.a = 1 || $.b = 1) && $.c = 1", "a", "AC"),
    ],
)
def test_clause_that_decided_is_the_last_one_reached(pattern: str, true: str, reached: str) -> None:
    explanation = explain(f"{{ {pattern} }}", json.dumps({letter: int(letter in true) for letter in "abc"}))
    assert "".join(clause.letter for clause in explanation.clauses if clause.reached) == reached
    assert [clause.letter for clause in explanation.clauses if clause.decided] == [reached[-1]]
    assert [clause.holds for clause in explanation.clauses] == [letter in true for letter in "abc"]


def test_letters_go_on_after_z() -> None:
    pattern = " || ".join(f"$.f{place} = 1" for place in range(54))
    letters = [clause.letter for clause in explain(f"{{ {pattern} }}", "{}").clauses]
    assert (letters[25], letters[26], letters[27], letters[52], letters[53]) == ("Z", "AA", "AB", "BA", "BB")


def test_clause_keeps_its_text_and_place() -> None:
    first, second = explain("{ $.a=\"x\" && $['b']   NOT EXISTS }", "{}").clauses
    assert (first.text, first.position, second.text, second.position) == ('$.a = "x"', 2, "$['b'] NOT EXISTS", 13)


# ---------------------------------------------------------------- what is no event


def test_message_that_is_not_json_shows_where_reading_stopped() -> None:
    explanation = explain("{ $.a = 1 }", b'{"a": 1, b: 2}')
    assert (explanation.verdict, explanation.position, explanation.clauses) == ("not-json", 9, ())
    lines = render_explanation(explanation).splitlines()
    assert lines[0] == "=> no match: the message is not JSON, and a JSON pattern matches nothing else (FP-4.1)"
    assert lines[1].startswith("reading stopped at character 9: ")
    assert lines[2:] == ['  {"a": 1, b: 2}', "           ^"]


@pytest.mark.parametrize(
    ("message", "kind"), [('"x"', "string"), ("5", "number"), ("true", "boolean"), ("null", "null")]
)
def test_scalar_is_no_event(message: str, kind: str) -> None:
    assert rendered("{ $.a = 1 }", message) == (
        f"=> no match: the message is a JSON {kind}; only objects and arrays are events (FP-4.2)"
    )


def test_empty_pattern_matches_everything() -> None:
    assert rendered("", "x") == "=> matches: the empty pattern matches every event (FP-1.1)"


# ---------------------------------------------------------------- text patterns


def test_text_pattern_is_explained_term_by_term() -> None:
    assert rendered('?WARN GET -"test run" %RE[QX]%', "GET REQUEST WARN").splitlines() == [
        "read as:  A && B && C",
        "   contains WARN (found at character 12)    ignored",
        "   no effect: optional terms are ignored beside plain or excluded ones (FP-3.7)",
        "A  contains GET (found at character 0)      true",
        'B  does not contain "test run"              true',
        "C  matches %RE[QX]% (found at character 4)  true   => matches",
    ]


@pytest.mark.parametrize(
    ("pattern", "message", "lines"),
    [
        ("A -B", "a B", ["A  contains A", "false  => no match", "B  does not contain B (found at character 2)  false"]),
        ("?A ?B", "xB", ["read as:  A || B", "contains B (found at character 1)  true   => matches"]),
        ("?A ?B", "x", ["contains B  false  => no match"]),
        (
            '" "',
            "x",
            ['A  contains " "  true   => matches', "a phrase of blanks only is found in every message (FP-3.8)"],
        ),
        ("%x%", "y", ["A  matches %x%  false  => no match"]),
    ],
)
def test_term_in_words(pattern: str, message: str, lines: list[str]) -> None:
    text = rendered(pattern, message)
    assert [line for line in lines if line not in text] == []


# ---------------------------------------------------------------- space-delimited patterns


def test_line_is_explained_column_by_column() -> None:
    assert rendered(
        "[host, , when, ..., code >= 400 && code < 500, size]", '192.0.2.1 - [1 2] "GET /" 404 9'
    ).splitlines() == [
        "the line has 6 fields:",
        '  $host  "192.0.2.1"',
        '  $2     "-"',
        '  $when  "1 2"',
        '  $4     "GET /"',
        '  $code  "404"',
        '  $size  "9"',
        "read as:  A && B",
        "A  code 404 is at least 400   true",
        "B  code 404 is less than 500  true   => matches",
    ]


@pytest.mark.parametrize(
    ("pattern", "message", "lines"),
    [
        ("[a = x, b]", "x one two", ['  $b  "one two"', 'A  a "x" is x  true   => matches']),
        ("[a, b = x]", "one", ["the line has 1 field:", '  $1  "one"', "has 1 field and the pattern needs at least 2"]),
        ("[..., a, b = x]", "", ["the line has 0 fields:", "has 0 fields and the pattern needs at least 2"]),
        ("[ERROR]", "all quiet", ["=> matches: no column has a condition", '  $ERROR  "all quiet"']),
        ("[]", "a b", ["=> matches: no column has a condition", '  $2  "b"']),
        ("[a > 5]", "-", ['A  a "-" is greater than 5  false', "only numbers are compared by size"]),
        ("[a = 5]", "5.0", ["A  a 5.0 equals 5  true"]),
        ('[a != "5"]', "5.0", ['A  a 5.0 is not "5"  true', "the same number, but compared as text"]),
    ],
)
def test_line_in_words(pattern: str, message: str, lines: list[str]) -> None:
    text = rendered(pattern, message)
    assert [line for line in lines if line not in text] == []


def test_fields_say_where_they_stand() -> None:
    fields = explain("[a, ...]", ' "one two" x').fields
    assert [(field.number, field.start, field.end, field.text, field.column) for field in fields] == [
        (1, 1, 10, "one two", "a"),
        (2, 11, 12, "x", None),
    ]


def test_list_of_fields_is_bounded() -> None:
    line = " ".join(map(str, range(10_000)))
    explanation = explain("[..., last = 9999]", line)
    assert (len(explanation.fields), explanation.field_count, explanation.matches) == (MAX_FIELDS, 10_000, True)
    assert "… 9,950 more" in render_explanation(explanation)


# ---------------------------------------------------------------- bounds and hostile content


def test_long_values_lose_their_middle() -> None:
    clause = clause_of("$.f = x*", json.dumps({"f": "x" * 10_000 + "end"}))
    assert len(clause.nodes[0].text) == MAX_TEXT
    assert clause.nodes[0].text.endswith("end")
    assert max(map(len, rendered("{ $.f = x* }", json.dumps({"f": "x" * 10_000})).splitlines())) <= 100


def test_long_names_lose_their_middle() -> None:
    clause = clause_of("$.* = x", json.dumps({"k" * 10_000: "x"}))
    assert len(clause.nodes[0].path) == MAX_TEXT


def test_term_that_is_found_everywhere_is_found_nowhere_in_particular() -> None:
    offsets = [clause.offset for clause in explain('"  " ?"  " ?"" "" A', "A").clauses]
    assert offsets == [None, None, None, None, 0]


@pytest.mark.parametrize(("text", "short"), [("abcdef", "abcdef"), ("abcdefg", "abcd…g"), ("a" * 99 + "b", "aaaa…b")])
def test_shorten_keeps_both_ends(text: str, short: str) -> None:
    assert shorten(text, 6) == short


@pytest.mark.parametrize("width", [0, 48, 57, 80, 200])
@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            "{ $.f = *x* && $.g[*] != 5 || $.h IS TRUE }",
            json.dumps({"f": "\x1b[31m\u202e\ud800 x", "g": ["\x07", {}, 5]}),
        ),
        ("{ $['\x1b[31m'] = \"\x1b]0;x\x07\" }", '{"\\u001b[31m": {"\\u001b": 1}}'),
        ("{ $['\x1b'].* = \"\x9b\" }", '{"\\u001b": {"\\u009b\\n": "\\u2028"}}'),
        ("{ $['\x1b'].a.b = 1 }", "{}"),
        ('"\x1b[2J" -x', "\x1b[2J"),
        ('[a = "\x1b", b]', "\x1b \x9b\u202e"),
        ("{ $.a = 1 }", "{\x1b[31m"),
        ("{ " + " || ".join(f"$.a = {'v' * 20}{place}" for place in range(20)) + " }", "{}"),
        ('{ $.a = "' + "long words " * 50 + '" }', '{"a": "' + "x" * 300 + '"}'),
    ],
)
def test_text_is_safe_for_a_terminal_and_fits(pattern: str, message: str, width: int) -> None:
    lines = rendered(pattern, message, width=width).split("\n")
    assert all(line.isprintable() for line in lines)
    assert all(line == line.rstrip() for line in lines)
    if explain(pattern, message).verdict is not Verdict.NOT_JSON:
        assert max(map(len, lines)) <= max(width, 48)


# ---------------------------------------------------------------- words for a table


@pytest.mark.parametrize(
    ("pattern", "message", "words"),
    [
        ("{ $.a.b = x }", '{"a": {"b": "y"}}', ("a.b", '"y"', "is x", ())),
        ("{ $.a = x }", "{}", ("a", "(absent)", "is x", ())),
        ("{ $.a NOT EXISTS }", "{}", ("a", "(absent)", "is absent", ())),
        ("{ $.a[*] = x }", '{"a": [1, 2]}', ("a[*]", "(2 values)", "is x", ())),
        (
            "{ $.a != x }",
            "{}",
            ("a", "(absent)", "is not x", ("an absent field satisfies no comparison, not even != (FP-5.2)",)),
        ),
        ("ERROR", "an ERROR", ("", "at character 3", "contains ERROR", ())),
        ("ERROR", "fine", ("", "not found", "contains ERROR", ())),
        ("[ip, code = 4*]", "10.0.0.1 500", ("code", "500", "begins with 4", ())),
    ],
)
def test_a_clause_in_words_apart(pattern: str, message: str, words: tuple[str, str, str, tuple[str, ...]]) -> None:
    explanation = explain(pattern, message)
    assert clause_words(explanation.clauses[-1], explanation.kind) == words


@pytest.mark.parametrize(
    ("pattern", "message", "words"),
    [
        ("{ $.a = x }", "{}", ""),
        ("", "x", "the empty pattern matches every event (FP-1.1)"),
        ("{ $.a = x }", "[1", "reading stopped at character"),
        ("[a, b, c]", "x", "the line has 1 field and the pattern needs at least 3"),
    ],
)
def test_what_settles_an_outcome_besides_clauses(pattern: str, message: str, words: str) -> None:
    said = verdict_words(explain(pattern, message))
    assert words in said
    assert bool(words) == bool(said)
