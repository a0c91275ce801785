"""What an actor, an address and a resource did, counted and read (CON-4.6)."""

from __future__ import annotations

import pytest
from console_bench import AT, SCOPE, ConsoleBench
from event_bench import ALICE, DEPLOY, GROUP, HOME, OFFICE, opened, put_filter, record, role

from tocsin.app.subject_activity import SubjectActivity, find_subject, names_like, read_activity, subject_events
from tocsin.core.activity import HOUR_MS
from tocsin.core.log_event import Term
from tocsin.core.scope import Scope

NOW = int(AT.timestamp() * 1000)
DAY_AGO = (NOW - 24 * HOUR_MS) // HOUR_MS * HOUR_MS


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(GROUP, [record(3 * 1440, 1)])
    bench.put_events(
        GROUP,
        [
            record(70, 2, errorCode="AccessDenied"),
            record(50, 3, sourceIPAddress=HOME),
            record(40, 4, "CreateUser", errorCode="NoSuchEntity"),
            record(30, 5, userIdentity=role()),
            opened(20, 6),
        ],
    )
    put_filter(bench, "groups", "{ $.eventName = AuthorizeSecurityGroupIngress }", alarm="groups")
    return bench


def activity(bench: ConsoleBench, term: Term, *, since: int = DAY_AGO, most: int = 1_000) -> SubjectActivity:
    found = find_subject(bench.service, (SCOPE,), term)
    assert found is not None
    return read_activity(bench.service, found[0], term, found[1], since=since, until=NOW + HOUR_MS, most=most)


def numbers(one: SubjectActivity) -> list[int]:
    return [int(row.found.terms.event_id[:8], 16) for row in one.rows]


def test_an_actor_is_counted_and_read(bench: ConsoleBench) -> None:
    alice = activity(bench, Term("actor", ALICE))
    assert numbers(alice) == [6, 4, 3, 2]
    assert tuple(alice.outcomes) == (4, 1, 1)
    assert (alice.is_complete, alice.are_counted) == (True, True)
    assert [row.is_read for row in alice.rows] == [False, False, True, True]
    assert alice.alarm_names == ["groups"]
    assert [one.value for one in alice.companions["address"].shown] == [OFFICE, HOME]
    assert alice.seen == (NOW - 3 * 86_400_000, NOW - 20 * 60_000)


def test_an_address_has_actors(bench: ConsoleBench) -> None:
    office = activity(bench, Term("address", OFFICE))
    assert [one.value for one in office.companions["actor"].shown] == [ALICE, DEPLOY]
    assert office.outcomes.calls == 4


def test_a_resource_is_read_alone(bench: ConsoleBench) -> None:
    group = activity(bench, Term("resource", "sg-0a1b2c3d"))
    assert numbers(group) == [6]
    assert group.companions == {}


def test_of_more_than_is_read_the_sums_are_told(bench: ConsoleBench) -> None:
    alice = activity(bench, Term("actor", ALICE), most=2)
    assert numbers(alice) == [6, 4]
    assert (tuple(alice.outcomes), alice.is_complete, alice.are_counted) == ((4, 1, 1), False, True)
    part = activity(bench, Term("actor", ALICE), since=DAY_AGO + 1, most=2)
    assert (tuple(part.outcomes), part.is_complete, part.are_counted) == ((2, 0, 1), False, False)


def test_a_page_goes_on_where_it_was_left(bench: ConsoleBench) -> None:
    term = Term("actor", ALICE)
    rows, place = subject_events(bench.service, SCOPE, term, limit=3)
    assert len(rows) == 3
    rest, end = subject_events(bench.service, SCOPE, term, before=place, limit=3)
    assert [int(row.terms.event_id[:8], 16) for row in (*rows, *rest)] == [6, 4, 3, 2, 1]
    assert end is None


def test_what_has_expired_is_not_read(bench: ConsoleBench) -> None:
    bench.call("logs", "PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": 1})
    rows, _ = subject_events(bench.service, SCOPE, Term("actor", ALICE), limit=10)
    assert len(rows) == 4
    assert numbers(activity(bench, Term("actor", ALICE), since=0)) == [6, 4, 3, 2]


def test_a_subject_is_looked_for_in_one_scope_after_the_other(bench: ConsoleBench) -> None:
    there = Scope("111122223333", "eu-west-1")
    bench.put_events("there", [record(5, 9, userIdentity=role("other"))], scope=there)
    term = Term("actor", "arn:aws:iam::111122223333:role/other")
    found = find_subject(bench.service, (SCOPE, there), term)
    assert found is not None
    assert found[0] == there
    assert find_subject(bench.service, (SCOPE,), term) is None
    assert names_like(bench.service, (SCOPE, there), Term("actor", "arn:aws:iam::9:role/oth")) == [term.value]
