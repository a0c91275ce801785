"""The command `tocsin`: which commands there are, and how one is run.

Rule: what is not needed is not loaded. `tocsin --help` and `--version` import nothing but this module;
a command's module is named by an import string and loaded when that command is called. Spec: IF-1, AR-12.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.cli.invocation import Invocation


class Command(NamedTuple):
    """A command: the words that call it, where its function is, and what it does in one line."""

    words: tuple[str, ...]
    function: str
    summary: str
    topic: str = ""


COMMANDS: tuple[Command, ...] = (
    Command(("scan",), "tocsin.cli.scan:scan", "Count what each metric filter matches in an archive", "Hunt"),
    Command(("grep",), "tocsin.cli.grep:grep", "Print the records that a filter pattern matches", "Hunt"),
    Command(("backtest",), "tocsin.cli.backtest:backtest", "Say what alarms would have done, and why", "Hunt"),
    Command(("validate",), "tocsin.cli.validate:validate", "Check that nobody has touched an archive", "Hunt"),
    Command(("simulate", "selectors"), "tocsin.cli.simulate:selectors", "Say what a trail's selectors would drop"),
    Command(("rules",), "tocsin.cli.rules:rules", "List packs and rules, with severity and controls", "Rules"),
    Command(("check",), "tocsin.cli.check:check", "Validate and lint rule files, packs and settings", "Rules"),
    Command(("test",), "tocsin.cli.test:run_tests", "Run the tests of rules on a virtual clock", "Rules"),
    Command(("serve",), "tocsin.cli.serve:serve", "Serve logs, alarms, trails, topics to AWS clients", "Serve"),
    Command(("record", "sign-in"), "tocsin.cli.record:sign_in", "Make the record of a console sign-in"),
    Command(("record",), "tocsin.cli.record:record", "Pass API calls on, and record them as CloudTrail", "Serve"),
    Command(("status",), "tocsin.cli.status:status", "Show alarms, who would hear of them, what is wrong", "Serve"),
    Command(("sub", "resend"), "tocsin.cli.subscriptions:resend", "Ask an address once more"),
    Command(("sub", "confirm"), "tocsin.cli.subscriptions:confirm", "Confirm for an address that cannot"),
    Command(("sub",), "tocsin.cli.subscriptions:subscriptions", "List subscriptions, who has agreed", "Serve"),
    Command(("deliveries", "replay"), "tocsin.cli.deliveries:replay", "Send what has failed once more"),
    Command(("deliveries",), "tocsin.cli.deliveries:deliveries", "List what was sent, and every attempt", "Serve"),
    Command(("mailbox", "show"), "tocsin.cli.mailbox:show", "Print a mail of the built-in mailbox"),
    Command(("mailbox", "open"), "tocsin.cli.mailbox:open_link", "Open the link in a mail"),
    Command(("mailbox",), "tocsin.cli.mailbox:mailbox", "List the mails that no mail server took", "Serve"),
    Command(("demo",), "tocsin.cli.demo:demo", "Walk through it all, from a trail to the mail", "Serve"),
    Command(("backup",), "tocsin.cli.serve:backup", "Copy the data of the live service", "Serve"),
    Command(("explain", "pattern"), "tocsin.cli.explain_pattern:pattern", "Read a filter pattern, try it on an event"),
    Command(("explain", "rule"), "tocsin.cli.explain_rule:rule", "Say what a rule watches, and what rings it"),
    Command(("explain", "event-types"), "tocsin.cli.explain:event_types", "Compare CloudTrail's types of events"),
    Command(("explain", "alarm-states"), "tocsin.cli.explain:alarm_states", "Say what leads to OK, ALARM and so on"),
    Command(("explain", "pricing"), "tocsin.cli.explain:pricing", "Show what AWS charges, and what is free"),
)
"""Every command, in the order of the help text."""

GROUPS: tuple[Command, ...] = (
    Command(("simulate",), "", "Try another setting on an archive: a trail's event selectors", "Hunt"),
    Command(("explain",), "", "Explain a pattern, a rule, event types, alarm states, prices", "Learn"),
)
"""Words that need a second word."""

_ABOUT = "Tocsin watches CloudTrail: metric filters and alarms, over archives and live."
_EXAMPLES = (
    ("tocsin scan AWSLogs", "all packs over a folder of log files"),
    ("tocsin scan AWSLogs -r cis --since 7d", "one pack, the last seven days"),
    ("tocsin grep '{ $.errorCode = \"AccessDenied*\" }' AWSLogs", "matching records as NDJSON"),
    ("tocsin explain rule article/stop-logging", "what a rule is for"),
)
_EXITS = (
    ("0", "done"),
    ("1", "done, but the answer is no, or an input could not be read in full"),
    ("2", "the call, a rule or a setting is wrong (grep: any trouble; 1: no match)"),
    ("70", "a defect of Tocsin, with an id to quote"),
    ("130", "interrupted"),
)
_HELP_FLAGS = ("--help", "-h")
_VERSION_FLAGS = ("--version", "-V")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tocsin` with these arguments (those of the process without any); the exit status."""
    from tocsin.cli.invocation import invocation_of_process

    # A command makes most of its objects once and keeps them: looking for garbage among them every few
    # hundred objects is a tenth of the time that it takes to start.
    gc.set_threshold(200_000, 20, 20)
    try:
        status = run(sys.argv[1:] if argv is None else argv, invocation_of_process())
    except KeyboardInterrupt:
        # A second interrupt, while the first one was being reported.
        status = 130
    # The process ends here, and its memory with it: looking for garbage in it once more takes 30 ms.
    gc.freeze()
    return status


def run(argv: Sequence[str], invocation: Invocation) -> int:
    """Run one command in `invocation`; the exit status. No exception but a second interrupt leaves it."""
    terminal = invocation.terminal
    try:
        status = _dispatch(list(argv), invocation)
        terminal.output.flush()
    except BrokenPipeError:
        # The reader has seen enough (`tocsin grep … | head`): that is no error, and nobody listens.
        _leave_pipe(invocation)
        return 0
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001  # the supervisor of the command line: nothing passes as a traceback
        status = _failed(error, argv, invocation)
    return status


def _failed(error: BaseException, argv: Sequence[str], invocation: Invocation) -> int:
    from tocsin.cli import failure

    try:
        if not invocation.terminal.output.is_broken:
            invocation.terminal.output.flush()
        status = failure.report(error, terminal=invocation.terminal, environ=invocation.environ)
    except BrokenPipeError:
        _leave_pipe(invocation)
        status = failure.exit_status(error)
    if invocation.terminal.output.is_broken:
        _leave_pipe(invocation)
    # grep keeps 1 for "nothing matched".
    return failure.WRONG_CALL if status == failure.ANSWER_IS_NO and argv and argv[0] == "grep" else status


def _leave_pipe(invocation: Invocation) -> None:
    """Point standard output at nothing, so that what is still buffered does not fail once more at the end."""
    import os

    try:
        output = invocation.terminal.output.text.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output)
    os.close(nowhere)


def _dispatch(argv: list[str], invocation: Invocation) -> int:
    output, error = invocation.terminal.output, invocation.terminal.error
    if argv and argv[0] == "help":
        argv = [*argv[1:], "--help"]
    if not argv:
        error.write(help_text())
        return 2
    if argv[0] in _HELP_FLAGS:
        output.write(help_text())
        return 0
    if argv[0] in _VERSION_FLAGS:
        from tocsin.version import __version__

        output.write(f"tocsin {__version__}\n")
        return 0
    command = find_command(argv)
    if isinstance(command, Command):
        from tocsin.cli.parsing import call_command

        return call_command(command, argv[len(command.words) :], invocation)
    group = command
    if len(argv) > len(group) and argv[len(group)] in _HELP_FLAGS:
        output.write(group_help_text(group))
        return 0
    error.write(group_help_text(group))
    return 2


def find_command(argv: Sequence[str]) -> Command | tuple[str, ...]:
    """The command that `argv` begins with, or the words of a group that was named without its second word.

    Raises `InputError` with a 'did you mean' when there is no such command.
    """
    for command in COMMANDS:
        if tuple(argv[: len(command.words)]) == command.words:
            return command
    group = next((group.words for group in GROUPS if tuple(argv[: len(group.words)]) == group.words), ())
    if group and (len(argv) == len(group) or argv[len(group)] in _HELP_FLAGS):
        return group
    raise _unknown(argv, group)


def _unknown(argv: Sequence[str], group: tuple[str, ...]) -> Exception:
    from tocsin.core.nearest import nearest
    from tocsin.errors import InputError

    word = argv[len(group)]
    known = _words_after(group)
    called = " ".join(["tocsin", *group])
    if word.startswith("-"):
        hint = f"options stand behind the command: {called} {known[0]} {word} …; {called} --help lists the commands"
        return InputError(f"{called} has no option {word}", hint=hint)
    near = nearest(word, known)
    hint = f"did you mean {called} {near}?" if near else f"{called} knows {', '.join(known)}; {called} --help says more"
    return InputError(f'{called} has no command "{word}"', hint=hint)


def _words_after(group: tuple[str, ...]) -> list[str]:
    words = [command.words for command in (*COMMANDS, *GROUPS)]
    depth = len(group)
    return list(dict.fromkeys(found[depth] for found in words if found[:depth] == group and len(found) > depth))


def help_text() -> str:
    """The help of `tocsin` itself, for 80 columns."""
    shown = [command for command in (*COMMANDS, *GROUPS) if command.topic]
    lines = [_ABOUT, "", "Usage: tocsin COMMAND [OPTIONS] [ARGUMENTS]", ""]
    for topic in dict.fromkeys(command.topic for command in shown):
        lines.append(topic)
        lines += [f"  {command.words[0]:<11} {command.summary}" for command in shown if command.topic == topic]
        lines.append("")
    lines += [
        "Options",
        "  -h, --help     Show this help; behind a command, that command's",
        "  -V, --version  Show the version",
        "",
        "Examples",
    ]
    for call, meaning in _EXAMPLES:
        lines += [f"  {call}", f"      {meaning}"]
    lines += ["", "Exit status", *(f"  {status:>3}  {meaning}" for status, meaning in _EXITS), ""]
    lines.append("Run tocsin COMMAND --help for the options and examples of a command.")
    return "\n".join(lines) + "\n"


def group_help_text(group: tuple[str, ...]) -> str:
    """The help of a word that needs a second one."""
    called = " ".join(["tocsin", *group])
    summary = next(entry.summary for entry in GROUPS if entry.words == group)
    lines = [f"{summary}.", "", f"Usage: {called} COMMAND [OPTIONS] [ARGUMENTS]", "", "Commands"]
    below = [command for command in COMMANDS if command.words[: len(group)] == group]
    lines += [f"  {command.words[len(group)]:<13} {command.summary}" for command in below]
    lines += ["", f"Run {called} COMMAND --help for the options and examples of a command."]
    return "\n".join(lines) + "\n"
