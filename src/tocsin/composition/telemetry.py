"""The log of the live service: one event a line, those of the libraries too.

Rule: no key, no signature, no message of anybody's is in it. Nothing fails because a line cannot be written.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

_SECRET = frozenset(("secret", "password", "token", "authorization", "signature", "body", "message_body"))


def configure_log(*, is_terminal: bool, stream: TextIO | None = None) -> None:
    """Write events to a stream, without one to standard error: readable on a terminal, else as JSON."""
    renderer: Any = structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("Any", _Output(stream or sys.stderr))),
        cache_logger_on_first_use=True,
    )
    # What libraries have to say, such as uvicorn and asyncio of a defect.
    logging.basicConfig(handlers=[_ToLog()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)


class _Output:
    """Where lines go. One that cannot be written is no reason for anything to end.

    That is so on a disk that is full (OSError), and once standard error is closed (ValueError).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Send on what was written, if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class _ToLog(logging.Handler):
    """Passes on what comes through the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        try:
            event = record.getMessage().strip()
            log(record.name).log(record.levelno, event, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001  (as the standard library has it: a log line is no reason to fail)
            self.handleError(record)


def log(name: str) -> Any:
    """The log of a part of the service."""
    return structlog.get_logger(part=name)


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: "…" if key.lower() in _SECRET else value for key, value in event.items()}
