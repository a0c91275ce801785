"""Parts of a page that are made once for everybody (CON-6.4, CON-10.4)."""

from __future__ import annotations

import threading

import pytest

from tocsin.console.shared_part import SharedParts

WAIT = 10.0


def test_a_part_is_made_once_for_all_who_ask() -> None:
    parts: SharedParts[str] = SharedParts()
    assert parts.get("a", lambda: ("first", True)) == "first"
    assert parts.get("a", lambda: ("second", True)) == "first"
    assert parts.get("b", lambda: ("other", True)) == "other"


def test_what_is_one_visitors_own_is_given_to_nobody_else() -> None:
    parts: SharedParts[str] = SharedParts()
    assert parts.get("a", lambda: ("alice's", False)) == "alice's"
    assert parts.get("a", lambda: ("bob's", False)) == "bob's"
    assert parts.get("a", lambda: ("carol's", True)) == "carol's"
    assert parts.get("a", lambda: ("dave's", False)) == "dave's"


def test_who_asks_while_it_is_made_waits_for_it() -> None:
    parts: SharedParts[str] = SharedParts()
    is_begun, may_end, got = threading.Event(), threading.Event(), []

    def slow() -> tuple[str, bool]:
        is_begun.set()
        assert may_end.wait(WAIT)
        return "slow", True

    first = threading.Thread(target=lambda: got.append(parts.get("a", slow)))
    first.start()
    assert is_begun.wait(WAIT)
    second = threading.Thread(target=lambda: got.append(parts.get("a", lambda: ("made again", True))))
    second.start()
    assert parts.get("b", lambda: ("other", True)) == "other"  # others wait for nothing
    may_end.set()
    first.join(WAIT)
    second.join(WAIT)
    assert got == ["slow", "slow"]


def test_what_could_not_be_made_is_made_by_the_next() -> None:
    parts: SharedParts[str] = SharedParts()

    def fails() -> tuple[str, bool]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        parts.get("a", fails)
    assert parts.get("a", lambda: ("made", True)) == "made"


def test_what_nobody_has_asked_for_longest_goes_first() -> None:
    parts: SharedParts[str] = SharedParts(most=2)
    parts.get("a", lambda: ("a", True))
    parts.get("b", lambda: ("b", True))
    parts.get("a", lambda: ("not made", True))
    parts.get("c", lambda: ("c", True))
    assert parts.get("a", lambda: ("made again", True)) == "a"
    assert parts.get("b", lambda: ("made again", True)) == "made again"
