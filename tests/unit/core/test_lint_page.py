"""The reference page of findings and the lints name the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.core.lint import SPECS, lint_pattern

SECTION = re.compile(r"^### (?P<name>[a-z-]+)\n\n(?P<head>[^\n]+)\n\n(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"```text\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def sections(root: Path) -> dict[str, re.Match[str]]:
    page = (root / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")
    return {found["name"]: found for found in SECTION.finditer(page)}


def test_every_name_is_explained_and_none_else(sections: dict[str, re.Match[str]]) -> None:
    assert sorted(sections) == sorted(SPECS)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_severity_and_id_are_those_of_the_code(sections: dict[str, re.Match[str]], name: str) -> None:
    spec, severity = SPECS[name]
    assert sections[name]["head"].startswith(severity.value)
    assert sections[name]["head"].endswith(f"· {spec}")


@pytest.mark.parametrize("name", sorted(set(SPECS) - {"no-index-key", "prefixed-json"}))
def test_the_first_example_is_one(sections: dict[str, re.Match[str]], name: str) -> None:
    example = EXAMPLE.search(sections[name]["body"])
    for line in example[1].splitlines() if example else ():
        assert name in [found.name for found in lint_pattern(line)]
