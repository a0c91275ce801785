"""Fetch botocore's protocol cases for tests/conformance/test_protocol_cases.py (WIRE-6.2).

The cases stand in botocore's source distribution (Apache-2.0) and not in the wheel. The version is the one
in requirements-dev.txt, and so are the hashes that it is checked against. Result: JSON files in .protocol-cases/.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from check_lock import pins

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".protocol-cases"  # not in .cache/, which is emptied whenever the documentation is built
CASES = "tests/unit/protocols/"


def main() -> int:
    """Fetch, unless the version's cases are there already; print where they are."""
    requirements = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    version, hashes = next(
        (version, found) for (name, version), found in pins(requirements).items() if name == "botocore"
    )
    target = FOLDER / version
    if not target.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            unpack(download(version, hashes, Path(folder)), target)
    print(target)
    return 0


def download(version: str, hashes: set[str], folder: Path) -> Path:
    """Let pip fetch the source distribution, from wherever it is told to, and check it."""
    wanted = folder / "requirements.txt"
    options = " ".join(f"--hash={value}" for value in sorted(hashes))
    wanted.write_text(f"botocore=={version} {options}\n", encoding="utf-8")
    command = [*pip(), "download", "--quiet", "--no-deps", "--no-binary", "botocore"]
    subprocess.run([*command, "--require-hashes", "--dest", str(folder), "-r", str(wanted)], check=True)
    return next(folder.glob("botocore-*.tar.gz"))


def pip() -> list[str]:
    """Tell how pip is run: an environment that uv has made has none, and uv cannot download."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    return [uv, "tool", "run", "--python", sys.executable, "pip"] if uv else ["pip"]


def unpack(archive: Path, target: Path) -> None:
    """Write the case files of an archive into a folder, which appears when it is complete."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was stopped
    with tarfile.open(archive) as tar:
        for member in tar:
            _, _, name = member.name.partition(f"/{CASES}")
            content = tar.extractfile(member) if name.endswith(".json") and ".." not in name else None
            if content is not None:
                path = partial / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    partial.rename(target)


if __name__ == "__main__":
    sys.exit(main())
