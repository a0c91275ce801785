"""Changes of the controls are told to `operator.channel`, beside the log that they stand in. Spec: self/s17, IF-9.

Rule: the message is written in the transaction of the entry, so nobody makes something silent without its being said
on a way that the console does not lead to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.app.publication import delivery_of
from tocsin.core.audit_words import can_silence
from tocsin.core.control_report import control_json, control_subject, control_text
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.core.audit_entry import AuditEntry
    from tocsin.core.outbox import DeliveryRow

_OPERATOR: Final = "operator"
_NOWHERE: Final = Scope("", "")


def control_rows(service: Service, entry: AuditEntry, digest: str) -> list[DeliveryRow]:
    """What is to be sent of an entry: a message where it can silence something and there is a channel, else nothing."""
    channel = service.settings.operator
    if channel is None or not can_silence(entry):
        return []
    ident, url = service.new_id(), service.settings.public_url
    is_json = channel.protocol == _OPERATOR
    envelope = Envelope(
        kind=EnvelopeKind.NOTIFICATION,
        message_id=ident,
        topic_arn="",
        subscription_arn="",
        protocol=channel.protocol,
        endpoint=channel.address,
        message=control_json(entry, digest=digest, ident=ident, service=url)
        if is_json
        else control_text(entry, digest=digest, service=url),
        subject=f"Tocsin: {control_subject(entry)}",
        published_at=service.now_ms(),
        group_id=_OPERATOR,  # one by one, whatever the protocol
    )
    return [delivery_of(service, _NOWHERE, envelope, cause=_OPERATOR)]
