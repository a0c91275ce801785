"""The one search box: to a thing by its shape, else to names. Spec: CON-3.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.definition_search import FoundName, search_names, subscriptions_of_endpoint
from tocsin.console.actor_name import actor_name
from tocsin.console.answer import Page, Redirect
from tocsin.console.event_line import scoped_url
from tocsin.console.navigation import NAVIGATION
from tocsin.console.route import page
from tocsin.core.record_term import actor_of
from tocsin.core.scope import Scope
from tocsin.core.search_box import LONGEST, Shape, fit_of, shape_of

if TYPE_CHECKING:
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.event import JsonValue

_TITLES: Final = {
    "alarm": "Alarms",
    "rule": "Rules",
    "filter": "Metric filters",
    "log group": "Log groups",
    "topic": "Topics",
    "trail": "Trails",
    "mute rule": "Mute rules",
    "event name": "Event names",
    "actor": "Actors",
}

# arn:partition:service:region:account:what
_ARN_PARTS: Final = 6
_SNS_SUBSCRIPTION: Final = 7


class Hit(NamedTuple):
    """Something that fits: its name, its address, and what else is said of it."""

    text: str
    url: str
    beside: str = ""


class HitList(NamedTuple):
    """Things of one kind."""

    title: str
    hits: list[Hit]


def search(visit: Visit) -> Answer:
    """What fits, or straight to what was named."""
    text = visit.query("q")[:LONGEST]
    shape = shape_of(text)
    straight = _straight(visit, shape, text.strip())
    if straight:
        return Redirect(straight)
    lists = _lists(visit, shape, text.strip()) if text.strip() else []
    context = {
        "text": text,
        "lists": lists,
        "by_pattern": visit.url(
            "events", tab="pattern", pattern=f'"{text}"' if text.strip() and '"' not in text else ""
        ),
    }
    return Page("search.html", "Search", context)


def _straight(visit: Visit, shape: Shape, text: str) -> str:
    """The address that a shape leads to at once; empty where there is a choice."""
    match shape:
        case Shape.EVENT_ID:
            return visit.url("events", text.lower())
        case Shape.ACCOUNT:
            return visit.url("events", q=f"account:{text}", range="30d")
        case Shape.KEY:
            return visit.url("events", q=f"key:{text}", range="30d")
        case Shape.ADDRESS:
            return visit.url("addresses", text)
        case Shape.ARN:
            return _of_arn(visit, text)
        case Shape.RESOURCE:
            return visit.url("resources", text)
        case Shape.PATTERN:
            return visit.url("events", tab="pattern", pattern=text)
        case Shape.TERMS:
            return visit.url("events", q=text)
        case Shape.MAIL:
            found = subscriptions_of_endpoint(visit.service, visit.known_scopes, text)
            return scoped_url(visit, found[0].scope, "subscriptions", found[0].ident) if len(found) == 1 else ""
        case _:
            return ""


def _of_arn(visit: Visit, arn: str) -> str:
    """The page of what an ARN names: something defined here, an actor, or a resource of records."""
    _, _, service, region, account, what = arn.split(":", _ARN_PARTS - 1)
    scope = Scope(account, region)
    if scope in visit.known_scopes:
        kind, mark, name = what.partition(":")
        match service:
            case "cloudwatch" if mark and kind == "alarm":
                return scoped_url(visit, scope, "alarms", name)
            case "logs" if mark and kind == "log-group":
                return scoped_url(visit, scope, "logs", name.removesuffix(":*"))
            case "sns" if not mark:
                return scoped_url(visit, scope, "topics", what)
            case "sns":
                return scoped_url(visit, scope, "subscriptions", name)
            case "cloudtrail" if what.startswith("trail/"):
                return scoped_url(visit, scope, "trails", what.removeprefix("trail/"))
    if service in {"iam", "sts"} and what.partition("/")[0] in {
        "user",
        "role",
        "assumed-role",
        "federated-user",
        "root",
    }:
        user: dict[str, JsonValue] = {"arn": arn, "accountId": account, "type": "Root" if what == "root" else ""}
        return visit.url("actors", actor_of(user))
    return visit.url("resources", arn)


def _lists(visit: Visit, shape: Shape, text: str) -> list[HitList]:
    if shape is Shape.MAIL:
        found = subscriptions_of_endpoint(visit.service, visit.known_scopes, text)
        hits = [
            Hit(text, scoped_url(visit, one.scope, "subscriptions", one.ident), f"topic {one.topic}") for one in found
        ]
        return [HitList("Subscriptions", hits)] if hits else []
    lists = [
        HitList(_TITLES[names[0].kind], [_hit(visit, one) for one in names])
        for names in search_names(visit.service, visit.known_scopes, text)
    ]
    pages = [
        (fit, Hit(entry.name, visit.url(entry.path)))
        for _, entries in NAVIGATION
        for entry in entries
        if (fit := fit_of(entry.name, text)) is not None
    ]
    return [*lists, HitList("Pages", [hit for _, hit in sorted(pages)])] if pages else lists


def _hit(visit: Visit, one: FoundName) -> Hit:
    beside = "" if len(visit.known_scopes) == 1 or one.kind == "rule" else f"{one.scope.account} {one.scope.region}"
    match one.kind:
        case "rule":
            return Hit(one.name, visit.url("rules", one.name), one.title)
        case "filter":
            return Hit(
                one.name, scoped_url(visit, one.scope, "filters", f"{one.within}:{one.name}"), f"of {one.within}"
            )
        case "log group":
            return Hit(one.name, scoped_url(visit, one.scope, "logs", one.name), beside)
        case "event name":
            return Hit(one.name, scoped_url(visit, one.scope, "events", q=f'name:"{one.name}"', range="30d"), beside)
        case "actor":
            named = actor_name(one.name)
            said = f"{named.kind} {named.name or named.account}".strip()
            return Hit(said, scoped_url(visit, one.scope, "actors", one.name), one.name)
        case "mute rule":
            return Hit(one.name, scoped_url(visit, one.scope, "mutes"), beside)
        case _:
            return Hit(one.name, scoped_url(visit, one.scope, f"{one.kind}s", one.name), beside)


ROUTES = (page("search", search),)
