"""ListPublicKeys, as boto3 asks for it. Spec: CT-15.6, CT-15.7."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.digest import fingerprint_of
from tocsin.core.digest.public_key import load_public_key

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=366)
REGION = "eu-west-1"


def test_without_times_the_key_of_now(cloudtrail, service, clock) -> None:
    assert cloudtrail.list_public_keys()["PublicKeyList"] == []
    old = service.digest_keys.signing_key(REGION)[1]
    service.digest_keys.signing_key("us-east-1")
    (key,) = cloudtrail.list_public_keys()["PublicKeyList"]
    assert key["Fingerprint"] == fingerprint_of(key["Value"]) == old
    assert load_public_key(key["Value"]) is not None
    assert key["ValidityStartTime"] <= START < key["ValidityEndTime"]
    clock.advance(YEAR.total_seconds())
    new = service.digest_keys.signing_key(REGION)[1]
    told = [one["Fingerprint"] for one in cloudtrail.list_public_keys()["PublicKeyList"]]
    assert told == [old, new]  # as on AWS, times overlap
    clock.advance(YEAR.total_seconds() / 2)
    assert [one["Fingerprint"] for one in cloudtrail.list_public_keys()["PublicKeyList"]] == [new]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (START - YEAR, START - timedelta(hours=2), 0),
        (START - YEAR, START, 1),
        (START, START + timedelta(hours=2), 1),
        (START, None, 1),
        (START + YEAR, START + 2 * YEAR, 1),
        (START + 2 * YEAR, START + 3 * YEAR, 0),
    ],
)
def test_keys_whose_time_meets_the_one_asked_for(cloudtrail, service, since, until, found: int) -> None:
    service.digest_keys.signing_key(REGION)
    times = {"StartTime": since} | ({} if until is None else {"EndTime": until})
    assert len(cloudtrail.list_public_keys(**times)["PublicKeyList"]) == found


def test_what_is_refused(cloudtrail, refused) -> None:
    code, message = refused(cloudtrail.list_public_keys, StartTime=START, EndTime=START - timedelta(seconds=1))
    assert code == "InvalidTimeRangeException"
    assert "start time comes after the end time" in message
    assert refused(cloudtrail.list_public_keys, NextToken="x")[0] == "InvalidTokenException"
