"""Metric math: expressions over the metrics of a request. Spec: AL-4.

Rule: an expression that was accepted is evaluated without any exception but `MathError`, from its arguments
alone; the same arguments give the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.metric_math.catalogue import CLOCKS
from tocsin.core.metric_math.error import MathError
from tocsin.core.metric_math.evaluate import evaluate_tree
from tocsin.core.metric_math.kind import Kind
from tocsin.core.metric_math.parser import MAX_LENGTH, parse_expression
from tocsin.core.metric_math.printer import print_expression
from tocsin.core.metric_math.series import Series, SeriesArray, Window
from tocsin.core.metric_math.tree import Call, Reference, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.core.metric_math.tree import Node

__all__ = ["MAX_LENGTH", "Expression", "Kind", "MathError", "Series", "SeriesArray"]


class Expression:
    """An expression that was accepted: made by `parse`, never changed.

    Two expressions are equal, and hash alike, when their trees are: spacing, redundant parentheses and the
    spelling of AND and OR do not matter.
    """

    __slots__ = ("_kind", "_source", "_tree", "functions", "references")

    functions: frozenset[str]
    """The functions it calls."""

    references: frozenset[str]
    """The ids of queries that it names; those that `METRICS()` stands for are not among them."""

    def __init__(self, source: str, tree: Node, kind: Kind) -> None:
        """For `parse`, which is what makes one."""
        self._source = source
        self._tree = tree
        self._kind = kind
        nodes = walk(tree)
        self.functions = frozenset(node.name for node in nodes if isinstance(node, Call))
        self.references = frozenset(node.name for node in nodes if isinstance(node, Reference))

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read an expression (AL-4.3, AL-4.4).

        `MathError`, and nothing else, for whatever is refused, with the place: more than 2048 characters or 64
        levels, syntax, unknown functions, numbers and types of arguments that cannot be right, a result that
        is a single number, and what needs other services.
        """
        parsed = parse_expression(text)
        return cls(text, parsed.node, parsed.kind)

    @property
    def source(self) -> str:
        """The text as it was given."""
        return self._source

    @property
    def tree(self) -> Node:
        """The abstract syntax tree."""
        return self._tree

    @property
    def kind(self) -> Kind:
        """What the result may be, as far as that is known without the queries: `Kind.SERIES`, `Kind.ARRAY`, or both."""
        return self._kind & (Kind.SERIES | Kind.ARRAY)

    @property
    def depends_on_clock(self) -> bool:
        """Whether the time itself decides, as with `HOUR`: an alarm on it is evaluated at every instant (AL-18.3)."""
        return bool(self.functions & CLOCKS)

    @property
    def uses_search(self) -> bool:
        """Whether it calls `SEARCH`, which no alarm may, even in a hidden query (AL-4.4)."""
        return "SEARCH" in self.functions

    @property
    def uses_band(self) -> bool:
        """Whether it calls `ANOMALY_DETECTION_BAND` (AL-15)."""
        return "ANOMALY_DETECTION_BAND" in self.functions

    def __str__(self) -> str:
        return print_expression(self._tree)

    def __repr__(self) -> str:
        return f"Expression.parse({self._source!r})"

    def __eq__(self, other: object) -> bool:
        return self._tree == other._tree if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._tree)

    def __reduce__(self) -> tuple[object, ...]:
        return (Expression.parse, (self._source,))

    def evaluate(
        self,
        queries: Mapping[str, Series | tuple[Series, ...]],
        *,
        slots: Sequence[int],
        period: int,
        metrics: Sequence[str] = (),
        band: Callable[[Series, float], tuple[Series, Series]] | None = None,
        search: Callable[[str, str, int | None], Sequence[Series]] | None = None,
    ) -> tuple[Series, ...]:
        """The series of the result over the slots, one point or None for each.

        `queries` has the results of the other queries by id; what this method gave for another expression
        can be put in as it is: a plain tuple of one is a series, a `SeriesArray` or any other tuple an array,
        a band being the pair (upper, lower). `slots` are the starts of the slots, in seconds since the epoch,
        oldest first, and are all that is looked at (AL-4.6); `period` in seconds. `metrics` are the ids of
        metrics in the order of the request, for `METRICS()`; if it is empty, `PERIOD` takes every id. `band`
        gives the upper and the lower series for a series and a number of deviations; `search` the series for
        the search text, the statistic and the period of a `SEARCH`.

        Points that are no finite number are dropped, whether a division by zero, an overflow or a root of a
        negative number made them (AL-4.2); a single number that is missing, such as the average of no points,
        leaves no points of what it is combined with. `MathError` for ids that are not in `queries`, for types that are
        wrong, for arrays of different lengths, for series of another length than the slots, for a band or
        search without `band` or `search`, and for a result that is a single number; nothing else is raised.
        """
        window = Window(queries=queries, slots=slots, period=period, metrics=metrics, band=band, search=search)
        return evaluate_tree(self._tree, self._source, window)
