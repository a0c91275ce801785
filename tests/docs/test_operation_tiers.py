"""Tiers and support of operations: what ships, what the specification says, what the page says. Spec: WIRE-8, WIRE-8.1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.api.service_table import OperationEntry, Support, entry_of, operation_table, problems_of, service_table
from tocsin.wire.model import ServiceModels

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = re.search(
    r"^## 8 Operations\n(.*?)^## 9 ", (ROOT / "docs/spec/wire.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
PAGE = (ROOT / "docs/reference/operations.md").read_text(encoding="utf-8")
TITLES = {"CloudWatch Logs": "logs", "CloudWatch": "cloudwatch", "CloudTrail": "cloudtrail", "SNS": "sns", "STS": "sts"}
SERVICES = ("logs", "cloudwatch", "cloudtrail", "sns", "sts")
NAME = re.compile(r"[A-Z][A-Za-z0-9]+")
TABLE = operation_table()

def names_in(text: str) -> list[str]:
    """The names of a list; what stands in brackets, as code or ahead of a colon is a remark."""
    text = re.sub(r"`[^`]*`", "", text)
    while (less := re.sub(r"\([^()]*\)", "", text)) != text:
        text = less
    lists = [part.rpartition(":")[2] for part in re.split(r"[;.]", text)]
    return [name for part in lists for one in part.split(",") if (name := one.strip())]


def rows_of(text: str) -> Iterator[list[str]]:
    """The cells of each row of the tables, without heads and rules."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith(("|---", "| operation |", "| | ")):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def specified() -> Iterator[tuple[str, int, str, int]]:
    """Service, how many operations its heading counts, and each operation with its tier."""
    parts = re.split(r"^### 8\.\d (\w+) \((\d+)\): tier 1\n", CHAPTER[1], flags=re.MULTILINE)[1:]
    for title, count, text in zip(*[iter(parts)] * 3, strict=True):
        service = title.lower()
        for first, *_ in rows_of(text):
            for name in names_in(first):
                yield service, int(count), name, 1
        for tier, listed in re.findall(r"\bTier ([23])[^:]*: (.*?)(?=Tier 3|\n|$)", text):
            for name in names_in(listed):
                yield service, int(count), name, int(tier)


SPECIFIED = list(specified())


def test_the_chapter_names_operations_and_nothing_else() -> None:
    assert {service for service, *_ in SPECIFIED} == set(SERVICES)
    assert [name for _, _, name, _ in SPECIFIED if not NAME.fullmatch(name)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_is_of_one_tier_and_the_heading_counts_them(service: str) -> None:
    names = Counter(name for one, _, name, _ in SPECIFIED if one == service)
    assert [name for name, times in names.items() if times > 1] == []
    assert {count for one, count, _, _ in SPECIFIED if one == service} == {len(names)}


@pytest.mark.parametrize("service", SERVICES)
def test_the_table_that_ships_has_the_tiers_of_the_specification(service: str) -> None:
    assert {name: entry.tier for name, entry in TABLE[service].items()} == {
        name: tier for one, _, name, tier in SPECIFIED if one == service
    }


def test_the_chapter_sums_up_what_it_lists() -> None:
    head = re.search(r"^\| \| (.+) \|$", CHAPTER[1], re.MULTILINE)
    columns = head[1].split(" | ")
    assert columns == [*SERVICES, "all"]
    for tier in (1, 2, 3):
        row = re.search(rf"^\| tier {tier}: [^|]*\| (.+) \|$", CHAPTER[1], re.MULTILINE)
        told = dict(zip(columns, map(int, row[1].split(" | ")), strict=True))
        count = Counter(service for service, _, _, one in SPECIFIED if one == tier)
        assert told == {**{one: count[one] for one in SERVICES}, "all": count.total()}


def test_operations_are_those_of_the_models_and_what_aws_has_added_since_is_not_supported() -> None:
    models = ServiceModels()
    for service in SERVICES:
        known = models.service(service).operation_names
        assert TABLE[service].keys() <= known, service
        added = {entry_of(TABLE, service, name) for name in known - TABLE[service].keys()}
        assert added <= {OperationEntry(tier=3, support=Support.NONE)}, service


def test_handlers_are_as_the_table_says() -> None:
    assert problems_of(service_table(), ServiceModels()) == []


def test_of_a_service_that_is_served_the_first_tier_works_and_the_others_are_refused() -> None:
    for service in service_table():
        for name, entry in TABLE[service].items():
            assert (entry.support is not Support.NONE) == (entry.tier == 1), (service, name)


def test_the_page_says_of_each_operation_what_the_table_says() -> None:
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    told = {
        TITLES[title]: {name.strip("`"): (support, remark) for name, support, remark in rows_of(text)}
        for title, text in zip(*[iter(parts)] * 2, strict=True)
    }
    assert told == {
        service: {name: (str(entry.support), entry.note) for name, entry in entries.items()}
        for service, entries in TABLE.items()
    }
