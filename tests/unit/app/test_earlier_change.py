"""Earlier records of the same thing are what a change is compared with (CON-4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.app.earlier_change import change_before
from tocsin.core.change import Before
from tocsin.core.event import Event
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore

SCOPE = Scope("111122223333", "us-east-1")
MINUTE = 60_000
T0 = 1_789_384_680_000  # 2026-09-14T11:18:00Z


def record(number: int, name: str, parameters: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A call of ec2 in minute `number`."""
    return {
        "eventID": f"e{number}",
        "eventTime": f"2026-09-14T11:{18 + number}:00Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": parameters,
        **members,
    }


def opened(number: int, port: int, *, verb: str = "Authorize", **members: Any) -> dict[str, Any]:
    parameters = {"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIp": "192.0.2.0/24"}
    return record(number, f"{verb}SecurityGroupIngress", parameters, **members)


def lines(now: dict[str, Any], *kept: dict[str, Any], group_count: int = 1) -> list[str]:
    """The lines of `now`, with these records in the store, each in so many groups."""
    store = MemoryStore()

    def put(writer: Any) -> None:
        for group in map(str, range(group_count)):
            writer.logs.create_stream(SCOPE, group, "s", at=T0)
            events = [(T0 + MINUTE * place, json.dumps(one)) for place, one in enumerate(kept)]
            writer.logs.append(SCOPE, group, "s", events, ingested_at=T0)

    store.write(put)
    with store.read() as reader:
        return [
            f"{line.sign}{line.text}"
            for change in change_before(reader, SCOPE, Event(json.dumps(now)))
            for line in change.lines
        ]


@pytest.mark.parametrize("group_count", [1, 2])
def test_rules_that_earlier_calls_made_stand_beside_the_new_one(group_count: int) -> None:
    told = lines(opened(3, 22), opened(0, 443), opened(1, 80), opened(2, 80, verb="Revoke"), group_count=group_count)
    assert told == [" tcp 443 from 192.0.2.0/24", "+tcp 22 from 192.0.2.0/24"]


def test_neither_later_calls_nor_itself_nor_refused_ones_count() -> None:
    now = opened(2, 22)
    refused = opened(0, 443, errorCode="Client.UnauthorizedOperation")
    assert lines(now, refused, now, opened(2, 8080, eventID="other"), opened(3, 80)) == ["+tcp 22 from 192.0.2.0/24"]


def test_a_record_without_an_id_or_a_time_is_no_trap() -> None:
    nameless = {**opened(0, 443), "eventID": None}
    timeless = {**opened(0, 80), "eventTime": "yesterday"}
    assert lines(opened(2, 22), nameless, timeless) == [" tcp 443 from 192.0.2.0/24", "+tcp 22 from 192.0.2.0/24"]
    assert lines({**opened(2, 22), "eventTime": 7}, opened(0, 443)) == ["+tcp 22 from 192.0.2.0/24"]


def test_what_was_made_by_the_call_is_compared_with_nothing() -> None:
    made = record(1, "CreateSecurityGroup", {"groupName": "web"}, responseElements={"groupId": "sg-1"})
    with MemoryStore().read() as reader:
        assert [one.before for one in change_before(reader, SCOPE, Event(json.dumps(made)))] == [Before.NOTHING]


def test_a_call_that_changes_nothing_known_has_no_change() -> None:
    assert lines(record(1, "RunInstances", {})) == []
