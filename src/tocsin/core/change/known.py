"""What earlier calls have made of a subject. Rule: what is not certain is not claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.core.change.effect import Effect, Line


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The lines that a subject is known to have, by their keys, as of the second `at` since the epoch.

    `is_whole` says that it has no others. `is_gone` that it has been removed.
    """

    lines: dict[str, str]
    at: int
    is_whole: bool = False
    is_gone: bool = False


def known_from(effects: Iterable[tuple[int, Effect]]) -> Known | None:
    """What is known after these effects of done calls on one subject: (second since the epoch, effect), oldest first.

    None where nothing is.
    """
    known: Known | None = None
    for second, effect in effects:
        known = _after(known, effect, second)
    return known


def _after(known: Known | None, effect: Effect, second: int) -> Known | None:
    if effect.forgets:
        return None
    if effect.ends:
        return Known(lines={}, at=second, is_whole=True, is_gone=True)
    if effect.is_whole:
        return Known(lines=dict(effect.puts), at=second, is_whole=True)
    return Known(
        lines=applied(known.lines if known is not None else {}, effect),
        at=second,
        is_whole=(known is not None and known.is_whole) or effect.begins,
    )


def applied(lines: Mapping[str, str], effect: Effect) -> dict[str, str]:
    """The lines after an effect that is not the whole."""
    after = {key: text for key, text in lines.items() if not any(_is_taken(key, text, one) for one in effect.takes)}
    for put in effect.puts:
        after[put.key] = worded(lines, put, effect)
    return after


def _is_taken(key: str, text: str, taken: Line) -> bool:
    return key == taken.key or text == taken.text


def worded(lines: Mapping[str, str], put: Line, effect: Effect) -> str:
    """The text of a line that is put, in the direction of the one that it replaces where it has none of its own."""
    if not effect.takes_side or put.key not in lines:
        return put.text
    side = " to " if " to " in lines[put.key] else " from "
    return put.text.replace(" for ", side, 1)
