"""A service with a trail in the test's own process, with buckets that do as they are told.

bench = TrailBench(store)
bench.keep(bench.trail(log_group_arn=bench.make_group()))
bench.take("ConsoleLogin")
bench.run()
"""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from synthetic import record

from tocsin.app.log_group import create_log_group
from tocsin.app.record_intake import RecordIntake
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.topic import create_topic
from tocsin.app.trail import TRAILS
from tocsin.app.trail_delivery import TrailDelivery
from tocsin.app.trail_digest import TrailDigests
from tocsin.app.trail_status import status_of
from tocsin.clock import ManualClock
from tocsin.composition.digest_keys import DigestKeyFolder
from tocsin.core.delivery import Endpoint
from tocsin.core.envelope import unpack_envelope
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.store_port import Store
    from tocsin.app.trail_status import TrailStatus

HOME = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Crash(BaseException):
    """The process dies here."""


class Buckets:
    """`ObjectStore` in memory. `fault` is called before an object is put, and again when it is there."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = {}
        self.puts: list[tuple[str, str]] = []
        self.missing: set[str] = set()
        self.fault: Callable[[str, str], None] = lambda moment, key: None

    def has_bucket(self, bucket: str) -> bool:
        return bucket not in self.missing

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:
        self.puts.append((bucket, key))
        self.fault("before", key)
        if bucket in self.missing:
            raise ArchiveError("NoSuchBucket: The specified bucket does not exist", reason="NoSuchBucket")
        self.objects.setdefault(bucket, {})[key] = (body, {**metadata, **({"kms": kms_key} if kms_key else {})})
        self.fault("after", key)

    def files(self, bucket: str = "logs", folder: str = "CloudTrail") -> dict[str, list[str]]:
        """The names of the records in each log file."""
        return {
            key: [one.get("eventName", "-") for one in json.loads(gzip.decompress(body))["Records"]]
            for key, (body, _) in self.objects.get(bucket, {}).items()
            if f"/{folder}/" in key
        }

    def digests(self, bucket: str = "logs") -> dict[str, dict[str, Any]]:
        """The digests, oldest first."""
        return {
            key: json.loads(gzip.decompress(body))
            for key, (body, _) in self.objects.get(bucket, {}).items()
            if "/CloudTrail-Digest/" in key
        }


class TrailBench:
    """A service over a store. `again` is the one that is started after a crash."""

    def __init__(
        self, store: Store, *, clock: ManualClock | None = None, buckets: Buckets | None = None, **settings: Any
    ) -> None:
        self.store = store
        self.clock = clock or ManualClock(NOW)
        self.buckets = buckets or Buckets()
        self.settings = settings
        self.keys = DigestKeyFolder(None, self.clock)
        idents = itertools.count()
        self.service = Service(
            store,
            self.clock,
            new_id=lambda: f"00000000-0000-4000-8000-{next(idents):012}",
            new_secret=lambda size: bytes((next(idents) + place) % 256 for place in range(size)),
            settings=ServiceSettings(**settings),
            objects=self.buckets,
            digest_keys=self.keys,
        )
        self.delivery = self.service.part(TrailDelivery)
        self.digests = self.service.part(TrailDigests)

    def again(self) -> TrailBench:
        """The service that is started after this one died."""
        bench = TrailBench(self.store, clock=self.clock, buckets=self.buckets, **self.settings)
        bench.service._digest_keys = bench.keys = self.keys
        return bench

    # ------------------------------------------------------------ what is given

    @staticmethod
    def trail(**settings: Any) -> Trail:
        made = {"name": "main", "home": HOME, "s3_bucket_name": "logs", "is_logging": True, "started_at": 1}
        return Trail(**(made | settings))

    def keep(self, *trails: Trail) -> None:
        self.store.write(lambda store: [TRAILS.put(store, one.home, one.name, one) for one in trails])

    def make_group(self, name: str = "trail") -> str:
        create_log_group(self.service, HOME, name)
        return HOME.arn("logs", f"log-group:{name}:*")

    def take(self, *names: str, **fields: Any) -> None:
        bodies = [json.dumps(record(name, **fields), separators=(",", ":")).encode() for name in names]
        assert self.service.part(RecordIntake).take(bodies).accepted == len(bodies)

    # ------------------------------------------------------------ what is done

    def run(self, seconds: float = 0.0) -> None:
        """Do all that is due now, after so many seconds have passed."""
        self.clock.advance(seconds)
        while self.delivery.begin() == 0:
            pass
        self.digests.make()
        for bucket in self.delivery.buckets()[0]:
            self.delivery.put(bucket)
        self.digests.make()
        for bucket in self.delivery.buckets()[0]:
            self.delivery.put(bucket)

    # ------------------------------------------------------------ what is found

    def logged(self, group: str = "trail") -> list[tuple[str, int, str]]:
        """(stream, milliseconds, name of the event) of what is in a log group."""
        with self.store.read() as store:
            found = store.logs.events(HOME, group, limit=100_000)
        return [(one.stream, one.timestamp, msgspec.json.decode(one.message).get("eventName", "-")) for one in found]

    def names(self, group: str = "trail") -> list[str]:
        return [name for _, _, name in self.logged(group)]

    def told(self) -> list[Any]:
        """What topics were told, oldest first."""
        with self.store.read() as store:
            rows = store.outbox.deliveries(limit=1000)
        return [msgspec.json.decode(unpack_envelope(row.body).message) for row in reversed(rows)]

    def status(self, region: str = HOME.region, trail: Trail | None = None) -> TrailStatus:
        with self.store.read() as store:
            return status_of(store, trail or self.trail(), region)


TOPIC = HOME.arn("sns", "files")
"""A topic that is listened to: give `channels=LISTENED`, and make it with `make_topic`."""

LISTENED = {TOPIC: (Endpoint("slack", "hook"),)}


def make_topic(bench: TrailBench) -> str:
    """Make the topic; its ARN."""
    return create_topic(bench.service, HOME, "files", attributes={}, tags={})
