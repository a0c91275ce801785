"""Events out of text that somebody pasted (CON-4.7): each with its own text, as PutLogEvents would get it."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.app.pasted_event import pasted_events

RECORD = '{"eventTime":"2026-01-01T00:00:00Z","n":1.50}'

TEXTS = [
    ("", []),
    ("  \n ", []),
    ('{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
    ('{\n  "a": 1\n}', ['{\n  "a": 1\n}']),
    ('{"Records": [{"a":1.0}, {"b":2}]}', ['{"a":1.0}', '{"b":2}']),
    ('[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']),
    ("10.0.0.1 GET 404\n\nplain\n", ["10.0.0.1 GET 404", "plain"]),
    ('docker: {"a":1}\n{"a":2}', ['docker: {"a":1}', '{"a":2}']),
    ('{"a": ', ['{"a": ']),
    (f'{{"Events":[{{"CloudTrailEvent":{msgspec.json.encode(RECORD).decode()}}}]}}', [RECORD]),
    (f'{{"Messages":[{{"Body":{msgspec.json.encode(RECORD).decode()}}}]}}', [RECORD]),
    ('{"Events":[{"EventId":"x"}, 7]}', ['{"EventId":"x"}', "7"]),
    ('{"events":[{"timestamp":1,"message":"a line"}],"nextToken":"t"}', ["a line"]),
    ('{"events":{"a":1}}', ['{"events":{"a":1}}']),
    ('{"detail-type":"x","detail":{"a":1}}', ['{"detail-type":"x","detail":{"a":1}}']),
    ('"text" 7', ['"text"', "7"]),
]


@pytest.mark.parametrize(("text", "messages"), TEXTS)
def test_what_is_pasted_is_cut_into_events(text: str, messages: list[str]) -> None:
    assert pasted_events(text, limit=50) == messages


@pytest.mark.parametrize("text", ["a\nb\nc", '{"a":1}{"a":2}{"a":3}', '{"Records":[{"a":1},{"a":2},{"a":3}]}'])
def test_no_more_than_asked_for_is_taken(text: str) -> None:
    assert len(pasted_events(text, limit=2)) == 2


def test_too_deep_a_value_is_taken_as_a_line() -> None:
    text = "[" * 600 + "]" * 600
    assert pasted_events(text, limit=2) == [text]
