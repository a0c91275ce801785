"""A progress bar on standard error. Rule: it appears on a terminal alone, and leaves nothing behind.

Plain code: the usual library for bars takes longer to import than a small archive takes to scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tocsin.core.quantity import bytes_text, count_text, duration_text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from tocsin.cli.terminal import Stream
    from tocsin.clock import Clock

_SECONDS_BETWEEN = 0.1
_SECONDS_BEFORE_GUESSING = 2.0
_BAR = 24
_CLEAR = "\r\x1b[K"


class Progress(Protocol):
    """How far a command has come (`tocsin.composition.archive_work.Progress`)."""

    @property
    def bytes_done(self) -> int:
        """Packed bytes read so far."""
        ...

    @property
    def bytes_total(self) -> int:
        """Packed bytes to be read."""
        ...

    @property
    def files_done(self) -> int:
        """Files read so far."""
        ...

    @property
    def files_total(self) -> int:
        """Files to be read."""
        ...

    @property
    def matches(self) -> int:
        """What has been found so far."""
        ...

    @property
    def is_counting(self) -> bool:
        """Are there more bytes and files to be read than are known yet?"""
        ...


class ProgressBar:
    """Shows progress while a `with` block runs; call it with each `Progress`. `found` names what is found."""

    def __init__(self, stream: Stream, clock: Clock, *, found: str = "matches") -> None:
        self._stream = stream
        self._clock = clock
        self._found = found
        self._start = clock.monotonic()
        self._drawn: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn is not None:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def __call__(self, progress: Progress) -> None:
        """Draw the bar anew, unless that was done a moment ago."""
        now = self._clock.monotonic()
        if self._drawn is not None and now - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = now
        self._stream.write(_CLEAR + self.line(progress, elapsed=now - self._start))
        self._stream.flush()

    def line(self, progress: Progress, *, elapsed: float) -> str:
        """The bar after `elapsed` seconds, within the width of the terminal."""
        done = progress.bytes_done / progress.bytes_total if progress.bytes_total else 1.0
        done = min(1.0, max(0.0, done))
        full, empty = self._stream.pick("█", "#"), self._stream.pick("░", "-")
        bytes_read = f"{bytes_text(progress.bytes_done)} of {bytes_text(progress.bytes_total)}"
        if progress.is_counting:  # a share would fall with each file that is found
            parts = [f"{self._stream.pick('    …', '  ...')} {empty * _BAR}", f"{bytes_read} found so far"]
        else:
            filled = int(done * _BAR)
            bar = f"{self._stream.style(full * filled, 'cyan')}{empty * (_BAR - filled)}"
            parts = [f"{int(done * 100):3d} % {bar}", bytes_read]
            if elapsed >= _SECONDS_BEFORE_GUESSING and 0 < done < 1:
                parts.append(f"{duration_text(round(elapsed * (1 - done) / done))} left")
        parts.append(f"{count_text(progress.matches)} {self._found}")
        # One column stays free: a full line would make some terminals begin a new one.
        room = self._stream.width - 1 - (6 + _BAR)
        line = parts[0]
        for part in parts[1:]:
            if len(part) + 2 > room:
                break
            line += f"  {part}"
            room -= len(part) + 2
        return line
