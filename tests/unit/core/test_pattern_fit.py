"""How filters stand to the pattern of a rule (CON-4.10, FP-13.30)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern_fit import Fit, fit_of

WANTED = (
    '{ ($.eventSource = "kms.amazonaws.com") && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }'
)


@pytest.mark.parametrize(
    ("given", "fit"),
    [
        (WANTED, Fit.TEXT),
        (WANTED.replace("{ ", "{"), Fit.MEANING),
        ("{ $.eventSource = kms.amazonaws.com && ($.eventName = ScheduleKeyDeletion || $.eventName = DisableKey) }", Fit.MEANING),
        ("{ $.eventSource = kms.amazonaws.com && $.eventName = DisableKey }", Fit.NARROWER),
        (WANTED.replace(") }", ") && ($.userIdentity.arn != arn1) }"), Fit.NARROWER),
        ("{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }", Fit.WIDER),
        ("", Fit.WIDER),
        ("{ $.eventName = StopLogging }", Fit.NONE),
        ("{ $.eventSource = kms.amazonaws.com && $.eventName = EnableKey }", Fit.NONE),
        ("{ $.eventName = DisableKey || $.eventName = EnableKey }", Fit.NONE),
        ("{ $.eventName = ", Fit.NONE),
    ],
)  # fmt: skip
def test_a_filter_fits_as_far_as_it_is_proved(given: str, fit: Fit) -> None:
    assert fit_of(WANTED, given).fit is fit


def test_a_narrower_filter_is_shown_by_an_event_that_it_misses() -> None:
    given = "{ $.eventSource = kms.amazonaws.com && $.eventName = DisableKey }"
    found = fit_of(WANTED, given)
    assert found.missed is not None
    assert found.extra is None
    assert FilterPattern.parse(WANTED).matches(found.missed)
    assert not FilterPattern.parse(given).matches(found.missed)


def test_a_wider_filter_is_shown_by_an_event_that_is_too_much() -> None:
    given = "{ $.eventName = DisableKey || $.eventName = ScheduleKeyDeletion }"
    found = fit_of(WANTED, given)
    assert found.missed is None
    assert found.extra is not None
    assert FilterPattern.parse(given).matches(found.extra)
    assert not FilterPattern.parse(WANTED).matches(found.extra)


def test_a_rule_that_is_no_pattern_is_fitted_by_nothing() -> None:
    assert fit_of("{ $.a = ", "{ $.a = ").fit is Fit.NONE


@pytest.mark.parametrize("fit", list(Fit))
def test_only_the_same_events_count_as_equal(fit: Fit) -> None:
    assert fit.is_equal == (fit in (Fit.TEXT, Fit.MEANING))
