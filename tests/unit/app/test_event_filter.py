"""What metric filters make of an event, and which alarms count it (CON-4.5)."""

from __future__ import annotations

import msgspec
import pytest
from console_bench import SCOPE, ConsoleBench
from event_bench import GROUP, put_filter, record

from tocsin.app.event_filter import EventFilters
from tocsin.core.event import Event


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(GROUP, [record(1, 1)])
    put_filter(bench, "users", "{ $.eventName = CreateUser }", alarm="cis/users")
    put_filter(bench, "sizes", "{ $.eventName = CreateUser }", alarm="sizes", value="$.size")
    put_filter(bench, "denied", '{ $.errorCode = "AccessDenied*" }')
    return bench


def outcomes(bench: ConsoleBench, **fields: object) -> list[tuple[str, bool, bool, tuple[str, ...]]]:
    event = Event(msgspec.json.encode(record(1, 2, **fields)).decode())
    with bench.service.store.read() as store:
        found = bench.service.part(EventFilters).outcomes(store, SCOPE, GROUP, event)
        counted = bench.service.part(EventFilters).counted_in(store, SCOPE, GROUP, event)
    assert counted == tuple(sorted({name for one in found for name in one.alarms}))
    return [(one.name, one.matches, one.has_value, one.alarms) for one in found]


def test_a_match_is_counted_by_the_alarms_on_its_metric(bench: ConsoleBench) -> None:
    assert outcomes(bench, name="CreateUser", size=3) == [
        ("sizes", True, True, ("sizes",)),
        ("users", True, True, ("cis/users",)),
        ("denied", False, True, ()),
    ]


def test_a_match_without_a_value_is_counted_by_none(bench: ConsoleBench) -> None:
    assert outcomes(bench, name="CreateUser")[0] == ("sizes", True, False, ())


def test_a_match_that_no_alarm_reads_is_counted_by_none(bench: ConsoleBench) -> None:
    assert outcomes(bench, errorCode="AccessDenied")[0] == ("denied", True, True, ())


def test_what_is_defined_later_counts_at_once(bench: ConsoleBench) -> None:
    assert len(outcomes(bench, name="DeleteUser")) == 3
    put_filter(bench, "gone", "{ $.eventName = DeleteUser }", alarm="gone")
    assert outcomes(bench, name="DeleteUser")[0] == ("gone", True, True, ("gone",))
    bench.call("cloudwatch", "DeleteAlarms", {"AlarmNames": ["gone"]})
    assert outcomes(bench, name="DeleteUser")[0] == ("gone", True, True, ())
