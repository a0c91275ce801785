"""Times of events: RFC 3339 with a zone, real dates, and what is said of anything else."""

from __future__ import annotations

import pytest

from tocsin.core.event import ABSENT
from tocsin.core.event_time import event_time_problem, format_time, parse_event_time, span_of_times
from tocsin.core.number import Number


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2014-07-08T17:35:27Z", 1404840927),
        ("2014-07-08t17:35:27z", 1404840927),
        ("2014-07-08T17:35:27.999999999Z", 1404840927),
        ("1969-12-31T23:59:59.5Z", -1),
        ("2014-07-08T17:35:27+00:00", 1404840927),
        ("2014-07-08T17:35:27-00:00", 1404840927),
        ("2014-07-08T23:05:27+05:30", 1404840927),
        ("2014-07-08T10:35:27.1-07:00", 1404840927),
        ("2024-02-29T00:00:00Z", 1709164800),
        ("0001-01-01T00:00:00Z", -62135596800),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_a_time_with_a_zone_is_read(text: str, second: int) -> None:
    assert parse_event_time(text) == second


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2014-03-06T21: 22: 54Z",
        "2014-07-08T17:35:27",
        "2014-07-08 17:35:27Z",
        "2014-07-08T17:35Z",
        "2014-07-08T17:35:60Z",
        "2014-07-08T17:60:00Z",
        "2014-07-08T24:00:00Z",
        "2014-02-29T00:00:00Z",
        "2014-13-01T00:00:00Z",
        "2014-00-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2014-07-08T17:35:27.Z",
        "2014-07-08T17:35:27+0000",
        "2014-07-08T17:35:27+24:00",
        "2014-07-08T17:35:27Z ",
        "2014-07-08T17:35:27Z\n",
        " 2014-07-08T17:35:27Z",
        "2014-07-08T17:35:2７Z",
        "٢٠١٤-07-08T17:35:27Z",
        "20140708T173527Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "string",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    assert parse_event_time(text) is None


@pytest.mark.parametrize("text", ["2014-07-08T17:35:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_is_written_as_it_was_read(text: str) -> None:
    second = parse_event_time(text)
    assert second is not None
    assert format_time(second) == text


@pytest.mark.parametrize(
    ("texts", "span"),
    [
        (["1970-01-01T00:00:09Z", "1970-01-01T00:00:01Z"], (1, 9)),
        (["1970-01-01T00:00:09Z"], (9, 9)),
        (["1970-01-01T00:00:09Z", "1970-01-02T00:00:00Z"], (9, 86400)),
        (["1970-01-01T00:00:09Z", "1970-01-01T01:00:00+01:00"], (0, 9)),
        (["1970-01-01T00:00:09Z", "soon"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T00:60:00Z", "1970-01-01T01:00:00Z"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T00:00:60Z", "1970-01-01T01:00:00Z"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T24:00:00Z"], None),
        (["1970-02-30T00:00:09Z", "1970-02-30T00:00:10Z"], None),
        (["1970-01-01T00:00:09", "Z1970-01-01T00:00:10Z"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T00:00:1\u0660Z", "1970-01-01T00:00:20Z"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T00:00:1\ud800Z", "1970-01-01T00:00:20Z"], None),
        (["1970-01-01T00:00:09Z", "1970-01-01T00:00:1?Z", "1970-01-01T00:00:20Z"], None),
        ([], None),
    ],
)
def test_the_span_of_times_is_known_when_all_are_times(texts: list[str], span: tuple[int, int] | None) -> None:
    assert span_of_times(texts) == span


HOUR = [f"2026-03-01T05:{minute:02}:{minute % 60:02}Z" for minute in (31, 12, 59, 0)]
NEXT = ["2026-03-01T06:00:01Z", "2026-03-01T06:10:00Z"]
WIDE = (1_772_300_000, 1_772_500_000)
FIVE = 1_772_341_200  # 2026-03-01T05:00:00Z


@pytest.mark.parametrize(
    ("texts", "known", "span"),
    [
        (HOUR, WIDE, WIDE),
        (HOUR + NEXT, WIDE, WIDE),
        ([*HOUR, *NEXT, HOUR[0]], WIDE, WIDE),
        ([text.replace("T", "t") for text in HOUR], WIDE, WIDE),
        (["2026-03-01T05:00:00.5Z"], WIDE, WIDE),
        (HOUR, None, (FIVE, FIVE + 59 * 60 + 59)),
        (HOUR, (FIVE, FIVE + 3599), (FIVE, FIVE + 3599)),
        (HOUR, (FIVE + 1, FIVE + 3599), (FIVE, FIVE + 3599)),
        (HOUR, (FIVE, FIVE + 3598), (FIVE, FIVE + 3599)),
        (HOUR + NEXT, (FIVE, FIVE + 3599), (FIVE, FIVE + 4200)),
        (["2026-03-01T07:00:00Z"], (FIVE, FIVE + 1), (FIVE, FIVE + 7200)),
        ([], WIDE, None),
        ([HOUR[0], "soon", HOUR[1]], WIDE, None),
        (["soon"], WIDE, None),
        (["2026-02-30T05:00:00Z"], WIDE, None),
        ([HOUR[0], "2026-03-01T05:60:00Z", HOUR[1]], WIDE, None),
        ([HOUR[0], "2026-03-01T05:00:60Z", HOUR[1]], WIDE, None),
        ([HOUR[0], "2026-03-01T05:0x:00Z", HOUR[1]], WIDE, None),
        ([HOUR[0], "2026-03-01T05:00:0\u0660Z", HOUR[1]], WIDE, None),
        ([HOUR[0], "2026-03-01T05:00:00z", HOUR[1]], WIDE, WIDE),
        ([HOUR[0], "2026-03-01T05:00:00 ", HOUR[1]], WIDE, None),
        ([HOUR[0], "2026-03-01T24:00:00Z", HOUR[1]], WIDE, None),
        ([HOUR[0], "x2026-03-01T05:00:0Z", HOUR[1]], WIDE, None),
        (["2026-03-01T05:00:01Z\n2026-03-01T05:00:02Z", ""], WIDE, None),
        (["2026-03-01T05:00:01Z\n2026-03-01T05:00:02Z", "2026-03-01T05:00:03Z"], WIDE, None),
        (["2026-03-01T05:00:01Z2026-03-01T05:00:02Z", "2026-03-01T05:00:03Z"], WIDE, None),
    ],
)
def test_a_known_span_is_widened(texts: list[str], known: tuple[int, int] | None, span: tuple[int, int] | None) -> None:
    assert span_of_times(texts, known) == span


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (ABSENT, "no eventTime"),
        ("", "no eventTime"),
        (None, "eventTime is null"),
        (Number("17"), "eventTime is a number"),
        (True, "eventTime is true"),
        ({}, "eventTime is an object"),
        ([], "eventTime is an array"),
        ("2014-03-06T21: 22: 54Z", 'eventTime is not a time: "2014-03-06T21: 22: 54Z"'),
        ("2025-01-21 17:49:47.000", 'eventTime has no time zone: "2025-01-21 17:49:47.000"'),
        ("2025-01-21T17:49:47", 'eventTime has no time zone: "2025-01-21T17:49:47"'),
        ("x" * 100, f'eventTime is not a time: "{"x" * 60}…"'),
        ("\ud800", r'eventTime is not a time: "\ud800"'),
    ],
)
def test_the_problem_with_a_time_is_said_in_words(value: object, problem: str) -> None:
    assert event_time_problem(value) == problem
