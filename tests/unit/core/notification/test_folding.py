"""Equal events in one line, the rest counted (AL-19.1)."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_message import summary

from tocsin.core.notification.event import EventSummary
from tocsin.core.notification.folding import Folding, Tail, fold_events


def user(name: str) -> dict[str, str]:
    """An IAM user."""
    return {"type": "IAMUser", "userName": name}


def login(second: int, **members: Any) -> EventSummary:
    """A failed sign-in."""
    return summary(
        second,
        **{
            "service": "signin",
            "eventName": "ConsoleLogin",
            "errorMessage": "Failed authentication",
            "eventID": f"e{second}",
            **members,
        },
    )


def deletion(second: int, name: str = "main") -> EventSummary:
    """A trail deleted."""
    return summary(
        second, service="cloudtrail", eventName="DeleteTrail", requestParameters={"name": name}, eventID=f"d{second}"
    )


def test_equal_events_are_one_line() -> None:
    folding = fold_events([login(3), login(1, userAgent="other"), login(2)])
    [fold] = folding.folds
    assert (fold.event, fold.count, fold.first, fold.last) == (login(3), 3, 1, 3)
    assert fold.event_ids == ("e3", "e2", "e1")
    assert fold.varying == {"user_agent"}
    assert (folding.total, folding.known, folding.others, folding.tails) == (3, 3, 0, ())
    assert folding.actors == (("alice", 3),)


@pytest.mark.parametrize(
    "other",
    [
        {"eventName": "CheckMfa"},
        {"service": "sts"},
        {"userIdentity": {"type": "IAMUser", "userName": "bob"}},
        {"userIdentity": {"type": "Root", "userName": "alice"}},
        {"sourceIPAddress": "192.0.2.2"},
        {"awsRegion": "eu-west-1"},
        {"recipientAccountId": "444455556666"},
        {"errorCode": "E"},
        {"resources": [{"ARN": "arn:x"}]},
        {"errorMessage": ""},
        {"additionalEventData": {"MFAUsed": "Yes"}},
    ],
)
def test_what_differs_in_who_what_where_is_another_line(other: dict[str, Any]) -> None:
    assert len(fold_events([login(1), login(2, **other)]).folds) == 2


@pytest.mark.parametrize(
    ("other", "varying"),
    [
        ({"userAgent": "x"}, {"user_agent"}),
        ({"errorMessage": "x"}, {"error_message"}),
        ({"userIdentity": {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIA2"}}, {"access_key"}),
    ],
)
def test_wording_that_varies_does_not_part(other: dict[str, Any], varying: set[str]) -> None:
    [fold] = fold_events([login(1), login(2, **other)]).folds
    assert fold.varying == varying


def test_what_took_effect_comes_first_then_the_newest() -> None:
    folding = fold_events([login(9), *[login(8, userIdentity=user("bob"))] * 50, deletion(1), deletion(2, "other")])
    assert [(fold.event.event_name, fold.last) for fold in folding.folds] == [
        ("DeleteTrail", 2),
        ("DeleteTrail", 1),
        ("ConsoleLogin", 9),
        ("ConsoleLogin", 8),
    ]


@pytest.mark.parametrize(("limit", "shown"), [(0, 0), (-3, 0), (1, 1), (10, 10), (50, 50), (99, 50)])
def test_as_many_as_asked_for_and_the_rest_counted(limit: int, shown: int) -> None:
    folding = fold_events([login(n, userIdentity=user(f"u{n:02}")) for n in range(60)], limit=limit)
    assert len(folding.folds) == shown
    assert folding.total == 60
    assert shown + sum(tail.count for tail in folding.tails) + folding.others == 60
    assert folding.tails[0] == Tail(event_name="ConsoleLogin", actor="u00", result="failed", count=1)
    assert len(folding.tails) == 5


def test_the_rest_is_counted_by_event_and_actor() -> None:
    events = [login(1), *[login(2, sourceIPAddress=f"192.0.2.{n}") for n in range(4)], deletion(3)]
    folding = fold_events(events, limit=1, total=100)
    assert folding.tails == (Tail(event_name="ConsoleLogin", actor="alice", result="failed", count=5),)
    assert (folding.total, folding.known, folding.others) == (100, 6, 94)


def test_a_total_below_what_is_given_is_not_believed() -> None:
    assert fold_events([login(1), login(2)], total=1).total == 2


def test_no_events() -> None:
    assert fold_events([]) == Folding()
    assert fold_events([], total=3) == Folding(total=3, others=3)


def test_events_without_ids() -> None:
    [fold] = fold_events([login(1, eventID=""), login(1, eventID="")]).folds
    assert fold.event_ids == ()


def test_the_order_in_which_events_come_does_not_matter() -> None:
    events = [login(n % 7, eventID=f"e{n}", userAgent=f"a{n % 3}", userIdentity=user(f"u{n % 5}")) for n in range(40)]
    for other in (events[::-1], events[1::2] + events[::2], events[17:] + events[:17]):
        assert fold_events(events, limit=3) == fold_events(other, limit=3)
