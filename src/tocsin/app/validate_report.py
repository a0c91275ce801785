"""What `tocsin validate` found: a verdict for each file, sums for each chain, files in no digest. Spec: CT-15.8."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from tocsin.core.digest import Verdict, digest_time_text

Kind = Literal["digest", "log"]


class FileVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One file and what the check of it came to. `text` has the words of the verdict.

    `account`, `region` and `trail` are those of the chain, empty where there is none. `is_problem` is false where the
    file is valid, and where nothing says that it should have been signed.
    """

    kind: Kind
    bucket: str
    key: str
    verdict: Verdict
    text: str
    account: str = ""
    region: str = ""
    trail: str = ""
    is_backfill: bool = False
    is_problem: bool = False

    @property
    def columns(self) -> tuple[str, str, str]:
        """The line of `aws cloudtrail validate-logs`: what it is, where, the verdict."""
        backfill = "(backfill) " if self.is_backfill else ""
        what = "Digest file" if self.kind == "digest" else "Log file"
        return backfill + what, f"s3://{self.bucket}/{self.key}", self.text


class GapReport(msgspec.Struct, frozen=True, kw_only=True):
    """A time that no digest of a chain covers, in seconds since the epoch.

    `is_new_chain`: digests began anew behind it, since logging or validation was off; AWS's validator says so too.
    """

    start: int
    end: int
    is_new_chain: bool
    is_backfill: bool
    account: str
    region: str
    trail: str

    @property
    def text(self) -> str:
        """The line about it, where it is AWS's in its words."""
        backfill = "(backfill) " if self.is_backfill else ""
        times = f"{digest_time_text(self.start)} and {digest_time_text(self.end)}"
        if self.is_new_chain:
            return f"{backfill}No log files were delivered by CloudTrail between {times}"
        return f"{backfill}No digest covers the time between {times}"


Show = Callable[[FileVerdict | GapReport], None]
"""Takes what is found, in the order in which AWS's validator would tell it."""


class Tally(msgspec.Struct, kw_only=True):
    """How many files were valid, how many INVALID, and how many neither: nothing here says what they are."""

    valid: int = 0
    invalid: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.valid + self.invalid + self.unknown

    def count(self, verdict: Verdict, number: int = 1) -> None:
        """So many files have that verdict."""
        if verdict.is_valid:
            self.valid += number
        elif verdict.is_invalid:
            self.invalid += number
        else:
            self.unknown += number

    def add(self, other: Tally) -> None:
        """Take over the counts of another."""
        self.valid += other.valid
        self.invalid += other.invalid
        self.unknown += other.unknown


class ChainReport(msgspec.Struct, kw_only=True):
    """The digests of a trail in a region, and the log files that they list.

    `start` and `end` are those of what valid digests cover, None without any. `broken` counts digests that do not fit
    together. `folder` is the folder of the bucket below PATH.
    """

    account: str
    region: str
    trail: str
    home_region: str
    bucket: str
    folder: str
    start: int | None = None
    end: int | None = None
    digests: Tally = msgspec.field(default_factory=Tally)
    backfill_digests: Tally = msgspec.field(default_factory=Tally)
    logs: Tally = msgspec.field(default_factory=Tally)
    gaps: list[GapReport] = msgspec.field(default_factory=list)
    broken: int = 0

    @property
    def tallies(self) -> tuple[Tally, Tally, Tally]:
        """Of digests, backfill digests and log files."""
        return self.digests, self.backfill_digests, self.logs

    @property
    def is_valid(self) -> bool:
        """Is everything in it as CloudTrail delivered it, as far as digests tell?"""
        return not self.broken and all(tally.valid == tally.total for tally in self.tallies)


class ValidateReport(msgspec.Struct, kw_only=True):
    """All chains below a path.

    `since` and `until` are what was asked for. `unsigned` counts files that no digest lists, by reason; those whose
    reason is a problem are in `unsigned_problems` as well. `skipped` could not be looked into.
    """

    tocsin: str
    path: str
    keys_from: str
    keys: int
    since: int | None
    until: int | None
    chains: list[ChainReport] = msgspec.field(default_factory=list)
    unsigned: dict[str, int] = msgspec.field(default_factory=dict)
    unsigned_problems: int = 0
    skipped: list[tuple[str, str]] = msgspec.field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_valid(self) -> bool:
        """Is the archive whole: digests are there, all is valid, nothing was added?"""
        digests, backfill, _ = self.sums()
        return (
            bool(digests.total + backfill.total)
            and all(chain.is_valid for chain in self.chains)
            and not self.unsigned_problems
            and not self.skipped
        )

    def sums(self) -> tuple[Tally, Tally, Tally]:
        """Digests, backfill digests and log files of all chains."""
        sums = Tally(), Tally(), Tally()
        for chain in self.chains:
            for total, tally in zip(sums, chain.tallies, strict=True):
                total.add(tally)
        return sums

    def span(self) -> tuple[int, int] | None:
        """From when to when valid digests were found."""
        found = [(chain.start, chain.end) for chain in self.chains]
        starts = [start for start, _ in found if start is not None]
        ends = [end for _, end in found if end is not None]
        return (min(starts), max(ends)) if starts and ends else None
