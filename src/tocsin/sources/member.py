"""The usual packed file: one gzip member and nothing else, unpacked as fast as isal can.

Rule: what is given is right as far as it goes; whatever is not one whole, undamaged member ends in
`NotOneMemberError`, and then the careful way has to say what the file holds. Spec: AR-12, CT-14.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

try:
    from isal import igzip_lib
except ImportError:  # pragma: no cover  (isal has no build for some platforms)
    CAN_INFLATE = False
else:
    CAN_INFLATE = True
    _invalid_data = cast("type[Exception]", igzip_lib.IsalError)

_MAGIC = b"\x1f\x8b"


class NotOneMemberError(Exception):
    """The data is no gzip, or damaged, or ends too early, or something follows its first member."""


def inflate_at_once(packed: bytes, *, size: int) -> bytes | None:
    """What `packed` unpacks to, when it is one whole member that says it holds at most `size` bytes, else None."""
    # The member ends with its length. Where that is not true time is lost, and nothing else.
    if not packed.startswith(_MAGIC) or int.from_bytes(packed[-4:], "little") > size:
        return None
    member = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
    try:
        piece: bytes = member.decompress(packed, size)
    except _invalid_data:
        return None
    return piece if member.eof and not member.unused_data else None


def inflate_member(chunks: Iterable[bytes], *, size: int) -> Iterator[bytes]:
    """What `chunks` unpack to, in pieces of at most `size` bytes."""
    packed = iter(chunks)
    chunk = next(packed, b"")
    if not chunk.startswith(_MAGIC):
        raise NotOneMemberError
    member = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
    while True:
        try:
            piece = member.decompress(chunk, size)
        except _invalid_data:
            raise NotOneMemberError from None
        if piece:
            yield piece
        if member.eof:
            if member.unused_data or next(packed, b""):
                raise NotOneMemberError
            return
        chunk = b""
        if member.needs_input:
            chunk = next(packed, b"")
            if not chunk:
                raise NotOneMemberError
