"""Writing: one at a time, together where several wait. Spec: AR-7, WIRE-7.7."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.errors import StoreError
from tocsin.store.sqlite_writer import GroupCommit


class Table:
    """As much of a writer as these tests need."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def add(self, name: str) -> str:
        self.connection.execute("INSERT INTO t VALUES (?)", (name,))
        return name


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "t.sqlite3", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE t (name TEXT)")
    yield connection
    connection.close()


@pytest.fixture
def commits(connection) -> GroupCommit:
    return GroupCommit(connection, lambda: Table(connection))


@pytest.fixture
def statements(connection) -> list[str]:
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    return seen


class Waiting:
    """Works that wait behind one that stands still until it is told to go on."""

    def __init__(self, commits: GroupCommit, works) -> None:
        self.outcomes: dict[int, object] = {}
        self._go, busy = threading.Event(), threading.Event()

        def stand_still(_table) -> None:
            busy.set()
            assert self._go.wait(20)

        self._commits = commits
        self._threads = [threading.Thread(target=commits.write, args=(stand_still,))]
        self._threads[0].start()
        assert busy.wait(20)
        for number, work in enumerate(works):
            thread = threading.Thread(target=self._run, args=(number, work))
            self._threads.append(thread)
            thread.start()
            while len(commits._waiting) <= number:  # it is in the queue in a moment, or the thread has ended
                thread.join(0.001)
                assert thread.is_alive()

    def _run(self, number: int, work) -> None:
        try:
            self.outcomes[number] = self._commits.write(work)
        except BaseException as error:  # noqa: BLE001  (it is what the test looks at)
            self.outcomes[number] = error

    def go_on(self) -> dict[int, object]:
        self._go.set()
        for thread in self._threads:
            thread.join(20)
        return self.outcomes


def names(connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM t ORDER BY rowid")]


def test_works_that_wait_share_a_commit_in_the_order_in_which_they_came(commits, connection, statements) -> None:
    waiting = Waiting(commits, [lambda table, name=name: table.add(name) for name in "abcdef"])
    statements.clear()
    assert waiting.go_on() == dict(enumerate("abcdef"))
    assert statements.count("COMMIT") == 2  # of the one that stood still, and of the six
    assert names(connection) == list("abcdef")


def test_more_than_share_a_commit_take_turns(commits, connection, monkeypatch) -> None:
    monkeypatch.setattr("tocsin.store.sqlite_writer._MOST_TOGETHER", 2)
    waiting = Waiting(commits, [lambda table, name=name: table.add(name) for name in "abcde"])
    waiting.go_on()
    assert names(connection) == list("abcde")


def test_one_that_fails_takes_nothing_of_the_others_with_it(commits, connection) -> None:
    def fails(table) -> None:
        table.add("x")
        raise ValueError("no")

    outcomes = Waiting(commits, [lambda table: table.add("a"), fails, lambda table: table.add("b")]).go_on()
    assert outcomes[0] == "a"
    assert isinstance(outcomes[1], ValueError)
    assert names(connection) == ["a", "b"]


def test_an_interrupt_is_told_to_its_own_thread_alone(commits, connection) -> None:
    def interrupted(_table) -> None:
        raise KeyboardInterrupt

    outcomes = Waiting(commits, [interrupted, lambda table: table.add("a")]).go_on()
    assert isinstance(outcomes[0], KeyboardInterrupt)
    assert isinstance(outcomes[1], StoreError)
    assert commits.write(lambda table: table.add("b")) == "b"
    assert names(connection) == ["b"]


def test_a_failing_disk_is_told_to_all_and_it_goes_on(commits, connection) -> None:
    def breaks(table) -> None:
        table.connection.execute("INSERT INTO missing VALUES (1)")

    outcomes = Waiting(commits, [lambda table: table.add("a"), breaks]).go_on()
    assert [type(one) for one in outcomes.values()] == [sqlite3.OperationalError] * 2
    commits.write(lambda table: table.add("b"))
    assert names(connection) == ["b"]


def test_a_work_that_writes_is_a_defect_and_not_a_dead_end(commits) -> None:
    with pytest.raises(RuntimeError, match="cannot wait for another"):
        commits.write(lambda _table: commits.write(lambda table: table.add("a")))


def test_closing_does_what_waits_and_takes_no_more(commits, connection) -> None:
    waiting = Waiting(commits, [lambda table: table.add("a")])
    closing = threading.Thread(target=commits.close)
    closing.start()
    assert waiting.go_on() == {0: "a"}
    closing.join(20)
    assert names(connection) == ["a"]
    with pytest.raises(StoreError, match="closed"):
        commits.write(lambda table: table.add("b"))
    commits.close()  # once more does no harm


def in_another_thread(work) -> object:
    """What comes of it, an error too."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001  (it is what the test looks at)
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return outcome[0]


def test_who_has_the_turn_writes_at_once_and_others_wait(commits, connection) -> None:
    assert commits.take_turn()
    assert not in_another_thread(commits.take_turn)
    other = threading.Thread(target=commits.write, args=(lambda table: table.add("c"),))
    other.start()
    while not commits._waiting:
        other.join(0.001)
    assert commits.write(lambda table: table.add("a")) == "a"
    assert commits.write(lambda table: table.add("b")) == "b"  # as often as it likes
    assert other.is_alive()
    commits.end_turn()
    other.join(20)
    assert names(connection) == ["a", "b", "c"]
    assert commits.take_turn()
    commits.end_turn()


def test_nobody_has_the_turn_while_somebody_writes_or_after_the_end(commits, connection) -> None:
    waiting = Waiting(commits, [])
    assert not commits.take_turn()
    waiting.go_on()
    commits.close()
    assert not commits.take_turn()
    assert not connection.in_transaction


def test_a_turn_without_a_work_changes_nothing_and_lets_others_write(commits, connection) -> None:
    assert commits.take_turn()
    commits.end_turn()
    assert not connection.in_transaction
    assert in_another_thread(lambda: commits.write(lambda table: table.add("a"))) == "a"


def test_a_work_that_fails_in_a_turn_leaves_nothing_and_the_turn_goes_on(commits, connection) -> None:
    def fails(table) -> None:
        table.add("x")
        raise ValueError("no")

    assert commits.take_turn()
    with pytest.raises(ValueError, match="no"):
        commits.write(fails)
    with pytest.raises(RuntimeError, match="cannot wait for another"):
        commits.write(lambda _table: commits.write(lambda table: table.add("y")))
    commits.write(lambda table: table.add("a"))
    commits.end_turn()
    assert names(connection) == ["a"]


def test_what_is_done_alone_shares_no_commit(commits, connection, statements) -> None:
    def looks() -> str:
        assert not connection.in_transaction
        return "alone"

    waiting = Waiting(commits, [lambda table: table.add("a"), lambda table: table.add("b")])
    outcome: list[str] = []
    apart = threading.Thread(target=lambda: outcome.append(commits.alone(looks)))
    apart.start()
    while len(commits._waiting) < 3:
        apart.join(0.001)
    last = threading.Thread(target=commits.write, args=(lambda table: table.add("c"),))
    last.start()
    while len(commits._waiting) < 4:
        last.join(0.001)
    statements.clear()
    waiting.go_on()
    for thread in (apart, last):
        thread.join(20)
    assert outcome == ["alone"]
    assert names(connection) == ["a", "b", "c"]
    assert statements.count("COMMIT") == 3  # of the one that stood still, of the two, and of the last


def test_what_fails_alone_is_told(commits) -> None:
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        commits.alone(fails)
    assert commits.write(lambda table: table.add("a")) == "a"
