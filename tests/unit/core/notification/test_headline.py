"""What set an alarm off, in one line (CON-1.2)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alarm_message import summary

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.folding import Folding, fold_events
from tocsin.core.notification.headline import headline
from tocsin.core.notification.state_change import StateChange, TriggeringChild

AT = datetime(2026, 3, 1, tzinfo=UTC)
ALICE = {"type": "IAMUser", "userName": "alice"}


def change(new: StateValue = StateValue.ALARM, *children: str) -> StateChange:
    scope = AlarmScope("111122223333", "us-east-1")
    return StateChange(
        scope=scope,
        old=StateValue.OK,
        new=new,
        reason="r",
        at=AT,
        configuration_updated_at=AT,
        children=tuple(TriggeringChild(arn=scope.arn(name), state=StateValue.ALARM, at=AT) for name in children),
    )


def deleted(second: int, user: object = ALICE) -> EventSummary:
    parameters = {"name": "main"}
    return summary(
        second, service="cloudtrail", eventName="DeleteTrail", requestParameters=parameters, userIdentity=user
    )


def stopped(second: int, user: object = ALICE) -> EventSummary:
    parameters = {"name": "main"}
    return summary(
        second, service="cloudtrail", eventName="StopLogging", requestParameters=parameters, userIdentity=user
    )


@pytest.mark.parametrize(
    ("events", "total", "told"),
    [
        ([deleted(1)], None, "alice deleted trail main"),
        ([deleted(1), deleted(2)], None, "alice deleted trail main, 2 times"),
        ([deleted(2), stopped(1)], None, "alice deleted trail main, and 1 more event"),
        ([deleted(2)], 1_201, "alice deleted trail main, and 1,200 more events"),
        (
            [deleted(3, {"type": "Root", "accountId": "111122223333"}), stopped(2), stopped(1)],
            None,
            "Root user deleted trail main. 2 callers in 3 events; 2 by alice",
        ),
        (
            [deleted(2), deleted(1, {"type": "IAMUser", "userName": "bob"})],
            500,
            "alice deleted trail main. 2 callers in the 2 kept of 500 events; 1 by alice",
        ),
        ([], None, ""),
    ],
)
def test_who_did_what_comes_first(events: list[EventSummary], total: int | None, told: str) -> None:
    assert headline(change(), fold_events(events, total=total)) == told


@pytest.mark.parametrize(
    ("children", "told"),
    [
        ((), ""),
        (("a",), "Set off by a"),
        (("a", "b", "c", "d", "e"), "Set off by a, b, c and 2 more"),
        (("say \u202e",), 'Set off by "say \\u202e"'),
    ],
)
def test_a_composite_names_its_children(children: tuple[str, ...], told: str) -> None:
    assert headline(change(StateValue.ALARM, *children), None) == told


def test_only_going_to_alarm_is_set_off_by_something() -> None:
    assert headline(change(StateValue.OK, "a"), Folding()) == ""
