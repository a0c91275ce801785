"""A change of the controls, as whoever runs the service is told of it. Spec: self/s17, IF-9 (`operator.channel`).

Rule: it says who, what, from where, why, and what became another; foreign text is on one line and acts on nothing,
and addresses show no more than their host.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.address_mask import masked
from tocsin.core.audit_words import sentence_of
from tocsin.core.member_change import member_changes
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from tocsin.core.audit_entry import AuditEntry

KIND: Final = "controls-changed"

_MOST_LINES: Final = 12
_LONGEST_SUBJECT: Final = 100
_LONGEST_LINE: Final = 160


def control_subject(entry: AuditEntry) -> str:
    """The change as one line."""
    return safe_line(sentence_of(entry), _LONGEST_SUBJECT)


def control_text(entry: AuditEntry, *, digest: str, service: str) -> str:
    """The change as text for a mail or a chat. `service` is the public URL of who tells it."""
    told = [
        f"{control_subject(entry)}.",
        "",
        "A change of what watches, or of who is told.",
        "",
        f"  From:   {safe_line(entry.address or 'this machine', _LONGEST_LINE)}",
        f"  When:   {entry.at}",
        f"  Reason: {safe_line(entry.reason or 'none given', _LONGEST_LINE)}",
        *(f"  {line}" for line in _lines(entry)),
        "",
        f"  Audit log, entry {entry.sequence}: {service}/console/audit/{entry.sequence}",
        f"  SHA-256 {digest}",
    ]
    return "\n".join(told) + "\n"


def control_json(entry: AuditEntry, *, digest: str, ident: str, service: str) -> str:
    """The change as one line of JSON."""
    told: dict[str, Any] = {
        "id": ident,
        "service": service,
        "at": entry.at,
        "event": "changed",
        "text": control_subject(entry),
        "kind": KIND,
        "subject": f"{entry.kind} {entry.name}".strip(),
        "actor": entry.actor,
        "address": entry.address,
        "action": entry.action,
        "account": entry.account,
        "region": entry.region,
        "reason": entry.reason,
        "changes": _lines(entry),
        "entry": entry.sequence,
        "sha256": digest,
    }
    return json.dumps(told, separators=(",", ":"))


def _lines(entry: AuditEntry) -> list[str]:
    changes = member_changes(entry.before, entry.after)
    lines = []
    for one in changes[:_MOST_LINES]:
        was, became = ("nothing" if text is None else text for text in (one.before, one.after))
        lines.append(safe_line(masked(f"{one.path or 'it'}: {was} -> {became}"), _LONGEST_LINE))
    return [*lines, f"and {len(changes) - _MOST_LINES} more"] if len(changes) > _MOST_LINES else lines
