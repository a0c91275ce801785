"""Every setting by its name: what is allowed there. Spec: IF-9.

Rule: a setting that is not in this table does not exist; the reference page is made from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.config.notifier import notifier_problem, read_topic_or_name
from tocsin.config.operator_channel import read_heartbeat_url, read_operator_channel
from tocsin.config.secret import read_secret
from tocsin.config.setting import (
    Setting,
    between,
    matching,
    read_boolean,
    read_folders,
    read_integer,
    read_networks,
    read_number,
    read_size,
    read_texts,
    read_topic,
)
from tocsin.config.smtp_url import read_smtp_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PATH = r"[^\x00]{1,4096}"
_SECONDS = "a number of seconds from 1 to 3600"

SETTINGS: dict[str, Setting] = {
    "server.host": Setting(
        read=matching(r"[A-Za-z0-9.:\-_]{1,253}"), kind="a host name or address", example='"127.0.0.1"'
    ),
    "server.port": Setting(read=between(0, read_integer, 65_535), kind="a port from 0 to 65535", example="4590"),
    "server.data": Setting(
        read=matching(_PATH), kind="a folder", example='"/var/lib/tocsin"', unset="your data folder"
    ),
    "server.public_url": Setting(
        read=matching(r"https?://[^/?#\s]{1,253}(?:/[^?#\s]*)?"),
        kind="an http or https address",
        example='"https://tocsin.example.com"',
        unset="`http://HOST:PORT`",
    ),
    "server.account": Setting(read=matching(r"[0-9]{12}"), kind="an account of 12 digits", example='"111122223333"'),
    "server.region": Setting(read=matching(r"[a-z0-9-]{1,40}"), kind="a region", example='"eu-west-1"'),
    "server.organization": Setting(
        read=matching(r"o-[a-z0-9]{10,32}"), kind="the id of an organization", example='"o-exampleorgid"', unset="none"
    ),
    "server.hosts": Setting(read=read_texts, kind="a list of host names", example='["tocsin.internal"]'),
    "server.origins": Setting(read=read_texts, kind="a list of origins", example='["https://tools.example.com"]'),
    "server.store": Setting(read=matching("sqlite|memory"), kind="sqlite or memory", example='"sqlite"'),
    "server.allow_reset": Setting(read=read_boolean, kind="true or false", example="false"),
    "server.tls_cert": Setting(read=matching(_PATH), kind="a file", example='"/etc/tocsin/cert.pem"'),
    "server.tls_key": Setting(read=matching(_PATH), kind="a file", example='"/etc/tocsin/key.pem"'),
    "auth.mode": Setting(
        read=matching("off|known|strict"),
        kind="off, known or strict",
        example='"strict"',
        unset="off on loopback, else strict",
    ),
    "auth.credentials": Setting(read=matching(_PATH), kind="a file of access keys", example='"/etc/tocsin/keys.toml"'),
    "auth.skew": Setting(
        read=between(1, read_integer, 86_400), kind="a number of seconds", example="300", unset="as AWS"
    ),
    "console.password": Setting(
        read=read_secret,
        kind="env:NAME or file:PATH, where the password of operator or its Argon2id hash stands",
        example='"env:CONSOLE_PASSWORD"',
        unset="none: on loopback nobody has to sign in",
        is_secret=True,
    ),
    "console.readonly_password": Setting(
        read=read_secret,
        kind="env:NAME or file:PATH, where the password of viewer or its Argon2id hash stands",
        example='"file:/run/secrets/viewer"',
        is_secret=True,
    ),
    "console.users": Setting(
        read=matching(_PATH),
        kind="a file of people: a table for each name, with password (an Argon2id hash) and role",
        example='"/etc/tocsin/users.toml"',
    ),
    "archive.roots": Setting(
        read=read_folders,
        kind="a list of folders, by their whole paths",
        example='["/var/lib/cloudtrail"]',
        unset="none: the console scans no archive",
    ),
    "http.allow": Setting(
        read=read_networks,
        kind="a list of ranges of addresses",
        example='["10.0.0.0/8", "fd00::/8"]',
        unset="loopback when the server itself is on loopback",
    ),
    "http.delivered_4xx": Setting(read=read_boolean, kind="true or false", example="false"),
    "sqs.endpoint_url": Setting(
        read=matching(r"https?://[^/?#\s@]{1,253}(?:/[^?#\s]*)?"),
        kind="an http or https address",
        example='"https://sqs.eu-west-1.amazonaws.com"',
        unset="none: nothing is sent to queues",
    ),
    "sqs.region": Setting(
        read=matching(r"[a-z0-9-]{1,40}"), kind="a region", example='"eu-west-1"', unset="the one in a queue's ARN"
    ),
    "s3.endpoint_url": Setting(
        read=matching(r"https?://[^/?#\s@]{1,253}(?:/[^?#\s]*)?"),
        kind="an http or https address",
        example='"https://s3.eu-west-1.amazonaws.com"',
        unset="none: buckets are folders, `DATA/s3/BUCKET`",
    ),
    "s3.create_buckets": Setting(read=read_boolean, kind="true or false", example="true"),
    "s3.access_key": Setting(
        read=read_secret,
        kind="env:NAME or file:PATH, where the key stands",
        example='"env:S3_ACCESS_KEY"',
        unset="as AWS's own variables and files say",
        is_secret=True,
    ),
    "s3.secret_key": Setting(
        read=read_secret,
        kind="env:NAME or file:PATH, where the key stands",
        example='"file:/run/secrets/s3"',
        unset="as AWS's own variables and files say",
        is_secret=True,
    ),
    "s3.region": Setting(
        read=matching(r"[a-z0-9-]{1,40}"), kind="a region", example='"eu-west-1"', unset="`server.region`"
    ),
    "s3.addressing_style": Setting(read=matching("path|virtual"), kind="path or virtual", example='"path"'),
    "trail.delivery_interval": Setting(
        read=between(0, read_integer, 86_400), kind="a number of seconds from 0 to 86400", example="300"
    ),
    "trail.digest_interval": Setting(
        read=between(1, read_integer, 86_400), kind="a number of seconds from 1 to 86400", example="3600"
    ),
    "trail.log_time": Setting(read=matching("delivery|event"), kind="delivery or event", example='"event"'),
    "recorder.s3_hosts": Setting(
        read=read_texts, kind="a list of host names", example='["minio.example.com"]', unset="the upstream's host"
    ),
    "recorder.assume_s3": Setting(read=read_boolean, kind="true or false", example="false"),
    "recorder.trusted_proxies": Setting(
        read=read_networks, kind="a list of ranges of addresses", example='["10.0.0.0/8"]', unset="none"
    ),
    "smtp.url": Setting(
        read=read_smtp_url,
        kind="smtp://[user[:password]@]host[:port][?tls=starttls|none], smtps://…, env:NAME or file:PATH",
        example='"smtp://alerts@mail.example.com:587?tls=starttls"',
        unset="none: mails are kept in the built-in mailbox",
        is_secret=True,
    ),
    "smtp.password": Setting(
        read=read_secret,
        kind="env:NAME or file:PATH, where the password stands",
        example='"env:SMTP_PASSWORD"',
        is_secret=True,
    ),
    "smtp.from": Setting(
        read=matching(r"[^\s@<>\"(),;:\\\[\]]{1,64}@[A-Za-z0-9.-]{1,253}"),
        kind="an e-mail address",
        example='"tocsin@example.com"',
        unset="tocsin@ the host of the public URL",
    ),
    "mail.unsubscribe": Setting(
        read=matching("protected|confirm|open"), kind="protected, confirm or open", example='"confirm"'
    ),
    "alarm.evaluation_delay": Setting(
        read=between(0, read_integer, 3600), kind="a number of seconds from 0 to 3600", example="10"
    ),
    "alarm.history_days": Setting(
        read=between(30, read_integer, 3660), kind="a number of days from 30 to 3660", example="30"
    ),
    "limits.body": Setting(
        read=between(64 * 1024, read_size, 2**30), kind="a size from 64 KiB to 1 GiB", example='"8 MiB"'
    ),
    "limits.metric_data_body": Setting(
        read=between(1024, read_size, 2**30), kind="a size from 1 KiB to 1 GiB", example='"1 MiB"'
    ),
    "limits.header_bytes": Setting(
        read=between(4096, read_size, 2**20), kind="a size from 4 KiB to 1 MiB", example='"32 KiB"'
    ),
    "limits.headers": Setting(read=between(10, read_integer, 10_000), kind="a number from 10 to 10000", example="100"),
    "limits.header_seconds": Setting(read=between(1, read_integer, 3600), kind=_SECONDS, example="10"),
    "limits.body_idle_seconds": Setting(read=between(1, read_integer, 3600), kind=_SECONDS, example="10"),
    "limits.body_seconds": Setting(read=between(1, read_integer, 3600), kind=_SECONDS, example="60"),
    "limits.keep_alive_seconds": Setting(read=between(1, read_integer, 3600), kind=_SECONDS, example="75"),
    "limits.concurrent": Setting(read=between(1, read_integer, 100_000), kind="a number from 1", example="512"),
    "limits.connections": Setting(read=between(1, read_integer, 100_000), kind="a number from 1", example="2048"),
    "limits.throttle": Setting(read=read_boolean, kind="true or false", example="true"),
    "alarm.evaluation_range": Setting(
        read=between(0, read_integer, 100), kind="a whole number from 0 to 100", example="2", unset="as AWS"
    ),
    "alarm.events_in_message": Setting(
        read=between(0, read_integer, 50), kind="a whole number from 0 to 50", example="10"
    ),
    "alarm.enrich_json": Setting(read=read_boolean, kind="true or false", example="true"),
    "limits.record": Setting(
        read=between(1024, read_size, 2**30), kind="a size from 1 KiB to 1 GiB", example='"16 MiB" or 16777216'
    ),
    "limits.depth": Setting(read=between(1, read_integer, 500), kind="a whole number from 1 to 500", example="500"),
    "limits.unpacked": Setting(
        read=between(1024, read_size, 2**60), kind="a size of at least 1 KiB", example='"8 GiB" or 8589934592'
    ),
    "insights.min_hours": Setting(
        read=between(0, read_number, 192), kind="a number of hours from 0 to 192", example="36"
    ),
    "insights.open": Setting(
        read=between(1e-15, read_number, 0.1), kind="a probability from 1e-15 to 0.1", example="1e-6"
    ),
    "insights.close": Setting(
        read=between(1e-15, read_number, 0.5), kind="a probability from 1e-15 to 0.5", example="1e-3"
    ),
    "operator.channel": Setting(
        read=read_operator_channel,
        kind="file:PATH, mailto:ADDRESS, an http or https address, one of apprise, or env:NAME",
        example='"mailto:oncall@example.com"',
        unset="none: log, metrics and health alone",
        is_secret=True,
    ),
    "heartbeat.url": Setting(
        read=read_heartbeat_url,
        kind="an http or https address, or env:NAME or file:PATH, where it stands",
        example='"env:HEARTBEAT_URL"',
        is_secret=True,
    ),
    "heartbeat.topic": Setting(
        read=read_topic_or_name,
        kind="the ARN of a topic, or the name of one in server.account and server.region",
        example='"heartbeats"',
    ),
    "heartbeat.every": Setting(
        read=between(10, read_integer, 86_400), kind="a number of seconds from 10 to 86400", example="300"
    ),
    "rules.topic": Setting(
        read=read_topic,
        kind="the ARN of a topic",
        example='"arn:aws:sns:us-east-1:111122223333:sec-alerts"',
    ),
}
"""By dotted name, in the order of the reference page."""

ENTRIES: dict[str, dict[str, Setting]] = {
    "source": {
        "kind": Setting(read=matching("file"), kind="file", example='"file"', is_needed=True),
        "path": Setting(
            read=matching(_PATH), kind="a folder or a file", example='"/var/log/cloudtrail"', is_needed=True
        ),
        "log_group": Setting(
            read=matching(r"[A-Za-z0-9_\-/.#]{1,512}"),
            kind="the name of a log group",
            example='"trail"',
            is_needed=True,
        ),
        "log_stream": Setting(
            read=matching(r"[^:*]{1,512}"), kind="the name of a log stream", example='"files"', is_needed=True
        ),
    },
    "notifier": {
        "kind": Setting(read=matching("slack|apprise"), kind="slack or apprise", example='"slack"', is_needed=True),
        "url": Setting(
            read=read_secret,
            kind="env:NAME or file:PATH, where the address stands, or the address itself",
            example='"env:SLACK_URL"',
            is_needed=True,
            is_secret=True,
        ),
        "topic": Setting(
            read=read_topic_or_name,
            kind="the ARN of a topic, or the name of one in server.account and server.region",
            example='"sec-alerts"',
            is_needed=True,
        ),
    },
}
"""The members of what may stand several times, as `[[source]]`, by the name of the table."""

ENTRY_PROBLEMS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str, str] | None]] = {"notifier": notifier_problem}
"""What is wrong with an entry whose members are right one by one: the member to blame, a message and a hint."""
