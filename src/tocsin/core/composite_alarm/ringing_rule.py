"""The rule that asks how many of some alarms ring. Spec: AL-12.1, AL-12.2, CON-4.8."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.printer import print_rule
from tocsin.core.composite_alarm.tree import And, AtLeast, InState, Or

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.composite_alarm.tree import Node


class HowMany(StrEnum):
    """How many have to be in ALARM."""

    ANY = "any"
    ALL = "all"
    TWO = "two"


def ringing_rule(names: Sequence[str], how_many: HowMany) -> str:
    """The rule over at least one alarm.

    >>> ringing_rule(["a", "b c"], HowMany.ANY), ringing_rule(["a", "b"], HowMany.TWO)
    ('ALARM(a) OR ALARM("b c")', 'AT_LEAST(2, ALARM, (a, b))')
    """
    rings = tuple(InState(StateValue.ALARM, name) for name in names)
    node: Node
    match how_many:
        case _ if len(rings) == 1:
            (node,) = rings
        case HowMany.ANY:
            node = Or(rings)
        case HowMany.ALL:
            node = And(rings)
        case HowMany.TWO:
            node = AtLeast(2, is_percentage=False, is_negated=False, state=StateValue.ALARM, names=tuple(names))
        case _:
            assert_never(how_many)
    return print_rule(node)
