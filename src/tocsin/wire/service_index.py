"""Which models a request may be for: all of AWS's services, told apart without loading a model. Spec: REC-3.1, REC-3.3.

The table ships (`data/service-index.json`, made by `scripts/service_index.py`); a service that is missing there, for
botocore has become newer than the table, is looked for under its signing name.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class IndexEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What requests to a service have in common: the name that they are signed with, host, version, target prefix."""

    signing: str
    host: str
    version: str
    protocols: tuple[str, ...]
    target: str | None = None


class ServiceIndex:
    """Finds the models that a request may be for; the likeliest comes first."""

    def __init__(self, entries: dict[str, IndexEntry]) -> None:
        self.entries = entries
        self._by_signing: dict[str, list[str]] = {}
        self._by_target: dict[str, list[str]] = {}
        self._by_version: dict[str, list[str]] = {}
        self._by_host: dict[str, list[str]] = {}
        for name, entry in entries.items():
            self._by_signing.setdefault(entry.signing, []).append(name)
            self._by_host.setdefault(entry.host, []).append(name)
            if entry.target is not None:
                for prefix in dict.fromkeys((entry.target, entry.target.rpartition(".")[2])):
                    self._by_target.setdefault(prefix, []).append(name)
            if "query" in entry.protocols or "ec2" in entry.protocols:
                self._by_version.setdefault(entry.version, []).append(name)

    def by_signing_name(self, signing_name: str, *, host: str = "") -> list[str]:
        """The models that sign with that name: the one whose host it is, the one of that name, the others."""
        names = self._by_signing.get(signing_name) or [signing_name]
        label = host.partition(".")[0]
        return sorted(names, key=lambda name: (self._host_of(name) != label, name != signing_name))

    def by_target(self, prefix: str) -> list[str]:
        """The models of a target prefix; the part behind its last dot will do."""
        return self._by_target.get(prefix) or self._by_target.get(prefix.rpartition(".")[2]) or []

    def by_version(self, version: str, *, among: Iterable[str] | None = None) -> list[str]:
        """The query and EC2 services of an API version, `rds` before those that speak as it does."""
        names = self._by_version.get(version, [])
        if among is not None:
            names = [name for name in among if name in names]
        return sorted(names, key=lambda name: self.entries[name].signing != name)

    def by_host(self, host: str) -> list[str]:
        """The models whose endpoint a host is, by its first label: `sts.eu-west-1.amazonaws.com`."""
        label, dot, _ = host.partition(".")
        return self._by_host.get(label, []) if dot else []

    def _host_of(self, name: str) -> str:
        entry = self.entries.get(name)
        return entry.host if entry is not None else name


@cache
def service_index() -> ServiceIndex:
    """The index that ships."""
    text = files("tocsin.data").joinpath("service-index.json").read_bytes()
    return ServiceIndex(msgspec.json.decode(text, type=dict[str, IndexEntry]))
