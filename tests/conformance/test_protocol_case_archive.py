"""What is taken out of botocore's source distribution, and where it is kept. Spec: WIRE-6.2."""

from __future__ import annotations

import importlib
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEPT = "botocore-1.0/tests/unit/protocols"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("protocol_cases")


def archive(folder: Path, *names: str) -> Path:
    path = folder / "botocore-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"[]"))
    return path


def test_case_files_alone_are_kept(script: ModuleType, tmp_path: Path) -> None:
    names = (f"{KEPT}/input/json.json", f"{KEPT}/output/query.json", f"{KEPT}/README.md", "botocore-1.0/setup.json")
    script.unpack(archive(tmp_path, *names), tmp_path / "1.0")
    kept = sorted(path.relative_to(tmp_path / "1.0").as_posix() for path in (tmp_path / "1.0").rglob("*.*"))
    assert kept == ["input/json.json", "output/query.json"]


def test_nothing_is_written_elsewhere(script: ModuleType, tmp_path: Path) -> None:
    script.unpack(archive(tmp_path, f"{KEPT}/../../../../x.json", f"{KEPT}/input/json.json"), tmp_path / "in" / "1.0")
    assert [path.name for path in tmp_path.rglob("*.json")] == ["json.json"]


def test_what_a_stopped_run_has_left_is_not_kept(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "1.0.partial").mkdir()
    (tmp_path / "1.0.partial" / "old.json").write_text("[")
    script.unpack(archive(tmp_path, f"{KEPT}/input/json.json"), tmp_path / "1.0")
    assert not (tmp_path / "1.0" / "old.json").exists()


def test_building_the_documentation_leaves_the_cases_alone(script: ModuleType) -> None:
    """`make check`, which builds it, stands between fetching the cases and running them; .cache is the builder's."""
    assert ROOT / ".cache" not in [script.FOLDER, *script.FOLDER.parents]
