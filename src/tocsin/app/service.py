"""What the live service's use cases work with. Spec: AR-1, AR-5.

Rule: every command and query that API, console and command line share is a function of a `Service`
and a `Scope`, in a module named after its noun (`app/log_group.py`, `app/topic.py` …). It raises
errors of `tocsin.errors`; what they are called on the wire is the business of `api`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from tocsin.app.counters import Counters
from tocsin.core.delivery import Endpoint
from tocsin.core.insight.judgement import DEFAULT_RULES, InsightRules
from tocsin.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tocsin.app.ports import DigestKeys, ObjectStore
    from tocsin.app.store_port import Store
    from tocsin.clock import Clock


Part = TypeVar("Part")


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that use cases look at; their names and defaults are those of IF-9."""

    public_url: str = "http://127.0.0.1:4590"
    evaluation_range: int | None = None
    evaluation_delay: int = 10
    history_days: int = 30
    events_in_message: int = 10
    enrich_json: bool = True
    insights: InsightRules = DEFAULT_RULES
    account: str = "123456789012"
    organization: str = ""  # id of the organization that all accounts of this server are in; empty for none (CT-9.4)
    key_accounts: dict[str, str] = {}  # access key that was configured -> its account
    mail_unsubscribe: str = "protected"
    trail_delivery_interval: int = 300
    trail_digest_interval: int = 3600
    trail_log_time: str = "delivery"
    channels: dict[str, tuple[Endpoint, ...]] = {}  # ARN of a topic -> the chat channels that get what it gets
    operator: Endpoint | None = None  # where complaints about the service's own listeners go


_DEFAULTS = ServiceSettings()


def _no_secrets(_size: int) -> bytes:
    raise RuntimeError("this service was made without a source of secrets")


class _NoObjects:
    """`ObjectStore` of a service that was made without one."""

    def has_bucket(self, bucket: str) -> bool:  # noqa: ARG002  (a port)
        return False

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:  # noqa: ARG002  (as above)
        raise ArchiveError("this service has no buckets", reason="NoSuchBucket")


class Service:
    """The store, the clock and the settings that are in force; `objects` are the buckets of trails.

    `new_id` gives a fresh uuid as text, `new_secret` so many bytes that nobody can guess; they are arguments
    because nothing below the edge may be left to chance.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        new_secret: Callable[[int], bytes] = _no_secrets,
        settings: ServiceSettings = _DEFAULTS,
        objects: ObjectStore | None = None,
        digest_keys: DigestKeys | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id
        self.new_secret = new_secret
        self.settings = settings
        self.objects: ObjectStore = objects or _NoObjects()
        self._digest_keys = digest_keys
        self.counters = Counters()
        self._parts: dict[type[Any], Any] = {}
        self._lock = threading.RLock()

    @property
    def digest_keys(self) -> DigestKeys:
        """The keys that digests of trails are signed with."""
        if self._digest_keys is None:
            raise RuntimeError("this service was made without keys for digests")
        return self._digest_keys

    def part(self, kind: type[Part]) -> Part:
        """The one `kind(service)` of this service: what use cases keep in memory, such as compiled filters."""
        with self._lock:
            if kind not in self._parts:
                self._parts[kind] = cast("Any", kind)(self)
            return cast("Part", self._parts[kind])

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return self.clock.now()

    def now_ms(self) -> int:
        """The same in milliseconds since the epoch."""
        return int(self.clock.now().timestamp() * 1000)
