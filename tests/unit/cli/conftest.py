"""A command line without a process: streams, environment, clock and use cases that a test hands in."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pytest

from tocsin.cli.invocation import Invocation
from tocsin.cli.main import run
from tocsin.cli.terminal import Stream, Terminal
from tocsin.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FakeStream(io.StringIO):
    """A text stream that may say it is a terminal, and has an encoding."""

    def __init__(self, *, is_terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # of a stream that is an attribute
        return self._encoding

    def isatty(self) -> bool:
        return self._is_terminal


class Result(NamedTuple):
    """What a run of the command line left behind."""

    status: int
    out: str
    err: str


class Call(Protocol):
    def __call__(
        self,
        *argv: str,
        use_cases: Any = None,
        environ: Mapping[str, str] | None = None,
        is_terminal: bool = False,
        encoding: str = "utf-8",
        stdin: bytes = b"",
        now: datetime = NOW,
    ) -> Result: ...


@pytest.fixture
def call() -> Call:
    """Run `tocsin` with these arguments; 80 columns unless the environment says otherwise."""

    def call_with(
        *argv: str,
        use_cases: Any = None,
        environ: Mapping[str, str] | None = None,
        is_terminal: bool = False,
        encoding: str = "utf-8",
        stdin: bytes = b"",
        now: datetime = NOW,
    ) -> Result:
        output = FakeStream(is_terminal=is_terminal, encoding=encoding)
        error = FakeStream(is_terminal=is_terminal, encoding=encoding)
        environ = {"COLUMNS": "80", **(environ or {})}
        terminal = Terminal(output, error, io.BytesIO(stdin), environ)
        invocation = Invocation(terminal, environ=environ, clock=ManualClock(now), use_cases=use_cases)
        status = run(argv, invocation)
        return Result(status, output.getvalue(), error.getvalue())

    return call_with


class MakeStream(Protocol):
    def __call__(
        self, *, width: int = 80, is_terminal: bool = False, encoding: str = "utf-8", **environ: str
    ) -> Stream: ...


@pytest.fixture
def make_stream() -> MakeStream:
    """A stream of a width, with the capabilities asked for."""

    def make(*, width: int = 80, is_terminal: bool = False, encoding: str = "utf-8", **environ: str) -> Stream:
        return Stream(FakeStream(is_terminal=is_terminal, encoding=encoding), {"COLUMNS": str(width), **environ})

    return make
