"""What use cases need from the outside, as protocols. Adapters implement them; nothing here imports one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tocsin.core.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tocsin.core.delivery import DeliveryOutcome
    from tocsin.core.envelope import Envelope
    from tocsin.core.mail.kept_mail import KeptMail, ReadMail
    from tocsin.core.outbox import DeliveryRow
    from tocsin.core.password_hash import PasswordHash


class UnpackedFile(Protocol):
    """A file of an archive, unpacked piece by piece.

    Iterating raises SourceError at the place where reading cannot go on, after all that lies before
    it was given. The counts are those of the bytes given so far.
    """

    @property
    def bytes_read(self) -> int:
        """Bytes read from disk so far."""
        ...

    @property
    def bytes_unpacked(self) -> int:
        """Bytes given so far."""
        ...

    def __iter__(self) -> Iterator[bytes | bytearray]: ...


OpenArchiveFile = Callable[[str, Limits], UnpackedFile]
"""Open the file at a path; SourceError when that cannot be done."""


FitsPassword = Callable[["PasswordHash", str], bool]
"""Whether a password is the one that a hash was made of. It takes as long as the hash says, whatever the answer."""


class Notifier(Protocol):
    """Delivers messages of one kind of endpoint. Called in the event loop, for several messages at a time."""

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:
        """Try once. What goes wrong is an outcome, never an exception; it ends within a bounded time.

        `delivery.delivery_id` is the same on every attempt: the far side can tell a message that it had already.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Mailbox(Protocol):
    """The mails that no mail server took. Called from any thread; what a program has put there meanwhile is seen."""

    def count(self) -> int:
        """How many mails there are."""
        ...

    def count_after(self, name: str) -> int:
        """How many of them have names beyond a name; all with an empty one. Cheap enough for every page."""
        ...

    def page(self, *, before: str | None = None, limit: int) -> list[KeptMail]:
        """Mails, the newest first: those whose names lie before a name."""
        ...

    def read(self, name: str) -> ReadMail | None:
        """A mail by its name; None for one that is not there."""
        ...

    def source(self, name: str) -> bytes | None:
        """The bytes of a mail, as it would travel; None as above."""
        ...


class ObjectStore(Protocol):
    """Buckets that objects are put into, wherever they are. Called from any thread; every call ends in bounded time."""

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket, or there will be as soon as something is put into it.

        Raises:
            ArchiveError: that cannot be found out.
        """
        ...

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:
        """Put an object, in place of the one of that key. When this returns it is there, whole, and stays there.

        `metadata` are names in lower case, without `x-amz-meta-`. With `kms_key` it is encrypted with that key where
        the buckets know such keys.

        Raises:
            ArchiveError: it may or may not be there; the same call again does no harm.
        """
        ...


class DigestPublicKey(NamedTuple):
    """A public key that digests are verified with: PKCS#1 DER, and the seconds from and until which it is valid."""

    der: bytes
    fingerprint: str
    valid_from: int
    valid_until: int


class DigestKeys(Protocol):
    """The keys that digests are signed with, one at a time for each region. Called from any thread."""

    def signing_key(self, region: str) -> tuple[RSAPrivateKey, str]:
        """The key to sign with now, and its fingerprint; made where there is none yet, or the last one is old.

        Raises:
            InputError: it cannot be read or kept.
        """
        ...

    def public_keys(self, region: str) -> list[DigestPublicKey]:
        """All keys that there ever were, oldest first; they stay valid for what they signed."""
        ...
