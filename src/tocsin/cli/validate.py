"""`tocsin validate`: whether an archive is what CloudTrail delivered. Spec: IF-1, CT-15."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.folder_options import FolderOptions, settings_of
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions, ReadingOptions, RecordOptions, jobs_chosen, records_chosen, require_paths
from tocsin.cli.output import open_result
from tocsin.cli.signature import Parameter

if TYPE_CHECKING:
    from tocsin.app.validate_report import Show, ValidateReport

_THE_USUAL = FolderOptions()
_TO_THE_TERMINAL = OutputOptions()


def validate(
    path: Annotated[str, Parameter(name="PATH")],
    /,
    *,
    public_keys: Annotated[tuple[str, ...], Parameter(name="--public-keys", metavar="FILE", group="Keys")] = (),
    folder: FolderOptions = _THE_USUAL,
    bucket: Annotated[str | None, Parameter(name="--bucket", metavar="NAME")] = None,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"))] = False,
    jobs: Annotated[int | None, Parameter(name=("--jobs", "-j"), metavar="N")] = None,
    since: Annotated[str | None, Parameter(name="--since", metavar="WHEN", group="Digests")] = None,
    until: Annotated[str | None, Parameter(name="--until", metavar="WHEN", group="Digests")] = None,
    account: Annotated[tuple[str, ...], Parameter(name="--account", metavar="ID", group="Digests")] = (),
    region: Annotated[tuple[str, ...], Parameter(name="--region", metavar="NAME", group="Digests")] = (),
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Check that the log files in a folder are what CloudTrail delivered: none changed, deleted or added.

    PATH is the folder of a bucket, or one above it. Every chain of digest files in it is followed from the newest
    one back, its signatures and the hashes of the log files are checked, with the verdicts of aws cloudtrail
    validate-logs; and files that no digest lists are named. Nothing is fetched and nothing is written. The exit
    status is 1 when anything is not valid, or no digest is found.

    An object's metadata, which hold the signature of a digest, are expected beside it in KEY.meta.json. Where the
    copy has none, as aws s3 sync makes it, signatures are taken from the next digests, and the newest one cannot be
    verified.

    Parameters
    ----------
    path
        The folder of a bucket, or one above it.
    public_keys
        What aws cloudtrail list-public-keys printed; may be repeated, and a file may hold the outputs for several
        regions (default: publickeys.json in PATH or above it, else the keys of the service in --data).
    bucket
        The bucket that the folder is a copy of (default: the one that its digests name).
    verbose
        Show the valid files as well (default: those that are not).
    jobs
        Read with this many processes (default: one for each core); the result is the same.
    since
        Digests that end at this moment or later: ISO 8601 (UTC without a zone), or how long ago, such as 7d or 24h
        (default: all).
    until
        Digests that end up to an hour after this moment, written likewise (default: all).
    account
        Digests of this account alone, 12 digits; may be repeated (default: every account).
    region
        Digests of this region alone, such as us-east-1; may be repeated (default: every region).

    Examples
    --------
    aws cloudtrail list-public-keys --start-time 2026-01-01 > publickeys.json
        the keys that AWS signs with, for the region of the configuration

    tocsin validate archive --public-keys publickeys.json
        every chain in a folder

    tocsin validate archive --since 7d --verbose
        the last seven days, with a line for each file

    tocsin validate archive --format csv -o verdicts.csv
        a row for each file, for the auditor
    """
    require_paths((path,))
    chosen = RecordOptions(since=since, until=until, account=account, region=region)
    first, last, accounts, regions = records_chosen(chosen, invocation)
    processes = jobs_chosen(ReadingOptions(jobs=jobs))
    cases = invocation.use_cases
    keys = cases.find_public_keys(
        path, public_keys, settings_of(folder, invocation), invocation.environ, is_named=folder.data is not None
    )
    with ExitStack() as stack:
        stream = stack.enter_context(open_result(output.output, invocation.terminal, invocation.environ))
        from tocsin.cli.validate_text import writer_of

        writer = writer_of(output.format, stream, verbose=verbose)
        report = _validate_with_progress(
            invocation,
            path,
            writer.show,
            quiet=output.quiet or (writer.is_streaming and output.output is None),
            keys=keys,
            bucket=bucket,
            since=first,
            until=last,
            accounts=accounts,
            regions=regions,
            jobs=processes,
            name_valid=writer.names_valid,
        )
        writer.finish(report)
    if not report.chains and not output.quiet:
        invocation.terminal.note(
            f"{path}: there are no digest files of CloudTrail\n"
            "hint: give the folder of the bucket, in which AWSLogs/ACCOUNT/CloudTrail-Digest lies, or one above it"
        )
    return DONE if report.is_valid else ANSWER_IS_NO


def _validate_with_progress(
    invocation: Invocation, path: str, show: Show, *, quiet: bool, **what: Any
) -> ValidateReport:
    from tocsin.cli.progress import ProgressBar

    error = invocation.terminal.error
    report: ValidateReport
    if quiet or not error.can_move:
        report = invocation.use_cases.validate(path, show=show, progress=None, **what)
    else:
        with ProgressBar(error, invocation.clock, found="problems") as bar:
            report = invocation.use_cases.validate(path, show=show, progress=bar, **what)
    return report
