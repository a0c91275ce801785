"""Which events a metric filter sees at all: `fieldSelectionCriteria`. Spec: FP-9.11.

Rule: the criteria look at the account and the region of an event and at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from tocsin.errors import InputError

Criteria = Callable[[str, str], bool]
"""(account, region) -> does the filter see the event?"""

_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r'(?P<string>"[^"]*")|(?P<field>@aws\.(?:account|region))(?![\w.])|(?P<word>[A-Z]+)(?!\w)'
    r"|(?P<mark>!=|=|\[|\]|\(|\)|,))"
)
_FIELDS = {"@aws.account": 0, "@aws.region": 1}
_LONGEST = 2000


class CriteriaError(InputError):
    """Criteria that PutMetricFilter refuses; `position` is a 0-based offset into their text."""

    code = "criteria"

    def __init__(self, message: str, *, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.position = position


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def parse_criteria(source: str) -> Criteria:
    """Compile criteria; empty ones see every event. CriteriaError says what is wrong, and where."""
    if len(source) > _LONGEST:
        raise CriteriaError(
            f"fieldSelectionCriteria has {len(source)} characters, 2,000 are allowed", position=_LONGEST
        )
    tokens = _tokens(source)
    if tokens[0].kind == "end":
        return lambda _account, _region: True
    return _Parser(tokens).parse()


def _tokens(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, end = 0, len(source.rstrip(" \t\r\n"))
    while position < end:
        found = _TOKEN.match(source, position)
        if found is None:
            start = position + len(source[position:]) - len(source[position:].lstrip(" \t\r\n"))
            raise CriteriaError(
                f"fieldSelectionCriteria: unexpected {source[start]!r}",
                position=start,
                hint='write conditions such as @aws.account IN ["111122223333"] AND @aws.region != "eu-west-1"',
            )
        kind = str(found.lastgroup)
        tokens.append(_Token(kind, found[kind], found.start(kind)))
        position = found.end()
    tokens.append(_Token("end", "", len(source)))
    return tokens


class _Parser:
    """Shunting-yard over `(`, AND and OR, so that depth costs no recursion."""

    _BINDS: ClassVar = {"OR": 1, "AND": 2}

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = iter(tokens)
        self._token = next(self._tokens)
        self._values: list[Criteria] = []
        self._operators: list[_Token] = []

    def parse(self) -> Criteria:
        while True:
            while self._token.text == "(" and self._token.kind == "mark":
                self._operators.append(self._next())
            self._values.append(self._condition())
            while self._token.text == ")" and self._token.kind == "mark":
                self._close(self._next())
            if self._token.kind == "end":
                break
            self._operator(self._next())
        while self._operators:
            if self._operators[-1].text == "(":
                raise CriteriaError(
                    "fieldSelectionCriteria: '(' is never closed", position=self._operators[-1].position
                )
            self._reduce()
        return self._values[0]

    def _next(self) -> _Token:
        token = self._token
        self._token = next(self._tokens, token)
        return token

    def _expect(self, what: str, *texts: str, kind: str = "mark") -> _Token:
        token = self._token
        if token.kind != kind or (texts and token.text not in texts):
            found = f"not {token.text}" if token.text else "but the text ends"
            raise CriteriaError(f"fieldSelectionCriteria: {what} expected, {found}", position=token.position)
        return self._next()

    def _operator(self, token: _Token) -> None:
        binds = self._BINDS.get(token.text) if token.kind == "word" else None
        if binds is None:
            raise CriteriaError(
                f"fieldSelectionCriteria: AND or OR expected, not {token.text}", position=token.position
            )
        while self._operators and self._BINDS.get(self._operators[-1].text, 0) >= binds:
            self._reduce()
        self._operators.append(token)

    def _close(self, token: _Token) -> None:
        while self._operators and self._operators[-1].text != "(":
            self._reduce()
        if not self._operators:
            raise CriteriaError("fieldSelectionCriteria: ')' without '('", position=token.position)
        self._operators.pop()

    def _reduce(self) -> None:
        right, left = self._values.pop(), self._values.pop()
        self._values.append(_both(left, right) if self._operators.pop().text == "AND" else _either(left, right))

    def _condition(self) -> Criteria:
        field = _FIELDS[self._expect("@aws.account or @aws.region", kind="field").text]
        if self._token.kind == "mark":
            equal = self._expect("=, != or IN", "=", "!=").text == "="
            return _one_of(field, frozenset((self._string(),)), wanted=equal)
        wanted = True
        if self._token.text == "NOT":
            self._next()
            wanted = False
        self._expect("=, !=, IN or NOT IN", "IN", kind="word")
        self._expect("[", "[")
        values = {self._string()}
        while self._expect(", or ]", ",", "]").text == ",":
            values.add(self._string())
        return _one_of(field, frozenset(values), wanted=wanted)

    def _string(self) -> str:
        return self._expect("a text in double quotes", kind="string").text[1:-1]


def _one_of(field: int, values: frozenset[str], *, wanted: bool) -> Criteria:
    return lambda *event: (event[field] in values) is wanted


def _both(left: Criteria, right: Criteria) -> Criteria:
    return lambda account, region: left(account, region) and right(account, region)


def _either(left: Criteria, right: Criteria) -> Criteria:
    return lambda account, region: left(account, region) or right(account, region)
