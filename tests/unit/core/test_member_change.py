"""What became another, member by member. Spec: CON-4.10."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.member_change import member_changes


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        (None, None, []),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("b", "2", "3")]),
        ({"a": 1}, {}, [("a", "1", None)]),
        ({}, {"a": None}, [("a", None, "null")]),
        ({"a": None}, {"a": ""}, [("a", "null", '""')]),
        ({"a": 1}, {"a": True}, [("a", "1", "true")]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 3}}}, [("a.b.d", "2", "3")]),
        (None, {"a": {"b": 1}, "c": [1, 2]}, [("a.b", None, "1"), ("c", None, "1"), ("c", None, "2")]),
        ({"a": {"b": 1}}, None, [("a.b", "1", None)]),
        (None, {}, [("", None, "{}")]),
        ({"a": []}, {}, [("a", "[]", None)]),
        ({"a": {}}, {"a": []}, [("a", "{}", "[]")]),
        ({"a": [1, 2, 2]}, {"a": [2, 3]}, [("a", "1", None), ("a", "2", None), ("a", None, "3")]),
        ({"a": [1, 2]}, {"a": [2, 1]}, [("a", "[1, 2]", "[2, 1]")]),
        ({"t": [{"Key": "k", "Value": "v"}]}, {"t": []}, [("t", '{"Key": "k", "Value": "v"}', None)]),
        ("on", "off", [("", '"on"', '"off"')]),
        (None, "é\u202e", [("", None, '"é\u202e"')]),
        ([1], None, [("", "1", None)]),
    ],
)
def test_members_that_differ(before: Any, after: Any, lines: list[tuple[str, str | None, str | None]]) -> None:
    assert member_changes(before, after) == lines


def test_what_is_deep_is_compared_as_a_whole() -> None:
    deep: Any = 1
    other: Any = 2
    for _ in range(50):
        deep, other = {"a": deep}, {"a": other}
    (line,) = member_changes(deep, other)
    assert line.path == ".".join("a" * 8)
    assert line.before is not None
    assert line.before.startswith('{"a": ')
