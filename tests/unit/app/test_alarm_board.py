"""How all alarms stand, in memory (CON-4.2, CON-4.3, AL-19.4)."""

from __future__ import annotations

import pytest
from board_bench import ALARM, OK, BoardBench
from rule_bench import HERE

from tocsin.app.acknowledgement import acknowledge
from tocsin.app.alarm_board import AlarmBoards, children_of
from tocsin.app.alarm_counts import AlarmCounts, count_alarms, standing_now
from tocsin.app.alarm_record import MUTE_RULES
from tocsin.app.metric_alarm import set_actions_enabled
from tocsin.app.mute_rule import delete_mute_rule
from tocsin.core.scope import Scope

THERE = Scope("111122223333", "us-east-1")


@pytest.fixture
def bench() -> BoardBench:
    return BoardBench()


def test_an_alarm_that_was_made_stands_on_it_at_once(bench: BoardBench) -> None:
    bench.wired("a")
    line = bench.line("a")
    assert (line.state, line.is_ringing, line.never_had_data) == ("INSUFFICIENT_DATA", False, True)
    assert (line.severity, line.rule, line.pack, line.unheard) == (None, "", "", "")
    assert [one.endpoint for one in line.reach.listeners] == ["security@example.com"]
    bench.no_alarm("a")
    assert bench.lines() == ()


def test_a_change_of_state_is_on_it_at_once(bench: BoardBench) -> None:
    bench.wired("a", "b")
    before = bench.line("b")
    bench.go(minutes=1)
    bench.set("a", ALARM, reason="too many")
    line = bench.line("a")
    assert (line.state, line.since, line.reason) == (ALARM, bench.clock.now(), "too many")
    assert line.cause == f"{line.arn}@{bench.now_ms}"
    assert not line.never_had_data
    assert bench.line("b") == before


def test_the_most_urgent_come_first(bench: BoardBench) -> None:
    tag = "tocsin:severity"
    for name, severity in (("low", "low"), ("none", None), ("crit", "critical"), ("fine", "critical")):
        bench.wired(name, Tags=[{"Key": tag, "Value": severity}] if severity else None)
    bench.wired("nothing-yet")
    for name in ("low", "none", "crit"):
        bench.set(name, ALARM)
    bench.set("fine", OK)
    assert [line.name for line in bench.lines()] == ["crit", "none", "low", "nothing-yet", "fine"]


def test_an_alarm_of_a_rule_knows_its_pack(bench: BoardBench) -> None:
    bench.wired("mine", Tags=[{"Key": "tocsin:rule", "Value": "cis/root-user-used"}])
    line = bench.line("mine")
    assert (line.rule, line.pack, line.severity) == ("cis/root-user-used", "cis", "high")


def test_who_hears_it_follows_the_subscriptions(bench: BoardBench) -> None:
    bench.alarm("a", "A", actions=(bench.topic("ops-noise"),))
    assert bench.line("a").unheard.endswith("nobody has confirmed a subscription to ops-noise")
    assert bench.line("a").reach.listeners == ()
    bench.subscribe("ops@example.com", topic="ops-noise")
    assert bench.line("a").unheard == ""
    assert [one.endpoint for one in bench.line("a").reach.listeners] == ["ops@example.com"]


def test_a_mute_rule_is_on_it_as_long_as_it_holds(bench: BoardBench) -> None:
    bench.wired("a", "b")
    assert bench.board().active_mutes == 0
    bench.mute("a", hours=1)
    assert (bench.line("a").muted_until - bench.clock.now()).total_seconds() == 3600
    assert bench.line("a").reach.is_held
    assert (bench.line("a").unheard, bench.line("b").muted_until) == ("", None), "muted is not unheard"
    assert bench.board().active_mutes == 1
    bench.go(hours=1)
    assert bench.line("a").muted_until is None
    assert bench.board().active_mutes == 0


def test_an_alarm_whose_suppressor_rings_is_held(bench: BoardBench) -> None:
    bench.wired("a", "quiet")
    suppressed = {"ActionsSuppressor": "quiet", "ActionsSuppressorWaitPeriod": 1, "ActionsSuppressorExtensionPeriod": 1}
    bench.composite("all", "ALARM(a)", actions=(bench.heard,), **suppressed)
    assert not bench.line("all").reach.is_held
    bench.set("quiet", ALARM)
    assert bench.line("all").reach.is_held
    bench.set("quiet", OK)
    assert not bench.line("all").reach.is_held


def test_disabled_actions_are_told_and_nobody_hears_them(bench: BoardBench) -> None:
    bench.wired("a")
    set_actions_enabled(bench.service, HERE, ["a"], is_enabled=False)
    line = bench.line("a")
    assert line.has_actions_off
    assert line.unheard.endswith("its actions are disabled")
    assert not line.reach.is_held


def test_an_acknowledgement_is_of_the_alarm_that_rings(bench: BoardBench) -> None:
    bench.wired("a")
    bench.set("a", ALARM)
    acknowledge(bench.service, HERE, "a", by="dana", note="on it")
    taken_on = bench.line("a").acknowledged
    assert (taken_on.by, taken_on.note) == ("dana", "on it")
    bench.go(minutes=1)
    bench.set("a", OK)
    assert bench.line("a").acknowledged is None
    bench.go(minutes=1)
    bench.set("a", ALARM)
    assert bench.line("a").acknowledged is None


def test_a_composite_has_its_children(bench: BoardBench) -> None:
    bench.wired("a", "b", "c")
    bench.composite("two", "ALARM(a) AND NOT ALARM(b)", actions=(bench.heard,))
    bench.set("a", ALARM)
    with bench.store.read() as store:
        found = list(children_of(store, bench.service, bench.line("two"), now=bench.now_ms))
        none = list(children_of(store, bench.service, bench.line("a"), now=bench.now_ms))
    assert [(line.name, line.state) for line in found] == [("a", "ALARM"), ("b", "INSUFFICIENT_DATA")]
    assert none == []
    assert bench.line("two").is_composite


def test_boards_of_several_scopes_are_one_list(bench: BoardBench) -> None:
    bench.wired("b")
    bench.set("b", ALARM)
    bench.wired("a")
    with bench.store.read() as store:
        boards = bench.service.part(AlarmBoards)
        assert [line.name for line in boards.all_of(store, [THERE, HERE], now=bench.now_ms)] == ["b", "a"]
        assert boards.all_of(store, [THERE], now=bench.now_ms) == []


def test_its_version_is_another_one_after_a_change_and_a_minute(bench: BoardBench) -> None:
    bench.wired("a")

    def version() -> str:
        with bench.store.read() as store:
            return bench.service.part(AlarmBoards).version(store, now=bench.now_ms)

    seen = [version(), version()]
    bench.set("a", ALARM)
    seen.append(version())
    bench.go(minutes=1)
    seen.append(version())
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_alarms_are_counted(bench: BoardBench) -> None:
    bench.wired("a", "b", "c", "d", "e")
    made = bench.clock.now()
    bench.set("a", ALARM)
    bench.set("b", ALARM)
    bench.set("c", OK)
    acknowledge(bench.service, HERE, "b", by="dana")
    set_actions_enabled(bench.service, HERE, ["d"], is_enabled=False)
    bench.mute("c")
    counts = count_alarms(bench.lines())
    assert counts == AlarmCounts(
        total=5,
        alarm=2,
        unacknowledged=1,
        insufficient_data=2,
        ok=1,
        never_had_data=2,
        muted=1,
        muted_until=bench.line("c").muted_until,
        actions_off=1,
        actions_off_since=made,
        unheard=1,
    )
    assert count_alarms([]) == AlarmCounts()


def test_the_navigation_knows_what_is_to_be_done(bench: BoardBench) -> None:
    def standing() -> tuple[int, ...]:
        with bench.store.read() as store:
            return tuple(standing_now(bench.service, store, [HERE, THERE], now=bench.now_ms))

    bench.wired("a")
    assert standing() == (0, 0, 0)
    bench.set("a", ALARM)
    bench.subscribe("oncall@example.com", confirmed=False)
    bench.mute("a")
    assert standing() == (1, 1, 1)
    with bench.store.read() as store:
        (name,) = [name for name, _ in MUTE_RULES.scan(store, HERE)]
    delete_mute_rule(bench.service, HERE, name)
    assert standing() == (1, 1, 0)
