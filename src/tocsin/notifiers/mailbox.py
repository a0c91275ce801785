"""The built-in mailbox: a folder of mails, for a service that has no mail server to send through. Spec: SNS-5.8, IF-7.

Rule: a mail appears whole or not at all, and one that is delivered again takes its own place. The folder is bounded:
the oldest mails go when there are too many.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser, BytesParser
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.delivery import Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry
from tocsin.core.mail.kept_mail import MAIL_NAME, Attachment, KeptMail, ReadMail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from tocsin.core.envelope import Envelope
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.mail_message import MailWriter

MOST_MAILS: Final = 10_000
"""Mails that are kept."""

_SUFFIX: Final = ".eml"
_LARGEST: Final = 16 * 1024 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_BEGINNING: Final = re.compile(r"[0-9a-f]{8}(?=-)")


class MailboxNotifier:
    """Puts mails into a folder, which is made when the first one comes."""

    def __init__(self, writer: MailWriter, folder: Path, *, most: int = MOST_MAILS) -> None:
        self._writer = writer
        self._folder = folder
        self._most = most
        self._count: int | None = None

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:
        """Keep the mail of an envelope."""
        try:
            data = self._writer.write(envelope).data
        except ValueError as error:
            return Failed(DeliveryReason.MESSAGE, str(error))
        name = mail_name(envelope.published_at, delivery.delivery_id)
        try:
            await asyncio.to_thread(self._keep, name, data)
        except OSError as error:
            return Retry(DeliveryReason.DEFECT, f"the mailbox cannot be written: {error.strerror or error}")
        return Delivered(f"kept in the mailbox as {name}")

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _keep(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{name}{_SUFFIX}"
        is_new = not path.exists()
        partial = self._folder / f".{name}.partial"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        partial.replace(path)
        if self._count is None:
            self._count = sum(1 for _ in _paths(self._folder))
        elif is_new:
            self._count += 1
        if self._count > self._most:
            self._count = self._remove_oldest()

    def _remove_oldest(self) -> int:
        """Make room, a tenth at a time; how many mails are left."""
        paths = sorted(_paths(self._folder))
        gone = len(paths) - self._most * 9 // 10
        for path in paths[:gone]:
            path.unlink(missing_ok=True)
        return len(paths) - gone


def mail_name(at: int, delivery_id: str) -> str:
    """The name of a mail: when it was published, to the second, and the beginning of its delivery's id.

    Ids that begin with a word (those of digests) all begin alike: a hash of theirs tells them apart.

    >>> mail_name(1789384724000, "5f1c0b1e-0f5e-5a1b-9d0e-56e0f3c2a001")
    '20260914T111844Z-5f1c0b1e'
    """
    moment = _EPOCH + timedelta(seconds=at // 1000)
    own = _OWN_BEGINNING.match(delivery_id)
    mark = own[0] if own else hashlib.sha256(delivery_id.encode()).hexdigest()[:8]
    return f"{moment:%Y%m%dT%H%M%SZ}-{mark}"


# ---------------------------------------------------------------- reading


class MailboxFolder:
    """The mails of a mailbox, for whoever reads them; the folder need not be there. It is a `Mailbox`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed = _Listed(None, ())

    def count(self) -> int:
        """How many mails there are."""
        return len(self._names())

    def count_after(self, name: str) -> int:
        """How many of them have names beyond a name; all with an empty one."""
        names = self._names()
        return len(names) - bisect_right(names, name)

    def page(self, *, before: str | None = None, limit: int) -> list[KeptMail]:
        """Mails, the newest first: those whose names lie before a name."""
        chosen = (name for name in reversed(self._names()) if before is None or name < before)
        found: list[KeptMail] = []
        for name in chosen:
            if len(found) == limit:
                break
            kept = self._kept(name)
            if kept is not None:
                found.append(kept)
        return found

    def read(self, name: str) -> ReadMail | None:
        """A mail by its name; None for one that is not there."""
        source = self.source(name)
        if source is None:
            return None
        mail = BytesParser(policy=policy.default).parsebytes(source)
        return ReadMail(
            name=name,
            date=_date(mail),
            sender=_header(mail, "From"),
            recipient=_header(mail, "To"),
            subject=_header(mail, "Subject"),
            text=_part(mail, "plain"),
            html=_part(mail, "html"),
            headers=tuple((field, str(value)) for field, value in mail.items()),
            attachments=tuple(
                Attachment(part.get_filename() or "", len(part.get_payload(decode=True) or b""))
                for part in mail.iter_attachments()
            ),
            size=len(source),
        )

    def source(self, name: str) -> bytes | None:
        """The bytes of a mail, as it would travel; None as above."""
        if MAIL_NAME.fullmatch(name) is None:
            return None
        try:
            with (self._folder / f"{name}{_SUFFIX}").open("rb") as file:
                return file.read(_LARGEST)
        except OSError:  # it may have made room for a newer one
            return None

    def _names(self) -> Sequence[str]:
        """The names of all mails, in order. The folder is gone through only after it has changed.

        Twice then: a mail that came just behind the first time may have left the same time of change.
        """
        listed = self._listed
        try:
            changed_at = self._folder.stat().st_mtime_ns
        except OSError:
            return ()
        is_known = listed.changed_at == changed_at
        if is_known and listed.is_settled:
            return listed.names
        names = tuple(sorted(path.stem for path in _paths(self._folder) if MAIL_NAME.fullmatch(path.stem)))
        self._listed = _Listed(changed_at, names, is_settled=is_known and names == listed.names)
        return names

    def _kept(self, name: str) -> KeptMail | None:
        try:
            with (self._folder / f"{name}{_SUFFIX}").open("rb") as file:
                mail = BytesHeaderParser(policy=policy.default).parse(file)
        except OSError:
            return None
        return KeptMail(name=name, date=_date(mail), recipient=_header(mail, "To"), subject=_header(mail, "Subject"))


class _Listed(NamedTuple):
    """The names of mails in a folder that was changed last at a time."""

    changed_at: int | None
    names: tuple[str, ...]
    is_settled: bool = False


def _date(mail: EmailMessage) -> str:
    date = mail["Date"].datetime if mail["Date"] else None
    return "" if date is None else f"{date.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _header(mail: EmailMessage, name: str) -> str:
    return str(mail[name] or "")


def _part(mail: EmailMessage, subtype: str) -> str:
    """The text of the part that is the mail's body in that form, in lines as here; empty where it has none."""
    body = mail.get_body(preferencelist=(subtype,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


def list_mails(folder: Path) -> list[KeptMail]:
    """The mails of a mailbox, the newest first."""
    return MailboxFolder(folder).page(limit=MOST_MAILS * 2)


def find_mail(folder: Path, name: str) -> Path | None:
    """The file of a mail by its name, the beginning of its name, or the end; None unless there is exactly one."""
    found = [path for path in _paths(folder) if path.stem == name]
    found = found or [path for path in _paths(folder) if path.stem.startswith(name) or path.stem.endswith(f"-{name}")]
    return found[0] if len(found) == 1 else None


def read_mail(path: Path) -> EmailMessage:
    """A mail of the mailbox."""
    with path.open("rb") as file:
        return BytesParser(policy=policy.default).parsebytes(file.read(_LARGEST))


def _paths(folder: Path) -> Iterator[Path]:
    return folder.glob(f"[0-9]*{_SUFFIX}")
