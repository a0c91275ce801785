"""The texts of records that were decoded together: each its own, whatever the records hold (FP-4.7, AR-13)."""

from __future__ import annotations

import json

import msgspec
import pytest
from synthetic import record

from tocsin.core.projection import Projected
from tocsin.core.raw_record import elements_of_array
from tocsin.core.record_run import LinesRun, LogFileRun, Run, as_array, end_before

BEGIN = b'{"eventVersion"'

PLAIN = [record("GetTrail", n=n, text="x" * (n % 7 * 900)) for n in range(150)]
# What looks like the seam between two records stands inside of one, too.
NESTED = [record("GetTrail", n=n, copies=[record("Inner", n=-1, text="y" * 3000)] * 4) for n in range(40)]
LONG = [record("GetTrail", n=0, copies=[record("Inner", n=-1)] * 800), record("GetTrail", n=1), record("Last", n=2)]
OTHER_KEYS = [{"n": n, "text": "z" * 700} for n in range(150)]


def text_of(records: list[dict], layout: str) -> bytes:
    if layout == "compact":
        return json.dumps(records, separators=(",", ":")).encode()
    return json.dumps(records, indent=4).encode()


def run_of(text: bytes | bytearray, count: int, *, begin: bytes) -> Run:
    return Run(Projected([None] * count, None), text, 1, len(text) - 1, begin=begin)


@pytest.mark.parametrize("kind", [bytes, bytearray])
@pytest.mark.parametrize("begin", [BEGIN, b'{\n        "eventVersion"', b'{"n"', b""])
@pytest.mark.parametrize("layout", ["compact", "pretty"])
@pytest.mark.parametrize("records", [PLAIN, NESTED, LONG, OTHER_KEYS, PLAIN[:1]])
def test_each_record_has_its_own_text(records: list[dict], layout: str, begin: bytes, kind: type) -> None:
    text = text_of(records, layout)
    elements = [bytes(element) for element in elements_of_array(text)]
    run = run_of(kind(text), len(records), begin=begin)
    assert run.texts(range(len(records))) == elements
    for place in range(0, len(records), 7):
        assert run.texts([place]) == [elements[place]]
    for some in (range(3, len(records), 11), range(len(records) // 2), range(len(records) // 2, len(records))):
        assert run.texts(some) == [elements[place] for place in some]


def test_no_more_is_decoded_than_lies_between_a_record_and_the_nearer_end(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    def decode(text: bytes | bytearray | memoryview) -> list[msgspec.Raw]:
        decoded.append(len(text))
        return elements_of_array(text)

    monkeypatch.setattr("tocsin.core.record_run.elements_of_array", decode)
    records = [record("GetTrail", n=n, text="x" * 1000) for n in range(1000)]
    text = bytearray(text_of(records, "compact"))
    run = run_of(text, 1000, begin=BEGIN)
    for places in ([100], [899], [50, 100], [100, 899]):
        decoded.clear()
        assert [json.loads(one)["n"] for one in run.texts(places)] == places
        assert sum(decoded) < len(text) * (0.15 if len(places) == 1 or places[1] == 100 else 0.27)


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_elements_are_decoded_where_they_stand(kind: type) -> None:
    text = kind(b'{"Records":[1,2,3]}')
    for start, end, values in ((12, 17, [1, 2, 3]), (14, 15, [2]), (14, 17, [2, 3])):
        assert as_array(msgspec.json.decode, text, start, end) == values
        assert text == b'{"Records":[1,2,3]}'
    with pytest.raises(msgspec.DecodeError):
        as_array(msgspec.json.decode, text, 12, 16)
    assert text == b'{"Records":[1,2,3]}'
    assert as_array(msgspec.json.decode, kind(b"1,2"), 0, 3) == [1, 2]


@pytest.mark.parametrize(
    ("text", "end"),
    [(b'{},{"a"', 2), (b'{} , {"a"', 2), (b'{}\r\n,\n\t{"a"', 2), (b'{};{"a"', 0), (b'[],{"a"', 0), (b'{"a"', 0)],
)
def test_where_the_object_before_ends(text: bytes, end: int) -> None:
    assert end_before(text, text.rindex(b'{"a"')) == end


def test_lines_and_log_files_with_more_than_one_list_have_texts_too() -> None:
    lines = b'{"n":0}\n{"n":1}\r\n\n{"n":2}'
    assert LinesRun(Projected([None] * 3, None), lines).texts([0, 2]) == [b'{"n":0}', b'{"n":2}']
    twice = b'{"Records":[{"n":0}],"Records":[{"n":1},{"n":2}]}'
    assert LogFileRun(Projected([None] * 2, None), twice).texts([1]) == [b'{"n":2}']
