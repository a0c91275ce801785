"""Alarms, case by case: the state at each evaluation, and the action lists that run (AL-20)."""

from __future__ import annotations

from typing import Any

from alarm_case import extras, run_composite_case, run_metric_case


def test_alarm_case(alarm_case: dict[str, Any]) -> None:
    if alarm_case["kind"] == "composite":
        outcomes = [run_composite_case(alarm_case)]
    else:
        outcomes = [run_metric_case(alarm_case, extra) for extra in extras(alarm_case)]
    for states, actions in outcomes:
        assert len(states) == len(alarm_case["expect"])
        for state, expected in zip(states, alarm_case["expect"], strict=True):
            if expected.startswith("!"):
                assert state != expected.removeprefix("!")
            else:
                assert state == expected
        assert actions == alarm_case.get("expect_actions", actions)
