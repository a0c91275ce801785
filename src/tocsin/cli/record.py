"""`tocsin record` and `tocsin record sign-in`. Spec: IF-8."""

from __future__ import annotations

from pathlib import Path  # the signature is read at run time
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from tocsin.cli.failure import DONE
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.signature import Parameter
from tocsin.config import load_config
from tocsin.errors import InputError

if TYPE_CHECKING:
    from tocsin.config import Config

_EXTRA = "pip install 'tocsin[server]' brings them"


class SinkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where records go."""

    ndjson: Annotated[str | None, Parameter(name="--ndjson", metavar="FILE", group="Records")] = None
    """Append each record to this file as one line, at once; - is standard output (default: that, if none is given)."""

    archive: Annotated[Path | None, Parameter(name="--archive", metavar="DIR", group="Records")] = None
    """Write log files in CloudTrail's layout into this folder, every five minutes and at the end (default: none)."""

    server: Annotated[str | None, Parameter(name="--server", metavar="URL", group="Records")] = None
    """Hand records to a running tocsin serve, whose trails deliver them (default: none)."""


_NO_SINKS = SinkOptions()


def record(
    *,
    upstream: Annotated[str, Parameter(name="--upstream", metavar="URL", group="Passing on")],
    host: Annotated[str, Parameter(name="--host", metavar="ADDRESS", group="Passing on")] = "127.0.0.1",
    port: Annotated[int, Parameter(name="--port", metavar="N", group="Passing on")] = 4591,
    ca_bundle: Annotated[Path | None, Parameter(name="--ca-bundle", metavar="FILE", group="Passing on")] = None,
    sinks: SinkOptions = _NO_SINKS,
    data_events: Annotated[bool, Parameter(name="--data-events", group="Records")] = False,
    credentials: Annotated[Path | None, Parameter(name="--credentials", metavar="FILE", group="Who calls")] = None,
    unknown_keys: Annotated[
        Literal["user", "unknown"], Parameter(name="--unknown-keys", metavar="WORD", group="Who calls")
    ] = "user",
    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR", group="Who calls")] = None,
    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Settings")] = None,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Pass API calls on to any AWS-compatible endpoint, unchanged, and write a CloudTrail record of each.

    Point clients at it: AWS_ENDPOINT_URL=http://127.0.0.1:4591. It answers /_tocsin/health and /_tocsin/metrics
    itself, and ends on Ctrl-C or SIGTERM.

    Parameters
    ----------
    upstream
        The endpoint that calls are passed on to: scheme, host and port.
    host
        The address to listen on (default: 127.0.0.1, this machine alone).
    port
        The port to listen on; 0 takes a free one (default: 4591).
    ca_bundle
        Certificates in PEM that an https upstream or server is trusted by, besides those of this machine (default:
        AWS_CA_BUNDLE).
    data_events
        Record data events too, such as GetObject and Invoke (default: management events alone).
    credentials
        A TOML file that says whose access keys are; that of auth.credentials will do (default: none).
    unknown_keys
        What other keys are: user, an IAM user of the key's name, or unknown (default: user).
    data
        The folder where it keeps whose keys STS and IAM have handed out (default: tocsin in your data folder).
    config
        Take settings from this file (default: tocsin.toml in the working folder, if there is one).

    Examples
    --------
    tocsin record --upstream http://127.0.0.1:5000
        records on standard output, one a line

    tocsin record --upstream http://127.0.0.1:4566 --archive ./trail
        log files as CloudTrail writes them

    tocsin record --upstream http://127.0.0.1:9000 --ndjson calls --data-events
        into a file, object calls too

    tocsin record --upstream http://127.0.0.1:5000 --server http://127.0.0.1:4590
        to the trails of a running service
    """
    if not 0 <= port <= 65_535:
        raise InputError(f"--port: {port} is no port", hint="a port is a number from 0 to 65535")
    chosen = _with_data(load_config(config, invocation.environ), data)
    _require_extra()
    asked = _asked_for(sinks)
    plan = invocation.use_cases.plan_recorder(
        chosen,
        invocation.environ,
        upstream=upstream,
        host=host,
        port=port,
        sinks=asked,
        credentials=credentials,
        unknown_keys=unknown_keys,
        data_events=data_events,
        ca_bundle=ca_bundle,
    )
    error = invocation.terminal.error

    def announce(address: str) -> None:
        error.write(
            f"Tocsin records calls to {address}, and passes them on to {plan.upstream.url}\n"
            f"  records  {_shown(asked)}\n"
            f"  health   {address}/_tocsin/health\n"
            f"  try      AWS_ENDPOINT_URL={address} aws iam list-users\n"
        )
        error.flush()

    invocation.use_cases.record(plan, announce=announce)
    return DONE


def sign_in(
    *,
    user: Annotated[str | None, Parameter(name="--user", metavar="NAME", group="Who")] = None,
    root: Annotated[bool, Parameter(name="--root", group="Who")] = False,
    role: Annotated[str | None, Parameter(name="--role", metavar="ARN", group="Who")] = None,
    failure: Annotated[
        Literal["password", "unknown-user"] | None, Parameter(name="--failure", metavar="WHY", group="How")
    ] = None,
    no_mfa: Annotated[bool, Parameter(name="--no-mfa", group="How")] = False,
    account: Annotated[str | None, Parameter(name="--account", metavar="ID", group="Who")] = None,
    region: Annotated[str | None, Parameter(name="--region", metavar="NAME", group="How")] = None,
    sinks: SinkOptions = _NO_SINKS,
    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Settings")] = None,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Make the record of a console sign-in, for tests and demonstrations: no API call stands behind it.

    Parameters
    ----------
    user
        The user who signs in (default: alice).
    root
        The root user signs in (default: a user).
    role
        Somebody signs in through a role, by its ARN (default: a user).
    failure
        Why it fails: password or unknown-user (default: it succeeds).
    no_mfa
        Without multi-factor authentication (default: with it).
    account
        The account (default: server.account).
    region
        The region of the sign-in endpoint (default: server.region).
    config
        Take settings from this file (default: tocsin.toml in the working folder, if there is one).

    Examples
    --------
    tocsin record sign-in --failure password --server http://127.0.0.1:4590
        a failure, to the trails of a running service

    tocsin record sign-in --root --no-mfa --ndjson records.ndjson
        the root user, into a file
    """
    if sum((user is not None, root, role is not None)) > 1:
        raise InputError("--user, --root and --role: one of them says who it is")
    if failure == "unknown-user" and (root or role is not None):
        raise InputError("--failure unknown-user: the root user and roles are known", hint="it goes with --user")
    if account is not None and not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise InputError(f"--account: {account} is no account", hint="an account has 12 digits")
    _require_extra()
    invocation.use_cases.record_sign_in(
        load_config(config, invocation.environ),
        sinks=_asked_for(sinks),
        user=user,
        root=root,
        role=role,
        failure=failure,
        has_mfa=not no_mfa,
        account=account,
        region=region,
    )
    return DONE


def _with_data(config: Config, data: Path | None) -> Config:
    if data is None:
        return config
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, data=str(data)))


def _asked_for(sinks: SinkOptions) -> dict[str, Any]:
    """The sinks that were asked for; standard output where none was."""
    asked = {name: value for name, value in msgspec.structs.asdict(sinks).items() if value is not None}
    return asked or {"ndjson": "-"}


def _shown(sinks: dict[str, Any]) -> str:
    return ", ".join("on standard output" if value == "-" else str(value) for value in sinks.values())


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("botocore", "httptools", "structlog") if find_spec(name) is None]
    if missing:
        raise InputError(f"tocsin record needs {', '.join(missing)}", hint=_EXTRA)
