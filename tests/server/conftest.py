"""One server for tests that only need one, and an account for each of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from live_server import LiveServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS = itertools.count(300_000_000_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on SQLite, without keys, that all tests share."""
    with LiveServer(tmp_path_factory.mktemp("server") / "data", environ={"TOCSIN_ALARM_EVALUATION_DELAY": "0"}) as live:
        yield live


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return str(next(_ACCOUNTS))
