"""From words to a call: the arguments of one command, read by cyclopts. Rule: every mistake becomes an `InputError`.

cyclopts reads the function's signature; help pages and errors are written here, because importing what
cyclopts writes them with takes longer than most commands run.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from tocsin.core.nearest import did_you_mean
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts.argument import Argument, ArgumentCollection

    from tocsin.cli.invocation import Invocation
    from tocsin.cli.main import Command

_HELP_FLAGS = frozenset({"--help", "-h"})

# A lone `-` is a file name for us and an option for cyclopts. No argument of a process can hold a NUL,
# so this stands for it while cyclopts reads, and is turned back afterwards.
_STANDARD_INPUT = "-"
_STAND_IN = "\0-"


def call_command(command: Command, tokens: Sequence[str], invocation: Invocation) -> int:
    """Call a command with what follows it on the command line; its exit status.

    `--help` and `-h` in front of any `--` show its help instead.
    """
    app = load_command(command)
    before = tokens[: tokens.index("--")] if "--" in tokens else tokens
    if not _HELP_FLAGS.isdisjoint(before):
        from tocsin.cli.help import command_help

        invocation.terminal.output.write(command_help(command, app, invocation.terminal.output))
        return 0
    words = [_STAND_IN if token == _STANDARD_INPUT else token for token in tokens]
    try:
        function, bound, ignored = app.parse_args(words, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise _input_error(error, command, app) from None
    arguments = {name: _turn_back(value) for name, value in bound.arguments.items()}
    bound.arguments.update(arguments)
    # What is not read from the command line is the invocation.
    status = function(*bound.args, **bound.kwargs, **dict.fromkeys(ignored, invocation))
    return int(status)


def load_command(command: Command) -> App:
    """The command as a cyclopts application of its own. Loads the command's module."""
    app = App(name="tocsin", help_flags=(), version_flags=())
    app.command(
        command.function,
        name=command.words[-1],
        help=command.summary,
        # An option says one thing: no --no-… and --empty-… beside it.
        default_parameter=Parameter(negative=(), consume_multiple=False),
        help_flags=(),
        version_flags=(),
    )
    return app[command.words[-1]]


def arguments_of(app: App) -> list[Argument]:
    """The arguments and options of a command that can be given, in the order in which they are declared."""
    return [argument for argument in app.assemble_argument_collection(parse_docstring=True) if argument.show]


def usage(command: Command, app: App) -> str:
    """How the command is called, in one line."""
    parts = ["tocsin", *command.words]
    arguments = arguments_of(app)
    if any(argument.index is None for argument in arguments):
        parts.append("[OPTIONS]")
    for argument in arguments:
        if argument.index is not None:
            name = f"{argument.name}…" if get_origin(argument.hint) is tuple else argument.name
            parts.append(name if argument.required else f"[{name}]")
    return " ".join(parts)


def _turn_back(value: Any) -> Any:
    if value == _STAND_IN:
        return _STANDARD_INPUT
    if isinstance(value, tuple):
        return tuple(map(_turn_back, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _turn_back(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def _input_error(error: CycloptsError, command: Command, app: App) -> InputError:
    """What cyclopts found wrong, in our words."""
    more = f"usage: {usage(command, app)}\n      {' '.join(['tocsin', *command.words])} --help says more"
    match error:
        case UnknownOptionError():
            word = _seen(error.token.keyword or error.token.value)
            near = did_you_mean(word.partition("=")[0], _option_names(error.argument_collection))
            return InputError(f"there is no option {word}", hint=near or more)
        case MissingArgumentError() if error.argument is not None:
            name = error.argument.name
            is_option = error.argument.index is None
            message = f"{name} needs {_needed(error.argument)}" if is_option else f"{name} is missing"
            return InputError(message, hint=more)
        case CoercionError() if error.token is not None and error.argument is not None:
            return _bad_value(error.argument, _seen(error.token.value))
        case RepeatArgumentError():
            word = _seen(error.token.keyword or error.token.value)
            return InputError(f"{word} is given twice", hint=more)
        case UnusedCliTokensError():
            words = ", ".join(f'"{_seen(token)}"' for token in (error.unused_tokens or ())[:3])
            return InputError(f"too many arguments: {words}", hint=more)
        case _:
            return InputError(_seen(str(error)), hint=more)


def _needed(argument: Argument) -> str:
    """What has to stand behind an option; its metavar names several values."""
    names = (argument.parameter.metavar or "").split()
    return "a value" if len(names) < 2 else f"{len(names)} values: {' '.join(names)}"


def _seen(text: str) -> str:
    return text.replace(_STAND_IN, _STANDARD_INPUT)


def _option_names(collection: ArgumentCollection) -> list[str]:
    return [name for argument in collection if argument.parse for name in argument.names if name.startswith("--")]


def _bad_value(argument: Argument, value: str) -> InputError:
    choices = choices_of(argument)
    if choices:
        near = did_you_mean(value, choices)
        return InputError(f'{argument.name}: "{value}" is none of {", ".join(choices)}', hint=near)
    kinds = get_args(argument.hint) or (argument.hint,)
    what = "a whole number" if int in kinds else "yes or no" if bool in kinds else "a value that can be used here"
    return InputError(f'{argument.name}: "{value}" is not {what}')


def choices_of(argument: Argument) -> list[str]:
    """The words that an argument may be, where it is one of a few."""
    hints = [argument.hint, *get_args(argument.hint)]
    return [str(choice) for hint in hints if get_origin(hint) is Literal for choice in get_args(hint)]
