"""Results: to a stream or, all of it or nothing, to a file; JSON, NDJSON, CSV (IF-1, IF-2)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.terminal import Stream, Terminal
from tocsin.errors import InputError

from .conftest import FakeStream, MakeStream

if TYPE_CHECKING:
    from pathlib import Path


def terminal() -> Terminal:
    return Terminal(FakeStream(), FakeStream(), io.BytesIO(), {})


def written(stream: Stream) -> str:
    return stream.text.getvalue()  # type: ignore[attr-defined,no-any-return]  # a FakeStream has it


# ---------------------------------------------------------------- where to


@pytest.mark.parametrize("path", [None, "-"])
def test_result_goes_to_standard_output(path: str | None) -> None:
    to = terminal()
    with open_result(path, to, {}) as stream:
        assert stream is to.output


def test_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with open_result(str(target), terminal(), {}) as stream:
        stream.write("Zoë\n")
        assert not target.exists()
    assert target.read_bytes() == "Zoë\n".encode()
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old", encoding="utf-8")

    def fail_half_way() -> None:
        with open_result(str(target), terminal(), {}) as stream:
            stream.write("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert target.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


def test_file_has_neither_colour_nor_lone_surrogates(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with open_result(str(target), terminal(), {}) as stream:
        stream.write(stream.style("red", "red") + "\ud800")
    assert target.read_bytes() == b"red\\ud800"


@pytest.mark.parametrize("place", ["absent/out.txt", "."])
def test_place_that_cannot_be_written_is_an_error_of_the_call(tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match="cannot write"), open_result(str(tmp_path / place), terminal(), {}):
        pass


# ---------------------------------------------------------------- JSON


def test_json_is_laid_out_where_it_is_long(make_stream: MakeStream) -> None:
    stream = make_stream()
    write_json(stream, {"short": [1, 2], "long": [["x" * 60, 1.0], ["y" * 60, 2.0]], "none": [], "z": {"k": "v" * 99}})
    assert written(stream).split("\n") == [
        "{",
        '  "short": [1,2],',
        '  "long": [',
        f'    ["{"x" * 60}",1.0],',
        f'    ["{"y" * 60}",2.0]',
        "  ],",
        '  "none": [],',
        '  "z": {',
        f'    "k": "{"v" * 99}"',
        "  }",
        "}",
        "",
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)


@given(VALUES)
def test_layout_does_not_change_the_value(value: Any) -> None:
    stream = Stream(FakeStream(), {})
    write_json(stream, value)
    assert json.loads(written(stream)) == value


def test_json_is_ascii_where_the_stream_is(make_stream: MakeStream) -> None:
    stream = make_stream(encoding="ascii")
    write_json(stream, {"name": "Zoë"})
    write_ndjson(stream, ["Zoë"])
    assert written(stream) == '{"name":"Zo\\u00eb"}\n"Zo\\u00eb"\n'


def test_ndjson_is_one_value_a_line(make_stream: MakeStream) -> None:
    stream = make_stream()
    write_ndjson(stream, [{"a": "x\ny"}, [1]])
    assert written(stream) == '{"a":"x\\ny"}\n[1]\n'


def test_csv_has_a_head(make_stream: MakeStream) -> None:
    stream = make_stream()
    write_csv(stream, ("name", "value"), [("=1+1", -1.5), ("a", None)])
    assert written(stream) == "name,value\n'=1+1,-1.5\na,\n"


def test_lines_end_with_line_breaks(make_stream: MakeStream) -> None:
    stream = make_stream()
    write_lines(stream, ["a", "b"])
    assert written(stream) == "a\nb\n"
