"""Deliveries in pages, and one of them in full. Spec: SNS-10.6, SNS-10.7, CON-4.10."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from rule_bench import HERE, RuleBench

from tocsin.app.delivery_record import MOST_FOR_A_PAGE, DeliveryPage, page_of_deliveries, read_delivery
from tocsin.app.dispatcher import DEAD_LETTER
from tocsin.core.delivery import DeliveryAttempt, DeliveryReason, Retry
from tocsin.core.envelope import Envelope, EnvelopeKind, pack_envelope
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.scope import Scope

TOPIC = HERE.arn("sns", "alerts")
THERE = Scope("444455556666", "eu-central-1")


def row(number: int, **changes: Any) -> DeliveryRow:
    """A delivery of that millisecond to `u<number>@example.com`."""
    envelope = Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id=f"m{number}",
        topic_arn=TOPIC,
        subscription_arn=f"{TOPIC}:s{number}",
        protocol="email",
        endpoint=f"u{number}@example.com",
        message="text",
        subject=f"subject {number}",
        published_at=number,
    )
    envelope = msgspec.structs.replace(envelope, **changes.pop("envelope", {}))
    made = DeliveryRow(
        delivery_id=f"d{number:05}",
        scope=HERE,
        topic_arn=TOPIC,
        target=envelope.subscription_arn,
        protocol=envelope.protocol,
        cause="publish",
        created_at=number,
        next_at=number,
        body=pack_envelope(envelope),
    )
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def bench() -> RuleBench:
    return RuleBench()


def keep(bench: RuleBench, *rows: DeliveryRow) -> None:
    bench.store.write(lambda store: store.outbox.put(rows))


def numbers(page: DeliveryPage) -> list[int]:
    return [one.row.created_at for one in page.lines]


def test_pages_follow_each_other_without_a_gap(bench: RuleBench) -> None:
    keep(bench, *map(row, range(5)))
    first = page_of_deliveries(bench.service, HERE, limit=2)
    assert (numbers(first), first.before, first.is_cut) == ([4, 3], (3, "d00003"), False)
    second = page_of_deliveries(bench.service, HERE, limit=2, before=first.before)
    third = page_of_deliveries(bench.service, HERE, limit=2, before=second.before)
    assert (numbers(second), numbers(third), third.before) == ([2, 1], [0], None)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, [4, 3, 1]),
        ({"status": DeliveryStatus.FAILED}, [3]),
        ({"topic": f"{TOPIC}-2"}, [4]),
        ({"target": f"{TOPIC}:s1"}, [1]),
        ({"to": "U3@EX"}, [3]),
        ({"to": "nobody"}, []),
        ({"before": (3, "d00003")}, [1]),
    ],
)
def test_deliveries_are_chosen(bench: RuleBench, chosen: dict[str, Any], found: list[int]) -> None:
    keep(
        bench,
        row(1),
        row(2, scope=THERE),
        row(3, status=DeliveryStatus.FAILED),
        row(4, topic_arn=f"{TOPIC}-2"),
    )
    assert numbers(page_of_deliveries(bench.service, HERE, limit=10, **chosen)) == found


def test_all_accounts_are_listed_together(bench: RuleBench) -> None:
    keep(bench, row(1), row(2, scope=THERE))
    assert numbers(page_of_deliveries(bench.service, None, limit=10)) == [2, 1]


def test_a_page_that_is_searched_for_in_vain_says_how_far_it_came(bench: RuleBench) -> None:
    keep(bench, *map(row, range(MOST_FOR_A_PAGE + 5)))
    page = page_of_deliveries(bench.service, HERE, to="u3@", limit=10)
    assert (numbers(page), page.is_cut) == ([], True)
    rest = page_of_deliveries(bench.service, HERE, to="u3@", limit=10, before=page.before)
    assert (numbers(rest), rest.is_cut, rest.before) == ([3], False, None)


def test_a_list_tells_what_a_delivery_is_about_without_its_body(bench: RuleBench) -> None:
    alarm = HERE.arn("cloudwatch", "alarm:a")
    keep(
        bench,
        row(1, envelope={"alarm_arn": alarm, "protocol": "https", "endpoint": "https://me:secret@example.com/x"}),
        row(2, envelope={"subject": None, "kind": EnvelopeKind.SUBSCRIPTION_CONFIRMATION}),
    )
    second, first = page_of_deliveries(bench.service, HERE, limit=10).lines
    assert (first.alarm, first.endpoint, first.subject) == (alarm, "https://me:****@example.com/x", "subject 1")
    assert (second.subject, second.alarm, second.row.body) == ("SubscriptionConfirmation", "", b"")


def test_one_delivery_is_told_with_all_its_attempts(bench: RuleBench) -> None:
    one = row(1)
    keep(bench, one)
    attempt = DeliveryAttempt(number=1, at=5, took=7, outcome=Retry(DeliveryReason.STATUS, "503"), next_at=9)
    bench.store.write(lambda store: store.outbox.record(one, attempt))
    found = read_delivery(bench.service, "d00001")
    assert found is not None
    assert (found.envelope.message, found.attempts, found.dead_letter, found.letter_of) == (
        "text",
        (attempt,),
        None,
        None,
    )
    assert read_delivery(bench.service, "other") is None


def test_a_delivery_knows_its_dead_letter_and_the_letter_knows_the_delivery(bench: RuleBench) -> None:
    keep(bench, row(1), row(2, cause=f"{DEAD_LETTER}d00001"))
    failed, letter = read_delivery(bench.service, "d00001"), read_delivery(bench.service, "d00002")
    assert failed is not None
    assert letter is not None
    assert failed.dead_letter is not None
    assert letter.letter_of is not None
    assert (failed.dead_letter.delivery_id, letter.letter_of.delivery_id) == ("d00002", "d00001")
