"""Every page of the console, by its route: an address of each in the day that `console_story` tells.

A new page needs a line here, or the tour fails: that is how each page gets looked at with full, empty and hostile data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console_story import ACCOUNT, EVENT_ID, GROUP, REGION, WEB_GROUP

from tocsin.console.route_table import all_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MALLORY: Final = f"arn:aws:iam::{ACCOUNT}:user/mallory"
_ALARM: Final = "cis/security-group-changes"

# The address of a page where its route has a name in it; the others are their own address. ` > ` is a way (`end_of_way`),
# to pages whose ids are made as the story is told.
SAMPLES: Final[dict[str, str]] = {
    "actors": f"actors?name={_MALLORY}",
    "addresses": "addresses?name=203.0.113.47",
    "resources": f"resources?name={WEB_GROUP}",
    "actors/{name...}": f"actors/{_MALLORY}",
    "addresses/{name...}": "addresses/203.0.113.47",
    "alarms/{name...}": f"alarms/{_ALARM}",
    "edit/mute/{name...}": "edit/mute/weekly-maintenance",
    "events/{name...}": f"events/{EVENT_ID}",
    "filters/{name...}": f"filters/{GROUP}:{_ALARM}",
    "logs/{name...}": f"logs/{GROUP}",
    "audit/{number}": "audit/1",
    "edit/log-group/{name...}": f"edit/log-group/{GROUP}",
    "confirm/delete-alarm": f"confirm/delete-alarm?name={_ALARM}",
    "confirm/delete-filter": f"confirm/delete-filter?name={GROUP}:{_ALARM}",
    "confirm/set-alarm-state": f"confirm/set-alarm-state?name={_ALARM}",
    "edit/alarm/{name...}": f"edit/alarm/{_ALARM}",
    "edit/composite/{name...}": "edit/composite/account-takeover",
    "edit/filter/{name...}": f"edit/filter/{GROUP}:{_ALARM}",
    "confirm/switch-rule-off": f"confirm/switch-rule-off?rule={_ALARM}&group={GROUP}",
    "confirm/delete-log-group": f"confirm/delete-log-group?name={GROUP}",
    "resources/{name...}": f"resources/{WEB_GROUP}",
    "confirm/confirm-subscription": "topics/sec-alerts > /confirm/confirm-subscription?",
    "confirm/delete-topic": "confirm/delete-topic?name=sec-alerts",
    "confirm/delete-trail": "confirm/delete-trail?name=main-trail",
    "confirm/stop-logging": "confirm/stop-logging?name=main-trail",
    "confirm/unsubscribe": "topics/sec-alerts > /confirm/unsubscribe?",
    "deliveries/{id}": "deliveries > /deliveries/",
    "edit/selectors/{name...}": "edit/selectors/main-trail",
    "edit/subscription/{id}": "topics/sec-alerts > /subscriptions/ > /edit/subscription/",
    "edit/topic/{name...}": "edit/topic/sec-alerts",
    "edit/trail/{name...}": "edit/trail/main-trail",
    "deliveries/{id}/message": "deliveries > /deliveries/ > /message",
    "mailbox/{id}": "mailbox > /mailbox/",
    "mailbox/{id}/source": "mailbox > /mailbox/ > /source",
    "new/subscription": "new/subscription?topic=sec-alerts",
    "rules/{pack}": "rules/cis",
    "rules/{pack}/{id}": "rules/cis/root-user-used",
    "subscriptions/{id}": "topics/sec-alerts > /subscriptions/",
    "topics/{name...}": "topics/sec-alerts",
    "trails/{name...}": "trails/main-trail",
    "": f"?in={ACCOUNT}/{REGION}",
}

# Those that are no pages to look at.
LEFT_OUT: Final[dict[str, str]] = {
    "archive/{job}": "this service may look into no folder; tests/unit/console/test_archive_page.py looks at it",
    "archive/{job}/{file}": "as above",
    "coverage/{digest}": "a download",
    "deliveries/{id}/message": "a body as it stands",
    "mailbox/{id}/html": "a stranger's HTML, which is in the frame of its mail",
    "mailbox/{id}/source": "a download",
    "mailbox/{id}/text": "a body as it stands",
    "sign-in": "there is nobody to sign in on a console without passwords; test_console_access looks at it",
}


def end_of_way(sample: str, links_of: Callable[[str], Iterable[str]]) -> str:
    """Where a sample leads: from the page before a ` > `, the first of its links that has in it what stands behind.

    `links_of` gives the links of a page. A page without such a link is the end of the way.
    """
    address, *steps = sample.split(" > ")
    for step in steps:
        found = next((link for link in links_of(address) if step in link), None)
        if found is None:
            break
        address = found.removeprefix("/console/")
    return address


def addresses() -> Iterator[tuple[str, str]]:
    """Route and address of every page that is opened by reading alone."""
    for route in all_routes():
        path = "/".join(route.parts)
        if route.is_change or path.startswith("_/") or path in LEFT_OUT:
            continue
        yield path, SAMPLES.get(path, path)
