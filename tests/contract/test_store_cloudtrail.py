"""CloudTrail records, in histories and on their way to trails: what every store promises. Spec: CT-10.3, CT-11.5, CT-16."""

from __future__ import annotations

import pytest

from tocsin.core.kept_record import (
    INSIGHT_HISTORY,
    LOG_FOLDER,
    MANAGEMENT_HISTORY,
    NETWORK_FOLDER,
    Destination,
    NewRecord,
    RecordGroup,
    RecordPlace,
)
from tocsin.core.log_event import Term
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")

TRAIL = Destination(b"trail", LOG_FOLDER)
OTHER = Destination(b"other", LOG_FOLDER)
NETWORK = Destination(b"trail", NETWORK_FOLDER)
MUCH = 10**9


@pytest.fixture(autouse=True, params=[45_000, 20, 1])
def _most_recent(request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postings of SQLite may be among the newest, or moved already: nobody can tell."""
    monkeypatch.setattr("tocsin.store.sqlite_record_writer._MOST_RECENT", request.param)


def ident(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def record(number: int, *, second: int | None = None, history: str | None = MANAGEMENT_HISTORY, **terms) -> NewRecord:
    made = [Term(name, value) for name, value in terms.items()]
    body = b'{"eventID":"%d"}' % number
    return NewRecord(body, number if second is None else second, ident(number), history, made)


def add(store, *records: NewRecord, scope: Scope = HERE, at: int = MUCH * 1000, **waiting) -> None:
    named = {"trail": TRAIL, "other": OTHER, "network": NETWORK}
    places = {named[name]: numbers for name, numbers in waiting.items()}
    store.write(lambda writer: writer.records.add(scope, records, waiting=places, at=at))


def found(store, *args, scope: Scope = HERE, history: str = MANAGEMENT_HISTORY, limit: int = 100, **how) -> list[int]:
    with store.read() as reader:
        rows = reader.records.look_up(scope, history, *args, limit=limit, **how)
    assert all(row.body == b'{"eventID":"%d"}' % int(row.place.event_id[:8], 16) for row in rows)
    return [int(row.place.event_id[:8], 16) for row in rows]


# ---------------------------------------------------------------- histories


def test_newest_first_and_equal_times_by_event_id_descending(store) -> None:
    add(store, record(3, second=50), record(1, second=50), record(2, second=60))
    add(store, record(9, second=50), record(4, second=10))
    assert found(store) == [2, 9, 3, 1, 4]
    assert found(store, scope=THERE) == []
    assert found(store, history=INSIGHT_HISTORY) == []


def test_bounds_of_time_are_both_inclusive(store) -> None:
    add(store, *(record(number) for number in range(1, 7)))
    assert found(store, start=2, end=4) == [4, 3, 2]
    assert found(store, start=5) == [6, 5]
    assert found(store, end=1) == [1]
    assert found(store, start=4, end=3) == []


def test_records_are_found_by_each_of_their_terms(store) -> None:
    add(store, record(1, EventName="A", Username="bob"), record(2, EventName="B", Username="bob"))
    add(store, record(3, EventName="A"), scope=THERE)
    add(store, record(4, EventName="A", history=INSIGHT_HISTORY))
    assert found(store, Term("EventName", "A")) == [1]
    assert found(store, Term("Username", "bob")) == [2, 1]
    assert found(store, Term("Username", "bob"), limit=1) == [2]
    assert found(store, Term("EventName", "bob")) == []
    assert found(store, Term("EventName", "A"), scope=THERE) == [3]
    assert found(store, Term("EventName", "A"), history=INSIGHT_HISTORY) == [4]
    assert found(store, Term("EventId", ident(2))) == [2]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_go_on_where_they_were_left_while_records_arrive(store, limit: int) -> None:
    for number in range(20):
        add(store, record(2 * number, second=number // 3, EventName="A"))
    pages, before = [], None
    for turn in range(50):
        with store.read() as reader:
            page = reader.records.look_up(HERE, MANAGEMENT_HISTORY, Term("EventName", "A"), before=before, limit=limit)
        if not page:
            break
        pages += [int(row.place.event_id[:8], 16) for row in page]
        before = page[-1].place
        add(store, record(1001 + 2 * turn, second=1000, EventName="A"))
    assert pages == list(range(38, -1, -2))


def test_what_comes_after_a_mark_can_be_left_out(store) -> None:
    add(store, *(record(2 * number, second=5, EventName="A") for number in range(5)))
    with store.read() as reader:
        mark = reader.records.mark()
    add(store, *(record(2 * number + 1, second=5, EventName="A") for number in range(5)))
    assert found(store, until=mark) == [8, 6, 4, 2, 0]
    assert found(store, Term("EventName", "A"), until=mark, limit=3) == [8, 6, 4]
    assert found(store, limit=3) == [9, 8, 7]
    assert found(store, until=0) == []


def test_ids_that_are_no_uuids_have_an_order_too(store) -> None:
    made = [NewRecord(b"{}", 5, name, MANAGEMENT_HISTORY) for name in ("b", "a", "ü", ident(5))]
    add(store, *made)
    with store.read() as reader:
        page = reader.records.look_up(HERE, MANAGEMENT_HISTORY, limit=3)
        rest = reader.records.look_up(HERE, MANAGEMENT_HISTORY, before=RecordPlace(5, "a"), limit=3)
    assert [row.place.event_id for row in page] == ["ü", "b", "a"]
    assert [row.place.event_id for row in rest] == [ident(5)]


def test_ids_that_are_known(store) -> None:
    add(store, record(1), record(2, history=INSIGHT_HISTORY), record(3, history=None), trail=[0, 2])
    with store.read() as reader:
        known = reader.records.known
        assert known(HERE, MANAGEMENT_HISTORY, [ident(number) for number in range(2500)]) == {ident(1)}
        assert known(HERE, INSIGHT_HISTORY, [ident(1), ident(2)]) == {ident(2)}
        assert known(THERE, MANAGEMENT_HISTORY, [ident(1)]) == set()
        assert known(HERE, MANAGEMENT_HISTORY, []) == set()


def test_a_record_that_is_there_stays_as_it_is(store) -> None:
    add(store, record(1, second=5, EventName="A"))
    add(store, NewRecord(b"another", 5, ident(1), MANAGEMENT_HISTORY))
    assert found(store) == [1]


def test_records_expire_by_their_time_or_by_when_they_came(store) -> None:
    add(store, *(record(number, EventName="A") for number in (1, 2)))
    add(store, record(30, EventName="A"))
    add(store, record(40, second=10**10, EventName="A"), at=20_000)
    while store.write(lambda writer: writer.records.expire(before=30, blocks=1)):
        pass
    assert found(store) == [30]
    assert found(store, Term("EventName", "A")) == [30]
    with store.read() as reader:
        assert reader.records.known(HERE, MANAGEMENT_HISTORY, [ident(1), ident(30)]) == {ident(30)}


def test_what_waits_outlives_its_history(store) -> None:
    add(store, record(1), record(2), trail=[1])
    assert store.write(lambda writer: writer.records.expire(before=10)) > 0
    assert found(store) == []
    assert [records.bodies for records in wait(store)] == [[b'{"eventID":"2"}']]


# ---------------------------------------------------------------- what waits


def wait(store, *, most_bytes: int = MUCH) -> list:
    with store.read() as reader:
        groups = [waiting.group for waiting in reader.records.waiting()]
        return [reader.records.read_waiting(group, most_bytes=most_bytes) for group in groups]


def begin(store, records, *, key: str = "k") -> int | None:
    return store.write(lambda writer: writer.records.begin(records, object_key=key))


def test_what_waits_is_grouped_by_route_folder_and_scope(store) -> None:
    add(store, record(1), record(2), record(3), at=5, trail=[0, 2], other=[1])
    add(store, record(4), scope=THERE, at=6, trail=[0])
    add(store, record(5, history=None), at=7, network=[0], other=[])
    add(store, record(6), at=8, trail=[0])
    with store.read() as reader:
        told = [
            (reader.records.route(group.route), group.folder, group.scope, *numbers)
            for group, *numbers in reader.records.waiting()
        ]
    size = len(record(1).body)
    assert told == [
        (b"trail", LOG_FOLDER, HERE, 3, 3 * size, 5),
        (b"other", LOG_FOLDER, HERE, 1, size, 5),
        (b"trail", LOG_FOLDER, THERE, 1, size, 6),
        (b"trail", NETWORK_FOLDER, HERE, 1, size, 7),
    ]
    first, *_ = wait(store)
    assert first.bodies == [record(number).body for number in (1, 3, 6)]
    assert (first.oldest_at, first.newest_at) == (5, 8)


def test_records_are_taken_as_far_as_they_fit(store) -> None:
    for number in range(4):
        add(store, record(number), at=number, trail=[0])
    size = len(record(1).body)
    taken = []
    for _ in range(10):
        records = next(iter(wait(store, most_bytes=2 * size)), None)
        if records is None:
            break
        taken.append(len(records.bodies))
        number = begin(store, records)
        assert store.write(lambda writer, number=number: writer.records.finish(number))
    assert taken == [2, 2]
    add(store, record(9), trail=[0])
    (records,) = wait(store, most_bytes=1)  # there is always one
    assert records.bodies == [record(9).body]


def test_a_batch_keeps_its_records_and_its_key_until_it_is_finished(store) -> None:
    add(store, record(1, history=None), record(2, history=None), trail=[0, 1])
    (records,) = wait(store)
    number = begin(store, records, key="a/b.json.gz")
    assert number is not None
    assert wait(store) == []
    add(store, record(3, history=None), trail=[0])
    with store.read() as reader:
        (batch,) = reader.records.begun()
        assert batch == (number, records.group, "a/b.json.gz")
        assert reader.records.read_begun(number) == [record(1).body, record(2).body]
        assert reader.records.route(records.group.route) == b"trail"
        (waiting,) = reader.records.waiting()
        assert (waiting.records, waiting.size) == (1, len(record(3).body))
    assert store.write(lambda writer: writer.records.finish(number))
    assert not store.write(lambda writer: writer.records.finish(number))
    with store.read() as reader:
        assert reader.records.begun() == []
        assert reader.records.read_begun(number) == []
        assert reader.records.route(records.group.route) == b"trail"
    (rest,) = wait(store)
    assert rest.bodies == [record(3).body]
    last = begin(store, rest)
    store.write(lambda writer: writer.records.finish(last))
    with store.read() as reader:
        assert reader.records.waiting() == []
        assert reader.records.route(records.group.route) is None


def test_only_what_waits_first_becomes_a_batch(store) -> None:
    add(store, record(1), record(2), trail=[0, 1])
    (records,) = wait(store)
    assert begin(store, records) is not None
    assert begin(store, records) is None  # it is in one
    add(store, record(3), trail=[0])
    (records,) = wait(store)
    store.write(lambda writer: writer.reset(HERE))
    assert begin(store, records) is None
    assert begin(store, records._replace(group=RecordGroup(77, LOG_FOLDER, HERE))) is None
    with store.read() as reader:
        assert reader.records.read_waiting(records.group, most_bytes=MUCH) is None


def test_many_records_at_once(store) -> None:
    """More than one block of them, and every third for a trail."""
    records = [record(number, history=None if number % 5 == 0 else MANAGEMENT_HISTORY, T="x") for number in range(1000)]
    chosen = list(range(0, 1000, 3))
    add(store, *records, trail=chosen)
    assert found(store, Term("T", "x"), limit=2000) == [number for number in range(999, -1, -1) if number % 5]
    (waiting,) = wait(store)
    assert sorted(waiting.bodies) == sorted(record(number).body for number in chosen)


def test_a_work_that_fails_leaves_no_record(store) -> None:
    add(store, record(1, EventName="A"), trail=[0])
    (records,) = wait(store)

    def work(writer) -> None:
        writer.records.add(HERE, [record(2, EventName="A")], waiting={TRAIL: [0], OTHER: [0]}, at=1)
        writer.records.expire(before=5)
        writer.records.finish(writer.records.begin(records, object_key="k"))
        writer.records.reset(None)
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert found(store) == [1]
    assert found(store, Term("EventName", "A")) == [1]
    assert [one.bodies for one in wait(store)] == [[record(1).body]]
    add(store, record(3), trail=[0], other=[0])
    assert [one.bodies for one in wait(store)] == [[record(1).body, record(3).body], [record(3).body]]


def test_reset_of_a_scope_leaves_the_others(store) -> None:
    for scope in (HERE, THERE):
        add(store, record(1, EventName="A"), record(2, history=None), scope=scope, trail=[0, 1], other=[0])
    (first, *_) = wait(store)
    begin(store, first)
    store.write(lambda writer: writer.reset(HERE))
    assert found(store, Term("EventName", "A")) == []
    assert found(store, Term("EventName", "A"), scope=THERE) == [1]
    with store.read() as reader:
        assert {one.group.scope for one in reader.records.waiting()} == {THERE}
        assert reader.records.begun() == []
    store.write(lambda writer: writer.reset())
    assert found(store, scope=THERE) == []
    assert wait(store) == []
    add(store, record(1), trail=[0])
    assert len(wait(store)) == 1
