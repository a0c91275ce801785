"""What a message needs of one CloudTrail record: who, what, from where, on which resource, with what result.

Rule: a summary is text already, safe to show and small: every text is one line of at most 256
characters without anything that acts on a screen, and a summary takes less than 4 KB, whatever the
record holds. Making one never fails. Spec: AL-19.1, R-1, CT-2.9, CT-3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.event import ABSENT
from tocsin.core.notification.call import DONE, Call
from tocsin.core.notification.change import tell_changes
from tocsin.core.notification.identity import Identity, name_identity, read_identity
from tocsin.core.notification.phrase import tell_deed
from tocsin.core.notification.resource import tell_resource
from tocsin.core.notification.safe_line import LONGEST, safe_line, safe_name

if TYPE_CHECKING:
    from tocsin.core.event import Event

SUMMARY_FIELDS: Final = (
    *("eventID", "eventName", "eventSource", "errorCode", "errorMessage", "userIdentity", "recipientAccountId"),
    *("awsRegion", "sourceIPAddress", "userAgent", "requestParameters", "responseElements", "additionalEventData"),
    *("resources", "insightDetails"),
)
"""The members of a record, at its top, that a summary looks at: what a projection must keep (FP-14.4)."""

# Changes of one call that are told; what is left is counted.
_MOST_CHANGES = 3

# Bytes that the texts of one summary may take in memory. The slots of the summary and of its tuple, the
# number, and the mark in place of each text for which there is no room take less than the rest of the 4 KB.
_TEXT_BYTES = 2_800
_NO_ROOM = "…"

# EC2 ends its refusals with some hundred characters that only an AWS call can read.
_ENCODED = "Encoded authorization failure message:"

# What a text costs beside its characters: Latin letters alone, other characters (CPython's objects).
_PLAIN_COST, _OTHER_COST = 56, 80


class EventSummary(msgspec.Struct, frozen=True):
    """One record, told (AL-19.1). Texts are empty where the record says nothing.

    `second` is the eventTime in seconds since the epoch. `principal` is the name of who called, or
    the ARN; `role` and `session` belong to sessions; `note` is what else is known of who is behind
    it. `result` is done, denied or failed. `deed` is the sentence without its subject (CON-1.2),
    `changes` what was changed, a line each. `mfa` is yes, no or empty.
    """

    event_id: str
    second: int
    event_name: str = ""
    event_source: str = ""
    error_code: str = ""
    error_message: str = ""
    identity_type: str = ""
    principal: str = ""
    role: str = ""
    session: str = ""
    account: str = ""
    region: str = ""
    source_address: str = ""
    user_agent: str = ""
    resource: str = ""
    result: str = DONE
    deed: str = ""
    changes: tuple[str, ...] = ()
    note: str = ""
    access_key: str = ""
    mfa: str = ""

    @classmethod
    def of(cls, event: Event, second: int) -> EventSummary:
        """The summary of a record; `second` is its eventTime in seconds since the epoch. Never fails."""
        call = Call(event)
        recipient = call.text("recipientAccountId")
        user = event.get("userIdentity")
        identity = Identity() if user is ABSENT else read_identity(user, recipient=recipient)
        changes = tell_changes(call)
        resource = tell_resource(call)
        mfa = _mfa_of(call) or identity.mfa
        # What tells most takes its room first: the texts that a caller can write at will come last.
        room = _Room(_TEXT_BYTES)
        return cls(
            event_id=room.take(call.text("eventID"), 64),
            second=second,
            event_name=room.take(call.event_name, 80),
            event_source=room.take(call.event_source, 64),
            region=room.take(call.text("awsRegion"), 32),
            account=room.take(recipient or identity.account, 32),
            identity_type=room.take(identity.type, 32),
            result=call.result,
            error_code=room.take(call.text("errorCode"), 80),
            source_address=room.take(call.text("sourceIPAddress"), 80),
            principal=room.take(identity.principal, LONGEST),
            role=room.take(identity.role, 64),
            session=room.take(identity.session, 64),
            deed=room.take(tell_deed(call, changes, resource), LONGEST),
            resource=room.take(resource, LONGEST),
            changes=_changes(changes, room),
            access_key=room.take(identity.access_key, 32),
            mfa=mfa,
            note=room.take(identity.note, 160),
            user_agent=room.take(call.text("userAgent"), LONGEST),
            error_message=room.take(call.text("errorMessage").partition(_ENCODED)[0].rstrip(), LONGEST),
        )

    @property
    def who(self) -> str:
        """Who called, in full: `role deploy, session ci-42, source identity alice`."""
        named = name_identity(self._identity())
        return f"{named}, {self.note}" if self.note else named

    @property
    def actor(self) -> str:
        """Who called, as the subject of a sentence (CON-1.2)."""
        if self.identity_type == "IAMUser" and self.principal and not self.principal.startswith("HIDDEN_"):
            return safe_name(self.principal)
        if self.role:
            return f"role {safe_name(self.role)}" + (f" ({safe_name(self.session)})" if self.session else "")
        if self.identity_type == "" and not self.principal:
            return "somebody whom the record does not name"
        return safe_line(name_identity(self._identity()), 100)

    @property
    def sentence(self) -> str:
        """What happened, in one sentence without its full stop."""
        return f"{self.actor} {self.deed}"

    def _identity(self) -> Identity:
        return Identity(type=self.identity_type, principal=self.principal, role=self.role, session=self.session)


class _Room:
    """Memory that the texts of one summary may still take."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, text: str, limit: int) -> str:
        """`text` as a safe line of at most `limit` characters, or less where memory ends."""
        if not text:
            return ""
        shown = safe_line(text, limit)
        cost = _cost(shown)
        if cost > self._left:
            # As if each character were as wide as the widest there is.
            fitting = (self._left - _OTHER_COST) // 4
            if fitting < 2:
                return _NO_ROOM
            shown = safe_line(text, min(limit, fitting))
            cost = _cost(shown)
        self._left -= cost
        return shown


def _cost(text: str) -> int:
    if text.isascii():
        return _PLAIN_COST + len(text)
    widest = max(text)
    return _OTHER_COST + len(text) * (1 if widest < "\u0100" else 2 if widest < "\U00010000" else 4)


def _changes(changes: list[str], room: _Room) -> tuple[str, ...]:
    shown = [room.take(line, 140) for line in changes[:_MOST_CHANGES]]
    more = len(changes) - _MOST_CHANGES
    if more > 0:
        shown.append(room.take(f"and {more} more", 32))
    return tuple(shown)


def _mfa_of(call: Call) -> str:
    """What a sign-in says about MFA, whatever form it takes (CT-2.9)."""
    return {"yes": "yes", "true": "yes", "no": "no"}.get(call.text("additionalEventData.MFAUsed").lower(), "")
