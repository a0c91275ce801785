"""Mails as they travel: headers, parts, bytes. Spec: SNS-5.1, SNS-5.3, SNS-5.6, SNS-5.8, RFC 5322, RFC 8058.

Rule: a mail is written the same way on every attempt, under the same Message-ID, so that a reader who gets it twice
sees it once. No value adds a header: each is made one line before it becomes one.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.composite_alarm.reference import AlarmScope, parse_arn
from tocsin.core.envelope import EnvelopeKind
from tocsin.core.envelope_text import Links, wire_links
from tocsin.core.mail import MailLinks, compose_mail
from tocsin.core.mail.content import SERVICE_NAME
from tocsin.core.notification.alarm_link import alarm_link
from tocsin.core.notification.safe_line import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.envelope import Envelope
    from tocsin.notifiers.signature import MessageSigner

# Bodies in quoted-printable or Base64: no server need take more than ASCII. Lines may be longer than the usual 78
# octets, since readers exist that do not find a Message-ID on the line behind its name.
_POLICY: Final = policy.SMTP.clone(cte_type="7bit", max_line_length=250)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SUBJECT: Final = 400
_LONGEST_NAME: Final = 100
_PAGES: Final = "/_tocsin/subscriptions"
_LABEL: Final = re.compile(r"[^A-Za-z0-9-]+")
_ARN_PARTS: Final = 6


class WrittenMail(NamedTuple):
    """A mail, and what an SMTP server is told beside it. `needs_utf8` is true of addresses that are not ASCII."""

    sender: str
    recipient: str
    data: bytes
    needs_utf8: bool = False


class MailWriter:
    """Writes the mails of envelopes.

    `sender` is the address that mails come from; `unsubscribe_token` gives what names a subscription in the link that
    ends it.
    """

    def __init__(
        self, signer: MessageSigner, *, sender: str, public_url: str, unsubscribe_token: Callable[[str], str]
    ) -> None:
        self._signer = signer
        self._sender = sender
        self._domain = sender.rpartition("@")[2]
        self._public_url = public_url.rstrip("/")
        self._unsubscribe_token = unsubscribe_token

    def write(self, envelope: Envelope) -> WrittenMail:
        """The mail of an envelope.

        Raises:
            ValueError: its address is none that a mail can be sent to.
        """
        recipient = mail_address(envelope.endpoint)
        links = self._links(envelope)
        message = EmailMessage(_POLICY if recipient.isascii() else _POLICY.clone(utf8=True))
        self._head(message, envelope, recipient)
        if envelope.protocol == "email-json":
            message["Subject"] = _subject(_JSON_SUBJECTS[envelope.kind].format(name=envelope.topic_name))
            _set_text(message, self._signer.envelope_body(envelope, links=links) + "\n")
        else:
            mail = compose_mail(
                envelope,
                MailLinks(confirm=links.subscribe, unsubscribe=links.unsubscribe, alarm=self._alarm_page(envelope)),
                asks=self._sender,
            )
            message["Subject"] = _subject(mail.subject)
            _set_text(message, mail.text)
            message.add_alternative(_encodable(mail.html), subtype="html")
            if envelope.records:
                message.add_attachment(
                    envelope.records, maintype="application", subtype="x-ndjson", filename="records.ndjson"
                )
        if envelope.kind is EnvelopeKind.NOTIFICATION and envelope.unsubscribe == "confirm":
            message["List-Unsubscribe"] = f"<{links.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        _set_boundaries(message, _digest(f"{envelope.message_id} {envelope.subscription_arn}"))
        return WrittenMail(self._sender, recipient, message.as_bytes(), needs_utf8=not recipient.isascii())

    def _head(self, message: EmailMessage, envelope: Envelope, recipient: str) -> None:
        is_message = envelope.kind is EnvelopeKind.NOTIFICATION
        name = safe_line(envelope.display_name, _LONGEST_NAME) if is_message else ""
        message["From"] = Address(display_name=name or SERVICE_NAME, addr_spec=self._sender)
        local, _, domain = recipient.rpartition("@")
        message["To"] = Address(username=local, domain=domain)
        message["Date"] = _EPOCH + timedelta(seconds=envelope.published_at // 1000)
        message["Message-ID"] = f"<{envelope.message_id}.{_digest(envelope.subscription_arn)}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Id"] = self._list_id(envelope)
        if is_message and envelope.alarm_arn:
            # All mails of an alarm answer one that was never sent: readers put them together.
            thread = f"<alarm.{_digest(envelope.alarm_arn + envelope.topic_arn)}@{self._domain}>"
            message["In-Reply-To"] = thread
            message["References"] = thread

    def _list_id(self, envelope: Envelope) -> str:
        """RFC 2919: a name below our domain, of labels that a domain may have."""
        parts = envelope.topic_arn.split(":")
        labels = [parts[5], parts[4], parts[3]] if len(parts) == _ARN_PARTS else ["messages"]
        name = ".".join(_LABEL.sub("-", one)[:63] or "-" for one in labels)
        return f"<{name}.sns.{self._domain}>"

    def _links(self, envelope: Envelope) -> Links:
        """Where a mail leads: to pages of ours, and where a topic is `open` to the API, as on AWS (SNS-5.4)."""
        wire = wire_links(envelope, self._public_url)
        if envelope.unsubscribe == "open":
            return wire
        token = self._unsubscribe_token(envelope.subscription_arn) if envelope.subscription_arn else ""
        return Links(
            subscribe=f"{self._public_url}{_PAGES}/confirm?token={envelope.token or ''}",
            unsubscribe=f"{self._public_url}{_PAGES}/unsubscribe?token={token}" if token else "",
        )

    def _alarm_page(self, envelope: Envelope) -> str:
        alarm = parse_arn(envelope.alarm_arn)
        if alarm is None:
            return ""
        return alarm_link(alarm.name, AlarmScope(alarm.account, alarm.region, alarm.partition), self._public_url)


_JSON_SUBJECTS: Final = {
    EnvelopeKind.NOTIFICATION: "A message from the topic {name}",
    EnvelopeKind.SUBSCRIPTION_CONFIRMATION: "Please confirm: messages of the topic {name}",
    EnvelopeKind.UNSUBSCRIBE_CONFIRMATION: "No more messages of the topic {name}",
}


def mail_address(endpoint: str) -> str:
    """An address as it is sent to: a domain that is not ASCII in the form that DNS knows.

    Raises:
        ValueError: it is none.
    """
    local, at, domain = endpoint.rpartition("@")
    if not at or not local or not domain:
        raise ValueError(f"{endpoint!r} is no address")
    if not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"


def _set_boundaries(message: EmailMessage, name: str) -> None:
    """Part the parts with lines that are the same each time, and that no message can hold: its id was not known yet."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{name}_{number}")


def _subject(text: str) -> str:
    return safe_line(text, _LONGEST_SUBJECT)


def _set_text(message: EmailMessage, text: str) -> None:
    message.set_content(_encodable(text))


def _encodable(text: str) -> str:
    """Text without lone surrogates, which JSON can hold and no encoding."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]
