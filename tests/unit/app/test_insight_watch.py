"""Insights of the live service: who counts, when it is judged, who gets the records (CT-17.1, 17.2, 17.3, 17.7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.synthetic import record
from tocsin.app.insight_boundary import OPEN_INSIGHTS, ActiveWatch, Boundary
from tocsin.app.insight_watch import InsightRun, InsightWatch
from tocsin.app.record_intake import RecordIntake
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.trail import TRAILS
from tocsin.clock import ManualClock
from tocsin.core.insight.call import Api, InsightKey
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.kept_record import INSIGHT_FOLDER, INSIGHT_HISTORY
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOTH = [{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]
ADVANCED_WRITES = {
    "AdvancedEventSelectors": [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ]
        }
    ]
}
READS = {"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}
DATA = {
    "EventSelectors": [
        {
            "ReadWriteType": "All",
            "IncludeManagementEvents": False,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
        }
    ]
}


def trail(name: str = "main", *, insights: Any = BOTH, selectors: Any = None, **fields: Any) -> Trail:
    return Trail(
        name=name,
        home=fields.pop("home", HERE),
        s3_bucket_name="logs",
        is_logging=fields.pop("is_logging", True),
        insight_selectors=json.dumps(insights).encode() if insights else b"",
        selectors=json.dumps(selectors).encode() if selectors else b"",
        **fields,
    )


class Live:
    """A service with trails, and time that passes minute by minute."""

    def __init__(self, *trails: Trail, store: Any = None, **rules: Any) -> None:
        self.clock = ManualClock(START)
        self.service = Service(
            store or MemoryStore(),
            self.clock,
            new_id=lambda: "x",
            settings=ServiceSettings(insights=InsightRules(**({"min_hours": 1} | rules))),
        )
        self.watch = self.service.part(InsightWatch)
        self.number = 0
        self.keep(*trails)

    def keep(self, *trails: Trail) -> None:
        self.service.store.write(lambda store: [TRAILS.put(store, one.home, one.name, one) for one in trails])

    def call(self, name: str = "CreateUser", times: int = 1, **fields: Any) -> None:
        made = []
        for _ in range(times):
            self.number += 1
            at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            body = record(name, at, eventType="AwsApiCall", readOnly=False, managementEvent=True, userAgent="cli")
            made.append(body | {"eventID": f"call-{self.number}", "eventCategory": "Management"} | fields)
        self.service.part(RecordIntake).take([json.dumps(one).encode() for one in made])

    def pass_minutes(self, minutes: int = 1) -> list[InsightRun]:
        runs = []
        for _ in range(minutes):
            self.clock.advance(60 * 1)
            runs.append(self.watch.run())
        return runs

    def history(self, scope: Scope = HERE) -> list[dict[str, Any]]:
        with self.service.store.read() as store:
            found = store.records.look_up(scope, INSIGHT_HISTORY, limit=100)
        return [json.loads(one.body) for one in reversed(found)]

    def told(self, scope: Scope = HERE) -> list[tuple[str, str, str]]:
        return [
            (one["eventTime"][11:16], one["insightDetails"]["state"], one["insightDetails"]["insightType"][3:7])
            for one in self.history(scope)
        ]

    def delivered(self) -> list[tuple[str, str, int]]:
        """(trail, folder, records) of what waits for trails that is an Insight."""
        found = []
        with self.service.store.read() as store:
            for one in store.records.waiting():
                body = store.records.route(one.group.route)
                assert body is not None
                if one.group.folder == INSIGHT_FOLDER:
                    found.append((TRAILS.read(body).name, one.group.scope.region, one.records))
        return sorted(found)


def burst(live: Live, **fields: Any) -> None:
    live.pass_minutes(70)
    live.call(times=4, **fields)
    live.pass_minutes(20)


def test_a_burst_gives_a_start_and_an_end() -> None:
    live = Live(trail())
    burst(live)
    start, end = live.history()
    assert (start["eventTime"], end["eventTime"]) == ("2026-03-01T13:10:00Z", "2026-03-01T13:11:00Z")
    assert (start["insightDetails"]["state"], end["insightDetails"]["state"]) == ("Start", "End")
    assert start["sharedEventID"] == end["sharedEventID"]
    assert start["eventID"] != end["eventID"]
    assert start["insightDetails"]["insightContext"]["statistics"] == {
        "baseline": {"average": 0.0},
        "insight": {"average": 0.8},
        "insightDuration": 5,
        "baselineDuration": 10080 + 13 * 60 + 10,
    }
    attribution = end["insightDetails"]["insightContext"]["attributions"][0]
    assert attribution["insight"] == [{"value": "arn:aws:iam::111122223333:user/alice", "average": 4.0}]
    assert live.delivered() == [("main", "us-east-1", 2)]


def test_it_is_judged_when_the_minute_has_ended() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.clock.advance(30)
    live.call(times=4)
    live.clock.advance(39)
    assert live.watch.run().opened == 0
    assert live.watch.next_due(live.clock.now()) == int(live.clock.now().timestamp()) + 1
    live.clock.advance(1)
    assert live.watch.run() == InsightRun(boundaries=1, opened=1)
    assert live.watch.run() == InsightRun()


def test_nothing_is_judged_during_the_waiting_period() -> None:
    live = Live(trail())
    live.pass_minutes(30)
    live.call(times=9)
    live.pass_minutes(60)
    assert live.history() == []


@pytest.mark.parametrize("how", ["off and on", "stopped and started"])
def test_who_switches_off_and_on_waits_again(how: str) -> None:
    live = Live(trail())
    live.pass_minutes(70)
    if how == "off and on":
        live.keep(trail(insights=[]))
        live.pass_minutes()
        live.keep(trail())
    else:
        live.keep(trail(started_at=int(live.clock.now().timestamp() * 1000)))
    live.pass_minutes(10)
    live.call(times=9)
    live.pass_minutes(30)
    assert live.history() == []
    live.pass_minutes(60)
    live.call(times=9, eventName="DeleteUser")
    live.pass_minutes(2)
    assert [state for _, state, _ in live.told()] == ["Start"]


def test_insights_stop_when_logging_stops() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.call(times=4)
    live.pass_minutes(2)
    assert live.told() == [("13:10", "Start", "Call")]
    live.keep(trail(is_logging=False))
    live.call(times=4)
    live.pass_minutes(30)
    assert live.told() == [("13:10", "Start", "Call")]
    with live.service.store.read() as store:
        assert list(OPEN_INSIGHTS.scan_all(store)) == []
        key = InsightKey(Api(HERE.account, HERE.region, "cloudtrail.amazonaws.com", "CreateUser"))
        assert store.calls.total(key, start=0, end=10**9) == 4


@pytest.mark.parametrize(
    ("selectors", "types", "told"),
    [
        (None, BOTH, {"Call", "Erro"}),
        (None, BOTH[:1], {"Call"}),
        (None, BOTH[1:], {"Erro"}),
        (READS, BOTH, set()),  # the calls are writes: nobody logs them
        (ADVANCED_WRITES, BOTH, {"Call", "Erro"}),
        (DATA, BOTH, set()),
        (None, [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Data"]}], set()),
    ],
)
def test_the_trail_has_to_log_what_is_counted(selectors: Any, types: Any, told: set[str]) -> None:
    live = Live(trail(selectors=selectors, insights=types))
    burst(live, errorCode="AccessDenied")
    assert {kind for _, _, kind in live.told()} == told


def test_errors_of_reads_count_for_a_trail_that_logs_reads() -> None:
    live = Live(trail(selectors=READS))
    burst(live, readOnly=True, errorCode="AccessDenied")
    assert [state for _, state, _ in live.told()] == ["Start", "End"]
    assert live.history()[0]["insightDetails"]["errorCode"] == "AccessDenied"


def test_data_events_are_counted_for_each_trail() -> None:
    data = [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Data"]}]
    live = Live(trail("a", selectors=DATA, insights=data), trail("b", selectors=DATA, insights=data), trail("c"))
    burst(
        live,
        eventSource="s3.amazonaws.com",
        eventName="GetObject",
        readOnly=True,
        managementEvent=False,
        eventCategory="Data",
        resources=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::bucket/key"}],
    )
    sources = {one["insightDetails"]["insightSource"].rpartition("/")[2] for one in live.history()}
    assert sources == {"a", "b"}
    assert {one["insightDetails"]["sourceEventCategory"] for one in live.history()} == {"Data"}
    assert live.delivered() == [("a", "us-east-1", 2), ("b", "us-east-1", 2)]


def test_one_insight_goes_to_every_trail_that_wants_it() -> None:
    far = Scope("111122223333", "eu-west-1")
    live = Live(
        trail("all"),
        trail("far", home=far),
        trail("everywhere", home=far, is_multi_region=True),
        trail("without", insights=[]),
        trail("errors", insights=BOTH[1:]),
        trail("others", home=Scope("444455556666", "us-east-1")),
    )
    burst(live)
    assert len(live.history()) == 2
    assert live.delivered() == [("all", "us-east-1", 2), ("everywhere", "us-east-1", 2)]


def test_missed_boundaries_are_made_up_for_in_order() -> None:
    steady, late = Live(trail()), Live(trail())
    burst(steady)
    late.pass_minutes(70)
    late.call(times=4)
    late.clock.advance(60 * 20)
    runs = [late.watch.run()]
    assert late.history() == steady.history()
    assert runs == [InsightRun(boundaries=20, opened=1, closed=1)]


def test_what_is_too_far_back_is_passed_over_and_said() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.clock.advance(3 * 86_400)
    run = live.watch.run()
    assert (run.boundaries, run.passed_over, run.is_behind) == (30, 3 * 1440 - 1440, True)
    while run.is_behind:
        run = live.watch.run()
    assert live.watch.run() == InsightRun()


def test_a_clock_that_is_set_back_goes_on_by_the_new_time() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    now = live.clock.now()
    assert live.watch.run(now - timedelta(minutes=5)) == InsightRun()
    assert live.watch.run(now - timedelta(minutes=30)) == InsightRun(boundaries=1)


def test_records_of_long_ago_and_of_the_future_do_not_count() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.call(times=9, eventTime="2026-02-01T00:00:00Z")
    live.call(times=9, eventTime="2026-03-01T14:00:00Z")
    live.pass_minutes(70)
    assert live.history() == []


def test_a_silence_is_found_and_ends() -> None:
    live = Live(trail(), min_hours=2)
    for _ in range(130):
        live.call(times=5)
        live.pass_minutes()
    assert live.history() == []
    live.pass_minutes(30)
    (start,) = live.history()
    assert (start["eventTime"], start["insightDetails"]["insightContext"]["statistics"]["insight"]) == (
        "2026-03-01T14:10:00Z",
        {"average": 0.0},
    )
    for _ in range(12):
        live.call(times=5)
        live.pass_minutes()
    end = live.history()[1]
    assert (end["eventTime"], end["insightDetails"]["state"]) == ("2026-03-01T14:40:00Z", "End")


def test_a_silence_that_lasts_since_the_waiting_period_is_found_when_it_ends() -> None:
    live = Live(trail(), min_hours=2)
    for _ in range(60):
        live.call(times=20)
        live.pass_minutes()
    live.pass_minutes(70)
    assert [state for _, state, _ in live.told()] == ["Start"]


def test_a_run_that_is_done_over_says_nothing_twice() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.call(times=4)
    live.pass_minutes(2)
    # The service died after the record was taken, and before that was noted.
    live.service.store.write(lambda store: OPEN_INSIGHTS.delete(store, HERE, live.history()[0]["sharedEventID"]))
    live.service.store.write(
        lambda store: store.put("setting", Scope("", ""), "insight-boundary", b"\xce" + _minute(live).to_bytes(4))
    )
    live.watch.run()
    live.pass_minutes(20)
    assert live.told() == [("13:10", "Start", "Call"), ("13:11", "End", "Call")]


def _minute(live: Live) -> int:
    return int(live.clock.now().timestamp()) // 60 - 2


def test_a_service_that_is_started_again_goes_on() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    live.call(times=4)
    live.pass_minutes(3)
    live.service = Service(live.service.store, live.clock, new_id=lambda: "y", settings=live.service.settings)
    live.watch = live.service.part(InsightWatch)
    live.call(times=1)
    live.pass_minutes(30)
    assert live.told() == [("13:10", "Start", "Call"), ("13:14", "End", "Call")]


def test_of_more_keys_than_are_judged_the_rest_is_counted() -> None:
    live = Live(trail())
    live.pass_minutes(70)
    for code in ("A", "B", "C"):
        live.call(times=4, errorCode=code)
    at = int(live.clock.now().timestamp()) // 60 + 1
    kinds = {("ApiCallRateInsight", "Management"): 0, ("ApiErrorRateInsight", "Management"): 0}
    boundary = Boundary(at, [ActiveWatch(trail(), kinds)], InsightRules(), most_keys=2)
    with live.service.store.read() as store:
        boundary.judge(store)
    assert (boundary.opened, boundary.left_out) == (2, 1)
    assert [record["insightDetails"].get("errorCode") for record, _ in boundary.records] == [None, "A"]
