"""What is wrong with the way to the people who are to be told, and how that is said. Spec: AL-19.4, SNS-12.1, IF-9.

Rule: a complaint names what it is about, since when, and what to do; it is told once when it begins and once when it
ends. Foreign text in it is on one line and acts on nothing. No address that is a secret is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tocsin.core.alarm.timestamp import moment
from tocsin.core.notification.safe_line import safe_line

MOST_NAMED: Final = 20
"""Subjects that one message names."""

_LONGEST_SUBJECT: Final = 100
_LONGEST_NAME: Final = 60


class ComplaintKind(StrEnum):
    """What is wrong."""

    UNHEARD_ALARM = "unheard-alarm"  # an alarm that reaches nobody
    PENDING_SUBSCRIPTION = "pending-subscription"  # nobody has confirmed it for a day
    LOST_SUBSCRIPTION = "lost-subscription"  # somebody has ended it by a link
    FAILING_ENDPOINT = "failing-endpoint"  # nothing has arrived for an hour


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `subject` is the ARN of the alarm or subscription, or the name of a chat channel.

    `since` is in milliseconds since the epoch. `reason` is a sentence without a full stop, `remedy` another.
    """

    kind: ComplaintKind
    subject: str
    since: int
    reason: str
    remedy: str = ""

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.kind}\0{self.subject}"


class ReportEvent(StrEnum):
    """What is told of a complaint."""

    BEGUN = "begun"
    LASTS = "lasts"
    ENDED = "ended"


class ComplaintReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of complaints of one kind at a moment, in milliseconds since the epoch. `why` says how one ended."""

    event: ReportEvent
    at: int
    complaints: Sequence[Complaint]
    why: str = ""

    @property
    def kind(self) -> ComplaintKind:
        """What they are."""
        return self.complaints[0].kind


def moment_text(at: int) -> str:
    """Milliseconds since the epoch as text: `2026-03-01T12:00:00Z`."""
    return moment(at // 1000).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_endpoint(protocol: str, endpoint: str) -> str:
    """An endpoint as it may be shown: of a URL, whose path may be a secret, scheme and host alone."""
    if protocol in {"http", "https"}:
        try:
            url = urlsplit(endpoint)
            return safe_line(f"{url.scheme}://{url.hostname}{f':{url.port}' if url.port else ''}/…")
        except ValueError:
            return f"{protocol}://…"
    return safe_line(endpoint)


# ---------------------------------------------------------------- as JSON


def complaint_members(complaint: Complaint) -> dict[str, str]:
    """A complaint as members of a JSON object."""
    told = {
        "kind": complaint.kind.value,
        "subject": complaint.subject,
        "since": moment_text(complaint.since),
        "reason": complaint.reason,
        "remedy": complaint.remedy,
    }
    return {name: value for name, value in told.items() if value}


def report_json(report: ComplaintReport, *, ident: str, service: str) -> str:
    """A report as one line of JSON. `ident` is its id, `service` the public URL of who complains."""
    first = report.complaints[0]
    told: dict[str, Any] = {
        "id": ident,
        "service": service,
        "at": moment_text(report.at),
        "event": report.event.value,
        "text": report_subject(report),
    }
    if len(report.complaints) == 1:
        told |= complaint_members(first)
    else:
        told |= {
            "kind": first.kind.value,
            "count": len(report.complaints),
            "subjects": [one.subject for one in report.complaints[:MOST_NAMED]],
        }
    if report.why:
        told["why"] = report.why
    return json.dumps(told, separators=(",", ":"))


# ---------------------------------------------------------------- as text

_TITLES: Final = {
    ComplaintKind.UNHEARD_ALARM: ("Nobody hears the alarm {name}", "Somebody hears the alarm {name} again"),
    ComplaintKind.PENDING_SUBSCRIPTION: (
        "A subscription to {name} is not confirmed",
        "A subscription to {name} waits no more",
    ),
    ComplaintKind.LOST_SUBSCRIPTION: ("A subscriber has left {name}", "A subscription to {name} is settled"),
    ComplaintKind.FAILING_ENDPOINT: ("Nothing arrives at {name}", "Messages arrive at {name} again"),
}
_TITLES_OF_MANY: Final = {
    ComplaintKind.UNHEARD_ALARM: ("Nobody hears {count} alarms", "{count} alarms are heard again"),
    ComplaintKind.PENDING_SUBSCRIPTION: (
        "{count} subscriptions are not confirmed",
        "{count} subscriptions wait no more",
    ),
    ComplaintKind.LOST_SUBSCRIPTION: ("{count} subscribers have left", "{count} lost subscriptions are settled"),
    ComplaintKind.FAILING_ENDPOINT: ("Nothing arrives at {count} endpoints", "Messages arrive at {count} endpoints"),
}


def _name(complaint: Complaint) -> str:
    """What people call the subject: the name of the alarm or topic, or of the channel."""
    parts = complaint.subject.split(":")
    is_arn = parts[0] == "arn" and len(parts) > 6
    if not is_arn:
        name = complaint.subject
    elif parts[2] == "cloudwatch":
        name = ":".join(parts[6:])
    else:
        name = f"a subscriber of {parts[5]}" if complaint.kind is ComplaintKind.FAILING_ENDPOINT else parts[5]
    return safe_line(name, _LONGEST_NAME)


def report_subject(report: ComplaintReport) -> str:
    """A report as one line."""
    count = len(report.complaints)
    begun, ended = (_TITLES if count == 1 else _TITLES_OF_MANY)[report.kind]
    title = ended if report.event is ReportEvent.ENDED else begun
    still = " (still)" if report.event is ReportEvent.LASTS else ""
    return safe_line(title.format(name=_name(report.complaints[0]), count=count) + still, _LONGEST_SUBJECT)


def report_text(report: ComplaintReport, *, service: str) -> str:
    """A report as text for a mail or a chat. `service` is the public URL of who complains."""
    lines = [f"{report_subject(report)}.", ""]
    first = report.complaints[0]
    if len(report.complaints) == 1:
        if report.event is ReportEvent.ENDED:
            lines.append(f"It is over: {report.why}.")
        else:
            lines.append(f"{first.reason[:1].upper()}{first.reason[1:]}.")
            if first.remedy:
                lines += ["", f"What to do: {first.remedy}."]
        lines += ["", f"  About: {safe_line(first.subject)}", f"  Since: {moment_text(first.since)}"]
    else:
        lines += [f"  {safe_line(one.subject)}" for one in report.complaints[:MOST_NAMED]]
        more = len(report.complaints) - MOST_NAMED
        if more > 0:
            lines.append(f"  and {more} more")
        if first.remedy and report.event is not ReportEvent.ENDED:
            lines += ["", f"What to do: {first.remedy}."]
    lines += [f"  Told by: {service}"]
    return "\n".join(lines) + "\n"
