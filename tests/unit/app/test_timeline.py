"""All alarms together: composites, suppressors, mute rules, and which actions run (AL-8, AL-12 to AL-14)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import TOPIC
from chain import alarm, alarm_set, composite, feed, second

from tocsin.app.metric_index import ANY_UNIT
from tocsin.app.timeline import MUTED, AlarmChange, run_alarms
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory
from tocsin.core.rule import Rule

ACTIONS = {"OKActions": [TOPIC], "AlarmActions": [TOPIC], "InsufficientDataActions": [TOPIC]}


def timeline(
    rules: list[Rule],
    data: dict[str, list[str]],
    *,
    mute_rules: list[dict[str, Any]] = (),  # type: ignore[assignment]  # an empty tuple cannot be changed, and stands for no list
    since: str = "10:00",
    until: str = "11:00",
) -> list[AlarmChange]:
    """Every change; `data` are the minutes with a datum of 1, by metric."""
    feeds = [feed(name, metric=name) for name in data]
    made = alarm_set([*feeds, *rules], mute_rules)
    assert made.findings == ()
    histories = {
        (MetricKey.of("Tocsin/Test", name), ANY_UNIT): MetricHistory(
            HistoryPoint(second(at), None, StatisticSet.of(1.0)) for at in found
        )
        for name, found in data.items()
    }
    span = {"since": second(since), "until": second(until)}
    found = run_alarms(made, histories, **span)
    every = run_alarms(made, histories, **span, every_instant=True)
    assert found.changes == every.changes
    return list(found.changes)


def quick(name: str, **changes: Any) -> Rule:
    """An alarm that is in ALARM for the minute after each datum of the metric of its name, and OK else."""
    return alarm(name, MetricName=name, Period=60, EvaluationWindow={"WallClockWindow": {"Timezone": "UTC"}}, **changes)


def minutes(first: str, count: int) -> list[str]:
    """Neighbouring minutes, so that an alarm stays in ALARM: a datum in minute m rings at m + 1."""
    start = second(first) - second("00:00")
    return [f"{(start // 60 + n) // 60:02}:{(start // 60 + n) % 60:02}" for n in range(count)]


def _clock(at: int) -> str:
    rest = at - second("00:00")
    return f"{rest // 3600:02}:{rest // 60 % 60:02}" + (f":{rest % 60:02}" if rest % 60 else "")


def told(changes: list[AlarmChange], name: str) -> list[tuple[str, str, str, str]]:
    """When an alarm went where, what held its actions, and when they ran."""
    return [
        (_clock(one.at), one.new.value, one.held_by, "" if one.run is None else _clock(one.run.at))
        for one in changes
        if one.name == name
    ]


# ---------------------------------------------------------------- tags of the alarms


@pytest.mark.parametrize(
    ("tags", "rings", "expected"),
    [
        (
            {"tocsin:hold-down": "PT2M"},
            ["10:01", "10:03"],
            [
                ("10:01", "OK", "", "10:01"),
                ("10:02", "ALARM", "", "10:02"),
                ("10:03", "OK", "tocsin:hold-down", "10:04"),  # the return to ALARM names it
                ("10:04", "ALARM", "", "10:04"),
                ("10:05", "OK", "tocsin:hold-down", "10:07"),
            ],
        ),
        (
            {"tocsin:flap-limit": "3"},
            ["10:01", "10:03"],
            [
                ("10:01", "OK", "", "10:01"),
                ("10:02", "ALARM", "", "10:02"),
                ("10:03", "OK", "", "10:03"),
                ("10:04", "ALARM", "tocsin:flap-limit", "11:04"),
                ("10:05", "OK", "tocsin:flap-limit", "11:04"),
            ],
        ),
        (
            {"tocsin:skip-first": "true"},
            ["10:01"],
            [
                ("10:01", "OK", "tocsin:skip-first", ""),
                ("10:02", "ALARM", "", "10:02"),
                ("10:03", "OK", "", "10:03"),
            ],
        ),
    ],
)
def test_what_tags_hold(tags: dict[str, str], rings: list[str], expected: list[tuple[str, str, str, str]]) -> None:
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    found = timeline([quick("a", **ACTIONS, Tags=given)], {"a": rings}, until="11:30")
    assert told(found, "a") == expected


def test_a_change_without_actions_is_the_first_one_all_the_same() -> None:
    tags = [{"Key": "tocsin:skip-first", "Value": "true"}]
    found = timeline([quick("a", AlarmActions=[TOPIC], OKActions=[], Tags=tags)], {"a": ["10:01"]})
    assert told(found, "a")[1] == ("10:02", "ALARM", "", "10:02")


# ---------------------------------------------------------------- metric alarms


def test_actions_of_a_metric_alarm_run_at_once() -> None:
    assert told(timeline([quick("a", **ACTIONS)], {"a": ["10:10"]}), "a") == [
        ("10:01", "OK", "", "10:01"),
        ("10:11", "ALARM", "", "10:11"),
        ("10:12", "OK", "", "10:12"),
    ]


def test_alarm_whose_actions_are_disabled_runs_none() -> None:
    changes = timeline([quick("a", ActionsEnabled=False, **ACTIONS)], {"a": ["10:10"]})
    assert [one[3] for one in told(changes, "a")] == ["", "", ""]


def test_changes_come_by_time_and_a_child_before_its_composite() -> None:
    rules = [composite("top", "ALARM(mid)"), composite("mid", "ALARM(a) OR ALARM(b)"), quick("a"), quick("b")]
    changes = timeline(rules, {"a": ["10:10"], "b": ["10:12"]})
    assert [(_clock(one.at), one.name, one.new.value) for one in changes] == [
        ("10:00", "mid", "OK"),
        ("10:00", "top", "OK"),
        ("10:01", "a", "OK"),
        ("10:01", "b", "OK"),
        ("10:11", "a", "ALARM"),
        ("10:11", "mid", "ALARM"),
        ("10:11", "top", "ALARM"),
        ("10:12", "a", "OK"),
        ("10:12", "mid", "OK"),
        ("10:12", "top", "OK"),
        ("10:13", "b", "ALARM"),
        ("10:13", "mid", "ALARM"),
        ("10:13", "top", "ALARM"),
        ("10:14", "b", "OK"),
        ("10:14", "mid", "OK"),
        ("10:14", "top", "OK"),
    ]


# ---------------------------------------------------------------- composites (AL-12.6)


def test_composite_is_evaluated_when_it_is_created_and_when_a_child_changes() -> None:
    changes = timeline(
        [quick("a"), quick("b"), composite("c", "ALARM(a) OR ALARM(b)")], {"a": ["10:10"], "b": ["10:10"]}
    )
    found = [one for one in changes if one.name == "c"]
    assert [(_clock(one.at), one.old.value, one.new.value) for one in found] == [
        ("10:00", "INSUFFICIENT_DATA", "OK"),
        ("10:11", "OK", "ALARM"),
        ("10:12", "ALARM", "OK"),
    ]
    assert "was created and its alarm rule evaluates to OK" in found[0].reason
    assert {name: state.state_value.value for name, state in found[1].children.items()} == {"a": "ALARM", "b": "ALARM"}
    assert {name: state.state_value.value for name, state in found[0].children.items()} == {
        "a": "INSUFFICIENT_DATA",
        "b": "INSUFFICIENT_DATA",
    }
    assert all(one.evaluation is None and one.composite is not None for one in found)


def test_child_that_enters_alarm_while_the_rule_holds_changes_nothing() -> None:
    rules = [quick("a"), quick("b"), composite("c", "ALARM(a) OR ALARM(b)")]
    changes = timeline(rules, {"a": minutes("10:10", 5), "b": ["10:12"]})
    assert [one[:2] for one in told(changes, "c")] == [("10:00", "OK"), ("10:11", "ALARM"), ("10:16", "OK")]


def test_constant_rule_rings_from_the_start_and_no_timer_runs() -> None:
    assert told(timeline([composite("c", "TRUE", **ACTIONS)], {}), "c") == [("10:00", "ALARM", "", "10:00")]


def test_members_of_a_cycle_are_evaluated_once_a_change() -> None:
    rules = [quick("x"), composite("a", "ALARM(b) OR ALARM(x)"), composite("b", "ALARM(a)")]
    changes = timeline(rules, {"x": ["10:10"]})
    assert [(_clock(one.at), one.name, one.new.value) for one in changes if one.name != "x"] == [
        ("10:00", "a", "OK"),
        ("10:00", "b", "OK"),
        ("10:11", "a", "ALARM"),
        ("10:11", "b", "ALARM"),
    ]  # and both hold each other in ALARM


# ---------------------------------------------------------------- suppressors (AL-13)


def suppressed(text: str = "ALARM(a)", *, wait: int = 120, extension: int = 180, **more: Any) -> Rule:
    return composite(
        "c",
        text,
        ActionsSuppressor="s",
        ActionsSuppressorWaitPeriod=wait,
        ActionsSuppressorExtensionPeriod=extension,
        **ACTIONS,
        **more,
    )


@pytest.mark.parametrize(
    ("a", "s", "expected"),
    [
        # The four rows of example AL-13.a; its minute 0 is 10:00 here, and an alarm rings a minute after its datum.
        (
            minutes("10:01", 30),
            [],
            [("10:00", "OK", "WaitPeriod", ""), ("10:02", "ALARM", "WaitPeriod", "10:04")],
        ),
        (
            minutes("10:01", 30),
            minutes("10:02", 30),
            [("10:00", "OK", "WaitPeriod", ""), ("10:02", "ALARM", "Alarm", "")],
        ),
        (
            minutes("10:01", 30),
            minutes("10:00", 30),
            [("10:00", "OK", "Alarm", ""), ("10:02", "ALARM", "Alarm", "")],
        ),
        (
            minutes("10:01", 5),
            minutes("10:02", 3),
            [
                ("10:00", "OK", "WaitPeriod", ""),
                ("10:02", "ALARM", "ExtensionPeriod", ""),
                ("10:07", "OK", "WaitPeriod", "10:09"),
            ],
        ),
        # Nothing changes during the extension: the actions of the state then run at its end.
        (
            minutes("10:01", 20),
            minutes("10:02", 3),
            [("10:00", "OK", "WaitPeriod", ""), ("10:02", "ALARM", "ExtensionPeriod", "10:09")],
        ),
        # The suppressor comes back during the extension.
        (
            minutes("10:01", 20),
            [*minutes("10:02", 3), *minutes("10:06", 20)],
            [("10:00", "OK", "WaitPeriod", ""), ("10:02", "ALARM", "Alarm", "")],
        ),
        # It enters ALARM after the wait: what ran has run.
        (
            minutes("10:01", 20),
            minutes("10:08", 20),
            [("10:00", "OK", "WaitPeriod", ""), ("10:02", "ALARM", "WaitPeriod", "10:04")],
        ),
        # Nothing happens: the first OK waits, too.
        ([], [], [("10:00", "OK", "WaitPeriod", "10:02")]),
    ],
)
def test_suppressor_with_wait_and_extension(a: list[str], s: list[str], expected: list[tuple[str, ...]]) -> None:
    changes = timeline([quick("a"), quick("s"), suppressed()], {"a": a, "s": s}, until="10:20")
    assert told(changes, "c") == expected


def test_without_a_wait_actions_run_at_once_unless_the_suppressor_is_in_alarm() -> None:
    changes = timeline(
        [quick("a"), quick("s"), suppressed(wait=0)], {"a": ["10:10", "10:20"], "s": minutes("10:19", 9)}
    )
    assert told(changes, "c") == [
        ("10:00", "OK", "", "10:00"),
        ("10:11", "ALARM", "", "10:11"),
        ("10:12", "OK", "", "10:12"),
        ("10:21", "ALARM", "Alarm", ""),
        ("10:22", "OK", "ExtensionPeriod", "10:32"),  # the suppressor leaves ALARM at 10:29
    ]


def test_wait_that_ends_after_the_span_runs_nothing() -> None:
    changes = timeline([quick("a"), quick("s"), suppressed(wait=600)], {"a": [], "s": []}, until="10:09")
    assert told(changes, "c") == [("10:00", "OK", "WaitPeriod", "")]


def test_wait_is_counted_in_seconds_from_an_instant() -> None:
    changes = timeline([quick("a"), quick("s"), suppressed(wait=45)], {"a": ["10:10"], "s": []})
    assert [one[3] for one in told(changes, "c")] == ["10:00:45", "10:11:45", "10:12:45"]


def test_composite_whose_actions_are_disabled_runs_none_after_the_wait() -> None:
    changes = timeline([quick("a"), quick("s"), suppressed(ActionsEnabled=False)], {"a": ["10:10"], "s": []})
    assert {one[3] for one in told(changes, "c")} == {""}


# ---------------------------------------------------------------- mute rules (AL-14)


def muting(expression: str = "at(2026-03-01T10:10)", duration: str = "PT20M", **more: Any) -> dict[str, Any]:
    return {
        "Name": more.pop("name", "m"),
        "Rule": {"Schedule": {"Expression": expression, "Duration": duration, **more}},
        "MuteTargets": {"AlarmNames": ["a", "c"]},
    }


@pytest.mark.parametrize(
    ("data", "mute_rules", "expected"),
    [
        # A burst inside the window sends nothing (AL-14.3).
        (
            ["10:15"],
            [muting()],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, ""), ("10:17", "OK", MUTED, "")],
        ),
        # A state that lasts beyond it is told at its end, once (AL-14.2).
        (
            minutes("10:15", 20),
            [muting()],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, "10:30"), ("10:36", "OK", "", "10:36")],
        ),
        # It rang before and still does: nothing new.
        (
            minutes("10:05", 40),
            [muting()],
            [("10:01", "OK", "", "10:01"), ("10:06", "ALARM", "", "10:06"), ("10:46", "OK", "", "10:46")],
        ),
        # A change at the very end of the window runs as usual.
        (
            minutes("10:15", 14),
            [muting()],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, ""), ("10:30", "OK", "", "10:30")],
        ),
        # A change at its very start is held.
        (
            ["10:09"],
            [muting()],
            [("10:01", "OK", "", "10:01"), ("10:10", "ALARM", MUTED, ""), ("10:11", "OK", MUTED, "")],
        ),
        # Overlapping windows count as one.
        (
            minutes("10:15", 40),
            [muting(), muting("at(2026-03-01T10:29)", "PT6M", name="n")],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, "10:35"), ("10:56", "OK", "", "10:56")],
        ),
        # Windows follow the clock of their time zone: 11:10 in Berlin is 10:10 in UTC.
        (
            ["10:15"],
            [muting("cron(10 11 * * *)", Timezone="Europe/Berlin")],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, ""), ("10:17", "OK", MUTED, "")],
        ),
        # The window does not end within the span.
        (
            minutes("10:15", 60),
            [muting(duration="P2D")],
            [("10:01", "OK", "", "10:01"), ("10:16", "ALARM", MUTED, "")],
        ),
    ],
)
def test_actions_of_a_muted_alarm(
    data: list[str], mute_rules: list[dict[str, Any]], expected: list[tuple[str, ...]]
) -> None:
    assert told(timeline([quick("a", **ACTIONS)], {"a": data}, mute_rules=mute_rules), "a") == expected


def test_what_runs_after_a_window_says_so() -> None:
    changes = timeline([quick("a", **ACTIONS)], {"a": minutes("10:15", 20)}, mute_rules=[muting()])
    assert [one.run.after_mute_window for one in changes if one.run is not None] == [False, True, False]


def test_other_alarms_are_not_muted() -> None:
    changes = timeline([quick("b", **ACTIONS)], {"b": ["10:15"]}, mute_rules=[muting()])
    assert [one[2:] for one in told(changes, "b")] == [("", "10:01"), ("", "10:16"), ("", "10:17")]


def test_muted_alarm_whose_actions_are_disabled_runs_none_afterwards() -> None:
    rules = [quick("a", ActionsEnabled=False, **ACTIONS)]
    changes = timeline(rules, {"a": minutes("10:15", 20)}, mute_rules=[muting()])
    assert {one[3] for one in told(changes, "a")} == {""}


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        # It changes within the window, and the wait ends within it: told at the end of the window, since it
        # found the composite in OK (AL-14.3).
        ("PT20M", ("10:16", "ALARM", MUTED, "10:30")),
        # The window is over before the wait is: the wait decides.
        ("PT7M", ("10:16", "ALARM", "WaitPeriod", "10:18")),
        # Both end at once.
        ("PT8M", ("10:16", "ALARM", "WaitPeriod", "10:18")),
    ],
)
def test_wait_within_a_mute_window(duration: str, expected: tuple[str, ...]) -> None:
    rules = [quick("a"), quick("s"), suppressed()]
    changes = timeline(
        rules, {"a": minutes("10:15", 40), "s": []}, mute_rules=[muting(duration=duration)], until="10:50"
    )
    assert told(changes, "c") == [("10:00", "OK", "WaitPeriod", "10:02"), expected]


def test_mute_rule_of_long_ago_or_far_away_does_nothing() -> None:
    rules = [muting("at(2020-01-01T00:00)"), muting("at(2030-01-01T00:00)", name="n")]
    changes = timeline([quick("a", **ACTIONS)], {"a": ["10:15"]}, mute_rules=rules)
    assert [one[2:] for one in told(changes, "a")] == [("", "10:01"), ("", "10:16"), ("", "10:17")]


def test_rule_that_mutes_every_minute_is_one_window() -> None:
    # Its end lies beyond what is looked at; it is looked for once, and not at every change.
    rules = [muting("cron(* * * * *)", "PT1M")]
    changes = timeline(
        [quick("a", **ACTIONS)], {"a": [f"10:{minute:02}" for minute in range(10, 50, 2)]}, mute_rules=rules
    )
    assert len(changes) == 41
    assert {one[2:] for one in told(changes, "a")} == {(MUTED, "")}


def test_several_windows_are_each_looked_for() -> None:
    rules = [muting("cron(10,30 10 * * *)", "PT5M")]
    changes = timeline([quick("a", **ACTIONS)], {"a": ["10:11", "10:20", "10:31", "10:45"]}, mute_rules=rules)
    assert [one[2:] for one in told(changes, "a")[1:]] == [
        (MUTED, ""), (MUTED, ""), ("", "10:21"), ("", "10:22"), (MUTED, ""), (MUTED, ""), ("", "10:46"), ("", "10:47"),
    ]  # fmt: skip
