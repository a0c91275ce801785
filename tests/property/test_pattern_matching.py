"""What holds for every pattern and every message (FP-14.9, points 2, 5 and 7)."""

from __future__ import annotations

import json
import re
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import event
from tocsin.core.event import Event, MessageError, decode_message, lexeme
from tocsin.core.number import Number
from tocsin.core.pattern import FilterPattern, tree
from tocsin.core.pattern.explanation_text import render_explanation
from tocsin.core.pattern.regex import RegexError, parse_regex
from tocsin.core.pattern.regex_search import BitAutomaton, compile_regex, make_chain
from tocsin.errors import PatternError

# ---------------------------------------------------------------- messages

NAMES = ["eventName", "a", "b", "a.b", "", "x y"]
TEXTS = [
    "A",
    "B",
    "AxB",
    "*",
    "x",
    "",
    "5",
    "5.0",
    "1e3",
    "true",
    "null",
    "é",
    "\U0001f600",
    "\ud800",
    'q"',
    "a b",
    "\n",
]
NUMBERS = ["5", "5.0", "-0", "0", "1e3", "1000", "-1.5", "9007199254740993", "12345678901234567890123.5", "5e-1"]


@st.composite
def quoted(draw: st.DrawFn, texts: list[str]) -> str:
    """A JSON string: plain, or with characters spelt by their code."""
    text = draw(st.sampled_from(texts))
    spelt = json.dumps(text, ensure_ascii=draw(st.booleans()))
    if text and ord(text[0]) < 0x10000 and draw(st.booleans()):
        spelt = f'"\\u{ord(text[0]):04x}' + json.dumps(text[1:])[1:]
    return spelt


def joined(items: list[str], brackets: str, blank: str) -> str:
    return brackets[0] + blank + f"{blank},{blank}".join(items) + blank + brackets[1]


BLANKS = st.sampled_from(["", "", " ", "\n\t "])
SCALARS = st.one_of(quoted(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(["true", "false", "null"]))


def members(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.builds("{}:{}".format, quoted(NAMES), values), max_size=4)


VALUES = st.recursive(
    SCALARS,
    lambda values: st.one_of(
        st.builds(joined, st.lists(values, max_size=3), st.just("[]"), BLANKS),
        st.builds(joined, members(values), st.just("{}"), BLANKS),
    ),
    max_leaves=8,
)


OBJECTS = st.builds(joined, members(VALUES), st.just("{}"), BLANKS)
LINES = st.lists(
    st.sampled_from(["A", "B", "5", "5.0", "-", '"', '"A B"', "[", "[x]", "]", '""', " ", "\t", "\u00a0", "é"]),
    max_size=8,
).map(" ".join)
DAMAGED = st.builds(
    lambda text, end, more: text[:end] + more, OBJECTS, st.integers(0, 40), st.sampled_from(["", "x", "}"])
)
MESSAGES = st.one_of(OBJECTS, OBJECTS, OBJECTS, VALUES, LINES, DAMAGED, st.text(max_size=20))

# ---------------------------------------------------------------- patterns

QUOTED_NAMES = {"": "['']", "a.b": "['a.b']", "x y": '["x y"]'}
STEPS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: QUOTED_NAMES.get(name, f".{name}")),
    st.sampled_from(["[0]", "[1]", "[*]", ".*"]),
)
SELECTORS = st.lists(STEPS, min_size=1, max_size=3).map(lambda steps: "$" + "".join(steps))
REGEXES = st.sampled_from(["%A%", "%^A|B$%", "%^.$%", r"%\d+%", "%x?%", "%[^x]{2}%"])
BARE = st.sampled_from(["A", "B", "*", "A*", "*B", "*x*", "5", "5.0", "1e3", "true", "-0", "1000", "0.5", "-1.5"])
PHRASES = st.sampled_from(TEXTS).map(lambda text: '"' + text.replace('"', '\\"') + '"')
OPS = st.sampled_from(["=", "=", "!=", "<", ">", "<=", ">="])
CONSTANTS = st.sampled_from(["IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS"])
COMPARISONS = st.one_of(
    st.builds("{} {}".format, OPS, st.one_of(BARE, PHRASES)),
    st.builds("{} {}".format, st.sampled_from(["=", "!="]), REGEXES),
)


def grouped(conditions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        conditions,
        lambda inner: st.builds(
            lambda items, junction: "(" + f" {junction} ".join(items) + ")",
            st.lists(inner, min_size=1, max_size=3),
            st.sampled_from(["&&", "||"]),
        ),
        max_leaves=5,
    )


JSON_PATTERNS = grouped(st.builds("{} {}".format, SELECTORS, st.one_of(COMPARISONS, COMPARISONS, CONSTANTS))).map(
    lambda expr: f"{{ {expr} }}"
)
TERMS = st.builds(
    "{}{}".format, st.sampled_from(["", "", "-", "?"]), st.one_of(PHRASES, REGEXES, st.sampled_from("ABx5"))
)
TEXT_PATTERNS = st.lists(TERMS, max_size=4).map(" ".join)
COLUMNS = st.sampled_from(["p", "q", "1", ""]).flatmap(
    lambda name: st.one_of(
        st.just(name), st.just("..."), grouped(COMPARISONS.map(lambda test: f"{name} {test}")) if name else st.just("")
    )
)
SPACE_PATTERNS = st.lists(COLUMNS, max_size=4).map(lambda entries: f"[{', '.join(entries)}]")


def parsed(source: str) -> FilterPattern | None:
    try:
        return FilterPattern.parse(source)
    except PatternError:
        return None


PATTERNS = (
    st.one_of(JSON_PATTERNS, TEXT_PATTERNS, SPACE_PATTERNS).map(parsed).filter(lambda pattern: pattern is not None)
)

# ---------------------------------------------------------------- the plain reading of FP-3 to FP-6


def select(node: object, steps: tuple[tree.Step, ...]) -> list[object]:
    if not steps:
        return [node]
    step, rest = steps[0], steps[1:]
    children: list[object] = []
    if isinstance(node, dict):
        if isinstance(step, tree.Name) and step.name in node:
            children = [node[step.name]]
        elif isinstance(step, tree.AnyName):
            children = list(node.values())
    elif isinstance(node, list):
        if isinstance(step, tree.Index):
            children = node[step.index : step.index + 1]
        elif isinstance(step, tree.AnyElement):
            children = node
    return [found for child in children for found in select(child, rest)]


def is_numeric(text: str) -> bool:
    return re.fullmatch(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?", text) is not None


def equals(value: tree.Value, text: str, *, is_number: bool) -> bool:
    if isinstance(value, tree.Regex):
        return re.search(value.source.replace("$", r"\Z"), text, re.ASCII) is not None
    if value.is_number and is_number:
        return Fraction(value.text) == Fraction(text)
    lead, trail = value.text.startswith("*"), value.text.endswith("*")
    if value.text == "*":
        return True
    core = value.text[lead : len(value.text) - trail]
    if lead and trail:
        return core in text
    return text.endswith(core) if lead else text.startswith(core) if trail else text == core


def ordered(op: str, value: tree.Value, text: str, *, is_number: bool) -> bool:
    if not isinstance(value, tree.Literal) or not value.is_number or not is_number:
        return False
    left, right = Fraction(text), Fraction(value.text)
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[op]


def compares(condition: tree.Compare, text: str, *, is_number: bool) -> bool:
    if condition.op in ("=", "!="):
        return equals(condition.value, text, is_number=is_number) is (condition.op == "=")
    return ordered(condition.op, condition.value, text, is_number=is_number)


def holds_for(condition: tree.Condition, node: object) -> bool:
    if isinstance(condition, tree.Is):
        return node is {"NULL": None, "TRUE": True, "FALSE": False}[condition.constant]
    if node is None or isinstance(node, dict | list):
        return False
    text = str(node).lower() if isinstance(node, bool) else node
    return compares(condition, text, is_number=type(node) is Number)


def evaluate(expr: tree.Expr, leaf) -> bool:
    if isinstance(expr, tree.And):
        return all(evaluate(item, leaf) for item in expr.items)
    if isinstance(expr, tree.Or):
        return any(evaluate(item, leaf) for item in expr.items)
    return leaf(expr)


def json_matches(pattern: tree.Json, message: str) -> bool:
    try:
        root = decode_message(message)
    except MessageError:
        return False
    if not isinstance(root, dict | list):
        return False

    def leaf(condition: tree.Condition) -> bool:
        nodes = select(root, condition.selector.steps)
        if isinstance(condition, tree.NotExists):
            return not nodes
        return any(holds_for(condition, node) for node in nodes)

    return evaluate(pattern.expr, leaf)


def text_matches(pattern: tree.Text, message: str) -> bool:
    def occurs(value: tree.Value) -> bool:
        if isinstance(value, tree.Regex):
            return equals(value, message, is_number=False)
        return not value.text.strip(" ") or value.text in message

    plain = [term for term in pattern.terms if term.role != "?"]
    if not plain:
        return any(occurs(term.value) for term in pattern.terms)
    return all(occurs(term.value) is (term.role == "") for term in plain)


def cut(line: str) -> list[tuple[int, int, str]]:
    """FP-6.1, word for word."""
    fields = []
    at = 0
    while True:
        while at < len(line) and line[at] in " \t\r\n":
            at += 1
        if at == len(line):
            return fields
        closing = {'"': '"', "[": "]"}.get(line[at])
        end = line.find(closing, at + 1) if closing else -1
        if end >= 0:
            fields.append((at, end + 1, line[at + 1 : end]))
            at = end + 1
        else:
            start = at
            while at < len(line) and line[at] not in " \t\r\n":
                at += 1
            fields.append((start, at, line[start:at]))


def space_matches(pattern: tree.Space, line: str) -> bool:
    columns = [column for column in pattern.columns if isinstance(column, tree.Column)]
    fields = cut(line)
    if len(fields) < len(columns):
        return False
    if len(columns) == len(pattern.columns):
        rest = line[fields[len(columns) - 1][0] :].rstrip(" \t\r\n")
        last = fields[-1][2] if len(fields) == len(columns) else rest
        texts = [text for _, _, text in fields[: len(columns) - 1]] + [last]
    else:
        gap = next(place for place, column in enumerate(pattern.columns) if not isinstance(column, tree.Column))
        texts = [text for _, _, text in fields[:gap] + fields[len(fields) - (len(columns) - gap) :]]
    return all(
        column.expr is None
        or evaluate(column.expr, lambda condition, text=text: compares(condition, text, is_number=is_numeric(text)))
        for column, text in zip(columns, texts, strict=True)
    )


def plainly_matches(pattern: tree.Pattern, message: str) -> bool:
    if isinstance(pattern, tree.Json):
        return json_matches(pattern, message)
    if isinstance(pattern, tree.Text):
        return text_matches(pattern, message)
    return space_matches(pattern, message) if isinstance(pattern, tree.Space) else True


@given(pattern=PATTERNS, messages=st.lists(MESSAGES, min_size=3, max_size=6))
def test_compiled_pattern_means_what_the_specification_says(pattern: FilterPattern, messages: list[str]) -> None:
    for message in messages:
        assert pattern.matches(message) is plainly_matches(pattern.tree, message), message


# ---------------------------------------------------------------- points 2 and 7


@given(
    pattern=PATTERNS,
    message=st.one_of(
        MESSAGES, st.binary(max_size=40), OBJECTS.map(lambda text: text.encode("utf-8", "surrogatepass")[:30] + b"\xff")
    ),
)
def test_matches_and_extract_agree_and_bytes_are_text(pattern: FilterPattern, message: str | bytes) -> None:
    outcome = pattern.matches(message)
    extracted = pattern.extract(message)
    assert (extracted is not None) is outcome
    assert all(type(key) is type(value) is str for key, value in (extracted or {}).items())
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
    assert pattern.extract(text) == extracted
    if "\ud800" not in text:
        assert pattern.extract(text.encode()) == extracted


@given(pattern=PATTERNS, message=MESSAGES, width=st.integers(0, 120))
def test_explanation_tells_the_same_outcome(pattern: FilterPattern, message: str, width: int) -> None:
    explanation = pattern.explain(message)
    assert explanation.matches is pattern.matches(message)
    shown = set(render_explanation(explanation, width=width)) - {"\t", "\n"}
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(pattern=JSON_PATTERNS.map(parsed).filter(lambda pattern: pattern is not None), message=MESSAGES)
def test_keys_and_required_fields_are_sound(pattern: FilterPattern, message: str) -> None:
    for names in (("eventName",), ("a",), ("a", "b")):
        keys = pattern.keys_for(names)
        if keys is not None and pattern.matches(message):
            (node,) = select(Event(message).value, tuple(map(tree.Name, names)))
            assert lexeme(node) in keys
    assert all(
        condition.selector.steps[:1] in {path[:1] for path in pattern.required_fields}
        for condition in tree.conditions(pattern.tree.expr)
    )


# ---------------------------------------------------------------- decoding


@given(text=MESSAGES)
def test_every_way_of_decoding_agrees(text: str) -> None:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        expected = json.loads(text, parse_constant=refuse, parse_int=Number, parse_float=Number)
    except ValueError:
        expected = None
    outcome = outcome_of(decode_message, text)
    assert outcome == outcome_of(event._decode_flat, text)
    assert outcome in range(len(text) + 1) if isinstance(outcome, int) else outcome == [expected]


def outcome_of(decode, text: str) -> object:
    """The value in a list, or the place where reading stopped."""
    try:
        return [decode(text)]
    except MessageError as error:
        return error.position


# ---------------------------------------------------------------- point 5: regexes

# Parts of a regex in our dialect and in Python's, which is the reference: the search below is short.
ATOMS = [
    ("a", "a"), ("b", "b"), (".", "."), (r"\d", r"\d"), (r"\W", r"\W"), (r"\s", r"\s"), ("[ab]", "[ab]"),
    ("[^a]", "[^a]"), ("[a-c\\d]", "[a-c0-9]"), ("[^\\w]", r"[^\w]"), (r"\x61", "a"), (r"\xe9", "é"), ("]", r"\]"),
    (" ", " "), (r"\S", r"\S"), ("[^\\x00-\\xff]", "[^\x00-\xff]"),
]  # fmt: skip
COUNTS = [
    ("", ""), ("", ""), ("*", "*"), ("+", "+"), ("?", "?"), ("{2}", "{2}"), ("{,2}", "{0,2}"), ("{1,}", "{1,}"),
    ("{ 1 , 3 }", "{1,3}"), ("{0}", "{0}"), ("{,}", "*"),
]  # fmt: skip
ANCHORS = [("^", r"\A"), ("$", r"\Z")]


def paired(parts: list[tuple[str, str]], glue: str) -> tuple[str, str]:
    return glue.join(ours for ours, _ in parts), glue.join(python for _, python in parts)


REPEATED = st.tuples(st.sampled_from(ATOMS), st.sampled_from(COUNTS)).map(lambda parts: paired(list(parts), ""))
BRANCHES = st.lists(st.one_of(REPEATED, REPEATED, REPEATED, st.sampled_from(ANCHORS)), max_size=5).map(
    lambda parts: paired(parts, "")
)
DIALECTS = st.lists(BRANCHES, min_size=1, max_size=3).map(lambda parts: paired(parts, "|")).filter(lambda pair: pair[0])
SUBJECTS = st.text(st.sampled_from("aabbc1 \n]é€\U0001f600\ud800"), max_size=8)


@given(dialects=DIALECTS, subjects=st.lists(SUBJECTS, min_size=4, max_size=8))
def test_regex_means_what_a_simple_matcher_says(dialects: tuple[str, str], subjects: list[str]) -> None:
    ours, python = dialects
    syntax = parse_regex(ours)
    found = compile_regex(syntax)
    bits = BitAutomaton([chain for branch in syntax.branches if (chain := make_chain(branch)) is not None]).search
    for subject in subjects:
        expected = re.search(python, subject, re.ASCII) is not None
        assert (found(subject), bits(subject)) == (expected, expected), (ours, subject)


@given(text=st.text(st.sampled_from("ab*+?|^$[]{}\\.-,12x( é"), max_size=20))
def test_any_text_is_a_regex_or_refused(text: str) -> None:
    try:
        syntax = parse_regex(text)
    except RegexError as error:
        refused = error
    else:
        assert syntax.size <= 10_000
        assert compile_regex(syntax)("ab12") in {True, False}
        return
    assert 0 <= refused.position <= len(text)
    assert refused.hint


@pytest.mark.parametrize(
    ("source", "hit", "miss"), [("{ $.a = A }", '{"a":"A"}', "{}"), ("A", "A", "B"), ("[a = A]", "A", "B")]
)
def test_plain_reading_tells_messages_apart(source: str, hit: str, miss: str) -> None:
    pattern = FilterPattern.parse(source).tree
    assert (plainly_matches(pattern, hit), plainly_matches(pattern, miss)) == (True, False)
