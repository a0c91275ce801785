"""Why a pattern does or does not match an event, clause by clause. Spec: FP-13.32, R-51.

Rule: the outcome of every clause comes from the very function that matching uses, so an explanation
cannot tell another story than the match.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

import msgspec

from tocsin.caret import draw_caret
from tocsin.core.event import NOT_JSON, lexeme
from tocsin.core.number import Number, is_number, number_key
from tocsin.core.pattern.branching import MATCH, NO_MATCH, Stop, route
from tocsin.core.pattern.explanation import (
    MAX_FIELDS,
    MAX_NODES,
    Clause,
    CutField,
    Explanation,
    Kind,
    Node,
    NodeKind,
    Reason,
    Relation,
    Verdict,
    shorten,
)
from tocsin.core.pattern.json_match import leaf_test
from tocsin.core.pattern.lexer import is_name_char
from tocsin.core.pattern.printer import print_condition, print_pattern, print_value
from tocsin.core.pattern.regex import parse_regex
from tocsin.core.pattern.regex_search import locate_regex
from tocsin.core.pattern.space_match import Layout, combine, cut_line, split_fields
from tocsin.core.pattern.text_match import ignores_optional, is_blank, phrase_matches
from tocsin.core.pattern.tree import (
    All,
    And,
    AnyElement,
    AnyName,
    ColumnRef,
    Compare,
    Index,
    Is,
    Json,
    Literal,
    Name,
    NotExists,
    Op,
    Or,
    Regex,
    Role,
    Selector,
    Space,
    Text,
)
from tocsin.core.pattern.value_match import ORDERINGS, field_test, is_constant, node_test

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.event import Event, JsonValue
    from tocsin.core.pattern.space_match import Field
    from tocsin.core.pattern.tree import Condition, Expr, Pattern, Step, Term, Value
    from tocsin.core.pattern.value_match import NodeTest


def explain_event(pattern: Pattern, event: Event) -> Explanation:
    """Explain what a pattern makes of an event. Never raises."""
    match pattern:
        case All():
            return Explanation(kind=Kind.ALL, pattern="", matches=True, verdict=Verdict.MATCH_ALL)
        case Text(terms):
            return _explain_text(pattern, terms, event.text)
        case Json(expr):
            return _explain_json(pattern, expr, event)
        case Space():
            return _explain_space(pattern, event.text)
        case _:
            assert_never(pattern)


# ---------------------------------------------------------------- which clause decided


class _Settled(NamedTuple):
    clauses: tuple[Clause, ...]
    matches: bool


def _settle(clauses: Sequence[Clause], stops: Sequence[Stop[Any]]) -> _Settled:
    """Go from clause to clause as matching does, and mark the way."""
    place = decided = 0
    reached = set()
    while place >= 0:
        reached.add(place)
        decided = place
        place = stops[place].if_true if clauses[place].holds else stops[place].if_false
    marked = (
        msgspec.structs.replace(clause, reached=at in reached, decided=at == decided)
        for at, clause in enumerate(clauses)
    )
    return _Settled(tuple(marked), place == MATCH)


def _letter(place: int) -> str:
    """A to Z, AA, AB, …: the name of a clause."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _reading(expr: Expr) -> str:
    """The expression with letters for its conditions, and parentheses around every group."""
    pieces: list[str] = []
    pending: list[Expr | str] = [expr]
    letters = 0
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, And | Or):
            junction = " && " if isinstance(item, And) else " || "
            for child in reversed(item.items):
                pending += [")", child, "("] if isinstance(child, And | Or) else [child]
                pending.append(junction)
            pending.pop()  # nothing joins the first item to what stands before it
        else:
            pieces.append(_letter(letters))
            letters += 1
    return "".join(pieces)


# ---------------------------------------------------------------- text patterns


def _explain_text(pattern: Text, terms: tuple[Term, ...], text: str) -> Explanation:
    needed = ignores_optional(terms)
    counted = [term for term in terms if not (needed and term.role is Role.OPTIONAL)]
    letters = {id(term): _letter(place) for place, term in enumerate(counted)}
    clauses = [_term_clause(term, letters.get(id(term), ""), text) for term in terms]
    last = len(counted) - 1
    stops: list[Stop[Any]] = [
        Stop(
            None,
            MATCH if not needed or place == last else place + 1,
            NO_MATCH if needed or place == last else place + 1,
        )
        for place in range(len(counted))
    ]
    settled = _settle([clause for clause in clauses if clause.letter], stops)
    marked = iter(settled.clauses)
    return Explanation(
        kind=Kind.TEXT,
        pattern=print_pattern(pattern),
        matches=settled.matches,
        verdict=Verdict.CLAUSES,
        reading=(" && " if needed else " || ").join(letters.values()),
        clauses=tuple(next(marked) if clause.letter else clause for clause in clauses),
    )


def _term_clause(term: Term, letter: str, text: str) -> Clause:
    value = term.value
    is_found = phrase_matches(value)(text)
    negated = term.role is Role.EXCLUDED
    reason = Reason.COMPARED if letter else Reason.IGNORED
    offset = None
    if isinstance(value, Regex):
        offset = locate_regex(parse_regex(value.source), text)
    elif is_blank(value.text):
        reason = Reason.BLANK if letter else reason
    elif is_found:
        offset = text.find(value.text)
    return Clause(
        letter=letter,
        text=term.role + print_value(value),
        position=term.position,
        subject="message",
        relation=Relation.REGEX if isinstance(value, Regex) else Relation.CONTAINS,
        negated=negated,
        value=print_value(value) if isinstance(value, Regex) else value.text,
        offset=offset,
        holds=is_found is not negated,
        reason=reason,
    )


# ---------------------------------------------------------------- JSON patterns


def _explain_json(pattern: Json, expr: Expr, event: Event) -> Explanation:
    root = event.value
    explanation = Explanation(
        kind=Kind.JSON, pattern=print_pattern(pattern), matches=False, verdict=Verdict.CLAUSES, reading=_reading(expr)
    )
    problem = event.problem
    if problem is not None:
        return msgspec.structs.replace(
            explanation,
            verdict=Verdict.NOT_JSON,
            problem=problem.reason,
            position=problem.position,
            excerpt=draw_caret(event.text, problem.position),
        )
    if not isinstance(root, dict | list):
        assert root is not NOT_JSON
        return msgspec.structs.replace(explanation, verdict=Verdict.NOT_A_DOCUMENT, problem=_kind(root).value)
    stops = route(expr)
    clauses = [_json_clause(stop.leaf, _letter(place), root) for place, stop in enumerate(stops)]
    settled = _settle(clauses, stops)
    return msgspec.structs.replace(explanation, matches=settled.matches, clauses=settled.clauses)


def _json_clause(condition: Condition, letter: str, root: JsonValue) -> Clause:
    selector = condition.selector
    assert isinstance(selector, Selector)
    test = _condition_test(condition)
    listed, total = _listed(selector.steps, root, test)
    reason, detail = Reason.COMPARED, ""
    if not total:
        reason = Reason.MISSING
        detail = _where_missing(selector.steps, root)
    elif not selector.has_wildcard:
        reason = _reason(condition, listed[0][1])
    asked = _asked(condition)
    return Clause(
        letter=letter,
        text=print_condition(condition),
        position=condition.position,
        subject=selector.source[1:].removeprefix("."),
        relation=asked.relation,
        negated=asked.negated,
        value=asked.value,
        nodes=tuple(_node(path, node, holds=test(node)) for path, node in listed),
        omitted=total - len(listed),
        has_wildcard=selector.has_wildcard,
        holds=leaf_test(condition)(root),
        reason=reason,
        detail=detail,
    )


def _condition_test(condition: Condition) -> NodeTest:
    """What the condition asks of each node; nothing that is there satisfies NOT EXISTS."""
    match condition:
        case Compare(_, op, value):
            return node_test(op, value)
        case Is(_, constant):
            return is_constant(constant)
        case NotExists():
            return lambda _node: False
        case _:
            assert_never(condition)


def _listed(steps: Sequence[Step], root: JsonValue, test: NodeTest) -> tuple[list[tuple[str, JsonValue]], int]:
    """The first nodes with their paths, one among them that satisfies the test if any does; and how many there are."""
    nodes = _located(steps, root)
    listed = list(islice(nodes, MAX_NODES))
    total = len(listed)
    has_witness = any(test(node) for _, node in listed)
    for path, node in nodes:
        total += 1
        if not has_witness and test(node):
            listed[-1] = (path, node)
            has_witness = True
    return listed, total


def _located(steps: Sequence[Step], root: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """The nodes that a selector selects, each with its path."""
    found: Iterator[tuple[str, JsonValue]] = iter((("", root),))
    plain: list[Name | Index] = []
    for step in steps:
        if isinstance(step, Name | Index):
            plain.append(step)
        else:
            found = _children(_descend(found, plain), step)
            plain = []
    return _descend(found, plain)


def _descend(nodes: Iterator[tuple[str, JsonValue]], steps: Sequence[Name | Index]) -> Iterator[tuple[str, JsonValue]]:
    for path, start in nodes:
        node = start
        for step in steps:
            if not _has(node, step):
                break
            node = _child(node, step)
        else:
            yield path + _path(steps), node


def _children(nodes: Iterator[tuple[str, JsonValue]], step: AnyName | AnyElement) -> Iterator[tuple[str, JsonValue]]:
    for path, node in nodes:
        if isinstance(step, AnyName) and isinstance(node, dict):
            yield from ((path + _path((Name(name),)), child) for name, child in node.items())
        elif isinstance(step, AnyElement) and isinstance(node, list):
            yield from ((f"{path}[{index}]", child) for index, child in enumerate(node))


def _has(node: JsonValue, step: Name | Index) -> bool:
    if isinstance(step, Name):
        return isinstance(node, dict) and step.name in node
    return isinstance(node, list) and step.index < len(node)


def _child(node: JsonValue, step: Name | Index) -> JsonValue:
    if isinstance(step, Name):
        assert isinstance(node, dict)
        return node[step.name]
    assert isinstance(node, list)
    return node[step.index]


def _path(steps: Sequence[Name | Index]) -> str:
    """Steps as a selector spells them."""
    pieces: list[str] = []
    for step in steps:
        match step:
            case Name(name) if name and all(map(is_name_char, name)):
                pieces.append(f".{name}")
            case Name(name):
                pieces.append(f"['{name}']")
            case Index(index):
                pieces.append(f"[{index}]")
            case _:
                assert_never(step)
    return "".join(pieces)


def _where_missing(steps: Sequence[Step], root: JsonValue) -> str:
    """What stands in the way of a selector that selects nothing; empty when just the field itself is absent."""
    node = root
    passed: list[Name | Index] = []
    step = steps[0]
    while isinstance(step, Name | Index) and _has(node, step):
        node = _child(node, step)
        passed.append(step)
        step = steps[len(passed)]
    where = _path(passed).removeprefix(".") or "the event"
    if not isinstance(node, dict if isinstance(step, Name | AnyName) else list):
        return f"{where} is {_described(node)}"
    if isinstance(step, AnyName | AnyElement):
        return "" if node else f"{where} is empty"
    if isinstance(step, Index):
        return f"{where} is {_described(node)}"
    is_last = len(passed) == len(steps) - 1
    return "" if is_last else f"{_path([*passed, step]).removeprefix('.')} is absent"


def _reason(condition: Condition, node: JsonValue) -> Reason:
    """What deserves a word about the comparison with a node that is there."""
    match condition:
        case NotExists():
            return Reason.PRESENT_NULL if node is None else Reason.COMPARED
        case Is(_, constant):
            is_text = isinstance(node, str) and node.lower() == constant.lower()
            return Reason.NOT_CONSTANT if is_text else Reason.COMPARED
        case Compare(_, op, value):
            text = lexeme(node)
            if text is None:
                return Reason.NULL if node is None else Reason.CONTAINER
            return _comparison_reason(op, value, text, is_number_type=type(node) is Number)
        case _:
            assert_never(condition)


def _comparison_reason(op: Op, value: Value, text: str, *, is_number_type: bool) -> Reason:
    is_number_value = isinstance(value, Literal) and value.is_number
    if op in ORDERINGS:
        if not is_number_value:
            return Reason.TEXT_VALUE
        return Reason.COMPARED if is_number_type else Reason.NOT_NUMBER
    if isinstance(value, Regex) or (is_number_value and is_number_type) or not is_number(value.text):
        return Reason.COMPARED
    is_same_number = is_number(text) and number_key(text) == number_key(value.text)
    return Reason.AS_TEXT if is_same_number and text != value.text else Reason.COMPARED


# ---------------------------------------------------------------- space-delimited patterns


def _explain_space(pattern: Space, line: str) -> Explanation:
    layout = Layout(pattern.columns)
    values = layout.values(line)
    fields, count = _cut(layout, line, is_enough=values is not None)
    explanation = Explanation(
        kind=Kind.SPACE,
        pattern=print_pattern(pattern),
        matches=False,
        verdict=Verdict.TOO_FEW_FIELDS,
        fields=fields,
        field_count=count,
        needed=len(layout.columns),
    )
    expr, places = combine(layout.columns)
    if expr is not None:
        explanation = msgspec.structs.replace(explanation, reading=_reading(expr))
    if values is None:
        return explanation
    if expr is None:
        return msgspec.structs.replace(explanation, matches=True, verdict=Verdict.NO_CONDITION)
    stops = route(expr)
    clauses = [
        _column_clause(stop.leaf, _letter(place), values[column])
        for place, (stop, column) in enumerate(zip(stops, places, strict=True))
    ]
    settled = _settle(clauses, stops)
    return msgspec.structs.replace(
        explanation, matches=settled.matches, verdict=Verdict.CLAUSES, clauses=settled.clauses
    )


def _cut(layout: Layout, line: str, *, is_enough: bool) -> tuple[tuple[CutField, ...], int]:
    """The first fields of a line with their columns, and how many there are."""
    columns = layout.columns
    cut: Iterator[Field] = (
        iter(cut_line(line, len(columns)) or ()) if is_enough and layout.gap is None else split_fields(line)
    )
    first = list(islice(cut, MAX_FIELDS))
    count = len(first) + sum(1 for _ in cut)
    under = count - len(columns)  # how many fields stand under the "..."
    fields = []
    for place, field in enumerate(first):
        if not is_enough or (layout.gap is not None and layout.gap <= place < layout.gap + under):
            name = None
        else:
            name = columns[place if layout.gap is None or place < layout.gap else place - under].name
        fields.append(
            CutField(number=place + 1, start=field.start, end=field.end, text=shorten(field.text), column=name)
        )
    return tuple(fields), count


def _column_clause(condition: Condition, letter: str, text: str) -> Clause:
    assert isinstance(condition, Compare)
    assert isinstance(condition.selector, ColumnRef)
    holds = field_test(condition.op, condition.value)(text)
    is_numeric = is_number(text)
    kind = NodeKind.NUMBER if is_numeric else NodeKind.STRING
    name = condition.selector.name
    asked = _asked(condition)
    return Clause(
        letter=letter,
        text=print_condition(condition),
        position=condition.position,
        subject=name,
        relation=asked.relation,
        negated=asked.negated,
        value=asked.value,
        nodes=(Node(path=name, kind=kind, text=shorten(text), holds=holds),),
        holds=holds,
        reason=_comparison_reason(condition.op, condition.value, text, is_number_type=is_numeric),
    )


# ---------------------------------------------------------------- what is asked, what is there


class _Asked(NamedTuple):
    relation: Relation
    negated: bool = False
    value: str = ""


_ORDERS = {Op.LT: Relation.LESS, Op.GT: Relation.GREATER, Op.LE: Relation.AT_MOST, Op.GE: Relation.AT_LEAST}


def _asked(condition: Condition) -> _Asked:
    match condition:
        case NotExists():
            return _Asked(Relation.ABSENT)
        case Is(_, constant):
            return _Asked(Relation.CONSTANT, value=constant.lower())
        case Compare(_, op, value):
            if op in ORDERINGS:
                return _Asked(_ORDERS[op], value=print_value(value))
            return _asked_text(value, negated=op is Op.NE)
        case _:
            assert_never(condition)


def _asked_text(value: Value, *, negated: bool) -> _Asked:
    if isinstance(value, Regex):
        return _Asked(Relation.REGEX, negated, print_value(value))
    if value.is_number:
        return _Asked(Relation.EQUALS, negated, value.text)
    text = value.text
    lead, trail = text.startswith("*"), text.endswith("*")
    core = text[lead : len(text) - trail] if text != "*" else ""
    if not core and (lead or trail):
        return _Asked(Relation.ANY, negated)
    if lead and trail:
        return _Asked(Relation.CONTAINS, negated, core)
    if lead or trail:
        return _Asked(Relation.ENDS if lead else Relation.BEGINS, negated, core)
    return _Asked(Relation.IS, negated, core)


def _node(path: str, node: JsonValue, *, holds: bool) -> Node:
    text = lexeme(node)
    if text is None:
        text = str(len(node)) if isinstance(node, dict | list) else "null"
    return Node(path=shorten(path.removeprefix(".")), kind=_kind(node), text=shorten(text), holds=holds)


def _kind(node: JsonValue) -> NodeKind:
    if node is None:
        return NodeKind.NULL
    if isinstance(node, bool):
        return NodeKind.BOOLEAN
    if isinstance(node, str):
        return NodeKind.NUMBER if type(node) is Number else NodeKind.STRING
    return NodeKind.OBJECT if isinstance(node, dict) else NodeKind.ARRAY


def _described(node: JsonValue) -> str:
    """A value in a few words."""
    match node:
        case dict():
            return "an object"
        case list():
            return f"an array of {len(node)}"
        case None:
            return "null"
        case _:
            return f"a {_kind(node)}"
