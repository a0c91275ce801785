"""Log streams, log events and look-ups: what every store promises. Spec: FP-11, WIRE-8.1, CON-4.0."""

from __future__ import annotations

import json

import pytest

from tocsin.core.log_event import EventPlace, Term
from tocsin.core.record_term import record_terms
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")


def append(store, stream: str, *events: tuple[int, str], group: str = "g", scope: Scope = HERE, at: int = 9) -> range:
    def work(writer) -> range:
        if writer.logs.stream(scope, group, stream) is None:
            writer.logs.create_stream(scope, group, stream, at=1)
        return writer.logs.append(scope, group, stream, events, ingested_at=at)

    return store.write(work)


def messages(store, **how) -> list[str]:
    how.setdefault("limit", 10_000)
    with store.read() as reader:
        return [event.message for event in reader.logs.events(HERE, "g", **how)]


@pytest.fixture(params=[False, True], ids=["open", "sealed"])
def seal(request, store):
    """Half of the tests look at events that were packed."""

    def run() -> None:
        while request.param and store.pack_logs(at=10**15).packed:
            pass

    return run


def test_a_new_stream_has_no_times(store) -> None:
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=5))
    with store.read() as reader:
        stream = reader.logs.stream(HERE, "g", "s")
        assert (stream.name, stream.created_at, stream.stored_bytes) == ("s", 5, 0)
        assert (stream.first_event, stream.last_event, stream.last_ingestion) == (None, None, None)
        assert reader.logs.stream(HERE, "other", "s") is None
        assert reader.logs.stream(THERE, "g", "s") is None
        assert reader.logs.events(HERE, "g", limit=10) == []


def test_a_stream_knows_what_it_holds(store, seal) -> None:
    append(store, "s", (20, "é"), (10, "ab"), at=7)
    append(store, "s", (15, "c"), at=8)
    seal()
    with store.read() as reader:
        stream = reader.logs.stream(HERE, "g", "s")
        assert (stream.first_event, stream.last_event, stream.last_ingestion) == (10, 20, 8)
        assert stream.stored_bytes == 5
        assert reader.logs.stored_bytes(HERE, "g") == 5
        assert reader.logs.stored_bytes(HERE, "none") == 0


def test_sequences_grow_and_are_never_given_twice(store) -> None:
    first = append(store, "a", (1, "x"), (2, "y"))
    second = append(store, "b", (1, "z"), group="other")
    assert len(first) == 2
    assert second.start == first.stop
    with pytest.raises(KeyError):
        store.write(lambda writer: _raise(writer.logs.append(HERE, "g", "a", [(5, "q")], ingested_at=1)))
    assert append(store, "a", (3, "w")).start >= second.stop
    assert messages(store) == ["x", "y", "w"]


def _raise(_value: object) -> None:
    raise KeyError


def test_events_come_by_time_then_sequence_over_all_streams(store, seal) -> None:
    append(store, "a", (3, "a3"), (1, "a1"))
    append(store, "b", (2, "b2"), (1, "b1"), (3, "b3"))
    seal()
    assert messages(store) == ["a1", "b1", "b2", "a3", "b3"]
    assert messages(store, descending=True) == ["b3", "a3", "b2", "b1", "a1"]
    assert messages(store, streams=["b"]) == ["b1", "b2", "b3"]
    assert messages(store, streams=["none"]) == []
    assert messages(store, streams=[]) == []


def test_start_is_inside_and_end_is_not(store, seal) -> None:
    append(store, "a", *((second, str(second)) for second in range(5)))
    seal()
    assert messages(store, start=1, end=3) == ["1", "2"]
    assert messages(store, start=3) == ["3", "4"]
    assert messages(store, end=0) == []
    assert messages(store, start=1, end=3, descending=True) == ["2", "1"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_give_every_event_once(store, seal, descending: bool, limit: int) -> None:
    for stream in ("a", "b"):
        append(store, stream, *((second // 3, f"{stream}{second}") for second in range(10)))
    seal()
    append(store, "a", *((second // 3, f"late{second}") for second in range(10)))
    found, after = [], None
    while True:
        with store.read() as reader:
            page = reader.logs.events(HERE, "g", after=after, descending=descending, limit=limit)
        if not page:
            break
        found += page
        after = page[-1].place
    assert [event.message for event in found] == messages(store, descending=descending)
    assert len(found) == 30


def test_bytes_bound_a_page_but_there_is_always_one(store, seal) -> None:
    append(store, "a", (1, "é" * 5), (2, "b" * 10), (3, "c" * 10))
    seal()
    assert [len(text) for text in messages(store, max_bytes=20)] == [5, 10]
    assert [len(text) for text in messages(store, max_bytes=1)] == [5]


def test_an_event_is_as_it_was(store, seal) -> None:
    text = 'line\n\0 é \U0001f514 "'
    append(store, "a", (-5, text), (2**53, ""), at=77)
    seal()
    with store.read() as reader:
        first, second = reader.logs.events(HERE, "g", limit=10)
    assert (first.timestamp, first.ingestion_time, first.stream, first.message) == (-5, 77, "a", text)
    assert (second.timestamp, second.message) == (2**53, "")


def test_streams_by_name(store) -> None:
    for name in ("b", "a%", "a_", "aé", "a"):
        append(store, name)
    with store.read() as reader:
        logs = reader.logs
        assert [one.name for one in logs.streams(HERE, "g")] == ["a", "a%", "a_", "aé", "b"]
        assert [one.name for one in logs.streams(HERE, "g", prefix="a", after="a", limit=2)] == ["a%", "a_"]
        assert [one.name for one in logs.streams(HERE, "g", prefix="a_")] == ["a_"]
        assert logs.streams(HERE, "none") == []


@pytest.mark.parametrize("descending", [False, True])
def test_streams_by_last_event(store, seal, descending: bool) -> None:
    append(store, "none")
    append(store, "old", (5, "x"))
    append(store, "new", (1, "x"), (9, "y"))
    append(store, "tie", (9, "y"))
    seal()
    order = ["none", "old", "new", "tie"]
    wanted = order[::-1] if descending else order
    found, after = [], None
    while True:
        with store.read() as reader:
            page = reader.logs.streams_by_last_event(HERE, "g", descending=descending, after=after, limit=2)
        if not page:
            break
        found += [one.name for one in page]
        last = page[-1]
        after = (-1 if last.last_event is None else last.last_event, last.name)
    assert found == wanted


def test_deleted_streams_and_groups_are_gone(store, seal) -> None:
    append(store, "a", (1, "a"))
    append(store, "b", (2, "b"))
    append(store, "a", (3, "other"), group="other")
    seal()
    store.write(lambda writer: writer.logs.delete_stream(HERE, "g", "a"))
    assert messages(store) == ["b"]
    store.write(lambda writer: writer.logs.delete_group(HERE, "g"))
    assert messages(store) == []
    with store.read() as reader:
        assert reader.logs.streams(HERE, "g") == []
        assert [event.message for event in reader.logs.events(HERE, "other", limit=5)] == ["other"]
    # A stream of the same name begins anew.
    append(store, "a", (4, "again"))
    assert messages(store) == ["again"]


def test_what_fails_leaves_no_event(store) -> None:
    append(store, "a", (1, "a"))

    def work(writer) -> None:
        writer.logs.append(HERE, "g", "a", [(2, "b")], ingested_at=5)
        writer.logs.create_stream(HERE, "g", "new", at=5)
        writer.logs.delete_stream(HERE, "g", "a")
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert messages(store) == ["a"]
    with store.read() as reader:
        assert [one.name for one in reader.logs.streams(HERE, "g")] == ["a"]
        assert reader.logs.stream(HERE, "g", "a").last_ingestion == 9


def test_expired_events_go(store, seal) -> None:
    append(store, "a", *((second, str(second)) for second in range(10)))
    seal()
    store.write(lambda writer: writer.logs.expire(HERE, "g", before=6))
    # A block goes as a whole: what is older than the limit may stay as long as it shares one.
    left = messages(store, start=6)
    assert left == ["6", "7", "8", "9"]
    store.write(lambda writer: writer.logs.expire(HERE, "g", before=100))
    assert messages(store) == []


def test_reset_of_a_scope(store, seal) -> None:
    append(store, "a", (1, "a"))
    append(store, "a", (1, "there"), scope=THERE)
    seal()
    store.write(lambda writer: writer.reset(HERE))
    assert messages(store) == []
    with store.read() as reader:
        assert [event.message for event in reader.logs.events(THERE, "g", limit=5)] == ["there"]


# ---------------------------------------------------------------- look-ups


def record(number: int, *, name: str = "GetObject", role: str = "deploy", address: str = "192.0.2.1") -> str:
    return json.dumps(
        {
            "eventTime": "2026-01-01T00:00:00Z",
            "eventID": f"id-{number}",
            "eventName": name,
            "eventSource": "s3.amazonaws.com",
            "awsRegion": "eu-west-1",
            "recipientAccountId": "111122223333",
            "sourceIPAddress": address,
            "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/s{number}"},
        }
    )


DEPLOY = Term("actor", "arn:aws:iam::111122223333:role/deploy")


def ids(found) -> list[str]:
    return [json.loads(event.message)["eventID"] for event in found.events]


def test_look_up_gives_records_of_all_terms_newest_first(store, seal) -> None:
    append(store, "a", (1, record(1)), (2, record(2, role="other")), (3, record(3, name="PutObject")), (4, "no record"))
    seal()
    append(store, "b", (5, record(5)), (0, record(0)), group="second")
    with store.read() as reader:
        logs = reader.logs
        assert ids(logs.look_up(HERE, [DEPLOY], limit=10)) == ["id-5", "id-3", "id-1", "id-0"]
        assert ids(logs.look_up(HERE, [DEPLOY, Term("event_name", "GetObject")], limit=10)) == ["id-5", "id-1", "id-0"]
        assert ids(logs.look_up(HERE, [DEPLOY], group="g", limit=10)) == ["id-3", "id-1"]
        assert ids(logs.look_up(HERE, [DEPLOY], start=1, end=5, limit=10)) == ["id-3", "id-1"]
        assert ids(logs.look_up(HERE, [Term("scope", "111122223333/eu-west-1")], limit=2)) == ["id-5", "id-3"]
        assert ids(logs.look_up(THERE, [DEPLOY], limit=10)) == []
        assert logs.look_up(HERE, [Term("actor", "nobody")], limit=10).searched_back_to is None


def test_look_up_goes_on_where_it_stopped(store, seal) -> None:
    append(store, "a", *((second, record(second)) for second in range(20)))
    seal()
    found, before = [], None
    while True:
        with store.read() as reader:
            page = reader.logs.look_up(HERE, [DEPLOY], before=before, limit=3)
        found += ids(page)
        before = page.searched_back_to
        if before is None:
            break
    assert found == [f"id-{second}" for second in range(19, -1, -1)]


def test_record_is_found_by_its_id(store, seal) -> None:
    append(store, "a", (1, record(1)), (2, record(2)), (3, record(1)))
    seal()
    with store.read() as reader:
        assert [event.timestamp for event in reader.logs.find_record(HERE, "id-1")] == [1, 3]
        assert [event.timestamp for event in reader.logs.find_record(HERE, "id-2", near=2)] == [2]
        assert reader.logs.find_record(HERE, "id-9") == []
        assert reader.logs.find_record(THERE, "id-1") == []


def test_first_and_last_seen(store, seal) -> None:
    append(store, "a", (5, record(1)), (9, record(2)), (7, record(3, role="other")))
    seal()
    append(store, "a", (11, record(4)))
    with store.read() as reader:
        assert reader.logs.sighting(HERE, DEPLOY) == (5, 11)
        assert reader.logs.sighting(HERE, Term("actor", "nobody")) is None


def test_without_terms_everything_is_found(store, seal) -> None:
    append(store, "a", (1, record(1)), (3, "no record"))
    append(store, "b", (2, record(2)), group="other")
    seal()
    append(store, "a", (4, "{}"))
    with store.read() as reader:
        found = reader.logs.look_up(HERE, [], limit=3)
        assert [(event.timestamp, event.group, event.stream) for event in found.events] == [
            (4, "g", "a"),
            (3, "g", "a"),
            (2, "other", "b"),
        ]
        rest = reader.logs.look_up(HERE, [], before=found.searched_back_to, limit=3)
        assert [event.message for event in rest.events] == [record(1)]
        assert reader.logs.look_up(HERE, [], group="other", limit=3).events[0].timestamp == 2
        assert [event.group for event in reader.logs.events(HERE, "g", limit=9)] == ["g", "g", "g"]
        assert [event.group for event in reader.logs.find_record(HERE, "id-2")] == ["other"]


def test_values_are_found_by_a_part_of_them(store, seal) -> None:
    append(store, "a", (1, record(1, role="Deploy-A")), (9, record(2, role="deploy-b")), (5, record(3, role="other")))
    seal()
    append(store, "a", (7, record(4, role="Deploy-A")), (6, "no record"))
    with store.read() as reader:
        values = reader.logs.term_values
        assert [value.rpartition("/")[2] for value in values(HERE, "actor", holding="DEPLOY", limit=9)] == [
            "deploy-b",
            "Deploy-A",
        ]
        assert values(HERE, "actor", holding="deploy", limit=1) == values(HERE, "actor", holding="b", limit=1)
        assert len(values(HERE, "actor", holding="", limit=9)) == 3
        assert values(HERE, "key", holding="deploy", limit=9) == []
        assert values(THERE, "actor", holding="", limit=9) == []


def test_text_that_is_no_unicode_stops_nothing(store, seal) -> None:
    hostile = record(1, role="\ud800x\x00y")
    append(store, "a", (1, hostile), (2, record(2)))
    seal()
    with store.read() as reader:
        (term,) = [term for term in record_terms(hostile).terms if term.kind == "actor"]
        assert ids(reader.logs.look_up(HERE, [term], limit=3)) == ["id-1"]
        assert reader.logs.sighting(HERE, term) == (1, 1)


def test_event_place_orders_as_events_do() -> None:
    assert EventPlace(1, 9) < EventPlace(2, 1)
