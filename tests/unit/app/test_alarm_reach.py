"""Who hears of an alarm, and where its way to the people breaks (AL-19.4, CON-1.10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.alarm_reach import Reach, ReachSurvey
from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS, composite_of, metric_alarm_of
from tocsin.app.metric_alarm import set_state
from tocsin.app.topic import delete_topic
from tocsin.core.alarm.state import StateValue
from tocsin.core.delivery import Delivered, DeliveryReason, Endpoint, Failed

HOUR_MS = 3_600_000


@pytest.fixture
def bench() -> RuleBench:
    bench = RuleBench()
    bench.alarm("root", "Root", actions=(bench.topic(),))
    return bench


def reach(bench: RuleBench, name: str = "root") -> Reach:
    with bench.store.read() as store:
        metric, composite = METRIC_ALARMS.get(store, HERE, name), COMPOSITES.get(store, HERE, name)
        alarm = metric_alarm_of(metric) if metric is not None else composite_of(composite) if composite else None
        assert alarm is not None
        return ReachSurvey(bench.service, store, HERE, now=bench.now_ms).of(alarm)


def endpoints(found: Reach) -> list[str]:
    return [one.endpoint for one in found.listeners]


def test_confirmed_subscribers_hear_it(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    bench.subscribe("oncall@example.com", confirmed=False)
    found = reach(bench)
    assert endpoints(found) == ["security@example.com"]
    assert [one.endpoint for one in found.pending] == ["oncall@example.com"]
    assert (found.why_not, found.remedy, found.through) == ("", "", "")


def test_chat_channels_hear_it() -> None:
    arn = "arn:aws:sns:eu-central-1:111122223333:sec-alerts"
    bench = RuleBench(channels={arn: (Endpoint("slack", "notifier 1"),)})
    bench.alarm("root", "Root", actions=(bench.topic(),))
    assert endpoints(reach(bench)) == ["notifier 1"]


def test_a_pending_subscriber_is_nobody(bench: RuleBench) -> None:
    bench.subscribe("oncall@example.com", confirmed=False)
    found = reach(bench)
    assert found.listeners == ()
    assert found.why_not == "nobody has confirmed a subscription to sec-alerts"


def test_a_link_that_has_lapsed_is_not_pending(bench: RuleBench) -> None:
    bench.subscribe("oncall@example.com", confirmed=False)
    bench.clock.advance(timedelta(days=3).total_seconds())
    assert reach(bench).pending == ()


def test_a_topic_that_is_gone_reaches_nobody(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    delete_topic(bench.service, HERE, bench.topic())
    assert reach(bench).why_not == "there is no topic sec-alerts"


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"AlarmActions": []}, "it has no action for ALARM"),
        ({"ActionsEnabled": False}, "its actions are disabled"),
        ({"AlarmActions": ["arn:aws:automate:eu-central-1:ec2:stop"]}, "no action for ALARM is a topic"),
    ],
)
def test_an_alarm_that_publishes_nothing_reaches_nobody(bench: RuleBench, changes: dict, why_not: str) -> None:
    bench.subscribe("security@example.com")
    bench.alarm("root", "Root", **{"AlarmActions": [bench.topic()], **changes})
    assert reach(bench).why_not == why_not
    assert reach(bench).remedy


def test_a_filter_policy_that_drops_alarms_is_nobody(bench: RuleBench) -> None:
    bench.subscribe("security@example.com", attributes={"FilterPolicy": '{"severity": ["high"]}'})
    assert "filter policies" in reach(bench).why_not


def test_an_endpoint_that_takes_nothing_for_an_hour_is_nobody(bench: RuleBench) -> None:
    good, bad = bench.subscribe("security@example.com"), bench.subscribe("broken@example.com")
    began = bench.now_ms
    bench.deliver(good, cause="c", at=began, outcome=Delivered("250 queued"))
    bench.deliver(bad, cause="c", at=began, outcome=Failed(DeliveryReason.REFUSED, "550 no"))
    assert endpoints(reach(bench)) == ["security@example.com", "broken@example.com"]
    bench.clock.advance(HOUR_MS / 1000)
    assert endpoints(reach(bench)) == ["security@example.com"]
    bench.deliver(good, cause="c", at=began + 1, outcome=Failed(DeliveryReason.REFUSED, "550 no"))
    bench.clock.advance(1)
    assert reach(bench).why_not == "nothing arrives at any subscriber of sec-alerts"


def test_a_muted_alarm_reaches_nobody_until_the_window_ends(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    bench.mute("root", hours=2)
    assert reach(bench).why_not == "it is muted until 2026-11-23T11:30:00Z"
    bench.clock.advance(2 * 3_600)
    assert endpoints(reach(bench)) == ["security@example.com"]


def test_a_composite_speaks_for_a_child_that_makes_it_ring(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    bench.alarm("root", "Root")
    bench.alarm("other", "Other")
    bench.composite("any", "ALARM(root) OR ALARM(other)")
    bench.composite("top", "ALARM(any)", actions=(bench.topic(),))
    found = reach(bench)
    assert endpoints(found) == ["security@example.com"]
    assert found.through == "top"


@pytest.mark.parametrize("rule", ["ALARM(root) AND ALARM(other)", "ALARM(root) OR TRUE", "OK(root)"])
def test_a_composite_that_need_not_ring_speaks_for_nobody(bench: RuleBench, rule: str) -> None:
    bench.subscribe("security@example.com")
    bench.alarm("root", "Root")
    bench.alarm("other", "Other")
    bench.composite("some", rule, actions=(bench.topic(),))
    assert reach(bench).why_not == "it has no action for ALARM"


def test_a_composite_is_silent_while_its_suppressor_rings(bench: RuleBench) -> None:
    bench.subscribe("security@example.com")
    bench.alarm("work", "Work")
    suppressed = {
        "ActionsSuppressor": "work",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 60,
    }
    bench.composite("any", "ALARM(root)", actions=(bench.topic(),), **suppressed)
    assert endpoints(reach(bench, "any")) == ["security@example.com"]
    set_state(bench.service, HERE, "work", StateValue.ALARM, reason="work", reason_data=None)
    assert reach(bench, "any").why_not == "its suppressor work is in ALARM"
