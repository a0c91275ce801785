"""`tocsin serve`: the one place where the live service is put together, started and stopped. Spec: IF-7, AR-7.

Rule: a background task that fails is started again, counted and reported; on the way out requests are finished,
and the database is folded up, within ten seconds.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import secrets
import sys
import threading
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from botocore import __version__ as botocore_version

from tocsin.api.service_table import require_sound, service_table
from tocsin.app.evaluator import Evaluator
from tocsin.app.housekeeping import Housekeeping
from tocsin.app.insight_watch import InsightWatch
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.session import find_session
from tocsin.app.unsubscribe_token import UnsubscribeTokens
from tocsin.clock import SystemClock
from tocsin.composition.archive_desk import make_archive_jobs
from tocsin.composition.audit_desk import AuditDesk
from tocsin.composition.audit_watch import AuditWatch
from tocsin.composition.call_identity import identity_of
from tocsin.composition.call_recording import CallRecorder
from tocsin.composition.channels import endpoints_of_topics, tell_missing_topics
from tocsin.composition.console_call import ConsoleApi
from tocsin.composition.console_setup import make_console
from tocsin.composition.console_stream import ConsoleStreams
from tocsin.composition.data_folder import BUCKETS, MAILBOX, held_data_folder
from tocsin.composition.delivery import DeliveryLoop
from tocsin.composition.digest_keys import DigestKeyFolder
from tocsin.composition.error_book import ErrorBook
from tocsin.composition.heartbeat import MOST_LAG, Heartbeat, Pulse
from tocsin.composition.installation import RunningInstallation
from tocsin.composition.kept_secret import kept_secret
from tocsin.composition.listening import AnnouncingServer, address_of, listening, stop_on_signal
from tocsin.composition.lookout import Lookout
from tocsin.composition.mail import make_mail_notifier, sender_of
from tocsin.composition.notifiers import ANYWHERE, make_notifiers
from tocsin.composition.object_store import make_object_store
from tocsin.composition.record_receiver import RecordReceiver
from tocsin.composition.request_rate import RequestRates
from tocsin.composition.server_app import ServerApp
from tocsin.composition.server_dispatch import Dispatcher
from tocsin.composition.server_page import ServerPages
from tocsin.composition.server_protocol import bounded_protocol
from tocsin.composition.server_settings import is_loopback
from tocsin.composition.signing_key import SigningKey
from tocsin.composition.sources import make_feeds
from tocsin.composition.telemetry import configure_log, log
from tocsin.composition.trail_loop import TrailLoop, TrailWatch, make_digests
from tocsin.console.subscription_page import SubscriptionPages
from tocsin.console.visit import ConsoleParts
from tocsin.errors import StoreError, TocsinError
from tocsin.notifiers.mailbox import MailboxFolder
from tocsin.notifiers.signature import MessageSigner
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore
from tocsin.wire.authentication import AccessKey, AuthenticationRules, Authenticator, AuthMode
from tocsin.wire.model import ServiceModels
from tocsin.wire.page_token import PageTokens
from tocsin.wire.web_guard import WebRules

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from tocsin.app.ports import Notifier
    from tocsin.app.store_port import Store
    from tocsin.clock import Clock
    from tocsin.composition.listening import Stops
    from tocsin.composition.operator_channel import HeartbeatPlan
    from tocsin.composition.server_settings import ServerPlan

_GRACE = 8
"""Seconds that requests get to end when the server is told to stop."""

_LAST_RESORT = 9.5
"""Seconds after which a server that was told to stop ends, whatever it is still waiting for."""

# A task that fails is started again after so many seconds, twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

_HOUSEKEEPING_EVERY = 2.0

# Seconds for which a thread that computes, such as housekeeping, may keep the others waiting. A request hands over
# to others a dozen times; with Python's 5 ms a busy server answered a third fewer of the small ones.
_SWITCH_INTERVAL = 0.0005

# glibc gives each thread a heap of its own, up to eight for each processor, and what is freed in one is not used by
# another: 20 MB more after 500,000 events. Two are enough, as Python's threads seldom allocate at once (mallopt(3)).
_M_ARENA_MAX, _ARENAS = -8, 2

_SELDOM = 86_400.0

# A store that failed a request is told of for so many seconds: on a disk that is nearly full small writes go well.
_STORE_FAILURE_TOLD = 10

# And of a clock that jumped for so many.
_CLOCK_JUMP_TOLD = 300


class RunningServer:
    """The parts of a server that has been put together."""

    def __init__(self, plan: ServerPlan, *, clock: Clock | None = None) -> None:
        config = plan.config
        self.plan = plan
        self.clock = clock or SystemClock()
        # A store in memory leaves nothing behind, its mails and buckets neither.
        self._passing = TemporaryDirectory(prefix="tocsin-") if config.server.store == "memory" else None
        self._folder = plan.data if self._passing is None else Path(self._passing.name)
        objects = make_object_store(
            plan.buckets, folder=self._folder / BUCKETS, creates=config.s3.create_buckets, clock=self.clock
        )
        self.store: Store = MemoryStore() if config.server.store == "memory" else _open_store(plan)
        self.service = Service(
            self.store,
            self.clock,
            new_id=lambda: str(uuid.uuid4()),
            new_secret=secrets.token_bytes,
            settings=ServiceSettings(
                public_url=plan.public_url,
                evaluation_range=config.alarm.evaluation_range,
                evaluation_delay=config.alarm.evaluation_delay,
                history_days=config.alarm.history_days,
                insights=config.insights,
                events_in_message=config.alarm.events_in_message,
                enrich_json=config.alarm.enrich_json,
                account=config.server.account,
                organization=config.server.organization,
                key_accounts={name: key.account for name, key in plan.keys.items()},
                channels=endpoints_of_topics(plan.channels),
                operator=None if plan.operator is None else plan.operator.endpoint,
                mail_unsubscribe=config.mail.unsubscribe,
                trail_delivery_interval=config.trail.delivery_interval,
                trail_digest_interval=config.trail.digest_interval,
                trail_log_time=config.trail.log_time,
            ),
            objects=objects,
            digest_keys=DigestKeyFolder(None if config.server.store == "memory" else plan.data, self.clock),
        )
        self.models = ServiceModels()
        tables = service_table()
        require_sound(tables, self.models)
        self.failing: dict[str, str] = {}
        self._clock_jump = (0.0, "")
        self._last_resort = threading.Timer(_LAST_RESORT, self._end_at_once)
        self._last_resort.daemon = True
        self._unrecorded = (0.0, "")  # when a call could not be recorded, and why
        self._store_failure = (0.0, "")  # when a request failed because of the store, and why
        self.evaluator = self.service.part(Evaluator)
        self.insights = self.service.part(InsightWatch)
        self._log = log("server")
        self.errors = ErrorBook(self.clock, self._log)
        self.feeds = make_feeds(config, self.service)
        is_open = plan.mode is AuthMode.OFF
        self.audit_watch = AuditWatch(self.service, log("audit"))
        self.lookout = Lookout(self.service, log("watch"), shows_names=is_open)
        self._delivery_turned_at = self.clock.monotonic()
        self.heartbeat = None if plan.heartbeat is None else self._make_heartbeat(plan.heartbeat, shows_names=is_open)
        self.signing_key = SigningKey(None if config.server.store == "memory" else plan.data, self.clock)
        self.signer = MessageSigner(self.signing_key, public_url=plan.public_url)
        self.unsubscribe_tokens = UnsubscribeTokens(kept_secret(self.store, "unsubscribe-token-key"))
        self.recorder = CallRecorder(
            self.service,
            identify=partial(identity_of, self.service),
            report=self._report_unrecorded,
            trusted_proxies=config.recorder.trusted_proxies,
        )
        authenticator = self._authenticator()
        page_tokens = PageTokens(kept_secret(self.store, "page-token-key"))
        dispatcher = Dispatcher(
            self.service,
            tables,
            models=self.models,
            authenticator=authenticator,
            page_tokens=page_tokens,
            most_unpacked=config.requests.body,
            most_metric_data=config.requests.metric_data_body,
            report=self.errors.report,
            store_failed=self._note_store_failure,
            recorder=self.recorder,
            rates=RequestRates(self.clock) if config.requests.throttle else None,
        )
        facts = {
            "botocore": botocore_version,
            "services": sorted(tables),
            "auth": plan.mode.value,
            "store": config.server.store,
        }
        pages = ServerPages(
            self.service,
            facts=facts,
            problems=self._problems,
            sources=lambda: [feed.state for feed in self.feeds],
            lag=self.lag,
            allows_reset=config.server.allow_reset,
            certificate=self.signing_key.certificate,
            subscriptions=SubscriptionPages(self.service, self.unsubscribe_tokens),
            watchers=[
                self.lookout,
                TrailWatch(self.service),
                self.audit_watch,
                *([self.heartbeat] if self.heartbeat is not None else ()),
            ],
            records=RecordReceiver(self.service, authenticator, self.models),
            before_reset=self.recorder.settle,
        )
        self.streams = ConsoleStreams(
            self.service, report=lambda error: self._log.error("console-signals-failed", exc_info=error)
        )
        self.archive = make_archive_jobs(self.service, config, self._folder, report=self._log.error)
        web_rules = WebRules(public_url=plan.public_url, hosts=config.server.hosts, origins=config.server.origins)
        audit = AuditDesk(self.service, self._log.info)
        self.console_api = ConsoleApi(
            self.service,
            tables,
            models=self.models,
            page_tokens=page_tokens,
            recorder=self.recorder,
            audit=audit,
        )
        self.console_parts = ConsoleParts(
            api=self.console_api,
            audit=audit,
            lag=self.lag,
            problems=self._problems,
            last_signal=self.streams.last_signal,
            region=config.server.region,
            installation=RunningInstallation(
                plan,
                started_at=self.clock.now(),
                facts=facts,
                states=lambda: [feed.state for feed in self.feeds],
                troubles=self.errors.newest,
                streams=lambda: self.streams.open,
            ),
            archive=self.archive,
            mailbox=MailboxFolder(self._folder / MAILBOX),
            mail_server="" if plan.mail_server is None else plan.mail_server.place,
        )
        console = make_console(
            self.service,
            plan,
            self.console_parts,
            rules=web_rules,
            secret=partial(kept_secret, self.store),
            report=self.errors.report,
            warn=self._log.warning,
        )
        self.app = ServerApp(
            dispatcher,
            pages,
            console,
            self.streams,
            models=self.models,
            limits=config.requests,
            web_rules=web_rules,
            guards_api=plan.mode is AuthMode.OFF,
            new_id=self.service.new_id,
        )

    def lag(self) -> float | None:
        """Seconds by which the evaluation of alarms is behind; None before the first run."""
        last = self.evaluator.last_instant
        if last is None:
            return None
        due = self.clock.now().timestamp() - self.plan.config.alarm.evaluation_delay
        return max(0.0, round(due - last, 1))

    def begin_to_stop(self) -> None:
        """From now on there are ten seconds left."""
        self.store.hurry()
        self.streams.end()
        self._last_resort.start()

    def close(self) -> None:
        """Finish what is being worked on, and let go of the store."""
        try:
            self.store.hurry()
            self.archive.close()
            self.app.close()
            self.recorder.close()
            self.store.close()
        finally:
            self._last_resort.cancel()
            if self._passing is not None:
                self._passing.cleanup()

    def _end_at_once(self) -> None:
        self._log.error("stopped-in-the-midst", reason="something that was being waited for did not end in time")
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(1)  # the store takes this as it takes a power cut: what was acknowledged is there (AR-5)

    def _authenticator(self) -> Authenticator:
        config = self.plan.config

        def session(access_key: str) -> AccessKey | None:
            found = find_session(self.service, access_key)
            if found is None:
                return None
            return AccessKey(
                secret=found.secret,
                account=found.account,
                principal_arn=found.principal_arn,
                token=found.token,
                expires_at=found.expires_at,
            )

        rules = AuthenticationRules(
            mode=self.plan.mode,
            account=config.server.account,
            region=config.server.region,
            skew=config.auth.skew,
        )
        return Authenticator(rules, self.plan.keys, session=session)

    def _make_heartbeat(self, plan: HeartbeatPlan, *, shows_names: bool) -> Heartbeat:
        pulse = Pulse(self.service, lag=self.lag, turned_at=lambda: self._delivery_turned_at)
        return Heartbeat(self.service, plan, pulse, ANYWHERE, log("heartbeat"), shows_names=shows_names)

    def _note_store_failure(self, error: StoreError) -> None:
        now = self.clock.monotonic()
        since, known = self._store_failure
        self._store_failure = now, error.message
        if error.message != known or now - since >= _STORE_FAILURE_TOLD:  # not each of a thousand requests
            self._log.error("store-failed", reason=error.message)

    def _note_jump(self, reason: str) -> None:
        self._clock_jump = self.clock.monotonic(), reason
        self._log.warning("clock-jumped", reason=reason)

    def _problems(self) -> list[str]:
        now = self.clock.monotonic()
        told = ((self._store_failure, _STORE_FAILURE_TOLD), (self._clock_jump, _CLOCK_JUMP_TOLD))
        problems = [reason for (since, reason), lasting in told if reason and now - since < lasting]
        problems += [f"{task}: {reason}" for task, reason in sorted(self.failing.items())]
        lag = self.lag()
        if lag is not None and lag > MOST_LAG:
            problems.append(f"the evaluation of alarms is {lag:.0f} seconds behind")
        return problems

    def _report_unrecorded(self, error: BaseException) -> None:
        now = self.clock.monotonic()
        since, known = self._unrecorded
        text = error.message if isinstance(error, TocsinError) else repr(error)
        if text != known or now - since >= _STORE_FAILURE_TOLD:  # the counter has them all
            self._unrecorded = now, text
            place = None if isinstance(error, TocsinError) else error
            self._log.error("call-not-recorded", reason=text, exc_info=place)

    # ------------------------------------------------------------ tasks

    async def run_tasks(self) -> None:
        """Evaluate alarms, keep house and deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._supervised("evaluator", self._evaluate))
            tasks.create_task(self._supervised("insights", self._watch_insights))
            tasks.create_task(self._supervised("housekeeping", self._keep_house))
            tasks.create_task(self._supervised("signing key", self._make_key))
            tasks.create_task(self._supervised("watch", self.lookout.step))
            tasks.create_task(self._supervised("audit", self.audit_watch.step))
            tasks.create_task(self._kept_running("delivery", self._deliver))
            tasks.create_task(self._kept_running("trails", self._deliver_trails))
            tasks.create_task(self._supervised("digests", partial(make_digests, self.service)))
            if self.heartbeat is not None:
                tasks.create_task(self._kept_running("heartbeat", partial(self.heartbeat.run, self._note_beat)))
            for number, feed in enumerate(self.feeds, 1):
                tasks.create_task(self._supervised(f"source {number}", feed.step))

    async def _supervised(self, name: str, step: Callable[[], float]) -> None:
        """Run a step again and again, with the pauses that it asks for."""
        pause = _FIRST_PAUSE
        while True:
            try:
                wait = await asyncio.to_thread(step)
            except Exception as error:  # noqa: BLE001  (the supervisor of this task: it is counted and reported)
                self._note_failure(name, error, again_in=pause)
                wait, pause = pause, min(2 * pause, _LONGEST_PAUSE)
            else:
                self.failing.pop(name, None)
                pause = _FIRST_PAUSE
            await asyncio.sleep(wait)

    async def _kept_running(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Work that has no end; where it fails it is started again, like any step."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  (as in _supervised)
                self._note_failure(name, error, again_in=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _deliver(self) -> None:
        """Send what is in the outbox."""
        loop = DeliveryLoop(
            self.service,
            await asyncio.to_thread(self._notifiers),
            chance=secrets.SystemRandom().random,
            report=self._report_notifier,
        )
        await loop.run(self._note_delivery)

    async def _deliver_trails(self) -> None:
        """Bring what trails have selected to their log groups, buckets and topics."""
        loop = TrailLoop(self.service, report=self._report_trail, note_bucket=self._note_bucket)
        await loop.run(lambda: self.failing.pop("trails", None))

    def _note_bucket(self, bucket: str, reason: str | None) -> None:
        if reason is None:
            self._log.info("trail-bucket-works-again", bucket=bucket)
        else:
            self._log.warning("trail-bucket-failing", bucket=bucket, reason=reason)

    def _report_trail(self, error: BaseException) -> None:
        # What the store cannot do it says at the next step; on the way out it is closed while files are being put.
        if not isinstance(error, StoreError):
            self._log.error("trail-file-failed", exc_info=error)

    def _note_beat(self) -> None:
        self.failing.pop("heartbeat", None)

    def _note_delivery(self) -> None:
        self._delivery_turned_at = self.clock.monotonic()
        self.failing.pop("delivery", None)

    def _notifiers(self) -> dict[str, Notifier]:
        plan = self.plan
        tell_missing_topics(self.service, plan.channels, log("notifier").warning)
        return make_notifiers(
            plan.config,
            self.signer,
            self.clock,
            mail=self._mail_notifier,
            channels=plan.channels,
            operator=plan.operator,
            public_url=plan.public_url,
            keys=plan.service_keys,
        )

    def _mail_notifier(self) -> Notifier:
        plan = self.plan
        if plan.mail_server is not None and is_loopback(urlsplit(plan.public_url).hostname or ""):
            self._log.warning(
                "mail-links-lead-nowhere",
                reason=f"mails link to {plan.public_url}, which their readers cannot reach",
                remedy="set server.public_url to the address under which this service is reached",
            )
        return make_mail_notifier(
            self.signer,
            self.clock,
            server=plan.mail_server,
            sender=sender_of(plan.config, plan.mail_server, plan.public_url),
            public_url=plan.public_url,
            mailbox=self._folder / MAILBOX,
            unsubscribe_token=self.unsubscribe_tokens.token,
        )

    def _report_notifier(self, protocol: str, error: BaseException) -> None:
        self._log.error("notifier-failed", protocol=protocol, exc_info=error)

    def _note_failure(self, name: str, error: Exception, *, again_in: float) -> None:
        self.failing[name] = getattr(error, "message", type(error).__name__)
        self.service.counters.add("task_restarts", task=name)
        # An error of ours says what is wrong; of any other only the place helps.
        place = None if isinstance(error, TocsinError) else error
        self.errors.keep(name, "background task", error)
        self._log.error("task-failed", task=name, again_in=again_in, reason=self.failing[name], exc_info=place)

    def _evaluate(self) -> float:
        run = self.evaluator.run()
        if run.set_back:
            self._note_jump(f"the clock was set back by {run.set_back} seconds; alarms are evaluated by the new time")
        elif run.passed_over:
            self._note_jump(f"{run.passed_over} evaluations of alarms were too far in the past to be made up for")
        if run.is_behind:
            return 0.0
        due = self.evaluator.next_due(self.clock.now())
        return max(0.05, self.clock.seconds_until(datetime.fromtimestamp(due, UTC)))

    def _watch_insights(self) -> float:
        run = self.insights.run()
        if run.passed_over:
            self._log.warning("insights-passed-over", boundaries=run.passed_over)
        if run.left_out:
            self._log.warning("insights-left-out", apis=run.left_out, reason="more was called than is judged at a time")
        if run.is_behind:
            return 0.0
        due = self.insights.next_due(self.clock.now())
        return max(0.05, self.clock.seconds_until(datetime.fromtimestamp(due, UTC)))

    def _make_key(self) -> float:
        """Make the key that messages are signed with, beside all else: it takes a while, and is kept for good."""
        self.signing_key.make()
        return _SELDOM

    def _keep_house(self) -> float:
        began = self.clock.monotonic()
        run = self.service.part(Housekeeping).run()
        return run.rest * (self.clock.monotonic() - began) if run.is_behind else _HOUSEKEEPING_EVERY


def serve(plan: ServerPlan, *, announce: Callable[[str], None]) -> None:
    """Serve until the process is told to stop. `announce` is told the address when requests can be answered.

    Raises:
        ConfigError: the address cannot be listened on, or the data folder is in use.
        StoreError: the database cannot be used.
    """
    configure_log(is_terminal=sys.stderr.isatty())
    sys.setswitchinterval(_SWITCH_INTERVAL)
    _share_heaps()
    serve_until_told(plan, clock=SystemClock(), announce=announce, stops=stop_on_signal)


def _share_heaps() -> None:
    """Let all threads allocate from a few heaps, where the C library is one that knows how."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def serve_until_told(plan: ServerPlan, *, clock: Clock, announce: Callable[[str], None], stops: Stops) -> None:
    """Serve by that clock until what `stops` arranges ends it."""
    with listening(plan.config.server.host, plan.config.server.port) as listener, held_data_folder(plan):
        running = RunningServer(plan.listening_on(listener.getsockname()[1]), clock=clock)
        try:
            running.models.load_served()
            running.signing_key.open()
            _run(running, listener, announce, stops)
        finally:
            running.close()


def _run(running: RunningServer, listener: socket.socket, announce: Callable[[str], None], stops: Stops) -> None:
    config = running.plan.config
    http = uvicorn.Config(
        running.app,
        http=bounded_protocol(config.requests, running.app.answer_at_once),
        ws="none",
        loop="auto",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=config.requests.keep_alive_seconds,
        timeout_graceful_shutdown=_GRACE,
        ssl_certfile=config.server.tls_cert or None,
        ssl_keyfile=config.server.tls_key or None,
    )

    def ready() -> None:
        # What was made to begin with stays. To look through all of it for garbage takes a tenth of a second, in which
        # nothing is answered and no alarm is evaluated.
        gc.freeze()
        announce(address_of(listener, is_tls=bool(config.server.tls_cert)))

    server = AnnouncingServer(
        http,
        ready=ready,
        stopping=running.begin_to_stop,
        stops=stops,
    )
    # uvloop, where there is one, answers a quarter more requests than asyncio's own loop.
    with asyncio.Runner(loop_factory=http.get_loop_factory()) as runner:
        runner.run(_serve(running, server, listener))


async def _serve(running: RunningServer, server: uvicorn.Server, listener: socket.socket) -> None:
    tasks = asyncio.create_task(running.run_tasks())
    try:
        await server.serve(sockets=[listener])
    finally:
        tasks.cancel()
        await asyncio.gather(tasks, return_exceptions=True)


def _open_store(plan: ServerPlan) -> SqliteStore:
    return SqliteStore(plan.database)
