"""What a month costs with one setting of selectors and with another (prices.md sections 4 and 5)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from tocsin.app.explain import prices
from tocsin.app.selector_cost import reckon_costs
from tocsin.app.selector_report import CategoryLine, CostLine

MONTH = 730 * 3600


def line(category: str, before: int, after: int, *, size: tuple[int, int] = (0, 0)) -> CategoryLine:
    return CategoryLine(
        category=category,
        records=max(before, after),
        before=before,
        after=after,
        lost=max(0, before - after),
        gained=max(0, after - before),
        bytes_before=size[0],
        bytes_after=size[1],
    )


def rows(*lines: CategoryLine, seconds: int = MONTH, region: str = "us-east-1") -> dict[str, CostLine]:
    costs = reckon_costs(prices(), {one.category: one for one in lines}, seconds=seconds, regions={region: 1})
    return {one.row or one.item: one for one in costs.lines}


def test_the_example_of_the_pricing_page() -> None:
    found = rows(line("Management", 150_000, 0), line("Data", 2_000_000, 0), line("Insight", 7, 7))
    assert list(found) == ["ct-mgmt-first", "ct-mgmt-more", "ct-data"]
    assert [(one.before, one.after, one.difference) for one in found.values()] == [
        (0.0, 0.0, 0.0),
        (3.0, 0.0, -3.0),
        (2.0, 0.0, -2.0),
    ]


@pytest.mark.parametrize(
    ("region", "size", "amount"),
    [
        ("eu-central-1", 8_000_000_000, 1.89),
        ("us-east-1", 5_000_000_000, 0.0),
        ("us-east-1", 7_000_000_000, 1.0),
        ("ap-southeast-2", 8_000_000_000, None),
        ("cn-north-1", 8_000_000_000, None),
        ("", 8_000_000_000, None),
    ],
)
def test_the_log_group_is_paid_beyond_what_is_free_at_the_price_of_its_region(
    region: str, size: int, amount: float | None
) -> None:
    costs = reckon_costs(
        prices(), {"Management": line("Management", 1, 1, size=(0, size))}, seconds=MONTH, regions={region: 1}
    )
    *_, group = costs.lines
    assert group.after == (None if amount is None else pytest.approx(amount))
    assert costs.unknown_prices == (3 if region.startswith("cn-") else int(amount is None))
    assert costs.after == pytest.approx(amount or 0)
    assert costs.home_region == region


@pytest.mark.parametrize("seconds", [60, 3600, MONTH, 12 * MONTH])
def test_quantities_are_scaled_by_time_alone(seconds: int) -> None:
    count = 100_000 * seconds // 60
    found = rows(line("Data", count, 0), seconds=seconds)
    assert found["ct-data"].quantity_before == pytest.approx(100_000 * MONTH / 60)
    assert found["ct-data"].before == pytest.approx(0.1 * MONTH / 60)


def test_a_short_span_is_called_rough_and_one_without_length_says_nothing() -> None:
    def costs(seconds: int):
        return reckon_costs(prices(), {"Data": line("Data", 1, 0)}, seconds=seconds, regions={})

    assert costs(7 * 86_400 - 1).is_rough
    assert not costs(7 * 86_400).is_rough
    assert (costs(59).lines, costs(59).reason) == ([], "the records cover less than a minute, too little for a month")


def test_the_region_of_most_records_is_taken_for_the_home_region_and_of_equals_the_first_by_name() -> None:
    regions = {"us-west-2": 4, "eu-west-1": 5, "ap-east-1": 5}
    costs = reckon_costs(prices(), {}, seconds=MONTH, regions=regions)
    assert costs.home_region == "ap-east-1"


def test_rows_that_nobody_vouches_for_are_counted() -> None:
    table = prices()
    doubtful = msgspec.structs.replace(
        table,
        as_of=date(2026, 1, 2),
        rows=tuple(
            msgspec.structs.replace(row, status="unverified", price=Decimal("0.2")) if row.id == "ct-data" else row
            for row in table.rows
        ),
    )
    costs = reckon_costs(doubtful, {"Data": line("Data", 0, 100_000)}, seconds=MONTH, regions={"us-east-1": 1})
    assert (costs.as_of, costs.unsure_rows) == ("2026-01-02", 1)
    assert [(one.is_unsure, one.difference) for one in costs.lines] == [(True, 0.2)]


def test_alternatives_are_left_out_of_the_sums() -> None:
    found = reckon_costs(
        prices(), {"Management": line("Management", 100_000, 0)}, seconds=MONTH, regions={"us-east-1": 1}
    )
    assert [one.is_alternative for one in found.lines] == [False, True]
    assert (found.before, found.after, found.difference) == (0.0, 0.0, 0.0)
