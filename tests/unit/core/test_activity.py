"""Calls are counted by hour, alone and beside what they were seen with (CON-4.0, X5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.activity import (
    HOUR_MS,
    ActiveHour,
    ActivityOfTerm,
    Companion,
    Outcomes,
    count_activity,
    hours_within,
    require_counted,
)
from tocsin.core.log_event import Term
from tocsin.core.record_term import RecordTerms

ALICE = Term("actor", "alice")
OFFICE = Term("address", "192.0.2.10")
ALWAYS = (0, 10**9)


def record(*terms: Term, result: str = "done") -> RecordTerms:
    return RecordTerms("", terms, result=result)


records = st.lists(
    st.tuples(
        st.integers(0, 5 * HOUR_MS),
        st.builds(
            record,
            *(st.sampled_from([Term(kind, value) for value in "ab"]) for kind in ("actor", "address", "event_name", "key")),
            result=st.sampled_from(["done", "denied", "failed"]),
        ),
    ),
    max_size=30,
)  # fmt: skip


@given(records)
def test_every_call_is_counted_once_for_each_pair(found: list[tuple[int, RecordTerms]]) -> None:
    counted = count_activity(found)
    for (number, other, hour), outcomes in counted.hours.items():
        both = {counted.terms[number], counted.terms[other]}
        alike = [(time, one.result) for time, one in found if both <= {*one.terms}]
        within = [result for time, result in alike if time // HOUR_MS == hour]
        assert outcomes == (len(within), within.count("denied"), within.count("failed"))
        assert counted.first[number, other] == min(alike)[0]
        assert counted.last[number, other] == max(alike)[0]
    alone = [outcomes.calls for (number, other, _), outcomes in counted.hours.items() if number == other]
    assert sum(alone) == 2 * len(found)  # an actor and an address each


@given(records, records)
def test_what_is_counted_apart_adds_up(
    one: list[tuple[int, RecordTerms]], other: list[tuple[int, RecordTerms]]
) -> None:
    stored = ActivityOfTerm(Term("actor", "a"), one, ALWAYS)
    loose = ActivityOfTerm(Term("actor", "a"), other, ALWAYS)
    whole = ActivityOfTerm(Term("actor", "a"), one + other, ALWAYS)
    assert loose.by_hour({hour.start // HOUR_MS: hour.outcomes for hour in stored.by_hour({})}) == whole.by_hour({})
    kept = {companion.value: companion for companion in stored.companions("key", {}, limit=9).shown}
    assert loose.companions("key", kept, limit=9) == whole.companions("key", {}, limit=9)


def test_a_record_without_an_actor_counts_for_its_address_alone() -> None:
    found = [(5, record(OFFICE, Term("event_name", "ListUsers"), Term("resource", "r")))]
    counted = count_activity(found)
    assert counted.terms == [OFFICE, Term("event_name", "ListUsers")]
    assert counted.hours == {(0, 0, 0): Outcomes(1, 0, 0)}
    assert count_activity([]) == ([], {}, {}, {})


def test_hours_outside_are_left_out() -> None:
    found = [(hour * HOUR_MS, record(ALICE, OFFICE)) for hour in range(5)]
    activity = ActivityOfTerm(ALICE, found, (1, 3))
    assert activity.by_hour({}) == [ActiveHour(hour * HOUR_MS, Outcomes(1, 0, 0)) for hour in (1, 2, 3)]
    assert activity.companions("address", {}, limit=1).shown == (
        Companion(value=OFFICE.value, first=0, last=4 * HOUR_MS, outcomes=Outcomes(3, 0, 0)),
    )
    assert ActivityOfTerm(ALICE, found, (7, 8)).companions("address", {}, limit=1).total == 0


def test_what_was_last_seen_comes_first_then_by_value() -> None:
    found = [(5, record(ALICE, Term("key", value))) for value in "ba"] + [(7, record(ALICE, Term("key", "c")))]
    shown = ActivityOfTerm(ALICE, found, ALWAYS).companions("key", {}, limit=9, is_complete=False)
    assert [one.value for one in shown.shown] == ["c", "a", "b"]
    assert not shown.is_complete


def test_what_stood_beside_a_term_is_told_by_kind() -> None:
    found = [(5, record(ALICE, OFFICE, Term("key", "k"))), (5 * HOUR_MS, record(ALICE, Term("key", "later")))]
    activity = ActivityOfTerm(ALICE, found, (0, 1))
    assert (activity.values("key"), activity.values("address")) == ({"k"}, {OFFICE.value})


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [(0, 1, (0, 0)), (0, HOUR_MS, (0, 0)), (0, HOUR_MS + 1, (0, 1)), (HOUR_MS, 2 * HOUR_MS, (1, 1)), (5, 5, (0, 0))],
)
def test_hours_hold_the_time_that_is_asked_for(since: int, until: int, hours: tuple[int, int]) -> None:
    assert hours_within(since, until) == hours


@pytest.mark.parametrize(
    ("kind", "companion", "refused"),
    [
        ("actor", None, False),
        ("actor", "key", False),
        ("address", "actor", False),
        ("key", None, True),
        ("address", "key", True),
        ("resource", "actor", True),
    ],
)
def test_some_kinds_alone_are_counted(kind: str, companion: str | None, refused: bool) -> None:
    if refused:
        with pytest.raises(ValueError, match="counted"):
            require_counted(kind, companion)
    else:
        require_counted(kind, companion)
