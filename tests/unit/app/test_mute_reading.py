"""Mute rules as they stand (CON-4.10, AL-14)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from board_bench import ALARM, OK, BoardBench
from rule_bench import HERE, START

from tocsin.app.mute_reading import MuteLine, next_windows, read_mutes, zone_of_rule
from tocsin.app.mute_rule import put_mute_rule
from tocsin.core.kept_record import MANAGEMENT_HISTORY, NewRecord
from tocsin.core.log_event import Term


@pytest.fixture
def bench() -> BoardBench:
    bench = BoardBench()
    bench.wired("a", "b")
    for name in ("a", "b"):
        bench.set(name, OK)
    return bench


def put(bench: BoardBench, name: str, expression: str, *, hours: int = 1, zone: str = "UTC", **more: Any) -> None:
    schedule = {"Expression": expression, "Duration": f"PT{hours}H", "Timezone": zone}
    targets = {"AlarmNames": ["a", "b"]}
    put_mute_rule(bench.service, HERE, {"Name": name, "Rule": {"Schedule": schedule}, "MuteTargets": targets, **more})


def lines(bench: BoardBench) -> dict[str, MuteLine]:
    return {line.rule.name: line for line in read_mutes(bench.service, HERE, at=bench.clock.now())}


def window(line: MuteLine) -> tuple[str, str] | None:
    return None if line.window is None else (f"{line.window.start:%d %H:%M}", f"{line.window.end:%d %H:%M}")


def test_a_rule_that_holds_tells_the_window_it_is_in(bench: BoardBench) -> None:
    put(bench, "now", "at(2026-11-23T09:00)")
    put(bench, "nightly", "cron(0 2 * * *)", hours=4, zone="Europe/Berlin")
    put(bench, "far", "cron(0 2 * * *)", StartDate="2029-01-01T00:00:00Z")
    bench.go(minutes=10)
    found = lines(bench)
    assert list(found) == ["now", "far", "nightly"]
    assert (found["now"].status, window(found["now"])) == ("ACTIVE", ("23 09:00", "23 10:00"))
    assert (found["nightly"].status, window(found["nightly"])) == ("SCHEDULED", ("24 01:00", "24 05:00"))
    assert window(found["far"]) is None


def test_an_expired_rule_tells_its_last_window_and_comes_last(bench: BoardBench) -> None:
    put(bench, "once", "at(2026-11-23T09:30)")
    put(bench, "nightly", "cron(0 2 * * *)")
    bench.go(hours=3)
    found = lines(bench)
    assert list(found) == ["nightly", "once"]
    assert (found["once"].status, window(found["once"])) == ("EXPIRED", ("23 09:30", "23 10:30"))


def test_what_was_held_in_the_window_is_counted(bench: BoardBench) -> None:
    bench.set("a", ALARM)
    bench.set("a", OK)
    bench.go(minutes=1)
    put(bench, "now", "at(2026-11-23T09:31)")
    assert lines(bench)["now"].held == 0
    bench.set("a", ALARM)
    bench.set("a", OK)
    bench.set("b", ALARM)
    line = lines(bench)["now"]
    assert (line.held, line.is_cut) == (2, False), "OK has no action"
    bench.go(hours=2)
    assert lines(bench)["now"].held == 2


def test_it_is_counted_up_to_a_hundred(bench: BoardBench) -> None:
    put(bench, "now", "at(2026-11-23T09:30)")
    for _ in range(101):
        bench.set("a", ALARM)
        bench.set("a", OK)
    line = lines(bench)["now"]
    assert (line.held, line.is_cut) == (100, True)


def test_who_put_it_is_told_by_the_newest_record(bench: BoardBench) -> None:
    put(bench, "now", "at(2026-11-23T09:30)")
    assert lines(bench)["now"].by == ""
    for second, (user, error) in enumerate([("alice", None), ("dana", None), ("eve", "AccessDenied")]):
        record = {
            "eventName": "PutAlarmMuteRule",
            "eventTime": f"2026-11-23T09:30:{second:02}Z",
            "userIdentity": {"type": "IAMUser", "userName": user},
            "requestParameters": {"name": "now"},
            **({"errorCode": error} if error else {}),
        }
        terms = [Term("EventName", "PutAlarmMuteRule")]
        at = int(START.timestamp()) + second
        kept = NewRecord(json.dumps(record).encode(), at, f"id-{second}", MANAGEMENT_HISTORY, terms)
        bench.store.write(lambda store, kept=kept: store.records.add(HERE, [kept], waiting={}, at=0))
    assert lines(bench)["now"].by == "dana"


def test_the_next_windows_are_told_in_order(bench: BoardBench) -> None:
    put(bench, "nightly", "cron(0 2 * * *)")
    rule = lines(bench)["nightly"].rule
    found = next_windows(rule, zone_of_rule(rule), at=START, most=2)
    assert [f"{one.start:%d %H:%M}" for one in found] == ["24 02:00", "25 02:00"]
