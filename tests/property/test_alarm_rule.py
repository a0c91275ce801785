"""AlarmRule expressions, whatever text there may be (AL-12.1 to AL-12.4)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm import AlarmRule, AlarmRuleError
from tocsin.core.composite_alarm.parser import MAX_LENGTH, parse_rule
from tocsin.core.composite_alarm.printer import print_rule
from tocsin.core.composite_alarm.tree import And, AtLeast, Constant, InState, Node, Not, Or

if TYPE_CHECKING:
    from collections.abc import Mapping

names = st.one_of(
    st.sampled_from(["a", "b", "a b", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a", "NOT", "'q'"]),
    st.text(st.one_of(st.sampled_from("\\\"(),' \t\n"), st.characters(codec=None)), max_size=6),
)
states = st.sampled_from(StateValue)


@st.composite
def quorums(draw: st.DrawFn) -> AtLeast:
    listed = tuple(draw(st.lists(names, min_size=1, max_size=5)))
    is_percentage = draw(st.booleans())
    quorum = draw(st.integers(1, 100 if is_percentage else len(listed)))
    return AtLeast(quorum, is_percentage, draw(st.booleans()), draw(states), listed)


def junction(kind: type[And | Or], nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    others = nodes.filter(lambda node: not isinstance(node, kind))
    return st.lists(others, min_size=2, max_size=4).map(lambda items: kind(tuple(items)))


conditions = st.one_of(st.booleans().map(Constant), st.builds(InState, states, names), quorums())
trees = st.recursive(
    conditions, lambda nodes: st.one_of(nodes.map(Not), junction(And, nodes), junction(Or, nodes)), max_leaves=12
)

PIECES = [
    "ALARM",
    "OK",
    "AT_LEAST",
    "NOT",
    "AND",
    "OR",
    "TRUE",
    "FALSE",
    "(",
    ")",
    ",",
    '"',
    "\\",
    " ",
    "a",
    "50%",
    "2",
]
texts = st.one_of(
    st.text(st.characters(codec=None), max_size=40), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)
)


@given(trees)
def test_printing_and_parsing_give_the_same_tree(tree: Node) -> None:
    text = print_rule(tree)
    assert parse_rule(text) == tree
    assert print_rule(parse_rule(text)) == text


def parsed(text: str) -> AlarmRule | AlarmRuleError:
    try:
        return AlarmRule.parse(text)
    except AlarmRuleError as error:
        return error


@given(texts)
def test_no_text_raises_anything_else(text: str) -> None:
    found = parsed(text)
    if isinstance(found, AlarmRuleError):
        assert 0 <= found.position <= len(text)
        assert found.hint
        assert str(found)
    else:
        assert AlarmRule.parse(str(found)) == found
        assert len(str(found)) <= MAX_LENGTH


def naive(node: Node, given_states: Mapping[str, StateValue]) -> bool:
    match node:
        case Constant():
            return node.value
        case InState():
            return given_states[node.name] == node.state
        case AtLeast():
            found = sum((given_states[name] == node.state) != node.is_negated for name in node.names)
            share = found * 100 / len(node.names) if node.is_percentage else found
            return share >= node.quorum
        case Not():
            return not naive(node.operand, given_states)
        case And():
            return all(naive(item, given_states) for item in node.items)
        case Or():
            return any(naive(item, given_states) for item in node.items)


@given(trees, st.data())
def test_evaluation_is_that_of_the_tree(tree: Node, data: st.DataObject) -> None:
    rule = AlarmRule.parse(print_rule(tree))
    given_states = {child: data.draw(states) for child in rule.children}
    holds = rule.evaluate(given_states)
    assert holds is naive(tree, given_states)
    # Those that are named are enough: whatever the other children are in, the rule has its value.
    decisive = rule.explain(given_states)
    assert set(decisive) <= set(rule.children)
    others = {child: data.draw(states) for child in rule.children if child not in decisive}
    assert rule.evaluate({**given_states, **others}) is holds


@pytest.mark.parametrize(
    "unit",
    [
        "NOT ",
        "(",
        "TRUE AND ",
        "TRUE OR NOT ",
        '"',
        '"\\',
        "\\",
        " ",
        "ALARM(",
        "a",
        "AT_LEAST(1,OK,(a,",
        ",",
        "9",
        "(TRUE AND ",
    ],
)
@pytest.mark.usefixtures("no_collecting")
def test_time_is_linear(unit: str) -> None:
    """A text of the greatest length takes far less than a second of the processor, whatever it repeats."""
    text = (unit * MAX_LENGTH)[: MAX_LENGTH - 4] + "TRUE"
    start = time.process_time()
    found = parsed(text)
    if isinstance(found, AlarmRule):
        found.evaluate(dict.fromkeys(found.children, StateValue.OK))
    assert time.process_time() - start < 1
