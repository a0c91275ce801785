"""The lines of a change. Rule: `+` and `-` are certain; what is merely said to be so now is `=`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.core.change.effect import Subject
from tocsin.core.change.known import worded
from tocsin.core.change.reading import effects_of
from tocsin.core.notification.call import DONE
from tocsin.core.notification.change import tell_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.core.change.effect import Effect
    from tocsin.core.change.known import Known
    from tocsin.core.notification.call import Call


class Sign(StrEnum):
    """What became of a line."""

    ADDED = "+"
    REMOVED = "-"
    SET = "="
    """It is so now; whether it was so before is not known."""
    SAME = " "


class ChangeLine(NamedTuple):
    """One line of a change."""

    sign: Sign
    text: str


class Before(StrEnum):
    """How much is known of what was there before."""

    KNOWN = "known"
    """All of it, from an earlier record."""
    PART = "part"
    """Lines that earlier records have; there may be others."""
    NOTHING = "nothing"
    """There was nothing: the call made what it is about."""
    ENOUGH = "enough"
    """It is not in the record, but the record says what was added and taken away."""
    NOT_IN_RECORD = "not in the record"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a call changed of one subject; None where it has no subject that is known here.

    `known_at` is when that was seen which it is compared with, in seconds since the epoch; None where it is compared
    with nothing. `took_effect` is false for a call that was refused: then the lines are what it would have changed.
    """

    subject: Subject | None
    lines: tuple[ChangeLine, ...]
    before: Before
    known_at: int | None = None
    took_effect: bool = True

    @property
    def counts(self) -> tuple[int, int]:
        """How many lines were added and removed."""
        return (
            sum(line.sign is Sign.ADDED for line in self.lines),
            sum(line.sign is Sign.REMOVED for line in self.lines),
        )


_SIGNS: Final = {"+ ": Sign.ADDED, "- ": Sign.REMOVED, "= ": Sign.SET}


def change_of(call: Call, known: Mapping[Subject, Known] | None = None) -> tuple[Change, ...]:
    """What a call changed, one for each of its subjects; `known` is what they had before, as far as it is known.

    A call that is about nothing known here gives the lines that its record tells, if any.
    """
    effects = effects_of(call)
    done = call.result == DONE
    if not effects:
        told = tuple(_told(text) for text in tell_changes(call))
        return (Change(subject=None, lines=told, before=_before_of(told), took_effect=done),) if told else ()
    return tuple(_change(effect, (known or {}).get(effect.subject), took_effect=done) for effect in effects)


def _told(text: str) -> ChangeLine:
    sign = _SIGNS.get(text[:2])
    return ChangeLine(sign, text[2:]) if sign is not None else ChangeLine(Sign.SET, text)


def _before_of(lines: Iterable[ChangeLine]) -> Before:
    return Before.NOT_IN_RECORD if any(line.sign is Sign.SET for line in lines) else Before.ENOUGH


def _change(effect: Effect, known: Known | None, *, took_effect: bool) -> Change:
    def made(lines: Iterable[ChangeLine], before: Before, at: int | None = None) -> Change:
        return Change(subject=effect.subject, lines=tuple(lines), before=before, known_at=at, took_effect=took_effect)

    if effect.begins or (known is not None and known.is_gone):
        return made((ChangeLine(Sign.ADDED, put.text) for put in effect.puts), Before.NOTHING)
    if known is None:
        removed = [ChangeLine(Sign.REMOVED, taken.text) for taken in effect.takes]
        if effect.is_whole or effect.ends or effect.forgets or effect.takes_side:
            lines = [*removed, *(ChangeLine(Sign.SET, put.text) for put in effect.asked or effect.puts)]
            return made(lines, Before.NOT_IN_RECORD)
        is_setting = any(" = " in put.text for put in effect.puts)
        sign = Sign.SET if is_setting else Sign.ADDED
        lines = [*removed, *(ChangeLine(sign, put.text) for put in effect.puts)]
        return made(lines, Before.NOT_IN_RECORD if is_setting else Before.ENOUGH)
    before = Before.KNOWN if known.is_whole else Before.PART
    if effect.forgets:
        return made((ChangeLine(Sign.SAME, text) for text in known.lines.values()), Before.NOT_IN_RECORD, known.at)
    return made(_compared(effect, known), before, known.at)


def _compared(effect: Effect, known: Known) -> list[ChangeLine]:
    """What the effect makes of lines that are known: each key where it was, what is new last."""
    put = {one.key: worded(known.lines, one, effect) for one in effect.puts}
    replaces_all = effect.is_whole or effect.ends
    lines: list[ChangeLine] = []
    for key, text in known.lines.items():
        if key in put:
            new = put.pop(key)
            lines += (
                [ChangeLine(Sign.SAME, text)]
                if new == text
                else [ChangeLine(Sign.REMOVED, text), ChangeLine(Sign.ADDED, new)]
            )
        elif replaces_all or any(key == taken.key or text == taken.text for taken in effect.takes):
            lines.append(ChangeLine(Sign.REMOVED, text))
        else:
            lines.append(ChangeLine(Sign.SAME, text))
    seen = {line.text for line in lines if line.sign is Sign.REMOVED}
    # What was taken away was there, whether it was known or not.
    lines += [ChangeLine(Sign.REMOVED, taken.text) for taken in effect.takes if taken.text not in seen]
    is_known = known.is_whole
    lines += [ChangeLine(Sign.ADDED if is_known or " = " not in text else Sign.SET, text) for text in put.values()]
    return lines
