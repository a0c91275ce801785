"""What `import tocsin` offers, and what it does not load (IF-5, AR-12)."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import tocsin

OFFERED = {
    "FilterPattern",
    "PatternError",
    "Rule",
    "RuleFileError",
    "ScanReport",
    "TocsinError",
    "load_rules",
    "scan",
}

# Loaded by nobody who only asks whether a pattern matches: servers, AWS's libraries, the command line.
HEAVY = {"anyio", "boto3", "botocore", "cyclopts", "obstore", "rich", "sqlite3", "starlette", "uvicorn", "yaml"}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_names_what_is_offered() -> None:
    assert set(tocsin.__all__) >= OFFERED
    assert list(tocsin.__all__) == sorted(tocsin.__all__)


def test_nothing_public_is_left_out_of_all() -> None:
    assert set(dir(tocsin)) == set(tocsin.__all__)


@pytest.mark.parametrize("name", sorted(set(tocsin.__all__)))
def test_every_name_is_there_and_documented(name: str) -> None:
    member = getattr(tocsin, name)
    if inspect.isclass(member) or callable(member):
        assert inspect.getdoc(member)


def test_import_loads_neither_server_nor_aws_libraries() -> None:
    assert not loaded_by("import tocsin") & HEAVY


def test_a_pattern_can_be_asked_without_them() -> None:
    statement = "import tocsin; tocsin.FilterPattern.parse('{ $.eventName = A }').matches('{}')"
    assert not loaded_by(statement) & HEAVY


def test_a_name_that_is_not_offered_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        tocsin.no_such_name  # noqa: B018
