"""How often a pattern has matched, counted back within a budget (CON-4.0, CON-4.10)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rule_bench import GROUP, HERE, START, RuleBench

from tocsin.app.log_group import set_retention
from tocsin.app.match_count import MatchCount, count_matches
from tocsin.core.log_event import EventPlace
from tocsin.errors import NotFoundError, PatternError
from tocsin.store.sqlite import SqliteStore

DAY = 86_400
DAY_MS = DAY * 1000
NAMED = "{ $.eventName = StopLogging || $.eventName = DeleteTrail }"
UNNAMED = '{ $.userIdentity.type = "Root" }'


def record(name: str, **more: object) -> str:
    return json.dumps(
        {"eventTime": "2026-11-23T09:30:00Z", "eventName": name, "userIdentity": {"type": "Root"}, **more}
    )


@pytest.fixture
def bench() -> RuleBench:
    """Three days, of which each has a call to stop and the last one to delete, too."""
    bench = RuleBench()
    for _ in range(3):
        bench.put_events(record("StopLogging"), record("DescribeTrails"))
        bench.clock.advance(DAY)
    bench.put_events(record("DeleteTrail"), "no record at all")
    return bench


def edges(bench: RuleBench) -> list[int]:
    """Bounds of four days, up to now."""
    end = bench.now_ms + 1
    return [end - n * DAY_MS for n in range(4, -1, -1)]


def count(bench: RuleBench, pattern: str, **how: object) -> MatchCount:
    return count_matches(bench.service, HERE, pattern, group=GROUP, edges=edges(bench), **how)


@pytest.mark.parametrize(
    ("pattern", "counts"),
    [
        (NAMED, (1, 1, 1, 1)),
        (UNNAMED, (2, 2, 2, 1)),
        ("{ $.eventName = StopLogging && $.eventName = DeleteTrail }", (0, 0, 0, 0)),
        ('"no record"', (0, 0, 0, 1)),
    ],
)
def test_matches_are_counted_by_interval(bench: RuleBench, pattern: str, counts: tuple[int, ...]) -> None:
    found = count(bench, pattern)
    assert found.counts == counts
    assert found.total == sum(counts)
    assert found.searched_back_to is None


def test_the_newest_come_first(bench: RuleBench) -> None:
    names = [json.loads(event.message)["eventName"] for event in count(bench, NAMED).newest]
    assert names == ["DeleteTrail", "StopLogging", "StopLogging", "StopLogging"]


def test_what_has_expired_is_not_counted(bench: RuleBench) -> None:
    set_retention(bench.service, HERE, GROUP, 1)
    bench.clock.advance(1)
    assert count(bench, NAMED).counts == (0, 0, 0, 1)


def test_an_earlier_count_is_gone_on_with(bench: RuleBench) -> None:
    found = count(bench, NAMED, before=EventPlace(bench.now_ms - DAY_MS, 0))
    assert found.counts == (1, 1, 0, 0)


def test_a_group_that_is_not_there_and_a_pattern_that_is_none_are_told(bench: RuleBench) -> None:
    with pytest.raises(NotFoundError):
        count_matches(bench.service, HERE, NAMED, group="other", edges=edges(bench))
    with pytest.raises(PatternError):
        count(bench, "{ $.eventName = ")


@pytest.fixture
def large(tmp_path: Path) -> RuleBench:
    """Twenty days of a block each, with a call to stop logging in each."""
    bench = RuleBench(store=SqliteStore(tmp_path / "tocsin.db"))
    for _ in range(20):
        bench.put_events(record("StopLogging"), *[record("DescribeTrails", n=n) for n in range(999)])
        bench.store.pack_logs(at=bench.now_ms + 10 * DAY_MS)
        bench.clock.advance(DAY)
    yield bench
    bench.store.close()


@pytest.mark.parametrize(("pattern", "a_day"), [(NAMED, 1), (UNNAMED, 1000)])
def test_where_the_budget_ends_the_count_says_how_far_it_holds(large: RuleBench, pattern: str, a_day: int) -> None:
    bounds = [int(START.timestamp() * 1000) + n * DAY_MS for n in range(21)]
    found = count_matches(large.service, HERE, pattern, group=GROUP, edges=bounds, blocks=8)
    assert found.searched_back_to is not None
    searched = sum(start >= found.searched_back_to.timestamp for start in bounds[:-1])
    days = sum(one > 0 for one in found.counts)
    assert found.counts == (0,) * (20 - days) + (a_day,) * days
    assert 4 <= days < 20
    assert searched - 1 <= days <= searched
    rest = count_matches(large.service, HERE, pattern, group=GROUP, edges=bounds, before=found.searched_back_to)
    assert rest.searched_back_to is None
    assert found.total + rest.total == 20 * a_day


def test_a_pattern_of_many_names_looks_for_each_at_least_once(large: RuleBench) -> None:
    names = " || ".join(f"$.eventName = N{n}" for n in range(20))
    bounds = [int(START.timestamp() * 1000), large.now_ms]
    found = count_matches(
        large.service, HERE, f"{{ {names} || $.eventName = StopLogging }}", group=GROUP, edges=bounds, blocks=1
    )
    assert found.total >= 1


def test_a_count_takes_no_longer_than_it_may(large: RuleBench) -> None:
    bounds = [int(START.timestamp() * 1000), large.now_ms]
    found = count_matches(large.service, HERE, UNNAMED, group=GROUP, edges=bounds, seconds=0)
    assert found.searched_back_to is not None
