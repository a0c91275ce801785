"""`tocsin serve` and `tocsin backup`: the live service. Spec: IF-7, IF-9."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # the signature is read at run time
from typing import TYPE_CHECKING, Annotated

import msgspec

from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.signature import Parameter
from tocsin.config import entries_in_force, load_config, settings_in_force
from tocsin.config.smtp_url import read_smtp_url
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.composition.server_settings import ServerPlan
    from tocsin.config import Config, SettingInForce

_EXTRA = "pip install 'tocsin[server]' brings them"


def serve(
    *,
    host: Annotated[str | None, Parameter(name="--host", metavar="ADDRESS", group="Listening")] = None,
    port: Annotated[int | None, Parameter(name="--port", metavar="N", group="Listening")] = None,
    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR", group="Data")] = None,
    smtp: Annotated[str | None, Parameter(name="--smtp", metavar="URL", group="Mail")] = None,
    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Settings")] = None,
    print_config: Annotated[bool, Parameter(name="--print-config", group="Settings")] = False,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Serve CloudWatch Logs, CloudWatch, CloudTrail, SNS and STS to AWS clients, with alarms on the clock.

    Point any client at it: AWS_ENDPOINT_URL=http://127.0.0.1:4590 aws logs describe-log-groups. On loopback no keys
    are checked; on any other address access keys are needed. It ends on Ctrl-C or SIGTERM.

    Parameters
    ----------
    host
        The address to listen on (default: 127.0.0.1, this machine alone).
    port
        The port to listen on; 0 takes a free one (default: 4590).
    data
        The folder for everything that lasts (default: tocsin in your data folder).
    smtp
        The mail server to send through, as smtp://USER@HOST:PORT or smtps://… ; a password is better kept in the
        setting smtp.password (default: none, mails are kept for tocsin mailbox).
    config
        Take settings from this file (default: tocsin.toml in the working folder, if there is one).
    print_config
        Show every setting that is in force and where it came from, and end (default: serve).

    Examples
    --------
    tocsin serve
        on http://127.0.0.1:4590

    tocsin serve --port 0 --data ./data
        on a free port, with a folder of its own

    tocsin serve --smtp smtp://mail.example.com:587
        mails through a server

    tocsin serve --print-config
        what is in force, and why
    """
    chosen = _with_flags(load_config(config, invocation.environ), host=host, port=port, data=data)
    if smtp is not None:
        chosen = _with_smtp(chosen, smtp)
    output = invocation.terminal.output
    if print_config:
        for setting in settings_in_force(chosen):
            output.write(_line_of(setting))
        for name, entry in entries_in_force(chosen):
            lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in entry.items()]
            output.write("\n".join((f"\n[[{name}]]", *lines)) + "\n")
        return DONE
    _require_extra()
    plan = invocation.use_cases.plan_server(chosen, invocation.environ)

    def announce(address: str) -> None:
        output.write(
            f"Tocsin listens on {address}\n"
            f"  data    {'in memory' if chosen.server.store == 'memory' else plan.data}\n"
            f"  keys    {_KEYS[plan.mode.value]}\n"
            f"  mail    {_mail_of(plan)}\n"
            f"  health  {address}/_tocsin/health\n"
            f"  console {address}/console ({_console_of(plan)})\n"
            f"  try     AWS_ENDPOINT_URL={address} aws logs describe-log-groups\n"
        )
        output.flush()

    invocation.use_cases.serve(plan, announce=announce)
    return DONE


def _line_of(setting: SettingInForce) -> str:
    """A setting as it would stand in the file, and where it came from."""
    if not setting.is_set:
        return f"# {setting.name} is not set: {setting.unset.replace('`', '')}\n"
    return f"{setting.toml}  # {setting.origin}\n"


_KEYS = {
    "off": "not checked (this machine alone can connect)",
    "known": "must be known; signatures are not checked",
    "strict": "must be known, and signatures must be right",
}


def _with_flags(config: Config, *, host: str | None, port: int | None, data: Path | None) -> Config:
    given = {"host": host, "port": port, "data": None if data is None else str(data)}
    flags = {name: value for name, value in given.items() if value is not None}
    if port is not None and not 0 <= port <= 65_535:
        raise InputError(f"--port: {port} is no port", hint="a port is a number from 0 to 65535")
    origins = {**config.origins, **{f"server.{name}": f"--{name}" for name in flags}}
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, **flags), origins=origins)


def with_data(config: Config, data: Path | None) -> Config:
    """The settings for the data folder that a call names, if it names one."""
    return _with_flags(config, host=None, port=None, data=data)


def _with_smtp(config: Config, text: str) -> Config:
    url = read_smtp_url(text)
    if url is None:
        raise InputError(
            "--smtp: this is no address of a mail server", hint="for example smtp://alerts@mail.example.com:587"
        )
    origins = {**config.origins, "smtp.url": "--smtp"}
    return msgspec.structs.replace(config, smtp=msgspec.structs.replace(config.smtp, url=url), origins=origins)


def _console_of(plan: ServerPlan) -> str:
    """Who may use the console."""
    return "asks for name and password" if plan.users else "asks for no password"


def _mail_of(plan: ServerPlan) -> str:
    """Where mails go."""
    if plan.mail_server is not None:
        return f"sent through {plan.mail_server.place}"
    return "kept in memory" if plan.config.server.store == "memory" else "kept here: tocsin mailbox shows it"


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("botocore", "uvicorn", "structlog") if find_spec(name) is None]
    if missing:
        raise InputError(f"tocsin serve needs {', '.join(missing)}", hint=_EXTRA)


def backup(
    folder: Annotated[Path, Parameter(name="DIR")],
    /,
    *,
    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR", group="Data")] = None,
    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Settings")] = None,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Copy the data of the live service, also while it runs; the copy is of one moment.

    To restore, stop the service and start it with --data on a copy of that folder.

    Parameters
    ----------
    folder
        The folder for the copy; it is made, and must not hold a database yet.
    data
        The folder of the service (default: tocsin in your data folder, or what the settings say).
    config
        Take settings from this file (default: tocsin.toml in the working folder, if there is one).

    Examples
    --------
    tocsin backup /var/backups/tocsin/2026-03-01
        a copy of the default data folder

    tocsin backup ./copy --data ./data
        a copy of another one
    """
    chosen = with_data(load_config(config, invocation.environ), data)
    copied = invocation.use_cases.back_up(chosen, invocation.environ, folder)
    invocation.terminal.output.write(f"copied {copied.size:,} bytes to {copied.path}\n")
    return DONE
