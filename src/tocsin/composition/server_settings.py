"""What `tocsin serve` runs with: settings put together and checked. Spec: IF-7, IF-9, WIRE-5.6.

Rule: everything that can be known before anything is opened is checked here, with the remedy.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tocsin.archive.s3 import S3Access
from tocsin.composition.channels import Channel, plan_channels
from tocsin.composition.console_password import PlannedUser, plan_users
from tocsin.composition.credentials_file import read_credentials
from tocsin.composition.data_folder import DATABASE, data_folder
from tocsin.composition.mail import plan_mail
from tocsin.composition.object_store import ServiceKeys, plan_buckets, plan_keys
from tocsin.composition.operator_channel import HeartbeatPlan, OperatorPlan, plan_heartbeat, plan_operator
from tocsin.config import Config
from tocsin.config.smtp_url import SmtpAddress
from tocsin.errors import ConfigError
from tocsin.wire.authentication import AccessKey, AuthMode

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is about to be started."""

    config: Config
    data: Path
    mode: AuthMode
    keys: dict[str, AccessKey]
    public_url: str
    channels: tuple[Channel, ...] = ()
    mail_server: SmtpAddress | None = None
    operator: OperatorPlan | None = None
    heartbeat: HeartbeatPlan | None = None
    service_keys: ServiceKeys = ServiceKeys()
    buckets: S3Access | None = None
    users: tuple[PlannedUser, ...] = ()

    def listening_on(self, port: int) -> ServerPlan:
        """The plan with the port that was found to be free, where the settings leave that open."""
        server = msgspec.structs.replace(self.config.server, port=port)
        config = msgspec.structs.replace(self.config, server=server)
        return msgspec.structs.replace(self, config=config, public_url=_public_url(config))

    @property
    def database(self) -> Path:
        """The database in the data folder."""
        return self.data / DATABASE


def is_loopback(host: str) -> bool:
    """Whether a host is reached from this machine alone."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def plan_server(config: Config, environ: Mapping[str, str]) -> ServerPlan:
    """Check the settings of a server.

    Raises:
        ConfigError: they do not go together.
        NotFoundError: a file that they name is not there.
    """
    server, auth = config.server, config.auth
    local = is_loopback(server.host)
    mode = AuthMode(auth.mode) if auth.mode else (AuthMode.OFF if local else AuthMode.STRICT)
    if mode is AuthMode.OFF and not local:
        raise ConfigError(
            f"auth.mode is off, and server.host is {server.host}, which others can reach",
            key="auth.mode",
            hint='set auth.mode = "strict" and auth.credentials, or listen on 127.0.0.1',
        )
    keys = read_credentials(Path(auth.credentials)) if auth.credentials else {}
    if mode is not AuthMode.OFF and not keys:
        raise ConfigError(
            f"auth.mode is {mode.value}, and there are no access keys",
            key="auth.credentials",
            hint="auth.credentials names a TOML file with a table for each access key: secret and arn",
        )
    if bool(server.tls_cert) != bool(server.tls_key):
        raise ConfigError("server.tls_cert and server.tls_key belong together", key="server.tls_cert")
    for root in config.archive.roots:
        if not Path(root).is_dir():
            raise ConfigError(f"archive.roots: there is no folder {root}", key="archive.roots")
    users = plan_users(config, environ)
    if not users and not local:
        raise ConfigError(
            f"the console has no password, and server.host is {server.host}, which others can reach",
            key="console.password",
            hint="set console.password, for example to env:CONSOLE_PASSWORD, or console.users, or listen on 127.0.0.1",
        )
    service_keys = plan_keys(config, environ)
    return ServerPlan(
        config=config,
        data=data_folder(config, environ),
        mode=mode,
        keys=keys,
        public_url=_public_url(config),
        channels=plan_channels(config, environ),
        mail_server=plan_mail(config, environ),
        operator=plan_operator(config, environ),
        heartbeat=plan_heartbeat(config, environ),
        service_keys=service_keys,
        buckets=plan_buckets(config, service_keys),
        users=users,
    )


def _public_url(config: Config) -> str:
    server = config.server
    scheme = "https" if server.tls_cert else "http"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return server.public_url.rstrip("/") or f"{scheme}://{host}:{server.port}"
