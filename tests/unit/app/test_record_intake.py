"""Records come in: what is kept of them, and which trails they wait for. Spec: CT-9, CT-10.3, CT-16.1, REC-16.2."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.synthetic import record
from tocsin.app.record_intake import RecordIntake, Refusal
from tocsin.app.service import Service
from tocsin.app.trail import TRAILS
from tocsin.clock import ManualClock
from tocsin.core.kept_record import INSIGHT_FOLDER, INSIGHT_HISTORY, LOG_FOLDER, MANAGEMENT_HISTORY
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.store.memory import MemoryStore

HERE = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRAIL = Trail(name="main", home=HERE, s3_bucket_name="logs", is_multi_region=True, is_logging=True)


@pytest.fixture
def service() -> Service:
    return Service(MemoryStore(), ManualClock(NOW), new_id=lambda: "x")


def text(name: str = "GetTrail", **fields) -> bytes:
    return json.dumps(record(name, **fields), separators=(",", ":")).encode()


def keep(service: Service, *trails: Trail) -> None:
    def work(store) -> None:
        for trail in trails:
            TRAILS.put(store, trail.home, trail.name, trail)

    service.store.write(work)


def history(service: Service, *, scope: Scope = HERE, name: str = MANAGEMENT_HISTORY) -> list[str]:
    with service.store.read() as store:
        return [one.place.event_id for one in store.records.look_up(scope, name, limit=100)]


def waiting(service: Service) -> list[tuple[str, str, str, list[str]]]:
    """(trail, folder, region, names of events) of each group."""
    found = []
    with service.store.read() as store:
        for one in store.records.waiting():
            records = store.records.read_waiting(one.group, most_bytes=10**9)
            route = store.records.route(one.group.route)
            assert records is not None
            assert route is not None
            names = [json.loads(body).get("eventName", "-") for body in records.bodies]
            found.append((TRAILS.read(route).name, one.group.folder, one.group.scope.region, names))
    return found


def take(service: Service, *bodies: bytes, **how) -> tuple[int, int]:
    intake = service.part(RecordIntake).take(bodies, **how)
    assert intake.refused == []
    return intake.accepted, intake.duplicates


DATA = {"managementEvent": False, "eventCategory": "Data"}
NETWORK = {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
INSIGHT = {
    "eventCategory": "Insight",
    "insightDetails": {
        "eventName": "RunInstances",
        "eventSource": "ec2.amazonaws.com",
        "insightType": "ApiCallRateInsight",
    },
}


def test_histories_hold_management_events_and_insights(service) -> None:
    made = [text("A"), text("B", **DATA), text("C", **NETWORK), text("D", **INSIGHT), text("E", awsRegion="eu-west-1")]
    assert take(service, *made) == (5, 0)
    assert history(service) == ["A-2026-03-01T10:00:00Z"]
    assert history(service, name=INSIGHT_HISTORY) == ["D-2026-03-01T10:00:00Z"]
    assert history(service, scope=Scope(HERE.account, "eu-west-1")) == ["E-2026-03-01T10:00:00Z"]


@pytest.mark.parametrize("fields", [{}, DATA, NETWORK, INSIGHT, {"eventTime": "2020-01-01T00:00:00Z"}, {"eventID": ""}])
def test_a_record_that_is_known_brings_about_nothing(service, fields) -> None:
    keep(service, TRAIL)
    assert take(service, text("A", **fields), text("A", **fields), text("B", **(fields | {"eventID": "b"}))) == (2, 1)
    before = waiting(service)
    assert take(service, text("A", **fields)) == (0, 1)
    assert waiting(service) == before
    assert service.counters.count("records_received") == 2
    assert service.counters.count("records_duplicate") == 2


def test_what_is_older_than_ninety_days_is_for_trails_alone(service) -> None:
    keep(service, TRAIL)
    bounds = [NOW - timedelta(days=90), NOW - timedelta(days=90, seconds=1)]
    made = [text(f"E{place}", at=f"{at:%Y-%m-%dT%H:%M:%SZ}") for place, at in enumerate(bounds)]
    assert take(service, *made) == (2, 0)
    assert len(history(service)) == 1
    assert sorted(waiting(service)[0][3]) == ["E0", "E1"]


def test_records_wait_for_the_trails_that_select_them(service) -> None:
    insights = [{"InsightType": "ApiCallRateInsight"}]
    keep(
        service,
        TRAIL,
        Trail(name="off", home=HERE, s3_bucket_name="b", is_multi_region=True),
        Trail(
            name="single",
            home=HERE,
            s3_bucket_name="b",
            is_logging=True,
            insight_selectors=json.dumps(insights).encode(),
        ),
        Trail(name="other", home=Scope("444455556666", "us-east-1"), s3_bucket_name="b", is_logging=True),
    )
    take(service, text("A"), text("B", awsRegion="eu-west-1"), text("C", **INSIGHT), text("D", **DATA))
    assert sorted(waiting(service)) == [
        ("main", LOG_FOLDER, "eu-west-1", ["B"]),
        ("main", LOG_FOLDER, "us-east-1", ["A"]),
        ("single", LOG_FOLDER, "us-east-1", ["A"]),
        ("single", INSIGHT_FOLDER, "us-east-1", ["C"]),
    ]


def test_trails_as_they_were_before_the_call_decide(service) -> None:
    """The record of StopLogging still goes where the trail delivered (CT-10.3)."""
    keep(service, TRAIL)
    take(service, text("A"))
    stopped = Trail(name="main", home=HERE, s3_bucket_name="logs", is_multi_region=True)
    keep(service, stopped)
    take(service, text("StopLogging"), trails=[TRAIL])
    take(service, text("Later"))
    assert waiting(service) == [("main", LOG_FOLDER, "us-east-1", ["A", "StopLogging"])]


def test_a_trail_that_did_not_select_a_record_before_the_call_gets_it_if_it_does_now(service) -> None:
    """So StartLogging is in the trail that it has started."""
    stopped = Trail(name="main", home=HERE, s3_bucket_name="logs", is_multi_region=True)
    keep(service, TRAIL)
    take(service, text("StartLogging"), trails=[stopped])
    moved = Trail(name="main", home=HERE, s3_bucket_name="elsewhere", is_multi_region=True, is_logging=True)
    take(service, text("UpdateTrail"), trails=[moved])
    assert [names for _, _, _, names in waiting(service)] == [["StartLogging"], ["UpdateTrail"]]


def test_a_route_is_the_trail_as_it_was(service) -> None:
    keep(service, TRAIL)
    take(service, text("A"))
    keep(service, Trail(name="main", home=HERE, s3_bucket_name="elsewhere", is_multi_region=True, is_logging=True))
    take(service, text("B"))
    assert [(name, names) for name, _, _, names in waiting(service)] == [("main", ["A"]), ("main", ["B"])]
    with service.store.read() as store:
        routes = [store.records.route(one.group.route) for one in store.records.waiting()]
    assert [TRAILS.read(body).s3_bucket_name for body in routes] == ["logs", "elsewhere"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "no JSON"),
        (b'"\xff"', "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b"[]", "a record is a JSON object"),
        (b"{}", "no eventTime"),
        (b'{"eventTime":"yesterday","eventID":"x"}', 'eventTime is not a time: "yesterday"'),
        (b'{"eventTime":"2026-03-01T10:00:00Z"}', "neither eventVersion nor eventID"),
        (b'{"eventTime":"2026-03-01T10:00:00Z","eventID":"x"}', "recipientAccountId or awsRegion is missing"),
        (text("A", awsRegion="../x"), "is no account or no region"),
        (text("A", recipientAccountId="1/2"), "is no account or no region"),
        (text("A", userAgent="x" * 2**20), "a record of 1048"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(service, body: bytes, reason: str) -> None:
    intake = service.part(RecordIntake).take([text("A"), body])
    (refusal,) = intake.refused
    assert intake.accepted == 1
    assert isinstance(refusal, Refusal)
    assert refusal.place == 1
    assert reason in refusal.reason
    assert service.counters.count("records_refused") == 1


def test_a_text_that_is_spread_out_is_kept_compact(service) -> None:
    keep(service, TRAIL)
    loose = json.dumps(record("A", userAgent='a, "b": c', n=1.50), indent=2).replace("1.5", "1.50").encode()
    take(service, loose, text("B", userAgent="a, b"))
    with service.store.read() as store:
        bodies = [one.body for one in store.records.look_up(HERE, MANAGEMENT_HISTORY, limit=9)]
    assert bodies[1] == text("A", userAgent='a, "b": c', n=1.5).replace(b"1.5", b"1.50")
    assert bodies[0] == text("B", userAgent="a, b")


def test_observers_see_new_records_inside_the_transaction_and_listeners_after_it(service) -> None:
    intake = service.part(RecordIntake)
    told: list[str] = []
    intake.observers.append(
        lambda _store, taken: told.extend(f"{one.category} {one.value['eventName']}" for one in taken)
    )
    intake.listeners.append(lambda: told.append("waits"))
    take(service, text("A"), text("A"), text("B", **DATA))
    keep(service, TRAIL)
    take(service, text("C"))
    take(service, text("C"))
    assert told == ["Management A", "Data B", "Management C", "waits"]


def test_an_observer_that_fails_leaves_nothing(service) -> None:
    intake = service.part(RecordIntake)

    def fail(_store, _taken) -> None:
        raise LookupError

    intake.observers.append(fail)
    with pytest.raises(LookupError):
        intake.take([text("A")])
    assert history(service) == []
    intake.observers.clear()
    assert take(service, text("A")) == (1, 0)
