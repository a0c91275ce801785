"""The way through the chains of an archive: what is told of each digest, and which log files are to be checked.

Rule: what a digest says is believed where its signature was verified, and nowhere else. Spec: CT-15.7, CT-15.10.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.validate import DigestTask, LogsOf, LogTask
from tocsin.app.validate_layout import BucketPlace, Chain
from tocsin.app.validate_report import ChainReport, FileVerdict, GapReport
from tocsin.core.digest import (
    BrokenLink,
    CheckedDigest,
    FoundDigest,
    Gap,
    Verdict,
    check_signature,
    read_digest_name,
    verdict_text,
    walk_chain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.app.validate import DigestChecker
    from tocsin.app.validate_coverage import Coverage
    from tocsin.core.digest import PublicKeys

_TASK_DIGESTS: Final = 256
_TASK_LOGS: Final = 128
_LIST: Final = 512  # log files of one digest that are checked at once
_AN_HOUR: Final = 3600
_BACKFILL: Final = "_backfill.json.gz"
_FOLLOWED: Final = (Verdict.VALID, Verdict.NOT_VERIFIABLE)


class PlacedChain(msgspec.Struct, frozen=True):
    """A chain and the bucket that it lies in."""

    chain: Chain
    place: BucketPlace

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What it keeps when the trail is moved to another bucket."""
        return self.chain.account, self.chain.region, self.chain.trail, self.chain.home_region


class TimeRange(msgspec.Struct, frozen=True):
    """Which digests are looked at, by their end; None where it is open."""

    since: int | None
    until: int | None

    def has(self, path: str) -> bool:
        """Does a digest end in the time, or in the hour behind it, as AWS's validator has it?"""
        name = read_digest_name(path)
        return (
            name is not None
            and (self.since is None or self.since <= name.end)
            and (self.until is None or name.end <= self.until + _AN_HOUR)
        )

    def has_moment(self, second: int) -> bool:
        """Does a log file that was delivered then belong to it?"""
        return (self.since is None or self.since <= second) and (self.until is None or second < self.until)


def digest_tasks(chains: list[PlacedChain], times: TimeRange) -> Iterator[DigestTask]:
    """The digests to be read, in tasks."""
    number = 0
    for placed in chains:
        paths = [path for path in placed.chain.paths if times.has(path)]
        for at in range(0, len(paths), _TASK_DIGESTS):
            yield DigestTask(number, placed.place, placed.chain.has_metadata, tuple(paths[at : at + _TASK_DIGESTS]))
            number += 1


class LogsAt(msgspec.Struct, frozen=True):
    """In the order of what is told: the results of the list `index` of the log task `number` come here."""

    number: int
    index: int


class LogGrouping:
    """Puts lists of log files together to tasks."""

    def __init__(self) -> None:
        self.tasks: list[LogTask] = []
        self._lists: list[LogsOf] = []
        self._size = 0
        self._known: tuple[int, BucketPlace] | None = None

    def add(self, chain: int, place: BucketPlace, path: str, checked: CheckedDigest) -> Iterator[LogsAt]:
        """The log files of a digest are to be checked; where their results will be."""
        for first in range(0, checked.log_count, _LIST):
            last = min(first + _LIST, checked.log_count)
            if self._known != (chain, place) or self._size >= _TASK_LOGS:
                self.finish()
            self._known = (chain, place)
            yield LogsAt(len(self.tasks), len(self._lists))
            self._lists.append(LogsOf(path, checked.sha256, checked.verdict.is_valid, first, last))
            self._size += last - first

    def finish(self) -> None:
        """Nothing more comes."""
        if self._lists and self._known is not None:
            chain, place = self._known
            self.tasks.append(LogTask(len(self.tasks), chain, place, tuple(self._lists)))
        self._lists = []
        self._size = 0


class ArchiveWalk:
    """Goes through chains whose digests have been read. `heads` are the digests, by path."""

    def __init__(
        self,
        chains: list[PlacedChain],
        places: Mapping[str, BucketPlace],
        times: TimeRange,
        *,
        checker: DigestChecker,
        keys: PublicKeys,
        coverage: Coverage,
    ) -> None:
        self.heads: dict[str, CheckedDigest] = {}
        self.chains = chains
        self.places = places
        self.times = times
        self.checker = checker
        self.keys = keys
        self.coverage = coverage
        self._visited: set[tuple[str, str]] = set()
        self._identity: tuple[str, str, str, str] | None = None

    def walk(
        self, placed: PlacedChain, report: ChainReport, number: int, logs: LogGrouping
    ) -> Iterator[FileVerdict | GapReport | LogsAt]:
        """What is told about a chain, in order; counts of digests go into `report`, log files into `logs`."""
        if placed.identity != self._identity:
            # Chains of one trail in several buckets stand side by side; no other leads into them.
            self._identity = placed.identity
            self._visited.clear()
        way = _Way(self, placed)
        for is_backfill in (False, True):
            steps = walk_chain(
                bucket=placed.place.bucket,
                keys=way.keys_in(placed.place.bucket, is_backfill=is_backfill),
                since=self.times.since,
                look_up=way.look_up,
                keys_in=partial(way.keys_in, is_backfill=is_backfill),
                visited=self._visited,
            )
            for step in steps:
                match step:
                    case FoundDigest():
                        self._count(placed.chain, report, step.checked, is_backfill=is_backfill)
                        yield _digest_told(report, step, is_backfill=is_backfill)
                        place = way.place_in(step.bucket)
                        path = way.path_of(step.bucket, step.key)
                        if place is not None and path is not None and step.checked.verdict in _FOLLOWED:
                            yield from logs.add(number, place, path, step.checked)
                    case Gap():
                        gap = _gap_told(report, step, is_backfill=is_backfill)
                        report.gaps.append(gap)
                        if step.is_new_chain:
                            self.coverage.add_gap(placed.chain.base, report.region, start=step.start, end=step.end)
                        yield gap
                    case BrokenLink():
                        report.broken += 1
                        yield _link_told(report, step, is_backfill=is_backfill)

    def _count(self, chain: Chain, report: ChainReport, checked: CheckedDigest, *, is_backfill: bool) -> None:
        (report.backfill_digests if is_backfill else report.digests).count(checked.verdict)
        if checked.verdict in _FOLLOWED and checked.start is not None and checked.end is not None:
            self.coverage.add_digest(chain.base, chain.region, start=checked.start, end=checked.end)
            if checked.verdict.is_valid:
                since, until = self.times.since, self.times.until
                start = checked.start if since is None else max(checked.start, since)
                end = checked.end if until is None else min(checked.end, until)
                report.start = start if report.start is None else min(report.start, start)
                report.end = end if report.end is None else max(report.end, end)


class _Way:
    """How a chain finds its digests."""

    def __init__(self, archive: ArchiveWalk, placed: PlacedChain) -> None:
        self._archive = archive
        self._placed = placed
        self._signatures: dict[str, str] = {}
        if not placed.chain.has_metadata:
            # Each signature proves itself, whatever the digest is worth that carries it.
            for path in placed.chain.paths:
                head = archive.heads.get(path)
                if head is not None and head.previous_key is not None and head.previous_signature is not None:
                    self._signatures[head.previous_key] = head.previous_signature

    def place_in(self, bucket: str) -> BucketPlace | None:
        """Where a bucket lies; None where it is not below PATH."""
        own = self._placed.place
        return own if bucket == own.bucket else self._archive.places.get(bucket)

    def path_of(self, bucket: str, key: str) -> str | None:
        """The path of a digest."""
        place = self.place_in(bucket)
        return None if place is None else place.path_of(key)

    def look_up(self, bucket: str, key: str) -> CheckedDigest:
        """The verdict about a digest."""
        archive, path = self._archive, self.path_of(bucket, key)
        place = self.place_in(bucket)
        if path is None or place is None:
            return CheckedDigest(verdict=Verdict.NOT_FOUND)
        archive.coverage.add_file(path)
        head = archive.heads.get(path)
        if head is None:
            head = archive.checker.head(path, place, has_metadata=self._placed.chain.has_metadata)
        if head.verdict is Verdict.NOT_VERIFIABLE and key in self._signatures:
            verdict = check_signature(head, self._signatures[key], archive.keys)
            head = msgspec.structs.replace(head, verdict=verdict, reason="")
        return head

    def keys_in(self, bucket: str, *, is_backfill: bool) -> list[str]:
        """The digests of this trail in a bucket, in the order of a listing."""
        if bucket == self._placed.place.bucket:
            found = [self._placed]
        else:
            found = [
                each
                for each in self._archive.chains
                if each.place.bucket == bucket and each.identity == self._placed.identity
            ]
        return [
            each.place.key_of(path)
            for each in found
            for path in each.chain.paths
            if path.endswith(_BACKFILL) is is_backfill and self._archive.times.has(path)
        ]


def _digest_told(report: ChainReport, step: FoundDigest, *, is_backfill: bool) -> FileVerdict:
    checked = step.checked
    return FileVerdict(
        kind="digest",
        bucket=step.bucket,
        key=step.key,
        verdict=checked.verdict,
        text=verdict_text(
            checked.verdict, region=report.home_region, fingerprint=checked.fingerprint, reason=checked.reason
        ),
        account=report.account,
        region=report.region,
        trail=report.trail,
        is_backfill=is_backfill,
        is_problem=not checked.verdict.is_valid,
    )


def _gap_told(report: ChainReport, step: Gap, *, is_backfill: bool) -> GapReport:
    return GapReport(
        start=step.start,
        end=step.end,
        is_new_chain=step.is_new_chain,
        is_backfill=is_backfill,
        account=report.account,
        region=report.region,
        trail=report.trail,
    )


def _link_told(report: ChainReport, step: BrokenLink, *, is_backfill: bool) -> FileVerdict:
    name = step.named_by.rpartition("/")[2]
    reason = f"the chain leads back to it from {name}" if step.is_loop else f"{name} was made for other content"
    return FileVerdict(
        kind="digest",
        bucket=step.bucket,
        key=step.key,
        verdict=Verdict.BROKEN_LINK,
        text=verdict_text(Verdict.BROKEN_LINK, reason=reason),
        account=report.account,
        region=report.region,
        trail=report.trail,
        is_backfill=is_backfill,
        is_problem=True,
    )
