"""What the tables of rules over time have in common: their names, the span of their lines, the quiet ones.

Rule: what was silent is one paragraph for each pack; the room is for what was not. Spec: IF-3, IF-4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.table import paragraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.cli.terminal import Stream

_INDENT = "  "


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names without their pack where all are of one pack and that is not ambiguous (IF-4)."""
    names = list(names)
    if len({name.rpartition("/")[0] for name in names}) > 1:
        return {name: name for name in names}
    return {name: name.rpartition("/")[2] for name in names}


def span_head(first: str | None, last: str | None, width: int, stream: Stream) -> str:
    """What a line over time spans: both ends (times as records write them), as far as there is room.

    Days alone, or hours and minutes within one day. Empty where there is no time.
    """
    if first is None or last is None:
        return ""
    part = slice(0, 10) if first[:10] != last[:10] else slice(11, 16)
    left, right = first[part], last[part]
    if width < len(left) + len(right) + 1:
        return ""
    rule = stream.pick("─", "-") * (width - len(left) - len(right) - 2)
    return f"{left} {rule} {right}" if rule else f"{left} {right}"


def draw_quiet(names: Iterable[str], stream: Stream, width: int) -> Iterator[str]:
    """The names by pack, a paragraph each, and an empty line behind them."""
    packs: dict[str, list[str]] = {}
    for full_name in names:
        pack, _, name = full_name.rpartition("/")
        packs.setdefault(pack, []).append(name)
    for pack, short in packs.items():
        text = (f"{pack}: " if pack else "") + ", ".join(short)
        for line in paragraph(text, width, indent=_INDENT * 2, first=_INDENT):
            yield stream.style(line, "dim")
    yield ""
