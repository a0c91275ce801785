"""Mute rules as they stand: next window, who made them, what they have held. Spec: CON-4.10 (Mutes), AL-14.

Rule: what a rule holds is counted from the history, where each action that was held stands with the end of its window.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_record import MUTE_RULES, mute_rule_of
from tocsin.app.alarm_set import find_zone
from tocsin.app.definition_author import last_authors
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.alarm.zone import offset_zone
from tocsin.core.mute_rule import MuteStatus
from tocsin.core.mute_window import EARLIEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.mute_rule import MuteRule, Window
    from tocsin.core.scope import Scope

MOST_COUNTED: Final = 100
"""Held actions of one rule that are counted; there may be more."""

_AHEAD = timedelta(days=400)
_BACK = timedelta(days=30)

_HELD = "Actions are muted"
"""What the history says of an action that a mute rule holds (AL-14.2)."""


class MuteLine(NamedTuple):
    """A mute rule as it stands.

    `window` is the one that it is in, else the next one, and of a rule that has expired its last; None where there is
    none within 400 days. `held` counts the actions that it has held in that window, with `is_cut` at least so many.
    `by` is who put it, as far as a record tells; empty else.
    """

    rule: MuteRule
    status: MuteStatus
    zone: tzinfo
    window: Window | None
    held: int = 0
    is_cut: bool = False
    by: str = ""
    updated_at: datetime = EARLIEST


def read_mutes(service: Service, scope: Scope, *, at: datetime) -> list[MuteLine]:
    """The rules of a scope: those that hold now first, then by their next window; those that have expired last."""
    authors = last_authors(service, scope, "PutAlarmMuteRule", parameter="name")
    with service.store.read() as store:
        found = [
            _line(store, scope, mute_rule_of(kept), at)._replace(
                by=authors[name].name if name in authors else "", updated_at=kept.updated_at
            )
            for name, kept in MUTE_RULES.scan(store, scope)
        ]
    return sorted(found, key=_rank)


_ORDER: Final = (MuteStatus.ACTIVE, MuteStatus.SCHEDULED, MuteStatus.EXPIRED)


def _rank(line: MuteLine) -> tuple[int, float, str]:
    begin = 0.0 if line.window is None else line.window.start.timestamp()
    return _ORDER.index(line.status), -begin if line.status is MuteStatus.EXPIRED else begin, line.rule.name


def zone_of_rule(rule: MuteRule) -> tzinfo:
    """The time zone of a rule that was accepted."""
    zone = find_zone(rule.timezone or "UTC") or offset_zone("UTC")
    assert zone is not None  # it was asked for when the rule was put
    return zone


def next_windows(rule: MuteRule, zone: tzinfo, *, at: datetime, most: int) -> list[Window]:
    """The windows from `at` on, that of `at` first."""
    found: list[Window] = []
    for window in rule.windows(zone, since=at, until=at + _AHEAD):
        found.append(window)
        if len(found) == most:
            break
    return found


def _line(store: StoreReader, scope: Scope, rule: MuteRule, at: datetime) -> MuteLine:
    zone = zone_of_rule(rule)
    status = rule.status(zone, at)
    window = _window(rule, zone, status, at)
    held = 0
    if window is not None and window.start <= at:
        held = sum(1 for _ in _held(store, scope, rule, window))
    return MuteLine(rule, status, zone, window, held=held, is_cut=held >= MOST_COUNTED)


def _window(rule: MuteRule, zone: tzinfo, status: MuteStatus, at: datetime) -> Window | None:
    if status is MuteStatus.EXPIRED:
        past = list(rule.windows(zone, since=at - _BACK, until=at))
        return past[-1] if past else None
    # Windows are cut where they are asked from; the one that has begun is to be told with its beginning.
    since = at - rule.length.nominal - timedelta(days=1)
    return next((one for one in rule.windows(zone, since=since, until=at + _AHEAD) if one.end > at), None)


def _held(store: StoreReader, scope: Scope, rule: MuteRule, window: Window) -> Iterator[str]:
    """The names of the alarms whose actions were held in a window, each as often as that happened."""
    left = MOST_COUNTED
    for name in rule.alarm_names:
        items = store.history.items(
            scope,
            alarm_name=name,
            item_type=HistoryItemType.ACTION,
            start=millisecond_of(window.start),
            end=millisecond_of(window.end),
            limit=left,
        )
        for _, item in items:
            if _HELD in item.history_summary:
                left -= 1
                yield name
                if not left:
                    return
