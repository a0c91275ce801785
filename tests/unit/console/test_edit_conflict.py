"""Two people change one thing (CON-7.5): what it was, theirs, yours, and what both together are."""

from __future__ import annotations

import pytest

from tocsin.console.edit_conflict import conflict_of, packed, unpacked, version_of

LABELS = {"a": "First", "b": "Second", "c": "Third"}
WAS = {"a": "1", "b": "1", "c": "1"}


def test_a_version_changes_with_the_fields_and_not_with_their_order() -> None:
    assert version_of(WAS) == version_of(dict(reversed(WAS.items())))
    assert version_of(WAS) != version_of({**WAS, "a": "2"})


def test_fields_are_carried_as_text() -> None:
    assert unpacked(packed(WAS)) == WAS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_what_was_broken_on_the_way_is_nothing(text: str) -> None:
    assert unpacked(text) == {}


def test_what_only_one_changed_is_merged() -> None:
    conflict = conflict_of(WAS, {**WAS, "a": "theirs"}, {**WAS, "b": "yours"}, LABELS)
    assert conflict.merged == {"a": "theirs", "b": "yours", "c": "1"}
    assert conflict.contested == 0
    assert [change.label for change in conflict.changes] == ["First", "Second"]


def test_what_both_changed_is_contested_and_yours() -> None:
    conflict = conflict_of(WAS, {**WAS, "a": "theirs"}, {**WAS, "a": "yours"}, LABELS)
    assert conflict.merged["a"] == "yours"
    assert conflict.contested == 1


def test_the_same_change_by_both_is_no_contest() -> None:
    conflict = conflict_of(WAS, {**WAS, "a": "2"}, {**WAS, "a": "2"}, LABELS)
    assert conflict.contested == 0


def test_the_version_is_that_of_theirs() -> None:
    theirs = {**WAS, "a": "2"}
    assert conflict_of(WAS, theirs, WAS, LABELS).version == version_of(theirs)
