"""Whom an alarm tells: the topics to choose from, and whatever else its actions name. Spec: CON-4.8, CON-1.10.

Rule: a topic that reaches nobody says so beside its box; an action that is no topic here stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.topic_reading import list_topic_lines
from tocsin.console.alarm_form import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.console.visit import Visit

_MOST_TOPICS = 200


class ActionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A topic, or another action, and which lists of actions name it. `hearing` is None for what is no topic here."""

    arn: str
    name: str
    hearing: int | None
    pending: int
    lists: tuple[str, ...]


def action_rows(visit: Visit, fields: Mapping[str, str]) -> list[ActionRow]:
    """The topics of the account and region, then what else the fields name."""
    chosen = {name: fields[name].splitlines() for name in ACTIONS}
    lines, _ = list_topic_lines(visit.service, visit.scope, limit=_MOST_TOPICS)
    rows = [
        ActionRow(
            arn=line.arn,
            name=line.topic.name,
            hearing=line.counts.hearing,
            pending=line.counts.pending,
            lists=_lists(chosen, line.arn),
        )
        for line in lines
    ]
    known = {row.arn for row in rows}
    others = dict.fromkeys(arn for arns in chosen.values() for arn in arns if arn not in known)
    rows += [ActionRow(arn=arn, name=arn, hearing=None, pending=0, lists=_lists(chosen, arn)) for arn in others]
    return rows


def _lists(chosen: Mapping[str, list[str]], arn: str) -> tuple[str, ...]:
    return tuple(name for name, arns in chosen.items() if arn in arns)
