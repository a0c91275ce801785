"""The direction rules of AR-3 that import contracts cannot state: see [tool.importlinter] for the others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tocsin"
BANNED_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
PURE = sorted((SOURCE / "core").rglob("*.py"))
IO_CALLS = {"open", "print", "input", "breakpoint", "__import__"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_core_opens_nothing(path: Path) -> None:
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & IO_CALLS


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_core_knows_no_network_module(path: Path) -> None:
    assert not imported(path) & {"urllib.request", "urllib.error", "http.client", "io.open", "codecs.open"}


def test_only_pattern_uses_the_regex_library() -> None:
    users = {name_of(path) for path in PURE if "re2" in imported(path)}
    assert all(user.startswith("core/pattern/") for user in users)


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=name_of)
def test_files_are_named_by_nouns(path: Path) -> None:
    assert path.stem not in BANNED_NAMES


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=name_of)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600
