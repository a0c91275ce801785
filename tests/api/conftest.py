"""A service in memory on a clock that stands still, and clients of it."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from wire_client import Dispatcher, client

from tocsin.app.service import Service
from tocsin.archive.folder import FolderStore
from tocsin.clock import ManualClock
from tocsin.composition.digest_keys import DigestKeyFolder
from tocsin.store.memory import MemoryStore

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def service(clock: ManualClock, tmp_path: Path) -> Service:
    numbers = itertools.count(1)
    secrets = itertools.count(1)
    return Service(
        MemoryStore(),
        clock,
        new_id=lambda: f"00000000-0000-4000-9000-{next(numbers):012}",
        new_secret=lambda size: hashlib.shake_256(b"%d" % next(secrets)).digest(size),
        objects=FolderStore(tmp_path / "s3"),
        digest_keys=DigestKeyFolder(None, clock),
    )


@pytest.fixture
def now(clock: ManualClock):
    """The time in milliseconds since the epoch."""
    return lambda: int(clock.now().timestamp() * 1000)


@pytest.fixture
def refused():
    """Code and message of the error that a call ends in."""
    from botocore.exceptions import ClientError

    def run(call, **parameters) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(**parameters)
        error = caught.value.response["Error"]
        return error["Code"], error.get("Message", "")

    return run


@pytest.fixture
def logs(service: Service):
    from tocsin.api.logs import operations

    return client("logs", Dispatcher(service, operations))


@pytest.fixture(params=["json", "query", "cbor"])
def protocol(request) -> str:
    """CloudWatch is spoken to in all three (WIRE-6.4)."""
    return request.param


@pytest.fixture
def cloudwatch(service: Service, protocol: str):
    from tocsin.api.cloudwatch import operations

    return client("cloudwatch", Dispatcher(service, operations), protocol=protocol)


@pytest.fixture
def dispatcher(service: Service) -> Dispatcher:
    """SNS and STS, for clients of any region and key and for requests made by hand."""
    from tocsin.api.sns import operations as sns_operations
    from tocsin.api.sts import operations as sts_operations

    return Dispatcher(service, sns_operations, sts_operations)


@pytest.fixture
def sns(dispatcher: Dispatcher):
    return client("sns", dispatcher)


@pytest.fixture
def sts(dispatcher: Dispatcher):
    return client("sts", dispatcher)


@pytest.fixture
def trails(service: Service) -> Dispatcher:
    """CloudTrail, with Logs and SNS for what trails deliver to, for clients of any region and account."""
    from tocsin.api.cloudtrail import operations as cloudtrail_operations
    from tocsin.api.logs import operations as logs_operations
    from tocsin.api.sns import operations as sns_operations

    return Dispatcher(service, cloudtrail_operations, logs_operations, sns_operations)


@pytest.fixture
def cloudtrail(trails: Dispatcher):
    return client("cloudtrail", trails)


@pytest.fixture
def outbox(service: Service):
    """The rows that wait in the outbox with their envelopes, oldest first."""
    from tocsin.core.envelope import unpack_envelope

    def run():
        with service.store.read() as store:
            rows = store.outbox.deliveries(limit=1000)
        return [(row, unpack_envelope(row.body)) for row in sorted(rows, key=lambda row: row.delivery_id)]

    return run
