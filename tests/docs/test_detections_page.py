"""The catalogue of detections holds what it says of itself, and the packs are made from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import tocsin

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "spec" / "detections.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^### (\S+/\S+)\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ENTRIES: dict[str, dict[str, Any]] = {name: yaml.safe_load(text) for name, text in BLOCKS}
SHIPPED = {rule.references["tocsin"][0]: rule for pack in ("article", "cis") for rule in tocsin.load_rules(pack)}


def patterns(entry: dict[str, Any]) -> list[tocsin.FilterPattern]:
    found = []
    for row in entry["patterns"]:
        text = row["pattern"]
        for name, value in (row.get("params") or entry.get("params") or {}).items():
            text = text.replace(f"<{name}>", str(value))
        found.append(tocsin.FilterPattern.parse(text))
    return found


def matched(entry: dict[str, Any], key: str) -> int:
    message = json.dumps(entry[key][1])
    return sum(pattern.matches(message) for pattern in patterns(entry))


def test_the_page_is_read() -> None:
    assert len(ENTRIES) >= 21


@pytest.mark.parametrize("name", ENTRIES)
def test_heading_and_id_agree(name: str) -> None:
    assert ENTRIES[name]["id"] == name


@pytest.mark.parametrize("name", ENTRIES)
def test_every_pattern_is_accepted(name: str) -> None:
    assert patterns(ENTRIES[name])


@pytest.mark.parametrize("name", ENTRIES)
def test_the_example_that_must_fire_does(name: str) -> None:
    assert matched(ENTRIES[name], "fires") >= 1


@pytest.mark.parametrize("name", ENTRIES)
def test_the_look_alike_is_quiet(name: str) -> None:
    assert matched(ENTRIES[name], "quiet") == 0


def test_every_entry_of_the_page_ships_and_nothing_else() -> None:
    assert set(SHIPPED) == set(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_rule_that_ships_has_the_text_of_the_page(name: str) -> None:
    entry, rule = ENTRIES[name], SHIPPED[name]
    assert rule.filter is not None
    assert rule.filter.filter_pattern.strip() == entry["patterns"][0]["pattern"].strip()
    assert rule.id == entry["slug"]
    assert (rule.title, rule.severity.value, rule.why) == (entry["title"], entry["severity"], entry["why"])
