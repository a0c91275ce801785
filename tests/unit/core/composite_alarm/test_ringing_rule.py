"""The rule that asks how many of some alarms ring (CON-4.8)."""

from __future__ import annotations

import itertools

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.alarm_rule import AlarmRule
from tocsin.core.composite_alarm.ringing_rule import HowMany, ringing_rule

NAMES = ["a", 'b "c"', "cis/root-usage"]


@pytest.mark.parametrize(("how_many", "needed"), [(HowMany.ANY, 1), (HowMany.ALL, 3), (HowMany.TWO, 2)])
def test_it_holds_when_so_many_ring(how_many: HowMany, needed: int) -> None:
    rule = AlarmRule.parse(ringing_rule(NAMES, how_many))
    for values in itertools.product(StateValue, repeat=3):
        states = dict(zip(NAMES, values, strict=True))
        assert rule.evaluate(states) is (values.count(StateValue.ALARM) >= needed)


@pytest.mark.parametrize("how_many", HowMany)
def test_of_one_alarm_it_is_that_it_rings(how_many: HowMany) -> None:
    assert ringing_rule(["a"], how_many) == "ALARM(a)"
