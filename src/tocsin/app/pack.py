"""The packs that ship: where they lie, and their rules without reading YAML.

Rule: what comes out is what the texts of the packs say. `data/packs.json` holds what `rulepack` read from
them, with a checksum of every text; where one has changed since, the texts are read. Reading them takes as
long as a scan needs for 50 MB of log files. Spec: IF-1 (SOURCE), IF-5 (load_rules).
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

PACKS_DIR = Path(__file__).resolve().parent.parent / "rules"
"""Where the packs that ship lie: one folder each, one file a rule; beside them `clauses.yaml`."""

CLAUSES_NAME = "clauses.yaml"
"""The file of the shared exclusion clauses that `use: NAME` takes (detections.md section 4)."""

READY_PACKS = PACKS_DIR.parent / "data" / "packs.json"
"""The packs as they were read, made by `scripts/ready_packs.py`."""


class ReadyPack(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a pack, and the checksums of the texts that they were read from, by path below the packs."""

    texts: dict[str, int]
    rules: tuple[Rule, ...]


def pack_names(packs_dir: Path | None = None) -> list[str]:
    """The names of the packs that ship, sorted."""
    return sorted(entry.name for entry in (packs_dir or PACKS_DIR).iterdir() if any(entry.glob("*.yaml")))


def load_rules(*sources: str | Rule, packs_dir: Path | None = None, at: date | None = None) -> list[Rule]:
    """The rules of SOURCEs, each once, in their order; a Rule stands for itself.

    `at` is the day for which exclusions count; None: none has expired. Raises RuleFileError, which
    holds every finding of severity error, when a rule cannot be used or a SOURCE holds none, and
    NotFoundError for a SOURCE that does not exist.
    """
    names = [source for source in sources if isinstance(source, str)]
    if packs_dir is None and len(names) == len(sources):
        ready = ready_rules(names)
        if ready is not None:
            return ready
    from tocsin.app.rulepack import usable_rules  # what reads YAML takes long to load

    return usable_rules(*sources, packs_dir=packs_dir, at=at)


def ready_rules(sources: Sequence[str], *, packs_dir: Path = PACKS_DIR) -> list[Rule] | None:
    """The rules of these packs as they were read before; None where one is no pack, or not as it was."""
    packs = msgspec.json.decode(READY_PACKS.read_bytes(), type=dict[str, ReadyPack])
    rules: list[Rule] = []
    for source in dict.fromkeys(sources):
        pack = packs.get(source)
        if pack is None or text_checksums(source, packs_dir=packs_dir) != pack.texts:
            return None
        rules += pack.rules
    return rules


def text_checksums(pack: str, *, packs_dir: Path = PACKS_DIR) -> dict[str, int]:
    """The checksum of each text that the rules of a pack are read from, by its path below `packs_dir`."""
    names = [CLAUSES_NAME, *(f"{pack}/{path.name}" for path in sorted((packs_dir / pack).glob("*.yaml")))]
    return {name: zlib.crc32((packs_dir / name).read_bytes()) for name in names if (packs_dir / name).exists()}
