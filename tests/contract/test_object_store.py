"""Buckets: what folders and S3 both promise, and what is their own. Spec: WIRE-9.14, CT-15.10."""

from __future__ import annotations

import http.server
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from s3_service import ACCESS_KEY, SECRET_KEY, S3Service

from tocsin.archive.folder import FolderStore
from tocsin.archive.s3 import BucketStore, S3Access, address_of_bucket
from tocsin.clock import SystemClock
from tocsin.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/a b+ü%.json.gz"
SIGNED = {"signature": "0f" * 256, "signature-algorithm": "SHA256withRSA"}


@pytest.fixture(scope="module")
def service() -> Iterator[S3Service]:
    with S3Service() as running:
        yield running


class Buckets:
    """A kind of buckets, and how a test looks into them."""

    def __init__(self, kind: str, folder: Path, service: S3Service) -> None:
        self._folder = folder if kind == "folder" else None
        self._client: Any = service.client()
        self.store: Any = FolderStore(folder, creates=False) if kind == "folder" else bucket_store(service.url)

    def make(self, bucket: str) -> None:
        if self._folder is None:
            self._client.create_bucket(Bucket=bucket)
        else:
            (self._folder / bucket).mkdir(parents=True)

    def get(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]]:
        if self._folder is None:
            found = self._client.get_object(Bucket=bucket, Key=key)
            return found["Body"].read(), found["Metadata"]
        beside = self._folder / bucket / f"{key}.meta.json"
        metadata = msgspec.json.decode(beside.read_bytes()) if beside.exists() else {}
        return (self._folder / bucket / key).read_bytes(), metadata

    def keys(self, bucket: str) -> set[str]:
        if self._folder is None:
            return {one["Key"] for one in self._client.list_objects_v2(Bucket=bucket).get("Contents", ())}
        root = self._folder / bucket
        found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        return {name for name in found if not name.endswith(".meta.json")}


def bucket_store(url: str, **how: Any) -> BucketStore:
    access = S3Access(url, "us-east-1", access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    return BucketStore(access._replace(**how), SystemClock())


@pytest.fixture(params=["folder", "s3"])
def buckets(request, tmp_path: Path, service: S3Service) -> Buckets:
    return Buckets(request.param, tmp_path / "s3", service)


def test_what_is_put_is_there_with_its_metadata(buckets: Buckets, request) -> None:
    bucket = f"there-{request.node.callspec.id}"
    buckets.make(bucket)
    body = os.urandom(200_000)
    buckets.store.put(bucket, KEY, body, metadata=SIGNED)
    assert buckets.get(bucket, KEY) == (body, SIGNED)
    assert buckets.keys(bucket) == {KEY}


def test_put_again_replaces_body_and_metadata(buckets: Buckets, request) -> None:
    bucket = f"again-{request.node.callspec.id}"
    buckets.make(bucket)
    buckets.store.put(bucket, KEY, b"one", metadata=SIGNED)
    buckets.store.put(bucket, KEY, b"two", metadata={})
    assert buckets.get(bucket, KEY) == (b"two", {})


def test_a_bucket_that_is_not_there_is_named(buckets: Buckets, request) -> None:
    bucket = f"gone-{request.node.callspec.id}"
    assert not buckets.store.has_bucket(bucket)
    with pytest.raises(ArchiveError) as told:
        buckets.store.put(bucket, KEY, b"x", metadata={})
    assert told.value.reason == "NoSuchBucket"
    assert "\n" not in told.value.message
    buckets.make(bucket)
    assert buckets.store.has_bucket(bucket)
    buckets.store.put(bucket, KEY, b"x", metadata={})


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a/./b", "a//b", "a/\x00b", "a\\..\\b"])
def test_no_key_leads_out_of_its_bucket(buckets: Buckets, request, key: str) -> None:
    bucket = f"hostile-{abs(hash(request.node.name)) % 10**9}"
    buckets.make(bucket)
    if key not in {"a/\x00b", "a\\..\\b"} or isinstance(buckets.store, FolderStore):
        with pytest.raises(ArchiveError):
            buckets.store.put(bucket, key, b"x", metadata={})
    assert buckets.keys(bucket) == set()


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize("bucket", ["", ".", "..", "a/b", "../b", "a\\b", "-b", "b\n", "b\x00", "b" * 256, "ü", "/etc"])
def test_no_bucket_leads_out_of_the_folder(tmp_path: Path, bucket: str) -> None:
    store = FolderStore(tmp_path / "s3")
    assert not store.has_bucket(bucket)
    with pytest.raises(ArchiveError):
        store.put(bucket, KEY, b"x", metadata={})
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/passwd", "a/", "a/..", "..", ".", "a/b.", "a/b ", "C:/x", "a\x01b", "a\nb", "\ud800"),
        *("a/b.meta.json", "x" * 300, "a/" * 600 + "b"),
    ],
)
def test_a_key_that_is_no_path_of_a_file_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ArchiveError) as told:
        FolderStore(tmp_path).put("bucket", key, b"x", metadata={})
    assert told.value.reason == "InvalidKey"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_is_a_bucket_as_soon_as_it_is_used(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "s3")
    assert store.has_bucket("trail-bucket")
    assert not (tmp_path / "s3").exists()
    store.put("trail-bucket", "a/b.json.gz", b"x", metadata=SIGNED)
    beside = tmp_path / "s3/trail-bucket/a/b.json.gz.meta.json"
    assert msgspec.json.decode(beside.read_bytes()) == SIGNED


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_what_a_death_has_left_of_an_object_goes_when_it_is_put_again(tmp_path: Path) -> None:
    folder = tmp_path / "bucket" / "a"
    folder.mkdir(parents=True)
    remains = (".x[1].json.gz.k3_9abcd", ".x[1].json.gz.meta.json.zzzzzzzz")
    others = (".x1.json.gz.k3_9abcd", ".x[1].json.gz.old", ".x[1].json.gz.json.gz.k3_9abcd", "x[1].json.gz.k3_9abcd")
    for name in (*remains, *others):
        (folder / name).write_bytes(b"half")
    FolderStore(tmp_path).put("bucket", "a/x[1].json.gz", b"whole", metadata={})
    assert {path.name for path in folder.iterdir()} == {*others, "x[1].json.gz"}


def test_a_folder_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "a").write_bytes(b"a file where a folder is needed")
    with pytest.raises(ArchiveError, match="cannot write") as told:
        FolderStore(tmp_path).put("bucket", "a/b", b"x", metadata={})
    assert told.value.reason == "InternalError"
    assert (tmp_path / "bucket" / "a").read_bytes() == b"a file where a folder is needed"


# ---------------------------------------------------------------- S3


def test_nobody_listens(unused_port: int) -> None:
    store = bucket_store(f"http://127.0.0.1:{unused_port}")
    for call in (lambda: store.put("b", "k", b"x", metadata={}), lambda: store.has_bucket("b")):
        with pytest.raises(ArchiveError) as told:
            call()
        assert told.value.reason == "ConnectionError"
        assert told.value.message == f"http://127.0.0.1:{unused_port} cannot be reached"


class _Refusing(http.server.BaseHTTPRequestHandler):
    """Answers with the status that its server was made with, and says nothing."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_GET  # noqa: N815  (the library's name)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "reason", "is_there"),
    [
        (403, "AccessDenied", True),
        (404, "NoSuchBucket", False),
        (503, "ServiceUnavailable", None),
        (507, "HTTP 507", None),
    ],
)
def test_an_answer_without_words(status: int, reason: str, is_there: bool | None) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        server.status = status  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        store = bucket_store(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(ArchiveError) as told:
            store.put("b", "k", b"x", metadata={})
        assert told.value.reason == reason
        assert told.value.message.endswith(f"answers {status}")
        if is_there is None:
            with pytest.raises(ArchiveError):
                store.has_bucket("b")
        else:
            assert store.has_bucket("b") is is_there
        server.shutdown()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_key_for_encryption_is_passed_on(service: S3Service) -> None:
    client = service.client()
    client.create_bucket(Bucket="encrypted")
    kms_key = "arn:aws:kms:us-east-1:111122223333:key/0f000000-0000-4000-8000-000000000001"
    bucket_store(service.url).put("encrypted", KEY, b"x", metadata={}, kms_key=kms_key)
    head = client.head_object(Bucket="encrypted", Key=KEY)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", kms_key)
    assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "https://b.s3.eu-west-1.amazonaws.com"),
        ("http://s3.example.com:9000/above", "http://b.s3.example.com:9000/above"),
    ],
)
def test_the_bucket_is_in_the_name_of_the_host(endpoint: str, address: str) -> None:
    assert address_of_bucket(endpoint, "b") == address


def test_keys_of_aws_own_variables(service: S3Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service.client().create_bucket(Bucket="variables")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    bucket_store(service.url, access_key="").put("variables", KEY, b"x", metadata={})
    assert service.client().get_object(Bucket="variables", Key=KEY)["Body"].read() == b"x"


def test_without_any_keys_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ArchiveError, match="no credentials") as told:
        bucket_store("http://127.0.0.1:1", access_key="").put("b", KEY, b"x", metadata={})
    assert "s3.access_key" in told.value.hint


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ConfigError) as told:
        bucket_store("http://127.0.0.1:1")
    assert "tocsin[s3]" in told.value.hint
