"""A record as rows: null, an empty text and what is not there are three things (CON-4.5, CON-1.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.console.record_outline import MOST_LEVELS, MOST_ROWS, outline_of, text_of_row
from tocsin.core.event import Event


def outline(record: Any) -> Any:
    return outline_of(Event(json.dumps(record)))


def test_fields_stand_in_the_order_of_the_record() -> None:
    made = outline({"eventName": "X", "a": {"b": [1, {"c": None}], "d": {}}, "e": "", "f": True})
    assert [(row.depth, row.name, row.kind, row.text, row.clause) for row in made.rows] == [
        (0, "eventName", "string", "X", '$.eventName = "X"'),
        (0, "a", "object", "2", None),
        (1, "b", "array", "2", None),
        (2, "[0]", "number", "1", "$.a.b[*] = 1"),
        (2, "[1]", "object", "1", None),
        (3, "c", "null", "null", "$.a.b[*].c IS NULL"),
        (1, "d", "object", "0", None),
        (0, "e", "string", "", '$.e = ""'),
        (0, "f", "boolean", "true", "$.f IS TRUE"),
    ]
    assert [row.number for row in made.rows] == list(range(9))


def test_what_filters_often_ask_for_is_said_to_be_absent() -> None:
    made = outline({"errorMessage": None, "userIdentity": {"invokedBy": "x"}})
    paths = {field.path: field.clause for field in made.absent}
    assert paths["errorCode"] == "$.errorCode NOT EXISTS"
    assert paths["userIdentity.accessKeyId"] == "$.userIdentity.accessKeyId NOT EXISTS"
    assert "errorMessage" not in paths
    assert "userIdentity.invokedBy" not in paths


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("record", "is_too_large"),
    [
        (deep(MOST_LEVELS), False),
        (deep(MOST_LEVELS + 1), True),
        ({str(number): number for number in range(MOST_ROWS)}, False),
        ({str(number): number for number in range(MOST_ROWS + 1)}, True),
    ],
)
def test_a_record_that_is_too_large_has_no_rows(record: Any, is_too_large: bool) -> None:
    made = outline(record)
    assert made.is_too_large is is_too_large
    assert bool(made.rows) is not is_too_large


@pytest.mark.parametrize("message", ["no JSON", "[1, 2]", '"text"', "1", "null"])
def test_what_is_no_object_has_no_rows(message: str) -> None:
    assert outline_of(Event(message)).rows == ()
    assert text_of_row(Event(message), 0) is None


def test_the_whole_text_of_a_field_is_found_by_its_number() -> None:
    event = Event(json.dumps({"a": {"b": "x" * 100_000}, "c": 1}))
    assert text_of_row(event, 1) == "x" * 100_000
    assert text_of_row(event, 2) == "1"
    assert text_of_row(event, 3) is None
