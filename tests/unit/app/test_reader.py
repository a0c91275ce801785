"""Reading one file: its records, its candidates, its line in the ledger (IF-2, CT-14.3)."""

from __future__ import annotations

import json

import pytest
from synthetic import Archive, log_file, record

from tocsin.app.ledger import Ledger
from tocsin.app.reader import RecordReader, account_of
from tocsin.app.selection import Selection
from tocsin.core.event import Event
from tocsin.core.limits import Limits
from tocsin.core.pattern import FilterPattern


def read(
    data: bytes,
    *,
    pattern: str = "{ $.eventName = StopLogging }",
    broken: str | None = None,
    selection: Selection = Selection(),
    limits: Limits = Limits(),
    everything: bool = False,
) -> tuple[list[tuple[int, int, object]], Ledger]:
    """What of `data` the pattern matches among the candidates; every candidate with `everything`."""
    archive = Archive({"file": data}, broken={"file": broken} if broken else None)
    wanted = FilterPattern.parse(pattern)
    reader = RecordReader(
        [wanted],
        open_file=archive.open,
        selection=selection,
        limits=limits,
        everything=everything,
    )
    ledger = Ledger()
    found = [
        (one.position, one.second, one.event.get("eventName"))
        for one in reader.read("file", ledger)
        if everything or wanted.matches_event(one.event)
    ]
    return found, ledger


STOP = record("StopLogging", "2026-03-01T10:00:30Z")
GET = record("GetTrail", "2026-03-01T09:00:00Z")
NOTE = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-03-01T10:00:00.000Z",
                     "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]}  # fmt: skip
DIGEST = {"digestStartTime": "2026-03-01T00:00:00Z", "logFiles": []}
CONTROL = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "CWL CONTROL MESSAGE: x"}]}
BRIDGE = {"detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail", "detail": STOP}
LOOKUP = {"Events": [{"CloudTrailEvent": json.dumps(STOP)}, {"CloudTrailEvent": json.dumps(GET)}]}


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize(
    ("data", "positions", "count"),
    [
        (log_file(GET, STOP, GET), [2], 3),
        (json.dumps({"Records": [GET, STOP]}, indent=4).encode(), [2], 2),
        (b"\xef\xbb\xbf" + log_file(STOP), [1], 1),
        (json.dumps([STOP, GET, STOP]).encode(), [1, 3], 3),
        (json.dumps(STOP).encode(), [1], 1),
        (lines(GET, STOP), [2], 2),
        (lines(GET, STOP).replace(b"\n", b"\r\n"), [2], 2),
        (json.dumps(GET).encode() + json.dumps(STOP).encode(), [2], 2),
        (log_file(GET) + b"\n" + log_file(STOP), [2], 2),
        (lines(BRIDGE, BRIDGE), [1, 2], 2),
        (json.dumps(LOOKUP).encode(), [1], 2),
        (lines(CONTROL, STOP), [2], 1),
        (log_file(), [], 0),
        (b'{"Records": null}', [], 0),
        (log_file(*[GET] * 300, STOP, *[GET] * 300), [301], 601),
        (lines(*[GET] * 300, STOP, *[GET] * 300), [301], 601),
    ],
)
def test_every_form_gives_its_records(data: bytes, positions: list[int], count: int) -> None:
    found, ledger = read(data)
    assert found == [(position, 1772359230, "StopLogging") for position in positions]
    assert (ledger.files_read, ledger.skipped, ledger.read, ledger.malformed) == (1, [], count, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \n", "empty file"),
        (b"#!/bin/sh\necho hello\n", "no JSON: "),
        (lines(NOTE, NOTE), "holds only references to objects"),
        (log_file(GET, STOP)[:-200], "unexpected end"),
    ],
)
def test_a_file_that_gives_no_answer_is_in_the_ledger(data: bytes, reason: str) -> None:
    _, ledger = read(data)
    assert ledger.files_read == 0
    assert [(path, reason in why) for path, why in ledger.skipped] == [("file", True)]


def test_a_digest_is_neither_read_nor_skipped() -> None:
    _, ledger = read(json.dumps(DIGEST).encode())
    assert (ledger.digests, ledger.files_read, ledger.skipped, ledger.malformed) == (1, 0, [], 0)


def test_a_file_that_breaks_off_gives_the_records_before_the_break() -> None:
    data = log_file(STOP, GET, STOP, GET)
    found, ledger = read(data[: data.rindex(b'"eventName"')], broken="gzip: unexpected end of stream")
    assert [position for position, _, _ in found] == [1, 3]
    assert ledger.skipped == [("file", "gzip: unexpected end of stream")]
    assert (ledger.files_read, ledger.read, ledger.malformed) == (0, 3, 0)


def test_a_file_that_cannot_be_opened_is_in_the_ledger() -> None:
    reader = RecordReader([], open_file=Archive({}, broken={"x": "permission denied"}).open, selection=Selection())
    ledger = Ledger()
    assert list(reader.read("x", ledger)) == []
    assert ledger.skipped == [("x", "permission denied")]


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"eventVersion": "1.11"}, ""),
        (record("StopLogging", "2026-03-01"), "2026-03-01"),
        (record("StopLogging", "2026-13-01T00:00:00Z"), "2026-13-01"),
        (record("StopLogging", "2026-03-01T24:00:00Z"), "24:00"),
        (record("StopLogging", "2026-03-01T00:61:00Z"), "00:61"),
        (record("StopLogging", "2026-03-01T00:00:61Z"), "00:61"),
        ({**record("StopLogging"), "eventTime": 17}, "eventTime"),
        (17, "number"),
        ("StopLogging", ""),
        (None, "null"),
        ({"unknown": 1}, ""),
    ],
)
@pytest.mark.parametrize("form", [log_file, lines])
def test_what_is_no_record_is_counted_with_its_place(form, odd: object, says: str) -> None:
    found, ledger = read(form(GET, odd, STOP))
    assert [position for position, _, _ in found] == [3]
    assert (ledger.files_read, ledger.read, ledger.malformed) == (1, 2, 1)
    path, position, reason = ledger.problems[0]
    assert (path, position) == ("file", 2)
    assert says in reason


def test_a_garbled_line_does_not_take_others_with_it() -> None:
    found, ledger = read(lines(GET) + b'{"eventTime": oops\n' + lines(STOP, STOP))
    assert [position for position, _, _ in found] == [3, 4]
    assert (ledger.read, ledger.malformed, ledger.files_read) == (3, 1, 1)


def test_garbled_lines_before_the_first_value_are_malformed_too() -> None:
    found, ledger = read(b"% garbage\n" * 250 + lines(STOP))
    assert [position for position, _, _ in found] == [251]
    assert (ledger.read, ledger.malformed, ledger.files_read) == (1, 250, 1)


@pytest.mark.parametrize(
    ("limits", "odd", "says"),
    [
        (Limits(record=2000), record("StopLogging", requestParameters={"x": "y" * 3000}), "limits.record"),
        (Limits(depth=20), record("StopLogging", x=json.loads("[" * 30 + "]" * 30)), "limits.depth"),
        (Limits(), record("StopLogging", x=json.loads("[" * 500 + "]" * 500)), "limits.depth"),
    ],
)
@pytest.mark.parametrize("form", [log_file, lines])
def test_a_record_beyond_the_limits_is_malformed(form, limits: Limits, odd: object, says: str) -> None:
    found, ledger = read(form(GET, odd, STOP), limits=limits)
    assert [position for position, _, _ in found] == [3]
    assert (ledger.read, ledger.malformed) == (2, 1)
    assert says in ledger.problems[0][2]


def test_a_record_of_exactly_the_deepest_level_is_read() -> None:
    deepest = record("StopLogging", x=json.loads("[" * 499 + "]" * 499))
    found, ledger = read(log_file(GET, deepest, GET))
    assert ([position for position, _, _ in found], ledger.malformed) == ([2], 0)


CHOSEN = [
    record("StopLogging", "2026-03-01T10:00:00Z"),
    record("StopLogging", "2026-03-01T11:00:00Z", awsRegion="eu-west-1"),
    record("StopLogging", "2026-03-01T12:00:00Z", recipientAccountId="444455556666"),
    {**record("StopLogging", "2026-03-01T13:00:00Z"), "recipientAccountId": None,
     "userIdentity": {"accountId": "444455556666"}},
    record("StopLogging", "2026-03-01T16:00:00+02:00"),
]  # fmt: skip
TEN = 1772359200
HOUR = 3600


@pytest.mark.parametrize(
    ("selection", "positions"),
    [
        (Selection(), [1, 2, 3, 4, 5]),
        (Selection(since=TEN + HOUR), [2, 3, 4, 5]),
        (Selection(until=TEN + HOUR), [1]),
        (Selection(since=TEN + HOUR, until=TEN + 4 * HOUR), [2, 3, 4]),
        (Selection(since=TEN + 9 * HOUR), []),
        (Selection(accounts=frozenset({"444455556666"})), [3, 4]),
        (Selection(regions=frozenset({"eu-west-1", "us-gov-1"})), [2]),
        (Selection(accounts=frozenset({"111122223333"}), regions=frozenset({"us-east-1"})), [1, 5]),
        (Selection(accounts=frozenset({"444455556666"}), since=TEN + 3 * HOUR), [4]),
    ],
)
@pytest.mark.parametrize("form", [log_file, lines, lambda *records: lines(CONTROL, {"Records": records})])
def test_records_are_selected_by_time_account_and_region(form, selection: Selection, positions: list[int]) -> None:
    data = form(*CHOSEN)
    before = 1 if data.startswith(b'{"messageType') else 0
    found, ledger = read(data, selection=selection)
    assert [position - before for position, _, _ in found] == positions
    assert (ledger.read, ledger.selected) == (5, len(positions))
    assert (ledger.first is None) == (not positions)


def test_the_span_of_the_selected_records_is_known() -> None:
    _, ledger = read(log_file(*CHOSEN), selection=Selection(since=TEN + HOUR))
    assert (ledger.first, ledger.last) == (TEN + HOUR, TEN + 4 * HOUR)


def test_everything_can_be_asked_for() -> None:
    found, _ = read(log_file(GET, STOP), everything=True)
    assert [name for _, _, name in found] == ["GetTrail", "StopLogging"]


@pytest.mark.parametrize(
    ("fields", "account"),
    [
        ({"recipientAccountId": "111122223333"}, "111122223333"),
        ({"recipientAccountId": "", "userIdentity": {"accountId": "444455556666"}}, "444455556666"),
        ({"userIdentity": {"accountId": "444455556666"}}, "444455556666"),
        ({"userIdentity": None}, ""),
        ({"recipientAccountId": 7}, ""),
    ],
)
def test_the_account_of_a_record(fields: dict, account: str) -> None:
    assert account_of(Event(json.dumps(fields))) == account
