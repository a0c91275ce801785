"""What a month of a trail costs with one setting of selectors and with another. Spec: prices.md section 4.

Rule: quantities are counted, never asked for, and scaled by time alone; a price that is not known is named and left
out of the sum; nothing is rounded before it is shown.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.selector_report import CostLine, Costs
from tocsin.core.record_category import Category
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.explain import Price, Prices
    from tocsin.app.selector_report import CategoryLine

_MONTH = 730 * 3600
_ROUGH = 7 * 24 * 3600
_SHORTEST = 60
_GB = Decimal(10) ** 9

_EVENTS = (
    (Category.MANAGEMENT, "ct-mgmt-first", False),
    (Category.MANAGEMENT, "ct-mgmt-more", True),
    (Category.DATA, "ct-data", False),
    (Category.NETWORK_ACTIVITY, "ct-network", False),
)
"""Which category is paid by which row, and whether that is an alternative to the row before."""


def reckon_costs(
    table: Prices, categories: Mapping[str, CategoryLine], *, seconds: int, regions: Mapping[str, int]
) -> Costs:
    """The costs of a month. `seconds` is the span of the records, `regions` how many of them are of each region."""
    home = max(sorted(regions), key=lambda region: regions[region], default="")
    none = Costs(
        as_of=table.as_of.isoformat(),
        currency=table.currency,
        seconds=seconds,
        is_rough=seconds < _ROUGH,
        home_region=home,
        lines=[],
        before=0.0,
        after=0.0,
        difference=0.0,
    )
    if seconds < _SHORTEST:
        return msgspec.structs.replace(none, reason="the records cover less than a minute, too little for a month")
    rows = {row.id: row for row in table.rows}
    scale = Decimal(_MONTH) / seconds
    is_commercial = Scope("", home).partition == "aws"  # elsewhere no row applies (prices.md section 1)
    lines = []
    for category, ident, is_alternative in _EVENTS:
        found = categories.get(category)
        if found is not None and (found.before or found.after):
            quantities = found.before * scale, found.after * scale
            lines.append(_line(rows[ident], quantities, is_known=is_commercial, is_alternative=is_alternative))
    free = next(part for part in table.free_tier if part.id == "free-logs")
    sizes = [sum(getattr(one, name) for one in categories.values()) for name in ("bytes_before", "bytes_after")]
    if any(sizes):
        before, after = (size * scale / _GB for size in sizes)
        ingested = next(
            (row for row in table.rows if row.id == f"cwl-ingest-{home}"),
            rows["cwl-ingest-us-east-1"],  # its words; its price is another region's
        )
        is_known = is_commercial and ingested.region == home
        lines.append(_line(ingested, (before, after), free=free.quantity, is_known=is_known))
    counted = [line for line in lines if not line.is_alternative]
    return msgspec.structs.replace(
        none,
        lines=lines,
        before=sum(line.before or 0 for line in counted),
        after=sum(line.after or 0 for line in counted),
        difference=sum(line.difference or 0 for line in counted),
        unsure_rows=sum(line.is_unsure for line in lines),
        unknown_prices=sum(line.difference is None for line in lines),
    )


def _line(
    row: Price, quantities: tuple[Decimal, Decimal], *, is_known: bool, free: int = 0, is_alternative: bool = False
) -> CostLine:
    before = after = difference = None
    if is_known and row.price is not None:
        costs = [max(Decimal(0), quantity - free) * row.price / row.per for quantity in quantities]
        before, after, difference = float(costs[0]), float(costs[1]), float(costs[1] - costs[0])
    return CostLine(
        row=row.id if is_known else "",
        item=row.item,
        unit=row.unit,
        quantity_before=float(quantities[0]),
        quantity_after=float(quantities[1]),
        before=before,
        after=after,
        difference=difference,
        is_unsure=is_known and row.is_unsure,
        is_alternative=is_alternative,
    )
