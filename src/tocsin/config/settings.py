"""What is in force, as types; the one place for defaults. Spec: IF-9."""

from __future__ import annotations

import msgspec

from tocsin.config.notifier import NotifierSettings
from tocsin.config.operator_channel import HeartbeatUrl, OperatorChannel  # msgspec reads them at run time
from tocsin.config.secret import Secret  # msgspec reads it at run time
from tocsin.config.smtp_url import SmtpUrl  # as above
from tocsin.core.insight.judgement import DEFAULT_RULES, InsightRules
from tocsin.core.limits import DEFAULT_LIMITS, Limits


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
    are those of calls that name none; `organization` is the id of the one that all accounts are in, empty for none
    (CT-9.4). `hosts` and `origins` are what browsers may use besides those of
    WIRE-5.15. With `tls_cert` and `tls_key` it serves HTTPS.
    """

    host: str = "127.0.0.1"
    port: int = 4590
    data: str = ""
    public_url: str = ""
    account: str = "123456789012"
    region: str = "us-east-1"
    organization: str = ""
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


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use the console (CON-8.4, CON-8.5); nobody has to sign in on loopback where none of these is set.

    `password` and `readonly_password` are those of the users `operator` and `viewer`, or Argon2id hashes of them;
    `users` is a file of people, empty for none.
    """

    password: Secret | None = None
    readonly_password: Secret | None = None
    users: str = ""


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may take, and how many there may be (WIRE-7.4). Sizes in bytes, times in seconds.

    With `throttle` CloudTrail takes no more requests a second than AWS's does (CT-7.6).
    """

    body: int = 8 * 1024 * 1024
    metric_data_body: int = 1024 * 1024
    header_bytes: int = 32 * 1024
    headers: int = 100
    header_seconds: int = 10
    body_idle_seconds: int = 10
    body_seconds: int = 60
    keep_alive_seconds: int = 75
    concurrent: int = 512
    connections: int = 2048
    throttle: bool = False


class ArchiveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Archives that the console may scan: `roots` are folders, and what lies below them (CON-4.10); none: no page."""

    roots: tuple[str, ...] = ()


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rules leave open. `topic` is the ARN that rules without AlarmActions publish to (IF-4), or empty."""

    topic: str = ""


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages may be sent over http and https (SNS-8.4), and what counts as delivered (SNS-10.5).

    `allow` are ranges besides public ones; None: loopback where the server itself is on loopback.
    """

    allow: tuple[str, ...] | None = None
    delivered_4xx: bool = False


class SqsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The service that queues are reached at (WIRE-9.14): nothing is sent to queues without `endpoint_url`.

    `region` is empty for the one in the ARN of each queue.
    """

    endpoint_url: str = ""
    region: str = ""


class S3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where trails put their objects (WIRE-9.14): without `endpoint_url` into folders of the data folder.

    `create_buckets` holds for folders: whether a bucket that nobody has used is made. Without keys those of AWS's own
    variables and files are used; `region` is empty for that of the server. `addressing_style` is `path` or `virtual`.
    """

    endpoint_url: str = ""
    create_buckets: bool = True
    access_key: Secret | None = None
    secret_key: Secret | None = None
    region: str = ""
    addressing_style: str = "path"


class TrailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How trails deliver: seconds between two log files (CT-11.5) and two digests (CT-15.1) of the same kind.

    `log_time` is what the events in log groups are dated by: `delivery` or `event` (CT-12.3).
    """

    delivery_interval: int = 300
    digest_interval: int = 3600
    log_time: str = "delivery"


class RecorderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the recorder reads what passes by (IF-9).

    `s3_hosts` are host names whose first label is a bucket's (REC-9.2), besides those of AWS and the upstream's;
    with `assume_s3` an unsigned request that looks like bucket and key is one to S3 (REC-3.1). `trusted_proxies`
    are ranges of peers whose X-Forwarded-For counts (REC-4.1).
    """

    s3_hosts: tuple[str, ...] = ()
    assume_s3: bool = False
    trusted_proxies: tuple[str, ...] = ()


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The server that mails are sent through (SNS-5.8); without `url` they are kept in the built-in mailbox.

    `sender` is the address that mails come from: the key `from`; empty for `tocsin@` the host of the public URL.
    """

    url: SmtpUrl | None = None
    password: Secret | None = None
    sender: str = ""


class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to end an e-mail subscription: `protected`, `confirm` or `open` (SNS-5.4)."""

    unsubscribe: str = "protected"


class OperatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the service reports on itself, besides log, metrics and health; None: nowhere."""

    channel: OperatorChannel | None = None


class HeartbeatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told every so many seconds that the chain lives: an address, a topic (ARN or name), or both."""

    url: HeartbeatUrl | None = None
    topic: str = ""
    every: int = 300


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[source]]`: what the live service reads by itself.

    `path` is a folder of CloudTrail log files that is watched, or an NDJSON file that is followed. What is read
    goes to a stream of a log group; both are made when they are missing.
    """

    kind: str
    path: str
    log_group: str
    log_stream: str


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force. `limits` bounds the reading of archives (CT-14.4); `insights` is how those judge (CT-17.7)."""

    limits: Limits = DEFAULT_LIMITS
    requests: RequestLimits = RequestLimits()
    alarm: AlarmSettings = AlarmSettings()
    insights: InsightRules = DEFAULT_RULES
    rules: RuleSettings = RuleSettings()
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    console: ConsoleSettings = ConsoleSettings()
    archive: ArchiveSettings = ArchiveSettings()
    http: HttpSettings = HttpSettings()
    sqs: SqsSettings = SqsSettings()
    s3: S3Settings = S3Settings()
    trail: TrailSettings = TrailSettings()
    recorder: RecorderSettings = RecorderSettings()
    smtp: SmtpSettings = SmtpSettings()
    mail: MailSettings = MailSettings()
    operator: OperatorSettings = OperatorSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    source: tuple[SourceSettings, ...] = ()
    notifier: tuple[NotifierSettings, ...] = ()
    origins: dict[str, str] = {}
    """Where each setting that is not a default came from: a file, or the name of a variable."""
