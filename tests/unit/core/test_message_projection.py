"""Which events have to be looked at closely: never too few. Spec: FP-14.2, FP-14.4."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.message_projection import MessageProjection
from tocsin.core.pattern import FilterPattern

PATTERNS = [
    "{ $.eventName = StopLogging }",
    '{ ($.eventName = "a") || ($.userIdentity.type = Root) }',
    "{ ($.eventName = a) && ($.x > 5) }",
    "{ $.errorCode = *Denied* }",
    "{ $.eventName != a }",
    "{ $.n = 1 }",
    "{ $.b = true }",
]

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-3, 7)
    | st.sampled_from(["a", "StopLogging", "Root", "AccessDenied", "1", "true"])
)
VALUE = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(st.sampled_from(["type", "x"]), SCALAR, max_size=2)
RECORD = st.dictionaries(
    st.sampled_from(["eventName", "userIdentity", "errorCode", "x", "n", "b"]), VALUE, max_size=5
).map(json.dumps)
MESSAGE = RECORD | st.text(max_size=10) | VALUE.map(json.dumps)


@given(st.lists(MESSAGE, max_size=8), st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
def test_what_is_left_out_matches_nothing(messages: list[str], patterns: list[str]) -> None:
    compiled = [FilterPattern.parse(pattern) for pattern in patterns]
    candidates = MessageProjection(compiled).candidates(messages)
    assert candidates == sorted(set(candidates))
    for place, message in enumerate(messages):
        if any(pattern.matches(message) for pattern in compiled):
            assert place in candidates


def test_most_events_are_left_out() -> None:
    projection = MessageProjection([FilterPattern.parse(PATTERNS[0])])
    messages = [json.dumps({"eventName": name}) for name in ("GetObject", "StopLogging", "PutObject")]
    assert projection.candidates(messages) == [1]
    assert projection.candidates([*messages, "no JSON", "[]", '{"eventName": {}}']) == [1, 3, 4]


@pytest.mark.parametrize("pattern", ["{ $.a NOT EXISTS }", "{ $.* = 1 }", "{ $.n > 5 }"])
def test_a_pattern_without_clues_lets_everything_through(pattern: str) -> None:
    projection = MessageProjection([FilterPattern.parse(PATTERNS[0]), FilterPattern.parse(pattern)])
    assert projection.everything
    assert projection.candidates(["x", "y"]) == [0, 1]


def test_no_patterns_want_nothing() -> None:
    assert MessageProjection([]).candidates(['{"a": 1}']) == []
