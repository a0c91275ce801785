"""The modules of the pages. A new page is a module in `views` with `ROUTES`, and a line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.console.route import Route

VIEWS: Final = (
    # -- frame
    "help",
    "preference",
    # -- watch: overview, alarms, mutes
    "overview",
    "alarm_list",
    "mutes",
    # -- watch: one alarm
    "alarm",
    # -- watch: events, actors, addresses, resources, search
    "events",
    "event",
    "subject",
    "search",
    # -- set up: log groups, filters, alarms
    "log_groups",
    "filter",
    "alarm_form",
    "composite_form",
    # -- set up: topics, subscriptions, deliveries, mailbox, trails
    "topics",
    "subscriptions",
    "deliveries",
    "mailbox",
    "trails",
    "trail_form",
    # -- prove: rules, coverage, archive; learn
    "rules",
    "rule_switch",
    "coverage",
    "archive",
    "learn",
    # -- system: sign-in, audit, settings, status
    "sign_in",
    "audit",
    "settings",
    "status",
)
"""Names of modules below `tocsin.console.views`."""


def all_routes() -> list[Route]:
    """The routes of every page."""
    return [route for name in VIEWS for route in import_module(f"tocsin.console.views.{name}").ROUTES]
