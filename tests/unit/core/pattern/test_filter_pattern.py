"""The public face of a pattern: `FilterPattern` (IF-5)."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.core.event import Event
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.tree import Compare, Json, Name
from tocsin.errors import PatternError

SOURCE = '{($.eventName=StopLogging)&&($.awsRegion="eu-*")}'
HIT = '{"eventName": "StopLogging", "awsRegion": "eu-west-1"}'
MISS = '{"eventName": "StopLogging", "awsRegion": "us-east-1"}'


def test_pattern_answers_for_text_bytes_and_events() -> None:
    pattern = FilterPattern.parse(SOURCE)
    for message in (HIT, HIT.encode()):
        assert pattern.matches(message)
        assert pattern.matches_event(Event(message))
        assert pattern.explain(message).matches
        assert pattern.extract(message) == {"$.eventName": "StopLogging", "$.awsRegion": "eu-west-1"}
    assert not pattern.matches(MISS)
    assert pattern.extract(MISS) is None
    assert pattern.extract("not JSON") is None


def test_pattern_keeps_its_source_and_prints_canonically() -> None:
    pattern = FilterPattern.parse(SOURCE)
    assert pattern.source == SOURCE
    assert str(pattern) == '{ $.eventName = StopLogging && $.awsRegion = "eu-*" }'
    assert repr(pattern) == f"FilterPattern.parse({SOURCE!r})"
    assert isinstance(pattern.tree, Json)


def test_patterns_are_equal_when_their_trees_are() -> None:
    pattern = FilterPattern.parse(SOURCE)
    again = FilterPattern.parse(str(pattern))
    assert (again, hash(again), again.tree) == (pattern, hash(pattern), pattern.tree)
    assert len({pattern, again}) == 1
    for other in ('{ $.eventName = "StopLogging" && $.awsRegion = "eu-*" }', "{ $.eventName = StopLogging }", ""):
        assert FilterPattern.parse(other) != pattern
    assert pattern != str(pattern)


def test_parsing_is_remembered() -> None:
    assert FilterPattern.parse(SOURCE) is FilterPattern.parse(SOURCE)


def test_pattern_crosses_process_boundaries_as_text() -> None:
    pattern = FilterPattern.parse(SOURCE)
    stored = pickle.dumps(pattern)
    assert pickle.loads(stored) == pattern
    assert pickle.loads(stored).matches(HIT)
    assert len(stored) < 200


def test_refusal_is_a_pattern_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(PatternError) as caught:
            FilterPattern.parse("{ $.a == 1 }")
        assert (caught.value.source, caught.value.position) == ("{ $.a == 1 }", 6)


@pytest.mark.parametrize(
    ("source", "warnings"),
    [
        ("{ $.eventName = A }", ()),
        ("{ $.eventName = A* }", ("no-index-key",)),
        ("{ $.eventName = A && $.eventName = B }", ()),
        (r'{ $.path = "C:\temp\x" }', ("single-backslash", "no-index-key")),
        ("[a = 1, a = 2]", ("duplicate-column",)),
        ("[a = 1 && b = 2, b]", ("foreign-column",)),
        ("ERROR", ()),
        ("", ()),
    ],
)
def test_warnings_name_what_reading_found(source: str, warnings: tuple[str, ...]) -> None:
    assert FilterPattern.parse(source).warnings == warnings


def test_what_the_index_needs() -> None:
    pattern = FilterPattern.parse("{ $.eventName = A && $.eventSource = b.amazonaws.com && $.x.y = 1 }")
    assert pattern.index_keys == {"A"}
    assert pattern.keys_for(("eventSource",)) == {"b.amazonaws.com"}
    assert pattern.keys_for(("x", "y")) is None
    assert pattern.required_fields == {(Name("eventName"),), (Name("eventSource"),), (Name("x"), Name("y"))}
    assert FilterPattern.parse("{ $.eventName = A && $.eventName = B }").index_keys == frozenset()


def test_threads_may_share_a_pattern() -> None:
    pattern = FilterPattern.parse("{ $.eventName = %^(Stop|Delete)%".replace("(", "").replace(")", "") + " }")
    messages = [HIT, MISS, "not JSON", '{"eventName": "Get"}'] * 50
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pattern.matches, messages)) == [True, True, False, False] * 50


def test_positions_are_kept_in_the_tree() -> None:
    tree = FilterPattern.parse("  { $.a = 1 }").tree
    assert isinstance(tree, Json)
    assert isinstance(tree.expr, Compare)
    assert tree.expr.position == 4
