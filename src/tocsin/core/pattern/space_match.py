"""Space-delimited patterns: how a line is cut into fields, and how they meet the columns. Spec: FP-6.

Rule: a line is cut once, from left to right, in linear time, whatever quotes and brackets it holds.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.pattern.branching import Stop, join, route
from tocsin.core.pattern.tree import And, Column, ColumnRef, Compare, Ellipsis  # noqa: A004  (the tree names it)
from tocsin.core.pattern.value_match import field_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tocsin.core.pattern.tree import Condition, Expr

# ---------------------------------------------------------------- cutting a line

_BLANKS = " \t\r\n"
_WORD = r"([^ \t\r\n]+)"
_QUOTED = r'"([^"]*)"'
_BRACKETED = r"\[([^\]]*)\]"
_FIELD = re.compile(f"{_QUOTED}|{_BRACKETED}|{_WORD}")
_FIELD_WITHOUT_BRACKETS = re.compile(f"{_QUOTED}|{_WORD}")


class Field(NamedTuple):
    """One field of a line: where it begins and ends with its delimiters, and its text without them."""

    start: int
    end: int
    text: str


def split_fields(line: str) -> Iterator[Field]:
    """Cut a line into fields (FP-6.1): at blanks; `"…"` and `[…]` at the start of a field are one field.

    A delimiter without a closing partner is an ordinary character. There are no escapes.
    """
    # Behind the last "]" no bracket has a partner. Looking for one at every field there would take
    # quadratic time. (A quote without partner is the last one there is.)
    last_bracket = line.rfind("]")
    at = 0
    while (found := (_FIELD if at < last_bracket else _FIELD_WITHOUT_BRACKETS).search(line, at)) is not None:
        at = found.end()
        yield Field(found.start(), at, found[found.lastindex or 0])


def cut_line(line: str, columns: int) -> list[Field] | None:
    """Cut a line for a number of columns, the last of which takes the rest of the line (FP-6.4).

    None if there are fewer fields than columns. The rest is without trailing blanks and keeps its
    delimiters, unless it is exactly one field.
    """
    fields = list(islice(split_fields(line), columns))
    if len(fields) < columns:
        return None
    last = fields[-1]
    end = len(line.rstrip(_BLANKS))
    if last.end < end:
        fields[-1] = Field(last.start, end, line[last.start : end])
    return fields


# ---------------------------------------------------------------- columns


class Layout:
    """The columns of a pattern. `gap` is the place of the column that `...` stands before, None without one."""

    __slots__ = ("columns", "gap")

    def __init__(self, entries: Sequence[Column | Ellipsis]) -> None:
        entries = entries or (Ellipsis(),)  # "[]" means "[...]" (FP-6.2)
        self.columns = tuple(entry for entry in entries if isinstance(entry, Column))
        gaps = [place for place, entry in enumerate(entries) if isinstance(entry, Ellipsis)]
        self.gap = gaps[0] if gaps else None

    def values(self, line: str) -> list[str] | None:
        """The text of each column; None when the line has too few fields."""
        if self.gap is None:
            fields = cut_line(line, len(self.columns))
            return None if fields is None else [field.text for field in fields]
        rest = split_fields(line)
        head = [field.text for field in islice(rest, self.gap)]
        # Only as many fields are kept as there are columns, however long the line is.
        tail = deque((field.text for field in rest), maxlen=len(self.columns) - self.gap)
        values = [*head, *tail]
        return values if len(values) == len(self.columns) else None

    def fields(self, line: str) -> list[tuple[Field, Column | None]] | None:
        """Every field of the line with the column that it meets, None under the `...`; None if there are too few."""
        if self.gap is None:
            cut = cut_line(line, len(self.columns))
            return None if cut is None else list(zip(cut, self.columns, strict=True))
        fields = list(split_fields(line))
        under = len(fields) - len(self.columns)
        if under < 0:
            return None
        columns = [*self.columns[: self.gap], *[None] * under, *self.columns[self.gap :]]
        return list(zip(fields, columns, strict=True))


def place_of_column(columns: Sequence[Column], entry: int, name: str) -> int:
    """The place of the column that a condition inside an entry looks at (our choice, FP-6.5, FP-6.8).

    The entry's own if that is its name. Else the declared column of that name, the last one of
    several, as in the extracted values.
    """
    if columns[entry].name == name:
        return entry
    return max(place for place, column in enumerate(columns) if column.name == name)


# ---------------------------------------------------------------- patterns


def compile_space(entries: Sequence[Column | Ellipsis]) -> Callable[[str], bool]:
    """A test for the raw message."""
    layout = Layout(entries)
    expr, places = combine(layout.columns)
    if expr is None:
        return lambda line: layout.values(line) is not None
    stops = route(expr)
    tests = [_column_test(stop.leaf, place) for stop, place in zip(stops, places, strict=True)]
    test = join([Stop(test, stop.if_true, stop.if_false) for test, stop in zip(tests, stops, strict=True)])
    return lambda line: (values := layout.values(line)) is not None and test(values)


def combine(columns: Sequence[Column]) -> tuple[Expr | None, list[int]]:
    """The conditions of all columns as one expression, and the column that each of them looks at.

    None without any condition. The places are in the order of the conditions.
    """
    exprs = [column.expr for column in columns if column.expr is not None]
    places = [
        place_of_column(columns, entry, stop.leaf.selector.name)
        for entry, column in enumerate(columns)
        if column.expr is not None
        for stop in route(column.expr)
        if isinstance(stop.leaf.selector, ColumnRef)
    ]
    if not exprs:
        return None, places
    return exprs[0] if len(exprs) == 1 else And(tuple(exprs)), places


def _column_test(condition: Condition, place: int) -> Callable[[list[str]], bool]:
    assert isinstance(condition, Compare)  # IS and NOT EXISTS do not exist here (FP-6.6)
    test = field_test(condition.op, condition.value)
    return lambda values: test(values[place])


def extract_space(entries: Sequence[Column | Ellipsis]) -> Callable[[str], dict[str, str]]:
    """The extracted values of a match (FP-6.9): `$name` for named columns, else `$` and the position from 1.

    The last of equal names stays; a name that is a number wins over that position.
    """
    layout = Layout(entries)
    named = {column.name for column in layout.columns}

    def extract(line: str) -> dict[str, str]:
        extracted: dict[str, str] = {}
        for number, (field, column) in enumerate(layout.fields(line) or (), start=1):
            name = column.name if column is not None else None
            if name is not None:
                extracted[f"${name}"] = field.text
            elif str(number) not in named:
                extracted[f"${number}"] = field.text
        return extracted

    return extract
