"""The options that several commands share, each declared once. Spec: IF-1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from tocsin.cli.signature import Parameter
from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.cli.invocation import Invocation
    from tocsin.config import Config
    from tocsin.core.limits import Limits

Format = Literal["table", "json", "ndjson", "csv"]
"""How a result is written."""

_ACCOUNT = re.compile(r"[0-9]{12}\Z", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{2,40}\Z", re.ASCII)
_MOST_JOBS = 256


class RecordOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which records of an archive a command looks at."""

    since: Annotated[str | None, Parameter(name="--since", metavar="WHEN", group="Records")] = None
    """Records from this moment on: ISO 8601 (UTC without a zone), or how long ago, such as 7d or 24h (default: all)."""

    until: Annotated[str | None, Parameter(name="--until", metavar="WHEN", group="Records")] = None
    """Records before this moment, written likewise (default: all)."""

    account: Annotated[tuple[str, ...], Parameter(name="--account", metavar="ID", group="Records")] = ()
    """Records of this account alone, 12 digits; may be repeated (default: every account)."""

    region: Annotated[tuple[str, ...], Parameter(name="--region", metavar="NAME", group="Records")] = ()
    """Records of this region alone, such as us-east-1; may be repeated (default: every region)."""


class ReadingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an archive is read."""

    jobs: Annotated[int | None, Parameter(name=("--jobs", "-j"), metavar="N", group="Reading")] = None
    """Read with this many processes (default: one for each core); the result is the same."""

    allow_skips: Annotated[bool, Parameter(name="--allow-skips", group="Reading")] = False
    """Files that cannot be read in full do not change the exit status (default: they do)."""

    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Reading")] = None
    """Take settings from this file (default: tocsin.toml in the working folder, if there is one)."""


class OutputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the result goes and what it looks like."""

    format: Annotated[Format, Parameter(name="--format", metavar="FORMAT", group="Output")] = "table"
    """Write the result as table, json, ndjson or csv (default: table)."""

    output: Annotated[str | None, Parameter(name=("--output", "-o"), metavar="FILE", group="Output")] = None
    """Write the result to this file, all of it or nothing (default: standard output)."""

    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), group="Output")] = False
    """Show no progress and no remarks on standard error; errors still show (default: show them)."""


def records_chosen(
    options: RecordOptions, invocation: Invocation
) -> tuple[int | None, int | None, frozenset[str], frozenset[str]]:
    """`since` and `until` in seconds since 1970, accounts and regions. Raises `InputError`."""
    from tocsin.cli.moment import parse_span

    since, until = parse_span(options.since, options.until, now=invocation.clock.now)
    for account in options.account:
        if not _ACCOUNT.match(account):
            msg = f'--account: "{account}" is no account'
            raise InputError(msg, hint="an account is 12 digits, zeros in front included: --account 012345678901")
    for region in options.region:
        if not _REGION.match(region):
            msg = f'--region: "{region}" is no region'
            raise InputError(msg, hint="write it as AWS does: --region us-east-1")
    return since, until, frozenset(options.account), frozenset(options.region)


def jobs_chosen(options: ReadingOptions) -> int | None:
    """The number of processes, None for one on each core. Raises `InputError`."""
    if options.jobs is not None and not 1 <= options.jobs <= _MOST_JOBS:
        msg = f"--jobs: {options.jobs} is not a number from 1 to {_MOST_JOBS}"
        raise InputError(msg)
    return options.jobs


def config_chosen(options: ReadingOptions, invocation: Invocation) -> Config:
    """The settings that are in force. Raises `ConfigError`."""
    from tocsin.config import load_config

    return load_config(options.config, invocation.environ)


def limits_chosen(options: ReadingOptions, invocation: Invocation) -> Limits:
    """The bounds of reading that settings give. Raises `ConfigError`."""
    from tocsin.config import is_configured
    from tocsin.core.limits import DEFAULT_LIMITS

    if not is_configured(options.config, invocation.environ):
        return DEFAULT_LIMITS  # what reads settings takes 10 ms to load
    return config_chosen(options, invocation).limits


def require_paths(paths: Sequence[str], *sources: str) -> None:
    """Raise `NotFoundError` for a PATH that does not exist, `InputError` for standard input named twice.

    `sources` are other arguments that may name standard input too.
    """
    missing = missing_paths(paths)
    if missing:
        msg = f"{missing[0]}: there is no such file or folder"
        raise NotFoundError(msg)
    if (*paths, *sources).count("-") > 1:
        msg = "standard input (-) can be read once only"
        raise InputError(msg)


def missing_paths(paths: Sequence[str]) -> list[str]:
    """Those of `paths` that do not exist. A link to nowhere exists: it is skipped, with its reason."""
    import os

    return [path for path in paths if path != "-" and not os.path.lexists(path)]
