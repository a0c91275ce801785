"""The backtest report as JSON (IF-3)."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.app.backtest_report import (
    AlarmResult,
    BacktestReport,
    Child,
    EventLine,
    Held,
    TransitionLine,
    encode_report,
    encode_transition,
)
from tocsin.app.report import Bytes, Files, Records

ALWAYS = {"at", "from", "to", "reason", "events", "actions", "notified", "details"}


def line(**more: Any) -> TransitionLine:
    return TransitionLine(**{"at": "2026-03-01T10:11:00Z", "from_": "OK", "to": "ALARM", "reason": "r", **more})


def test_keys_of_a_change_are_always_there() -> None:
    assert encode_transition(line()) == {
        "at": "2026-03-01T10:11:00Z",
        "from": "OK",
        "to": "ALARM",
        "reason": "r",
        "events": [],
        "actions": [],
        "notified": [],
        "details": [],
    }


EVENT = EventLine(
    id="e", at="t", event="StopLogging", source="s", error="", who="w", address="a", agent="", account="", region="", resource=""
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"datapoints": [("2026-03-01T10:10:00Z", 2.0)]}, {"datapoints": [["2026-03-01T10:10:00Z", 2.0]]}),
        ({"datapoints": []}, {"datapoints": []}),  # a metric alarm that no point decided
        ({"datapoints": None}, {}),
        ({"children": [Child(name="a", state="ALARM", since="t")]}, {"children": [{"name": "a", "state": "ALARM", "since": "t"}]}),
        ({"children": []}, {"children": []}),
        ({"events_omitted": 3}, {"events_omitted": 3}),
        ({"not_notified": "nobody"}, {"not_notified": "nobody"}),
        ({"why": "M of N"}, {"why": "M of N"}),
        ({"held": Held(by="Mute")}, {"held": {"by": "Mute", "ran_at": None}}),
        ({"held": Held(by="WaitPeriod", ran_at="t")}, {"held": {"by": "WaitPeriod", "ran_at": "t"}}),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_left_out(more: dict[str, Any], shown: dict[str, Any]) -> None:
    made = {
        name: list(map(list, value)) if name == "datapoints" else value
        for name, value in encode_transition(line(**more)).items()
    }
    assert {name: value for name, value in made.items() if name not in ALWAYS} == shown


def test_report_has_the_keys_of_the_interface() -> None:
    result = AlarmResult(name="a", final="OK", time_in={"OK": 60.0}, transitions=[line(details=[EVENT])])
    report = BacktestReport(
        tocsin="0",
        from_="f",
        until="u",
        evaluations=60,
        seconds=0.4,
        files=Files(read=1),
        records=Records(read=2),
        bytes=Bytes(read=3, unpacked=4),
        alarms=[result, AlarmResult(name="b", final="OK", time_in={}, transitions=[])],
    )
    made = encode_report(report)
    assert {"command", "from", "until", "evaluations", "seconds", "alarms", "files", "records", "bytes"} <= made.keys()
    assert (made["command"], made["from"], made["clock"], made["notes"]) == ("backtest", "f", "event", [])
    first, second = made["alarms"]
    assert {"name", "final", "time_in", "transitions"} <= first.keys()
    assert (first["transitions"][0]["details"][0]["id"], second["transitions"]) == ("e", [])
    assert "from_" not in made
    assert "from_" not in first["transitions"][0]
