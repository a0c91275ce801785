"""Why a filter pattern is refused, in AWS's words. Spec: FP-8.1 to FP-8.4.

Rule: this is the only place that holds AWS's texts. The parser raises a `Refusal`, which says what
it wanted and where; `aws_message` puts that into AWS's words, `hint.py` into ours.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from tocsin.caret import make_visible

if TYPE_CHECKING:
    from tocsin.core.pattern.tree import Compare

MAX_LENGTH = 1024
"""How many characters a pattern may have, counted before stripping (FP-1.4)."""

_SHOWN_LENGTH = 2 * MAX_LENGTH  # of a pattern that is too long; it may be of any length


class Fault(Enum):
    """Which text of AWS is the answer, by its id in FP-8.2."""

    BRACE = "E1"
    BRACKET = "E2"
    CHARACTER = "E3"
    SYNTAX = "E4"
    REGEX_TIME = "E11"
    LENGTH = "E12"


class Expected(Enum):
    """What the grammar wanted at the place where a pattern stopped making sense."""

    SHORTER = auto()  # a pattern of at most 1024 characters
    BRACE = auto()  # "}" as the last character
    BRACKET = auto()  # "]" as the last character
    NOTHING = auto()  # the end: the closing bracket has been read
    TERM = auto()  # a term of a text pattern, or another character of one
    TERM_END = auto()  # a blank after a phrase or a regex
    CONDITION = auto()  # a selector or "("
    STEP = auto()  # another character of a selector
    OPERATOR = auto()  # what follows a selector: an operator, IS or NOT
    CONSTANT = auto()  # what follows IS
    EXISTS = auto()  # what follows NOT
    VALUE = auto()  # what follows an operator
    VALUE_END = auto()  # the end of a bare value
    JUNCTION = auto()  # "&&", "||" or a closing bracket
    PARENTHESIS = auto()  # ")" before the closing bracket
    COLUMN = auto()  # a column's name
    COLUMN_OPERATOR = auto()  # what follows a column's name
    DECLARED_COLUMN = auto()  # a name that some entry declares
    ELLIPSIS_ONCE = auto()  # not another "..."
    QUOTE = auto()  # the closing quote
    PERCENT = auto()  # the closing percent sign
    NAME_END = auto()  # the quote and bracket that close a name
    REGEX = auto()  # another spelling of the regex
    FEWER_WILDCARDS = auto()
    FEWER_REGEXES = auto()


class Refusal(Exception):  # noqa: N818 - a verdict, not an error of ours
    """A pattern that is refused, before anyone is told. It never leaves this package.

    `position` and `start` are offsets into the pattern as given: where it goes wrong, and where the
    piece concerned begins (a value, a selector, an opening quote). `term` is what AWS names in its
    text, `previous` the comparison read last, `names` the operand in question (of a column: then those
    declared), and `detail` a hint that only the place of the mistake can give.
    """

    def __init__(
        self,
        fault: Fault,
        position: int,
        *,
        expected: Expected,
        rule: str,
        start: int | None = None,
        term: str = "",
        previous: Compare | None = None,
        names: tuple[str, ...] = (),
        detail: str = "",
    ) -> None:
        super().__init__(expected)
        self.fault = fault
        self.position = position
        self.expected = expected
        self.rule = rule
        self.start = position if start is None else start
        self.term = term
        self.previous = previous
        self.names = names
        self.detail = detail


_TEXTS = {
    Fault.BRACE: "If a filter pattern starts with '{' it must end with '}'",
    Fault.BRACKET: "If a filter pattern starts with '[' it must end with ']'",
    Fault.SYNTAX: "Invalid filter pattern",
    Fault.REGEX_TIME: "Regular expression evaluation time exceeded allowed limit",
}


def aws_message(refusal: Refusal, source: str) -> str:
    """AWS's text for a refusal (FP-8.2, FP-8.3; which text for which mistake is our choice, FP-16)."""
    if refusal.fault is Fault.CHARACTER:
        return f"Invalid character(s) in term '{_show_term(refusal.term)}'"
    if refusal.fault is Fault.LENGTH:
        value = make_visible(source[:_SHOWN_LENGTH]) + "…" * (len(source) > _SHOWN_LENGTH)
        return (
            f"1 validation error detected: Value '{value}' at 'filterPattern' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_LENGTH}"
        )
    return _TEXTS[refusal.fault]


def _show_term(term: str) -> str:
    """The term as AWS shows it: a character outside of printable ASCII becomes a question mark."""
    return "".join(character if " " <= character <= "~" else "?" for character in term)
