"""Digests of what trails have delivered: when, of what, chained how, and that nothing is lost. Spec: CT-15."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from synthetic import record
from trail_bench import HOME, Crash, TrailBench

from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail import TRAILS, keep_ending
from tocsin.core.digest import PublicKeys
from tocsin.core.digest.signature import is_signed, string_to_sign
from tocsin.errors import InputError
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.app.store_port import Store
    from tocsin.core.trail.definition import Trail

HOUR = 3600


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path) -> Iterator[Store]:
    opened = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tocsin.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def bench() -> TrailBench:
    return TrailBench(MemoryStore())


def validated(bench: TrailBench, **settings: Any) -> Trail:
    trail = bench.trail(validates_log_files=True, **settings)
    bench.keep(trail)
    bench.run()
    return trail


def stop(bench: TrailBench, trail: Trail, *, is_deleted: bool = False) -> None:
    """As StopLogging and DeleteTrail do; the record of the call comes in afterwards."""
    stopped = msgspec.structs.replace(trail, is_logging=False)

    def work(store) -> None:
        keep_ending(bench.service, store, trail, is_deleted=is_deleted)
        if is_deleted:
            TRAILS.delete(store, trail.home, trail.name)
        else:
            TRAILS.put(store, trail.home, trail.name, stopped)

    bench.store.write(work)


def check_chain(bench: TrailBench, bucket: str = "logs") -> list[dict[str, Any]]:
    """All digests of a bucket, each with a signature that holds and the hashes of what it lists and follows."""
    objects = bench.buckets.objects.get(bucket, {})
    digests = bench.buckets.digests(bucket)
    keys = PublicKeys(
        {
            one.fingerprint: base64.b64encode(one.der).decode()
            for region in ("us-east-1", "eu-west-1")
            for one in bench.keys.public_keys(region)
        }
    )
    for key, digest in digests.items():
        body, metadata = objects[key]
        assert metadata["signature-algorithm"] == "SHA256withRSA"
        content = gzip.decompress(body)
        text = string_to_sign(
            end_time=digest["digestEndTime"],
            bucket=bucket,
            key=key,
            sha256=hashlib.sha256(content).hexdigest(),
            previous_signature=digest["previousDigestSignature"],
        )
        public = keys.key(digest["digestPublicKeyFingerprint"])
        assert public is not None
        assert is_signed(text, metadata["signature"], public)
        previous = digest["previousDigestS3Object"]
        if previous is not None:
            before = gzip.decompress(bench.buckets.objects[digest["previousDigestS3Bucket"]][previous][0])
            assert digest["previousDigestHashValue"] == hashlib.sha256(before).hexdigest()
            assert digest["digestStartTime"] == json.loads(before)["digestEndTime"]
        for log in digest["logFiles"]:
            packed = bench.buckets.objects[log["s3Bucket"]][log["s3Object"]][0]
            assert log["hashValue"] == hashlib.sha256(gzip.decompress(packed)).hexdigest()
    return list(digests.values())


def test_one_an_hour_with_what_was_delivered_also_when_that_is_nothing(bench: TrailBench) -> None:
    validated(bench)
    bench.take("A", at="2026-03-01T09:00:00Z")
    bench.take("B", at="2026-03-01T11:00:00Z")
    bench.run(300)
    bench.run(HOUR - 301)
    assert bench.buckets.digests() == {}
    bench.run(1)
    bench.run(HOUR)
    bench.take("C")
    bench.run(300)
    bench.run(HOUR - 300)
    first, empty, third = check_chain(bench)
    (log,) = first["logFiles"]
    assert (log["oldestEventTime"], log["newestEventTime"]) == ("2026-03-01T09:00:00Z", "2026-03-01T11:00:00Z")
    assert (first["digestStartTime"], first["digestEndTime"]) == ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")
    assert first["previousDigestS3Object"] is None
    assert (empty["logFiles"], empty["newestEventTime"]) == ([], None)
    assert empty["previousDigestS3Object"] == first["digestS3Object"]
    assert len(third["logFiles"]) == 1
    assert bench.status().digests.succeeded_at == int(bench.clock.now().timestamp() * 1000)
    assert first["digestS3Object"] == (
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/01/"
        "111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260301T130000Z.json.gz"
    )


def test_each_region_has_its_own_chain_and_its_own_key(bench: TrailBench) -> None:
    validated(bench, is_multi_region=True, s3_key_prefix="p")
    bench.take("A")
    bench.take("B", awsRegion="eu-west-1")
    bench.run(300)
    bench.run(HOUR)
    digests = check_chain(bench)
    found = {one["digestS3Object"].split("/")[4]: one for one in digests}
    assert sorted(found) == ["eu-west-1", "us-east-1"]
    assert all(one["digestS3Object"].startswith("p/AWSLogs/") for one in digests)
    assert "_eu-west-1_main_us-east-1_" in found["eu-west-1"]["digestS3Object"]
    assert len({one["digestPublicKeyFingerprint"] for one in digests}) == 2
    assert all(len(one["logFiles"]) == 1 for one in digests)


def test_no_digests_without_validation(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.take("A")
    bench.run(300)
    bench.run(2 * HOUR)
    assert bench.buckets.digests() == {}


def test_validation_that_is_switched_on_begins_a_chain_and_off_ends_it_after_the_hour(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.take("A")
    bench.run(300)
    validated(bench)
    bench.take("B")
    bench.run(300)
    bench.keep(bench.trail())  # off
    bench.take("C")
    bench.run(300)
    bench.run(HOUR)
    (last,) = check_chain(bench)
    (log,) = last["logFiles"]
    assert bench.buckets.files()[log["s3Object"]] == ["B"]
    validated(bench)  # on again
    bench.run(HOUR)
    again = check_chain(bench)[1]
    assert again["previousDigestS3Object"] is None
    assert again["logFiles"] == []


def test_validation_that_is_off_for_minutes_leaves_the_chain_whole(bench: TrailBench) -> None:
    validated(bench)
    bench.run(HOUR)
    bench.keep(bench.trail())
    bench.take("A")
    bench.run(300)
    validated(bench)
    bench.run(HOUR)
    first, second = check_chain(bench)
    assert second["previousDigestS3Object"] == first["digestS3Object"]
    assert second["logFiles"] == []


@pytest.mark.parametrize("is_deleted", [False, True])
def test_the_end_of_logging_is_in_the_last_digest_within_forty_seconds(bench: TrailBench, is_deleted: bool) -> None:
    trail = validated(bench)
    bench.take("A")
    bench.run(100)
    name = "DeleteTrail" if is_deleted else "StopLogging"
    stop(bench, trail, is_deleted=is_deleted)
    body = json.dumps(record(name), separators=(",", ":")).encode()
    bench.service.part(RecordIntake).take([body], trails=[trail])
    for _ in range(4):
        bench.run(5)
    (last,) = check_chain(bench)
    (log,) = last["logFiles"]
    assert bench.buckets.files()[log["s3Object"]] == ["A", name]
    bench.run(5 * HOUR)
    assert len(bench.buckets.digests()) == 1
    assert left(bench) == []


def left(bench: TrailBench) -> list[str]:
    """The rows of digests and of what has ended that are still there."""
    kinds = ("trail-ending", "trail-digest-chain", "trail-digest-file", "trail-digest-made")
    with bench.store.read() as store:
        return [kind for kind in kinds for _ in store.scan_all(kind)]


def test_a_trail_that_is_started_again_begins_a_chain(bench: TrailBench) -> None:
    trail = validated(bench)
    stop(bench, trail)
    bench.run(5)
    bench.keep(msgspec.structs.replace(trail, started_at=2))
    bench.run(5)
    bench.take("A")
    bench.run(300)
    bench.run(HOUR)
    last, first = check_chain(bench)
    assert last["logFiles"] == []
    assert first["previousDigestS3Object"] is None
    assert len(first["logFiles"]) == 1


def test_logging_that_ends_without_validation_is_delivered_at_once_and_has_no_digest(bench: TrailBench) -> None:
    trail = bench.trail()
    bench.keep(trail)
    bench.take("A")
    stop(bench, trail)
    bench.run(5)
    assert list(bench.buckets.files().values()) == [["A"]]
    assert bench.buckets.digests() == {}
    assert left(bench) == []


def test_the_last_digest_waits_for_a_bucket_that_fails(bench: TrailBench) -> None:
    trail = validated(bench)
    bench.take("A")
    bench.buckets.missing.add("logs")
    stop(bench, trail)
    for _ in range(3):
        bench.run(HOUR)
    assert "trail-ending" in left(bench)
    assert bench.status().files.error == "NoSuchBucket"
    bench.buckets.missing.clear()
    bench.run(HOUR)
    (last,) = check_chain(bench)
    assert len(last["logFiles"]) == 1
    assert left(bench) == []


def test_digests_wait_for_their_bucket_in_order(bench: TrailBench) -> None:
    validated(bench)
    bench.buckets.missing.add("logs")
    for _ in range(3):
        bench.run(HOUR)
    assert bench.status().digests.error == "NoSuchBucket"
    bench.buckets.missing.clear()
    bench.run(HOUR)
    digests = check_chain(bench)
    assert [one["digestEndTime"] for one in digests] == [f"2026-03-01T{hour}:00:00Z" for hour in (13, 14, 15, 16)]
    assert bench.status().digests.error == ""


def test_a_region_that_the_trail_has_left_gets_what_was_delivered_and_no_more(bench: TrailBench) -> None:
    validated(bench, is_multi_region=True)
    bench.take("B", awsRegion="eu-west-1")
    bench.run(300)
    validated(bench, is_multi_region=False)
    for _ in range(3):
        bench.run(HOUR)
    regions = [one["digestS3Object"].split("/")[3] for one in check_chain(bench)]
    assert sorted(regions) == ["eu-west-1", "us-east-1", "us-east-1", "us-east-1"]


def test_a_key_that_cannot_be_had_keeps_no_other_region_waiting(bench: TrailBench) -> None:
    validated(bench, is_multi_region=True)
    bench.take("B", awsRegion="eu-west-1")
    bench.run(300)
    give = bench.keys.signing_key

    def refuse(region: str) -> Any:
        if region == "eu-west-1":
            raise InputError("the key is damaged")
        return give(region)

    bench.keys.signing_key = refuse
    bench.clock.advance(HOUR)
    with pytest.raises(InputError, match="damaged"):
        bench.digests.make()
    bench.delivery.put("logs")
    assert [one["digestS3Object"].split("/")[3] for one in check_chain(bench)] == ["us-east-1"]
    bench.keys.signing_key = give
    bench.run()
    assert len(check_chain(bench)) == 2


def test_after_a_month_a_digest_is_given_up(bench: TrailBench) -> None:
    trail = validated(bench)
    bench.buckets.missing.add("logs")
    stop(bench, trail)
    bench.run(10)
    assert left(bench) == ["trail-digest-made"]
    for _ in range(31):
        bench.run(24 * HOUR)
    assert left(bench) == []


def test_a_chain_whose_trail_vanished_without_a_word_is_forgotten(bench: TrailBench) -> None:
    trail = validated(bench)
    bench.store.write(lambda store: TRAILS.delete(store, trail.home, trail.name))
    bench.run(HOUR)
    assert left(bench) == []
    assert bench.buckets.digests() == {}


def test_a_digest_lies_where_the_trail_delivers_now_and_follows_one_in_the_old_bucket(bench: TrailBench) -> None:
    validated(bench)
    bench.run(HOUR)
    validated(bench, s3_bucket_name="new")
    bench.run(HOUR)
    (before,) = check_chain(bench)
    (after,) = check_chain(bench, "new")
    assert (after["previousDigestS3Bucket"], after["previousDigestS3Object"]) == ("logs", before["digestS3Object"])


def test_another_trail_of_the_name_has_another_chain(bench: TrailBench) -> None:
    trail = validated(bench, created_at=1)
    stop(bench, trail, is_deleted=True)
    validated(bench, created_at=2, started_at=2)
    bench.take("A")
    bench.run(300)
    bench.run(HOUR)
    last, first = check_chain(bench)
    assert last["logFiles"] == []
    assert first["previousDigestS3Object"] is None
    assert len(first["logFiles"]) == 1


def test_the_trails_key_does_not_encrypt_its_digests(bench: TrailBench) -> None:
    validated(bench, kms_key_id=HOME.arn("kms", "alias/trail"))
    bench.run(HOUR)
    ((_, metadata),) = bench.buckets.objects["logs"].values()
    assert sorted(metadata) == ["signature", "signature-algorithm"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_digest_is_signed_once_wherever_it_dies(store: Store, moment: str) -> None:
    bench = TrailBench(store)
    validated(bench)
    bench.take("A")
    bench.run(300)

    def die(now: str, key: str) -> None:
        if now == moment and "Digest" in key:
            raise Crash

    bench.buckets.fault = die
    with pytest.raises(Crash):
        bench.run(HOUR)
    bench.buckets.fault = lambda now, key: None
    after = bench.again()
    after.run(10)
    after.run(HOUR)
    first, second = check_chain(after)
    assert len(first["logFiles"]) == 1
    assert second["logFiles"] == []


def test_when_it_is_to_be_looked_again(bench: TrailBench) -> None:
    assert bench.digests.make() is None
    validated(bench)
    assert bench.digests.make() == HOUR
    bench.clock.advance(1000)
    assert bench.digests.make() == HOUR - 1000
