"""Rates of CloudTrail's operations, where they are simulated. Spec: CT-7.6, WIRE-3.14."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from wire_client import MODELS

from tocsin.clock import ManualClock
from tocsin.composition import request_rate
from tocsin.composition.request_rate import RequestRates
from tocsin.wire.authentication import Caller
from tocsin.wire.call import Call
from tocsin.wire.fault import Fault


def call_of(operation: str, service: str = "cloudtrail") -> Call:
    api = MODELS.service(service)
    return Call(protocol="json", service=service, api=api, operation=operation, model=api.operation(operation))


def caller(region: str = "us-east-1", account: str = "111122223333") -> Caller:
    return Caller(account=account, region=region, access_key="", principal_arn="", is_signed=False)


def taken(rates: RequestRates, operation: str, count: int = 20, *, who: Caller | None = None, **how) -> int:
    """How many of so many calls are let through."""
    through = 0
    for _ in range(count):
        try:
            rates.require(call_of(operation, **how), who or caller())
        except Fault:
            continue
        through += 1
    return through


def test_the_words_are_those_of_aws() -> None:
    rates = RequestRates(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    rates.require(call_of("StopLogging"), caller())
    with pytest.raises(Fault) as refused:
        rates.require(call_of("StopLogging"), caller())
    assert (refused.value.shape, refused.value.message) == ("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    ("operation", "rate"),
    [
        ("LookupEvents", 2),
        ("GetTrail", 10),
        ("ListTrails", 10),
        ("DescribeTrails", 10),
        ("StopLogging", 1),
        ("AddTags", 1),
    ],
)
def test_requests_a_second(operation: str, rate: int) -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    rates = RequestRates(clock)
    assert taken(rates, operation) == rate
    assert taken(rates, operation) == 0
    clock.advance(0.5)
    assert taken(rates, operation) == rate // 2
    clock.advance(60)
    assert taken(rates, operation) == rate  # nothing is saved up


def test_accounts_regions_and_operations_are_apart_and_other_services_free() -> None:
    rates = RequestRates(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    for who in (caller(), caller("eu-west-1"), caller(account="444455556666")):
        assert taken(rates, "StopLogging", who=who) == 1
        assert taken(rates, "StartLogging", who=who) == 1
    assert taken(rates, "CreateTopic", service="sns") == 20


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(request_rate, "_MOST_KNOWN", 10)
    rates = RequestRates(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    for number in range(100):
        taken(rates, "StopLogging", 1, who=caller(account=f"{number:012}"))
    assert len(rates._room) <= 10
