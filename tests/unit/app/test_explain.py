"""The tables that ship: facts in data, complete and consistent (CT-1.1, AL-8, prices.md)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tocsin.app.census import Category, CategoryCount, CensusReport
from tocsin.app.explain import OLD_AFTER, brief_rows, counts_by_type, event_types, prices, quotas
from tocsin.app.report import Bytes, Files, Records

if TYPE_CHECKING:
    from pathlib import Path


def test_event_types_are_the_categories_that_are_counted() -> None:
    assert [kind.category for kind in event_types().types] == [category.value for category in Category]


def test_management_events_alone_are_logged_by_default() -> None:
    assert [kind.category for kind in event_types().types if kind.logged_by_default] == ["Management"]


def test_every_type_has_several_concrete_names() -> None:
    for kind in event_types().types:
        assert sum(len(example.calls) for example in kind.examples) >= 2


def census(*counts: CategoryCount, **other: int) -> CensusReport:
    return CensusReport(categories=list(counts), other=other, files=Files(), records=Records(), bytes=Bytes())


def test_types_without_records_count_zero_and_unknown_ones_share() -> None:
    one = CategoryCount(category=Category.DATA, records=3, reads=2, writes=1, unsaid=0, names=[("s3:GetObject", 2)])
    counts = counts_by_type(census(one, Strange=1))
    assert counts["Data"].share == 0.75
    assert counts["Data"].names == [("s3:GetObject", 2)]
    assert (counts["Management"].records, counts["Management"].share) == (0, 0.0)


def test_empty_archive_has_no_shares() -> None:
    empty = CategoryCount(category=Category.DATA, records=0, reads=0, writes=0, unsaid=0, names=[])
    assert counts_by_type(census(empty))["Data"].share == 0.0


def test_ids_are_unique_and_states_of_knowledge_are_known() -> None:
    rows = [*prices().rows, *prices().free_tier]
    ids = [row.id for row in rows] + [row.id for row in quotas().limits]
    assert len(ids) == len(set(ids))
    assert {row.status for row in rows} == {"official", "price-list", "vendor", "unverified"}


def test_every_free_part_belongs_to_a_service_with_prices() -> None:
    assert {part.service for part in prices().free_tier} <= {row.service for row in prices().rows}


def test_amounts_are_exact() -> None:
    rows = {row.id: row for row in prices().rows}
    assert rows["sns-sms"].price == Decimal("0.00645")
    assert rows["ct-mgmt-more"].price == 2


def test_short_list_has_trail_alarms_and_mails() -> None:
    services = {row.service for row in brief_rows(prices().rows)}
    assert {"CloudTrail", "CloudWatch alarms", "SNS"} <= services
    assert {part.id for part in brief_rows(prices().free_tier)} >= {"free-alarms", "free-email"}


def test_table_is_old_after_half_a_year() -> None:
    table = prices()
    assert not table.is_old(table.as_of + OLD_AFTER)
    assert table.is_old(table.as_of + OLD_AFTER + timedelta(days=1))
    assert not table.is_old(date(2020, 1, 1))


@pytest.fixture
def spec_blocks(shared_dir: Path) -> list[dict[str, Any]]:
    text = (shared_dir / "spec" / "prices.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def test_prices_are_those_of_the_price_page(spec_blocks: list[dict[str, Any]]) -> None:
    ours = {row.id: row for row in prices().rows}
    assert prices().as_of == spec_blocks[0]["as_of"]
    assert set(ours) == {row["id"] for row in spec_blocks[0]["rows"]}
    for row in spec_blocks[0]["rows"]:
        mine = ours[row["id"]]
        price = row.get("price")
        assert mine.price == (None if price is None else Decimal(str(price))), row["id"]
        assert [(quantity, float(step)) for quantity, step in mine.tiers] == [
            tuple(tier) for tier in row.get("tiers", [])
        ]
        assert (mine.per, mine.region, mine.status) == (row.get("per", 1), row["region"], row["status"]), row["id"]
        assert mine.usage == row.get("usage", "")
        assert bool(mine.source) == bool(row.get("source"))


def test_quotas_are_those_of_the_price_page(spec_blocks: list[dict[str, Any]]) -> None:
    theirs = {row["id"]: row for row in spec_blocks[1]["limits"]}
    ours = {row.id: row for row in quotas().limits}
    assert set(ours) == set(theirs)
    for ident, row in ours.items():
        assert row.year == theirs[ident].get("year"), ident
        if isinstance(theirs[ident]["value"], int):
            assert int(str(row.value).split()[0].replace(",", "")) == theirs[ident]["value"], ident
