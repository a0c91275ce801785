"""Reading expressions. Spec: AL-4.1, AL-4.3, AL-4.4.

Rule: the first thing from the left that is wrong is what is refused: a text that is too long, then syntax,
then numbers and types of arguments as soon as they are read, as far as they are known without the queries.
Recursion is counted, so no text gets deeper than `MAX_DEPTH` (Pratt's way: an operand, then the operators
that bind at least as tightly as asked for).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from tocsin.caret import make_visible
from tocsin.core.metric_math.catalogue import FUNCTIONS, REFUSED
from tocsin.core.metric_math.error import MathError
from tocsin.core.metric_math.kind import OPERAND, RESULT, Kind, kind_text, widest
from tocsin.core.metric_math.lexer import Token, TokenKind, read_tokens
from tocsin.core.metric_math.tree import (
    LEVELS,
    POWER_LEVEL,
    Array,
    Call,
    Chain,
    Negate,
    Node,
    Number,
    Op,
    Reference,
    Text,
    Word,
)
from tocsin.core.nearest import did_you_mean

if TYPE_CHECKING:
    from tocsin.core.metric_math.function import Function, Parameter

MAX_LENGTH = 2048
"""Characters of an expression (AL-5.2)."""

MAX_DEPTH = 64
"""Levels of nesting: our bound, far beyond what anybody writes."""

_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"

_LOWER_CASE_OPERATORS = ("and", "or")
_ID_HINT = "the ids of queries start with a lower-case letter"
_LOOSEST = min(LEVELS.values())
_INSIGHTS = re.compile(r"\s*SELECT\s+(?:AVG|COUNT|MAX|MIN|SUM)\s*\(", re.IGNORECASE)


class Parsed(NamedTuple):
    """A node, what it may be when it is evaluated, and how many levels are under it."""

    node: Node
    kind: Kind
    height: int = 0


def parse_expression(source: str) -> Parsed:
    """Read an expression. `MathError`, and nothing else, for whatever is refused."""
    if len(source) > MAX_LENGTH:
        raise MathError(
            f"the expression has {len(source)} characters", source=source, position=MAX_LENGTH, hint="at most 2048"
        )
    return _Reader(source).read()


class _Reader:
    """Reads the tokens of one expression; `_token` is the one looked at."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._refuse_insights()
        self._tokens = iter(read_tokens(source))
        self._token = next(self._tokens)

    def _refuse_insights(self) -> None:
        """A Metrics Insights query is no expression, and its text has other tokens."""
        if _INSIGHTS.match(self._source):
            raise self._error("Metrics Insights queries (SELECT …) are not supported", 0)

    def read(self) -> Parsed:
        """The whole expression, whose result is a series or an array (AL-4.1)."""
        parsed = self._expression(_LOOSEST, 0)
        if self._token.kind is not TokenKind.END:
            raise self._unexpected("an operator")
        if not parsed.kind & RESULT:
            raise self._error(
                f"the result is {kind_text(parsed.kind)}, not {kind_text(RESULT)}",
                parsed.node.position,
                hint="TIME_SERIES(…) makes a series of a number" if parsed.kind is Kind.SCALAR else "",
            )
        return parsed

    def _error(self, message: str, position: int, *, hint: str = "") -> MathError:
        return MathError(message, source=self._source, position=position, hint=hint)

    def _unexpected(self, wanted: str) -> MathError:
        token = self._token
        hint = "AND and OR are in upper case" if token.text in _LOWER_CASE_OPERATORS else ""
        found = "the expression ends" if token.kind is TokenKind.END else f"'{make_visible(token.text)}' stands"
        return self._error(f"{found} where {wanted} is expected", token.position, hint=hint)

    def _advance(self) -> Token:
        """Move on by one token; the one moved past is returned."""
        token = self._token
        self._token = next(self._tokens)
        return token

    def _is_mark(self, mark: str) -> bool:
        return self._token.kind is TokenKind.MARK and self._token.text == mark

    def _expect_mark(self, mark: str) -> None:
        if not self._is_mark(mark):
            raise self._unexpected(f"'{mark}'")
        self._advance()

    # ------------------------------------------------------------ operators

    def _expression(self, loosest: int, depth: int) -> Parsed:
        """An operand and the operators behind it that bind at least as tightly as `loosest`."""
        self._check_depth(depth)
        left = self._operand(depth)
        while (op := self._token.op) is not None and LEVELS[op] >= loosest:
            left = self._chain(left, LEVELS[op], depth)
        return left

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._error(_TOO_DEEP, self._token.position)

    def _chain(self, left: Parsed, level: int, depth: int) -> Parsed:
        """All operators of one level in a row, with their operands."""
        operands: list[Node] = []
        operators: list[Op] = []
        kind = self._expect_operand(left)
        height = left.height
        _extend(operands, operators, left.node, is_flat=level != POWER_LEVEL, level=level)
        while (op := self._token.op) is not None and LEVELS[op] == level:
            self._advance()
            right = self._expression(level + 1, depth + 1)
            kind = widest((kind, self._expect_operand(right)))
            height = max(height, right.height)
            operators.append(op)
            is_last = self._token.op is None or LEVELS[self._token.op] != level
            _extend(operands, operators, right.node, is_flat=level == POWER_LEVEL and is_last, level=level)
        return self._above(height, Chain(tuple(operands), tuple(operators), position=left.node.position), kind)

    def _above(self, height: int, node: Node, kind: Kind) -> Parsed:
        """`node`, one level above the highest of its parts. Operators of looser levels add height, not recursion."""
        if height == MAX_DEPTH:
            raise self._error(_TOO_DEEP, node.position)
        return Parsed(node, kind, height + 1)

    def _expect_operand(self, parsed: Parsed) -> Kind:
        if not parsed.kind & OPERAND:
            raise self._error(
                f"{kind_text(parsed.kind)} stands where a number or a series is expected",
                parsed.node.position,
                hint=_ID_HINT if parsed.kind is Kind.WORD else "",
            )
        return parsed.kind

    # ------------------------------------------------------------ operands

    def _operand(self, depth: int) -> Parsed:
        token = self._token
        if token.op is Op.SUBTRACT:
            return self._negation(depth)
        match token.kind:
            case TokenKind.NUMBER:
                return self._number()
            case TokenKind.TEXT:
                self._advance()
                return Parsed(Text(token.text, position=token.position), Kind.TEXT)
            case TokenKind.NAME:
                return self._reference()
            case TokenKind.WORD:
                self._advance()
                if self._is_mark("("):
                    return self._call(token, depth)
                return Parsed(Word(token.text, position=token.position), Kind.WORD)
            case _:
                pass
        if self._is_mark("("):
            self._advance()
            parsed = self._expression(_LOOSEST, depth + 1)
            self._expect_mark(")")
            return parsed
        if self._is_mark("["):
            return self._array(depth)
        raise self._unexpected("a number, an id or a function")

    def _negation(self, depth: int) -> Parsed:
        """Signs bind tighter than every operator between operands (AL-4.3)."""
        position = self._advance().position
        self._check_depth(depth + 1)
        operand = self._operand(depth + 1)
        kind = self._expect_operand(operand)
        return self._above(operand.height, Negate(operand.node, position=position), kind)

    def _number(self) -> Parsed:
        token = self._advance()
        value = float(token.text)
        if not math.isfinite(value):
            raise self._error("the number is too large", token.position)
        return Parsed(Number(value, position=token.position), Kind.SCALAR)

    def _reference(self) -> Parsed:
        token = self._advance()
        if self._is_mark("("):
            raise self._error(
                f"'{make_visible(token.text)}' is no function",
                token.position,
                hint="names of functions are in upper case" if token.text.upper() in FUNCTIONS else "",
            )
        return Parsed(Reference(token.text, position=token.position), RESULT)

    def _array(self, depth: int) -> Parsed:
        position = self._advance().position
        items: list[Node] = []
        height = 0
        while True:
            item = self._expression(_LOOSEST, depth + 1)
            if not item.kind & Kind.SERIES:
                raise self._error(f"an array is made of time series, not of {kind_text(item.kind)}", item.node.position)
            items.append(item.node)
            height = max(height, item.height)
            if not self._is_mark(","):
                break
            self._advance()
        self._expect_mark("]")
        return self._above(height, Array(tuple(items), position=position), Kind.ARRAY)

    # ------------------------------------------------------------ functions

    def _call(self, name: Token, depth: int) -> Parsed:
        function = FUNCTIONS.get(name.text)
        if function is None:
            needs = REFUSED.get(name.text)
            if needs is not None:
                raise self._error(f"{name.text} is not supported: {needs}", name.position)
            raise self._error(
                f"there is no function '{make_visible(name.text)}'",
                name.position,
                hint=did_you_mean(name.text, FUNCTIONS),
            )
        self._advance()
        arguments: list[Node] = []
        kinds: list[Kind] = []
        height = 0
        while arguments or not self._is_mark(")"):
            if len(arguments) == len(function.parameters):
                raise self._error(f"{name.text} takes {_arity(function)}", self._token.position)
            argument = self._expression(_LOOSEST, depth + 1)
            kinds.append(self._expect_argument(name.text, function.parameters[len(arguments)], argument))
            arguments.append(argument.node)
            height = max(height, argument.height)
            if not self._is_mark(","):
                break
            self._advance()
        if len(arguments) < function.required and self._is_mark(")"):
            raise self._error(f"{name.text} takes {_arity(function)}", self._token.position)
        self._expect_mark(")")
        node = Call(name.text, tuple(arguments), position=name.position)
        return self._above(height, node, function.result(kinds))

    def _expect_argument(self, name: str, parameter: Parameter, argument: Parsed) -> Kind:
        node, position = argument.node, argument.node.position
        if isinstance(node, Word):
            if node.word not in parameter.words:
                choices = " or ".join(parameter.words)
                hint = f"write {choices}" if choices else _ID_HINT
                raise self._error(f"'{make_visible(node.word)}' is nothing that {name} takes here", position, hint=hint)
        elif not argument.kind & parameter.accepts:
            raise self._error(argument_problem(name, parameter, argument.kind), position)
        elif parameter.is_metric and not isinstance(node, Reference):
            raise self._error(f"{name} takes the id of a metric", position)
        return argument.kind & parameter.accepts


def argument_problem(name: str, parameter: Parameter, kind: Kind) -> str:
    """What is wrong with an argument of that kind."""
    wanted = " or ".join(
        part for part in (kind_text(parameter.accepts & ~Kind.WORD), " or ".join(parameter.words)) if part
    )
    return f"{name} takes {wanted} here, not {kind_text(kind)}"


def _arity(function: Function) -> str:
    """`2 or 3 arguments`."""
    most = len(function.parameters)
    counts = " or ".join(str(count) for count in range(function.required, most + 1))
    return f"{counts} argument{'' if counts == '1' else 's'}"


def _extend(operands: list[Node], operators: list[Op], node: Node, *, is_flat: bool, level: int) -> None:
    """Put `node` behind `operands`; what would be done first anyway needs no node of its own."""
    if is_flat and isinstance(node, Chain) and node.level == level:
        operands += node.operands
        operators += node.operators
    else:
        operands.append(node)
