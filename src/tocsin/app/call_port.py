"""The part of the store for calls that are counted for Insights, as use cases see it. Spec: CT-17.7, CT-17.9, AR-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.insight.call import Api, Caller, CountedCall, InsightKey


class CallReader(Protocol):
    """Calls that are counted for Insights (CT-17), by API, minute and caller. Minutes are numbers since the epoch.

    Who called is known for `core.insight.age.NAMED_MINUTES`; older calls get coarser and go, as that says.
    """

    def active(self, *, start: int, end: int) -> list[Api]:
        """The APIs with calls in start <= minute < end, in their order, as long as it is known who called."""
        ...

    def total(self, key: InsightKey, *, start: int, end: int) -> int:
        """How many calls of the key there are in start <= minute < end."""
        ...

    def first(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The first of these minutes with a call."""
        ...

    def last(self, key: InsightKey, *, start: int, end: int) -> int | None:
        """The last of these minutes with a call."""
        ...

    def minutes(self, key: InsightKey, *, start: int, end: int) -> list[tuple[int, int]]:
        """Those minutes, ascending, each with its calls."""
        ...

    def callers(self, api: Api, *, start: int, end: int, limit: int) -> list[tuple[Caller, int]]:
        """Who called the API in these minutes, and how often; so many callers at most, in no order."""
        ...

    def keys(self, api: Api, *, start: int, end: int, limit: int) -> list[InsightKey]:
        """What is counted of the API's calls in these minutes; so many keys at most, that of its rate first."""
        ...


class CallWriter(CallReader, Protocol):
    """The same, being changed."""

    def add(self, calls: Iterable[CountedCall]) -> None:
        """Count calls."""
        ...

    def age(self, *, at: int, rows: int = 10_000) -> int:
        """Make what is old at that minute coarser, drop what is too old, so many rows at most; how many were done."""
        ...
