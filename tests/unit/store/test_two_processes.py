"""Two processes on one database: a service, and a command beside it. Spec: AR-7, IF-7."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tocsin.core.scope import Scope
from tocsin.errors import StoreError
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite_schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.app.store_port import StoreWriter

HERE = Scope("111122223333", "eu-west-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.sqlite3"


@pytest.fixture
def stores(path: Path) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    one, other = SqliteStore(path), SqliteStore(path, migrates=False)
    yield one, other
    one.close()
    other.close()


def change(writer: StoreWriter, name: str = "a") -> int:
    writer.put("topic", HERE, name, name.encode())
    return writer.version("topic")


def test_versions_of_two_stores_are_never_the_same(stores: tuple[SqliteStore, SqliteStore]) -> None:
    seen: list[int] = []
    for number in range(20):
        for store in stores:
            seen.append(store.write(change))
            with stores[number % 2].read() as reader:
                assert reader.version("topic") == seen[-1]
    assert seen == sorted(set(seen))


def test_a_version_that_was_undone_in_one_is_never_given_by_the_other(
    stores: tuple[SqliteStore, SqliteStore],
) -> None:
    """Or what the one remembers of what was undone would pass for what the other has written."""
    undone: list[int] = []

    def fail(writer: StoreWriter) -> None:
        undone.append(change(writer, "never"))
        raise LookupError

    for store, other in (stores, stores[::-1]) * 3:
        with pytest.raises(LookupError):
            store.write(fail)
        assert other.write(change) not in undone


def test_each_sees_what_the_other_has_written_and_removed(stores: tuple[SqliteStore, SqliteStore]) -> None:
    one, other = stores
    one.write(change)
    with other.read() as reader:
        assert reader.get("topic", HERE, "a") == b"a"
    other.write(lambda writer: writer.delete("topic", HERE, "a"))
    with one.read() as reader:
        assert reader.get("topic", HERE, "a") is None


@pytest.mark.parametrize("version", [0, len(MIGRATIONS) - 1, len(MIGRATIONS) + 1])
def test_a_database_of_another_version_is_left_as_it_is(path: Path, version: int) -> None:
    store = SqliteStore(path)
    store.write(change)
    store._writing.execute(f"PRAGMA user_version = {version}")
    store.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"version {version}") as caught:
        SqliteStore(path, migrates=False)
    assert caught.value.hint
    assert path.read_bytes() == before


_COMMAND = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from tocsin.core.scope import Scope
    from tocsin.store.sqlite import SqliteStore

    for number in range(40):
        store = SqliteStore(Path(sys.argv[1]), migrates=False)
        store.write(lambda writer: writer.put("topic", Scope("111122223333", "eu-west-1"), f"b{number}", b""))
        with store.read() as reader:
            assert reader.get("topic", Scope("111122223333", "eu-west-1"), f"b{number}") == b""
        store.close()
    """
)


def test_commands_that_come_and_go_disturb_nobody(path: Path) -> None:
    """Each folds the write-ahead log up when it ends, while the service writes on."""
    store = SqliteStore(path)
    command = subprocess.Popen([sys.executable, "-c", _COMMAND, str(path)], stderr=subprocess.PIPE, text=True)
    written = 0
    while command.poll() is None or written < 100:
        name = f"a{written}"
        store.write(lambda writer, name=name: change(writer, name))
        with store.read() as reader:
            assert reader.get("topic", HERE, name) is not None
        written += 1
    assert command.stderr is not None
    told = command.stderr.read()
    command.stderr.close()
    assert (command.returncode, told) == (0, "")
    with store.read() as reader:
        assert len(reader.scan("topic", HERE)) == written + 40
    store.close()
