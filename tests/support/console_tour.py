"""Every page of the console, by its route: an address of each in the day that `console_story` tells.

A new page needs a line here, or the tour fails: that is how each page gets looked at with full, empty and hostile data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from console_story import ACCOUNT, EVENT_ID, GROUP, REGION, WEB_GROUP

from tocsin.console.route_table import all_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

_MALLORY: Final = f"arn:aws:iam::{ACCOUNT}:user/mallory"
_ALARM: Final = "cis/security-group-changes"

# The address of a page where its route has a name in it; the others are their own address.
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
    "edit/filter/{name...}": f"edit/filter/{GROUP}:{_ALARM}",
    "confirm/switch-rule-off": f"confirm/switch-rule-off?rule={_ALARM}&group={GROUP}",
    "confirm/delete-log-group": f"confirm/delete-log-group?name={GROUP}",
    "resources/{name...}": f"resources/{WEB_GROUP}",
    "rules/{pack}": "rules/cis",
    "rules/{pack}/{id}": "rules/cis/root-user-used",
    "topics/{name...}": "topics/sec-alerts",
    "trails/{name...}": "trails/main-trail",
    "": f"?in={ACCOUNT}/{REGION}",
}

# Those that are no pages to look at.
LEFT_OUT: Final[dict[str, str]] = {
    "coverage/{digest}": "a download",
    "sign-in": "there is nobody to sign in on a console without passwords; test_console_access looks at it",
}


def addresses() -> Iterator[tuple[str, str]]:
    """Route and address of every page that is opened by reading alone."""
    for route in all_routes():
        path = "/".join(route.parts)
        if route.is_change or path.startswith("_/") or path in LEFT_OUT:
            continue
        yield path, SAMPLES.get(path, path)
