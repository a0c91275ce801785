"""Messages to the services that the library apprise knows. Spec: SNS-8.5, IF-9, AR-12.

Rule: the library blocks, so it works in threads of its own, each with a bound on its time. What it has to say goes into
the record of the attempt, without a part of the address, and nowhere else.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from tocsin.core.chat_message import chat_message, plain_message
from tocsin.core.delivery import Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry, answer_line

if TYPE_CHECKING:
    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.channel import ChannelAddresses

SECONDS: Final = 30.0
"""What a service has."""

_THREADS: Final = 4
_KINDS: Final = {"ALARM": "failure", "OK": "success", "INSUFFICIENT_DATA": "warning"}
_SEPARATORS: Final = re.compile(r"[/?&=#:@;,]+")
_SHORTEST_SECRET: Final = 4


def is_installed() -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec("apprise") is not None


def knows_address(url: str) -> bool:
    """Whether the library can make something of an address; it takes a while to be loaded."""
    return _service(url) is not None


class AppriseNotifier:
    """Passes messages on. `public_url` is where the page of an alarm is, `seconds` what a service has."""

    def __init__(self, addresses: ChannelAddresses, *, public_url: str, seconds: float = SECONDS) -> None:
        self._addresses = addresses
        self._public_url = public_url
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Pass a message on once."""
        url = self._addresses.find(envelope)
        if isinstance(url, Failed):
            return url
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._send, url, envelope)
        try:
            async with asyncio.timeout(self._seconds + 1):  # the library has come to an end by itself before
                return await work
        except TimeoutError:
            return self._time_out()

    async def close(self) -> None:
        """Begin nothing more; a call that is under way ends within its time."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, url: str, envelope: Envelope) -> DeliveryOutcome:
        from apprise import Apprise, AppriseResultStatus

        service = _service(url)
        if service is None:
            return Failed(DeliveryReason.MESSAGE, "apprise can make nothing of the address of the channel")
        message = chat_message(envelope, public_url=self._public_url)
        title, body = plain_message(message)
        sender = Apprise(asset=service.asset)
        sender.add(service)
        result = sender.notify(
            body=body,
            title=title,
            notify_type=_KINDS.get(message.state, "info"),
            body_format="text",
            timeout=self._seconds,
        )
        if result.status is AppriseResultStatus.SUCCESS:
            return Delivered()
        if result.status is AppriseResultStatus.TIMEOUT:
            return self._time_out()
        return Retry(DeliveryReason.REFUSED, _without_address(url, " ".join(entry.message for entry in result.logs())))

    def _time_out(self) -> DeliveryOutcome:
        return Retry(DeliveryReason.TIME_OUT, f"no end within {self._seconds:g} s")


_loading = Lock()


def _service(url: str) -> Any:
    """What the library makes of an address; None where that is nothing."""
    with _loading:
        from apprise import Apprise, AppriseAsset

        # It logs addresses that it does not understand, whole.
        logger = logging.getLogger("apprise")
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return Apprise.instantiate(url, asset=AppriseAsset(async_mode=False))


def _without_address(url: str, text: str) -> str:
    """What was said, without what stands in the address behind the name of the service."""
    parts = _SEPARATORS.split(url.partition("://")[2])
    secrets = {secret for part in parts for secret in (part, unquote(part)) if len(secret) >= _SHORTEST_SECRET}
    return answer_line(text, secrets)
