"""From words to a call: the arguments of one command. Rule: every mistake becomes an `InputError`.

Options may stand anywhere, as `--name value`, `--name=value`, `-n value` or `-nvalue`; short flags may stand
together; behind `--` every word is an argument, and `-` always is one. Names are never shortened, so that a
script goes on to mean the same when an option is added.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from tocsin.cli.signature import Argument, Signature
from tocsin.core.nearest import did_you_mean
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.cli.invocation import Invocation
    from tocsin.cli.main import Command

_HELP_FLAGS = frozenset({"--help", "-h"})
_STANDARD_INPUT = "-"
_MOST_SHOWN = 3


def call_command(command: Command, tokens: Sequence[str], invocation: Invocation) -> int:
    """Call a command with what follows it on the command line; its exit status.

    `--help` and `-h` in front of any `--` show its help instead.
    """
    signature = load_command(command)
    before = tokens[: tokens.index("--")] if "--" in tokens else tokens
    if not _HELP_FLAGS.isdisjoint(before):
        from tocsin.cli.help import command_help

        invocation.terminal.output.write(command_help(command, signature, invocation.terminal.output))
        return 0
    values = _Words(command, signature).read(tokens)
    arguments: dict[str, Any] = dict.fromkeys(signature.handed_in, invocation)
    for name, kind in signature.groups.items():
        given = {field[1]: value for field, value in values.items() if field[0] == name and len(field) == 2}
        arguments[name] = kind(**given)
    arguments |= {field[0]: value for field, value in values.items() if len(field) == 1}
    positional = [arguments.pop(argument.field[0]) for argument in signature.positional]
    return int(signature.function(*positional, **arguments))


def load_command(command: Command) -> Signature:
    """What a command takes. Loads its module."""
    _load_msgspec()
    module, _, name = command.function.partition(":")
    return Signature(getattr(importlib.import_module(module), name))


def _load_msgspec() -> None:
    """Load msgspec without `typing_extensions`, in which it has no need to look for what typing has since Python 3.11.

    Where that is installed it loads `inspect` as well: an eighth of the time in which a command starts.
    """
    name = "typing_extensions"
    if name in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]  # so it cannot be imported
    try:
        importlib.import_module("msgspec")
    finally:
        del sys.modules[name]


def usage(command: Command, signature: Signature) -> str:
    """How the command is called, in one line."""
    parts = ["tocsin", *command.words]
    parts += [f"{one.name} {one.metavar}" for one in signature.arguments if one.index is None and one.required]
    if signature.options:
        parts.append("[OPTIONS]")
    for argument in signature.positional:
        name = f"{argument.name}…" if argument.is_repeatable else argument.name
        parts.append(name if argument.required else f"[{name}]")
    return " ".join(parts)


class _Words:
    """Reads the words behind a command."""

    def __init__(self, command: Command, signature: Signature) -> None:
        self._command = command
        self._signature = signature
        self._options = signature.options
        self._found: dict[tuple[str, ...], list[Any]] = {}
        self._loose: list[str] = []  # what is no option and no option's value

    def read(self, tokens: Sequence[str]) -> dict[tuple[str, ...], Any]:
        """The value of every argument by its field, defaults included."""
        waiting = list(reversed(tokens))
        while waiting:
            word = waiting.pop()
            if word == "--":
                self._loose += reversed(waiting)
                break
            if word == _STANDARD_INPUT or not word.startswith("-"):
                self._loose.append(word)
            elif word.startswith("--"):
                name, equals, value = word.partition("=")
                self._take(name, waiting, value if equals else None)
            else:
                self._take_short(word, waiting)
        self._bind_loose()
        return {argument.field: self._value(argument) for argument in self._signature.arguments}

    def _take_short(self, word: str, waiting: list[str]) -> None:
        """`-n value`, `-nvalue`, `-n=value`, or several flags in one word."""
        for place in range(1, len(word)):
            name, rest = f"-{word[place]}", word[place + 1 :]
            argument = self._options.get(name)
            if argument is not None and argument.is_flag and not rest.startswith("="):
                self._take(name, waiting, None)
                continue
            self._take(name if argument else word, waiting, rest.removeprefix("=") if rest else None)
            return

    def _take(self, name: str, waiting: list[str], value: str | None) -> None:
        argument = self._options.get(name)
        if argument is None:
            near = did_you_mean(name, [one for one in self._options if one.startswith("--")])
            raise InputError(f"there is no option {name}", hint=near or self._more())
        found = self._found.setdefault(argument.field, [])
        if found and not argument.is_repeatable:
            raise InputError(f"{name} is given twice", hint=self._more())
        if argument.is_flag:
            if value is not None:
                raise InputError(f"{name} takes no value", hint=self._more())
            found.append(True)
            return
        words = [] if value is None else [value]
        while len(words) < argument.values and waiting and not self._is_option(waiting[-1]):
            words.append(waiting.pop())
        if len(words) < argument.values:
            raise InputError(f"{argument.name} needs {_needed(argument)}", hint=self._more())
        converted = [self._convert(argument, word) for word in words]
        found.append(converted[0] if argument.values == 1 else tuple(converted))

    def _is_option(self, word: str) -> bool:
        """Whether a word is one of the options, and so no value of the one before it."""
        return word == "--" or word.partition("=")[0] in self._options

    def _bind_loose(self) -> None:
        """Give the loose words to the positional arguments, in their order."""
        left = self._loose
        for argument in self._signature.positional:
            count = len(left) if argument.is_repeatable else 1
            taken, left = left[:count], left[count:]
            if not taken and argument.required:
                raise InputError(f"{argument.name} is missing", hint=self._more())
            if taken:
                self._found[argument.field] = [self._convert(argument, word) for word in taken]
        for argument in self._signature.arguments:
            if argument.index is None and argument.required and argument.field not in self._found:
                raise InputError(f"{argument.name} is missing", hint=self._more())
        if left:
            words = ", ".join(f'"{word}"' for word in left[:_MOST_SHOWN])
            raise InputError(f"too many arguments: {words}", hint=self._more())

    def _value(self, argument: Argument) -> Any:
        found = self._found.get(argument.field)
        if not found:
            return argument.default
        return tuple(found) if argument.is_repeatable else found[0]

    def _convert(self, argument: Argument, word: str) -> Any:
        try:
            return argument.convert(word)
        except ValueError:
            pass
        if argument.choices:
            near = did_you_mean(word, argument.choices)
            raise InputError(f'{argument.name}: "{word}" is none of {", ".join(argument.choices)}', hint=near)
        raise InputError(f'{argument.name}: "{word}" is not a whole number')

    def _more(self) -> str:
        called = " ".join(["tocsin", *self._command.words])
        return f"usage: {usage(self._command, self._signature)}\n      {called} --help says more"


def _needed(argument: Argument) -> str:
    """What has to stand behind an option."""
    return "a value" if argument.values == 1 else f"{argument.values} values: {argument.metavar}"
