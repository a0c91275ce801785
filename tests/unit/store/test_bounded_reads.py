"""What a page reads costs the same however much there is (CON-4.0): counted in steps of SQLite, not in time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.core.activity import HOUR_MS
from tocsin.core.log_event import EventPlace, Term
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

HERE = Scope("111122223333", "eu-west-1")
ALICE = Term("actor", "arn:aws:iam::111122223333:user/alice")
RARE = Term("actor", "arn:aws:iam::111122223333:user/rare")
OFFICE = Term("address", "192.0.2.10")

# Blocks are small here; what is counted is how many are touched.
_A_BLOCK = 4
_SMALL, _LARGE = 250, 1_500
_MINUTE = 60_000


def _record(number: int, *, is_rare: bool) -> str:
    actor = RARE if is_rare else ALICE
    return json.dumps(
        {
            "eventTime": "2026-01-01T00:00:00Z",
            "eventName": f"Call{number % 7}",
            "eventID": f"id-{number}",
            "sourceIPAddress": OFFICE.value,
            "userIdentity": {"type": "IAMUser", "arn": actor.value},
        }
    )


def _filled(path: Path, blocks: int) -> SqliteStore:
    """Blocks of a minute each, up to the same last minute."""
    store = SqliteStore(path)
    store.write(lambda writer: writer.logs.create_stream(HERE, "g", "s", at=1))
    last = 10_000
    for block in range(blocks):
        minute = last - blocks + 1 + block
        events = [
            (
                minute * _MINUTE + place,
                _record(minute * _A_BLOCK + place, is_rare=(last - minute) % 50 == 0 and place == 0),
            )
            for place in range(_A_BLOCK)
        ]
        store.write(lambda writer, events=events: writer.logs.append(HERE, "g", "s", events, ingested_at=1))
        store.pack_logs(at=10**15)
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bounded")
    made = [_filled(folder / f"{blocks}.sqlite3", blocks) for blocks in (_SMALL, _LARGE)]
    yield made
    for store in made:
        store.close()


def _steps(store: SqliteStore, read: Callable[[Any], object]) -> int:
    """Tens of instructions of SQLite's machine."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with store.read() as reader:
        read(reader.logs)  # statements are compiled, and the schema is read
        reader.connection.set_progress_handler(step, 10)
        try:
            read(reader.logs)
        finally:
            reader.connection.set_progress_handler(None, 0)
    return count


END = 10_001 * _MINUTE
READS: dict[str, Callable[[Any], object]] = {
    "what an actor did": lambda logs: logs.look_up(HERE, [ALICE], limit=50),
    "what an actor called": lambda logs: logs.look_up(HERE, [ALICE, Term("event_name", "Call3")], limit=50),
    "everything": lambda logs: logs.look_up(HERE, [], limit=50),
    "everything of a group": lambda logs: logs.look_up(HERE, [], group="g", limit=50),
    "a few blocks of a search in vain": lambda logs: logs.look_up(HERE, [ALICE, RARE], limit=50, blocks=5),
    "the next page": lambda logs: logs.look_up(HERE, [ALICE], before=EventPlace(9_990 * _MINUTE, 0), limit=50),
    "an hour": lambda logs: logs.look_up(HERE, [ALICE], start=END - HOUR_MS, limit=500),
    "a page of a group": lambda logs: logs.events(HERE, "g", descending=True, limit=50),
    "a record": lambda logs: logs.find_record(HERE, "id-39999", near=END),
    "first and last": lambda logs: logs.sighting(HERE, ALICE),
    "both together": lambda logs: logs.sighting(HERE, ALICE, beside=OFFICE),
    "calls by hour": lambda logs: logs.activity(HERE, ALICE, since=END - 3 * HOUR_MS, until=END),
    "addresses": lambda logs: logs.companions(HERE, ALICE, "address", since=END - 3 * HOUR_MS, until=END, limit=20),
    "actors": lambda logs: logs.companions(HERE, OFFICE, "actor", since=END - 3 * HOUR_MS, until=END, limit=20),
    "names of actors": lambda logs: logs.term_values(HERE, "actor", holding="ali", limit=5),
}


@pytest.mark.parametrize("read", READS.values(), ids=list(READS))
def test_six_times_as_much_costs_the_same(stores: list[SqliteStore], read: Callable[[Any], object]) -> None:
    small, large = (_steps(store, read) for store in stores)
    assert large <= 1.2 * small + 5


def test_both_stores_give_the_same_page(stores: list[SqliteStore]) -> None:
    pages = []
    for store in stores:
        with store.read() as reader:
            pages.append([event.timestamp for event in reader.logs.look_up(HERE, [ALICE], limit=50).events])
    assert pages[0] == pages[1]
    assert len(pages[0]) == 50
