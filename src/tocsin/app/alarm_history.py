"""The history of alarms. Spec: AL-10."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.app.service import Service
    from tocsin.core.alarm.history import HistoryItem, HistoryItemType
    from tocsin.core.scope import Scope


def alarm_history(
    service: Service,
    scope: Scope,
    *,
    alarm_name: str | None = None,
    alarm_types: Collection[str] | None = None,
    item_type: HistoryItemType | None = None,
    start: int | None = None,
    end: int | None = None,
    descending: bool = True,
    after: tuple[int, int] | None = None,
    limit: int,
) -> tuple[list[tuple[tuple[int, int], HistoryItem]], bool]:
    """Items with their places, and whether there are more; what is too old is not told (AL-10.5)."""
    oldest = service.now_ms() - service.settings.history_days * 86_400_000
    with service.store.read() as store:
        found = store.history.items(
            scope,
            alarm_name=alarm_name,
            alarm_types=alarm_types,
            item_type=item_type,
            start=oldest if start is None else max(start, oldest),
            end=end,
            descending=descending,
            after=after,
            limit=limit + 1,
        )
    return found[:limit], len(found) > limit
