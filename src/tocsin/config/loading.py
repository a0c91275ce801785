"""Settings: one TOML file, overridden by the environment; the one place for their defaults. Spec: AR-9, IF-9.

Rule: a setting that is not known is an error, never ignored, and every error names the key, where it
stands, and what is allowed there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.config.notifier import NotifierSettings
from tocsin.config.presence import VARIABLE_START, config_file
from tocsin.config.secret import Secret
from tocsin.config.settings import (
    AlarmSettings,
    ArchiveSettings,
    AuthSettings,
    Config,
    ConsoleSettings,
    HeartbeatSettings,
    HttpSettings,
    MailSettings,
    OperatorSettings,
    RecorderSettings,
    RequestLimits,
    RuleSettings,
    S3Settings,
    ServerSettings,
    SmtpSettings,
    SourceSettings,
    SqsSettings,
    TrailSettings,
)
from tocsin.config.table import ENTRIES, ENTRY_PROBLEMS, SETTINGS
from tocsin.core.finding import Finding, Severity
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.config.setting import Setting

_USERS = "console.users"
_MOST_TEXT = 1024 * 1024
_TOML_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)\Z|\s*\(at end of document\)\Z")


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
    path = config_file(path, folder=folder)
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
    entries = {name: values.pop(name, ()) for name in ENTRIES}
    for dotted, value in values.items():
        table, _, name = dotted.partition(".")
        tables.setdefault(table, {})[name] = value
    limits = tables.get("limits", {})
    reading = {name: limits.pop(name) for name in Limits.__struct_fields__ if name in limits}
    return Config(
        limits=msgspec.structs.replace(DEFAULT_LIMITS, **reading),
        requests=RequestLimits(**limits),
        alarm=AlarmSettings(**tables.get("alarm", {})),
        insights=InsightRules(**tables.get("insights", {})),
        rules=RuleSettings(**tables.get("rules", {})),
        server=ServerSettings(**tables.get("server", {})),
        auth=AuthSettings(**tables.get("auth", {})),
        console=ConsoleSettings(**tables.get("console", {})),
        archive=ArchiveSettings(**tables.get("archive", {})),
        http=HttpSettings(**tables.get("http", {})),
        sqs=SqsSettings(**tables.get("sqs", {})),
        s3=S3Settings(**tables.get("s3", {})),
        trail=TrailSettings(**tables.get("trail", {})),
        recorder=RecorderSettings(**tables.get("recorder", {})),
        smtp=SmtpSettings(**_fields(tables.get("smtp", {}))),
        mail=MailSettings(**tables.get("mail", {})),
        operator=OperatorSettings(**tables.get("operator", {})),
        heartbeat=HeartbeatSettings(**tables.get("heartbeat", {})),
        source=tuple(SourceSettings(**one) for one in entries["source"]),
        notifier=tuple(NotifierSettings(**one) for one in entries["notifier"]),
        origins=origins,
    )


# Keys that are words of Python, and what the fields for them are called.
_FIELDS = {"from": "sender"}


def _fields(members: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELDS.get(name, name): value for name, value in members.items()}


def variable_of(dotted: str) -> str:
    """The variable that overrides a setting."""
    return VARIABLE_START + dotted.replace(".", "_").upper()


def entries_in_force(config: Config) -> Iterator[tuple[str, dict[str, Any]]]:
    """What stands several times, as `[[source]]`: the name of the table, and its settings without secrets."""
    for name in ENTRIES:
        for entry in getattr(config, name):
            members = msgspec.structs.asdict(entry).items()
            yield name, {key: value.shown if isinstance(value, Secret) else value for key, value in members}


class SettingInForce(NamedTuple):
    """A setting with its value and where that came from: `default` where nobody said anything.

    `unset` says what holds where the value is none.
    """

    name: str
    value: object
    origin: str
    unset: str

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return self.value not in (None, "") and not (self.value == () and self.origin == "default")

    @property
    def toml(self) -> str:
        """The line of the file that sets it so."""
        # A JSON text, number, truth value or list of these is TOML as well.
        return f"{self.name} = {msgspec.json.encode(self.value).decode()}"


def settings_in_force(config: Config) -> Iterator[SettingInForce]:
    """Every setting, in the order of the names."""
    for dotted in sorted(SETTINGS):
        table, _, name = dotted.partition(".")
        if table == "limits":
            held: object = config.limits if name in Limits.__struct_fields__ else config.requests
        else:
            held = getattr(config, table)
        value = getattr(held, _FIELDS.get(name, name))
        value = value.shown if isinstance(value, Secret) else value
        yield SettingInForce(dotted, value, config.origins.get(dotted, "default"), SETTINGS[dotted].unset)


def check_config(path: Path) -> list[Finding]:
    """Everything that is wrong with a settings file, in the order of its lines; nothing when it can be used.

    A file of people that `console.users` names is looked at as well, and `path` may be such a file itself; no other
    file is read, and no network is needed. Raises `NotFoundError` when there is no such file.
    """
    import tomllib

    from tocsin.config.console_users import check_users, is_users_document

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
    if is_users_document(document, {name.partition(".")[0] for name in (*SETTINGS, *ENTRIES)}):
        return check_users(path)
    values: dict[str, Any] = {}
    findings = [
        _finding(path, *_place_of(trouble.key, text), name=trouble.name, message=trouble.message, hint=trouble.hint)
        for trouble in _troubles(document, (), values)
    ]
    people = values.get(_USERS)
    if people is not None:
        try:
            findings += check_users(Path(people))
        except NotFoundError as error:
            # It may well be there where the service runs.
            warning = _finding(
                path,
                *_place_of(tuple(_USERS.split(".")), text),
                name="unreadable",
                message=f"{_USERS} is not checked: {error.message}",
                hint="a path that is not absolute is looked for in the working folder",
            )
            findings.append(msgspec.structs.replace(warning, severity=Severity.WARNING))
    return sorted(findings, key=lambda finding: (finding.path != str(path), finding.line, finding.column))


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
        setting = SETTINGS.get(dotted)
        if setting is not None:
            read = setting.read(value)
            if read is None:
                yield _bad_value(key, dotted, value, setting)
            else:
                values[dotted] = read
        elif dotted in ENTRIES:
            yield from _entry_troubles(dotted, value, values)
        elif not _is_table(dotted):
            yield _unknown(key)
        elif isinstance(value, dict):
            yield from _troubles(value, key, values)
        else:
            example = next(setting for setting in SETTINGS if setting.startswith(f"{dotted}."))
            yield _Trouble(
                key=key,
                name="bad-value",
                message=f"{dotted} is a table of settings, not a value",
                hint=f"write [{dotted}] on a line and its settings below, for example "
                f"{example.rpartition('.')[2]} = {SETTINGS[example].example}",
            )


def _entry_troubles(name: str, value: object, values: dict[str, Any]) -> Iterator[_Trouble]:
    """What is wrong with the entries of a table that may stand several times. Good ones are put into `values`."""
    members = ENTRIES[name]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        yield _Trouble(
            key=(name,),
            name="bad-value",
            message=f"{name} is a list of tables",
            hint=f"write [[{name}]] on a line and its settings below",
        )
        return
    good: list[dict[str, Any]] = []
    for place, entry in enumerate(value):
        above = (name, f"[{place}]")
        read: dict[str, Any] = {}
        for member, given in entry.items():
            setting = members.get(member)
            found = None if setting is None else setting.read(given)
            if setting is None:
                close = _near(member.lower(), members, likeness=0.6)
                hint = f"did you mean {close[0]}?" if close else f"known in [[{name}]]: {', '.join(members)}"
                message = f"there is no setting {name}.{member}"
                yield _Trouble(key=(*above, member), name="unknown-key", message=message, hint=hint)
            elif found is None:
                yield _bad_value((*above, member), f"{name}.{member}", given, setting)
            else:
                read[member] = found
        missing = [member for member, setting in members.items() if setting.is_needed and member not in entry]
        if missing:
            yield _Trouble(
                key=above,
                name="missing-key",
                message=f"[[{name}]] has no {' and no '.join(missing)}",
                hint="; ".join(f"for example {member} = {members[member].example}" for member in missing),
            )
        elif len(read) == len(entry):
            check = ENTRY_PROBLEMS.get(name)
            problem = None if check is None else check(read)
            if problem is None:
                good.append(read)
            else:
                member, message, hint = problem
                yield _Trouble(key=(*above, member), name="bad-value", message=message, hint=hint)
    values[name] = good


def _is_table(dotted: str) -> bool:
    return any(setting.startswith(f"{dotted}.") for setting in SETTINGS)


def _bad_value(key: tuple[str, ...], dotted: str, value: object, setting: Setting) -> _Trouble:
    return _Trouble(
        key=key,
        name="bad-value",
        message=f"{dotted} is {setting.kind}" + ("" if setting.is_secret else f", not {_shown(value)}"),
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
    every = (*SETTINGS, *ENTRIES)
    names = sorted({setting[len(above) :].split(".")[0] for setting in every if setting.startswith(above)})
    close = _near(key[-1].lower(), names, likeness=0.6)
    # `record` written outside of [limits]: the right name in the wrong table.
    elsewhere = [setting for setting in sorted(SETTINGS) if setting.rpartition(".")[2] == key[-1]]
    if close:
        hint = f"did you mean {above}{close[0]}?"
    elif elsewhere:
        hint = f"did you mean {elsewhere[0]}?"
    else:
        hint = f"known {'in ' + above[:-1] if above else 'here'}: {', '.join(names)}"
    return _Trouble(key=key, name="unknown-key", message=f"there is no setting {dotted}", hint=hint)


def _near(word: str, names: Iterable[str], *, likeness: float) -> list[str]:
    """The one of `names` that is most like `word`, if one is enough so."""
    from difflib import get_close_matches  # it is words with mistakes that need it

    return get_close_matches(word, list(names), n=1, cutoff=likeness)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that variables give. A name that is nearly that of a setting is an error, not ignored."""
    variables = {variable_of(dotted): dotted for dotted in SETTINGS}
    tables = {f"{VARIABLE_START}{dotted.partition('.')[0].upper()}_" for dotted in SETTINGS}
    values: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(VARIABLE_START):
            continue
        dotted = variables.get(name, "")
        if not dotted:
            close = _near(name, variables, likeness=0.9)
            if close or name.startswith(tuple(tables)):
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(variables)}"
                msg = f"variable {name}: there is no such setting"
                raise ConfigError(msg, key=name, path="environment", hint=hint)
            continue
        setting = SETTINGS[dotted]
        read = setting.read(environ[name])
        if read is None:
            given = "" if setting.is_secret else f", not {_shown(environ[name])}"
            msg = f"variable {name}: {dotted} is {setting.kind}{given}"
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
