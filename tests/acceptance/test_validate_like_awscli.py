"""Whatever is done to an archive, `tocsin validate` says what the AWS CLI's own code says. Spec: CT-15.7 to CT-15.9."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import zlib
from typing import TYPE_CHECKING

import pytest
from awscli_validator import run_validator
from digest_chain import ACCOUNT, BUCKET, FIRST_END, HOUR, REGION, TRAIL, Archive, example, key_entry, private_key

from tocsin.cli.invocation import Invocation
from tocsin.cli.main import run
from tocsin.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"
ALL_DAY = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")


def ours(folder: Path, *options: str) -> tuple[list[str], int]:
    out, error = io.StringIO(), io.StringIO()
    terminal = Terminal(out, error, io.BytesIO(), {})
    status = run(["validate", str(folder), "--verbose", *options], Invocation(terminal, environ={}))
    assert "internal error" not in error.getvalue()
    return [line for line in out.getvalue().splitlines() if line], status


def verdicts(lines: list[str]) -> list[str]:
    """The lines about files and gaps, in their order; which trail a gap is of is ours."""
    files = ("Digest file\t", "Log file\t", "(backfill) Digest file\t", "No log files were", "(backfill) No log files")
    return [line.partition(" (trail ")[0] for line in lines if line.startswith(files) and "\tNOT SIGNED" not in line]


def sums(lines: list[str]) -> list[str]:
    return [
        line for line in lines if " files valid" in line or line.startswith(("No valid", "No digests", "Results found"))
    ]


def compare(archive: Archive, *, start: str = ALL_DAY[0], end: str = ALL_DAY[1], **more: str) -> list[str]:
    """Both say the same; what they say."""
    theirs = run_validator(
        archive.folder,
        archive.folder / "publickeys.json",
        trail_arn=more.get("trail_arn", ARN),
        bucket=archive.bucket,
        region=archive.region,
        start=start,
        end=end,
        prefix=archive.prefix or None,
        account=archive.account,
    )
    lines, status = ours(archive.folder, "--since", start, "--until", end)
    assert verdicts(lines) == verdicts(theirs.lines)
    assert sums(lines) == sums(theirs.lines)
    # Where nothing was found, or something was added, our answer is 'no' as well.
    assert status == theirs.status or "No digests found" in lines or any("\tNOT SIGNED" in line for line in lines)
    return verdicts(lines)


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes())), mtime=0))


def edit_metadata(path: Path, **values: str | None) -> None:
    beside = path.with_name(path.name + ".meta.json")
    metadata = {**json.loads(beside.read_text()), **values}
    beside.write_text(json.dumps({name: value for name, value in metadata.items() if value is not None}))


def edit_members(path: Path, **members: object) -> None:
    rewrite(path, lambda content: json.dumps({**json.loads(content), **members}).encode())


def drop_member(path: Path, name: str) -> None:
    def change(content: bytes) -> bytes:
        members = json.loads(content)
        del members[name]
        return json.dumps(members).encode()

    rewrite(path, change)


def flip(text: str, place: int = 100) -> str:
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def flip_signature(path: Path) -> None:
    signature = json.loads(path.with_name(path.name + ".meta.json").read_text())["signature"]
    edit_metadata(path, signature=flip(signature))


def flags(path: Path, *, flag: int, extra: bytes) -> None:
    packed = path.read_bytes()
    path.write_bytes(packed[:3] + bytes([flag]) + packed[4:10] + extra + packed[10:])


def damage(path: Path, place: int) -> None:
    packed = bytearray(path.read_bytes())
    packed[place] ^= 0xFF
    path.write_bytes(bytes(packed))


def edit_keys(archive: Archive, **values: str) -> None:
    path = archive.folder / "publickeys.json"
    path.write_text(json.dumps([{**json.loads(path.read_text())[0], **values}]))


def move(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    path.rename(to)
    path.with_name(path.name + ".meta.json").rename(to.with_name(to.name + ".meta.json"))


FAILED = "INVALID: signature verification failed"
FORMAT = "INVALID: invalid format"
MISSING = "INVALID: not found"
CHANGED = "INVALID: hash value doesn't match"
TRAILING = "INVALID: unexpected data after end of compressed stream"

# What is done to the archive with its paths (`d` digests, `f` log files), and what is found at least.
TAMPERINGS: dict[str, tuple[Callable[[Archive, list[Path], list[Path]], object], str]] = {
    "nothing": (lambda a, d, f: None, "\tvalid"),
    "a log was changed": (lambda a, d, f: rewrite(f[1], lambda text: text.replace(b"CreateUser", b"DeleteUser")), CHANGED),
    "a log was deleted": (lambda a, d, f: f[1].unlink(), MISSING),
    "the middle digest was deleted": (lambda a, d, f: d[1].unlink(), MISSING),
    "the first digest was deleted": (lambda a, d, f: d[0].unlink(), MISSING),
    "the newest digest was deleted": (lambda a, d, f: d[2].unlink(), "\tvalid"),
    "all digests but the newest were deleted": (lambda a, d, f: (d[0].unlink(), d[1].unlink()), MISSING),
    "all digests were deleted": (lambda a, d, f: [path.unlink() for path in d], ""),
    "a signature was changed": (lambda a, d, f: flip_signature(d[1]), FAILED),
    "the newest signature was changed": (lambda a, d, f: flip_signature(d[2]), FAILED),
    "a signature is too short": (lambda a, d, f: edit_metadata(d[1], signature="00"), FAILED),
    "a signature is missing": (lambda a, d, f: edit_metadata(d[1], signature=None), FAILED),
    "the algorithm is missing": (lambda a, d, f: edit_metadata(d[1], **{"signature-algorithm": None}), FAILED),
    "metadata are missing": (lambda a, d, f: d[1].with_name(d[1].name + ".meta.json").unlink(), FAILED),
    "a digest was emptied": (lambda a, d, f: edit_members(d[1], logFiles=[]), FAILED),
    "a digest was laid out anew": (lambda a, d, f: rewrite(d[1], lambda text: text + b"\n"), FAILED),
    "the end was changed": (lambda a, d, f: edit_members(d[1], digestEndTime="2026-01-02T01:31:00Z"), FAILED),
    "the signature before was changed": (lambda a, d, f: edit_members(d[1], previousDigestSignature="00"), FAILED),
    "a second member was appended": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes() + gzip.compress(b"{}")), TRAILING),
    "zeros were appended": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes() + bytes(512)), TRAILING),
    "a lot was appended": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes() + bytes(400_000)), TRAILING),
    "a second member was appended to a digest": (lambda a, d, f: d[1].write_bytes(d[1].read_bytes() + gzip.compress(b"{}")), "\tvalid"),
    "a log is no gzip": (lambda a, d, f: f[1].write_bytes(b"Records"), FORMAT),
    "a log is plain JSON": (lambda a, d, f: f[1].write_bytes(gzip.decompress(f[1].read_bytes())), FORMAT),
    "a log is empty": (lambda a, d, f: f[1].write_bytes(b""), CHANGED),
    "a log is zlib": (lambda a, d, f: f[1].write_bytes(zlib.compress(gzip.decompress(f[1].read_bytes()))), FORMAT),
    "a log ends too early": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes()[:-40]), CHANGED),
    "a log ends within its checksum": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes()[:-6]), "\tvalid"),
    "a log ends within its header": (lambda a, d, f: f[1].write_bytes(f[1].read_bytes()[:7]), CHANGED),
    "the checksum of a log is wrong": (lambda a, d, f: damage(f[1], -6), FORMAT),
    "the length of a log is wrong": (lambda a, d, f: damage(f[1], -2), FORMAT),
    "a log is damaged": (lambda a, d, f: damage(f[1], 30), "INVALID"),
    "a log has a header with a name": (lambda a, d, f: flags(f[1], flag=8, extra=b"name\0"), "\tvalid"),
    "a log has a header with a wrong checksum": (lambda a, d, f: flags(f[1], flag=2, extra=b"xx"), FORMAT),
    "a log has a header with reserved flags": (lambda a, d, f: flags(f[1], flag=0x80, extra=b""), FORMAT),
    "a log was packed anew": (lambda a, d, f: f[1].write_bytes(gzip.compress(gzip.decompress(f[1].read_bytes()), 1)), "\tvalid"),
    "a digest is no gzip": (lambda a, d, f: d[1].write_bytes(b"{}"), FORMAT),
    "a digest is empty": (lambda a, d, f: d[1].write_bytes(b""), FORMAT),
    "a digest ends too early": (lambda a, d, f: d[1].write_bytes(d[1].read_bytes()[:-20]), FORMAT),
    "a digest is no JSON": (lambda a, d, f: rewrite(d[1], lambda text: text[:-5]), FORMAT),
    "a digest is no text": (lambda a, d, f: rewrite(d[1], lambda text: b"\xff\xfe"), FORMAT),
    **{f"{name} is missing": ((lambda a, d, f, name=name: drop_member(d[1], name)), FORMAT) for name in ("digestPublicKeyFingerprint", "digestS3Bucket", "digestS3Object", "previousDigestSignature", "digestEndTime", "digestStartTime")},
    "the bucket is another": (lambda a, d, f: edit_members(d[1], digestS3Bucket="other"), "has been moved"),
    "the key is another": (lambda a, d, f: edit_members(d[1], digestS3Object="other"), "has been moved"),
    "a digest was renamed": (lambda a, d, f: move(d[2], d[2].with_name(d[2].name.replace("T0230", "T0231"))), "has been moved"),
    "a digest lies under another day": (lambda a, d, f: move(d[1], d[1].parent.parent / "03" / d[1].name), "has been moved"),
    "two digests changed places": (lambda a, d, f: (move(d[0], d[0].with_name("x")), move(d[1], d[0]), move(d[0].with_name("x"), d[1])), "has been moved"),
    "the fingerprint is unknown": (lambda a, d, f: edit_keys(a, Fingerprint="00" * 16), f"INVALID: public key not found in region {REGION} for fingerprint"),
    "the fingerprint in a digest is unknown": (lambda a, d, f: edit_members(d[1], digestPublicKeyFingerprint="ab"), "for fingerprint ab"),
    "the key cannot be read": (lambda a, d, f: edit_keys(a, Value="AAAA"), "INVALID: Unable to load PKCS #1 key with fingerprint"),
    "the public key is another": (lambda a, d, f: edit_keys(a, Value=str(key_entry(private_key(1))["Value"])), FAILED),
    "a log was added": (lambda a, d, f: a.put_log(70, "E"), "\tvalid"),
    "a log of a digest that is not valid was changed": (lambda a, d, f: (flip_signature(d[1]), f[1].unlink()), FAILED),
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return example(tmp_path_factory.mktemp("archive"))


def copy_of(archive: Archive, folder: Path) -> Archive:
    shutil.copytree(archive.folder, folder, dirs_exist_ok=True)
    return Archive(folder)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampering_has_the_verdicts_of_the_aws_cli(name: str, built: Archive, tmp_path: Path) -> None:
    change, expected = TAMPERINGS[name]
    archive = copy_of(built, tmp_path)
    digests = [archive.path(digest.key) for digest in built.chain]
    logs = [archive.path(log.key) for log in built.logs]
    change(archive, digests, logs)
    assert any(expected in line for line in compare(archive)) or not expected


@pytest.mark.parametrize(
    ("start", "end", "number"),
    [
        ("2026-01-02T00:30:00Z", "2026-01-02T02:30:00Z", 6),
        ("2026-01-02T00:30:01Z", "2026-01-02T02:30:00Z", 6),
        ("2026-01-02T01:30:01Z", "2026-01-02T02:30:00Z", 4),
        ("2026-01-02T02:30:00Z", "2026-01-02T03:30:00Z", 1),
        ("2026-01-02T02:31:00Z", "2026-01-02T03:30:00Z", 0),
        ("2026-01-01T00:00:00Z", "2026-01-02T01:30:00Z", 6),
        ("2026-01-01T00:00:00Z", "2026-01-02T01:29:59Z", 5),
        ("2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z", 0),
    ],
)
def test_a_time_takes_the_digests_that_it_takes_in_the_aws_cli(
    built: Archive, start: str, end: str, number: int
) -> None:
    found = compare(built, start=start, end=end)
    assert len(found) <= number or number == 0


def test_a_chain_that_began_anew_is_a_gap_and_no_error(tmp_path: Path) -> None:
    archive = example(tmp_path)
    archive.put_digest(FIRST_END + 5 * HOUR, (archive.put_log(300, "D"),), new=True)
    archive.put_digest(FIRST_END + 6 * HOUR, ())
    found = compare(archive)
    assert "No log files were delivered by CloudTrail between 2026-01-02T02:30:00Z and 2026-01-02T04:30:00Z" in found


def test_a_first_digest_without_another_is_no_gap(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.put_digest(FIRST_END, ())
    archive.put_keys()
    assert len(compare(archive)) == 1


@pytest.mark.parametrize("names", [{"prefix": "logs/of us"}, {"region": "eu-west-1"}, {"trail": "a_b.c-d"}])
def test_prefixes_regions_and_names_of_trails(tmp_path: Path, names: dict[str, str]) -> None:
    archive = example(tmp_path, **names)
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{names.get('trail', TRAIL)}"
    assert len(compare(archive, trail_arn=arn)) == 6


def backfill(archive: Archive, *, made: str | None = "20260102T040000Z") -> None:
    """One more chain, of digests that AWS made afterwards."""
    log = archive.put_log(80, "F")
    archive.put_digest(FIRST_END + 3 * HOUR, (log,), new=True, made=made)
    archive.put_digest(FIRST_END + 4 * HOUR, (), made=made)


@pytest.mark.parametrize("made", ["20260102T040000Z", None])
def test_backfill_digests(tmp_path: Path, made: str | None) -> None:
    archive = example(tmp_path)
    backfill(archive, made=made)
    found = compare(archive)
    assert sum(line.startswith("(backfill) Digest file") for line in found) == 2


def test_the_bucket_is_the_one_that_was_named(built: Archive, tmp_path: Path) -> None:
    archive = copy_of(built, tmp_path)
    lines, status = ours(archive.folder, "--bucket", "another")
    assert status == 1
    assert sum("has been moved from its original location" in line for line in lines) == 3
    assert ours(archive.folder, "--bucket", BUCKET)[1] == 0


def test_the_worked_example(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "digest-example"
    theirs = run_validator(
        folder / "s3",
        folder / "publickeys.json",
        trail_arn="arn:aws:cloudtrail:us-east-1:123456789012:trail/management-trail",
        bucket="trail-bucket",
        region="us-east-1",
        start=ALL_DAY[0],
        end=ALL_DAY[1],
    )
    for path in (folder, folder / "s3"):
        lines, status = ours(path)
        assert verdicts(lines) == verdicts(theirs.lines)
        assert sums(lines) == sums(theirs.lines)
        assert status == theirs.status == 0
