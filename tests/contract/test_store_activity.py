"""What actors and addresses did, hour by hour: what every store promises. Spec: CON-4.0 (X5)."""

from __future__ import annotations

import json

import pytest

from tocsin.core.activity import HOUR_MS, Outcomes
from tocsin.core.log_event import Term
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
ALICE = Term("actor", "arn:aws:iam::111122223333:user/alice")
BOB = Term("actor", "arn:aws:iam::111122223333:user/bob")
OFFICE = Term("address", "192.0.2.10")
HOME = Term("address", "203.0.113.47")


def call(name: str, *, actor: Term = ALICE, address: Term = OFFICE, error: str = "", key: str = "AKIA1") -> str:
    fields = {"eventTime": "2026-01-01T00:00:00Z", "eventName": name, "sourceIPAddress": address.value}
    fields |= {"errorCode": error} if error else {}
    return json.dumps(fields | {"userIdentity": {"type": "IAMUser", "arn": actor.value, "accessKeyId": key}})


def put(store, *events: tuple[int, str], group: str = "g", scope: Scope = HERE) -> None:
    def work(writer) -> None:
        if writer.logs.stream(scope, group, "s") is None:
            writer.logs.create_stream(scope, group, "s", at=1)
        writer.logs.append(scope, group, "s", events, ingested_at=9)

    store.write(work)


@pytest.fixture(params=["open", "sealed", "half"])
def seal(request, store):
    """Some of the events that were put are in blocks: none, all, or those before the second call."""
    calls = []

    def run() -> None:
        calls.append(1)
        while request.param == "sealed" or (request.param == "half" and len(calls) == 1):
            if not store.pack_logs(at=10**15).packed:
                break

    return run


@pytest.fixture
def filled(store, seal):
    put(store, (10, call("ListUsers")), (20, call("ListUsers", error="AccessDenied")))
    put(store, (HOUR_MS + 5, call("CreateUser", address=HOME, key="AKIA2")), (30, call("ListUsers", actor=BOB)))
    seal()
    put(
        store, (HOUR_MS + 9, call("ListUsers", error="NoSuchEntity")), (HOUR_MS + 1, call("RunInstances", address=HOME))
    )
    put(store, (3 * HOUR_MS, call("ListUsers")), (4 * HOUR_MS, "no record"))
    put(store, (50, call("ListUsers")), scope=THERE)
    seal()
    return store


def hours(store, term: Term, since: int = 0, until: int = 10 * HOUR_MS) -> list[tuple[int, tuple[int, int, int]]]:
    with store.read() as reader:
        found = reader.logs.activity(HERE, term, since=since, until=until)
    return [(hour.start // HOUR_MS, tuple(hour.outcomes)) for hour in found]


def beside(store, term: Term, kind: str, *, since: int = 0, until: int = 10 * HOUR_MS, limit: int = 10):
    with store.read() as reader:
        return reader.logs.companions(HERE, term, kind, since=since, until=until, limit=limit)


def test_calls_are_counted_by_hour(filled) -> None:
    assert hours(filled, ALICE) == [(0, (2, 1, 0)), (1, (3, 0, 1)), (3, (1, 0, 0))]
    assert hours(filled, OFFICE) == [(0, (3, 1, 0)), (1, (1, 0, 1)), (3, (1, 0, 0))]
    assert hours(filled, Term("actor", "nobody")) == []


@pytest.mark.parametrize(
    ("since", "until", "wanted"),
    [(0, HOUR_MS, [0]), (HOUR_MS - 1, HOUR_MS, [0]), (HOUR_MS, HOUR_MS + 1, [1]), (HOUR_MS + 9, 3 * HOUR_MS, [1]), (1, 3 * HOUR_MS + 1, [0, 1, 3])],
)  # fmt: skip
def test_hours_are_counted_as_a_whole(filled, since: int, until: int, wanted: list[int]) -> None:
    assert [hour for hour, _ in hours(filled, ALICE, since, until)] == wanted


def test_what_an_actor_was_seen_with_is_told_newest_first(filled) -> None:
    found = beside(filled, ALICE, "address")
    assert [(one.value, one.first, one.last, one.outcomes) for one in found.shown] == [
        (OFFICE.value, 10, 3 * HOUR_MS, Outcomes(4, 1, 1)),
        (HOME.value, HOUR_MS + 1, HOUR_MS + 5, Outcomes(2, 0, 0)),
    ]
    assert (found.total, found.is_complete) == (2, True)
    assert [one.value for one in beside(filled, ALICE, "key").shown] == ["AKIA1", "AKIA2"]
    names = beside(filled, ALICE, "event_name", limit=2)
    assert [one.value for one in names.shown] == ["ListUsers", "CreateUser"]
    assert names.total == 3
    assert [(one.value, one.outcomes.calls) for one in beside(filled, OFFICE, "actor").shown] == [(ALICE.value, 4), (BOB.value, 1)]  # fmt: skip


def test_of_other_hours_nothing_is_counted_but_first_and_last(filled) -> None:
    (only,) = beside(filled, ALICE, "address", since=3 * HOUR_MS).shown
    assert (only.value, only.first, only.last, only.outcomes) == (OFFICE.value, 10, 3 * HOUR_MS, Outcomes(1, 0, 0))
    assert beside(filled, ALICE, "address", since=4 * HOUR_MS).shown == ()
    assert beside(filled, Term("actor", "nobody"), "address").total == 0


def test_two_terms_were_first_and_last_seen_together(filled) -> None:
    with filled.read() as reader:
        assert reader.logs.sighting(HERE, ALICE, beside=HOME) == (HOUR_MS + 1, HOUR_MS + 5)
        assert reader.logs.sighting(HERE, ALICE, beside=Term("event_name", "ListUsers")) == (10, 3 * HOUR_MS)
        assert reader.logs.sighting(HERE, BOB, beside=HOME) is None
        assert reader.logs.sighting(HERE, BOB, beside=Term("event_name", "Nothing")) is None
        assert reader.logs.sighting(THERE, ALICE, beside=OFFICE) == (50, 50)


def test_only_what_is_counted_can_be_asked_for(filled) -> None:
    with filled.read() as reader:
        for ask in (
            lambda logs: logs.activity(HERE, Term("key", "AKIA1"), since=0, until=1),
            lambda logs: logs.companions(HERE, ALICE, "resource", since=0, until=1, limit=1),
            lambda logs: logs.sighting(HERE, OFFICE, beside=HOME),
        ):
            with pytest.raises(ValueError, match="counted"):
                ask(reader.logs)


def test_what_goes_is_not_counted_any_more(store, seal) -> None:
    put(store, (10, call("ListUsers")), (20, call("ListUsers", address=HOME)))
    put(store, (15, call("ListUsers", error="AccessDenied")), group="other")
    seal()
    put(store, (2 * HOUR_MS, call("ListUsers")))
    seal()
    assert hours(store, ALICE) == [(0, (3, 1, 0)), (2, (1, 0, 0))]
    store.write(lambda writer: writer.logs.expire(HERE, "g", before=HOUR_MS))
    assert hours(store, ALICE) == [(0, (1, 1, 0)), (2, (1, 0, 0))]
    assert [one.value for one in beside(store, ALICE, "address").shown] == [OFFICE.value]
    assert hours(store, HOME) == []
    store.write(lambda writer: writer.logs.delete_group(HERE, "other"))
    assert hours(store, ALICE) == [(2, (1, 0, 0))]
    store.write(lambda writer: writer.reset(HERE))
    assert hours(store, ALICE) == []
    with store.read() as reader:
        assert reader.logs.sighting(HERE, ALICE, beside=OFFICE) is None


def test_after_everything_was_removed_counting_begins_anew(store, seal) -> None:
    put(store, (10, call("ListUsers")))
    seal()
    store.write(lambda writer: writer.reset())
    put(store, (20, call("CreateUser", actor=BOB)))
    seal()
    assert hours(store, ALICE) == []
    assert hours(store, BOB) == [(0, (1, 0, 0))]
    assert [one.value for one in beside(store, BOB, "event_name").shown] == ["CreateUser"]
