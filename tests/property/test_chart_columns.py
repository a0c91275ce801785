"""Down-sampling loses nothing that matters. Spec: CON-5.4."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tocsin.console.charts import Side, Slot, columns_of, line_points

VALUES = st.one_of(st.none(), st.integers(-1000, 1000).map(float))


@st.composite
def series(draw: st.DrawFn) -> list[Slot]:
    """Slots that touch, some missing; a slot breaches or not whatever its value is."""
    values = draw(st.lists(st.tuples(VALUES, st.booleans(), st.booleans()), max_size=400))
    return [
        Slot(
            start=60 * place,
            end=60 * place + 60,
            value=value,
            is_breaching=breaches and value is not None,
            is_fill=fills and value is None,
            lower=-500.0,
            upper=500.0,
        )
        for place, (value, breaches, fills) in enumerate(values)
    ]


@given(series(), st.sampled_from(Side), st.integers(1, 130))
def test_no_peak_breach_or_gap_is_lost(slots: list[Slot], side: Side, most: int) -> None:
    columns = columns_of(slots, side=side, most=most)
    assert len(columns) <= most
    at = 0
    for column in columns:
        part = slots[at : at + column.slots]
        at += column.slots
        values = [slot.value for slot in part if slot.value is not None]
        assert (column.start, column.end) == (part[0].start, part[-1].end)
        assert (column.low, column.high) == (min(values, default=None), max(values, default=None))
        assert column.is_breaching == any(slot.is_breaching for slot in part)
        assert column.missing == len(part) - len(values)
        assert column.fills == sum(slot.is_fill for slot in part)
        breaching = [slot.value for slot in part if slot.is_breaching and slot.value is not None]
        eligible = breaching or values
        if side is Side.ABOVE:
            assert column.value == max(eligible, default=None)
        if side is Side.BELOW:
            assert column.value == min(eligible, default=None)
        assert (column.value is None) == (not values)
        assert column.value is None or column.value in eligible
    assert at == len(slots)
    # All but the first are of the same size, so that a column keeps its slots as time goes on.
    assert len({column.slots for column in columns[1:]}) <= 1


@given(series(), st.integers(1, 130))
def test_a_line_keeps_its_ends_its_extremes_and_its_gaps(slots: list[Slot], most: int) -> None:
    stretches = line_points(slots, most=most)
    kept = [slot for stretch in stretches for slot in stretch]
    assert kept == sorted(kept, key=lambda slot: slot.start)
    assert all(slot.value is not None for slot in kept)
    shown = {slot.start for slot in kept}
    for column in columns_of(slots, most=most):
        part = [slot for slot in slots if column.start <= slot.start < column.end and slot.value is not None]
        drawn = [slot.value for slot in part if slot.start in shown]
        assert [min(drawn, default=None), max(drawn, default=None)] == [column.low, column.high]
        if part:
            assert {part[0].start, part[-1].start} <= shown
    # No stretch runs across a slot without a value, and none is cut where all slots have one.
    missing = [slot.start for slot in slots if slot.value is None]
    for stretch in stretches:
        assert not any(stretch[0].start < at < stretch[-1].start for at in missing)
    for before, after in itertools.pairwise(stretches):
        assert any(before[-1].start < at < after[0].start for at in missing)
