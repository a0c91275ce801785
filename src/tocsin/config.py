"""Settings: one TOML file, overridden by the environment; the one place for their defaults. Spec: AR-9, IF-9.

Rule: a setting that is not known is an error, never ignored, and every error names the key, where it
stands, and what is allowed there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable  # msgspec reads it at run time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.finding import Finding, Severity
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.topic import is_topic
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG_NAME = "tocsin.toml"
"""The file that is read from the working folder when none is named."""

_MOST_TEXT = 1024 * 1024
_VARIABLE_START = "TOCSIN_"
_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?\s*([a-z]*)\Z", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z", re.ASCII)
_TOML_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)\Z|\s*\(at end of document\)\Z")


class AlarmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How alarms are evaluated and what they say.

    `evaluation_range` is how many slots beyond EvaluationPeriods are looked at, None for the default
    of AL-6.5; `events_in_message` how many events a message names (AL-19.1); `enrich_json` whether
    the JSON carries the key `Tocsin` (AL-17.7).
    """

    evaluation_range: int | None = None
    events_in_message: int = 10
    enrich_json: bool = True


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rules leave open. `topic` is the ARN that rules without AlarmActions publish to (IF-4), or empty."""

    topic: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force. `limits` bounds the reading of archives (CT-14.4)."""

    limits: Limits = DEFAULT_LIMITS
    alarm: AlarmSettings = AlarmSettings()
    rules: RuleSettings = RuleSettings()


class _Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `read` gives its value, None for one that is not allowed; `kind` says what is."""

    read: Callable[[object], int | bool | str | None]
    kind: str
    example: str


def _read_size(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _SIZE.match(value.strip()) if isinstance(value, str) else None
    unit = None if found is None else _UNITS.get(found[3].lower())
    if found is None or unit is None:
        return None
    fraction = found[2] or ""
    size, rest = divmod(int(found[1] + fraction) * unit, 10 ** len(fraction))
    return None if rest else size


def _read_integer(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    return None


def _read_boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def _read_topic(value: object) -> str | None:
    return value if isinstance(value, str) and (value == "" or is_topic(value)) else None


def _between(
    least: int, read: Callable[[object], int | None], most: int
) -> Callable[[object], int | bool | str | None]:
    """How to read a number from `least` to `most`."""

    def bounded(value: object) -> int | None:
        number = read(value)
        return number if number is not None and least <= number <= most else None

    return bounded


_SETTINGS: dict[str, _Setting] = {
    "alarm.evaluation_range": _Setting(
        read=_between(0, _read_integer, 100), kind="a whole number from 0 to 100", example="2"
    ),
    "alarm.events_in_message": _Setting(
        read=_between(0, _read_integer, 50), kind="a whole number from 0 to 50", example="10"
    ),
    "alarm.enrich_json": _Setting(read=_read_boolean, kind="true or false", example="true"),
    "limits.record": _Setting(
        read=_between(1024, _read_size, 2**30), kind="a size from 1 KiB to 1 GiB", example='"16 MiB" or 16777216'
    ),
    "limits.depth": _Setting(read=_between(1, _read_integer, 500), kind="a whole number from 1 to 500", example="500"),
    "limits.unpacked": _Setting(
        read=_between(1024, _read_size, 2**60), kind="a size of at least 1 KiB", example='"8 GiB" or 8589934592'
    ),
    "rules.topic": _Setting(
        read=_read_topic,
        kind="the ARN of a topic",
        example='"arn:aws:sns:us-east-1:111122223333:sec-alerts"',
    ),
}


class _Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one key of a document, before it is known who asks."""

    key: tuple[str, ...]
    name: str
    message: str
    hint: str


def load_config(path: Path | None, environ: Mapping[str, str], *, folder: Path | None = None) -> Config:
    """The settings that are in force: the file's, and over them those of `environ`.

    Without `path` it is `tocsin.toml` in `folder` (the working folder), if there is one. Raises
    `NotFoundError` when `path` does not exist, `ConfigError` for the first thing that is wrong in the
    file or in a variable (`check_config` has them all).
    """
    values: dict[str, Any] = {}
    if path is None:
        default = (folder or Path()) / CONFIG_NAME
        path = default if default.is_file() else None
    if path is not None:
        text = _text_of(path)
        import tomllib  # most commands find no file

        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            line, column, message = _syntax_error(error, text)
            msg = f"{path}:{line}:{column}: {message}"
            raise ConfigError(msg, path=str(path)) from error
        for trouble in _troubles(document, (), values):
            line, column = _place_of(trouble.key, text)
            msg = f"{path}:{line}:{column}: {trouble.message}"
            raise ConfigError(msg, key=".".join(trouble.key), path=str(path), hint=trouble.hint)
    values.update(_from_environment(environ))
    tables: dict[str, dict[str, Any]] = {}
    for dotted, value in values.items():
        table, _, name = dotted.partition(".")
        tables.setdefault(table, {})[name] = value
    return Config(
        limits=msgspec.structs.replace(DEFAULT_LIMITS, **tables.get("limits", {})),
        alarm=AlarmSettings(**tables.get("alarm", {})),
        rules=RuleSettings(**tables.get("rules", {})),
    )


def check_config(path: Path) -> list[Finding]:
    """Everything that is wrong with a settings file, in the order of its lines; nothing when it can be used.

    Needs no network and looks at no other file. Raises `NotFoundError` when there is no such file.
    """
    import tomllib

    try:
        text = _text_of(path)
    except NotFoundError:
        raise
    except ConfigError as error:
        return [_finding(path, 1, 1, name="unreadable", message=error.message.partition(": ")[2], hint=error.hint)]
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line, column, message = _syntax_error(error, text)
        return [_finding(path, line, column, name="syntax", message=message, hint="see https://toml.io/en/v1.0.0")]
    findings = [
        _finding(path, *_place_of(trouble.key, text), name=trouble.name, message=trouble.message, hint=trouble.hint)
        for trouble in _troubles(document, (), {})
    ]
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def _finding(path: Path, line: int, column: int, *, name: str, message: str, hint: str) -> Finding:
    return Finding(
        path=str(path),
        line=line,
        column=column,
        severity=Severity.ERROR,
        name=name,
        spec="IF-9",
        rule="",
        message=message,
        hint=hint,
    )


def _text_of(path: Path) -> str:
    """The text of a settings file. Pipes and devices are not opened: reading one might never end."""
    if not path.exists():
        msg = f"{path}: there is no such file"
        raise NotFoundError(msg)
    if not path.is_file():
        msg = f"{path}: not a regular file"
        raise ConfigError(msg, path=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_TEXT + 1)
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ConfigError(msg, path=str(path)) from error
    if len(data) > _MOST_TEXT:
        msg = f"{path}: longer than 1 MiB, which no settings file is"
        raise ConfigError(msg, path=str(path))
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        msg = f"{path}: byte {error.start} is not UTF-8"
        raise ConfigError(msg, path=str(path), hint="TOML files are UTF-8") from error


def _syntax_error(error: Exception, text: str) -> tuple[int, int, str]:
    """Line, column and words of what the TOML reader said."""
    if isinstance(error, RecursionError):
        return 1, 1, "nested too deeply"
    said = str(error)
    found = _TOML_PLACE.search(said)
    if found is None:
        return 1, 1, said
    message = said[: found.start()]
    if found[1] is None:
        lines = text.split("\n")
        return len(lines), len(lines[-1]) + 1, f"{message} at the end of the file"
    return int(found[1]), int(found[2]), message


def _troubles(table: Mapping[str, Any], above: tuple[str, ...], values: dict[str, Any]) -> Iterator[_Trouble]:
    """What is wrong below `above`. Good values are put into `values`."""
    for name, value in table.items():
        key = (*above, name)
        dotted = ".".join(key)
        setting = _SETTINGS.get(dotted)
        if setting is not None:
            read = setting.read(value)
            if read is None:
                yield _bad_value(key, dotted, value, setting)
            else:
                values[dotted] = read
        elif not _is_table(dotted):
            yield _unknown(key)
        elif isinstance(value, dict):
            yield from _troubles(value, key, values)
        else:
            example = next(setting for setting in _SETTINGS if setting.startswith(f"{dotted}."))
            yield _Trouble(
                key=key,
                name="bad-value",
                message=f"{dotted} is a table of settings, not a value",
                hint=f"write [{dotted}] on a line and its settings below, for example "
                f"{example.rpartition('.')[2]} = {_SETTINGS[example].example}",
            )


def _is_table(dotted: str) -> bool:
    return any(setting.startswith(f"{dotted}.") for setting in _SETTINGS)


def _bad_value(key: tuple[str, ...], dotted: str, value: object, setting: _Setting) -> _Trouble:
    return _Trouble(
        key=key,
        name="bad-value",
        message=f"{dotted} is {setting.kind}, not {_shown(value)}",
        hint=f"for example {key[-1]} = {setting.example}",
    )


def _shown(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= 40 else f'"{value[:40]}…"'
        case int() | float():
            return str(value)[:40]
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def _unknown(key: tuple[str, ...]) -> _Trouble:
    dotted = ".".join(key)
    above = "".join(f"{name}." for name in key[:-1])
    names = sorted({setting[len(above) :].split(".")[0] for setting in _SETTINGS if setting.startswith(above)})
    close = difflib.get_close_matches(key[-1].lower(), names, n=1, cutoff=0.6)
    # `record` written outside of [limits]: the right name in the wrong table.
    elsewhere = [setting for setting in sorted(_SETTINGS) if setting.rpartition(".")[2] == key[-1]]
    if close:
        hint = f"did you mean {above}{close[0]}?"
    elif elsewhere:
        hint = f"did you mean {elsewhere[0]}?"
    else:
        hint = f"known {'in ' + above[:-1] if above else 'here'}: {', '.join(names)}"
    return _Trouble(key=key, name="unknown-key", message=f"there is no setting {dotted}", hint=hint)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that variables give. A name that is nearly that of a setting is an error, not ignored."""
    variables = {_VARIABLE_START + dotted.replace(".", "_").upper(): dotted for dotted in _SETTINGS}
    tables = {f"{_VARIABLE_START}{dotted.partition('.')[0].upper()}_" for dotted in _SETTINGS}
    values: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(_VARIABLE_START):
            continue
        dotted = variables.get(name, "")
        if not dotted:
            close = difflib.get_close_matches(name, variables, n=1, cutoff=0.9)
            if close or name.startswith(tuple(tables)):
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(variables)}"
                msg = f"variable {name}: there is no such setting"
                raise ConfigError(msg, key=name, path="environment", hint=hint)
            continue
        setting = _SETTINGS[dotted]
        read = setting.read(environ[name])
        if read is None:
            msg = f"variable {name}: {dotted} is {setting.kind}, not {_shown(environ[name])}"
            raise ConfigError(
                msg, key=dotted, path="environment", hint=f"for example {setting.example.replace(chr(34), '')}"
            )
        values[dotted] = read
    return values


def _place_of(key: tuple[str, ...], text: str) -> tuple[int, int]:
    """Line and column, from 1, of the place where `key` is written."""
    from tocsin.toml_keys import places_of_keys

    offset = places_of_keys(text).get(key, 0)
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
