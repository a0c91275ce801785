"""How a filter that somebody has made stands to the pattern that a rule wants. Spec: CON-4.10 (Coverage), FP-13.30.

Rule: a fit is claimed only where it is proved for every event; what is not proved is no fit.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import msgspec

from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.equivalence import Relation, equivalent
from tocsin.errors import PatternError

# Comparing takes milliseconds, and the same filters are asked about again with every page.
_REMEMBERED = 8_192


class Fit(StrEnum):
    """How the events that a filter matches relate to those that a rule wants; the best first."""

    TEXT = "text"  # the same characters
    MEANING = "meaning"  # other characters, the same events
    NARROWER = "narrower"  # some of the events, and no others
    WIDER = "wider"  # all of the events, and others
    NONE = "none"  # nothing of this is proved

    @property
    def is_equal(self) -> bool:
        """Whether the filter matches exactly what the rule wants."""
        return self in {Fit.TEXT, Fit.MEANING}


class PatternFit(msgspec.Struct, frozen=True, kw_only=True):
    """A fit, with events that show what it costs; None where none is known.

    `missed` is an event that the rule wants and the filter does not match, `extra` one that the filter matches and
    the rule does not want. Both were tried.
    """

    fit: Fit
    missed: str | None = None
    extra: str | None = None


_NONE = PatternFit(fit=Fit.NONE)


@lru_cache(maxsize=_REMEMBERED)
def fit_of(wanted: str, given: str) -> PatternFit:
    """How the pattern `given` stands to the pattern `wanted`. Never raises; what is no pattern fits nothing.

    >>> fit_of("{ $.eventName = A }", "{($.eventName=A)}").fit
    <Fit.MEANING: 'meaning'>
    """
    try:
        wanted_pattern, given_pattern = FilterPattern.parse(wanted), FilterPattern.parse(given)
    except PatternError:
        return _NONE
    if wanted == given:
        return PatternFit(fit=Fit.TEXT)
    if _share_no_event_name(wanted_pattern, given_pattern):
        return _NONE
    found = equivalent(given_pattern, wanted_pattern)
    match found.relation:
        case Relation.EQUAL:
            fit = Fit.MEANING
        case Relation.A_IMPLIES_B:
            fit = Fit.NARROWER
        case Relation.B_IMPLIES_A:
            fit = Fit.WIDER
        case _:
            return _NONE
    return PatternFit(fit=fit, missed=found.only_b, extra=found.only_a)


def _share_no_event_name(one: FilterPattern, other: FilterPattern) -> bool:
    """Whether their event names tell that no event can match both."""
    names, others = one.index_keys, other.index_keys
    if not names or not others:
        return False  # not known, or a pattern that matches nothing, which is in every other one
    return names.isdisjoint(others)
