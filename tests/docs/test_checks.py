"""The checks of `make check` that are scripts of our own see what they are there to see."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCK = script("check_lock")
LINKS = script("check_links")


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "uv.lock", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_the_lock_is_in_step() -> None:
    assert LOCK.problems(ROOT) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pyproject.toml", '"msgspec>=0.22"', '"msgspec>=0.23"', "msgspec>=0.22, msgspec>=0.23"),
        ("pyproject.toml", '"rich>=15.0",\n', "", "differ about rich>=15.0"),
        ("pyproject.toml", 'requires-python = ">=3.11"', 'requires-python = ">=3.12"', "requires-python"),
        ("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"', "differ about the version"),
        ("requirements-dev.txt", "\nmsgspec==", "\nmsgspec==9.", "stands in requirements-dev.txt alone"),
        ("requirements-dev.txt", "\nmsgspec==", "\n--index-url https://example.com/simple\nmsgspec==", "an address"),
        ("uv.lock", "https://files.", "https://mirror.internal:8443/", "private address: mirror.internal:8443"),
        ("uv.lock", "https://files.", "https://192.0.2.1/", "private address: 192.0.2.1"),
    ],
)
def test_what_is_out_of_step_is_told(*, pinned: Path, file: str, old: str, new: str, said: str) -> None:
    path = pinned / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert any(said in problem for problem in LOCK.problems(pinned))


def test_another_hash_is_told(pinned: Path) -> None:
    path = pinned / "requirements-dev.txt"
    path.write_text(path.read_text().replace("--hash=sha256:", "--hash=sha256:" + "0" * 64 + " #", 1))
    assert any("other hashes" in problem for problem in LOCK.problems(pinned))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[x](other.md)", []),
        ("[x](other.md#a-heading)", []),
        ("[x](#here)\n# Here", []),
        ("[x](https://example.com/nowhere)", []),
        ("`[x](nowhere.md)`", []),
        ("```\n[x](nowhere.md)\n```", []),
        ("[x](nowhere.md)", ["no such file: nowhere.md"]),
        ("[x](other.md#nowhere)", ["no such heading: other.md#nowhere"]),
    ],
)
def test_links_that_lead_nowhere(*, tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "other.md").write_text("# A heading\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert LINKS.broken(page, tmp_path) == [f"page.md: {problem}" for problem in found]
