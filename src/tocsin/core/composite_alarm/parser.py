"""Parsing AlarmRule expressions. Spec: AL-12.1 to AL-12.4.

Rule: the first thing from the left that the language does not have is what is refused: length, then
syntax and quorums, then the counts. There is no recursion: open parentheses live on a stack of our
own, so a rule of nothing but parentheses or `NOT` costs no more than any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.caret import make_visible
from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.error import AlarmRuleError
from tocsin.core.composite_alarm.lexer import Token, TokenKind, tokens
from tocsin.core.composite_alarm.tree import And, AtLeast, Constant, InState, Not, Or

if TYPE_CHECKING:
    from tocsin.core.composite_alarm.tree import Condition, Node

MAX_LENGTH = 10_240
"""How many characters a rule may have (AL-12.3)."""

MAX_CHILDREN = 100
"""How many different alarms a rule may name (AL-12.3)."""

MAX_ELEMENTS = 500
"""How many names, constants and pairs of grouping parentheses a rule may have (AL-12.3; what counts, AL-21)."""

_SHOWN_LENGTH = 1024  # of a rule that is too long; it may be of any length

# What AWS says it expects (AL-12.4); from OPENING on our choice, in the same manner.
_OPERAND = "'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA"
_JUNCTION = "<EOF>, 'AND', 'OR'"
_END = "<EOF>"
_CLOSING = "')'"
_QUORUM = "NUMBER, PERCENTAGE NUMBER"
_STATE = "'NOT', ALARM, OK, or INSUFFICIENT_DATA"
_OPENING = "'('"
_COMMA = "','"
_NAME = "ALARM NAME"
_PLAIN_STATE = "ALARM, OK, or INSUFFICIENT_DATA"
_QUOTE = "'\"'"

_STATES = {str(state): state for state in StateValue}
_CONSTANTS = {"TRUE": True, "FALSE": False}
_WORDS = frozenset({*_STATES, *_CONSTANTS, "NOT", "AND", "OR", "AT_LEAST"})
_ALMOST_JUNCTIONS = frozenset({"and", "&&"})  # the only words seen to be answered with _JUNCTION (AL-12.4)
_FOREIGN = {"!": "NOT", "&&": "AND", "&": "AND", "||": "OR", "|": "OR"}
_ELSEWHERE = "two conditions are joined by AND or OR"
_QUOTE_IT = "a name that holds blanks, commas or parentheses goes into double quotes"
_DIGITS = frozenset("0123456789")
_MOST_DIGITS = 6  # of a quorum, without zeros in front; no rule has as many names


class _Group:
    """What has been read of the rule, or of one pair of parentheses: a disjunction of conjunctions."""

    __slots__ = ("items", "alternatives", "nots")  # noqa: RUF023 - from the inside out

    def __init__(self) -> None:
        self.items: list[Node] = []
        self.alternatives: list[Node] = []
        self.nots = 0

    def add(self, node: Node) -> None:
        """Take an operand; the `NOT`s before it bind tighter than anything else."""
        for _ in range(self.nots):
            node = Not(node)
        self.nots = 0
        self.items.append(node)

    def end_alternative(self) -> None:
        """What was read since the last `OR` is one alternative: AND binds tighter (AL-12.1)."""
        self.alternatives.append(_joined(And, self.items))
        self.items = []

    def node(self) -> Node:
        """The whole group."""
        self.end_alternative()
        return _joined(Or, self.alternatives)


def _joined(junction: type[And | Or], items: list[Node]) -> Node:
    """One node for all of them; a junction among them that is of the same kind is taken apart."""
    if len(items) == 1:
        return items[0]
    flat: list[Node] = []
    for item in items:
        if isinstance(item, And | Or) and isinstance(item, junction):
            flat.extend(item.items)
        else:
            flat.append(item)
    return junction(tuple(flat))


def parse_rule(source: str) -> Node:
    """Parse an AlarmRule. Raises `AlarmRuleError`, and nothing else, for whatever PutCompositeAlarm refuses."""
    if not 1 <= len(source) <= MAX_LENGTH:
        raise _bad_length(source)
    return _Reader(source).read()


def _bad_length(source: str) -> AlarmRuleError:
    shown = make_visible(source[:_SHOWN_LENGTH]) + "…" * (len(source) > _SHOWN_LENGTH)
    limit = f"less than or equal to {MAX_LENGTH}" if source else "greater than or equal to 1"
    return AlarmRuleError(
        f"1 validation error detected: Value '{shown}' at 'alarmRule' failed to satisfy constraint: "
        f"Member must have length {limit}",
        source=source,
        position=MAX_LENGTH if source else 0,
        hint="split the rule over several composite alarms and join those" if source else "write FALSE for no rule yet",
    )


class _Reader:
    """Reads the tokens of one rule; `token` is the one looked at."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = iter(tokens(source))
        self._token = next(self._tokens)
        self._elements = 0
        self._children: set[str] = set()

    # ------------------------------------------------------------ NOT AND OR ( )

    def read(self) -> Node:
        """The whole rule."""
        groups = [_Group()]
        while True:
            self._operand(groups)
            while self._token.kind is TokenKind.RIGHT and len(groups) > 1:
                inner = groups.pop().node()
                groups[-1].add(inner)
                self._advance()
            if self._is_word("OR"):
                groups[-1].end_alternative()
            elif not self._is_word("AND"):
                break
            self._advance()
        if len(groups) > 1:
            raise self._refusal(_CLOSING, hint=_junction_hint(self._token))
        if self._token.kind is not TokenKind.END:
            almost = self._token.kind is TokenKind.WORD and self._token.text in _ALMOST_JUNCTIONS
            raise self._refusal(_JUNCTION if almost else _END, hint=_junction_hint(self._token))
        return groups[0].node()

    def _operand(self, groups: list[_Group]) -> None:
        """Any number of `NOT` and `(`, then a condition, which the innermost group takes."""
        while True:
            if self._token.kind is TokenKind.LEFT:
                self._count()
                groups.append(_Group())
            elif self._is_word("NOT"):
                groups[-1].nots += 1
            else:
                break
            self._advance()
        groups[-1].add(self._condition())

    # ------------------------------------------------------------ conditions

    def _condition(self) -> Condition:
        token = self._token
        if token.kind is TokenKind.WORD:
            if token.text in _CONSTANTS:
                self._count()
                self._advance()
                return Constant(_CONSTANTS[token.text])
            if token.text in _STATES:
                self._advance()
                self._expect(TokenKind.LEFT, _OPENING, hint=f"write {token.text}(name)")
                name = self._name()
                self._expect(TokenKind.RIGHT, _CLOSING, hint=_QUOTE_IT)
                return InState(_STATES[token.text], name, position=token.position)
            if token.text == "AT_LEAST":
                self._advance()
                return self._at_least(token)
        raise self._refusal(_OPERAND, hint=_operand_hint(token))

    def _at_least(self, start: Token) -> AtLeast:
        """What follows the word AT_LEAST (AL-12.2)."""
        self._expect(TokenKind.LEFT, _OPENING, hint="write AT_LEAST(2, ALARM, (a, b, c))")
        quorum = self._token
        digits = quorum.text.removesuffix("%")
        if quorum.kind is not TokenKind.WORD or not digits or not _DIGITS.issuperset(digits):
            raise self._refusal(_QUORUM, hint="write a whole number of alarms, or a whole percentage such as 50%")
        self._advance()
        self._expect(TokenKind.COMMA, _COMMA, hint="write a comma after the quorum")
        is_negated = self._is_word("NOT")
        if is_negated:
            self._advance()
        state = _STATES.get(self._token.text) if self._token.kind is TokenKind.WORD else None
        if state is None:
            raise self._refusal(_PLAIN_STATE if is_negated else _STATE, hint=_state_hint(self._token))
        self._advance()
        self._expect(TokenKind.COMMA, _COMMA, hint="write a comma after the state")
        self._expect(TokenKind.LEFT, _OPENING, hint="the names stand in parentheses of their own: (a, b, c)")
        found = [self._name()]
        while self._token.kind is TokenKind.COMMA:
            self._advance()
            found.append(self._name())
        self._expect(TokenKind.RIGHT, _CLOSING, hint=f"names are separated by commas; {_QUOTE_IT}")
        self._expect(TokenKind.RIGHT, _CLOSING, hint="close AT_LEAST")
        is_percentage = quorum.text.endswith("%")
        return AtLeast(
            self._in_range(quorum, digits, most=None if is_percentage else len(found)),
            is_percentage,
            is_negated,
            state,
            tuple(found),
            position=start.position,
        )

    def _in_range(self, quorum: Token, digits: str, *, most: int | None) -> int:
        """The quorum, from 1 to `most` alarms; where that is None, from 1 to 100 per cent."""
        significant = digits.lstrip("0")[:_MOST_DIGITS] or "0"
        number = int(significant)
        if 1 <= number <= (100 if most is None else most):
            return number
        limit = (
            "percentage threshold must be between 1 and 100"
            if most is None
            else f"absolute threshold must be between 1 and number of alarms ({most})"
        )
        raise AlarmRuleError(
            f"Error in AlarmRule [AT_LEAST {limit}]",
            source=self._source,
            position=quorum.position,
            hint="ask for at least one alarm" if number == 0 else "ask for fewer; a repeated name counts each time",
        )

    def _name(self) -> str:
        """A name or an ARN, bare or quoted; the empty one, `""`, is a child that does not exist (AL-12.4)."""
        token = self._token
        if token.kind not in {TokenKind.WORD, TokenKind.QUOTED}:
            raise self._refusal(_NAME, hint="write the name or the ARN of an alarm")
        self._children.add(token.value)
        if len(self._children) > MAX_CHILDREN:
            raise self._too_many(f"at most {MAX_CHILDREN} different alarms")
        self._count()
        self._advance()
        return token.value

    # ------------------------------------------------------------ tokens

    def _advance(self) -> None:
        self._token = next(self._tokens)

    def _is_word(self, text: str) -> bool:
        return self._token.kind is TokenKind.WORD and self._token.text == text

    def _count(self) -> None:
        """One more element (AL-12.3)."""
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise self._too_many(f"at most {MAX_ELEMENTS} elements: names, constants and parentheses")

    def _too_many(self, limit: str) -> AlarmRuleError:
        return AlarmRuleError(
            f"Error in AlarmRule [An alarm rule can have {limit}]",
            source=self._source,
            position=self._token.position,
            hint="split the rule over several composite alarms and join those",
        )

    def _expect(self, kind: TokenKind, expected: str, *, hint: str) -> None:
        if self._token.kind is not kind:
            raise self._refusal(expected, hint=hint)
        self._advance()

    def _refusal(self, expected: str, *, hint: str) -> AlarmRuleError:
        """The token looked at is not what the grammar wants here."""
        token = self._token
        text, position = token.text, token.position
        if token.kind is TokenKind.OPEN:
            hint = f"the quote at char {position} is never closed"
            text, position, expected = "", len(self._source), _QUOTE
        return AlarmRuleError(
            f"Error in AlarmRule [Unsupported token '{make_visible(text) or _END}' at char {position}, "
            f"must be: {expected}]",
            source=self._source,
            position=position,
            hint=hint,
        )


# ---------------------------------------------------------------- hints


def _in_capitals(token: Token) -> str:
    """The word of the language that a token was meant to be, empty if it is none."""
    if token.kind is not TokenKind.WORD:
        return ""
    word = token.text.upper()
    return word if word in _WORDS else _FOREIGN.get(token.text, "")


def _operand_hint(token: Token) -> str:
    word = _in_capitals(token)
    if word and word not in {"AND", "OR"}:
        return f"write {word}: the words of a rule are in capitals"
    if token.text.startswith("!"):
        return "write NOT, not !"
    return "write a condition, such as ALARM(name)"


def _junction_hint(token: Token) -> str:
    if token.kind is TokenKind.RIGHT:
        return "no parenthesis is open here"
    if token.kind is TokenKind.END:
        return "close the parenthesis"
    word = _in_capitals(token)
    return f"write {word}: the words of a rule are in capitals" if word in {"AND", "OR"} else _ELSEWHERE


def _state_hint(token: Token) -> str:
    word = _in_capitals(token)
    return f"write {word}, in capitals" if word in _STATES or word == "NOT" else "name the state that is counted"
