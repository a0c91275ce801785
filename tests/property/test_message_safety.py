"""Whatever a record holds, the message about it is safe to show, small and well-formed (AL-17, AL-19.1)."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from typing import Any

from alarm_message import change, composite_alarm, metric_alarm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.core.alarm.state import StateValue
from tocsin.core.event import Event
from tocsin.core.notification import EventSummary, MessageSettings, compose_alarm_message
from tocsin.core.notification.phrase_table import PHRASES
from tocsin.core.notification.safe_line import safe_json, safe_line
from tocsin.core.notification.text_page import WIDTH

hostile = st.one_of(
    st.text(max_size=30),
    st.text(
        alphabet=st.sampled_from(
            "\r\n\t\x00\x1b\x7f\x85\u2028\u202e\u2066\u200b\ufeff\ud800\U000e0041aé日🦊\"'\\ {}[]:/"
        ),
        max_size=400,
    ),
    st.sampled_from(
        [
            "x" * 5000,
            "🦊" * 3000,
            "\nWho: root\n",
            "arn:aws:iam::111122223333:role/a",
            "http://example.com",
            "0.0.0.0/0",
            '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}',
        ]
    ),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), hostile)
names = st.one_of(
    st.sampled_from(
        [
            *(
                "groupId",
                "ipPermissions",
                "items",
                "ipRanges",
                "cidrIp",
                "ipProtocol",
                "fromPort",
                "name",
                "policyDocument",
            ),
            *("userName", "policyArn", "roleName", "bucketName", "keyId", "omitted", "AccessControlPolicy", "Grant"),
            *(
                "bucketPolicy",
                "Statement",
                "Principal",
                "Effect",
                "Action",
                "eventSelectors",
                "ConsoleLogin",
                "XRequest",
            ),
        ]
    ),
    st.text(max_size=4),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
identities = st.one_of(
    values,
    st.fixed_dictionaries(
        {
            "type": st.one_of(
                st.sampled_from(["Root", "IAMUser", "AssumedRole", "FederatedUser", "AWSService", "AWSAccount"]),
                hostile,
            )
        },
        optional={
            **dict.fromkeys(("userName", "arn", "principalId", "accountId", "accessKeyId", "invokedBy"), hostile),
            "sessionContext": st.fixed_dictionaries({"sessionIssuer": st.dictionaries(names, hostile, max_size=3)}),
        },
    ),
)
calls = st.sampled_from([(service, name) for service, phrases in PHRASES.items() for name in phrases])
fields = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("eventID", "errorCode", "errorMessage", "awsRegion", "sourceIPAddress", "userAgent", "recipientAccountId"),
            scalars,
        ),
        **dict.fromkeys(("requestParameters", "responseElements", "additionalEventData", "resources"), values),
        "userIdentity": identities,
        "insightDetails": values,
    },
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record of a call that there is a phrase for, or of anything."""
    service, name = draw(calls)
    record = {"eventSource": f"{service}.amazonaws.com", "eventName": name, **draw(fields)}
    if draw(st.booleans()):
        record["eventName"] = draw(scalars)
    return record


quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def is_quiet(text: str) -> bool:
    """Nothing in the text acts on a screen: no control, format or surrogate character but line feeds."""
    return not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text.replace("\n", "")
    ) and (not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text))


@quick
@given(records(), st.integers())
def test_a_summary_is_small_and_safe(record: dict[str, Any], second: int) -> None:
    told = EventSummary.of(Event(json.dumps(record)), second)
    texts = [value for name in told.__struct_fields__ if isinstance(value := getattr(told, name), str)]
    texts += told.changes
    assert all(len(text) <= 256 and "\n" not in text and is_quiet(text) for text in texts)
    assert all("\n" not in text and is_quiet(text) for text in (told.who, told.actor, told.sentence))
    size = sys.getsizeof(told) + sys.getsizeof(told.changes) + sys.getsizeof(second) + sum(map(sys.getsizeof, texts))
    assert size < 4096


@quick
@given(
    st.lists(records(), max_size=3),
    hostile,
    hostile,
    hostile,
    st.sampled_from(StateValue),
    st.integers(0, 50),
)
def test_a_message_is_safe_and_well_formed(
    found: list[dict[str, Any]], name: str, description: str, reason: str, state: StateValue, limit: int
) -> None:
    events = [EventSummary.of(Event(json.dumps(record)), place) for place, record in enumerate(found)]
    told = change(new=state, reason=reason)
    alarms = (
        metric_alarm(AlarmDescription=description[:1000]),
        composite_alarm(AlarmDescription=description[:1000]),
    )
    for alarm in alarms:
        made = compose_alarm_message(
            _named(alarm, name), told, events=events, settings=MessageSettings(events_in_message=limit)
        )
        for line in (made.subject, made.sms):
            assert line.isascii()
            assert line.isprintable()
        assert len(made.subject) <= 100
        assert is_quiet(made.email)
        assert is_quiet(made.default)
        assert "\n" not in made.default
        assert all(len(line) <= WIDTH or _has_long_word(line) for line in made.email.splitlines())
        document = json.loads(made.default)
        assert (document["AlarmName"], document["NewStateReason"]) == (name or "x", reason)
        assert document["Tocsin"]["eventCount"] == len(events)
        parts = json.loads(made.structure_json())
        assert parts == {"default": made.default, "sms": made.sms, "email": made.email}
        assert len(made.structure_json().encode()) <= 262_144


def _named(alarm: Any, name: str) -> Any:
    """The alarm under a name that its reader would perhaps refuse."""
    return replace(alarm, alarm_name=name or "x")


def _has_long_word(line: str) -> bool:
    """A line may be longer for one word, for a command or for a link, which are not broken."""
    return len(line.rsplit(maxsplit=1)[-1]) > WIDTH - 20 or line.lstrip().startswith(("tocsin ", "ARN: "))


@quick
@given(hostile, st.integers(1, 300))
def test_a_safe_line_is_no_longer_than_asked_and_stays_what_it_is(text: str, limit: int) -> None:
    line = safe_line(text, limit)
    assert len(line) <= limit
    assert safe_line(line, limit) == line
    assert is_quiet(line)
    assert json.loads(safe_json(text)) == text
