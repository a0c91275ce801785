"""Going from event to event finds the Insights that looking at every minute finds (CT-17.7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.insight.course import InsightSpan, MinuteCounts, insights_of
from tocsin.core.insight.judgement import InsightRules, OpenInsight, advance, close, opening

DAY = 1440
MIDNIGHT = 20_000 * DAY
SPAN = 12 * DAY


def minute_by_minute(
    counts: MinuteCounts, since: int, until: int, data_from: int | None, rules: InsightRules
) -> Iterator[InsightSpan]:
    found: OpenInsight | None = None
    begun: OpenInsight | None = None
    for at in range(since, until + 1):
        if found is None:
            begun = found = opening(counts, at, rules, data_from=data_from)
            continue
        found = advance(found, counts, at, rules)
        if found.is_over:
            assert begun is not None
            yield InsightSpan(begun, close(found, counts, at))
            found = None
    if found is not None:
        assert begun is not None
        yield InsightSpan(begun, None)


@st.composite
def sparse(draw: st.DrawFn) -> dict[int, int]:
    """A few clusters of calls in twelve days; some of them so large that falls are judged after them."""
    counts: dict[int, int] = {}
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, SPAN))
        for offset in draw(st.lists(st.integers(0, 30), min_size=1, max_size=10)):
            counts[MIDNIGHT + start + offset] = draw(st.sampled_from([1, 1, 2, 3, 8, 20_160, 40_319, 100_000]))
    return counts


RULES = [
    InsightRules(),
    InsightRules(open=1e-3, close=1e-2),
    InsightRules(open=1e-9, close=1e-8),
    # Closes while nothing is called at all: 20 calls are due, and a silence is not as improbable as that.
    InsightRules(open=1e-8, close=1e-10),
]


@pytest.mark.parametrize("rules", RULES, ids=["default", "loose", "strict", "silence-is-calm"])
@given(counts=sparse(), since=st.integers(0, 3 * DAY), data_from=st.sampled_from([None, -3000, -300, 0]))
@settings(max_examples=10, deadline=None)
def test_events_alone_decide(rules: InsightRules, counts: dict[int, int], since: int, data_from: int | None) -> None:
    made = MinuteCounts(counts)
    since, until = MIDNIGHT + since, MIDNIGHT + SPAN + 2 * DAY
    data_from = None if data_from is None else since + data_from
    assert list(insights_of(made, since=since, until=until, data_from=data_from, rules=rules)) == list(
        minute_by_minute(made, since, until, data_from, rules)
    )


@pytest.mark.parametrize("rules", RULES, ids=["default", "loose", "strict", "silence-is-calm"])
@given(data=st.data())
@settings(max_examples=2, deadline=None)
def test_the_same_of_a_busy_api(rules: InsightRules, data: st.DataObject) -> None:
    busy = dict.fromkeys(range(MIDNIGHT, MIDNIGHT + SPAN), data.draw(st.sampled_from([3, 4, 5, 9])))
    for start in data.draw(st.lists(st.integers(7 * DAY, SPAN), min_size=1, max_size=4)):
        rate = data.draw(st.sampled_from([0, 1, 30]))
        for minute in range(MIDNIGHT + start, MIDNIGHT + start + data.draw(st.integers(1, 400))):
            busy[minute] = rate
    made = MinuteCounts({minute: count for minute, count in busy.items() if count})
    since, until = MIDNIGHT + 36 * 60, MIDNIGHT + SPAN + 200
    assert list(insights_of(made, since=since, until=until, data_from=MIDNIGHT, rules=rules)) == list(
        minute_by_minute(made, since, until, MIDNIGHT, rules)
    )
