"""Messages to whoever runs the service: lines of a file, JSON over HTTP. Spec: IF-9, AL-19.4."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from http_endpoint import HttpEndpoint, Reply

from tocsin.clock import ManualClock
from tocsin.core.delivery import Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry
from tocsin.core.endpoint_address import AddressRules
from tocsin.core.envelope import Envelope, EnvelopeKind, pack_envelope
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers.operator import FileNotifier, JsonNotifier

CLOCK = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
ANYWHERE = AddressRules(("0.0.0.0/0", "::/0"))


def send(notifier: FileNotifier | JsonNotifier, message: str = '{"id":"1"}') -> DeliveryOutcome:
    envelope = Envelope(
        kind=EnvelopeKind.NOTIFICATION, message_id="1", topic_arn="", subscription_arn="", protocol="operator",
        endpoint="operator.channel", message=message, published_at=0,
    )  # fmt: skip
    row = DeliveryRow(
        delivery_id="d1", scope=Scope("", ""), topic_arn="", target="operator.channel", protocol="operator",
        cause="operator", created_at=0, next_at=0, body=pack_envelope(envelope),
    )  # fmt: skip

    async def work() -> DeliveryOutcome:
        outcome = await notifier.send(row, envelope)
        await notifier.close()
        return outcome

    return asyncio.run(work())


def test_each_message_is_a_line_of_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "complaints.jsonl"
    for number in range(3):
        assert send(FileNotifier(path), f'{{"id":"{number}"}}') == Delivered("written")
    assert path.read_text() == '{"id":"0"}\n{"id":"1"}\n{"id":"2"}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_moved_away_is_made_again(tmp_path: Path) -> None:
    path, notifier = tmp_path / "complaints.jsonl", FileNotifier(tmp_path / "complaints.jsonl")
    send(notifier)
    path.rename(tmp_path / "complaints.jsonl.1")
    send(notifier)
    assert path.read_text() == '{"id":"1"}\n'


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (os.mkfifo, "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/null"), "it is not a regular file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to(path.parent / "missing" / "file"), "No such file or directory"),
    ],
)
def test_what_is_no_file_is_tried_again_and_never_waited_for(tmp_path: Path, make, answer: str) -> None:
    path = tmp_path / "complaints.jsonl"
    make(path)
    assert send(FileNotifier(path)) == Retry(DeliveryReason.REFUSED, answer)


@pytest.mark.parametrize("room", [0, 4])
def test_without_room_for_a_line_there_is_none_of_it(tmp_path: Path, room: int) -> None:
    path = tmp_path / "complaints.jsonl"
    send(FileNotifier(path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
        outcome = send(FileNotifier(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handled)
    assert isinstance(outcome, Retry)
    assert path.read_text() == '{"id":"1"}\n'
    assert send(FileNotifier(path)) == Delivered("written")


def test_a_message_is_posted_as_json() -> None:
    with HttpEndpoint() as hook:
        outcome = send(JsonNotifier(f"{hook.url}hooks/abcdefgh", ANYWHERE, CLOCK))
        (request,) = hook.received
    assert outcome == Delivered("200 Some Reason")
    assert request.line == "POST /hooks/abcdefgh HTTP/1.1"
    assert request.body == b'{"id":"1"}'
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["x-tocsin-delivery"] == "d1"


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(500, b"no hooks/abcdefgh here"), Retry(DeliveryReason.STATUS, "500 Some Reason: no **** here")),
        (Reply(404, b"abcdefgh"), Failed(DeliveryReason.STATUS, "404 Some Reason: ****")),
        (Reply(302), Failed(DeliveryReason.STATUS, "302 Some Reason (redirects are not followed)")),
    ],
)
def test_what_follows_from_an_answer_without_the_secret_in_it(reply: Reply, outcome: DeliveryOutcome) -> None:
    with HttpEndpoint(lambda _: reply) as hook:
        assert send(JsonNotifier(f"{hook.url}hooks/abcdefgh", ANYWHERE, CLOCK)) == outcome


def test_who_does_not_answer_is_given_up() -> None:
    with HttpEndpoint(lambda _: Reply(raw=b"", hangs=True)) as hook:
        outcome = send(JsonNotifier(hook.url, ANYWHERE, CLOCK, seconds=0.2))
    assert outcome == Retry(DeliveryReason.TIME_OUT, "no answer within 0.2 s")
