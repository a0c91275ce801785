"""What Tocsin can explain without an archive: event types and prices; and types with an archive's counts.

Rule: facts stand in the tables under `data/`, not in code; a table that does not have the expected shape is a
defect, told as one. Spec: CT-1, prices.md.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal  # msgspec reads annotations at run time
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.census import CategoryCount, CensusReport

Table = TypeVar("Table")

OLD_AFTER = timedelta(days=180)
"""A table of prices that is older than this is told to be old (prices.md, rule 13)."""

_UNSURE = frozenset({"unverified", "vendor"})


def load_table(name: str, kind: type[Table]) -> Table:
    """The table of that name under `data/`."""
    import yaml

    text = resources.files("tocsin").joinpath("data", name).read_text("utf-8")
    return msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), kind)  # a safe loader


# ---------------------------------------------------------------- event types


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Names that stand in records of a type, and what they belong to."""

    calls: tuple[str, ...]
    of: str


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of event (CT-1.1). `category` is the value of eventCategory."""

    category: str
    title: str
    logged_by_default: bool
    scope: str
    volume: str
    examples: tuple[Example, ...]
    tells: str
    control: str
    switch_on: str
    in_a_record: str


class EventTypes(msgspec.Struct, frozen=True, kw_only=True):
    """All types, in the order of the table, and notes on telling them apart."""

    types: tuple[EventType, ...]
    notes: tuple[str, ...]


@cache
def event_types() -> EventTypes:
    """The table of event types."""
    return load_table("event-types.yaml", EventTypes)


class TypeCount(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds of one type.

    `share` is the part of all its records, from 0 to 1; `names` are the most frequent, as `source:name`;
    `unsaid` are records that do not tell whether they read or write.
    """

    records: int
    share: float
    reads: int
    writes: int
    unsaid: int
    names: list[tuple[str, int]]


def counts_by_type(census: CensusReport) -> dict[str, TypeCount]:
    """The counts of an archive beside each type of the table, by category; zero where it has none."""
    total = sum(count.records for count in census.categories) + sum(census.other.values())
    found = {str(count.category): count for count in census.categories}
    return {kind.category: _type_count(found.get(kind.category), total) for kind in event_types().types}


def _type_count(count: CategoryCount | None, total: int) -> TypeCount:
    if count is None:
        return TypeCount(records=0, share=0.0, reads=0, writes=0, unsaid=0, names=[])
    return TypeCount(
        records=count.records,
        share=count.records / total if total else 0.0,
        reads=count.reads,
        writes=count.writes,
        unsaid=count.unsaid,
        names=count.names,
    )


# ---------------------------------------------------------------- prices and limits


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """One price: dollars for `per` units; `tiers` are (quantity of the step, price), None for what is above.

    `price` is None where there is none to tell; the item or the note says what holds instead.
    """

    id: str
    service: str
    item: str
    unit: str
    region: str
    status: str
    price: Decimal | None = None
    per: int = 1
    tiers: tuple[tuple[int | None, Decimal], ...] = ()
    usage: str = ""
    source: str = ""
    note: str = ""
    brief: bool = False

    @property
    def is_unsure(self) -> bool:
        """Tell whether the price is neither AWS's own nor from its price list; such rows are marked with `?`."""
        return self.status in _UNSURE


class FreePart(msgspec.Struct, frozen=True, kw_only=True):
    """What is free each month, on end."""

    id: str
    service: str
    quantity: int
    unit: str
    status: str
    only_for: str = ""
    source: str = ""
    note: str = ""
    brief: bool = False

    @property
    def is_unsure(self) -> bool:
        """Tell whether this is neither AWS's own word nor from its price list."""
        return self.status in _UNSURE


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """The table of prices. `as_of` is the day whose prices they are."""

    as_of: date
    currency: str
    rows: tuple[Price, ...]
    free_tier: tuple[FreePart, ...]
    free_tier_note: str

    def row(self, ident: str) -> Price:
        """The price of that id. KeyError where there is none: the tables ship together with who asks."""
        return next((row for row in self.rows if row.id == ident), None) or _missing(ident)

    def free(self, ident: str) -> FreePart:
        """The free part of that id. KeyError as above."""
        return next((part for part in self.free_tier if part.id == ident), None) or _missing(ident)

    def is_old(self, today: date) -> bool:
        """Tell whether it is so old that prices may well have changed."""
        return today - self.as_of > OLD_AFTER


def _missing(ident: str) -> NoReturn:
    raise KeyError(ident)


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """A quota or a latency. `year` is the state of the guide that it is from."""

    id: str
    service: str
    value: str | int
    applies: str
    year: int | None = None
    status: str = ""
    note: str = ""


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """The table of quotas and latencies."""

    as_of: date
    limits: tuple[Quota, ...]


@cache
def prices() -> Prices:
    """The table of prices. Amounts are exact decimals."""
    return load_table("prices.yaml", Prices)


@cache
def quotas() -> Quotas:
    """The table of quotas and latencies."""
    return load_table("limits.yaml", Quotas)


def brief_rows(rows: Sequence[Any]) -> list[Any]:
    """The rows that the short form shows: what the usual set-up of trail, filters, alarms and mails costs."""
    return [row for row in rows if row.brief]
