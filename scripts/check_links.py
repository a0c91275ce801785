"""Check the links between the pages of the repository: files and headings that are pointed at exist.

Rule: only what can be decided without a network is checked; addresses on the web are left alone.
The documentation site is checked by its own builder besides; this also covers the pages beside it.
Standard library only.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.md", "docs/**/*.md", "examples/*.md", "benchmarks/*.md")
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
ELSEWHERE = ("http://", "https://", "mailto:")


def prose(text: str) -> str:
    """Leave out blocks and spans of code, in which brackets mean something else."""
    return CODE.sub("", FENCE.sub("", text))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Collect the names under which the headings of a page can be reached, here and on the site."""
    found: list[str] = []
    for heading in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
        found += [plain.replace(" ", "-"), re.sub(r"[\s-]+", "-", plain)]
    return frozenset(found)


def broken(page: Path, root: Path = ROOT) -> list[str]:
    """Say which links of a page below `root` lead nowhere."""
    found = []
    for target in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if target.startswith(ELSEWHERE):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists():
            found.append(f"{page.relative_to(root)}: no such file: {target}")
        elif anchor and goal.suffix == ".md" and anchor not in anchors(goal):
            found.append(f"{page.relative_to(root)}: no such heading: {target}")
    return found


def main() -> int:
    """Print every link that leads nowhere; exit 1 when there is one."""
    pages = sorted({page for pattern in PAGES for page in ROOT.glob(pattern)})
    found = [text for page in pages for text in broken(page)]
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
