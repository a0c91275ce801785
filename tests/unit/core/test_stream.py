"""The fast lane: what it takes, what it leaves to the exact path, and the text of what it took (AR-13)."""

from __future__ import annotations

import json

import pytest
from synthetic import log_file, record

from tocsin.core.limits import Limits
from tocsin.core.projection import Projection
from tocsin.core.record_run import Run
from tocsin.core.stream import RecordStream

RECORDS = [record("GetTrail", f"2026-03-01T10:{n // 60:02}:{n % 60:02}Z", n=n) for n in range(600)]


def cut(data: bytes, *, piece: int = 1000, limits: Limits = Limits()) -> tuple[list[dict], list[str]]:
    """The records in order, and by which way each of them came."""
    reading = RecordStream(Projection([], everything=True), limits)
    items = []
    for at in range(0, len(data), piece):
        items += reading.feed(data[at : at + piece])
    items += reading.close()
    found, ways = [], []
    for item in items:
        texts = item.texts(range(len(item.records))) if isinstance(item, Run) else [item.text]
        found += [json.loads(text) for text in texts]
        ways += ["fast" if isinstance(item, Run) else "exact"] * len(texts)
    return found, ways


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize("piece", [700, 5000, 10_000_000])
@pytest.mark.parametrize(
    "data",
    [
        log_file(*RECORDS),
        json.dumps({"Records": RECORDS}).encode(),
        json.dumps({"Records": RECORDS}, indent=4).encode() + b"\n",
        b" \xef\xbb\xbf"[1:] + log_file(*RECORDS),
        json.dumps(RECORDS).encode(),
        json.dumps(RECORDS, indent="\t").encode(),
        lines(*RECORDS),
        lines(*RECORDS).replace(b"\n", b"\r\n"),
        lines(*RECORDS)[:-1],
        lines(*RECORDS).replace(b"\n", b"\n\n"),
        lines(*({"Records": RECORDS[at : at + 10]} for at in range(0, 600, 10))),
    ],
    ids=["compact", "spaced", "pretty", "bom", "array", "pretty-array", "lines", "crlf", "no-end", "blank", "wrapped"],
)
def test_usual_files_take_the_fast_lane(data: bytes, piece: int) -> None:
    found, ways = cut(data, piece=max(piece, 4096))
    assert found == RECORDS
    assert set(ways) == {"fast"}


def test_records_that_begin_unlike_the_first_are_learnt() -> None:
    alphabetical = [dict(sorted(one.items())) for one in RECORDS * 4]
    found, ways = cut(log_file(RECORDS[0], *alphabetical), piece=64 * 1024)
    assert found == [RECORDS[0], *alphabetical]
    assert ways.count("fast") > 2000


def test_nothing_is_learnt_from_objects_inside_a_record() -> None:
    wide = record("GetTrail", list=[{"k": n} for n in range(60_000)])
    found, ways = cut(log_file(wide, wide), piece=64 * 1024)
    assert found == [wide, wide]
    assert len(ways) == 2


def test_one_odd_record_costs_the_fast_lane_one_record() -> None:
    odd = [*RECORDS[:300], {"eventTime": 7}, *RECORDS[300:]]
    for data in (log_file(*odd), lines(*odd)):
        found, ways = cut(data, piece=5000)
        assert found == odd
        assert ways.count("exact") == 1


def test_what_looks_like_a_seam_inside_a_record_is_seen_through() -> None:
    inner = record("GetTrail", copies=[record("Inner"), record("Inner"), record("Inner")])
    data = log_file(*[inner] * 50)
    found, ways = cut(data, piece=4096)
    assert found == [inner] * 50
    assert set(ways) == {"fast"}


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (log_file(*RECORDS)[:-2] + b'],"note":[1]}', 600),
        (log_file(*RECORDS) + log_file(*RECORDS[:5]), 605),
        (log_file(*RECORDS[:5])[:-1] + b',"Records":' + json.dumps(RECORDS[5:9]).encode() + b"}", 4),
        (log_file(*RECORDS)[:-30], 599),
        (lines(*RECORDS)[:-30], 599),
        (lines(*RECORDS[:300]) + b'{"eventTime": oops\n' + lines(*RECORDS[300:]), 600),
    ],
    ids=["more-members", "two-files", "twice-records", "cut-short", "cut-line", "garbled-line"],
)
def test_what_follows_the_records_is_left_to_the_exact_path(data: bytes, count: int) -> None:
    for piece in (4096, 10_000_000):
        reading = RecordStream(Projection([], everything=True))
        items = [item for at in range(0, len(data), piece) for item in reading.feed(data[at : at + piece])]
        items += reading.close()
        runs = sum(len(item.records) for item in items if isinstance(item, Run))
        whole = [json.loads(item.text) for item in items if not isinstance(item, Run) and item.problem is None]
        inside = sum(len(one["Records"]) if "Records" in one else 1 for one in whole)
        assert runs + inside == count


@pytest.mark.parametrize("form", [log_file, lines, lambda *records: json.dumps(records).encode()])
def test_a_record_longer_than_the_limit_is_left_to_the_exact_path(form) -> None:
    long = record("Long", text="x" * 3000)
    reading = RecordStream(Projection([], everything=True), Limits(record=2000))
    data = form(*RECORDS[:20], long, *RECORDS[20:40])
    items = [item for at in range(0, len(data), 4096) for item in reading.feed(data[at : at + 4096])]
    items += reading.close()
    problems = [item.problem for item in items if not isinstance(item, Run) and item.problem]
    assert len(problems) == 1
    assert "limits.record" in problems[0]
    count = sum(len(item.records) if isinstance(item, Run) else item.problem is None for item in items)
    assert count == 40


@pytest.mark.parametrize("piece", [4096, 10_000_000])
@pytest.mark.parametrize("form", [log_file, lines, lambda *records: json.dumps(records).encode()])
def test_each_record_has_its_own_text(form, piece: int) -> None:
    reading = RecordStream(Projection([], everything=True))
    data = form(*RECORDS)
    items = [item for at in range(0, len(data), piece) for item in reading.feed(data[at : at + piece])]
    items += reading.close()
    start = 0
    for item in items:
        assert isinstance(item, Run)
        for place in range(len(item.records)):
            assert json.loads(item.texts([place])[0])["n"] == start + place
        start += len(item.records)
    assert start == 600


def test_a_text_is_not_taken_from_inside_a_record() -> None:
    inner = [record("Inner") for _ in range(4)]
    wide = [record("GetTrail", n=n, copies=inner) for n in range(40)]
    plain = [record("GetTrail", n=n) for n in range(40, 80)]
    for values in (wide + plain, plain + wide + plain[:1]):
        for data in (log_file(*values), json.dumps(values).encode()):
            reading = RecordStream(Projection([], everything=True))
            (*runs,) = [*reading.feed(data), *reading.close()]
            texts = [run.texts([place])[0] for run in runs for place in range(len(run.records))]
            assert [json.loads(text)["n"] for text in texts] == [value["n"] for value in values]


def test_the_last_of_two_members_named_records_counts() -> None:
    data = log_file(*RECORDS[:9])[:-1] + b',"Records":' + json.dumps(RECORDS[9:12]).encode() + b"}"
    reading = RecordStream(Projection([], everything=True))
    (run,) = [*reading.feed(data), *reading.close()]
    assert [json.loads(run.texts([place])[0])["n"] for place in range(3)] == [9, 10, 11]
    assert [json.loads(text)["n"] for text in run.texts(range(3))] == [9, 10, 11]


MANY = [record("GetTrail", n=n, text="x" * 1000) for n in range(1200)]
SEAMS_INSIDE = record("GetTrail", n=1, copies=[record("Inner")] * 2000)


@pytest.mark.parametrize(
    ("records", "data", "runs"),
    [
        (MANY, log_file(*MANY), range(5, 9)),
        (MANY, json.dumps({"Records": MANY}, indent=2).encode(), range(5, 9)),
        ([MANY[0], SEAMS_INSIDE, MANY[2]], log_file(MANY[0], SEAMS_INSIDE, MANY[2]), [1]),
        (MANY, log_file(MANY[0], *(dict(sorted(one.items())) for one in MANY[1:])), [1]),
        (MANY[1000:], log_file(*MANY[:1000])[:-1] + b"," + log_file(*MANY[1000:])[1:], [1]),
        (MANY, lines(*MANY), range(5, 9)),
        (MANY, json.dumps(MANY).encode(), range(5, 9)),
    ],
    ids=["log-file", "pretty", "seams-inside", "other-keys", "twice-records", "lines", "array"],
)
def test_a_large_file_that_comes_at_once_is_looked_at_in_parts(records: list[dict], data: bytes, runs) -> None:
    reading = RecordStream(Projection([], everything=True))
    found = [*reading.feed(bytearray(data)), *reading.close()]
    assert all(isinstance(item, Run) for item in found)
    assert len(found) in runs
    texts = [text for run in found for text in run.texts(range(len(run.records)))]
    assert [json.loads(text) for text in texts] == records


def test_an_empty_file_gives_nothing() -> None:
    reading = RecordStream(Projection([], everything=True))
    assert list(reading.close()) == []
    reading = RecordStream(Projection([], everything=True))
    assert [*reading.feed(b""), *reading.close()] == []


def test_a_byte_order_mark_may_come_in_a_piece_of_its_own() -> None:
    reading = RecordStream(Projection([], everything=True))
    (run,) = [*reading.feed(b"\xef\xbb\xbf"), *reading.feed(log_file(*RECORDS)), *reading.close()]
    assert len(run.records) == 600


def test_blank_lines_beside_an_odd_one_are_nothing() -> None:
    found, ways = cut(lines(*RECORDS[:30]) + b"\n \r\n" + lines({"odd": 1}, *RECORDS[30:60]), piece=100_000)
    assert found == [*RECORDS[:30], {"odd": 1}, *RECORDS[30:60]]
    assert ways.count("exact") == 1
