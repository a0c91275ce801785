"""Events are found by terms and by pattern, over one group or all, within what a search may cost (CON-4.10)."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from tocsin.app.event_search import (
    FoundEvents,
    SearchBudget,
    UnknownTerm,
    facets,
    search_by_pattern,
    search_by_terms,
)
from tocsin.app.log_group import create_log_group, set_retention
from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.core.event_search import parse_event_query
from tocsin.core.log_event import EventPlace
from tocsin.core.pattern import FilterPattern
from tocsin.core.scope import Scope
from tocsin.errors import CutOffError
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore
from tocsin.time_limit import require_time

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
AT = datetime(2026, 3, 14, 12, tzinfo=UTC)


def record(minute: int, **fields: Any) -> tuple[int, str]:
    """A record of that many minutes before noon."""
    time = AT - timedelta(minutes=minute)
    told = {
        "eventTime": time.isoformat().replace("+00:00", "Z"),
        "eventName": "ListUsers",
        "eventSource": "iam.amazonaws.com",
        "eventID": f"id-{minute}",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "192.0.2.10",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
    }
    return int(time.timestamp() * 1000), json.dumps(told | fields)


def role(path: str) -> dict[str, str]:
    return {"type": "AssumedRole", "arn": f"arn:aws:sts::111122223333:assumed-role/{path}/s"}


@pytest.fixture(params=["memory", "sqlite"])
def service(request, tmp_path: Path):
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tocsin.sqlite3")
    yield Service(store, ManualClock(AT), new_id=lambda: "id")
    store.close()


def put(
    service: Service, *events: tuple[int, str], group: str = "trail", scope: Scope = HERE, pack: bool = True
) -> None:
    def work(writer) -> None:
        if writer.logs.stream(scope, group, "s") is None:
            writer.logs.create_stream(scope, group, "s", at=1)
        writer.logs.append(scope, group, "s", events, ingested_at=1)

    with service.store.read() as reader:
        is_new = reader.get("log-group", scope, group) is None
    if is_new:
        create_log_group(service, scope, group)
    service.store.write(work)
    while pack and service.store.pack_logs(at=10**15).packed:
        pass


def find(service: Service, text: str = "", *, scopes=(HERE,), limit: int = 100, **how: Any) -> FoundEvents:
    query = parse_event_query(text, at=AT)
    return search_by_terms(service, scopes, query, limit=limit, **how)


def minutes(found: FoundEvents) -> list[int]:
    """How many minutes before noon the events were."""
    return [round((AT.timestamp() * 1000 - row.event.timestamp) / 60_000) for row in found.rows]


@pytest.fixture
def filled(service):
    put(service, record(1), record(2, eventName="CreateUser"), record(3, errorCode="AccessDenied"))
    put(service, record(4, userIdentity=role("Deploy")), record(5, userIdentity=role("deploy")), group="other")
    put(service, record(6, sourceIPAddress="203.0.113.47", eventSource="ec2.amazonaws.com"), scope=THERE)
    put(service, record(7, requestParameters={"userName": "bob"}), (record(8)[0], "no record"), pack=False)
    return service


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [1, 2, 3, 4, 5, 7, 8]),
        ("name:ListUsers", [1, 3, 4, 5, 7]),
        ("name:listusers -error:AccessDenied", [1, 4, 5, 7]),
        ("name:CreateUser name:Other", [2]),
        ("actor:alice", [1, 2, 3, 7]),
        ("actor:deploy", [4, 5]),
        ("actor:alice actor:deploy", [1, 2, 3, 4, 5, 7]),
        ("resource:bob", [7]),
        ("resource:bob resource:eve", []),
        ("region:eu-west-1", [1, 2, 3, 4, 5, 7]),
        ("region:eu-west-1 account:111122223333 name:CreateUser", [2]),
        ("account:444455556666", []),
        ("source:iam", [1, 2, 3, 4, 5, 7]),
        ("type:data", []),
        ("since:3min", [1, 2, 3]),
        ("until:7min", [8]),
        ("since:5min until:3min name:ListUsers", [4, 5]),
    ],
)
def test_events_are_found_by_terms(filled: Service, text: str, wanted: list[int]) -> None:
    found = find(filled, text)
    assert minutes(found) == wanted
    assert found.searched_back_to is None


def test_one_group_or_all_and_one_scope_or_all(filled: Service) -> None:
    assert minutes(find(filled, group="other")) == [4, 5]
    assert minutes(find(filled, group="none")) == []
    both = find(filled, scopes=(HERE, THERE))
    assert minutes(both) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [(row.scope, row.event.group) for row in both.rows][4:6] == [(HERE, "other"), (THERE, "trail")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("since:50min", ["B"]),
        ("until:50min", ["A"]),
        ("since:70min until:50min", ["A"]),
        ("since:20min", []),
        ("until:15min", ["B", "A"]),
        ("", ["B", "A"]),
    ],
)
def test_a_span_is_of_calls_and_not_of_their_delivery(service: Service, text: str, wanted: list[str]) -> None:
    delivered = int(AT.timestamp() * 1000) - 15 * 60_000
    put(service, (delivered, record(60, eventName="A")[1]), (delivered, record(30, eventName="B")[1]))
    assert [row.value("event_name") for row in find(service, text).rows] == wanted
    pattern = FilterPattern.parse("{ $.eventName = * }")
    found = search_by_pattern(service, (HERE,), pattern, parse_event_query(text, at=AT), limit=9)
    assert [row.value("event_name") for row in found.rows] == wanted


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("text", ["", "actor:deploy", "name:ListUsers"])
def test_a_search_goes_on_where_it_was_left(filled: Service, text: str, limit: int) -> None:
    pages: list[int] = []
    before: EventPlace | None = None
    for _ in range(20):
        page = find(filled, text, scopes=(HERE, THERE), limit=limit, before=before)
        pages += minutes(page)
        before = page.searched_back_to
        assert page.has_more is (before is not None)
        if before is None:
            break
    assert pages == minutes(find(filled, text, scopes=(HERE, THERE)))


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("actor:alicee", UnknownTerm(field="actor", value="alicee", nearest=("arn:aws:iam::111122223333:user/alice",))),
        ("name:Creat", UnknownTerm(field="name", value="Creat", nearest=("CreateUser",))),
        ("key:AKIAIOSFODNN7EXAMPLE", UnknownTerm(field="key", value="AKIAIOSFODNN7EXAMPLE")),
        ("name:ListUsers account:444455556666", UnknownTerm(field="account", value="444455556666")),
    ],
)
def test_what_no_record_has_is_told(filled: Service, text: str, unknown: UnknownTerm) -> None:
    found = find(filled, text)
    assert (found.rows, found.unknown) == ((), (unknown,))


def test_what_has_expired_is_not_seen(filled: Service) -> None:
    put(filled, record(2 * 1440, eventName="OldCall"), record(3, eventName="NewCall"), group="short")
    set_retention(filled, HERE, "short", 1)
    assert minutes(find(filled, group="short")) == [3]
    assert minutes(find(filled, "name:OldCall")) == []


def test_a_name_of_many_is_told_apart_when_events_are_read(service: Service) -> None:
    put(service, *(record(minute, userIdentity=role(f"{minute}/deploy")) for minute in range(12, 0, -1)))
    put(service, *(record(20 + minute, userIdentity=role(f"{minute}x")) for minute in range(5, 0, -1)))
    arns = [f"arn:aws:iam::111122223333:role/{minute}/deploy" for minute in range(1, 13)]
    issued = [record(40 + place, userIdentity=role("x") | {"sessionContext": {"sessionIssuer": {"arn": arn}}}) for place, arn in enumerate(arns)]  # fmt: skip
    put(service, *reversed(issued))
    assert minutes(find(service, "actor:deploy")) == list(range(40, 52))


class CountingClock(ManualClock):
    """Each look at it takes a tenth of a second."""

    def monotonic(self) -> float:
        self.advance(0.1)
        return super().monotonic()


def test_a_search_ends_when_its_time_has_passed(service: Service) -> None:
    put(service, *(record(minute) for minute in range(1500, 0, -1)))
    slow = Service(service.store, CountingClock(AT), new_id=lambda: "id")
    query = parse_event_query("source:ec2", at=AT)
    found = search_by_terms(slow, (HERE,), query, limit=10)
    assert found.rows == ()
    assert not found.has_more
    pages, before = 0, None
    while pages == 0 or before is not None:
        budget = SearchBudget(slow, seconds=0.35)
        before = search_by_terms(slow, (HERE,), query, limit=10, before=before, budget=budget).searched_back_to
        pages += 1
    assert pages > 1


class LaterSlow(Protocol):
    """Makes every look-up but the first so many take a second of the clock, and heed it."""

    def __call__(self, *, after: int) -> None: ...


@pytest.fixture
def slow_disk(service: Service, monkeypatch: pytest.MonkeyPatch) -> LaterSlow:
    with service.store.read() as store:
        kind = type(store.logs)
    plain, asked = kind.look_up, itertools.count(1)

    def make_slow(*, after: int) -> None:
        def look_up(*args: Any, **how: Any) -> Any:
            if next(asked) > after:
                service.clock.advance(1.3)  # type: ignore[attr-defined]  # a ManualClock
                require_time()
            return plain(*args, **how)

        monkeypatch.setattr(kind, "look_up", look_up)

    return make_slow


def test_a_step_that_takes_too_long_is_given_up_and_the_search_says_how_far_it_came(
    service: Service, slow_disk: LaterSlow
) -> None:
    put(service, *(record(minute, eventName="Rare" if minute == 1400 else "Common") for minute in range(1500, 0, -1)))
    whole = find(service, "source:iam", limit=1_500)
    slow_disk(after=1)
    found = find(service, "source:iam", limit=1_500)
    assert 0 < len(found.rows) < len(whole.rows)
    assert found.rows == whole.rows[: len(found.rows)]
    assert found.searched_back_to is not None
    assert not found.has_more


def test_a_search_that_comes_nowhere_is_cut_off(service: Service, slow_disk: LaterSlow) -> None:
    put(service, *(record(minute) for minute in range(50, 0, -1)))
    slow_disk(after=0)
    with pytest.raises(CutOffError):
        find(service, "source:iam")


def test_a_search_ends_when_it_has_looked_at_enough(service: Service) -> None:
    put(service, *(record(minute, eventName="Rare" if minute == 1400 else "Common") for minute in range(1500, 0, -1)))
    query = parse_event_query("source:iam -name:Common", at=AT)
    found = search_by_terms(service, (HERE,), query, limit=10, budget=SearchBudget(service, blocks=10))
    assert found.rows == ()
    assert found.searched_back_to is not None
    rest = search_by_terms(service, (HERE,), query, limit=10, before=found.searched_back_to)
    assert minutes(rest) == [1400]


def test_what_lies_beyond_a_way_that_was_given_up_is_left_for_later(service: Service) -> None:
    """One role calls all the time, the other one long ago: that is told of when everything up to it is known."""
    put(service, *(record(minute, userIdentity=role("deploy")) for minute in range(1500, 0, -1)))
    put(service, record(1600, userIdentity=role("Deploy"), eventName="Old"), group="other")
    query = parse_event_query("actor:deploy -name:ListUsers", at=AT)
    pages: list[list[int]] = []
    before: EventPlace | None = None
    while not pages or before is not None:
        found = search_by_terms(service, (HERE,), query, limit=5, before=before, budget=SearchBudget(service, blocks=2))
        pages.append(minutes(found))
        before = found.searched_back_to
    assert pages[0] == []
    assert pages[-1] == [1600]


def test_an_event_about_two_resources_that_are_meant_is_one(service: Service) -> None:
    put(service, record(1, requestParameters={"userName": "x/bob", "groupName": "y/bob"}))
    assert minutes(find(service, "resource:bob")) == [1]


# ---------------------------------------------------------------- by pattern


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("{ $.eventName = CreateUser }", [2]),
        ("{ ($.eventName = CreateUser) || ($.eventName = ListUsers && $.errorCode = *) }", [2, 3]),
        ('{ $.errorCode = "Access*" }', [3]),
        ("{ $.eventName = Nothing }", []),
        ('"no record"', [8]),
        ("", [1, 2, 3, 4, 5, 7, 8]),
        (
            f"{{ {' || '.join(f'($.eventName = E{number})' for number in range(20))} || ($.eventName = CreateUser) }}",
            [2],
        ),
    ],
)
def test_events_are_found_by_pattern(filled: Service, pattern: str, wanted: list[int]) -> None:
    query = parse_event_query("", at=AT)
    found = search_by_pattern(filled, (HERE,), FilterPattern.parse(pattern), query, limit=100)
    assert minutes(found) == wanted


def test_a_pattern_is_looked_for_in_a_span_and_a_group(filled: Service) -> None:
    pattern = FilterPattern.parse("{ $.eventName = ListUsers }")
    query = parse_event_query("since:4min name:ignored", at=AT)
    assert minutes(search_by_pattern(filled, (HERE,), pattern, query, limit=9)) == [1, 3, 4]
    assert minutes(search_by_pattern(filled, (HERE,), pattern, query, group="other", limit=9)) == [4]


def test_facets_are_of_the_rows_that_were_read(filled: Service) -> None:
    found = find(filled)
    assert dict(facets(found.rows, most=2)) == {
        "actor": [("arn:aws:iam::111122223333:user/alice", 4), ("arn:aws:iam::111122223333:role/Deploy", 1)],
        "name": [("ListUsers", 5), ("CreateUser", 1)],
        "address": [("192.0.2.10", 6)],
        "error": [("AccessDenied", 1)],
        "source": [("iam.amazonaws.com", 6)],
        "account": [("111122223333", 6)],
        "region": [("eu-west-1", 6)],
    }
    assert facets(()) == []
