"""What use cases need from the outside, as protocols. Adapters implement them; nothing here imports one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from tocsin.core.limits import Limits


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

    def __iter__(self) -> Iterator[bytes]: ...


OpenArchiveFile = Callable[[str, Limits], UnpackedFile]
"""Open the file at a path; SourceError when that cannot be done."""
