"""`tocsin validate`: the use case with its folder and processes. Spec: CT-15.7, CT-15.8, CT-15.10.

Rule: nothing is written, and what is found comes in the order in which AWS's validator tells it, whatever `jobs` is:
chain by chain, from the newest digest back, after each digest the log files that it lists.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tocsin.app.validate import DigestChecker, DigestPart, DigestTask, LogChecker, LogPart, LogTask
from tocsin.app.validate_coverage import Coverage, Unsigned
from tocsin.app.validate_layout import METADATA_SUFFIX, chains_of, log_place
from tocsin.app.validate_report import ChainReport, FileVerdict, GapReport, ValidateReport
from tocsin.app.validate_walk import ArchiveWalk, LogGrouping, LogsAt, PlacedChain, TimeRange, digest_tasks
from tocsin.composition.archive_work import Progress
from tocsin.core.digest import PublicKeys, Verdict, read_digest_name, verdict_text
from tocsin.engines.local import default_jobs, run_tasks
from tocsin.errors import InputError, NotFoundError
from tocsin.sources.bucket_folder import BucketFolder
from tocsin.sources.file_system import show_path
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tocsin.app.validate import LogResult
    from tocsin.app.validate_layout import BucketPlace, LogPlace
    from tocsin.app.validate_report import Show
    from tocsin.composition.archive_work import ShowProgress
    from tocsin.composition.public_keys import FoundKeys

_Task = TypeVar("_Task", DigestTask, LogTask)
_Part = TypeVar("_Part", DigestPart, LogPart)

# Bytes below which starting processes costs more than it saves.
_WORTH_PROCESSES: Final = 4 * 1024 * 1024

# Chains are checked together up to so many digests: more would only be held in memory.
_BATCH_DIGESTS: Final = 50_000


def validate(
    path: str,
    *,
    keys: FoundKeys,
    show: Show,
    bucket: str | None = None,
    since: int | None = None,
    until: int | None = None,
    accounts: frozenset[str] = frozenset(),
    regions: frozenset[str] = frozenset(),
    jobs: int | None = None,
    name_valid: bool = False,
    progress: ShowProgress | None = None,
) -> ValidateReport:
    """Check every chain of digests below `path`, and the log files that they list.

    `show` gets each file that is not valid, with `name_valid` every file, and each time without digests. `bucket` is
    the name of the bucket, where it is not the one that the digests name. Digests that end from `since` to an hour
    after `until` (seconds since the epoch) are checked, as AWS's validator has it. NotFoundError for a path that is
    not there, InputError for one that is no folder.
    """
    started = time.perf_counter()
    if not Path(path).is_dir():
        if Path(path).exists():
            raise InputError(f"{path}: not a folder", hint="give the folder of the bucket, or one above it")
        raise NotFoundError(f"{path}: there is no such folder")
    work = _Validation(path, keys.keys, show, TimeRange(since, until), name_valid=name_valid, progress=progress)
    report = ValidateReport(
        tocsin=__version__, path=path, keys_from=keys.source, keys=len(keys.keys), since=since, until=until
    )
    work.check(report, bucket=bucket, accounts=accounts, regions=regions, jobs=jobs)
    if report.chains:
        work.tell_unsigned(report, is_everywhere=not accounts and not regions)
    report.skipped = sorted({(show_path(name), reason) for name, reason in work.objects.skipped})
    report.seconds = time.perf_counter() - started
    return report


class _Validation:
    """The state of one run."""

    def __init__(
        self,
        path: str,
        keys: PublicKeys,
        show: Show,
        times: TimeRange,
        *,
        name_valid: bool,
        progress: ShowProgress | None,
    ) -> None:
        self.objects = BucketFolder(path)
        self._path = path
        self._keys = keys
        self._show = show
        self._times = times
        self._name_valid = name_valid
        self._progress = progress
        self._problems = 0
        self._bytes_total = self._bytes_done = 0
        self._jobs = 1
        self._chains: list[PlacedChain] = []
        self._places: dict[str, BucketPlace] = {}
        self._coverage = Coverage()
        self._listed: set[str] | None = None
        self._checker = DigestChecker(self.objects, keys)

    def check(
        self,
        report: ValidateReport,
        *,
        bucket: str | None,
        accounts: frozenset[str],
        regions: frozenset[str],
        jobs: int | None,
    ) -> None:
        """Find the chains and check them."""
        for chain in chains_of(self._folders(), accounts=accounts, regions=regions):
            place = self._checker.locate(chain, bucket)
            self._chains.append(PlacedChain(chain, place))
            self._places.setdefault(place.bucket, place)
            self._coverage.add_chain(chain.base, chain.region)
        alone = jobs is None and self._bytes_total < _WORTH_PROCESSES
        self._jobs = 1 if alone else jobs or default_jobs()
        batch: list[PlacedChain] = []
        for placed in self._chains:
            # Chains of one trail in several buckets lead into one another and stay together.
            is_other = bool(batch) and batch[-1].identity != placed.identity
            if is_other and sum(len(each.chain.paths) for each in batch) >= _BATCH_DIGESTS:
                self._check_batch(batch, report)
                batch = []
            batch.append(placed)
        self._check_batch(batch, report)

    def _folders(self) -> Iterator[tuple[str, list[str]]]:
        for folder, files in self.objects.files():
            self._bytes_total += sum(size for _, size in files)
            yield folder, [name for name, _ in files]

    def _check_batch(self, batch: list[PlacedChain], report: ValidateReport) -> None:
        walk = ArchiveWalk(
            self._chains, self._places, self._times, checker=self._checker, keys=self._keys, coverage=self._coverage
        )
        tasks = list(digest_tasks(batch, self._times))
        make_digests = partial(_make_digest_checker, self._path, self._keys.values)
        for part in self._in_order(make_digests, tasks):
            walk.heads.update(zip(tasks[part.number].paths, part.checked, strict=True))
        plan: list[FileVerdict | GapReport | LogsAt] = []
        logs = LogGrouping()
        for placed in batch:
            chain = placed.chain
            told = ChainReport(
                account=chain.account,
                region=chain.region,
                trail=chain.trail,
                home_region=chain.home_region,
                bucket=placed.place.bucket,
                folder=show_path(placed.place.folder),
            )
            report.chains.append(told)
            items = walk.walk(placed, told, len(report.chains) - 1, logs)
            plan += [each for each in items if self._name_valid or not isinstance(each, FileVerdict) or each.is_problem]
        logs.finish()
        make_logs = partial(_make_log_checker, self._path, self._places, self._name_valid)
        parts = self._in_order(make_logs, logs.tasks)
        at_hand: LogPart | None = None
        for item in plan:
            if not isinstance(item, LogsAt):
                self._tell(item)
                continue
            while at_hand is None or at_hand.number < item.number:
                at_hand = next(parts)
                report.chains[at_hand.chain].logs.count(Verdict.VALID, at_hand.valid)
                self._coverage.add_logs(at_hand)
            told = report.chains[at_hand.chain]
            for result in at_hand.results[item.index]:
                told.logs.count(result.verdict)
                self._tell(_log_told(told, result))

    def _in_order(self, make: Callable[[], Callable[[_Task], _Part]], tasks: Sequence[_Task]) -> Iterator[_Part]:
        """The results of tasks, in their order, as soon as that can be."""
        early: dict[int, _Part] = {}
        awaited = 0
        for _, part in run_tasks(make, tasks, jobs=self._jobs):
            self._bytes_done += part.bytes_read
            self._tell_progress()
            early[part.number] = part
            while awaited in early:
                yield early.pop(awaited)
                awaited += 1

    def _tell_progress(self) -> None:
        if self._progress is not None:
            self._progress(
                Progress(
                    bytes_done=min(self._bytes_done, self._bytes_total),
                    bytes_total=self._bytes_total,
                    files_done=0,
                    files_total=0,
                    matches=self._problems,
                )
            )

    def _tell(self, found: FileVerdict | GapReport) -> None:
        if isinstance(found, FileVerdict):
            self._problems += found.is_problem
        self._show(found)

    def tell_unsigned(self, report: ValidateReport, *, is_everywhere: bool) -> None:
        """Tell of the files that no digest lists. `is_everywhere`: no accounts and regions were named."""
        for folder, files in self.objects.files(sizes=False):
            if log_place(f"{folder}x") is None:
                continue
            for name, _ in files:
                path = folder + name
                if name.endswith(METADATA_SUFFIX) or self._coverage.lists(path):
                    continue
                place = log_place(path)
                assert place is not None  # as that of its folder is not
                reason = self._unsigned_reason(path, place)
                if reason is None or (reason is Unsigned.NO_CHAIN and not is_everywhere):
                    continue
                report.unsigned[reason] = report.unsigned.get(reason, 0) + 1
                report.unsigned_problems += reason.is_problem
                if reason.is_named or self._name_valid:
                    self._tell(self._unsigned_told(path, place, reason))

    def _unsigned_reason(self, path: str, place: LogPlace) -> Unsigned | None:
        """Why a file is in no digest; None where nobody asked about its time."""
        if place.kind == "-Digest":
            if read_digest_name(path) is None:
                return Unsigned.STRANGE_NAME if self._coverage.has_chain(place) else None
            return Unsigned.STRAY_DIGEST if self._times.has(path) and self._was_listed(path) else None
        if place.delivered is not None and not self._times.has_moment(place.delivered):
            return None
        return self._coverage.reason(place)

    def _was_listed(self, path: str) -> bool:
        """Was a digest there when the chains were found? A service may write while its archive is checked."""
        if self._listed is None:
            self._listed = {path for each in self._chains for path in each.chain.paths}
        return path in self._listed

    def _unsigned_told(self, path: str, place: LogPlace, reason: Unsigned) -> FileVerdict:
        placed = next((each for each in self._chains if each.chain.base == place.base), None)
        return FileVerdict(
            kind="digest" if reason is Unsigned.STRAY_DIGEST else "log",
            bucket=placed.place.bucket if placed else "",
            key=show_path(placed.place.key_of(path) if placed else path),
            verdict=Verdict.UNSIGNED,
            text=verdict_text(Verdict.UNSIGNED, reason=reason),
            account=placed.chain.account if placed else "",
            region=place.region,
            is_problem=reason.is_problem,
        )


def _log_told(chain: ChainReport, result: LogResult) -> FileVerdict:
    return FileVerdict(
        kind="log",
        bucket=result.bucket,
        key=result.key,
        verdict=result.verdict,
        text=verdict_text(result.verdict, reason=result.reason),
        account=chain.account,
        region=chain.region,
        trail=chain.trail,
        is_problem=not result.verdict.is_valid,
    )


def _make_digest_checker(path: str, keys: Mapping[str, str]) -> DigestChecker:
    return DigestChecker(BucketFolder(path), PublicKeys(keys))


def _make_log_checker(path: str, places: Mapping[str, BucketPlace], name_valid: bool) -> LogChecker:
    return LogChecker(BucketFolder(path), places, name_valid=name_valid)
