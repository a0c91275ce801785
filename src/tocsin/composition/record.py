"""`tocsin record`: the one place where the recorder is put together, started and stopped. Spec: IF-8, REC-1, REC-16.

Rule: what is wrong with the call is said before anything listens. On the way out calls end, then records are
written, then sinks hand over what they have.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sqlite3
import ssl
import sys
import uuid
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.counters import Counters
from tocsin.clock import SystemClock
from tocsin.composition.data_folder import data_folder
from tocsin.composition.listening import address_of, listening
from tocsin.composition.server_settings import is_loopback
from tocsin.composition.telemetry import configure_log, log
from tocsin.config import Config
from tocsin.core.identity import (
    IdentityBook,
    Issuer,
    Kind,
    Principal,
    Session,
    UnknownKeys,
    principal_of_arn,
)
from tocsin.core.scope import Scope
from tocsin.core.sign_in import SignIn, SignInFailure, sign_in_record
from tocsin.errors import ConfigError, InputError
from tocsin.recorder.archive_sink import ArchiveSink
from tocsin.recorder.key_file import read_key_file
from tocsin.recorder.learned_keys import LearnedKeys
from tocsin.recorder.ndjson_sink import NdjsonSink
from tocsin.recorder.page import RecorderPages
from tocsin.recorder.proxy import Proxy
from tocsin.recorder.record_queue import RecordQueue
from tocsin.recorder.recording import RecordMaker
from tocsin.recorder.server_sink import ServerSink
from tocsin.recorder.upstream import Upstream, read_upstream
from tocsin.wire.model import ServiceModels

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from tocsin.app.metrics_page import Gauge
    from tocsin.clock import Clock
    from tocsin.core.identity import Lesson
    from tocsin.recorder.record_queue import Sink

_DRAIN_SECONDS: Final = 20.0
"""Seconds in which records that wait are written when the recorder stops."""

_FORGET_EVERY: Final = 600.0
_SWITCH_INTERVAL: Final = 0.0005
"""As in `tocsin serve`: the thread that makes records must not keep calls waiting."""


class SinkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Where records are to go: a file of lines (`-` for standard output), an archive, a server."""

    ndjson: str | None = None
    archive: Path | None = None
    server: str | None = None


class RecorderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A recorder that is about to be started."""

    config: Config
    upstream: Any  # an Upstream; msgspec would look at its type
    host: str
    port: int
    sinks: SinkPlan
    data: Path
    account: str
    keys: dict[str, Principal]
    unknown_keys: UnknownKeys
    data_events: bool
    ca_bundle: Path | None = None


def plan_recorder(
    config: Config,
    environ: Mapping[str, str],
    *,
    upstream: str,
    host: str,
    port: int,
    sinks: Mapping[str, Any],
    credentials: Path | None,
    unknown_keys: str,
    data_events: bool,
    ca_bundle: Path | None,
) -> RecorderPlan:
    """Check what a recorder is called with; `sinks` are the members of a `SinkPlan`.

    Raises:
        InputError: something of it cannot be used.
    """
    ca_bundle = ca_bundle or (Path(environ["AWS_CA_BUNDLE"]) if environ.get("AWS_CA_BUNDLE") else None)
    server = config.server
    if bool(server.tls_cert) != bool(server.tls_key):
        raise ConfigError("server.tls_cert and server.tls_key belong together", key="server.tls_cert")
    keys: dict[str, Principal] = {}
    account = server.account
    if credentials is not None:
        found = read_key_file(credentials, account=account, at=SystemClock().now())
        keys, account = found.keys, found.account or account
    target = read_upstream(upstream, ca_bundle=ca_bundle)
    if port and target.port == port and (target.host == host or (is_loopback(target.host) and is_loopback(host))):
        raise InputError(
            f"--upstream: {upstream} is where the recorder itself would listen", hint="--port chooses another port"
        )
    return RecorderPlan(
        config=config,
        upstream=target,
        host=host,
        port=port,
        sinks=SinkPlan(**sinks),
        data=data_folder(config, environ),
        account=account,
        keys=keys,
        unknown_keys=UnknownKeys(unknown_keys),
        data_events=data_events,
        ca_bundle=ca_bundle,
    )


class Recorder:
    """The parts of a recorder that has been put together."""

    def __init__(self, plan: RecorderPlan, *, clock: Clock) -> None:
        """Raises InputError where a sink or the data folder cannot be used."""
        self._plan = plan
        self._clock = clock
        self._log = log("recorder")
        self.counters = Counters()
        self._kept = LearnedKeys(plan.data)
        self._book = IdentityBook(account=plan.account, configured=plan.keys, unknown=plan.unknown_keys)
        for lesson in self._kept.lessons():
            self._book.remember(lesson)
        self._book.forget_ended(clock.now())
        self._forget_at = clock.monotonic() + _FORGET_EVERY
        recorder = plan.config.recorder
        upstream: Upstream = plan.upstream
        maker = RecordMaker(
            ServiceModels(),
            self._book,
            counters=self.counters,
            new_id=lambda: str(uuid.uuid4()),
            log=self._log,
            region=plan.config.server.region,
            data_events=plan.data_events,
            trusted_proxies=recorder.trusted_proxies,
            s3_hosts=recorder.s3_hosts or (upstream.host,),
            assume_s3=recorder.assume_s3,
            learned=self._keep,
        )
        self._sinks = open_sinks(
            plan.sinks, plan.config, counters=self.counters, clock=clock, log=self._log, ca_bundle=plan.ca_bundle
        )
        self._queue = RecordQueue(
            maker, self._sinks, counters=self.counters, clock=clock, log=self._log, housekeeping=self._forget
        )
        self._proxy: Proxy | None = None

    async def run(
        self, listener: socket.socket, stop: asyncio.Event, *, tls: ssl.SSLContext | None, ready: Callable[[], None]
    ) -> None:
        """Pass on and record until told to stop."""
        self._queue.start()
        pages = RecorderPages(
            self.counters,
            facts={"upstream": self._plan.upstream.url, "sinks": [sink.name for sink in self._sinks]},
            problems=lambda: [sink.problem for sink in self._sinks if sink.problem],
            gauges=self._gauges,
        )
        proxy = Proxy(
            self._plan.upstream,
            limits=self._plan.config.requests,
            clock=self._clock,
            counters=self.counters,
            pages=pages,
            take=self._queue.put,
            log=self._log,
        )
        await proxy.listen(listener, tls=tls)
        ready()
        await stop.wait()
        await proxy.stop()

    def close(self) -> None:
        """Write what waits, and let go of everything."""
        self._queue.close(within=_DRAIN_SECONDS)
        self._kept.close()

    def _gauges(self) -> dict[str, Gauge]:
        return {
            "records_waiting": ("Calls that wait for their record.", self._queue.waiting),
            "keys_known": ("Access keys that were learned.", len(self._book)),
        }

    def _keep(self, lesson: Lesson) -> None:
        """Keep what was learned; without that it is forgotten with the process."""
        try:
            self._kept.keep(lesson)
        except sqlite3.Error as error:
            self.counters.add("key_store_failures")
            self._log.error("learned-keys-not-kept", reason=str(error))

    def _forget(self) -> None:
        now = self._clock.monotonic()
        if now < self._forget_at:
            return
        self._forget_at = now + _FORGET_EVERY
        at = self._clock.now()
        self._book.forget_ended(at)
        try:
            self._kept.forget_ended(at)
        except sqlite3.Error as error:
            self.counters.add("key_store_failures")
            self._log.error("learned-keys-not-kept", reason=str(error))


def open_sinks(
    plan: SinkPlan, config: Config, *, counters: Counters, clock: Clock, log: Any, ca_bundle: Path | None
) -> tuple[Sink, ...]:
    """Where records go. InputError where one of these cannot be used."""
    sinks: list[Sink] = []
    if plan.ndjson is not None:
        sinks.append(NdjsonSink(plan.ndjson, counters=counters, log=log))
    if plan.archive is not None:
        sinks.append(ArchiveSink(plan.archive, clock=clock, new_secret=secrets.token_bytes, counters=counters, log=log))
    if plan.server is not None:
        sinks.append(
            ServerSink(plan.server, region=config.server.region, counters=counters, log=log, ca_bundle=ca_bundle)
        )
    return tuple(sinks)


def record(plan: RecorderPlan, *, announce: Callable[[str], None]) -> None:
    """Pass calls on and record them until the process is told to stop.

    Raises:
        InputError: the address cannot be listened on, or a sink or the data folder cannot be used.
    """
    configure_log(is_terminal=sys.stderr.isatty())
    sys.setswitchinterval(_SWITCH_INTERVAL)
    tls = _tls(plan.config)
    with listening(plan.host, plan.port) as listener:
        recorder = Recorder(plan, clock=SystemClock())
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(_run(recorder, listener, tls, announce))
        finally:
            recorder.close()


async def _run(
    recorder: Recorder, listener: socket.socket, tls: ssl.SSLContext | None, announce: Callable[[str], None]
) -> None:
    stop = asyncio.Event()
    with _stopping(stop):
        ready = partial(announce, address_of(listener, is_tls=tls is not None))
        await recorder.run(listener, stop, tls=tls, ready=ready)


@contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    """Stop on the signals that end a process; the second one ends it at once."""
    loop = asyncio.get_running_loop()

    def take(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with suppress(ImportError):  # there is none for Windows
        import uvloop

        return uvloop.new_event_loop
    return None


def _tls(config: Config) -> ssl.SSLContext | None:
    server = config.server
    if not server.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(server.tls_cert, server.tls_key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or "these are no certificate and key"
        raise ConfigError(f"server.tls_cert, server.tls_key: {reason}", key="server.tls_cert") from None
    return context


def record_sign_in(
    config: Config,
    *,
    sinks: Mapping[str, Any],
    user: str | None,
    root: bool,
    role: str | None,
    failure: str | None,
    has_mfa: bool,
    account: str | None,
    region: str | None,
) -> dict[str, Any]:
    """Hand the record of one sign-in over; the record.

    Raises:
        InputError: nobody can sign in so, or the record could not be handed over.
    """
    clock = SystemClock()
    in_region = region or config.server.region
    scope = Scope(account or config.server.account, in_region)
    principal = _who_signs_in(scope, user=user, root=root, role=role, at=clock.now())
    made = sign_in_record(
        SignIn(
            principal=principal,
            region=in_region,
            at=clock.now(),
            event_id=str(uuid.uuid4()),
            source_address="127.0.0.1",
            has_mfa=has_mfa,
            failure=None if failure is None else SignInFailure(failure),
        )
    )
    counters = Counters()
    opened = open_sinks(SinkPlan(**sinks), config, counters=counters, clock=clock, log=_Silent(), ca_bundle=None)
    line = msgspec.json.encode(made)
    for sink in opened:
        sink.take(made, line)
        sink.close()
    problems = [sink.problem for sink in opened if sink.problem]
    if problems:
        raise InputError(f"the record was not handed over: {problems[0]}")
    return made


class _Silent:
    """A log that says nothing: what goes wrong is said at the end."""

    def info(self, event: str, **told: object) -> None:
        """Say nothing."""

    def error(self, event: str, **told: object) -> None:
        """Say nothing."""


def _who_signs_in(scope: Scope, *, user: str | None, root: bool, role: str | None, at: Any) -> Principal:
    start = f"arn:{scope.partition}:iam::{scope.account}"
    if root:
        return Principal(kind=Kind.ROOT, arn=f"{start}:root")
    if role is None:
        found = principal_of_arn(f"{start}:user/{(user or 'alice').lstrip('/')}")
        if found is None:
            raise InputError(f"--user: {user} is no name of a user")
        return found
    given = principal_of_arn(role)
    if given is None or given.kind not in {Kind.ROLE, Kind.ASSUMED_ROLE}:
        raise InputError(f"--role: {role} is no ARN of a role", hint="for example arn:aws:iam::111122223333:role/Admin")
    if given.kind is Kind.ASSUMED_ROLE:
        return msgspec.structs.replace(given, session=Session(created_at=at, issuer=_issuer_of(given)))
    partition, name = role.split(":", 2)[1], role.rpartition("/")[2]
    arn = f"arn:{partition}:sts::{given.account}:assumed-role/{name}/console"
    session = Session(created_at=at, issuer=Issuer(kind=Kind.ROLE, arn=role))
    return Principal(kind=Kind.ASSUMED_ROLE, arn=arn, session=session)


def _issuer_of(assumed: Principal) -> Issuer:
    from tocsin.core.identity.principal import role_arn_of

    return Issuer(kind=Kind.ROLE, arn=role_arn_of(assumed.arn))
