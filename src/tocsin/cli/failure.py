"""Errors as a user sees them, and the exit status of each. Rule: no traceback, and a way out in each message.

    0    done
    1    done, but the answer is no, or some input or the store could not be read
    2    the call, a rule or a setting is wrong; for grep any trouble
    70   a defect of ours, with an id to quote
    130  interrupted

Spec: IF-1, AR-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import ConfigError, InputError, InternalError, RuleFileError, SourceError, StoreError, TocsinError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.cli.terminal import Terminal

DONE = 0
ANSWER_IS_NO = 1
WRONG_CALL = 2
DEFECT = 70
INTERRUPTED = 130

DEBUG_VARIABLE = "TOCSIN_DEBUG"
"""Set to anything but nothing, it shows the traceback of a defect."""

_FINDINGS_SHOWN = 20


def exit_status(error: BaseException) -> int:
    """The exit status that an exception means when it reaches the end of a command."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case InputError():
            return WRONG_CALL
        case SourceError() | StoreError():
            return ANSWER_IS_NO
        case _:
            return DEFECT


def report(error: BaseException, *, terminal: Terminal, environ: Mapping[str, str]) -> int:
    """Tell the user about an exception that ended a command; the exit status to end with."""
    status = exit_status(error)
    if status == INTERRUPTED:
        terminal.note("interrupted")
    elif status == DEFECT:
        if environ.get(DEBUG_VARIABLE):
            _show_traceback(error, terminal)
        terminal.note(_defect(error))
    else:
        terminal.note(describe(error))
    return status


def describe(error: BaseException) -> str:
    """What an error of the caller's or of a source says, with its remedy; several lines."""
    if isinstance(error, RuleFileError) and error.findings:
        return _describe_rule_file(error)
    if isinstance(error, ConfigError) and error.path and error.path not in error.message:
        return f"{error.path}: {error}"
    if isinstance(error, TocsinError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _describe_rule_file(error: RuleFileError) -> str:
    shown = error.findings[:_FINDINGS_SHOWN]
    lines = [error.message]
    for finding in shown:
        place = f"{finding.path}:{finding.line}:{finding.column}"
        lines.append(f"{place}: {finding.severity} {finding.name}: {finding.message}")
        if finding.hint:
            lines.append(f"   = {finding.hint}")
    if len(error.findings) > len(shown):
        lines.append(f"and {len(error.findings) - len(shown)} more")
    lines.append(f"hint: {error.hint or 'tocsin check shows every finding with the line that it is about'}")
    return "\n".join(lines)


def _defect(error: BaseException) -> str:
    if isinstance(error, InternalError):
        ident, said = error.ident, error.message
    else:
        ident, said = ident_of(error), f"{type(error).__name__}: {error}"
    said = said if len(said) <= 300 else said[:300] + "…"
    return (
        f"internal error {ident}: {said}\n"
        "This is a defect of Tocsin, not of your data or your call. Please report it with this id;\n"
        f"{DEBUG_VARIABLE}=1 shows the traceback, which helps."
    )


def ident_of(error: BaseException) -> str:
    """An id for a defect: the same for every user who meets the same one in the same version."""
    from hashlib import blake2b
    from pathlib import PurePath

    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{PurePath(code.co_filename).name}:{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    text = "|".join([type(error).__name__, *places])
    return "T-" + blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()


def _show_traceback(error: BaseException, terminal: Terminal) -> None:
    import traceback

    from tocsin.cli.safe_text import safe_text

    for chunk in traceback.format_exception(error):
        for line in chunk.splitlines():
            terminal.error.write(safe_text(line) + "\n")
