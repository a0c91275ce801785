"""Every store, one after the other."""

from __future__ import annotations

from importlib import import_module

import pytest

from tocsin.store import STORES


def _open(name: str, folder):
    module, _, cls = STORES[name].partition(":")
    kind = getattr(import_module(module), cls)
    return kind() if name == "memory" else kind(folder / "tocsin.sqlite3")


@pytest.fixture(params=sorted(STORES))
def store(request, tmp_path):
    opened = _open(request.param, tmp_path)
    yield opened
    opened.close()
