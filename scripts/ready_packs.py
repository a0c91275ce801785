"""Write src/tocsin/data/packs.json: the packs that ship as they are read, so that commands need not read YAML.

    python scripts/ready_packs.py            writes it
    python scripts/ready_packs.py --check    compares, writes nothing; exit 1 on a difference

A pack with an exclusion that expires is left out: which of its records count depends on the day.
"""

from __future__ import annotations

import sys

import msgspec

from tocsin.app.pack import READY_PACKS, ReadyPack, pack_names, text_checksums
from tocsin.app.rulepack import usable_rules


def ready_packs() -> str:
    """The text of the file, one rule a line."""
    packs = []
    for name in pack_names():
        rules = usable_rules(name)
        if any(exclusion.expires for rule in rules for exclusion in rule.exclusions):
            continue
        pack = ReadyPack(texts=text_checksums(name), rules=tuple(rules))
        texts = msgspec.json.encode(pack.texts).decode()
        lines = ",\n".join(msgspec.json.encode(rule).decode() for rule in pack.rules)
        packs.append(f'{msgspec.json.encode(name).decode()}: {{"texts": {texts}, "rules": [\n{lines}\n]}}')
    return "{\n" + ",\n".join(packs) + "\n}\n"


def main() -> int:
    """Write the file, or with --check compare it; the exit status."""
    text = ready_packs()
    if "--check" not in sys.argv[1:]:
        READY_PACKS.write_text(text, encoding="utf-8")
        return 0
    if READY_PACKS.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{READY_PACKS.name} is not what the packs say: run python scripts/ready_packs.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
