"""Digests: made as AWS makes them, checked as its validator checks them. Spec: CT-15.2 to CT-15.8."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from digest_chain import FIRST_END, HOUR, private_key

from tocsin.core.digest import (
    DigestDocument,
    ListedLog,
    LogContent,
    LogFile,
    PublicKeys,
    Verdict,
    check_digest,
    check_signature,
    digest_key,
    digest_time_text,
    encode_digest,
    fingerprint_of,
    listed_logs,
    log_verdict,
    public_key_der,
    read_digest,
    read_digest_name,
    sign_digest,
    string_to_sign,
    verdict_text,
)

KEY = private_key()
DER = public_key_der(KEY.public_key())
FINGERPRINT = fingerprint_of(DER)
KEYS = PublicKeys({FINGERPRINT: base64.b64encode(DER).decode()})
NAMES = {"account": "111122223333", "region": "eu-west-1", "trail": "main", "home_region": "us-east-1"}
LOG = LogFile(
    bucket="trail-bucket",
    key="AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/a.json.gz",
    sha256="ab" * 32,
    newest_event_time="2026-01-02T00:06:00Z",
    oldest_event_time="2026-01-02T00:04:00Z",
)


def document(end=FIRST_END, previous=None, log_files=(LOG,)):
    return DigestDocument(
        account="111122223333",
        start=end - HOUR,
        end=end,
        bucket="trail-bucket",
        key=digest_key(**NAMES, end=end),
        fingerprint=FINGERPRINT,
        previous=previous,
        log_files=log_files,
    )


FIRST = sign_digest(document(), KEY)


def check(content=FIRST.content, *, bucket=FIRST.bucket, key=FIRST.key, metadata=FIRST.metadata, keys=KEYS):
    return check_digest(content, bucket=bucket, key=key, metadata=metadata, keys=keys)


def changed(**members):
    """The first digest with other members, signed for what they are."""
    return signed({**json.loads(FIRST.content), **members})


def signed(members):
    content = json.dumps(members).encode()
    text = string_to_sign(
        end_time=members.get("digestEndTime"),
        bucket=members["digestS3Bucket"],
        key=members["digestS3Object"],
        sha256=hashlib.sha256(content).hexdigest(),
        previous_signature=members["previousDigestSignature"],
    )
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    signature = KEY.sign(text.encode(), PKCS1v15(), SHA256()).hex()
    return content, {"signature": signature, "signature-algorithm": "SHA256withRSA"}


def test_members_stand_in_the_order_of_aws() -> None:
    second = json.loads(encode_digest(document(FIRST_END + HOUR, FIRST.as_previous)))
    assert list(second) == [
        "awsAccountId",
        "digestStartTime",
        "digestEndTime",
        "digestS3Bucket",
        "digestS3Object",
        "digestPublicKeyFingerprint",
        "digestSignatureAlgorithm",
        "newestEventTime",
        "oldestEventTime",
        "previousDigestS3Bucket",
        "previousDigestS3Object",
        "previousDigestHashValue",
        "previousDigestHashAlgorithm",
        "previousDigestSignature",
        "logFiles",
    ]
    assert list(second["logFiles"][0]) == [
        "s3Bucket",
        "s3Object",
        "hashValue",
        "hashAlgorithm",
        "newestEventTime",
        "oldestEventTime",
    ]
    assert second["previousDigestHashValue"] == FIRST.sha256
    assert second["previousDigestHashAlgorithm"] == "SHA-256"
    assert second["digestSignatureAlgorithm"] == "SHA256withRSA"


def test_a_starting_digest_names_nothing_before_it() -> None:
    first = json.loads(FIRST.content)
    assert [value for name, value in first.items() if name.startswith("previous")] == [None] * 5


def test_an_empty_digest_has_no_times_of_events() -> None:
    empty = json.loads(encode_digest(document(log_files=())))
    assert (empty["newestEventTime"], empty["oldestEventTime"], empty["logFiles"]) == (None, None, [])


def test_the_times_of_events_are_those_of_all_log_files() -> None:
    other = LogFile(
        bucket="b",
        key="k",
        sha256="",
        newest_event_time="2026-01-02T00:05:00Z",
        oldest_event_time="2025-12-31T00:00:00Z",
    )
    empty = LogFile(bucket="b", key="k", sha256="", newest_event_time=None, oldest_event_time=None)
    members = json.loads(encode_digest(document(log_files=(LOG, other, empty))))
    assert (members["newestEventTime"], members["oldestEventTime"]) == ("2026-01-02T00:06:00Z", "2025-12-31T00:00:00Z")


def test_the_signature_is_over_four_lines() -> None:
    text = string_to_sign(end_time="E", bucket="b", key="k", sha256="h", previous_signature=None)
    assert text == "E\nb/k\nh\nnull"


def test_metadata_have_the_signature_and_its_algorithm() -> None:
    assert FIRST.metadata == {"signature": FIRST.signature, "signature-algorithm": "SHA256withRSA"}
    assert len(FIRST.signature) == 512


def test_a_fingerprint_is_32_hex_characters() -> None:
    assert len(FINGERPRINT) == 32
    assert int(FINGERPRINT, 16) >= 0


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/"),
        ({"prefix": "a/b"}, "a/b/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/"),
        ({"organization": "o-abcdefghij"}, "AWSLogs/o-abcdefghij/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/"),
    ],
)
def test_a_key_names_account_regions_trail_and_end(more: dict[str, str], expected: str) -> None:
    key = digest_key(**NAMES, end=FIRST_END, **more)
    assert key == expected + "111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260102T003000Z.json.gz"
    name = read_digest_name(key)
    assert name is not None
    assert (name.account, name.region, name.trail, name.home_region) == tuple(NAMES.values())
    assert (name.end, name.is_backfill) == (FIRST_END, False)


@pytest.mark.parametrize(
    ("name", "trail", "backfill"),
    [
        ("111122223333_CloudTrail-Digest_eu-west-1_a_b.c-d_us-east-1_20260102T003000Z.json.gz", "a_b.c-d", False),
        ("x/111122223333_CloudTrail-Digest_us-gov-west-1_t_us-gov-west-1_20260102T003000Z_backfill.json.gz", "t", True),
    ],
)
def test_names_of_trails_may_hold_underscores(name: str, trail: str, backfill: bool) -> None:
    found = read_digest_name(name)
    assert found is not None
    assert (found.trail, found.is_backfill) == (trail, backfill)


@pytest.mark.parametrize(
    "name",
    [
        "111122223333_CloudTrail_us-east-1_20260102T0005Z_AAAAAAAAAAAAAAAA.json.gz",
        "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20260230T003000Z.json.gz",
        "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20260102T003000Z.json.gz.meta.json",
        "1_CloudTrail-Digest_us-east-1_t_us-east-1_20260102T003000Z.json.gz",
    ],
)
def test_other_names_are_no_digests(name: str) -> None:
    assert read_digest_name(name) is None


def test_a_digest_of_our_own_is_valid() -> None:
    second = sign_digest(document(FIRST_END + HOUR, FIRST.as_previous), KEY)
    checked = check(second.content, key=second.key, metadata=second.metadata)
    assert checked.verdict is Verdict.VALID
    assert checked.verdict.is_valid
    assert (checked.start, checked.end) == (FIRST_END, FIRST_END + HOUR)
    assert (checked.previous_bucket, checked.previous_key) == (FIRST.bucket, FIRST.key)
    assert (checked.previous_sha256, checked.previous_signature) == (FIRST.sha256, FIRST.signature)
    assert checked.log_count == 1
    assert listed_logs(second.content, first=0, last=5) == [
        ListedLog(bucket=LOG.bucket, key=LOG.key, sha256=LOG.sha256)
    ]
    assert checked.sha256 == second.sha256


def other_key() -> PublicKeys:
    der = public_key_der(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key())
    return PublicKeys({FINGERPRINT: base64.b64encode(der).decode()})


def spki() -> PublicKeys:
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKeys({FINGERPRINT: base64.b64encode(der).decode()})


def no_rsa() -> PublicKeys:
    der = (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return PublicKeys({FINGERPRINT: base64.b64encode(der).decode()})


def without(name: str) -> bytes:
    members = json.loads(FIRST.content)
    del members[name]
    return json.dumps(members).encode()


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"content": None}, Verdict.INVALID_FORMAT),
        ({"content": b"\xff"}, Verdict.INVALID_FORMAT),
        ({"content": b"[1]"}, Verdict.INVALID_FORMAT),
        ({"content": b"[" * 100_000}, Verdict.INVALID_FORMAT),
        ({"content": b'{"logFiles":' + b"[" * 100_000}, Verdict.INVALID_FORMAT),
        ({"metadata": {}}, Verdict.SIGNATURE_FAILED),
        ({"metadata": {"signature": FIRST.signature}}, Verdict.SIGNATURE_FAILED),
        ({"metadata": {**FIRST.metadata, "signature": None}}, Verdict.SIGNATURE_FAILED),
        ({"metadata": {**FIRST.metadata, "signature": "no hex"}}, Verdict.SIGNATURE_FAILED),
        ({"metadata": {**FIRST.metadata, "signature": "ä" * 512}}, Verdict.SIGNATURE_FAILED),
        ({"metadata": {**FIRST.metadata, "signature": FIRST.signature[:-2]}}, Verdict.SIGNATURE_FAILED),
        ({"content": FIRST.content + b" "}, Verdict.SIGNATURE_FAILED),
        ({"content": without("digestPublicKeyFingerprint")}, Verdict.INVALID_FORMAT),
        ({"content": without("digestS3Bucket")}, Verdict.INVALID_FORMAT),
        ({"content": without("digestS3Object")}, Verdict.INVALID_FORMAT),
        ({"content": without("previousDigestSignature")}, Verdict.INVALID_FORMAT),
        ({"content": without("digestEndTime")}, Verdict.INVALID_FORMAT),
        ({"content": without("digestStartTime")}, Verdict.INVALID_FORMAT),
        ({"bucket": "another"}, Verdict.MOVED),
        ({"key": "another"}, Verdict.MOVED),
        ({"keys": PublicKeys({})}, Verdict.KEY_NOT_FOUND),
        ({"content": changed(digestPublicKeyFingerprint=[1])[0]}, Verdict.KEY_NOT_FOUND),
        ({"keys": PublicKeys({FINGERPRINT: "!"})}, Verdict.KEY_UNREADABLE),
        ({"keys": PublicKeys({FINGERPRINT: "AAAA"})}, Verdict.KEY_UNREADABLE),
        ({"keys": PublicKeys({FINGERPRINT: "A" * 100_000})}, Verdict.KEY_UNREADABLE),
        ({"keys": PublicKeys({FINGERPRINT: "ä"})}, Verdict.KEY_UNREADABLE),
        ({"keys": spki()}, Verdict.KEY_UNREADABLE),
        ({"keys": no_rsa()}, Verdict.KEY_UNREADABLE),
        ({"keys": other_key()}, Verdict.SIGNATURE_FAILED),
        ({"content": changed(digestEndTime=5)[0]}, Verdict.SIGNATURE_FAILED),
        ({"content": changed(previousDigestSignature={})[0]}, Verdict.SIGNATURE_FAILED),
        ({"metadata": None}, Verdict.NOT_VERIFIABLE),
    ],
)
def test_whatever_is_wrong_has_a_verdict(given: dict[str, object], verdict: Verdict) -> None:
    assert check(**given).verdict is verdict


@pytest.mark.parametrize(
    ("members", "verdict"),
    [
        ({"digestStartTime": "yesterday"}, Verdict.INVALID_FORMAT),
        ({"digestStartTime": 5}, Verdict.INVALID_FORMAT),
        ({"digestEndTime": "tomorrow"}, Verdict.INVALID_FORMAT),
        ({"logFiles": "many"}, Verdict.INVALID_FORMAT),
        ({"previousDigestS3Bucket": 1}, Verdict.INVALID_FORMAT),
        ({"previousDigestS3Object": []}, Verdict.INVALID_FORMAT),
        ({"logFiles": None}, Verdict.VALID),
        ({"logFiles": [1, {"s3Bucket": 2}, {"s3Bucket": "b", "s3Object": "k"}]}, Verdict.VALID),
        ({"another": {"member": 1}}, Verdict.VALID),
    ],
)
def test_a_signature_does_not_make_members_usable(members: dict[str, object], verdict: Verdict) -> None:
    content, metadata = changed(**members)
    assert check(content, metadata=metadata).verdict is verdict


def test_entries_that_are_not_whole_stay_in_the_list() -> None:
    content, metadata = changed(logFiles=[1, {"s3Bucket": 2}, {"s3Bucket": "b", "s3Object": "k"}])
    assert check(content, metadata=metadata).log_count == 3
    assert listed_logs(content, first=0, last=3) == [
        ListedLog(bucket="", key="", sha256=None),
        ListedLog(bucket="", key="", sha256=None),
        ListedLog(bucket="b", key="k", sha256=None),
    ]
    assert listed_logs(content, first=2, last=3) == [ListedLog(bucket="b", key="k", sha256=None)]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"logFiles": {"a": 1}}'])
def test_what_lists_nothing_lists_nothing(content: bytes) -> None:
    assert listed_logs(content, first=0, last=1) == []


def test_a_digest_without_log_files_at_all_is_no_digest() -> None:
    members = json.loads(FIRST.content)
    del members["logFiles"]
    content, metadata = signed(members)
    assert check(content, metadata=metadata).verdict is Verdict.INVALID_FORMAT


@pytest.mark.parametrize(
    ("more", "verdict"),
    [({}, Verdict.INVALID_FORMAT), ({"backfill-generation-timestamp": "20260102T010000Z"}, Verdict.VALID)],
)
def test_a_backfill_digest_says_when_it_was_made(more: dict[str, str], verdict: Verdict) -> None:
    key = FIRST.key.replace(".json.gz", "_backfill.json.gz")
    content, metadata = changed(digestS3Object=key)
    assert check(content, key=key, metadata={**metadata, **more}).verdict is verdict


def test_verdicts_have_the_words_of_the_aws_cli() -> None:
    words = {verdict: verdict_text(verdict, region="R", fingerprint="F", reason="why") for verdict in Verdict}
    assert words == {
        Verdict.VALID: "valid",
        Verdict.SIGNATURE_FAILED: "INVALID: signature verification failed",
        Verdict.INVALID_FORMAT: "INVALID: invalid format",
        Verdict.MOVED: "INVALID: has been moved from its original location",
        Verdict.KEY_NOT_FOUND: "INVALID: public key not found in region R for fingerprint F",
        Verdict.KEY_UNREADABLE: "INVALID: Unable to load PKCS #1 key with fingerprint F",
        Verdict.NOT_FOUND: "INVALID: not found",
        Verdict.HASH_MISMATCH: "INVALID: hash value doesn't match",
        Verdict.TRAILING_DATA: "INVALID: unexpected data after end of compressed stream",
        Verdict.NOT_VERIFIABLE: "NOT VERIFIABLE: why",
        Verdict.UNREADABLE: "NOT READ: why",
        Verdict.UNSIGNED: "NOT SIGNED: why",
        Verdict.BROKEN_LINK: "BROKEN CHAIN: why",
    }


def test_what_the_aws_cli_cannot_know_is_neither_valid_nor_invalid() -> None:
    neither = {verdict for verdict in Verdict if not verdict.is_valid and not verdict.is_invalid}
    assert neither == {Verdict.NOT_VERIFIABLE, Verdict.UNREADABLE, Verdict.UNSIGNED, Verdict.BROKEN_LINK}


@pytest.mark.parametrize(
    ("signature", "verdict"),
    [(FIRST.signature, Verdict.VALID), ("00", Verdict.SIGNATURE_FAILED), (None, Verdict.SIGNATURE_FAILED)],
)
def test_a_signature_may_come_from_elsewhere(signature: object, verdict: Verdict) -> None:
    checked = check(metadata=None)
    assert checked.verdict is Verdict.NOT_VERIFIABLE
    assert check_signature(checked, signature, KEYS) is verdict


def test_what_a_digest_says_can_be_read_without_belief() -> None:
    said = read_digest(FIRST.content)
    assert (said.bucket, said.key, said.verdict) == (FIRST.bucket, FIRST.key, Verdict.NOT_VERIFIABLE)
    assert said.log_count == 1
    assert read_digest(b"[]").verdict is Verdict.INVALID_FORMAT


@pytest.mark.parametrize(
    ("content", "listed", "verdict"),
    [
        (None, "ab", Verdict.NOT_FOUND),
        (None, None, Verdict.NOT_FOUND),
        (LogContent(is_damaged=True), "ab", Verdict.INVALID_FORMAT),
        (LogContent(has_trailing_data=True), "ab", Verdict.TRAILING_DATA),
        (LogContent(sha256="ab"), None, Verdict.INVALID_FORMAT),
        (LogContent(sha256="ab"), "ab", Verdict.VALID),
        (LogContent(sha256="ab"), "AB", Verdict.HASH_MISMATCH),
    ],
)
def test_a_log_file_has_a_verdict(content: LogContent | None, listed: str | None, verdict: Verdict) -> None:
    assert log_verdict(content, listed) is verdict


def test_times_are_written_as_in_records() -> None:
    assert digest_time_text(0) == "1970-01-01T00:00:00Z"


def test_the_worked_example_is_valid(shared_dir) -> None:
    folder = shared_dir / "data" / "digest-example"
    entries = json.loads((folder / "publickeys.json").read_text())
    keys = PublicKeys({entry["Fingerprint"]: entry["Value"] for entry in entries})
    assert len(keys) == 1
    [entry] = entries
    assert (
        fingerprint_of(base64.b64decode(entry["Value"])) == entry["Fingerprint"] == "e6ab6a39a923d58ed45c3358ce15db51"
    )
    paths = sorted((folder / "s3").rglob("*CloudTrail-Digest_*.json.gz"))
    assert len(paths) == 3
    for path in paths:
        content = gzip.decompress(path.read_bytes())
        key = path.relative_to(folder / "s3").as_posix()
        metadata = json.loads(path.with_name(path.name + ".meta.json").read_text())
        checked = check_digest(content, bucket="trail-bucket", key=key, metadata=metadata, keys=keys)
        assert checked.verdict is Verdict.VALID
        assert key == digest_key(
            account="123456789012",
            region="us-east-1",
            trail="management-trail",
            home_region="us-east-1",
            end=checked.end,
        )
        # The same document, serialised by us, is the same bytes.
        members = json.loads(content)
        previous = members["previousDigestS3Object"] and {
            "bucket": members["previousDigestS3Bucket"],
            "key": members["previousDigestS3Object"],
            "sha256": members["previousDigestHashValue"],
            "signature": members["previousDigestSignature"],
        }
        from tocsin.core.digest import PreviousDigest

        ours = encode_digest(
            DigestDocument(
                account="123456789012",
                start=checked.start,
                end=checked.end,
                bucket="trail-bucket",
                key=key,
                fingerprint=entry["Fingerprint"],
                previous=PreviousDigest(**previous) if previous else None,
                log_files=tuple(
                    LogFile(
                        bucket=log["s3Bucket"],
                        key=log["s3Object"],
                        sha256=log["hashValue"],
                        newest_event_time=log["newestEventTime"],
                        oldest_event_time=log["oldestEventTime"],
                    )
                    for log in members["logFiles"]
                ),
            )
        )
        assert ours == content
