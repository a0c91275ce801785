"""The progress bar: on a terminal alone, within its width, and gone at the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tocsin.cli.progress import ProgressBar
from tocsin.cli.table import width_of
from tocsin.clock import ManualClock

if TYPE_CHECKING:
    from .conftest import MakeStream

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Progress(NamedTuple):
    bytes_done: int
    bytes_total: int = 1_000_000
    files_done: int = 0
    files_total: int = 0
    matches: int = 0
    is_counting: bool = False


@pytest.mark.parametrize(
    ("progress", "elapsed", "line"),
    [
        (Progress(0), 0, "  0 % ------------------------  0 bytes of 1.0 MB  0 matches"),
        (Progress(500_000, matches=1234), 1, " 50 % ############------------  500 kB of 1.0 MB  1,234 matches"),
        (Progress(250_000), 30, " 25 % ######------------------  250 kB of 1.0 MB  1 min 30 s left  0 matches"),
        (Progress(1_000_000), 30, "100 % ########################  1.0 MB of 1.0 MB  0 matches"),
        (Progress(0, 0), 30, "100 % ########################  0 bytes of 0 bytes  0 matches"),
        (Progress(2_000_000), 1, "100 % ########################  2.0 MB of 1.0 MB  0 matches"),
        (
            Progress(500_000, matches=7, is_counting=True),
            30,
            "  ... ------------------------  500 kB of 1.0 MB found so far  7 matches",
        ),
    ],
)
def test_bar_says_how_far_and_how_long(make_stream: MakeStream, progress: Progress, elapsed: float, line: str) -> None:
    bar = ProgressBar(make_stream(encoding="ascii"), ManualClock(START))
    assert bar.line(progress, elapsed=elapsed) == line


@pytest.mark.parametrize("width", [40, 50, 60, 80])
def test_bar_never_fills_the_line(make_stream: MakeStream, width: int) -> None:
    bar = ProgressBar(make_stream(width=width), ManualClock(START))
    assert width_of(bar.line(Progress(400_000, matches=10**9), elapsed=60)) < width


def test_bar_is_drawn_ten_times_a_second_at_most_and_cleared(make_stream: MakeStream) -> None:
    stream, clock = make_stream(is_terminal=True), ManualClock(START)
    with ProgressBar(stream, clock, found="records") as bar:
        for _ in range(10):
            bar(Progress(1))
            clock.advance(0.05)
    written = stream.text.getvalue()  # type: ignore[attr-defined]  # a FakeStream has it
    assert written.count("records") == 5
    assert written.endswith("\r\x1b[K")


def test_bar_that_was_never_drawn_leaves_nothing(make_stream: MakeStream) -> None:
    stream = make_stream(is_terminal=True)
    with ProgressBar(stream, ManualClock(START)):
        pass
    assert stream.text.getvalue() == ""  # type: ignore[attr-defined]  # a FakeStream has it


def test_bar_is_cleared_when_the_work_fails(make_stream: MakeStream) -> None:
    stream = make_stream(is_terminal=True)

    def fail_half_way() -> None:
        with ProgressBar(stream, ManualClock(START)) as bar:
            bar(Progress(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert stream.text.getvalue().endswith("\r\x1b[K")  # type: ignore[attr-defined]  # a FakeStream has it
