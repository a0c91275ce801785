"""Calls on their way to records: nothing is delayed, what does not fit is counted. Spec: REC-1.2, CT-10.3."""

from __future__ import annotations

import itertools
import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from wire_client import MODELS

from tocsin.app.service import Service
from tocsin.app.store_port import Store
from tocsin.app.trail import TRAILS
from tocsin.clock import ManualClock
from tocsin.composition import call_recording
from tocsin.composition.call_identity import identity_of
from tocsin.composition.call_recording import CallRecorder, MadeCall
from tocsin.core.kept_record import MANAGEMENT_HISTORY
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.errors import StoreError
from tocsin.store.memory import MemoryStore
from tocsin.wire.authentication import Caller
from tocsin.wire.call import Call
from tocsin.wire.fault import Fault
from tocsin.wire.message import WireRequest

ACCOUNT = "111122223333"
HERE = Scope(ACCOUNT, "us-east-1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLER = Caller(
    account=ACCOUNT,
    region="us-east-1",
    access_key="AKIAIOSFODNN7EXAMPLE",
    principal_arn=f"arn:aws:iam::{ACCOUNT}:user/alice",
    is_signed=True,
)


class HeldStore(MemoryStore):
    """Writes when it is let go, and fails as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.failures: list[Exception] = []

    def write(self, work):
        self.gate.wait(10)
        if self.failures:
            raise self.failures.pop()
        return super().write(work)


class Bench:
    """A recorder on a store that can be held."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.store = HeldStore()
        self.service = Service(
            self.store, ManualClock(NOW), new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}"
        )
        self.reported: list[BaseException] = []
        self.recorder = CallRecorder(
            self.service,
            identify=lambda made: identity_of(self.service, made),
            report=self.reported.append,
            trusted_proxies=["10.0.0.0/8"],
        )

    def made(self, operation: str = "CreateTopic", *, service: str = "sns", **fields: Any) -> MadeCall:
        request = WireRequest(
            method="POST", raw_path=b"/", query_string=b"", headers=fields.pop("headers", ()), body=b""
        )
        around = self.recorder.surroundings(
            request, request_id="r-1", peer=fields.pop("peer", "192.0.2.1"), tls=fields.pop("tls", None)
        )
        known = {"parameters": {"Name": "t"}, "result": {}, "fault": None, "at": NOW} | fields
        return MadeCall(call=call_of(service, operation), caller=CALLER, surroundings=around, **known)

    def records(self) -> list[dict[str, Any]]:
        """What is in the history, in the order of the eventIDs."""
        with self.store.read() as store:
            found = store.records.look_up(HERE, MANAGEMENT_HISTORY, limit=1000)
        return [json.loads(one.body) for one in found][::-1]

    def dropped(self) -> int:
        return self.service.counters.count("records_dropped")


def call_of(service: str, operation: str) -> Call:
    api = MODELS.service(service)
    return Call(protocol="json", service=service, api=api, operation=operation, model=api.operation(operation))


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.store.gate.set()
    made.recorder.close()


def test_calls_become_records_in_order(bench) -> None:
    for number in range(5):
        bench.recorder.hand_over(bench.made(parameters={"Name": f"t{number}"}))
    assert bench.recorder.settle()
    assert [one["requestParameters"]["name"] for one in bench.records()] == [f"t{number}" for number in range(5)]


def test_who_calls_never_waits(bench, monkeypatch) -> None:
    """What does not fit while the store is busy is dropped, and counted; the rest is kept when it can be."""
    monkeypatch.setattr(call_recording, "_MOST_WAITING", 10)
    bench.store.gate.clear()
    bench.recorder.hand_over(bench.made())  # the thread has this one, or is about to
    for _ in range(30):
        bench.recorder.hand_over(bench.made())
    assert 20 <= bench.dropped() <= 21
    assert not bench.recorder.settle(within=0.01)
    bench.store.gate.set()
    assert bench.recorder.settle()
    assert len(bench.records()) + bench.dropped() == 31


def test_what_waits_is_bounded_in_bytes_too(bench, monkeypatch) -> None:
    monkeypatch.setattr(call_recording, "_MOST_BYTES", 1_000)
    bench.recorder.hand_over(bench.made(size=1_001))
    assert bench.dropped() == 1
    for _ in range(20):
        bench.recorder.hand_over(bench.made(size=900))
        bench.recorder.settle()
    assert len(bench.records()) == 20


def test_a_store_that_fails_is_tried_again(bench, monkeypatch) -> None:
    monkeypatch.setattr(call_recording, "_REST", 0.001)
    bench.store.failures = [StoreError("full"), StoreError("full")]
    bench.recorder.hand_over(bench.made())
    assert bench.recorder.settle()
    assert len(bench.records()) == 1
    assert bench.dropped() == 0


def test_at_the_end_what_cannot_be_kept_is_counted(bench) -> None:
    bench.store.failures = [StoreError("full")] * 1000
    bench.recorder.hand_over(bench.made())
    bench.recorder.close()
    assert bench.dropped() == 1
    assert [str(error) for error in bench.reported] == ["full"]
    bench.recorder.hand_over(bench.made())
    assert bench.dropped() == 2


def test_a_call_that_cannot_be_recorded_takes_no_other_with_it(bench) -> None:
    bench.recorder.hand_over(bench.made(at=None))
    bench.recorder.hand_over(bench.made())
    assert bench.recorder.settle()
    assert len(bench.records()) == 1
    assert bench.dropped() == 1
    bench.store.failures = [LookupError("defect")]
    bench.recorder.hand_over(bench.made())
    bench.recorder.hand_over(bench.made())
    assert bench.recorder.settle()
    assert len(bench.records()) + bench.dropped() == 4
    assert len(bench.reported) == 2


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.1.2.3", "nobody", "10.1.2.3"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("::ffff:10.1.2.3", "2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "203.0.113.9", "fe80::1"),
        ("", "203.0.113.9", ""),
    ],
)
def test_where_a_call_came_from(bench, peer: str, forwarded: str | None, told: str) -> None:
    headers = ((b"x-forwarded-for", forwarded.encode()),) if forwarded else ()
    bench.recorder.hand_over(bench.made(peer=peer, headers=headers))
    bench.recorder.settle()
    assert [one["sourceIPAddress"] for one in bench.records()] == [told]


def test_what_a_record_tells_of_the_connection(bench) -> None:
    headers = ((b"user-agent", b"aws-cli/2.15.0"), (b"host", b"tocsin.example.com"))
    bench.recorder.hand_over(bench.made(headers=headers, tls=("TLSv1.3", "TLS_AES_128_GCM_SHA256")))
    bench.recorder.settle()
    (record,) = bench.records()
    assert record["userAgent"] == "aws-cli/2.15.0"
    assert record["tlsDetails"] == {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": "tocsin.example.com",
    }


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (Fault("NotFound", "no such topic"), 1),
        (Fault("SignatureDoesNotMatch", "no"), 0),  # nobody is known to have called (REC-14.2)
    ],
)
def test_calls_that_were_refused(bench, fault: Fault, count: int) -> None:
    bench.recorder.hand_over(bench.made("DeleteTopic", parameters={"TopicArn": "x"}, result=None, fault=fault))
    bench.recorder.settle()
    assert [one["errorMessage"] for one in bench.records()] == ["no such topic"][:count]


def waiting(store: Store) -> list[tuple[str, list[str]]]:
    found = []
    with store.read() as reader:
        for one in reader.records.waiting():
            records = reader.records.read_waiting(one.group, most_bytes=10**9)
            route = reader.records.route(one.group.route)
            assert records is not None
            assert route is not None
            found.append(
                (TRAILS.read(route).s3_bucket_name, [json.loads(body)["eventName"] for body in records.bodies])
            )
    return found


def keep(bench: Bench, **fields: Any) -> Trail:
    trail = Trail(**{"name": "main", "home": HERE, "s3_bucket_name": "logs", "is_logging": True, **fields})
    bench.store.write(lambda store: TRAILS.put(store, HERE, trail.name, trail))
    return trail


def test_calls_before_a_change_of_a_trail_go_where_it_delivered_then(bench) -> None:
    trail = keep(bench)
    bench.recorder.hand_over(bench.made("CreateTopic"))
    former = bench.recorder.trails_before(call_of("cloudtrail", "UpdateTrail"))
    assert former == [trail]
    keep(bench, s3_bucket_name="elsewhere")
    update = bench.made("UpdateTrail", service="cloudtrail", parameters={"Name": "main"}, former=former)
    bench.recorder.hand_over(update)
    bench.recorder.hand_over(bench.made("DeleteTopic", parameters={"TopicArn": "x"}))
    bench.recorder.settle()
    assert waiting(bench.store) == [("logs", ["CreateTopic", "UpdateTrail"]), ("elsewhere", ["DeleteTopic"])]
    for service, operation in (("cloudtrail", "GetTrail"), ("cloudtrail", "LookupEvents"), ("sns", "CreateTopic")):
        assert bench.recorder.trails_before(call_of(service, operation)) == ()


def test_data_events_are_recorded_where_a_trail_may_want_them(bench) -> None:
    publish = bench.made("Publish", parameters={"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t", "Message": "m"})
    bench.recorder.hand_over(publish)
    bench.recorder.settle()
    assert bench.service.counters.count("records_received") == 0
    selectors = [
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::SNS::Topic"]},
            ]
        }
    ]
    keep(bench, selectors=json.dumps({"AdvancedEventSelectors": selectors}).encode())
    bench.recorder.hand_over(publish)
    bench.recorder.settle()
    assert waiting(bench.store) == [("logs", ["Publish"])]
    assert bench.records() == []
