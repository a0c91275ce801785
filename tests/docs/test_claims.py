"""Numbers that the first pages quote are those of the code and the data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import tocsin
from tocsin.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("pack", sorted(path.name for path in (ROOT / "src/tocsin/rules").iterdir() if path.is_dir()))
def test_readme_names_every_pack_and_its_size(pack: str) -> None:
    assert f"`{pack}` ({len(tocsin.load_rules(pack))} rules" in README


def test_readme_counts_the_conformance_cases() -> None:
    cases = (ROOT / "tests/conformance/cases/filter-cases.jsonl").read_text(encoding="utf-8").splitlines()
    assert f"{len(cases)} conformance cases" in README


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    assert [words for words, *_ in COMMANDS if f"## tocsin {' '.join(words)}\n" not in page] == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f'"{page}"' not in navigation] == []


def price_rows(text: str) -> dict[str, dict[str, object]]:
    keys = ("price", "per", "tiers", "region", "status")
    return {row["id"]: {key: row.get(key) for key in keys} for row in yaml.safe_load(text)["rows"]}


def test_prices_that_ship_are_those_of_the_page() -> None:
    page = (ROOT / "docs/spec/prices.md").read_text(encoding="utf-8")
    table = re.search(r"^```yaml\n(as_of.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert table is not None
    shipped = (ROOT / "src/tocsin/data/prices.yaml").read_text(encoding="utf-8")
    assert price_rows(shipped) == price_rows(table[1])
