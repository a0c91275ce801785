"""The event history: management events and Insights of the last 90 days, without any trail. Spec: CT-16.

Rule: the pages of a look-up are of what was there when it began; what arrives meanwhile is in none of them (CT-16.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.record_intake import DAY_SECONDS, HISTORY_DAYS
from tocsin.core.event_history import LONGEST_VALUE, HistoryEvent, history_event, insight_event
from tocsin.core.kept_record import EVENT_ID, INSIGHT_HISTORY, MANAGEMENT_HISTORY, RecordPlace
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.core.log_event import Term
    from tocsin.core.scope import Scope

PAGE: Final = 50
"""Events of a page, at most and by default (CT-16.2)."""

_OF_INSIGHTS: Final = ("EventId", "EventName", "EventSource")

# Characters of a value that count as two.
_DOUBLE: Final = "_ ,\n"


class PageEnd(NamedTuple):
    """The place of the last event of a page, and what the store had when the first page was read."""

    place: RecordPlace
    until: int


class LookedUp(NamedTuple):
    """An event of the history: where it stands, what is told of it, and its text."""

    place: RecordPlace
    told: HistoryEvent
    text: str


def look_up_events(
    service: Service,
    scope: Scope,
    attributes: Sequence[Term] = (),
    *,
    of_insights: bool = False,
    start: float | None = None,
    end: float | None = None,
    after: PageEnd | None = None,
    limit: int = PAGE,
) -> tuple[list[LookedUp], PageEnd | None]:
    """Events of an account and region, newest first, and where the page ended, if there are more.

    `attributes` are none or one; `start` and `end`, in seconds, are both within the span; `after` is the end of the
    page before.

    Raises:
        InvalidParameterError: the attributes or the times are not such as can be asked for, with AWS's code.
    """
    if start is not None and end is not None and start > end:
        raise InvalidParameterError("The start time must be before the end time.", aws_code=_TIMES)
    term = _attribute(attributes, of_insights=of_insights)
    history = INSIGHT_HISTORY if of_insights else MANAGEMENT_HISTORY
    oldest = service.now_ms() // 1000 - HISTORY_DAYS * DAY_SECONDS
    with service.store.read() as store:
        until = store.records.mark() if after is None else after.until
        found = store.records.look_up(
            scope,
            history,
            term,
            start=oldest if start is None else max(oldest, -int(-start // 1)),
            end=None if end is None else int(end // 1),
            before=None if after is None else after.place,
            until=until,
            limit=limit + 1,
        )
    tell = insight_event if of_insights else history_event
    events = [LookedUp(one.place, tell(_decode(one.body)), one.body.decode()) for one in found[:limit]]
    following = PageEnd(found[limit - 1].place, until) if len(found) > limit else None
    return [one for one in events if _has(one.told, term)], following  # two terms may share a key of the store


_decode = msgspec.json.Decoder(dict[str, Any]).decode

_ATTRIBUTES: Final = "InvalidLookupAttributesException"
_TIMES: Final = "InvalidTimeRangeException"


def _attribute(attributes: Sequence[Term], *, of_insights: bool) -> Term | None:
    if not attributes:
        return None
    if len(attributes) > 1:
        raise InvalidParameterError("You can specify only one lookup attribute.", aws_code=_ATTRIBUTES)
    term = attributes[0]
    if of_insights and term.kind not in _OF_INSIGHTS:
        raise InvalidParameterError(
            f"Insights events are looked up by {', '.join(_OF_INSIGHTS[:-1])} or {_OF_INSIGHTS[-1]}, "
            f"not by {term.kind}.",
            aws_code=_ATTRIBUTES,
        )
    size = len(term.value) + sum(map(term.value.count, _DOUBLE))
    if size > LONGEST_VALUE:
        raise InvalidParameterError(
            f"The value of a lookup attribute can have {LONGEST_VALUE} characters, where each underscore, blank, "
            f"comma and newline counts as two; this one has {size}.",
            aws_code=_ATTRIBUTES,
        )
    return term


def _has(told: HistoryEvent, term: Term | None) -> bool:
    if term is None:
        return True
    return told.event_id == term.value if term.kind == EVENT_ID else term in told.terms
