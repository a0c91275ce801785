"""Which records need a closer look (FP-14.2, FP-14.4, FP-14.5)."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    first = list(made.candidates(file))
    assert list(made.candidates(file)) == first  # what is remembered changes nothing
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
        assert made.candidates(made.decode("log_file", log_file(*values), levels=LEVELS)) == [5]
        assert all(len(watch.cold) <= 10 for watch in made._watches)


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
    ).records
    assert made.column(records, ("awsRegion",)) == ["us-east-1", None, "us-east-1"]
    assert made.column(records, ("userIdentity", "accountId")) == [None, None, None]
    assert made.times(records) == ["2026-03-01T10:00:00Z"] * 3


# ---------------------------------------------------------------- the quick decoder


# What decoding says of a text: no candidate, some, or that nobody has looked.
QUIET, HOT, UNKNOWN = "quiet", "hot", "unknown"


def looked_at(made: Projection, form: str, *fields: dict) -> tuple[str, list[int]]:
    """What decoding says of a text, and the candidates in it."""
    rows = [record(**one) for one in fields]
    text = {
        "log_file": log_file(*rows),
        "elements": json.dumps(rows).encode(),
        "values": json.dumps(rows).encode(),
        "lines": b"\n".join(json.dumps(row).encode() for row in rows),
    }[form]
    decoded = made.decode(form, text, levels=LEVELS)
    assert len(decoded.records) == len(rows)
    way = UNKNOWN if decoded.hot is None else HOT if decoded.hot else QUIET
    return way, list(made.candidates(decoded))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn members with each text."""
    monkeypatch.setattr(module, "_LEARN_AFTER", 1)
    monkeypatch.setattr(module, "_LEARN_AGAIN", 1)


@pytest.mark.parametrize("form", ["log_file", "elements", "values", "lines"])
@pytest.mark.parametrize("learns", [True, False])
def test_texts_of_cold_values_are_not_looked_at(request, form: str, learns: bool) -> None:
    if learns:
        request.getfixturevalue("eager")
    made = projected("{ $.eventName = A || $.errorCode = Denied* }")
    quiet = [{"eventName": "B"}, {"eventName": "C", "errorCode": "Slow"}, {"eventName": "B", "errorCode": None}]
    for _ in range(3):
        assert looked_at(made, form, *quiet) == (QUIET, [])
    for _ in range(3):
        assert looked_at(made, form, {"eventName": "B"}, {"eventName": "A"}) == (HOT, [1])
        assert looked_at(made, form, {"eventName": "B", "errorCode": "DeniedHere"}) == (HOT, [0])
        assert looked_at(made, form, {"eventName": "B", "errorCode": "DeniedHere"}, {}) == (HOT, [0])
        assert looked_at(made, form, *quiet) == (QUIET, [])


@pytest.mark.parametrize("odd", [7, True, [], {}, 1.5])
def test_values_that_are_no_strings_are_looked_at(eager, odd: object) -> None:
    made = projected("{ $.f = A }")
    for _ in range(3):
        looked_at(made, "log_file", {"f": "B"})
        way, found = looked_at(made, "log_file", {"f": "C"}, {"f": odd}, {"f": "A"})
        assert way == UNKNOWN
        assert found == ([1, 2] if type(odd) in (int, float) else [2])


def test_values_that_meet_no_clue_for_want_of_text(eager) -> None:
    """Every string that could stand for a cold one is hot: nothing quick can be made until one is known."""
    made = projected('{ $.f != "x" }')
    assert looked_at(made, "lines", {"f": "B"}) == (UNKNOWN, [0])
    assert looked_at(made, "lines", {"f": "x"}) == (UNKNOWN, [])
    assert looked_at(made, "lines", {"f": "x"}) == (QUIET, [])
    assert looked_at(made, "lines", {"f": "x"}, {"f": ""}, {"f": "x"}) == (HOT, [1])


def test_names_of_members_are_no_values(eager) -> None:
    made = projected("{ $.f = A }")
    for _ in range(3):
        assert looked_at(made, "lines", {"f": "value_0"}, {"f": "_missing_"}, {"f": "A"}) == (HOT, [2])
    assert looked_at(made, "lines", {"f": "value_0"}, {"f": "_missing_"}, {"f": "Known"}) == (QUIET, [])


def test_an_object_on_the_way_may_be_null_beside_a_new_value() -> None:
    made = projected("{ $.userIdentity.type = Root }")
    fields = [{"userIdentity": None}, {"userIdentity": {"type": "Root"}}, {"userIdentity": {}}]
    assert looked_at(made, "elements", *fields) == (HOT, [1])


def test_the_last_of_two_members_counts() -> None:
    made = projected("{ $.f = A }")
    for first, last, wanted in [("A", "B", []), ("B", "A", [0]), ("A", "B", [])]:
        text = json.dumps([{"eventTime": "", "f": first, "g": last}]).replace('"g"', '"f"').encode()
        assert list(made.candidates(made.decode("elements", text, levels=LEVELS))) == wanted


def test_what_is_asked_for_by_value_is_not_replaced() -> None:
    made = projected("{ $.awsRegion = eu-west-1 }", also=(("awsRegion",),))
    decoded = made.decode("log_file", log_file(record(), record(awsRegion="eu-west-1")), levels=LEVELS)
    assert made.column(decoded.records, ("awsRegion",)) == ["us-east-1", "eu-west-1"]
    assert made.candidates(decoded) == [1]


def test_where_the_form_decides_about_a_type_every_value_is_looked_at(eager) -> None:
    made = projected('{ $.eventTime = "2026-03-02*" }')
    for _ in range(4):
        assert looked_at(made, "log_file", {"eventTime": "2026-03-01T00:00:00Z"}) == (UNKNOWN, [])
    assert looked_at(made, "log_file", {"eventTime": "2026-03-02T00:00:00Z"}) == (UNKNOWN, [0])


def test_a_quick_decoder_that_often_fails_rests() -> None:
    made = projected("{ $.eventName = A }")
    odd = {"eventName": 7}
    assert looked_at(made, "elements", odd) == (UNKNOWN, [0])
    assert looked_at(made, "elements", {}) == (UNKNOWN, [])  # it rests for one text
    assert looked_at(made, "elements", odd) == (UNKNOWN, [0])
    assert [looked_at(made, "elements", {})[0] for _ in range(4)] == [UNKNOWN] * 3 + [QUIET]
    assert looked_at(made, "elements", odd) == (UNKNOWN, [0])
    assert [looked_at(made, "elements", {})[0] for _ in range(2)] == [UNKNOWN, QUIET]


def test_a_type_has_a_bounded_number_of_members(eager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_MEMBERS", 10)
    made = projected("{ $.eventName = A }")
    for number in range(40):
        assert looked_at(made, "lines", {"eventName": f"n{number}"}) == (QUIET, [])
    assert looked_at(made, "lines", {"eventName": "n39"}, {"eventName": "n3"}) == (QUIET, [])
    assert len(made._watches[0].kind()) == 10


def test_long_values_are_not_remembered() -> None:
    made = projected("{ $.f = A }")
    for _ in range(3):
        assert looked_at(made, "lines", {"f": "x" * 300}) == (QUIET, [])
        assert looked_at(made, "lines", {"f": "x" * 300}, {"f": 7}, {"f": "A"}) == (UNKNOWN, [1, 2])
        assert looked_at(made, "lines", {"f": "x"}) == (UNKNOWN, [])
    assert len(made._watches[0].cold) == 2


def test_text_that_is_no_json_leaves_nothing_unjudged() -> None:
    made = projected("{ $.f = A }")
    looked_at(made, "elements", {"f": 7})
    before = made.decode("elements", json.dumps([record(f="A")]).encode(), levels=LEVELS)  # while the quick one rests
    with pytest.raises(msgspec.DecodeError):
        made.decode("elements", b'[{"eventTime": "", "f": "A"}, {', levels=LEVELS)
    assert before.hot is None
    assert made.candidates(before) == [0]
    for _ in range(2):
        with pytest.raises(msgspec.DecodeError):
            made.decode("elements", b'[{"eventTime": "", "f": "A"}, {"eventTime": "", "f": "B"}, {', levels=LEVELS)
    assert looked_at(made, "elements", {"f": "A"}) == (HOT, [0])
    assert looked_at(made, "elements", {"f": "B"}) == (QUIET, [])
    assert looked_at(made, "elements", {"f": "B"}, {"f": "A"}) == (HOT, [1])


VALUES = st.one_of(
    st.sampled_from(["A", "AB", "B", "", "b", "\u00e9", "value_0"]), st.text(max_size=3), st.none(), st.integers(0, 2),
    st.booleans(), st.lists(st.none(), max_size=1), st.just({"g": "A"}),
)  # fmt: skip


@given(texts=st.lists(st.lists(st.fixed_dictionaries({}, optional={"f": VALUES, "h": VALUES}), max_size=4), max_size=8))
@pytest.mark.parametrize(
    "patterns", [("{ $.f = A }", "{ $.h = A* }"), ("{ $.f != A }",), ("{ $.f = 1 || $.h = true }",)]
)
def test_no_match_is_left_out_whatever_was_met_before(patterns: tuple[str, ...], texts: list[list[dict]]) -> None:
    made = projected(*patterns)
    asked = [FilterPattern.parse(pattern) for pattern in patterns]
    for fields in texts:
        _, found = looked_at(made, "elements", *fields)
        matching = {
            place
            for place, one in enumerate(fields)
            if any(pattern.matches(json.dumps(record(**one))) for pattern in asked)
        }
        assert matching <= set(found)
