"""What is in a log file, and the same records as log events. Spec: CT-11.2, CT-12, CT-2.5."""

from __future__ import annotations

import hashlib
import json

import pytest

from tocsin.core.scope import Scope
from tocsin.core.trail.log_file import (
    MOST_LOGGED,
    event_second,
    log_file_content,
    log_group_of,
    log_stream_name,
    logged_records,
)

NOW_MS = 1_772_366_400_123


def record(at: object, **more: object) -> bytes:
    return json.dumps({"eventTime": at, **more}, separators=(",", ":")).encode()


def test_a_file_has_the_records_byte_for_byte_and_the_times_of_the_outermost() -> None:
    records = [record("2026-03-01T10:00:00Z", a=1.0), record("2026-03-01T09:00:00Z", b="ü"), record(None)]
    file = log_file_content(records)
    assert file.content == b'{"Records":[' + b",".join(records) + b"]}"
    assert file.sha256 == hashlib.sha256(file.content).hexdigest()
    assert (file.oldest_event_time, file.newest_event_time) == ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z")
    assert log_file_content([record(None)])[2:] == (None, None)


@pytest.mark.parametrize(
    ("body", "second"),
    [
        (record("2026-03-01T10:00:00Z"), 1_772_359_200),
        (record("never"), None),
        (record(5), None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_when_a_record_says_that_it_happened(body: bytes, second: int | None) -> None:
    assert event_second(body) == second


def test_log_events_are_in_the_order_of_their_times_and_of_equal_ones_as_they_came() -> None:
    records = [
        record("2026-03-01T10:00:01Z", n=0),
        record("2026-03-01T10:00:00Z", n=1),
        record("2026-03-01T10:00:00Z", n=2),
        record(None, n=3),
    ]
    logged = logged_records(records, delivered_at=NOW_MS, by_delivery=False)
    assert [(at, json.loads(text)["n"]) for at, text in logged.events] == [
        (1_772_359_200_000, 1),
        (1_772_359_200_000, 2),
        (1_772_359_201_000, 0),
        (NOW_MS, 3),
    ]
    by_delivery = logged_records(records, delivered_at=NOW_MS, by_delivery=True)
    assert [(at, json.loads(text)["n"]) for at, text in by_delivery.events] == [(NOW_MS, n) for n in range(4)]


def test_what_is_larger_than_256_kib_is_no_log_event() -> None:
    least = len(record("2026-03-01T10:00:00Z", x=""))
    fits = record("2026-03-01T10:00:00Z", x="y" * (MOST_LOGGED - least))
    assert len(fits) == MOST_LOGGED == 262_144
    logged = logged_records([fits, fits + b" "], delivered_at=NOW_MS, by_delivery=False)
    assert (len(logged.events), logged.oversize) == (1, 1)


def test_streams_are_named_after_account_and_region_of_the_records() -> None:
    here = Scope("111122223333", "eu-west-1")
    assert log_stream_name(here) == "111122223333_CloudTrail_eu-west-1"
    assert log_stream_name(here, organization="o-a") == "o-a_111122223333_CloudTrail_eu-west-1"


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        ("arn:aws:logs:us-east-1:111122223333:log-group:a/b:*", (Scope("111122223333", "us-east-1"), "a/b")),
        ("arn:aws-cn:logs:cn-north-1:111122223333:log-group:a", (Scope("111122223333", "cn-north-1"), "a")),
        ("arn:aws:logs:us-east-1:111122223333:log-group:a:log-stream:b", None),
        ("arn:aws:sns:us-east-1:111122223333:a", None),
        ("", None),
    ],
)
def test_the_log_group_that_an_arn_names(arn: str, group: tuple[Scope, str] | None) -> None:
    assert log_group_of(arn) == group
