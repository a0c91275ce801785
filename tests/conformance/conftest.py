"""The case files: where they are, which of their cases are left out, one test for each line (IF-6).

`pytest tests/conformance --corpus DIR` runs every case file in DIR; without the option the
project's own copies are run. A test asks for a kind of case by the name of its argument, see FILES.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OWN_CASES = Path(__file__).parent / "cases"

# What a test asks for, and the files that hold it.
FILES = {
    "alarm_case": "alarm-cases*.jsonl",
    "filter_case": "filter-cases*.jsonl",
}

# The only way to leave a case out: its id, and the reason.
SKIPPED: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--corpus", metavar="DIR", type=Path, help="run the case files in DIR, not the project's own copies"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # The default counts when the option was never declared: pytest does not read this file early
    # unless it is called with this folder.
    folder = metafunc.config.getoption("corpus", default=None) or OWN_CASES
    if not any(folder.glob("*-cases*.jsonl")):
        raise pytest.UsageError(f"no case files in {folder}")
    for kind in FILES.keys() & metafunc.fixturenames:
        cases = read_cases(folder, FILES[kind])
        metafunc.parametrize(kind, [pytest.param(case, id=case["id"], marks=marks_of(case)) for case in cases])


def read_cases(folder: Path, name: str) -> list[dict[str, Any]]:
    lines = [line for path in sorted(folder.glob(name)) for line in path.read_text(encoding="utf-8").split("\n")]
    return [json.loads(line) for line in lines if line.strip()]


def marks_of(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.skip(reason=SKIPPED[case["id"]])] if case["id"] in SKIPPED else []
