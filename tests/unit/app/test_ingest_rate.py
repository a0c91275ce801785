"""How many events a minute come into a log group (CON-4.10): counted, never guessed."""

from __future__ import annotations

from datetime import timedelta

from rule_bench import GROUP, HERE, RuleBench

from tocsin.app.ingest_rate import IngestRates

MINUTE = timedelta(minutes=1)


def rate(bench: RuleBench, group: str = GROUP) -> float | None:
    return bench.service.part(IngestRates).rate(HERE, group, at=bench.now_ms)


def test_nothing_is_known_before_a_whole_minute_has_passed() -> None:
    bench = RuleBench()
    assert rate(bench) is None
    bench.put_events("a", "b")
    bench.clock.advance(59)
    assert rate(bench) is None


def test_the_rate_is_an_average_over_the_whole_minutes_that_were_seen() -> None:
    bench = RuleBench()
    rate(bench)
    bench.clock.advance(60)
    bench.put_events(*"abcdef")
    bench.clock.advance(120)
    assert rate(bench) == 3.0


def test_what_came_more_than_ten_minutes_ago_counts_no_more() -> None:
    bench = RuleBench()
    rate(bench)
    bench.clock.advance(60)
    bench.put_events(*"abcdefghij")
    bench.clock.advance(600)
    assert rate(bench) == 1.0
    bench.clock.advance(60)
    assert rate(bench) == 0.0


def test_groups_are_counted_apart() -> None:
    bench = RuleBench()
    rate(bench)
    bench.clock.advance(60)
    bench.put_events("a")
    bench.clock.advance(60)
    assert rate(bench) == 1.0
    assert rate(bench, "other") == 0.0


def test_memory_does_not_grow_with_time() -> None:
    bench = RuleBench()
    rates = bench.service.part(IngestRates)
    for _ in range(100):
        bench.put_events("a")
        bench.clock.advance(60)
    assert rates.rate(HERE, GROUP, at=bench.now_ms) == 1.0
    assert all(len(counts) <= 12 for counts in rates._counts.values())


def test_a_batch_of_nothing_leaves_no_trace() -> None:
    bench = RuleBench()
    rates = bench.service.part(IngestRates)
    rates.note(HERE, GROUP, 0, at=bench.now_ms)
    assert rates._counts == {}
