"""What trails have selected goes to their log groups, buckets and topics. Spec: CT-11, CT-12, CT-13, REC-16.3.

Rule: records reach a log group, and are made a batch whose log file has its name, in one transaction: exactly once.
The file is put after that, and put again as long as it is not known to be there; when it is, the batch goes and the
topic is told in another transaction. A bucket that fails holds back its own files and nothing else.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from tocsin.app.log_group import GROUPS
from tocsin.app.pipeline import Pipeline
from tocsin.app.publication import Publication, publish
from tocsin.app.trail import ENDINGS
from tocsin.app.trail_digest import TrailDigests, waits_for_digest
from tocsin.app.trail_file import (
    ENDING_GRACE_MS,
    GIVEN_UP_AFTER_MS,
    after_delivery,
    is_of_session,
    packed,
    route_trail,
)
from tocsin.app.trail_status import note_delivery
from tocsin.core.digest import LogFile
from tocsin.core.log_file_name import delivery_time
from tocsin.core.trail.log_file import log_file_content, log_group_of, log_stream_name, logged_records
from tocsin.core.trail.object_key import UNIQUE_LENGTH, log_file_key, unique_part
from tocsin.errors import ArchiveError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.trail import TrailEnding
    from tocsin.app.trail_status import TrailStatus
    from tocsin.core.kept_record import BegunBatch, WaitingGroup, WaitingRecords
    from tocsin.core.trail.definition import Trail
    from tocsin.core.trail.log_file import LogFileContent, LoggedRecords

MOST_BYTES: Final = 8 * 1024 * 1024
"""Bytes of records in a log file; packed they are far below the 50 MB of CT-11.4, and a transaction stays short."""

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0


class _Batch(NamedTuple):
    """A batch whose file is to be put, and the trail as it was when it selected the records."""

    begun: BegunBatch
    trail: Trail


class _Pause(NamedTuple):
    """How often in a row a bucket has failed, and when it is tried again, by the monotonic clock."""

    failures: int
    until: float


class TrailBacklog(NamedTuple):
    """What is not delivered yet: records that are in no file, files that are in no bucket, buckets that take none."""

    records: int
    files: int
    failing_buckets: int


class TrailDelivery:
    """Delivers: `service.part(TrailDelivery)`. One thread at a time begins batches; for each bucket one puts files."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._pauses: dict[str, _Pause] = {}

    # ------------------------------------------------------------ to log groups

    def begin(self) -> float | None:
        """Bring the records of every group that is due into log groups, and make batches of them.

        Seconds until the next group is due, 0 where more waits already; None where nothing waits.
        """
        now = self._service.now_ms()
        with self._service.store.read() as store:
            endings = [ending for _, _, ending in ENDINGS.scan_all(store)]
            waiting = [(one, route_trail(store, one.group.route)) for one in store.records.waiting()]
        dues = [(one, trail, self._due_at(one, trail, endings)) for one, trail in waiting]
        left = [due for _, _, due in dues if due > now]
        is_behind = False
        failure: Exception | None = None
        for one, trail, due in dues:
            if due > now:
                continue
            try:
                is_behind = self._begin(one, trail) or is_behind
            except Exception as error:  # noqa: BLE001  (the others are not to wait for it; it is raised below)
                failure = failure or error
        if failure is not None:
            raise failure
        if is_behind:
            return 0.0
        return (min(left) - now) / 1000 if left else None

    def _due_at(self, waiting: WaitingGroup, trail: Trail, endings: Iterable[TrailEnding]) -> int:
        """When what waits is to be delivered: after the interval, or sooner if it is much or logging has ended."""
        if waiting.size >= MOST_BYTES:
            return 0
        due = waiting.oldest_at + self._service.settings.trail_delivery_interval * 1000
        ended = [one.at_ms + ENDING_GRACE_MS for one in endings if is_of_session(trail, one.trail)]
        return min([due, *ended])

    def _begin(self, waiting: WaitingGroup, trail: Trail) -> bool:
        """Make one batch of a group; whether more of it waits."""
        with self._service.store.read() as store:
            records = store.records.read_waiting(waiting.group, most_bytes=MOST_BYTES)
        if records is None:
            return False
        now = self._service.now_ms()
        by_delivery = self._service.settings.trail_log_time == "delivery"
        logged = (
            logged_records(records.bodies, delivered_at=now, by_delivery=by_delivery) if trail.log_group_arn else None
        )
        key = log_file_key(
            waiting.group.scope,
            at=datetime.fromtimestamp(now / 1000, UTC),
            unique=unique_part(self._service.new_secret(UNIQUE_LENGTH)),
            prefix=trail.s3_key_prefix,
            organization=trail.organization,
            folder=waiting.group.folder,
        )
        logged_count = self._service.store.write(lambda writer: self._commit(writer, records, trail, logged, key))
        if logged is not None and logged_count is not None:
            counters = self._service.counters
            counters.add("trail_records_logged", logged_count)
            counters.add("trail_records_unlogged", logged.oversize, reason="size")
            counters.add("trail_records_unlogged", len(logged.events) - logged_count, reason="log-group")
        return len(records.bodies) < waiting.records

    def _commit(
        self, store: StoreWriter, records: WaitingRecords, trail: Trail, logged: LoggedRecords | None, key: str
    ) -> int | None:
        """Begin a batch, and log its records; how many were logged, None where a reset came first."""
        if store.records.begin(records, object_key=key) is None:
            return None
        if logged is None or not logged.events:
            return 0
        scope, now = records.group.scope, self._service.now_ms()
        found = log_group_of(trail.log_group_arn)
        if found is None or GROUPS.get(store, *found) is None:
            missing = "ResourceNotFoundException: The specified log group does not exist."
            note_delivery(store, trail, scope.region, lambda status: after_delivery(status, "logs", now, missing))
            return 0
        home, group = found
        stream = log_stream_name(scope, organization=trail.organization)
        if store.logs.stream(home, group, stream) is None:
            store.logs.create_stream(home, group, stream, at=now)
        self._service.part(Pipeline).put(home, group, stream, logged.events, writer=store, checked=False)
        note_delivery(store, trail, scope.region, lambda status: after_delivery(status, "logs", now))
        return len(logged.events)

    # ------------------------------------------------------------ to buckets

    def buckets(self) -> tuple[list[str], float | None]:
        """The buckets that files can be put into now, and seconds until another one is tried again."""
        digests = self._service.part(TrailDigests)
        with self._service.store.read() as store:
            wanted = {one.trail.s3_bucket_name for one in _begun(store)} | digests.buckets(store)
        now = self._service.clock.monotonic()
        with self._lock:
            self._pauses = {bucket: pause for bucket, pause in self._pauses.items() if bucket in wanted}
            paused = {bucket: pause.until for bucket, pause in self._pauses.items() if pause.until > now}
        return sorted(wanted - paused.keys()), min((until - now for until in paused.values()), default=None)

    def failing_buckets(self) -> set[str]:
        """The buckets that did not take the last file, and for which one waits."""
        with self._lock:
            return set(self._pauses)

    def backlog(self) -> TrailBacklog:
        """What is not delivered yet."""
        with self._service.store.read() as store:
            records = sum(one.records for one in store.records.waiting())
            files = len(store.records.begun()) + self._service.part(TrailDigests).count(store)
        with self._lock:
            return TrailBacklog(records, files, len(self._pauses))

    def put(self, bucket: str) -> str | None:
        """Put what waits for a bucket, log files before digests, until one fails; why, None where none did."""
        with self._service.store.read() as store:
            batches = [one for one in _begun(store) if one.trail.s3_bucket_name == bucket]
        is_well = False
        try:
            failures = (failure for one in batches if (failure := self._put(one)) is not None)
            failure = next(failures, None) or self._service.part(TrailDigests).put(bucket)
            is_well = failure is None
        finally:
            self._note_try(bucket, is_well=is_well)
        return failure

    def _note_try(self, bucket: str, *, is_well: bool) -> None:
        """Have a bucket that has failed left alone for a while, twice as long each time."""
        with self._lock:
            if is_well:
                self._pauses.pop(bucket, None)
                return
            failures = self._pauses.get(bucket, _Pause(0, 0.0)).failures + 1
            pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 20), _LONGEST_PAUSE)
            self._pauses[bucket] = _Pause(failures, self._service.clock.monotonic() + pause)

    def _put(self, batch: _Batch) -> str | None:
        """Put the file of a batch, and let go of the batch; what kept it from being put."""
        trail, key = batch.trail, batch.begun.object_key
        with self._service.store.read() as store:
            records = store.records.read_begun(batch.begun.number)
        if not records:
            return None  # a reset
        file = log_file_content(records)
        try:
            self._service.objects.put(
                trail.s3_bucket_name, key, packed(file.content), metadata={}, kms_key=trail.kms_key_id
            )
        except ArchiveError as error:
            self._service.counters.add("trail_file_failures", kind="log")
            self._note_failure(batch, error, len(records))
            return error.message
        outcome = self._service.store.write(lambda writer: self._settle(writer, batch, file))
        counters = self._service.counters
        counters.add("trail_files_delivered", kind="log")
        if outcome is not None:
            counters.add("trail_notifications", outcome=outcome)
        return None

    def _settle(self, store: StoreWriter, batch: _Batch, file: LogFileContent) -> Literal["published", "failed"] | None:
        """Let go of a batch whose file is there; what became of the message to the topic.

        None where there was none: the trail has no topic, or the batch is no more since a reset.
        """
        begun, trail = batch
        if not store.records.finish(begun.number):
            return None
        scope, now = begun.group.scope, self._service.now_ms()
        if waits_for_digest(store, trail):
            named = LogFile(
                bucket=trail.s3_bucket_name,
                key=begun.object_key,
                sha256=file.sha256,
                newest_event_time=file.newest_event_time,
                oldest_event_time=file.oldest_event_time,
            )
            self._service.part(TrailDigests).note_file(store, trail, scope, named)
        error = ""
        if trail.sns_topic_arn:
            message = {"s3Bucket": trail.s3_bucket_name, "s3ObjectKey": [begun.object_key]}
            publication = Publication(message=msgspec.json.encode(message).decode())
            try:
                publish(self._service, store, trail.sns_topic_arn, publication, cause="cloudtrail")
            except NotFoundError as missing:
                error = f"NotFound: {missing.message}"

        def change(status: TrailStatus) -> TrailStatus:
            noted = after_delivery(status, "files", now)
            return after_delivery(noted, "notifications", now, error) if trail.sns_topic_arn else noted

        note_delivery(store, trail, scope.region, change)
        if not trail.sns_topic_arn:
            return None
        return "failed" if error else "published"

    def _note_failure(self, batch: _Batch, error: ArchiveError, records: int) -> None:
        """Tell of a file that could not be put; after a month of it the batch is given up."""
        now, begun = self._service.now_ms(), batch.begun
        began = delivery_time(begun.object_key)
        given_up = began is not None and now - began * 1000 > GIVEN_UP_AFTER_MS

        def work(store: StoreWriter) -> None:
            if given_up:
                store.records.finish(begun.number)
            note_delivery(
                store,
                batch.trail,
                begun.group.scope.region,
                lambda status: after_delivery(status, "files", now, error.reason),
            )

        self._service.store.write(work)
        if given_up:
            self._service.counters.add("trail_records_given_up", records)


def _begun(store: StoreReader) -> list[_Batch]:
    """The batches whose files are to be put, oldest first."""
    trails: dict[int, Trail] = {}
    batches: list[_Batch] = []
    for begun in store.records.begun():
        route = begun.group.route
        if route not in trails:
            trails[route] = route_trail(store, route)
        batches.append(_Batch(begun, trails[route]))
    return batches
