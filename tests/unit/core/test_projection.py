"""Which records need a closer look (FP-14.2, FP-14.4, FP-14.5)."""

from __future__ import annotations

import json

import msgspec
import pytest
from synthetic import log_file, record

from tocsin.core import projection as module
from tocsin.core.pattern import FilterPattern
from tocsin.core.projection import Projection, clues_of

LEVELS = 100


def projected(*patterns: str, also: tuple[tuple[str, ...], ...] = ()) -> Projection:
    return Projection(map(FilterPattern.parse, patterns), also=also)


def candidates(patterns: tuple[str, ...], *fields: dict) -> list[int]:
    made = projected(*patterns)
    file = made.decode(
        "log_file", log_file(*({"eventTime": "2026-03-01T00:00:00Z", **one} for one in fields)), levels=LEVELS
    )
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
        assert made.candidates(made.decode("log_file", log_file(*values), levels=LEVELS).Records) == [5]


@pytest.mark.parametrize(
    "odd",
    [
        {"eventTime": 7},
        {},
        {"eventTime": "x", "s3": {}},
        {"eventTime": None, "body": ""},
        {"Sns": {}},
        {"eventTime": "x", "userIdentity": "alice"},
        7,
        None,
        [],
    ],
)
def test_what_may_be_no_record_is_not_decoded(odd: object) -> None:
    made = projected("{ $.userIdentity.type = Root }")
    with pytest.raises(msgspec.ValidationError):
        made.decode("log_file", log_file(odd), levels=LEVELS)
    with pytest.raises(msgspec.ValidationError):
        made.decode("elements", json.dumps([odd]).encode(), levels=LEVELS)


@pytest.mark.parametrize(
    "key", ["Type", "Records", "detail-type", "awslogs", "messageType", "digestStartTime", "Events"]
)
def test_a_value_that_may_have_another_form_is_not_decoded(key: str) -> None:
    made = projected()
    odds = (
        {**record(), key: "x"},
        {**record(), "s3": {}},
        {**record(), "eventSource": "aws:s3"},
        {**record(), "eventSource": 5},
        {"eventTime": "2026-03-01T00:00:00Z"},
    )
    for odd in odds:
        with pytest.raises(msgspec.ValidationError):
            made.decode("values", json.dumps([odd]).encode(), levels=LEVELS)
        with pytest.raises(msgspec.ValidationError):
            made.decode("lines", json.dumps(odd).encode(), levels=LEVELS)


def test_a_log_file_with_other_members_is_not_decoded() -> None:
    with pytest.raises(msgspec.ValidationError):
        projected().decode("log_file", b'{"Records":[],"Type":"Notification"}', levels=LEVELS)


def test_other_columns_can_be_asked_for() -> None:
    made = projected("{ $.eventName = A }", also=(("awsRegion",), ("userIdentity", "accountId")))
    records = made.decode(
        "log_file", log_file(record(), record(awsRegion=None, userIdentity=None), record()), levels=LEVELS
    ).Records
    assert made.column(records, ("awsRegion",)) == ["us-east-1", None, "us-east-1"]
    assert made.column(records, ("userIdentity", "accountId")) == [None, None, None]
    assert made.times(records) == ["2026-03-01T10:00:00Z"] * 3


# ---------------------------------------------------------------- the decoder of cold values


def values_of_field(made: Projection, form: str, *fields: dict) -> tuple[str, list[int]]:
    """How a text was decoded, and the candidates in it."""
    rows = [record(**one) for one in fields]
    text = {
        "log_file": log_file(*rows),
        "elements": json.dumps(rows).encode(),
        "values": json.dumps(rows).encode(),
        "lines": b"\n".join(json.dumps(row).encode() for row in rows),
    }[form]
    decoded = made.decode(form, text, levels=LEVELS)
    records = decoded.Records if form == "log_file" else decoded
    way = "cold" if isinstance(records[0], module._ColdRecord) else "general"
    return way, list(made.candidates(records))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn from the first text on."""
    monkeypatch.setattr(module, "_LEARN_AFTER", 1)


@pytest.mark.parametrize("form", ["log_file", "elements", "values", "lines"])
def test_texts_of_known_cold_values_are_not_looked_at_again(eager, form: str) -> None:
    made = projected("{ $.eventName = A || $.errorCode = Denied* }")
    quiet = [{"eventName": "B"}, {"eventName": "C", "errorCode": "Slow"}, {"eventName": "B", "errorCode": None}]
    assert values_of_field(made, form, *quiet) == ("general", [])
    assert values_of_field(made, form, *quiet) == ("cold", [])
    assert values_of_field(made, form, {"eventName": "B"}, {"eventName": "A"}) == ("general", [1])
    assert values_of_field(made, form, {"eventName": "B", "errorCode": "DeniedHere"}) == ("general", [0])
    for odd in ("D", 7, True, [], {}):
        assert values_of_field(made, form, {"eventName": odd})[0] == "general"
    assert values_of_field(made, form, *quiet) == ("cold", [])


def test_where_the_form_decides_about_a_type_nothing_is_learned(eager) -> None:
    made = projected('{ $.eventTime = "2026-03-02*" }')
    for _ in range(4):
        assert values_of_field(made, "log_file", {"eventTime": "2026-03-01T00:00:00Z"}) == ("general", [])
    assert values_of_field(made, "log_file", {"eventTime": "2026-03-02T00:00:00Z"}) == ("general", [0])


def test_a_decoder_that_often_fails_rests(eager) -> None:
    made = projected("{ $.eventName = A }")
    values_of_field(made, "elements", {"eventName": "B"})
    for _ in range(module._LOOK_EVERY):
        assert values_of_field(made, "elements", {"eventName": "A"}) == ("general", [0])
    ways = [values_of_field(made, "elements", {"eventName": "B"})[0] for _ in range(module._SHORTEST_REST + 1)]
    assert ways == ["general"] * module._SHORTEST_REST + ["cold"]


def test_values_that_never_repeat_are_not_learned(eager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LEARNED", 10)
    made = projected("{ $.eventName = A }")
    for number in range(40):
        assert values_of_field(made, "lines", {"eventName": f"n{number}"}) == ("general", [])
    assert values_of_field(made, "lines", {"eventName": "n39"}) == ("general", [])
