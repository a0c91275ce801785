"""The backtest report as a person reads it (IF-3, AL-19.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.backtest_report import AlarmResult, BacktestReport, Child, EventLine, TransitionLine
from tocsin.app.report import Bytes, Files, Problem, Records, Skip
from tocsin.cli.backtest_table import draw_report
from tocsin.cli.table import width_of
from tocsin.cli.terminal import Stream

from .conftest import FakeStream

if TYPE_CHECKING:
    from .conftest import MakeStream

HOSTILE = "arn:aws:iam::111122223333:user/\x1b[2J\u202e"
SILENT = "the alarm has no action for ALARM"


def detail(name: str = "StopLogging", **more: Any) -> EventLine:
    settings = {
        "id": "e", "at": "2026-03-01T10:10:30Z", "event": name, "source": "cloudtrail.amazonaws.com", "error": "",
        "who": "IAM user alice", "address": "192.0.2.1", "agent": "cli", "account": "111122223333",
        "region": "us-east-1", "resource": "", **more,
    }  # fmt: skip
    return EventLine(**settings)


def line(at: str, to: str, **more: Any) -> TransitionLine:
    settings: dict[str, Any] = {
        "at": f"2026-03-01T{at}:00Z", "from_": "OK", "to": to, "reason": "Threshold Crossed.", "not_notified": SILENT, **more
    }  # fmt: skip
    return TransitionLine(**settings)


def ring(at: str = "10:11", *details: EventLine, **more: Any) -> TransitionLine:
    details = details or (detail(),)
    return line(at, "ALARM", **{"details": list(details), "events": [one.id for one in details], **more})


def result(name: str, *lines: TransitionLine, severity: str = "high", **more: Any) -> AlarmResult:
    final = lines[-1].to if lines else "OK"
    return AlarmResult(name=name, final=final, time_in={}, transitions=list(lines), severity=severity, **more)


def report(*alarms: AlarmResult, **more: Any) -> BacktestReport:
    settings: dict[str, Any] = {
        "tocsin": "0.1.0",
        "from_": "2026-03-01T10:00:00Z",
        "until": "2026-03-01T11:00:00Z",
        "evaluations": 120,
        "seconds": 2.0,
        "files": Files(read=2),
        "records": Records(read=100, selected=100),
        "bytes": Bytes(read=1000, unpacked=1000),
        "alarms": list(alarms),
        **more,
    }
    return BacktestReport(**settings)


def drawn(stream: Stream, *alarms: AlarmResult, **more: Any) -> str:
    return "\n".join(draw_report(report(*alarms, **more), stream))


def test_report_is_drawn(make_stream: MakeStream) -> None:
    loud = result("p/loud", line("10:01", "OK"), ring(), line("10:26", "OK"), ring("10:50"))
    two = [detail(), detail("DeleteTrail", who="root user", address="203.0.113.9")]
    worse = result("p/worse", ring("10:30", *two), line("10:31", "OK"), severity="critical")
    assert drawn(make_stream(), loud, result("p/quiet", line("10:01", "OK")), worse).splitlines() == [
        "  SEVERITY  ALARM   RANG         FOR  10:00 ──────────────────── 11:00",
        "◆ critical  worse      1       1 min  ░░░░░░░░░░░░░░░░█···············",
        "            2026-03-01 10:30 for 1 min   1 StopLogging, 1 DeleteTrail",
        "              by IAM user alice and 1 other   from 192.0.2.1 and 1 other",
        "● high      loud       2      25 min  ░····█████████············██████",
        "            2026-03-01 10:11 for 15 min   1 StopLogging   by IAM user alice",
        "              from 192.0.2.1",
        "            2026-03-01 10:50 for 10 min   1 StopLogging   by IAM user alice",
        "              from 192.0.2.1",
        "",
        "1 alarm never rang:",
        "  p: quiet",
        "",
        "Nobody would have been told: the alarm has no action for ALARM.",
        "",
        "120 evaluations of 3 alarms, 2026-03-01 10:00 to 2026-03-01 11:00 UTC",
        "100 records in 2 files; 1.0 kB; 2.0 s (50 records/s)",
    ]


def test_nothing_rang(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("a"), result("p/b"), result("p/c"))
    assert text.splitlines()[:4] == ["No alarm rang. 3 alarms looked:", "  a", "  p: b, c", ""]
    assert "told" not in text


def test_gravest_comes_first_then_the_most_frequent_then_by_name(make_stream: MakeStream) -> None:
    twice = (ring("10:11"), line("10:20", "OK"), ring("10:30"))
    alarms = [
        result("a", ring(), severity="low"),
        result("b", ring()),
        result("c", *twice),
        result("d", ring(), severity=""),
    ]
    alarms += [result("e", ring(), severity="critical"), result("f", ring())]
    text = drawn(make_stream(), *alarms)
    places = [text.index(f"  {name}  ") for name in "ecbfad"]
    assert places == sorted(places)


def test_names_keep_their_pack_where_there_are_several(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("article/x", ring()), result("cis/x", ring()))
    assert "article/x" in text
    assert "cis/x" in text


@pytest.mark.parametrize(("count", "text"), [(4, ""), (5, "and 1 more time ("), (9, "and 5 more times (")])
def test_four_rings_of_an_alarm_are_shown(make_stream: MakeStream, count: int, text: str) -> None:
    lines = [one for n in range(count) for one in (ring(f"10:{n}1"[:5]), line(f"10:{n}5", "OK"))] if count < 6 else []
    lines = lines or [one for n in range(count) for one in (ring(f"1{n}:11"), line(f"1{n}:15", "OK"))]
    made = drawn(make_stream(), result("a", *lines), until="2026-03-02T00:00:00Z")
    assert made.count("1 StopLogging") == min(4, count)
    assert (text or "more time") in made if text else "more time" not in made


@pytest.mark.parametrize(
    ("details", "more", "text"),
    [
        ([detail()], {}, "1 StopLogging"),
        ([detail()] * 3 + [detail("A")], {}, "3 StopLogging, 1 A"),
        ([detail("A"), detail("B"), detail("C")], {}, "3 records: 1 A, 1 B, …"),
        ([detail()] * 3, {"events_omitted": 40}, "43 records: 3 StopLogging"),
        ([detail(who="")], {}, "by unknown"),
        ([detail(address="192.0.2.1"), detail(address="192.0.2.2"), detail(address="192.0.2.3")], {}, "and 2 others"),
    ],
)
def test_what_set_it_off(make_stream: MakeStream, details: list[EventLine], more: dict[str, Any], text: str) -> None:
    assert text in drawn(make_stream(width=160), result("a", ring("10:11", *details, **more)))


def test_ring_without_events_gives_its_reason(make_stream: MakeStream) -> None:
    assert "Threshold Crossed." in drawn(make_stream(), result("a", line("10:11", "ALARM", details=[])))


def test_composite_names_its_children(make_stream: MakeStream) -> None:
    children = [Child(name="a", state="ALARM", since="t"), Child(name="b", state="OK", since="t")]
    assert "because of a (ALARM), b (OK)" in drawn(
        make_stream(), result("c", line("10:11", "ALARM", children=children))
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([ring(notified=["a@example.com"], not_notified="")], ["Told: a@example.com once"]),
        (
            [
                ring(notified=["a@example.com", "b@example.com"]),
                line("10:20", "OK"),
                ring("10:30", notified=["a@example.com"]),
            ],
            ["Told: a@example.com 2 times, b@example.com once"],
        ),
        (
            [ring(notified=["a@example.com"]), line("10:20", "OK"), ring("10:30", not_notified="held")],
            ["Told: a@example.com once", "Nobody was told 1 time: held."],
        ),
        ([ring(), line("10:20", "OK"), ring("10:30")], [f"Nobody would have been told: {SILENT}."]),
        (
            [ring(), line("10:20", "OK"), ring("10:30", not_notified="x"), line("10:35", "OK"), ring("10:40")],
            [f"Nobody was told 2 times: {SILENT}.", "Nobody was told 1 time: x."],
        ),
    ],
)
def test_who_was_told_and_loudly_why_nobody_was(
    make_stream: MakeStream, lines: list[TransitionLine], expected: list[str]
) -> None:
    text = drawn(make_stream(), result("a", *lines)).splitlines()
    assert [one for one in text if "told" in one.lower()] == expected


def test_notes_and_clock_are_told(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("a"), notes=["left out: cpu"], clock="delivery")
    assert "left out: cpu" in text
    assert "known from its" in text


@pytest.mark.parametrize(
    ("until", "length"),
    [
        ("2026-03-01T10:11:30Z", "0 min 30 s"),
        ("2026-03-01T10:12:00Z", "1 min"),
        ("2026-03-01T13:16:00Z", "3 h 05 min"),
        ("2026-03-05T12:11:00Z", "4 d 2 h"),
        ("2031-03-01T10:11:00Z", "1,826 d 0 h"),
    ],
)
def test_ring_that_does_not_end_lasts_until_the_end(make_stream: MakeStream, until: str, length: str) -> None:
    assert f"for {length} " in drawn(make_stream(), result("a", ring()), until=until) + " "


@pytest.mark.parametrize(
    ("start", "until", "head"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "10:00 ──"),
        ("2026-03-01T10:00:00Z", "2026-03-09T11:00:00Z", "2026-03-01 ─"),
    ],
)
def test_head_of_the_band_says_what_it_spans(make_stream: MakeStream, start: str, until: str, head: str) -> None:
    assert head in drawn(make_stream(), result("a", ring()), from_=start, until=until)
    assert head not in drawn(make_stream(width=50), result("a" * 60, ring()), from_=start, until=until)


def test_ledger_stands_at_the_end(make_stream: MakeStream) -> None:
    skips = [Skip(path=f"/x/{n}.gz", reason="gzip: unexpected end of stream") for n in range(7)]
    records = Records(
        read=100, selected=60, malformed=4, problems=[Problem(path="a", position=1, reason="no eventTime")]
    )
    text = drawn(make_stream(), result("a"), files=Files(read=2, digests=1, skipped=skips), records=records)
    for words in (
        "100 records (60 chosen)",
        "4 malformed",
        "1 digest file",
        "7 files not read",
        "and 2 more",
        "no eventTime",
    ):
        assert words in text


def test_empty_archive_is_drawn(make_stream: MakeStream) -> None:
    empty = {"records": Records(), "files": Files(), "bytes": Bytes(), "seconds": 0.0, "evaluations": 0}
    assert drawn(make_stream(), result("a"), **empty).splitlines()[-1] == "0 records in 0 files; 0 bytes; 0.00 s"


TEXTS = st.text(st.sampled_from("ab/-東\x1b é\u202e"), max_size=50) | st.sampled_from((HOSTILE, "x" * 300, "漢字" * 40))


@given(TEXTS, TEXTS, TEXTS, st.integers(40, 200), st.booleans())
def test_no_line_is_wider_than_the_terminal_or_acts_on_it(
    one: str, two: str, three: str, width: int, is_ascii: bool
) -> None:
    stream = Stream(
        FakeStream(is_terminal=True, encoding="ascii" if is_ascii else "utf-8"),
        {"COLUMNS": str(width), "NO_COLOR": "1"},
    )
    children = [Child(name=two, state="ALARM", since="t")]
    alarms = [
        result(one, ring("10:11", detail(two, who=three, address=one)), severity="critical"),
        result(two, line("10:12", "ALARM", reason=one, not_notified=two)),
        result(three, line("10:12", "ALARM", children=children, notified=[one, two])),
        result(one + "q"),
    ]
    skipped = [Skip(path=one, reason=two)]
    for text in draw_report(report(*alarms, notes=[three], files=Files(read=1, skipped=skipped)), stream):
        assert width_of(text) <= width, text
        assert not set(text) & {"\x1b", "\u202e", "\n", "\r"}
