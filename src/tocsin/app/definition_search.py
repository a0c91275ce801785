"""Names of what is defined that fit what somebody types. Spec: CON-3.5, CON-4.0 (X9).

Rule: names alone are looked at, no definition is read; of each kind the best few are given, the exact one first.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, MUTE_RULES
from tocsin.app.log_group import GROUPS
from tocsin.app.metric_filter import FILTERS
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS
from tocsin.app.trail import TRAILS
from tocsin.core.search_box import fit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.scope import Scope

MOST: Final = 8
"""Names of one kind that are given."""

# Values of records that are looked at.
_MOST_VALUES: Final = 200

_KINDS: Final = {
    "alarm": (METRIC_ALARMS.kind, COMPOSITES.kind),
    "filter": (FILTERS.kind,),
    "log group": (GROUPS.kind,),
    "topic": (TOPICS.kind,),
    "trail": (TRAILS.kind,),
    "mute rule": (MUTE_RULES.kind,),
}


class FoundName(NamedTuple):
    """A name that fits. `within` is the log group of a filter, `title` what a rule is called."""

    kind: str
    name: str
    scope: Scope
    within: str = ""
    title: str = ""


class FoundSubscription(NamedTuple):
    """A subscription of an endpoint: where it is kept, its topic and its id."""

    scope: Scope
    topic: str
    ident: str


def search_names(service: Service, scopes: Sequence[Scope], text: str) -> list[list[FoundName]]:
    """What fits, by kind: alarms, rules, filters, log groups, topics, trails, mute rules, event names, actors."""
    with service.store.read() as store:
        found = {kind: list(_names(store, scopes, kind)) for kind in _KINDS}
        found["event name"] = _values(store, scopes, "event_name", "event name", text)
        found["actor"] = _values(store, scopes, "actor", "actor", text)
    shipped = service.part(RuleCatalogue).on(service.now().date()).rules
    found["rule"] = [FoundName("rule", rule.name, scopes[0], title=rule.title) for rule in shipped]
    order = ("alarm", "rule", "filter", "log group", "topic", "trail", "mute rule", "event name", "actor")
    best = (_best(found[kind], text) for kind in order)
    return [names for names in best if names]


def subscriptions_of_endpoint(service: Service, scopes: Sequence[Scope], endpoint: str) -> list[FoundSubscription]:
    """The subscriptions of a mail address, whatever the case of its letters."""
    wanted = endpoint.casefold()
    with service.store.read() as store:
        return [
            FoundSubscription(scope, kept.topic, kept.ident)
            for scope in scopes
            for _, kept in SUBSCRIPTIONS.scan(store, scope)
            if kept.endpoint.casefold() == wanted
        ]


def _names(store: StoreReader, scopes: Sequence[Scope], kind: str) -> Iterator[FoundName]:
    for scope in scopes:
        for stored in _KINDS[kind]:
            for name, _ in store.scan(stored, scope):
                group, mark, filter_name = name.partition("\0")
                yield FoundName(kind, filter_name, scope, within=group) if mark else FoundName(kind, name, scope)


def _values(store: StoreReader, scopes: Sequence[Scope], term: str, kind: str, text: str) -> list[FoundName]:
    """Values of records. They may be many: those that hold the longest word are looked at."""
    word = max(text.split(), key=len, default="")
    return [
        FoundName(kind, value, scope)
        for scope in scopes
        for value in store.logs.term_values(scope, term, holding=word, limit=_MOST_VALUES)
    ]


def _best(names: Iterable[FoundName], text: str) -> list[FoundName]:
    fitting = ((fit, one) for one in names if (fit := _fit(one, text)) is not None)
    best = heapq.nsmallest(MOST, fitting, key=_order)
    return [one for _, one in best]


def _order(pair: tuple[int, FoundName]) -> tuple[int, int, str, str, str]:
    fit, one = pair
    return fit, len(one.name), one.name, one.scope.account, one.scope.region


def _fit(one: FoundName, text: str) -> int | None:
    fits = [fit_of(one.name, text), fit_of(one.title, text)]
    known = [fit for fit in fits if fit is not None]
    return min(known) if known else None
