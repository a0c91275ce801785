"""Log groups as they stand, and what would go with them (CON-4.10, CON-7.6)."""

from __future__ import annotations

import pytest
from rule_bench import GROUP, HERE, RuleBench

from tocsin.app.filter_watch import FilterWatch
from tocsin.app.log_group import create_log_group, set_retention
from tocsin.app.log_group_reading import (
    filters_of_group,
    group_names,
    group_standing,
    list_groups,
    loss_of_group,
    newest_events,
)
from tocsin.errors import NotFoundError

PATTERN = "{ $.eventName = StopLogging }"


@pytest.fixture
def bench() -> RuleBench:
    return RuleBench()


def test_a_group_without_events_has_no_newest_one(bench: RuleBench) -> None:
    standing = group_standing(bench.service, HERE, GROUP)
    assert (standing.newest, standing.stored_bytes, standing.metric_filters) == (None, 0, 0)


def test_a_group_tells_its_newest_event_its_bytes_and_its_filters(bench: RuleBench) -> None:
    bench.filter("stop", PATTERN)
    bench.put_events('{"eventName":"StopLogging"}')
    standing = group_standing(bench.service, HERE, GROUP)
    assert (standing.newest, standing.stored_bytes, standing.metric_filters) == (bench.now_ms, 27, 1)


def test_an_event_that_has_expired_is_not_the_newest(bench: RuleBench) -> None:
    bench.put_events("old")
    set_retention(bench.service, HERE, GROUP, 1)
    bench.clock.advance(86_401)
    assert group_standing(bench.service, HERE, GROUP).newest is None
    assert newest_events(bench.service, HERE, GROUP, limit=5) == []


def test_groups_come_by_name_in_pages_and_are_found_by_a_part_of_it(bench: RuleBench) -> None:
    for name in ("a-trail", "b", "c-TRAIL"):
        create_log_group(bench.service, HERE, name)
    assert group_names(bench.service, HERE) == ["a-trail", "b", "c-TRAIL", GROUP]
    first, has_more = list_groups(bench.service, HERE, find="trail", limit=2)
    assert ([one.group.name for one in first], has_more) == (["a-trail", "c-TRAIL"], True)
    rest, has_more = list_groups(bench.service, HERE, find="trail", after="c-TRAIL", limit=2)
    assert ([one.group.name for one in rest], has_more) == ([GROUP], False)


def test_a_group_that_is_not_there_is_an_error(bench: RuleBench) -> None:
    for ask in (group_standing, loss_of_group):
        with pytest.raises(NotFoundError):
            ask(bench.service, HERE, "nowhere")


def test_the_newest_events_come_first(bench: RuleBench) -> None:
    bench.put_events("a")
    bench.clock.advance(1)
    bench.put_events("b", "c")
    found = newest_events(bench.service, HERE, GROUP, limit=2)
    assert [one.message for one in found] == ["c", "b"]
    older = newest_events(bench.service, HERE, GROUP, before=found[-1].place, limit=2)
    assert [one.message for one in older] == ["a"]


def test_filters_name_the_alarms_on_their_metric(bench: RuleBench) -> None:
    bench.filter("stop", PATTERN)
    bench.filter("quiet", PATTERN, metric="other")
    bench.alarm("stopped", "stop")
    found = {
        one.kept.filter.filter_name: [alarm.name for alarm in one.alarms]
        for one in filters_of_group(bench.service, HERE, GROUP)
    }
    assert found == {"quiet": [], "stop": ["stopped"]}


def test_an_alarm_on_other_dimensions_does_not_look_at_the_filter(bench: RuleBench) -> None:
    bench.filter("stop", PATTERN, dimensions={"Who": "$.userIdentity.arn"})
    bench.alarm("by region", "stop", Dimensions=[{"Name": "Region", "Value": "r"}])
    bench.alarm("by whom", "stop", Dimensions=[{"Name": "Who", "Value": "w"}])
    (only,) = filters_of_group(bench.service, HERE, GROUP)
    assert [alarm.name for alarm in only.alarms] == ["by whom"]


# ---------------------------------------------------------------- what is lost


def test_with_a_group_go_the_alarms_that_nothing_else_feeds(bench: RuleBench) -> None:
    create_log_group(bench.service, HERE, "second")
    bench.filter("stop", PATTERN)
    bench.filter("shared", PATTERN, metric="both")
    bench.filter("shared too", PATTERN, metric="both", group="second")
    topic = bench.topic()
    bench.subscribe("security@example.com")
    bench.alarm("stopped", "stop", actions=(topic,))
    bench.alarm("either", "both", actions=(topic,))
    loss = loss_of_group(bench.service, HERE, GROUP)
    assert [kept.filter.filter_name for kept in loss.filters] == ["shared", "stop"]
    assert [alarm.name for alarm in loss.alarms] == ["stopped"]
    assert loss.unheard == ("security@example.com",)


def test_who_was_told_of_nothing_loses_nothing(bench: RuleBench) -> None:
    bench.filter("stop", PATTERN)
    topic = bench.topic()
    bench.subscribe("security@example.com", confirmed=False)
    bench.alarm("stopped", "stop", actions=(topic,))
    assert loss_of_group(bench.service, HERE, GROUP).unheard == ()


def test_an_alarm_that_saw_nothing_before_loses_nothing(bench: RuleBench) -> None:
    bench.filter("stop", PATTERN)
    bench.alarm("elsewhere", "something else")
    with bench.store.read() as store:
        watch = FilterWatch(bench.service, store, HERE)
        assert watch.blind_without(watch.filters) == ()
