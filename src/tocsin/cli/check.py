"""`tocsin check`: what is wrong with rule files, packs and settings. Spec: IF-1, HS-1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.options import OutputOptions, require_paths
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.check import CheckResult
    from tocsin.cli.terminal import Stream

_TO_THE_TERMINAL = OutputOptions()
_KEYS = ("path", "line", "column", "severity", "name", "spec", "rule", "message", "hint")


def check(
    sources: Annotated[tuple[str, ...], Parameter(name="SOURCE")] = (),
    /,
    *,
    archive: Annotated[tuple[str, ...], Parameter(name="--archive", metavar="PATH")] = (),
    fix: Annotated[bool, Parameter(name="--fix")] = False,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Validate and lint rule files, packs and settings: every finding at once, each with its place and remedy.

    Errors are what AWS refuses or what can never do its job; warnings are very likely wrong; remarks are worth
    knowing. The exit status is 1 when there is an error, 0 when there are warnings alone.

    Parameters
    ----------
    sources
        A pack, rule file, folder, output of the AWS CLI or settings file; - is standard input (default: every pack
        and tocsin.toml).
    archive
        Count in these records what a finding costs: a file or folder; may be repeated (default: none).
    fix
        Rewrite the files where the remedy is certain (default: they are not touched).

    Examples
    --------
    tocsin check
        every pack, and tocsin.toml

    tocsin check my-rules --archive AWSLogs
        a folder, with proof from an archive

    aws logs describe-metric-filters | tocsin check -
        the filters that an account has today

    tocsin check my-rules/root.yaml --fix
        mend what can be mended for certain
    """
    require_paths(archive, *sources)
    counter = _archive_counter(archive, invocation) if archive else None
    today = invocation.clock.now().date()
    result: CheckResult = invocation.use_cases.check(
        sources, archive=counter, fix=fix, at=today, environ=invocation.environ
    )
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        _write(stream, result, output.format, fix=fix)
    return ANSWER_IS_NO if result.has_errors else DONE


def _write(stream: Stream, result: CheckResult, form: str, *, fix: bool) -> None:
    import msgspec

    findings: list[dict[str, Any]] = [msgspec.to_builtins(finding) for finding in result.findings]
    match form:
        case "json":
            document: dict[str, Any] = {"findings": findings}
            if fix:
                document["fixed"] = msgspec.to_builtins(result.fixed)
                document["unfixed"] = msgspec.to_builtins(result.unfixed)
            if result.silenced:
                document["silenced"] = msgspec.to_builtins(result.silenced)
            write_json(stream, document)
        case "ndjson":
            write_ndjson(stream, findings)
        case "csv":
            write_csv(stream, _KEYS, [[finding[key] for key in _KEYS] for finding in findings])
        case _:
            from tocsin.cli.findings_text import draw_check

            write_lines(stream, draw_check(result, stream))


def _archive_counter(paths: Sequence[str], invocation: Invocation) -> Callable[[Sequence[str]], list[int]]:
    """A function that counts the records of an archive that each pattern matches, in one pass."""
    from tocsin.config import load_config

    limits = load_config(None, invocation.environ).limits

    def count(patterns: Sequence[str]) -> list[int]:
        from tocsin.core.metric_filter import MetricFilter, MetricTransformation
        from tocsin.core.rule import Rule

        value = MetricTransformation(metric_name="count", metric_namespace="check", metric_value="1")
        rules = [
            Rule(
                id=f"count-{place}",
                name=f"count-{place}",
                filter=MetricFilter(
                    filter_name=f"count-{place}", filter_pattern=pattern, metric_transformations=(value,)
                ),
                effective_pattern=pattern,
            )
            for place, pattern in enumerate(patterns)
        ]
        report = invocation.use_cases.scan(paths, rules=rules, limits=limits)
        if report.files.skipped:
            first = report.files.skipped[0]
            invocation.terminal.note(
                f"--archive: {len(report.files.skipped)} files could not be read in full, "
                f"the first: {first.path}: {first.reason}"
            )
        matches = {result.name: result.matches for result in report.filters}
        return [matches[rule.name] for rule in rules]

    return count


def lines_of_sources() -> Callable[[str, int], str]:
    """A function that gives a line of a file that findings name; the empty text where it cannot be read again."""
    from tocsin.app.pack import PACKS_DIR

    texts: dict[str, list[str]] = {}

    def line(path: str, number: int) -> str:
        if path not in texts:
            texts[path] = _text_lines(path, PACKS_DIR)
        return texts[path][number - 1] if number <= len(texts[path]) else ""

    return line


def _text_lines(path: str, packs: Path) -> list[str]:
    for place in (Path(path), packs / path):
        try:
            if place.is_file():
                return place.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except (OSError, ValueError):
            continue
    return []
