"""`tocsin validate`: what it finds that the AWS CLI cannot, what it writes, and its exit status. Spec: CT-15.10, IF-1."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from digest_chain import FIRST_END, HOUR, Archive, example, key_entry, private_key

from tocsin.cli.progress import ProgressBar
from tocsin.core.digest import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call

DIGEST = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/02/111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260102T{}Z.json.gz"
LOGS = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/"


def document(call: Call, folder: Path, *options: str, status: int) -> dict[str, Any]:
    result = call("validate", str(folder), "--format", "json", *options)
    assert result.status == status, result
    read: dict[str, Any] = json.loads(result.out)
    return read


def files_of(read: dict[str, Any]) -> list[tuple[str, str]]:
    """What is not valid, by the end of its key."""
    return [(file["key"].rpartition("_")[2], file["text"]) for file in read["files"]]


def no_metadata(folder: Path) -> None:
    for path in folder.rglob("*.meta.json"):
        path.unlink()


def test_a_whole_archive_is_told_in_a_few_lines(call: Call, tmp_path: Path) -> None:
    example(tmp_path)
    result = call("validate", str(tmp_path), environ={"COLUMNS": "100"})
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        f"1 public key from {tmp_path}/publickeys.json\n"
        "\n"
        "ACCOUNT       REGION     TRAIL  DIGESTS COVER (UTC)                  DIGESTS  LOGS\n"
        "111122223333  us-east-1  main   2026-01-01 23:30 – 2026-01-02 02:30      3/3   3/3  valid\n"
        "\n"
        "Results found for 2026-01-01T23:30:00Z to 2026-01-02T02:30:00Z:\n"
        "\n"
        "3/3 digest files valid\n"
        "3/3 log files valid\n"
    )


def test_what_is_wrong_stands_before_the_sums(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.path(archive.logs[1].key).unlink()
    result = call("validate", str(tmp_path))
    assert result.status == 1
    assert result.out.startswith(f"Log file\ts3://trail-bucket/{archive.logs[1].key}\tINVALID: not found\n\n")
    assert "NOT VALID" in result.out
    assert "2/3 log files valid, 1/3 log files INVALID" in result.out


def test_every_file_has_a_line_in_ndjson_and_a_row_in_csv(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.path(archive.logs[1].key).unlink()
    lines = [json.loads(line) for line in call("validate", str(tmp_path), "--format", "ndjson").out.splitlines()]
    assert [line.get("verdict") for line in lines] == [*["valid"] * 2, "not-found", *["valid"] * 3, None]
    assert lines[-1]["logs"] == {"valid": 2, "invalid": 1, "unknown": 0}
    rows = list(csv.DictReader(call("validate", str(tmp_path), "--format", "csv").out.splitlines()))
    assert [row["verdict"] for row in rows] == [line["verdict"] for line in lines[:-1]]
    assert rows[2]["text"] == "INVALID: not found"
    assert {row["trail"] for row in rows} == {"main"}


def test_a_file_is_written_in_place_of_standard_output(call: Call, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    example(archive)
    result = call("validate", str(archive), "-o", str(tmp_path / "report.txt"))
    assert (result.status, result.out) == (0, "")
    assert (tmp_path / "report.txt").read_text().endswith("3/3 log files valid\n")


# ------------------------------------------------------------------ files that no digest lists


@pytest.mark.parametrize(
    ("minute", "reason", "status"),
    [
        (70, "no digest of its time lists it", 1),
        (144, "no digest of its time lists it", 1),
        (145, "delivered after the last digest or within five minutes before its end", 0),
        (600, "delivered after the last digest or within five minutes before its end", 0),
    ],
)
def test_a_file_that_was_added_is_named(call: Call, tmp_path: Path, minute: int, reason: str, status: int) -> None:
    archive = example(tmp_path)
    added = archive.put_log(minute, "E")
    read = document(call, tmp_path, status=status)
    assert read["unsigned"] == {reason: 1}
    assert [file["key"] for file in read["files"]] == ([added.key] if status else [])
    assert read["logs"]["valid"] == 3


def test_files_that_were_never_to_be_signed_are_counted(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.put_log(200, "D")
    archive.put_digest(FIRST_END + 5 * HOUR, (), new=True)
    Archive(tmp_path, region="eu-west-1").put_log(5, "E")
    day = tmp_path / LOGS.replace("02/", "01/")
    day.mkdir()
    shutil.copy(archive.path(archive.logs[0].key), day / "111122223333_CloudTrail_us-east-1_20260101T0005Z_F.json.gz")
    insights = tmp_path / LOGS.replace("CloudTrail/", "CloudTrail-Insight/")
    insights.mkdir(parents=True)
    name = "111122223333_CloudTrail-Insight_us-east-1_20260102T0005Z_AAAAAAAAAAAAAAAA.json.gz"
    shutil.copy(archive.path(archive.logs[0].key), insights / name)
    read = document(call, tmp_path, status=0)
    assert read["unsigned"] == {
        "delivered before the first digest": 1,
        "delivered while no digests were made": 1,
        "digests do not list files of this kind here": 1,
        "there are no digests of its account and region": 1,
    }
    assert "4 files in no digest:\n" in call("validate", str(tmp_path)).out
    assert "there are no digests" not in call("validate", str(tmp_path), "--region", "us-east-1").out


def test_names_that_are_none_of_log_files_are_named(call: Call, tmp_path: Path) -> None:
    example(tmp_path)
    (tmp_path / LOGS / "notes.json").write_text("{}")
    (tmp_path / DIGEST.format("003000")).with_name("more.json").write_text("{}")
    (tmp_path / "readme.txt").write_text("ours")
    read = document(call, tmp_path, status=1)
    folders = (LOGS, LOGS.replace("CloudTrail", "CloudTrail-Digest"))
    assert sorted(file["key"] for file in read["files"]) == [f"{folders[1]}more.json", f"{folders[0]}notes.json"]
    text = "NOT SIGNED: no digest lists it, and its name is not that of a log file"
    assert {file["text"] for file in read["files"]} == {text}


def test_a_digest_that_no_other_leads_to_is_named(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    path = archive.path(archive.chain[1].key)
    shutil.copy(path, path.with_name(path.name.replace("T0130", "T0145")))
    read = document(call, tmp_path, status=1)
    assert files_of(read) == [("20260102T014500Z.json.gz", "NOT SIGNED: no digest leads to it")]
    assert read["digests"] == {"valid": 3, "invalid": 0, "unknown": 0}


def test_files_of_a_digest_that_is_not_there_are_vouched_for_by_nobody(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.path(archive.chain[1].key).unlink()
    read = document(call, tmp_path, status=1)
    assert read["unsigned"] == {"the digest of its time is missing or not valid": 2}
    assert [file["verdict"] for file in read["files"]] == ["not-found"]


# ------------------------------------------------------------------ copies without metadata


def test_without_metadata_signatures_come_from_the_next_digests(call: Call, tmp_path: Path) -> None:
    example(tmp_path)
    no_metadata(tmp_path)
    read = document(call, tmp_path, status=1)
    assert read["digests"] == {"valid": 2, "invalid": 0, "unknown": 1}
    assert read["logs"] == {"valid": 3, "invalid": 0, "unknown": 0}
    reason = "NOT VERIFIABLE: its signature is not in this copy, and no later digest carries it"
    assert files_of(read) == [("20260102T023000Z.json.gz", reason)]


@pytest.mark.parametrize("number", [0, 1])
def test_without_metadata_a_change_is_found(call: Call, tmp_path: Path, number: int) -> None:
    archive = example(tmp_path)
    no_metadata(tmp_path)
    path = archive.path(archive.chain[number].key)
    members = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps({**members, "logFiles": []}).encode()))
    read = document(call, tmp_path, status=1)
    assert (path.name.rpartition("_")[2], "INVALID: signature verification failed") in files_of(read)


def test_without_metadata_files_of_the_newest_digest_are_compared_and_not_vouched_for(
    call: Call, tmp_path: Path
) -> None:
    archive = example(tmp_path)
    logs = archive.put_log(160, "D"), archive.put_log(170, "E"), archive.put_log(171, "F")
    archive.put_digest(FIRST_END + 3 * HOUR, logs)
    no_metadata(tmp_path)
    archive.path(logs[1].key).unlink()
    archive.path(logs[2].key).write_bytes(gzip.compress(b"{}"))
    read = document(call, tmp_path, status=1)
    assert [text for _, text in files_of(read)] == [
        "NOT VERIFIABLE: its signature is not in this copy, and no later digest carries it",
        "NOT VERIFIABLE: the digest that lists it is not verifiable",
        "INVALID: not found",
        "INVALID: hash value doesn't match",
    ]
    assert (
        "3/6 log files valid, 2/6 log files INVALID, 1/6 log files not verifiable"
        in call("validate", str(tmp_path)).out
    )


def test_without_metadata_a_missing_digest_leaves_the_one_before_it_unverified(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    no_metadata(tmp_path)
    archive.path(archive.chain[1].key).unlink()
    read = document(call, tmp_path, status=1)
    assert read["digests"] == {"valid": 0, "invalid": 1, "unknown": 2}


# ------------------------------------------------------------------ where things lie


@pytest.mark.parametrize("below", ["", "copies/bucket"])
@pytest.mark.parametrize("names", [{}, {"prefix": "logs"}, {"organization": "o-abcdefghij"}, {"prefix": "AWSLogs"}])
def test_the_folder_of_the_bucket_is_found(call: Call, tmp_path: Path, below: str, names: dict[str, str]) -> None:
    example(tmp_path / below, **names)
    read = document(call, tmp_path, "--public-keys", str(tmp_path / below / "publickeys.json"), status=0)
    [chain] = read["chains"]
    assert (chain["folder"], chain["bucket"], read["logs"]["valid"]) == (
        f"{below}/" if below else "",
        "trail-bucket",
        3,
    )


@pytest.mark.parametrize("inside", ["logs", "logs/AWSLogs", "logs/AWSLogs/111122223333"])
def test_a_copy_of_what_is_below_a_prefix_is_understood(call: Call, tmp_path: Path, inside: str) -> None:
    example(tmp_path, prefix="logs")
    read = document(call, tmp_path / inside, status=0)
    assert (read["digests"]["valid"], read["logs"]["valid"]) == (3, 3)


def test_several_accounts_regions_trails_and_buckets(call: Call, tmp_path: Path) -> None:
    example(tmp_path / "a")
    example(tmp_path / "a", trail="other")
    example(tmp_path / "a", region="eu-west-1")
    example(tmp_path / "b", account="444455556666", bucket="second", prefix="x")
    keys = ("--public-keys", str(tmp_path / "a" / "publickeys.json"))
    read = document(call, tmp_path, *keys, status=0)
    assert [(chain["account"], chain["region"], chain["trail"], chain["bucket"]) for chain in read["chains"]] == [
        ("111122223333", "eu-west-1", "main", "trail-bucket"),
        ("111122223333", "us-east-1", "main", "trail-bucket"),
        ("111122223333", "us-east-1", "other", "trail-bucket"),
        ("444455556666", "us-east-1", "main", "second"),
    ]
    assert read["digests"]["valid"] == 12
    assert len(document(call, tmp_path, *keys, "--account", "444455556666", status=0)["chains"]) == 1
    assert len(document(call, tmp_path, *keys, "--region", "us-east-1", status=0)["chains"]) == 3


def test_a_trail_that_was_moved_to_another_bucket_is_followed(call: Call, tmp_path: Path) -> None:
    old = example(tmp_path / "old")
    new = Archive(tmp_path / "new", bucket="new-bucket")
    new.chain = list(old.chain)
    new.put_digest(FIRST_END + 3 * HOUR, (new.put_log(160, "D"),))
    keys = ("--public-keys", str(tmp_path / "old" / "publickeys.json"))
    read = document(call, tmp_path, *keys, status=0)
    assert (read["digests"]["valid"], read["logs"]["valid"]) == (4, 4)
    result = call("validate", str(tmp_path / "new"), *keys)
    assert result.status == 1
    assert f"Digest file\ts3://trail-bucket/{DIGEST.format('023000')}\tINVALID: not found" in result.out


# ------------------------------------------------------------------ keys


def test_keys_are_those_of_the_file_that_is_named(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path / "archive")
    entry, other = key_entry(archive.key), key_entry(private_key(1))
    (tmp_path / "archive" / "publickeys.json").unlink()
    for text in (
        json.dumps([entry]),
        json.dumps({"PublicKeyList": [entry]}),
        json.dumps({"PublicKeyList": [other]}) + "\n" + json.dumps({"PublicKeyList": [entry]}) + "\n",
    ):
        (tmp_path / "keys").write_text(text)
        assert call("validate", str(tmp_path / "archive"), "--public-keys", str(tmp_path / "keys")).status == 0
    (tmp_path / "others").write_text(json.dumps([other]))
    named = ("--public-keys", str(tmp_path / "others"), "--public-keys", str(tmp_path / "keys"))
    assert call("validate", str(tmp_path / "archive"), *named).status == 0
    assert call("validate", str(tmp_path / "archive"), *named[:2]).status == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "there are no public keys in it"),
        ("[]", "there are no public keys in it"),
        ("{", ":1: no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]\n\n{]", ":3: no JSON"),
        ('"text"', "no list of public keys"),
        ('{"PublicKeyList": 1}', "no list of public keys"),
        ("[1]", "key 1 has no Fingerprint or no Value"),
        ('[{"Fingerprint": "a"}]', "key 1 has no Fingerprint or no Value"),
        (b"\xff", "no text in UTF-8"),
        (None, "there is no such file"),
    ],
)
def test_keys_that_cannot_be_used_end_the_call(
    call: Call, tmp_path: Path, content: str | bytes | None, says: str
) -> None:
    example(tmp_path)
    keys = tmp_path / "keys.json"
    if content is not None:
        keys.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = call("validate", str(tmp_path), "--public-keys", str(keys))
    assert (result.status, result.out) == (2, "")
    assert f"{keys}" in result.err
    assert says in result.err
    assert "aws cloudtrail list-public-keys" in result.err or content == b"\xff"


def test_the_keys_of_the_service_are_in_its_data_folder(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path / "archive")
    folder = tmp_path / "data" / "digest-keys" / "us-east-1"
    folder.mkdir(parents=True)
    pem = archive.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "1767312000.pem").write_bytes(pem)
    named = call("validate", str(tmp_path / "archive"), "--data", str(tmp_path / "data"))
    assert (named.status, named.out.splitlines()[0]) == (0, f"1 public key from {tmp_path}/data/digest-keys")
    beside = call("validate", str(tmp_path / "archive"), environ={"TOCSIN_SERVER_DATA": str(tmp_path / "data")})
    assert beside.out.splitlines()[0] == f"1 public key from {tmp_path}/archive/publickeys.json"
    (tmp_path / "archive" / "publickeys.json").unlink()
    last = call("validate", str(tmp_path / "archive"), environ={"TOCSIN_SERVER_DATA": str(tmp_path / "data")})
    assert last.out == named.out
    (folder / "1767312000.pem").write_text("no key")
    assert call("validate", str(tmp_path / "archive"), "--data", str(tmp_path / "data")).status == 2


def test_without_keys_nothing_is_checked(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path / "archive")
    (archive.folder / "publickeys.json").unlink()
    result = call("validate", str(archive.folder), "--data", str(tmp_path))
    assert result.status == 2
    assert "there are no public keys to check" in result.err
    assert "aws cloudtrail list-public-keys" in result.err


def test_the_extra_is_named_where_its_library_is_missing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example(tmp_path)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    result = call("validate", str(tmp_path))
    assert result.status == 2
    assert "pip install 'tocsin[server]'" in result.err


# ------------------------------------------------------------------ calls that are wrong, and nothing to check


@pytest.mark.parametrize(
    ("path", "says"),
    [("missing", "there is no such file or folder"), ("publickeys.json", "not a folder")],
)
def test_a_path_is_a_folder(call: Call, tmp_path: Path, path: str, says: str) -> None:
    example(tmp_path)
    result = call("validate", str(tmp_path / path), "--public-keys", str(tmp_path / "publickeys.json"))
    assert result.status == 2
    assert says in result.err
    assert call("validate", "-", "--public-keys", str(tmp_path / "publickeys.json")).status == 2
    assert "no such file or folder" in call("validate", "nowhere").err  # before keys are asked for


def test_a_folder_without_digests_is_not_valid(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "publickeys.json").write_text(json.dumps([key_entry(private_key())]))
    result = call("validate", str(tmp_path / "empty"))
    assert result.status == 1
    assert "No digests found" in result.out
    assert "AWSLogs/ACCOUNT/CloudTrail-Digest" in result.err


def test_no_digest_in_the_time_that_was_asked_for(call: Call, tmp_path: Path) -> None:
    example(tmp_path)
    result = call("validate", str(tmp_path), "--since", "2026-02-01")
    assert result.status == 1
    assert "Results requested for 2026-02-01T00:00:00Z to the end\nNo digests found" in result.out


# ------------------------------------------------------------------ hostile digests


def sign_anew(archive: Archive, number: int, **members: object) -> None:
    """A digest with other members that is signed all the same: whoever has the key can do anything."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    digest = archive.chain[number]
    read = {**json.loads(digest.content), **members}
    content = json.dumps(read).encode()
    previous = read["previousDigestSignature"] or "null"
    place = f"{digest.bucket}/{digest.key}"
    text = f"{read['digestEndTime']}\n{place}\n{sha256(content).hexdigest()}\n{previous}"
    signature = archive.key.sign(text.encode(), PKCS1v15(), SHA256()).hex()
    archive.put(digest.key, content, {"signature": signature, "signature-algorithm": "SHA256withRSA"})


def log_entry(key: object, bucket: object = "trail-bucket", sha256: object = "00" * 32) -> dict[str, object]:
    return {"s3Bucket": bucket, "s3Object": key, "hashValue": sha256}


HOSTILE_KEYS = [
    "../secret.json.gz",
    "AWSLogs/../../secret.json.gz",
    "/etc/passwd",
    "//etc/passwd",
    "AWSLogs/./x",
    "AWSLogs//x",
    "..",
    ".",
    "",
    "a\0b",
    "x" * 5000,
    "a/" * 3000 + "b",
    "\ud7ff\U0001f600",
    "link.json.gz",
    "folder-link/secret.json.gz",
]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_no_key_leads_out_of_the_folder(call: Call, tmp_path: Path, key: str) -> None:
    folder = tmp_path / "archive"
    archive = example(folder)
    secret = tmp_path / "secret.json.gz"
    secret.write_bytes(gzip.compress(b"{}"))
    os.utime(secret, (1, 1))
    from hashlib import sha256

    (folder / "link.json.gz").symlink_to(secret)
    (folder / "folder-link").symlink_to(tmp_path)
    sign_anew(archive, 2, logFiles=[log_entry(key, sha256=sha256(b"{}").hexdigest())])
    read = document(call, folder, status=1)
    [file] = [file for file in read["files"] if file["kind"] == "log" and file["verdict"] != "unsigned"]
    assert file["verdict"] in {"not-found", "unreadable"}
    assert {skip["path"] for skip in read["skipped"]} == {"folder-link", "link.json.gz"}


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        (1, "not-found"),
        (None, "not-found"),
        ([], "not-found"),
        ({}, "not-found"),
        (log_entry(5), "not-found"),
        (log_entry(f"{LOGS}x", bucket=["b"]), "not-found"),
        (log_entry("x", bucket="no bucket of ours"), "not-found"),
        (
            log_entry(f"{LOGS}111122223333_CloudTrail_us-east-1_20260102T0005Z_AAAAAAAAAAAAAAAA.json.gz", sha256=1),
            "invalid-format",
        ),
        (log_entry("AWSLogs"), "unreadable"),
        (log_entry("pipe"), "unreadable"),
    ],
)
def test_entries_of_any_type_have_a_verdict(call: Call, tmp_path: Path, entry: object, verdict: str) -> None:
    archive = example(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    sign_anew(archive, 2, logFiles=[entry])
    read = document(call, tmp_path, status=1)
    assert [file["verdict"] for file in read["files"]] == [verdict]


@pytest.mark.parametrize(
    "members",
    [
        {"logFiles": {}},
        {"logFiles": {"a": 1}},
        {"logFiles": 5},
        {"digestStartTime": 5},
        {"digestStartTime": "never"},
        {"digestEndTime": "9" * 1000},
        {"previousDigestS3Object": 1},
        {"previousDigestS3Bucket": ["trail-bucket"]},
    ],
)
def test_members_of_any_type_have_a_verdict(call: Call, tmp_path: Path, members: dict[str, object]) -> None:
    archive = example(tmp_path)
    sign_anew(archive, 2, **members)
    read = document(call, tmp_path, status=1)
    assert ("20260102T023000Z.json.gz", "INVALID: invalid format") in files_of(read)
    assert read["digests"] == {"valid": 2, "invalid": 1, "unknown": 0}


def test_a_chain_that_leads_back_to_itself_ends(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    last = archive.chain[2]
    sign_anew(archive, 0, previousDigestS3Bucket=last.bucket, previousDigestS3Object=last.key)
    read = document(call, tmp_path, status=1)
    assert ("20260102T023000Z.json.gz", Verdict.BROKEN_LINK.value) in [
        (file["key"].rpartition("_")[2], file["verdict"]) for file in read["files"]
    ]
    assert read["chains"][0]["broken_links"] == 2  # and it is not the digest that the one after it was made for


def test_a_digest_that_was_made_anew_does_not_fit_the_next_one(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    sign_anew(archive, 1, logFiles=[])
    read = document(call, tmp_path, status=1)
    name = DIGEST.format("023000").rpartition("/")[2]
    assert ("20260102T013000Z.json.gz", f"BROKEN CHAIN: {name} was made for other content") in files_of(read)


@pytest.mark.parametrize(
    "metadata",
    ["", "[]", "{", '{"signature": 5, "signature-algorithm": []}', "[" * 70_000, "[" * 1000, "\ud7ff"],
)
def test_metadata_of_any_kind_have_a_verdict(call: Call, tmp_path: Path, metadata: str) -> None:
    archive = example(tmp_path)
    path = archive.path(archive.chain[2].key)
    path.with_name(path.name + ".meta.json").write_text(metadata)
    read = document(call, tmp_path, status=1)
    [file] = read["files"]
    assert file["verdict"] in {"signature-verification-failed", "unreadable"}


def test_a_digest_that_unpacks_to_too_much_is_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.app.validate.MOST_DIGEST_BYTES", 1_000_000)
    archive = example(tmp_path)
    archive.path(archive.chain[2].key).write_bytes(gzip.compress(bytes(1_000_001)))
    read = document(call, tmp_path, status=1)
    assert [file["verdict"] for file in read["files"]] == ["invalid-format"]


def test_text_of_digests_does_nothing_on_a_terminal(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    sign_anew(archive, 2, logFiles=[log_entry("x\x1b[2J\n\t")])
    result = call("validate", str(tmp_path))
    assert "\x1b" not in result.out
    assert result.out.splitlines()[0].count("\t") == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_not_called_invalid(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.path(archive.logs[1].key).chmod(0)
    read = document(call, tmp_path, status=1)
    assert [file["text"] for file in read["files"]] == ["NOT READ: permission denied"]


# ------------------------------------------------------------------ processes and progress


def test_the_result_is_the_same_with_several_processes(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    example(tmp_path, region="eu-west-1")
    archive.path(archive.logs[1].key).unlink()
    archive.put_log(70, "E")
    one, two = (call("validate", str(tmp_path), "--format", "csv", "--jobs", jobs) for jobs in ("1", "2"))
    assert one == two
    assert len(one.out.splitlines()) == 1 + 12 + 1


def test_large_lists_are_shared_out(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.app.validate_walk._LIST", 2)
    monkeypatch.setattr("tocsin.app.validate_walk._TASK_LOGS", 3)
    archive = Archive(tmp_path)
    logs = tuple(archive.put_log(minute, "A") for minute in range(9))
    archive.put_digest(FIRST_END, logs)
    archive.put_digest(FIRST_END + HOUR, (archive.put_log(40, "B"),))
    archive.put_keys()
    rows = list(csv.DictReader(call("validate", str(tmp_path), "--format", "csv").out.splitlines()))
    assert [row["key"] for row in rows if row["kind"] == "log"] == [archive.logs[-1].key, *(log.key for log in logs)]


def test_progress_is_shown_on_a_terminal_alone(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example(tmp_path)
    shown: list[int] = []
    monkeypatch.setattr(ProgressBar, "__call__", lambda _, progress: shown.append(progress.bytes_done))
    assert call("validate", str(tmp_path)).status == 0
    assert shown == []
    assert call("validate", str(tmp_path), is_terminal=True).status == 0
    assert shown == sorted(shown)
    assert shown
    count = len(shown)
    assert call("validate", str(tmp_path), "--quiet", is_terminal=True).status == 0
    assert call("validate", str(tmp_path), "--verbose", is_terminal=True).status == 0
    assert len(shown) == count


def test_nothing_is_written(call: Call, tmp_path: Path) -> None:
    example(tmp_path)
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    assert call("validate", str(tmp_path)).status == 0
    after = {path: path.stat() for path in tmp_path.rglob("*")}
    assert {path: status.st_mtime_ns for path, status in before.items()} == {
        path: status.st_mtime_ns for path, status in after.items()
    }


# ------------------------------------------------------------------ rare


def test_an_archive_of_which_no_digest_can_be_read_is_placed_by_its_folders(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path / "copy" / "b")
    for digest in archive.chain:
        archive.path(digest.key).write_bytes(b"nothing")
    result = call("validate", str(tmp_path), "--public-keys", str(archive.folder / "publickeys.json"))
    assert result.status == 1
    assert result.out.count("INVALID: invalid format") == 3
    assert f"s3:///{archive.chain[0].key}" in result.out  # which bucket it was nothing says
    named = call(
        *("validate", str(tmp_path), "--bucket", "trail-bucket"),
        *("--public-keys", str(archive.folder / "publickeys.json")),
    )
    assert f"s3://trail-bucket/{archive.chain[0].key}" in named.out
    assert "No valid digests found in range" in named.out


def test_the_newest_digest_that_is_signed_says_where_the_bucket_lies(call: Call, tmp_path: Path) -> None:
    """A forged one that names another prefix does not make the others look moved."""
    archive = example(tmp_path, prefix="logs")
    forged = json.loads(archive.chain[2].content) | {"digestS3Object": archive.chain[2].key.removeprefix("logs/")}
    archive.path(archive.chain[2].key).write_bytes(gzip.compress(json.dumps(forged).encode()))
    read = document(call, tmp_path, status=1)
    assert read["digests"] == {"valid": 2, "invalid": 1, "unknown": 0}
    assert [file["verdict"] for file in read["files"]] == ["moved"]


def test_more_than_can_be_read_is_cut_and_counted(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.cli.validate_text._MOST_SHOWN", 1)
    archive = example(tmp_path)
    for log in archive.logs:
        archive.path(log.key).unlink()
    assert "and 2 more lines: --format csv has a row for each file\n" in call("validate", str(tmp_path)).out
    read = document(call, tmp_path, status=1)
    assert (len(read["files"]), read["files_omitted"], read["logs"]["invalid"]) == (1, 2, 3)


def test_gaps_stand_with_their_chain(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.put_digest(FIRST_END + 5 * HOUR, (), new=True)
    [gap] = document(call, tmp_path, status=0)["chains"][0]["gaps"]
    assert gap == {
        "from": "2026-01-02T02:30:00Z",
        "to": "2026-01-02T04:30:00Z",
        "new_chain": True,
        "backfill": False,
    }
    said = "between 2026-01-02T02:30:00Z and 2026-01-02T04:30:00Z (trail main, account 111122223333, region us-east-1)"
    assert said in call("validate", str(tmp_path)).out
    for form in ("csv", "ndjson"):
        assert "between" not in call("validate", str(tmp_path), "--format", form).out


def test_a_time_between_two_digests_that_neither_covers_is_told(call: Call, tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.put_digest(FIRST_END + 5 * HOUR, ())
    result = call("validate", str(tmp_path))
    assert result.status == 0
    assert "No digest covers the time between 2026-01-02T02:30:00Z and 2026-01-02T04:30:00Z" in result.out


def test_a_digest_that_changes_while_it_is_checked_ends_the_run(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = example(tmp_path)

    def log_checker(*given: Any) -> Any:
        archive.path(archive.chain[1].key).write_bytes(gzip.compress(b"{}"))
        return real(*given)

    from tocsin.composition import validate as module

    real = module._make_log_checker
    monkeypatch.setattr(module, "_make_log_checker", log_checker)
    result = call("validate", str(tmp_path))
    assert result.status == 1
    assert "changed while it was being checked" in result.err


def test_chains_are_checked_in_parts(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for region in ("us-east-1", "eu-west-1", "eu-west-3"):
        example(tmp_path, region=region)
    whole = call("validate", str(tmp_path), "--format", "csv").out
    monkeypatch.setattr("tocsin.composition.validate._BATCH_DIGESTS", 1)
    assert call("validate", str(tmp_path), "--format", "csv").out == whole


def test_links_are_told(call: Call, tmp_path: Path) -> None:
    example(tmp_path / "archive")
    (tmp_path / "archive" / "link").symlink_to(tmp_path)
    result = call("validate", str(tmp_path / "archive"))
    assert result.status == 1
    assert "not looked into: link: a link, which is not followed\n" in result.out


def test_a_file_of_keys_is_a_file_of_some_size(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example(tmp_path)
    monkeypatch.setattr("tocsin.composition.public_keys._MOST_BYTES", 10)
    assert "longer than 10 bytes" in call("validate", str(tmp_path)).err
    os.mkfifo(tmp_path / "pipe")
    for path in ("pipe", "AWSLogs"):
        assert "not a regular file" in call("validate", str(tmp_path), "--public-keys", str(tmp_path / path)).err
