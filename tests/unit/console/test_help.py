from __future__ import annotations

from console_bench import ConsoleBench

from tocsin.console.navigation import NAVIGATION


def test_every_key_that_leads_somewhere_is_told() -> None:
    seen = ConsoleBench().get("help")
    keys = [f"g {entry.key}" for _, entries in NAVIGATION for entry in entries if entry.key]
    assert all(key in seen.words for key in keys)
    assert seen.html is not None
