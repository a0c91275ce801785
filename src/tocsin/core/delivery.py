"""What became of an attempt to deliver a message, and what is kept of it. Spec: AR-4, SNS-10.5 to SNS-10.7.

Rule: an attempt ends in one of three ways, and each has a reason that a person can act on. What the other side
answered is kept up to a length, never with a secret in it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_ANSWER = 256
"""Characters that are kept of an answer (SNS-10.7)."""


def answer_line(text: str, secrets: Iterable[str] = ()) -> str:
    r"""What the other side said as it is kept: on one line that acts on no screen, without secrets, cut (SNS-10.7).

    Secrets go before the cut, the longest first, so that none is left in part.

    >>> answer_line("550 no such\r\n\x1b[2J user: t0ken", ["t0ken"])
    '550 no such [2J user: ****'
    """
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, "****")
    return line[:LONGEST_ANSWER]


class DeliveryReason(StrEnum):
    """Why a message was not delivered."""

    TIME_OUT = "time-out"
    CONNECTION = "connection"
    NAME = "name-not-found"
    TLS = "tls"
    ADDRESS = "address-refused"  # it is ours not to go there (SNS-8.4)
    STATUS = "status"  # an HTTP status that is no success
    REFUSED = "refused"  # a mail server or service that said no
    MESSAGE = "message"  # it cannot be sent in this form (SNS-6.4)
    NOT_SERVED = "not-delivered-here"  # a protocol without a service (SNS-8.5)
    DEFECT = "defect"  # ours


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """The other side has taken it."""

    answer: str = ""


class Retry(msgspec.Struct, frozen=True, tag="retry"):
    """It may go well later. `after` is when the other side wants to be asked again, in seconds from now."""

    reason: DeliveryReason
    answer: str = ""
    after: float | None = None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It will not go well, however often it is tried."""

    reason: DeliveryReason
    answer: str = ""


DeliveryOutcome = Delivered | Retry | Failed


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: its number from 1, when it began and how long it took in milliseconds.

    `next_at` is when the next one is due, in milliseconds since the epoch; None where there will be none.
    """

    number: int
    at: int
    took: int
    outcome: DeliveryOutcome
    next_at: int | None = None

    @property
    def text(self) -> str:
        """What became of it, in a line: `delivered: 200 OK`, `status: 503 Service Unavailable`."""
        word = "delivered" if isinstance(self.outcome, Delivered) else self.outcome.reason.value
        return f"{word}: {self.outcome.answer}" if self.outcome.answer else word


class Endpoint(NamedTuple):
    """A protocol and an address of it."""

    protocol: str
    address: str
