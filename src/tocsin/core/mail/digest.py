"""One mail for many messages. Spec: SNS-12.6.

Rule: every message is listed, by its time, its subject and its first line; as many as fit follow in full.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.mail.content import plain
from tocsin.core.notification.moment_text import short_moment, span_of_moments
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_TEXTS: Final = 200_000
"""Characters of messages that stand in a digest in full."""

_STATE = re.compile(r"(ALARM|OK|INSUFFICIENT_DATA)\b")
_LONGEST_LINE: Final = 200


class DigestEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for its digest; `at` is in milliseconds since the epoch."""

    at: int
    subject: str
    text: str


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """Subject and text of a digest."""

    subject: str
    text: str


def compose_digest(topic_name: str, entries: Sequence[DigestEntry]) -> Digest:
    """The digest of messages of a topic, in the order in which they were published; there is at least one."""
    count = f"{len(entries):,} message{'' if len(entries) == 1 else 's'}"
    states = Counter(found[1] for entry in entries if (found := _STATE.match(entry.subject)))
    told = ", ".join(f"{number:,} {state}" for state, number in states.most_common())
    subject = f"{count} of the topic {topic_name}{f': {told}' if told else ''}"
    span = span_of_moments(entries[0].at // 1000, entries[-1].at // 1000)
    lines = [f"{count} of the topic {topic_name}, {span}", ""]
    for number, entry in enumerate(entries, 1):
        lines += (f"{number:>3}. {short_moment(entry.at // 1000)}  {safe_line(entry.subject, _LONGEST_LINE)}",)
        first = next((line for line in plain(entry.text).splitlines() if line.strip()), "")
        if first:
            lines.append(f"     {safe_line(first, _LONGEST_LINE)}")
    room, left = LONGEST_TEXTS, 0
    for number, entry in enumerate(entries, 1):
        room -= len(entry.text)
        if room < 0:
            left = len(entries) - number + 1
            break
        lines += ["", _rule(f"{number} of {len(entries)}: {safe_line(entry.subject, _LONGEST_LINE)}"), ""]
        lines.append(plain(entry.text).strip("\n"))
    if left:
        lines += ["", _rule(f"{left:,} more stand in the list above alone; in full they would make this mail too long")]
    return Digest(subject=subject, text="\n".join(lines) + "\n")


def _rule(text: str) -> str:
    return f"{'=' * 72}\n{text}\n{'=' * 72}"
