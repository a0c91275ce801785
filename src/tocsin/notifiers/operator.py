"""Messages to whoever runs the service: lines of a file, or JSON over http and https. Spec: IF-9, AL-19.4.

Rule: a line is there whole or not at all, and a message that came twice has the same `id` both times. The address of a
web hook may be a secret, and no part of it is in what is kept of an answer.
"""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING, Final

from tocsin.core.delivery import LONGEST_ANSWER, Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry
from tocsin.notifiers.http_post import SECONDS, HttpPoster, WebAddress, secrets_in

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from tocsin.clock import Clock
    from tocsin.core.endpoint_address import AddressRules
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.network import Resolver

_HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Tocsin",
    "Accept-Encoding": "gzip,deflate",
}

# A pipe that nobody reads is not waited for; a system without pipes has no flag for that.
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)


class FileNotifier:
    """Appends each message to a file, as a line; the file is made where it is missing, for its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Append a message once."""
        return await asyncio.to_thread(self._append, envelope.message.encode("utf-8", "replace") + b"\n")

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _append(self, line: bytes) -> DeliveryOutcome:
        try:
            file = os.open(self._path, _FLAGS, 0o600)
        except OSError as error:
            return _refused(error)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return Retry(DeliveryReason.REFUSED, "it is not a regular file")
            size = os.fstat(file).st_size
            try:
                written = os.write(file, line)
                os.fsync(file)
            except OSError as error:
                os.ftruncate(file, size)
                return _refused(error)
            if written < len(line):  # the disk is full
                os.ftruncate(file, size)
                return Retry(DeliveryReason.REFUSED, "there is no room for a line")
        except OSError as error:
            return _refused(error)
        finally:
            os.close(file)
        return Delivered("written")


def _refused(error: OSError) -> DeliveryOutcome:
    return Retry(DeliveryReason.REFUSED, (error.strerror or type(error).__name__)[:LONGEST_ANSWER])


class JsonNotifier:
    """Posts each message, which is JSON, to one address. `seconds` is what the other side has."""

    def __init__(
        self,
        url: str,
        rules: AddressRules,
        clock: Clock,
        *,
        seconds: float = SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._url = url
        self._poster = HttpPoster(rules, clock, seconds=seconds, tls=tls, resolver=resolver)

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:
        """Post a message once."""
        try:
            address = WebAddress.of(self._url, secrets=secrets_in(self._url))
        except ValueError:
            return Failed(DeliveryReason.MESSAGE, "the address of the channel is no URL")
        headers = {**_HEADERS, "X-Tocsin-Delivery": delivery.delivery_id}
        return await self._poster.post(address, headers, envelope.message.encode("utf-8", "replace"))

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._poster.close()
