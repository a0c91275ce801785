"""The live service finds the Insights that an archive of the same calls holds (CT-17.7)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.app.test_insight_watch import Live, trail
from tocsin.core.insight.call import Api, InsightKey
from tocsin.core.insight.course import MinuteCounts, insights_of
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.insight.record import insight_id

MINUTES = 150


@given(
    quiet=st.sampled_from([0, 1, 5]),
    calls=st.lists(st.tuples(st.integers(0, MINUTES - 1), st.integers(1, 12)), max_size=12),
    silent=st.tuples(st.integers(60, MINUTES), st.integers(0, 40)),
)
@settings(max_examples=8, deadline=None)
def test_live_as_in_an_archive(quiet: int, calls: list[tuple[int, int]], silent: tuple[int, int]) -> None:
    rules = {"min_hours": 0.5, "open": 1e-4}
    live = Live(trail(insights=[{"InsightType": "ApiCallRateInsight"}]), **rules)
    live.watch.run()
    (since,) = {minute for *_, minute in _since(live)}
    start = int(live.clock.now().timestamp()) // 60
    counts: Counter[int] = Counter()
    for minute in range(MINUTES):
        made = 0 if silent[0] <= minute < silent[0] + silent[1] else quiet
        made += sum(times for at, times in calls if at == minute)
        if made:
            counts[start + minute] += made
            live.call(times=made)
        live.pass_minutes()
    key = InsightKey(Api("111122223333", "us-east-1", "cloudtrail.amazonaws.com", "CreateUser"))
    until = start + MINUTES - 1  # what was due when the last minute had passed
    expected = []
    for span in insights_of(
        MinuteCounts(counts), since=since + 30, until=until, data_from=since, rules=InsightRules(**rules)
    ):
        expected.append(insight_id(key, span.opened, "Start"))
        expected += [insight_id(key, span.opened, "End")] if span.closed else []
    assert sorted(one["eventID"] for one in live.history()) == sorted(expected)


def _since(live: Live) -> list[tuple[str, str, int]]:
    from tocsin.app.insight_watch import _WATCHES

    with live.service.store.read() as store:
        ((_, _, watch),) = _WATCHES.scan_all(store)
    return watch.since
