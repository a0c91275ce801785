"""The log of the live service. Spec: AR-7."""

from __future__ import annotations

import errno
import io

from tocsin.composition.telemetry import _Output


class Full(io.StringIO):
    """A stream to a disk that is full."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        """There is nothing to flush."""


def test_a_line_that_cannot_be_written_ends_nothing() -> None:
    output = _Output(Full())
    output.write("a line\n")
    output.flush()


def test_what_can_be_written_is() -> None:
    stream = io.StringIO()
    _Output(stream).write("a line\n")
    assert stream.getvalue() == "a line\n"


def test_a_stream_that_was_closed_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    output = _Output(stream)
    output.write("a line\n")
    output.flush()
