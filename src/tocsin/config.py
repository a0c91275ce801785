"""Settings: one TOML file, overridden by the environment; the one place for their defaults. Spec: AR-9, IF-9.

Rule: a setting that is not known is an error, never ignored, and every error names the key, where it
stands, and what is allowed there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable  # msgspec reads it at run time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
    evaluation_delay: int = 10
    history_days: int = 30
    events_in_message: int = 10
    enrich_json: bool = True


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the live service listens and keeps its data (IF-7, IF-9).

    `data` is empty for the user's data folder, `public_url` for `http://HOST:PORT`. `account` and `region`
    are those of calls that name none. `hosts` and `origins` are what browsers may use besides those of
    WIRE-5.15. With `tls_cert` and `tls_key` it serves HTTPS.
    """

    host: str = "127.0.0.1"
    port: int = 4590
    data: str = ""
    public_url: str = ""
    account: str = "123456789012"
    region: str = "us-east-1"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    store: str = "sqlite"
    allow_reset: bool = False
    tls_cert: str = ""
    tls_key: str = ""


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call (WIRE-5.6). `mode` is empty for `off` on loopback and `strict` elsewhere.

    `credentials` is a file of access keys; `skew` is how far clocks may differ, in seconds, None for AWS's own.
    """

    mode: str = ""
    credentials: str = ""
    skew: int | None = None


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may take, and how many there may be (WIRE-7.4). Sizes in bytes, times in seconds."""

    body: int = 8 * 1024 * 1024
    header_bytes: int = 32 * 1024
    headers: int = 100
    header_seconds: int = 10
    body_idle_seconds: int = 10
    body_seconds: int = 60
    keep_alive_seconds: int = 75
    concurrent: int = 512


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rules leave open. `topic` is the ARN that rules without AlarmActions publish to (IF-4), or empty."""

    topic: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force. `limits` bounds the reading of archives (CT-14.4)."""

    limits: Limits = DEFAULT_LIMITS
    requests: RequestLimits = RequestLimits()
    alarm: AlarmSettings = AlarmSettings()
    rules: RuleSettings = RuleSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    origins: dict[str, str] = {}
    """Where each setting that is not a default came from: a file, or the name of a variable."""


class _Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `read` gives its value, None for one that is not allowed; `kind` says what is.

    `unset` says what holds where nobody sets it and the default is not a value.
    """

    read: Callable[[object], int | bool | str | tuple[str, ...] | None]
    kind: str
    example: str
    unset: str = "none"


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


def _matching(pattern: str) -> Callable[[object], str | None]:
    """How to read a text of a form."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: value if isinstance(value, str) and compiled.fullmatch(value) else None


def _read_texts(value: object) -> tuple[str, ...] | None:
    """A list of texts; in a variable they stand behind each other with commas."""
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
        return tuple(value)
    return None


def _between(
    least: int, read: Callable[[object], int | None], most: int
) -> Callable[[object], int | bool | str | tuple[str, ...] | None]:
    """How to read a number from `least` to `most`."""

    def bounded(value: object) -> int | None:
        number = read(value)
        return number if number is not None and least <= number <= most else None

    return bounded


_PATH = r"[^\x00]{1,4096}"
_SECONDS = "a number of seconds from 1 to 3600"

_SETTINGS: dict[str, _Setting] = {
    "server.host": _Setting(
        read=_matching(r"[A-Za-z0-9.:\-_]{1,253}"), kind="a host name or address", example='"127.0.0.1"'
    ),
    "server.port": _Setting(read=_between(0, _read_integer, 65_535), kind="a port from 0 to 65535", example="4590"),
    "server.data": _Setting(
        read=_matching(_PATH), kind="a folder", example='"/var/lib/tocsin"', unset="your data folder"
    ),
    "server.public_url": _Setting(
        read=_matching(r"https?://[^/?#\s]{1,253}(?:/[^?#\s]*)?"),
        kind="an http or https address",
        example='"https://tocsin.example.com"',
        unset="`http://HOST:PORT`",
    ),
    "server.account": _Setting(read=_matching(r"[0-9]{12}"), kind="an account of 12 digits", example='"111122223333"'),
    "server.region": _Setting(read=_matching(r"[a-z0-9-]{1,40}"), kind="a region", example='"eu-west-1"'),
    "server.hosts": _Setting(read=_read_texts, kind="a list of host names", example='["tocsin.internal"]'),
    "server.origins": _Setting(read=_read_texts, kind="a list of origins", example='["https://tools.example.com"]'),
    "server.store": _Setting(read=_matching("sqlite|memory"), kind="sqlite or memory", example='"sqlite"'),
    "server.allow_reset": _Setting(read=_read_boolean, kind="true or false", example="false"),
    "server.tls_cert": _Setting(read=_matching(_PATH), kind="a file", example='"/etc/tocsin/cert.pem"'),
    "server.tls_key": _Setting(read=_matching(_PATH), kind="a file", example='"/etc/tocsin/key.pem"'),
    "auth.mode": _Setting(
        read=_matching("off|known|strict"),
        kind="off, known or strict",
        example='"strict"',
        unset="off on loopback, else strict",
    ),
    "auth.credentials": _Setting(
        read=_matching(_PATH), kind="a file of access keys", example='"/etc/tocsin/keys.toml"'
    ),
    "auth.skew": _Setting(
        read=_between(1, _read_integer, 86_400), kind="a number of seconds", example="300", unset="as AWS"
    ),
    "alarm.evaluation_delay": _Setting(
        read=_between(0, _read_integer, 3600), kind="a number of seconds from 0 to 3600", example="10"
    ),
    "alarm.history_days": _Setting(
        read=_between(30, _read_integer, 3660), kind="a number of days from 30 to 3660", example="30"
    ),
    "limits.body": _Setting(
        read=_between(64 * 1024, _read_size, 2**30), kind="a size from 64 KiB to 1 GiB", example='"8 MiB"'
    ),
    "limits.header_bytes": _Setting(
        read=_between(4096, _read_size, 2**20), kind="a size from 4 KiB to 1 MiB", example='"32 KiB"'
    ),
    "limits.headers": _Setting(
        read=_between(10, _read_integer, 10_000), kind="a number from 10 to 10000", example="100"
    ),
    "limits.header_seconds": _Setting(read=_between(1, _read_integer, 3600), kind=_SECONDS, example="10"),
    "limits.body_idle_seconds": _Setting(read=_between(1, _read_integer, 3600), kind=_SECONDS, example="10"),
    "limits.body_seconds": _Setting(read=_between(1, _read_integer, 3600), kind=_SECONDS, example="60"),
    "limits.keep_alive_seconds": _Setting(read=_between(1, _read_integer, 3600), kind=_SECONDS, example="75"),
    "limits.concurrent": _Setting(read=_between(1, _read_integer, 100_000), kind="a number from 1", example="512"),
    "alarm.evaluation_range": _Setting(
        read=_between(0, _read_integer, 100), kind="a whole number from 0 to 100", example="2", unset="as AWS"
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
    origins: dict[str, str] = {}
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
        origins = dict.fromkeys(values, str(path))
    variables = _from_environment(environ)
    values.update(variables)
    origins.update((dotted, variable_of(dotted)) for dotted in variables)
    tables: dict[str, dict[str, Any]] = {}
    for dotted, value in values.items():
        table, _, name = dotted.partition(".")
        tables.setdefault(table, {})[name] = value
    limits = tables.get("limits", {})
    reading = {name: limits.pop(name) for name in Limits.__struct_fields__ if name in limits}
    return Config(
        limits=msgspec.structs.replace(DEFAULT_LIMITS, **reading),
        requests=RequestLimits(**limits),
        alarm=AlarmSettings(**tables.get("alarm", {})),
        rules=RuleSettings(**tables.get("rules", {})),
        server=ServerSettings(**tables.get("server", {})),
        auth=AuthSettings(**tables.get("auth", {})),
        origins=origins,
    )


def variable_of(dotted: str) -> str:
    """The variable that overrides a setting."""
    return _VARIABLE_START + dotted.replace(".", "_").upper()


class SettingInForce(NamedTuple):
    """A setting with its value and where that came from: `default` where nobody said anything.

    `unset` says what holds where the value is none.
    """

    name: str
    value: object
    origin: str
    unset: str


def settings_in_force(config: Config) -> Iterator[SettingInForce]:
    """Every setting, in the order of the names."""
    for dotted in sorted(_SETTINGS):
        table, _, name = dotted.partition(".")
        if table == "limits":
            held: object = config.limits if name in Limits.__struct_fields__ else config.requests
        else:
            held = getattr(config, table)
        yield SettingInForce(
            dotted, getattr(held, name), config.origins.get(dotted, "default"), _SETTINGS[dotted].unset
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
    variables = {variable_of(dotted): dotted for dotted in _SETTINGS}
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
