"""Prices in words. Rule: an amount is told as exactly as the table has it. Spec: prices.md, rules 8, 13."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.quantity import count_text

if TYPE_CHECKING:
    from decimal import Decimal

    from tocsin.app.explain import Price, Prices


def price_text(row: Price) -> str:
    """A price with what it is for: `$2.00 per 100,000 events`, `free`, the steps of a tiered one."""
    if row.tiers:
        steps = [f"{dollars(price)} {_step(place, quantity)}" for place, (quantity, price) in enumerate(row.tiers)]
        return f"{', '.join(steps)} per {row.unit}"
    if row.price is None:
        return "price unknown" if row.is_unsure else "-"
    if row.price == 0:
        return "free"
    if row.per == 1:
        return f"{dollars(row.price)} per {row.unit}"
    return f"{dollars(row.price)} per {count_text(row.per)} {_plural(row.unit)}"


def marginal_words(table: Prices, free_id: str, price_id: str) -> str:
    """`10 are free, the 11th costs $0.10`: where the free part ends, and the price of what comes next."""
    free, row = table.free(free_id), table.row(price_id)
    price = row.tiers[0][1] if row.tiers else row.price
    assert price is not None  # the tables ship together
    return f"{count_text(free.quantity)} are free, the {free.quantity + 1}th costs {dollars(price)}"


def dollars(price: Decimal) -> str:
    """An amount: two digits after the point, more where the price has more."""
    digits = max(2, -int(price.as_tuple().exponent))
    return f"${price:,.{digits}f}"


def _step(place: int, quantity: int | None) -> str:
    if quantity is None:
        return "above"
    return f"for the {'first' if place == 0 else 'next'} {count_text(quantity)}"


def _plural(unit: str) -> str:
    first, _, rest = unit.partition(" ")
    nouns = first.removesuffix("y") + "ies" if first.endswith("y") else f"{first}s"
    return f"{nouns} {rest}".rstrip()
