"""Check that pyproject.toml, uv.lock and requirements-dev.txt say the same.

Rule: what `make` installs is what is written down, whichever of uv and pip installs it. The lock
names the public default registry and nothing that is private to somebody's machine; the
requirements name none at all. Standard library only, so that it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)(?:\[[a-z,]+\])?==(\S+)")
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def wanted(pyproject: dict[str, Any]) -> set[str]:
    """Collect what pyproject.toml asks for, as `name` and specifiers without blanks."""
    project = pyproject["project"]
    groups = [*project.get("optional-dependencies", {}).values(), *pyproject.get("dependency-groups", {}).values()]
    return {normal(text) for text in [*project["dependencies"], *(t for group in groups for t in group)]}


def normal(requirement: str) -> str:
    """Write a requirement in one way: lower case, no extras, no condition, no blanks."""
    return re.sub(r"\[.*?\]|;.*", "", requirement).replace(" ", "").replace("_", "-").lower()


def recorded(package: dict[str, Any]) -> set[str]:
    """Collect what the lock says that pyproject.toml asked for when it was made."""
    metadata = package["metadata"]
    entries = [*metadata["requires-dist"], *(e for group in metadata["requires-dev"].values() for e in group)]
    return {normal(entry["name"] + entry.get("specifier", "")) for entry in entries}


def pins(requirements: str) -> dict[tuple[str, str], set[str]]:
    """Read requirements-dev.txt: (name, version) -> hashes."""
    found: dict[tuple[str, str], set[str]] = {}
    current: set[str] = set()
    for line in requirements.splitlines():
        if pin := PIN.match(line):
            current = found.setdefault((pin[1], pin[2]), set())
        current.update(HASH.findall(line))
    return found


def locked(lock: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """Read uv.lock: (name, version) -> hashes, without the project itself."""
    found: dict[tuple[str, str], set[str]] = {}
    for package in lock["package"]:
        if "registry" in package["source"]:
            files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
            found[package["name"], package["version"]] = {file["hash"] for file in files}
    return found


def private(address: SplitResult) -> bool:
    """Say whether an address means something on one network alone, or carries credentials."""
    host = address.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        inside = "." not in host or host.endswith((".local", ".internal", ".lan", ".corp", ".home", ".test"))
        return inside or address.scheme != "https" or "@" in address.netloc or address.port is not None
    return True


def problems(root: Path) -> list[str]:
    """Say everything that is out of step."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    lock_text = (root / "uv.lock").read_text()
    lock = tomllib.loads(lock_text)
    requirements = (root / "requirements-dev.txt").read_text()
    project = next(package for package in lock["package"] if package["name"] == pyproject["project"]["name"])
    found = []
    if difference := wanted(pyproject) ^ recorded(project):
        found.append(f"pyproject.toml and uv.lock differ about {', '.join(sorted(difference))}")
    if lock["requires-python"] != pyproject["project"]["requires-python"]:
        found.append("pyproject.toml and uv.lock differ about requires-python")
    if project["version"] != pyproject["project"]["version"]:
        found.append("pyproject.toml and uv.lock differ about the version")
    in_lock, in_requirements = locked(lock), pins(requirements)
    for name, version in sorted(in_lock.keys() ^ in_requirements.keys()):
        place = "uv.lock" if (name, version) in in_lock else "requirements-dev.txt"
        found.append(f"{name} {version} stands in {place} alone")
    found += [
        f"{name} {version}: other hashes in uv.lock than in requirements-dev.txt"
        for name, version in sorted(in_lock.keys() & in_requirements.keys())
        if in_lock[name, version] != in_requirements[name, version]
    ]
    if "://" in requirements or "file:" in lock_text:
        found.append("an address or a local path stands where only names and versions belong")
    addresses = {urlsplit(text) for text in re.findall(r'"(\w+://[^"]+)"', lock_text)}
    found += sorted({f"uv.lock names a private address: {a.netloc}" for a in addresses if private(a)})
    return found


def main() -> int:
    """Print what is out of step; exit 1 when anything is."""
    found = problems(ROOT)
    for text in found:
        print(f"lock: {text}", file=sys.stderr)
    if found:
        print("lock: run `make lock` (needs uv, with no other registry configured)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
