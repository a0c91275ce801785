"""Speed never changes an answer: the fast lane and the index against every filter asked in turn (FP-14.9)."""

from __future__ import annotations

import json
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.ledger import Ledger
from tocsin.app.reader import RecordReader
from tocsin.app.selection import Selection
from tocsin.core.event import Event, MessageError, decode_message
from tocsin.core.event_time import parse_event_time
from tocsin.core.forms import MalformedLeaf, RecordLeaf, tell
from tocsin.core.limits import Limits
from tocsin.core.metric_filter import CompiledFilter, FilterSet, MetricFilter, MetricTransformation
from tocsin.core.splitter import split

NAMES = ["StopLogging", "DeleteTrail", "GetTrail", "ConsoleLogin", "Stop*", ""]
PATTERNS = [
    "{ $.eventName = StopLogging }",
    "{ $.eventName = StopLogging || $.eventName = DeleteTrail }",
    "{ ($.eventName = StopLogging || $.eventName = DeleteTrail) && $.errorCode NOT EXISTS }",
    '{ $.eventName = "Stop*" }',
    "{ $.eventName = %^Stop|Trail$% }",
    "{ $.eventName != GetTrail }",
    '{ $.errorCode = "*Unauthorized*" || $.errorCode = "AccessDenied*" }',
    '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }',
    "{ $.userIdentity.sessionContext.attributes.mfaAuthenticated = false }",
    "{ $.readOnly = true }",
    "{ $.readOnly IS TRUE }",
    "{ $.requestParameters.count > 5 }",
    "{ $.requestParameters.count = 5 && $.eventName = * }",
    "{ $.requestParameters.list[*].k = v }",
    "{ $.eventName = 404 }",
    '{ $.eventName = "404" }',
    "{ $.eventName = true }",
    "{ $.eventName = A && $.eventName = B }",
    "{ $.userIdentity = * }",
    "{ $.resources.type = x || $.eventName = StopLogging }",
    "{ $.s3 = * }",
    "{ $.eventSource = s3.amazonaws.com }",
    "StopLogging",
    "-StopLogging",
    "[a, b, ...]",
    "",
]

scalars = st.one_of(
    st.sampled_from(
        [*NAMES, "404", "AccessDenied", "Client.UnauthorizedOperation", "Root", "s3.amazonaws.com", "true"]
    ),
    st.integers(-10, 10),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.just("\ud800"),
    st.just("é\\u0000"),
    st.just(404),
    st.just(10**400),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["k", "type", "eventName", "count", "eventVersion", ""]), inner, max_size=3),
    ),
    max_leaves=6,
)
identities = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "type": scalars,
            "invokedBy": scalars,
            "accountId": scalars,
            "sessionContext": st.one_of(
                values, st.fixed_dictionaries({"attributes": st.fixed_dictionaries({"mfaAuthenticated": scalars})})
            ),
        },
    ),
)
times = st.sampled_from(
    [
        "2026-03-01T00:00:00Z", "2026-03-01T00:00:59Z", "2026-03-01T00:01:00Z", "2026-03-02T10:00:00+02:00",
        "2026-03-01T00:00:00.5Z", "2026-03-01", "yesterday", "", 17, None,
    ]
)  # fmt: skip
records = st.one_of(
    st.fixed_dictionaries(
        {"eventVersion": st.just("1.11"), "eventTime": times},
        optional={
            "eventName": scalars,
            "errorCode": scalars,
            "eventType": scalars,
            "eventSource": st.one_of(st.sampled_from(["aws:s3", "s3.amazonaws.com"]), scalars),
            "userIdentity": identities,
            "requestParameters": st.one_of(values, st.fixed_dictionaries({"count": scalars, "list": values})),
            "readOnly": scalars,
            "s3": values,
            "body": values,
            "resources": values,
            "eventID": st.just("id"),
        },
    ),
    values,
)


def compiled(pattern: str) -> CompiledFilter:
    transformation = MetricTransformation(metric_name="M", metric_namespace="N", metric_value="1")
    return CompiledFilter(
        MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(transformation,))
    )


class Pieces:
    """A file in memory, given in pieces of changing sizes."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes
        self.bytes_read = self.bytes_unpacked = len(data)

    def __iter__(self):
        at = 0
        for size in cycle(self._sizes):
            if at >= len(self._data):
                return
            yield self._data[at : at + size]
            at += size


Found = list[tuple[int, int, list[int]]]


def read(filters: FilterSet, data: bytes, *, sizes: list[int], limits: Limits) -> tuple[Found, int, list[int]]:
    """What a scan finds: matches, the number of records, and the places of what is none."""
    ledger = Ledger()
    reader = RecordReader(
        [one.pattern for one in filters.filters],
        open_file=lambda _path, _limits: Pieces(data, sizes),
        selection=Selection(),
        limits=limits,
    )
    found = [
        (candidate.position, candidate.second, places)
        for candidate in reader.read("file", ledger)
        if (places := filters.match(candidate.event))
    ]
    return found, ledger.read, sorted(position for _, position, _ in ledger.problems)


def read_plainly(filters: FilterSet, data: bytes, *, limits: Limits) -> tuple[Found, int, list[int]]:
    """The same the plain way: every value decoded exactly, every filter asked in turn."""
    found, odd, count, position = [], [], 0, 0
    for piece in split(data, limits):
        leaves = [MalformedLeaf(piece.problem)] if piece.problem else None
        try:
            value = decode_message(piece.text, depth=limits.depth) if leaves is None else None
        except MessageError as error:
            leaves = [MalformedLeaf(error.reason)]
        for leaf in leaves or tell(value, container=piece.container, text=piece.text, limits=limits):
            position += 1
            if isinstance(leaf, MalformedLeaf):
                odd.append(position)
            elif isinstance(leaf, RecordLeaf):
                count += 1
                second = parse_event_time(leaf.value["eventTime"])
                text = leaf.text or piece.text.decode("utf-8", "replace")
                places = [place for place, one in enumerate(filters.filters) if one.pattern.matches(text)]
                if places:
                    found.append((position, second, places))
    return found, count, odd


def layout(items: list[object], style: int, turn: int) -> bytes:
    """The items as a file of one kind or another; with `turn` the keys of some of them are in another order."""
    if turn:
        items = [
            dict(sorted(item.items(), reverse=bool(turn % 2))) if isinstance(item, dict) and not place % turn else item
            for place, item in enumerate(items)
        ]
    texts = [json.dumps(item, ensure_ascii=bool(style % 2)).encode("utf-8", "surrogatepass") for item in items]
    match style:
        case 0:
            return b'{"Records":[' + b",".join(texts).replace(b", ", b",").replace(b": ", b":") + b"]}"
        case 1:
            return b"\n".join(texts) + b"\n"
        case 2:
            return b"[" + b", ".join(texts) + b"]"
        case 3:
            return json.dumps({"Records": items}, indent=2).encode("utf-8", "surrogatepass")
        case 4:
            return b"".join(b'{"Records": [' + text + b"]}\r\n" for text in texts)
        case _:
            return b'\xef\xbb\xbf{"Records": [' + b", ".join(texts) + b"]}"


@given(
    st.lists(records, min_size=1, max_size=30),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=6),
    st.integers(0, 5),
    st.integers(0, 3),
    st.lists(st.sampled_from([1, 7, 100, 1000, 10_000]), min_size=1, max_size=4),
    st.sampled_from([Limits(), Limits(record=600), Limits(depth=4)]),
)
def test_a_scan_finds_what_the_plain_way_finds(items, patterns, style, turn, sizes, limits) -> None:
    filters = FilterSet(map(compiled, patterns))
    data = layout(items, style, turn)
    assert read(filters, data, sizes=sizes, limits=limits) == read_plainly(filters, data, limits=limits)


@given(st.lists(records, min_size=1, max_size=10), st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=8))
def test_a_filter_set_gives_what_asking_each_filter_gives(items, patterns) -> None:
    filters = FilterSet(map(compiled, patterns))
    for item in items:
        event = Event(json.dumps(item))
        wanted = [place for place, one in enumerate(filters.filters) if one.pattern.matches(event.text)]
        assert filters.match(event) == wanted
