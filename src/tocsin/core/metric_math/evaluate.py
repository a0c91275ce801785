"""Evaluating an expression. Rule: a tree and its window decide alone; no recursion beyond the tree's depth.

What a function or an operator refuses becomes a `MathError` at the place where it stands. Spec: AL-4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tocsin.core.metric_math.arithmetic import apply_operator, negate
from tocsin.core.metric_math.catalogue import FUNCTIONS
from tocsin.core.metric_math.error import MathError, Refusal
from tocsin.core.metric_math.kind import RESULT, Kind, kind_text
from tocsin.core.metric_math.parser import argument_problem
from tocsin.core.metric_math.series import Series, SeriesArray, kind_of
from tocsin.core.metric_math.tree import (
    POWER_LEVEL,
    Array,
    Call,
    Chain,
    Negate,
    Node,
    Number,
    Reference,
    Text,
    Word,
)
from tocsin.core.nearest import did_you_mean

if TYPE_CHECKING:
    from tocsin.core.metric_math.function import Argument, Parameter
    from tocsin.core.metric_math.series import Value, Window


def evaluate_tree(root: Node, source: str, window: Window) -> tuple[Series, ...]:
    """The series of the result: a `SeriesArray` if it is an array, else a plain tuple of one."""
    value = _Evaluation(source, window).value(root)
    if isinstance(value, Series):
        return (value,)
    if isinstance(value, tuple):
        return SeriesArray(value)
    raise MathError(
        f"the result is {kind_text(Kind.SCALAR)}, not {kind_text(RESULT)}",
        source=source,
        position=root.position,
        hint="TIME_SERIES(…) makes a series of a number",
    )


class _Evaluation:
    """One walk over a tree."""

    def __init__(self, source: str, window: Window) -> None:
        self._source = source
        self._window = window

    def _error(self, message: str, node: Node, *, hint: str = "") -> MathError:
        return MathError(message, source=self._source, position=node.position, hint=hint)

    def value(self, node: Node) -> Value:
        """The value of an operand."""
        try:
            return self._value(node)
        except Refusal as refusal:
            raise self._error(refusal.message, node, hint=refusal.hint) from None

    def _value(self, node: Node) -> Value:
        assert not isinstance(node, Text | Word)  # the parser lets these be arguments only
        match node:
            case Number(value):
                return value
            case Reference(name):
                if name not in self._window.queries:
                    hint = did_you_mean(name, self._window.queries)
                    raise self._error(f"there is no query with the id '{name}'", node, hint=hint)
                return self._window.query(name)
            case Array(items):
                return tuple(self._item(item) for item in items)
            case Negate(operand):
                return negate(self._window, self.value(operand))
            case Chain():
                return self._chain(node)
            case Call():
                return self._call(node)
        assert_never(node)

    def _item(self, node: Node) -> Series:
        value = self.value(node)
        if not isinstance(value, Series):
            raise self._error(f"an array is made of time series, not of {kind_text(kind_of(value))}", node)
        return value

    def _chain(self, chain: Chain) -> Value:
        values = [self.value(operand) for operand in chain.operands]
        operators = list(chain.operators)
        if chain.level == POWER_LEVEL:
            value = values.pop()
            while values:
                value = apply_operator(self._window, operators.pop(), values.pop(), value)
            return value
        value = values[0]
        for op, right in zip(operators, values[1:], strict=True):
            value = apply_operator(self._window, op, value, right)
        return value

    def _call(self, call: Call) -> Value:
        function = FUNCTIONS[call.name]
        arguments = [
            self._argument(call.name, parameter, node)
            for parameter, node in zip(function.parameters, call.arguments, strict=False)
        ]
        return function.apply(self._window, arguments)

    def _argument(self, name: str, parameter: Parameter, node: Node) -> Argument:
        if isinstance(node, Text):
            return node.text
        if isinstance(node, Word):
            return node.word
        value = self.value(node)
        if kind_of(value) not in parameter.accepts:
            raise self._error(argument_problem(name, parameter, kind_of(value)), node)
        if parameter.is_metric and self._window.metrics:
            assert isinstance(node, Reference)
            if node.name not in self._window.metrics:
                raise self._error(f"{name} takes the id of a metric, and '{node.name}' is none", node)
        return value
