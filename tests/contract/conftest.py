"""Every store, one after the other."""

from __future__ import annotations

from importlib import import_module

import pytest

from tocsin.store import STORES, log_batch


def _open(name: str, folder):
    module, _, cls = STORES[name].partition(":")
    kind = getattr(import_module(module), cls)
    return kind() if name == "memory" else kind(folder / "tocsin.sqlite3")


# SQLite once more, with the log events of every call in a batch, as those of large calls are.
_BATCHES = "sqlite-batches"
_OF_LOG_EVENTS = {"test_store_activity", "test_store_event_counts", "test_store_logs"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every store; where log events are looked at, batches of them too."""
    if "store" in metafunc.fixturenames:
        more = [_BATCHES] if metafunc.module.__name__.rpartition(".")[2] in _OF_LOG_EVENTS else []
        metafunc.parametrize("store", [*sorted(STORES), *more], indirect=True)


@pytest.fixture
def store(request, tmp_path, monkeypatch):
    if request.param == _BATCHES:
        monkeypatch.setattr(log_batch, "LEAST_EVENTS", 1)
    opened = _open(request.param.removesuffix("-batches"), tmp_path)
    yield opened
    opened.close()
