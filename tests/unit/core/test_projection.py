"""Which records need a closer look (FP-14.2, FP-14.4, FP-14.5)."""

from __future__ import annotations

import json

import msgspec
import pytest
from synthetic import log_file, record

from tocsin.core import projection as module
from tocsin.core.pattern import FilterPattern
from tocsin.core.projection import Projection, clues_of


def projected(*patterns: str, also: tuple[tuple[str, ...], ...] = ()) -> Projection:
    return Projection(map(FilterPattern.parse, patterns), also=also)


def candidates(patterns: tuple[str, ...], *fields: dict) -> list[int]:
    made = projected(*patterns)
    file = made.decode_log_file(log_file(*({"eventTime": "2026-03-01T00:00:00Z", **one} for one in fields)))
    first = list(made.candidates(file.Records))
    assert list(made.candidates(file.Records)) == first  # what is remembered changes nothing
    return first


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("{ $.eventName = A }", ["eventName"]),
        ("{ $.eventName = A || $.eventName = B }", ["eventName", "eventName"]),
        ("{ $.eventName = A && $.errorCode = x }", ["eventName"]),
        ('{ $.errorCode = "x*" && $.eventName = A }', ["eventName"]),
        ('{ $.errorCode = "x*" && $.userIdentity.type = Root }', ["userIdentity.type"]),
        ("{ $.errorCode != x && $.userAgent = %y% }", ["userAgent"]),
        ("{ $.errorCode != x && $.errorCode NOT EXISTS }", ["errorCode"]),
        ("{ $.eventName = A || $.errorCode = * }", ["eventName", "errorCode"]),
        ("{ $.['detail-type'] = A }", ["detail-type"]),
        ("{ $.n = 5 }", ["n"]),
    ],
)
def test_a_pattern_gives_clues(pattern: str, paths: list[str]) -> None:
    clues = clues_of(FilterPattern.parse(pattern))
    assert clues is not None
    assert [".".join(clue.path) for clue in clues] == paths


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "StopLogging",
        "[a, b]",
        "{ $.errorCode NOT EXISTS }",
        "{ $.readOnly IS TRUE }",
        "{ $.n > 5 }",
        "{ $.eventName = A || $.n > 5 }",
        "{ $.a[0] = x }",
        "{ $.a.b.c.d.e = x }",
        '{ $.["é"] = x }',
        '{ $.[""] = x }',
    ],
)
def test_other_patterns_make_every_record_a_candidate(pattern: str) -> None:
    assert clues_of(FilterPattern.parse(pattern)) is None
    assert candidates((pattern,), {}, {"eventName": "A"}) == [0, 1]


def test_without_patterns_nothing_is_a_candidate() -> None:
    assert candidates((), {"eventName": "A"}) == []


@pytest.mark.parametrize(
    ("pattern", "values", "wanted"),
    [
        ("{ $.f = A }", ["A", "B", None, "A"], [0, 3]),
        ('{ $.f = "A*" }', ["AB", "BA", ""], [0]),
        ("{ $.f != A }", ["A", "B", None], [1]),
        ("{ $.f = true }", [True, False, "true", 1], [0, 2, 3]),
        ('{ $.f = "t*" }', [True, False], [0]),
        ("{ $.f = 1 }", [1, 1.0, "1", True, 2], [0, 1, 2, 4]),
        ("{ $.f = A }", ["A", {}, [], "B"], [0]),
        ("{ $.f != A }", [{"x": 1}, ["A"], "B"], [2]),
    ],
)
def test_candidates_are_those_of_which_a_clue_may_hold(pattern: str, values: list, wanted: list[int]) -> None:
    assert candidates((pattern,), *({"f": value} for value in values)) == wanted


def test_an_object_on_the_way_may_be_null_or_absent() -> None:
    pattern = "{ $.userIdentity.sessionContext.x = A }"
    ways = [{"sessionContext": {"x": "A"}}, {"sessionContext": None}, None, {}, {"sessionContext": {"x": "B"}}]
    assert candidates((pattern,), *({"userIdentity": way} for way in ways), {}) == [0]


def test_a_path_and_one_below_it_can_be_watched_together() -> None:
    patterns = ("{ $.a = x }", "{ $.a.b = x }")
    assert candidates(patterns, {"a": {"b": "x"}}, {"a": {"b": "y"}}, {}) == [0]


def test_memory_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    made = projected("{ $.f = A }")
    for start in range(0, 100, 5):
        values = [record(f=f"v{start + n}") for n in range(5)] + [record(f="A")]
        assert made.candidates(made.decode_log_file(log_file(*values)).Records) == [5]


@pytest.mark.parametrize(
    "odd",
    [
        {"eventTime": 7},
        {},
        {"eventTime": "x", "s3": {}},
        {"eventTime": "x", "body": ""},
        {"eventTime": "x", "Sns": None},
        {"eventTime": "x", "kinesis": {}},
        {"eventTime": "x", "eventSource": "aws:s3"},
        {"eventTime": "x", "eventSource": 5},
        {"eventTime": "x", "userIdentity": "alice"},
        7,
        None,
        [],
    ],
)
def test_what_may_be_no_record_is_not_decoded(odd: object) -> None:
    made = projected("{ $.userIdentity.type = Root }")
    with pytest.raises(msgspec.ValidationError):
        made.decode_log_file(log_file(odd))
    with pytest.raises(msgspec.ValidationError):
        made.decode_elements(json.dumps([odd]).encode())


@pytest.mark.parametrize(
    "key", ["Type", "Records", "detail-type", "awslogs", "messageType", "digestStartTime", "Events"]
)
def test_a_value_that_may_have_another_form_is_not_decoded(key: str) -> None:
    made = projected()
    for odd in ({**record(), key: "x"}, {"eventTime": "2026-03-01T00:00:00Z"}):
        with pytest.raises(msgspec.ValidationError):
            made.decode_values(json.dumps([odd]).encode())
        with pytest.raises(msgspec.ValidationError):
            made.decode_lines(json.dumps(odd).encode())


def test_a_log_file_with_other_members_is_not_decoded() -> None:
    with pytest.raises(msgspec.ValidationError):
        projected().decode_log_file(b'{"Records":[],"Type":"Notification"}')


def test_other_columns_can_be_asked_for() -> None:
    made = projected("{ $.eventName = A }", also=(("awsRegion",), ("userIdentity", "accountId")))
    records = made.decode_log_file(log_file(record(), record(awsRegion=None, userIdentity=None), record())).Records
    assert made.column(records, ("awsRegion",)) == ["us-east-1", None, "us-east-1"]
    assert made.column(records, ("userIdentity", "accountId")) == [None, None, None]
    assert made.times(records) == ["2026-03-01T10:00:00Z"] * 3
