"""What is looked for among events is read exactly, or refused with what was meant (CON-3.5, CON-8.9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.event_search import (
    FIELDS,
    EventQuery,
    QueryError,
    QueryTerm,
    is_meant,
    parse_event_query,
    query_text,
)
from tocsin.core.log_event import Term
from tocsin.core.record_term import RecordTerms
from tocsin.core.unsafe_character import UNSAFE

AT = datetime(2026, 3, 14, 3, 14, 20, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))
ROLE = "arn:aws:iam::111122223333:role/ci/deploy"


def parsed(text: str) -> list[tuple[str, str, bool]]:
    return [(term.field, term.value, term.is_excluded) for term in parse_event_query(text, at=AT).terms]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("  ", []),
        ("name:CreateUser", [("name", "CreateUser", False)]),
        ("Name:CreateUser  -actor:deploy", [("name", "CreateUser", False), ("actor", "deploy", True)]),
        ('error:"Access Denied" region:eu-west-1', [("error", "Access Denied", False), ("region", "eu-west-1", False)]),
        (r'actor:"say \"hi\" \\ there"', [("actor", 'say "hi" \\ there', False)]),
        (r'actor:"a\u202eb\x00\n\U0001f98a"', [("actor", "a\u202eb\x00\n🦊", False)]),
        (r'actor:"\ud800\Uffffffff\q"', [("actor", "\ufffd\\Uffffffffq", False)]),
        (r"actor:a\u202e", [("actor", r"a\u202e", False)]),
        (f"actor:{ROLE}", [("actor", ROLE, False)]),
        (ROLE, [("actor", ROLE, False)]),
        ("-192.0.2.10 AKIAIOSFODNN7EXAMPLE", [("address", "192.0.2.10", True), ("key", "AKIAIOSFODNN7EXAMPLE", False)]),
        ("111122223333 2001:db8::7", [("account", "111122223333", False), ("address", "2001:db8::7", False)]),
        ("fe80::1 arn:aws:s3:::b sg-0a1b2c3d", [("address", "fe80::1", False), ("resource", "arn:aws:s3:::b", False), ("resource", "sg-0a1b2c3d", False)]),
        ("type:Data source:s3", [("type", "Data", False), ("source", "s3", False)]),
    ],
)  # fmt: skip
def test_a_query_is_read(text: str, terms: list[tuple[str, str, bool]]) -> None:
    assert parsed(text) == terms


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"),
    [
        ("mallory", 0, "Text is not searched for in events.", "write what it is: name:CreateUser, actor:deploy, error:AccessDenied; or search by pattern"),
        ("name:A mallory", 7, "Text is not searched for in events.", None),
        ("adress:192.0.2.1", 0, "There is no term 'adress:'.", "did you mean 'address'?"),
        ("-user:bob", 1, "There is no term 'user:'.", "did you mean 'actor'?"),
        ("eventName:X", 0, "There is no term 'eventName:'.", "did you mean 'name'?"),
        ("zzz:1", 0, "There is no term 'zzz:'.", f"terms are {', '.join(FIELDS)}"),
        ("name:", 5, "'name:' needs a value.", ""),
        ('name:""', 5, "'name:' needs a value.", ""),
        ('name:"a', 5, "The quote is never closed.", ""),
        ('"a b"', 0, "Text is not searched for in events.", None),
        ('-"', 1, "The quote is never closed.", ""),
        ("-", 0, "Text is not searched for in events.", None),
        ("type:manegement", 0, "There is no type of event 'manegement'.", "did you mean 'management'?"),
        ("type:x", 0, "There is no type of event 'x'.", "types are management, data, insight, network"),
        ("-since:1h", 0, "'since:' cannot be excluded.", ""),
        ("since:soon", 0, "'since:' takes a time, and 'soon' is none.", 'such as 24h, 30min, 7d, 03:10, 2026-03-14 or "2026-03-14 03:10"'),
        ("until:25:00", 0, "'until:' takes a time, and '25:00' is none.", None),
        ("since:2026-02-30", 0, "'since:' takes a time, and '2026-02-30' is none.", None),
        ("since:1h until:2h", 0, "The search ends before it begins.", "since: is earlier than until:"),
        ("name:" + "x" * 396, 400, "A search has 400 characters at most, this one has 401.", ""),
        (" ".join(["name:x"] * 13), 84, "A search has 12 terms at most.", ""),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_an_error(text: str, position: int, message: str, hint: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        parse_event_query(text, at=AT)
    assert (caught.value.message, caught.value.position) == (message, position)
    assert hint is None or caught.value.hint == hint


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("24h", AT - timedelta(hours=24)),
        ("30min", AT - timedelta(minutes=30)),
        ("30m", AT - timedelta(minutes=30)),
        ("90s", AT - timedelta(seconds=90)),
        ("7d", AT - timedelta(days=7)),
        ("2w", AT - timedelta(days=14)),
        ("99999w", datetime(109, 8, 28, 3, 14, 20, tzinfo=UTC)),
        ("03:10", datetime(2026, 3, 14, 2, 10, tzinfo=UTC)),
        ("04:15", datetime(2026, 3, 13, 3, 15, tzinfo=UTC)),
        ("2026-03-14", datetime(2026, 3, 13, 23, 0, tzinfo=UTC)),
        ("2026-03-01T04:05", datetime(2026, 3, 1, 3, 5, tzinfo=UTC)),
        ('"2026-03-01 04:05:06"', datetime(2026, 3, 1, 3, 5, 6, tzinfo=UTC)),
        ("2026-03-01T04:05:06Z", datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)),
    ],
)
def test_times_are_of_the_readers_zone_unless_they_say_so(value: str, wanted: datetime) -> None:
    found = parse_event_query(f"since:{value}", at=AT, zone=BERLIN).since
    assert found is not None
    assert abs(found - wanted) < timedelta(days=400 if value.startswith("99999") else 0, seconds=1)


def test_a_span_longer_than_time_itself_begins_with_it() -> None:
    assert parse_event_query("since:99999w", at=datetime(1900, 1, 1, tzinfo=UTC)).since == datetime.min.replace(
        tzinfo=UTC
    )


def test_a_span_has_two_ends() -> None:
    query = parse_event_query("since:2h until:1h name:A", at=AT)
    assert (query.since, query.until) == (AT - timedelta(hours=2), AT - timedelta(hours=1))
    assert query.wanted("name") == ["A"]


@given(
    st.lists(
        st.builds(
            QueryTerm,
            field=st.sampled_from(["actor", "name", "resource", "error"]),
            value=st.text(min_size=1, max_size=20)
            | st.text(st.sampled_from('\x00\u202e\n"\\ux: a'), min_size=1, max_size=9),
            is_excluded=st.booleans(),
        ),
        max_size=4,
    )
)
def test_what_is_written_is_what_was_read(terms: list[QueryTerm]) -> None:
    written = query_text(tuple(terms))
    assert not UNSAFE.search(written)
    if len(written) <= 400:
        assert parse_event_query(written, at=AT).terms == tuple(terms)


@given(st.text(alphabet=st.sampled_from('abname:since"\\- 019./'), max_size=60))
def test_reading_never_fails_otherwise(text: str) -> None:
    position = 0
    try:
        terms = parse_event_query(text, at=AT).terms
    except QueryError as error:
        position, terms = error.position, ()
    assert 0 <= position <= len(text)
    assert len(terms) <= 12


# ---------------------------------------------------------------- what an event has


RECORD = RecordTerms(
    "id",
    (
        Term("actor", ROLE),
        Term("key", "AKIAIOSFODNN7EXAMPLE"),
        Term("address", "192.0.2.10"),
        Term("event_name", "DeleteObject"),
        Term("resource", "arn:aws:s3:::logs"),
        Term("resource", "logs"),
        Term("error", "Client.UnauthorizedOperation"),
        Term("scope", "111122223333/eu-west-1"),
    ),
    "Data",
    "denied",
    "s3.amazonaws.com",
)


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("", True),
        ("since:1h", True),
        ("actor:deploy", True),
        ("actor:ci/Deploy", True),
        ("actor:loy", False),
        ("-actor:deploy", False),
        ("-actor:bob", True),
        ("name:deleteobject", True),
        ("name:PutObject name:DeleteObject", True),
        ("name:PutObject", False),
        ("-name:DeleteObject name:DeleteObject", False),
        ("address:192.0.2.10", True),
        ("address:2.10", False),
        ("key:akiaiosfodnn7example", True),
        ("error:UnauthorizedOperation", True),
        ("error:AccessDenied", False),
        ("resource:logs resource:arn:aws:s3:::logs", True),
        ("resource:logs resource:other", False),
        ("source:s3", True),
        ("source:S3.amazonaws.com", True),
        ("source:ec2", False),
        ("type:data", True),
        ("type:management", False),
        ("-type:data", False),
        ("account:111122223333 region:eu-west-1", True),
        ("region:us-east-1", False),
        ("-account:111122223333", False),
    ],
)
def test_an_event_is_allowed(text: str, is_allowed: bool) -> None:
    assert parse_event_query(text, at=AT).allows(RECORD) is is_allowed


@pytest.mark.parametrize(
    ("field", "wanted", "value", "is_it"),
    [
        ("actor", "root", "root of 111122223333", True),
        ("actor", "root", "root", True),
        ("actor", "root", "arn:aws:iam::111122223333:user/rooted", False),
        ("actor", "", "x/", False),
        ("name", "root", "root of 1", False),
    ],
)
def test_the_root_user_has_no_name(field: str, wanted: str, value: str, is_it: bool) -> None:
    assert is_meant(field, wanted, value) is is_it


def test_nothing_is_looked_for_by_default() -> None:
    assert parse_event_query("", at=AT) == EventQuery()
