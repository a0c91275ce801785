"""Events as files: stored bytes for programs, nothing that runs for spreadsheets (CON-8.8)."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.event_search import FoundEvent, FoundEvents
from tocsin.console.csv_file import csv_bytes
from tocsin.console.event_download import csv_download, ndjson_download
from tocsin.core.log_event import EventPlace, LogEvent
from tocsin.core.record_term import record_terms
from tocsin.core.scope import Scope
from tocsin.core.unsafe_character import UNSAFE

HERE = Scope("111122223333", "eu-west-1")


def found(*messages: str, cut: bool = False) -> FoundEvents:
    rows = [
        FoundEvent(HERE, LogEvent(number, 9, number, "s", message, "trail"), record_terms(message))
        for number, message in enumerate(messages)
    ]
    return FoundEvents(rows=tuple(rows), searched_back_to=EventPlace(0, 0) if cut else None)


def test_ndjson_is_what_is_stored() -> None:
    odd = '{"b" :1e0,  "a":"\\u202e\u202e"}'
    made = ndjson_download(found(odd, '{\n "a": 1\r\n}', "two\nlines", "\ud800"))
    assert made.body.split(b"\n") == [odd.encode(), b'{"a":1}', b'"two\\nlines"', b"\xed\xa0\x80", b""]
    assert (made.name, made.content_type) == ("events.ndjson", "application/x-ndjson")
    assert ndjson_download(found("{}", cut=True)).name == "events-cut.ndjson"


def test_csv_has_a_row_an_event() -> None:
    record = {
        "eventTime": "2026-03-14T03:10:08Z",
        "eventName": "DeleteTrail",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventID": "id-1",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "192.0.2.10",
        "errorCode": "AccessDenied",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/a", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "requestParameters": {"name": "=main"},
    }
    made = csv_download(found(json.dumps(record), "no record"))
    assert made.name == "events.csv"
    header, first, second = csv.reader(io.StringIO(made.body.decode(), newline=""))
    assert dict(zip(header, first, strict=True)) == {
        "time": "2026-03-14T03:10:08Z",
        "event name": "DeleteTrail",
        "event source": "cloudtrail.amazonaws.com",
        "actor": "arn:aws:iam::111122223333:user/a",
        "key": "AKIAIOSFODNN7EXAMPLE",
        "address": "192.0.2.10",
        "account": "111122223333",
        "region": "eu-west-1",
        "result": "denied",
        "error": "AccessDenied",
        "resource": "'=main",
        "event ID": "id-1",
        "log group": "trail",
    }
    assert second == ["1970-01-01T00:00:00Z", *[""] * 11, "trail"]


def test_a_cut_is_said_in_the_last_line() -> None:
    assert csv_download(found("{}", cut=True)).body.endswith(
        b'\r\n"cut: these are the newest 1 events, and there may be more"\r\n'
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("alice", '"alice"'),
        ('say "hi"', '"say ""hi"""'),
        ("=1+1", '"\'=1+1"'),
        ("  +1", '"\'  +1"'),
        ("-1", '"\'-1"'),
        ("@SUM", '"\'@SUM"'),
        ("\uff1d1", '"\'\uff1d1"'),
        ("\u3000\uff201", '"\'\u3000\uff201"'),
        ("\tx", '"\'\\tx"'),
        ("\rx", '"\'\\rx"'),
        ("a\u202eb\nc", '"a\\u202eb\\nc"'),
    ],
)
def test_no_cell_runs(text: str, cell: str) -> None:
    assert csv_bytes([[text]]).decode() == cell + "\r\n"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_row_is_one_line_and_nothing_in_it_acts(cells: list[str]) -> None:
    text = csv_bytes([cells]).decode()
    assert text.count("\r\n") == 1
    assert not UNSAFE.search(text.removesuffix("\r\n"))
    assert len(next(csv.reader(io.StringIO(text, newline="")))) == len(cells)
