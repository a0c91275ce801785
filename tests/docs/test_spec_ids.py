"""Every rule id that the code and the tests cite stands in the specification under docs/spec."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "spec"

PAGES = {
    "AL": "alarms.md",
    "AR": "architecture.md",
    "CON": "console.md",
    "CT": "cloudtrail.md",
    "DET": "detections.md",
    "FP": "filter-patterns.md",
    "IF": "interfaces.md",
    "REC": "recorder.md",
    "SNS": "sns.md",
    "WIRE": "wire.md",
}

# Prefixes whose pages come with the code that needs them. Remove a row when its page arrives.
NOT_HERE_YET = {
    "HS": "house style",
    "R": "user needs",
}

# Sections of a page that is here which come later, as a page may arrive in parts.
SECTIONS_NOT_HERE_YET = {"DET-7", "DET-8", "DET-9"}

ID = re.compile(rf"\b({'|'.join([*PAGES, *NOT_HERE_YET])})-(\d+)(?:\.(\d+))?\b")


def cited() -> dict[str, str]:
    """Every id in the code and the tests -> the first file that cites it."""
    found: dict[str, str] = {}
    for folder in ("src", "tests", "scripts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path == Path(__file__).resolve():
                continue
            for match in ID.finditer(path.read_text(encoding="utf-8")):
                found.setdefault(match[0], path.relative_to(ROOT).as_posix())
    return found


def defined(page: Path) -> set[str]:
    """The ids that a page defines: in a heading, in bold at the start of a line, in a table's first cell.

    The page of detections has plain section numbers: its section 10.3 is DET-10.3. So have the chapters and
    sections of the page of wire protocols.
    """
    text = page.read_text(encoding="utf-8")
    if page.name == PAGES["DET"]:
        return {f"DET-{number}" for number in re.findall(r"^##+ (\d+(?:\.\d+)?) ", text, re.MULTILINE)}
    chapters = {f"WIRE-{number}" for number in re.findall(r"^##+ (\d+(?:\.\d+)?) ", text, re.MULTILINE)}
    return (chapters if page.name == PAGES["WIRE"] else set()) | set(
        re.findall(r"^(?:#+ |\*\*|\| )([A-Z]+-\d+(?:\.\d+)?)\b", text, re.MULTILINE)
    )


DEFINED = {prefix: defined(SPEC / page) for prefix, page in PAGES.items()}
CITED = cited()


@pytest.mark.parametrize("identifier", sorted(CITED))
def test_cited_id_is_defined(identifier: str) -> None:
    prefix, section, _ = ID.fullmatch(identifier).groups()
    if prefix in NOT_HERE_YET or f"{prefix}-{section}" in SECTIONS_NOT_HERE_YET:
        return
    page = PAGES[prefix]
    assert identifier in DEFINED[prefix], f"{CITED[identifier]} cites {identifier}, which {page} does not define"


@pytest.mark.parametrize("prefix", sorted(PAGES))
def test_page_defines_its_ids(prefix: str) -> None:
    assert f"{prefix}-1" in DEFINED[prefix]


@pytest.mark.parametrize("prefix", sorted(NOT_HERE_YET))
def test_prefix_that_is_not_here_yet_has_no_page(prefix: str) -> None:
    homes = [page.name for page in SPEC.glob("*.md") if any(i.startswith(f"{prefix}-") for i in defined(page))]
    assert not homes


@pytest.mark.parametrize("section", sorted(SECTIONS_NOT_HERE_YET))
def test_section_that_is_not_here_yet_is_not_defined(section: str) -> None:
    assert section not in DEFINED[section.partition("-")[0]]
