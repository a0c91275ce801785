"""Checking digests and the log files that they list: the parts of the work that processes share. Spec: CT-15.7, 15.10.

Rule: a digest is read again when its log files are checked, and is then still the one that was checked; so no list of
log files is held in memory for longer than a task.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from tocsin.app.validate_layout import METADATA_SUFFIX, BucketPlace, log_place, place_by_layout, place_named
from tocsin.core.digest import (
    CheckedDigest,
    LogContent,
    Verdict,
    check_digest,
    listed_logs,
    log_verdict,
    read_digest,
)
from tocsin.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.validate_layout import Chain
    from tocsin.core.digest import ListedLog, PublicKeys

MOST_DIGEST_BYTES: Final = 64 * 1024 * 1024
"""Of a digest, packed or not: some 140,000 log files in an hour."""

MARK_BYTES: Final = 16
"""Of the hash that stands for a path where many are kept."""

_MOST_METADATA_BYTES: Final = 64 * 1024
_MOST_FOLDERS_KEPT: Final = 4096
_TRIED: Final = 16  # digests that are asked where their bucket's folder begins

NO_SIGNATURE: Final = "its signature is not in this copy, and no later digest carries it"
NOT_VOUCHED: Final = "the digest that lists it is not verifiable"


class StoredObjects(Protocol):
    """The files below PATH, by path (`sources.bucket_folder.BucketFolder`)."""

    @property
    def bytes_read(self) -> int:
        """Bytes read from disk so far."""
        ...

    def read(self, path: str, *, most: int) -> bytes | None:
        """The bytes of a file, None when it is not there; SourceError when it cannot be read or is longer."""
        ...

    def unpacked(self, path: str, *, most: int) -> tuple[bytes | None, bool]:
        """What a file unpacks to, None when it does not; and whether it is there."""
        ...

    def log(self, path: str) -> LogContent | None:
        """What a log file unpacks to, in short; None when it is not there."""
        ...


class DigestTask(msgspec.Struct, frozen=True):
    """Digests of a chain to be checked, by path; `number` puts the results in order again."""

    number: int
    place: BucketPlace
    has_metadata: bool
    paths: tuple[str, ...]


class DigestPart(msgspec.Struct, frozen=True):
    """The verdicts about the digests of a task, without their lists of log files."""

    number: int
    checked: tuple[CheckedDigest, ...]
    bytes_read: int


class LogsOf(msgspec.Struct, frozen=True):
    """A part of the log files of a digest that was checked: those from `first` on and before `last`."""

    path: str
    sha256: str
    is_vouched: bool
    first: int
    last: int


class LogTask(msgspec.Struct, frozen=True):
    """Log files to be checked; `chain` is the number of the chain whose digests list them."""

    number: int
    chain: int
    place: BucketPlace
    lists: tuple[LogsOf, ...]


class LogResult(msgspec.Struct, frozen=True):
    """The verdict about a log file."""

    bucket: str
    key: str
    verdict: Verdict
    reason: str = ""


class LogPart(msgspec.Struct, frozen=True):
    """What became of the log files of a task.

    `valid` counts valid ones that `results` does not name; `results` are those of each list of the task. `marks` are
    the hashes of the paths that digests list, `kinds` the kinds of log files among them.
    """

    number: int
    chain: int
    valid: int
    results: tuple[tuple[LogResult, ...], ...]
    marks: bytes
    kinds: frozenset[str]
    bytes_read: int


def mark_of(path: str) -> bytes:
    """The hash that stands for a path."""
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=MARK_BYTES).digest()


class DigestChecker:
    """Checks digests."""

    def __init__(self, objects: StoredObjects, keys: PublicKeys) -> None:
        self._objects = objects
        self._keys = keys

    def __call__(self, task: DigestTask) -> DigestPart:
        """The verdicts about the digests of a task."""
        before = self._objects.bytes_read
        checked = tuple(self.head(path, task.place, has_metadata=task.has_metadata) for path in task.paths)
        return DigestPart(task.number, checked, self._objects.bytes_read - before)

    def head(self, path: str, place: BucketPlace, *, has_metadata: bool) -> CheckedDigest:
        """The verdict about the digest at a path, without its list of log files."""
        try:
            content, is_there = self._objects.unpacked(path, most=MOST_DIGEST_BYTES)
            metadata = self._metadata(path) if has_metadata else None
        except SourceError as error:
            return CheckedDigest(verdict=Verdict.UNREADABLE, reason=error.message)
        if not is_there:
            return CheckedDigest(verdict=Verdict.NOT_FOUND)
        checked = check_digest(content, bucket=place.bucket, key=place.key_of(path), metadata=metadata, keys=self._keys)
        if checked.verdict is Verdict.NOT_VERIFIABLE:
            return msgspec.structs.replace(checked, reason=NO_SIGNATURE)
        return checked

    def locate(self, chain: Chain, bucket: str | None) -> BucketPlace:
        """Where the bucket of a chain lies, and which one it is unless `bucket` says so.

        That is what the newest digest says that is signed; where none is verifiable, the newest one that fits.
        """
        first: BucketPlace | None = None
        named: str | None = None
        for path in chain.paths[: -_TRIED - 1 : -1]:
            try:
                content, _ = self._objects.unpacked(path, most=MOST_DIGEST_BYTES)
                metadata = self._metadata(path)
            except SourceError:
                continue
            said = read_digest(content or b"")
            place = place_named(path, bucket=said.bucket, key=said.key)
            named = named or said.bucket or None
            if place is None or not said.bucket:
                continue
            first = first or place
            checked = check_digest(content, bucket=said.bucket, key=said.key, metadata=metadata, keys=self._keys)
            if checked.verdict.is_valid:
                first = place
                break
        place = first or place_by_layout(chain, named or "")
        return place if bucket is None else msgspec.structs.replace(place, bucket=bucket)

    def _metadata(self, path: str) -> Mapping[str, Any]:
        """The user metadata of an object; none where they cannot be understood."""
        text = self._objects.read(path + METADATA_SUFFIX, most=_MOST_METADATA_BYTES)
        try:
            members = msgspec.json.decode(text or b"{}")
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}
        return members if isinstance(members, dict) else {}


class LogChecker:
    """Checks the log files that digests list. `places` are all buckets below PATH, by name."""

    def __init__(self, objects: StoredObjects, places: Mapping[str, BucketPlace], *, name_valid: bool) -> None:
        self._objects = objects
        self._places = places
        self._name_valid = name_valid
        self._kinds: dict[str, str] = {}

    def __call__(self, task: LogTask) -> LogPart:
        """What became of the log files of a task."""
        before = self._objects.bytes_read
        results: list[tuple[LogResult, ...]] = []
        marks: list[bytes] = []
        kinds: set[str] = set()
        valid = 0
        for part in task.lists:
            named: list[LogResult] = []
            for log in self._listed(part):
                path = self._path(log, task.place)
                if path is not None:
                    marks.append(mark_of(path))
                    kinds.add(self._kind(path))
                verdict, reason = self._verdict(path, log, is_vouched=part.is_vouched)
                if verdict.is_valid and not self._name_valid:
                    valid += 1
                else:
                    named.append(LogResult(log.bucket, log.key, verdict, reason))
            results.append(tuple(named))
        return LogPart(
            number=task.number,
            chain=task.chain,
            valid=valid,
            results=tuple(results),
            marks=b"".join(marks),
            kinds=frozenset(kinds),
            bytes_read=self._objects.bytes_read - before,
        )

    def _kind(self, path: str) -> str:
        """The kind of a log file, which the folders above it say."""
        folder = path.rpartition("/")[0]
        kind = self._kinds.get(folder)
        if kind is None:
            if len(self._kinds) >= _MOST_FOLDERS_KEPT:
                self._kinds.clear()
            said = log_place(path)
            kind = self._kinds[folder] = said.kind if said else ""
        return kind

    def _listed(self, part: LogsOf) -> Sequence[ListedLog]:
        content, _ = self._objects.unpacked(part.path, most=MOST_DIGEST_BYTES)
        if content is None or hashlib.sha256(content).hexdigest() != part.sha256:
            raise SourceError(
                f"{part.path}: changed while it was being checked", hint="validate a copy that nobody writes to"
            )
        return listed_logs(content, first=part.first, last=part.last)

    def _path(self, log: ListedLog, place: BucketPlace) -> str | None:
        if log.bucket == place.bucket:
            return place.path_of(log.key)
        other = self._places.get(log.bucket)
        return None if other is None else other.path_of(log.key)

    def _verdict(self, path: str | None, log: ListedLog, *, is_vouched: bool) -> tuple[Verdict, str]:
        try:
            content = None if path is None else self._objects.log(path)
        except SourceError as error:
            return Verdict.UNREADABLE, error.message
        verdict = log_verdict(content, log.sha256)
        if verdict.is_valid and not is_vouched:
            return Verdict.NOT_VERIFIABLE, NOT_VOUCHED
        return verdict, ""
