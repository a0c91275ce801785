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


@pytest.fixture(params=[*sorted(STORES), _BATCHES])
def store(request, tmp_path, monkeypatch):
    if request.param == _BATCHES:
        monkeypatch.setattr(log_batch, "LEAST_EVENTS", 1)
    opened = _open(request.param.removesuffix("-batches"), tmp_path)
    yield opened
    opened.close()
