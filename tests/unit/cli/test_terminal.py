"""What a stream can show: width, colour, characters; and remarks on standard error."""

from __future__ import annotations

import io

import pytest

from tocsin.cli.terminal import Stream, Terminal
from tocsin.errors import InputError

from .conftest import FakeStream, MakeStream


@pytest.mark.parametrize(
    ("is_terminal", "environ", "has_colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    make_stream: MakeStream, is_terminal: bool, environ: dict[str, str], has_colour: bool
) -> None:
    stream = make_stream(is_terminal=is_terminal, **environ)
    assert stream.has_colour is has_colour
    assert stream.style("x", "red") == ("\x1b[31mx\x1b[0m" if has_colour else "x")


def test_nothing_is_not_coloured(make_stream: MakeStream) -> None:
    assert make_stream(is_terminal=True).style("", "red") == ""


@pytest.mark.parametrize(
    ("is_terminal", "columns", "width"),
    [(False, "", 100), (False, "120", 120), (False, "10", 40), (False, "0", 100), (False, "x", 100),
     (False, "²", 100), (False, "9" * 9, 100), (True, "", 80), (True, "70", 70)],
)  # fmt: skip
def test_width(is_terminal: bool, columns: str, width: int) -> None:
    assert Stream(FakeStream(is_terminal=is_terminal), {"COLUMNS": columns}).width == width


@pytest.mark.parametrize(
    ("encoding", "picked"), [("utf-8", "…"), ("UTF8", "…"), ("ascii", "..."), ("iso8859-1", "...")]
)
def test_characters_are_those_of_the_encoding(make_stream: MakeStream, encoding: str, picked: str) -> None:
    assert make_stream(encoding=encoding).pick("…", "...") == picked


def test_closed_stream_is_no_terminal() -> None:
    text = io.StringIO()
    text.close()
    assert not Stream(text, {}).is_terminal


class Full(io.StringIO):
    """A stream without room."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


class Gone(io.StringIO):
    """A pipe that nobody reads."""

    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


def test_stream_without_room_is_an_error_of_the_call() -> None:
    stream = Stream(Full(), {})
    with pytest.raises(InputError, match="No space left on device"):
        stream.write("x")
    with pytest.raises(InputError, match="No space left on device"):
        stream.flush()
    assert stream.is_broken


def test_broken_pipe_is_told_as_such() -> None:
    stream = Stream(Gone(), {})
    with pytest.raises(BrokenPipeError):
        stream.write("x")
    with pytest.raises(BrokenPipeError):
        stream.flush()


def test_note_goes_to_standard_error_and_is_safe() -> None:
    output, error = FakeStream(), FakeStream()
    Terminal(output, error, io.BytesIO(), {}).note("a\x1bb\n\tc")
    assert (output.getvalue(), error.getvalue()) == ("", "tocsin: a\\x1bb\n\tc\n")
