"""What somebody did around a time, within a budget. Spec: CON-4.4."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tocsin.app.actor_activity import MOST_CALLS, Activity, activity_of
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

SCOPE = Scope("111122223333", "us-east-1")
ACTOR = "arn:aws:iam::111122223333:user/mallory"
T0 = 1_789_384_680_000


def kept(*records: tuple[int, dict[str, Any]]) -> MemoryStore:
    """A store with records of mallory's, so many seconds after T0."""
    store = MemoryStore()
    numbers = itertools.count()

    def put(writer: Any) -> None:
        writer.logs.create_stream(SCOPE, "g", "s", at=T0)
        events = [
            (
                T0 + 1000 * second,
                json.dumps(
                    {
                        "eventID": f"e{next(numbers)}",
                        "eventTime": "2026-09-14T11:18:00Z",
                        "eventSource": "ec2.amazonaws.com",
                        "userIdentity": {"type": "IAMUser", "arn": ACTOR, "userName": "mallory"},
                        **members,
                    }
                ),
            )
            for second, members in records
        ]
        writer.logs.append(SCOPE, "g", "s", events, ingested_at=T0)

    store.write(put)
    return store


def told(store: MemoryStore, **given: Any) -> Activity | None:
    span = {"since": T0, "until": T0 + 3_600_000, "after": T0 + 60_000, **given}
    with store.read() as reader:
        return activity_of(reader, SCOPE, ACTOR, **span)


def test_writes_and_what_is_new_tell_most() -> None:
    reads = [(second, {"eventName": "DescribeInstances", "readOnly": True}) for second in range(5)]
    store = kept(
        (-10, {"eventName": "StopInstances"}),
        *reads,
        (20, {"eventName": "StopInstances"}),
        (30, {"eventName": "RunInstances", "readOnly": "false"}),
        (40, {"eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "errorCode": "AccessDenied"}),
        (90, {"eventName": "AuthorizeSecurityGroupIngress"}),
    )
    activity = told(store, known={"e9"})
    assert activity is not None
    assert (activity.calls, activity.denied, activity.reads, activity.later) == (9, 1, 5, 1)
    assert [(one.summary.event_name, one.times, one.is_new) for one in activity.telling] == [
        ("RunInstances", 1, True),
        ("CreateUser", 1, True),
        ("StopInstances", 1, False),
    ]
    assert activity.latest is not None
    assert activity.latest.event_name == "AuthorizeSecurityGroupIngress"


def test_nothing_is_nothing() -> None:
    activity = told(kept())
    assert activity is not None
    assert (activity.calls, activity.latest, activity.telling, activity.is_cut) == (0, None, (), False)


def test_more_than_is_looked_at_is_said() -> None:
    store = kept(*[(place % 3000, {"eventName": "X"}) for place in range(MOST_CALLS + 5)])
    activity = told(store)
    assert activity is not None
    assert (activity.calls, activity.is_cut) == (MOST_CALLS, True)


@pytest.mark.parametrize("looks", [0, 1])
def test_without_time_there_is_no_answer(looks: int) -> None:
    budget = iter([True] * looks)
    store = kept((1, {"eventName": "X"}))
    assert told(store, has_time=lambda: next(budget, False)) is None
