"""Where state lives. Each module implements `app.store_port.Store`; they never import each other. Spec: AR-5, AR-7."""

from __future__ import annotations

STORES = {"memory": "tocsin.store.memory:MemoryStore", "sqlite": "tocsin.store.sqlite:SqliteStore"}
"""The stores by the name that `server.store` knows them by (IF-9)."""
