"""The usual packed file: one gzip member and nothing else, unpacked as fast as libdeflate or isal can.

Rule: what is given is right as far as it goes; whatever is not one whole, undamaged member ends in
`NotOneMemberError`, and then the careful way has to say what the file holds. Spec: AR-12, CT-14.1.

libdeflate unpacks a small file in two thirds of isal's time, but only as a whole; isal takes it piece by piece.
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

try:
    import deflate
except ImportError:  # pragma: no cover  (neither has libdeflate)
    CAN_INFLATE_AT_ONCE = False
else:
    CAN_INFLATE_AT_ONCE = True

_MAGIC = b"\x1f\x8b"


class NotOneMemberError(Exception):
    """The data is no gzip, or damaged, or ends too early, or something follows its first member."""


def inflate_at_once(packed: bytes, *, size: int) -> bytes | bytearray | None:
    """What `packed` unpacks to, when it is one whole member of 1 to `size` bytes that ends where `packed` does.

    None for anything else, and for a few that are that.
    """
    # A member ends with its length. It says how much room is needed; libdeflate writes no more than that.
    length = packed[-4:]
    count = int.from_bytes(length, "little")
    if not CAN_INFLATE_AT_ONCE or not packed.startswith(_MAGIC) or not 0 < count <= size:
        return None
    # libdeflate does not tell where the member ended, and takes no notice of what follows. It does tell that
    # the member is whole, so these four bytes stand at its end. When that is not the end of `packed` they
    # stand in there twice. (CPython searches from the end in half the time.)
    if packed.rfind(length, 0, len(packed) - 1) >= 0:
        return None
    try:
        piece = deflate.gzip_decompress(packed)
    except (deflate.DeflateError, ValueError):
        return None
    return piece if len(piece) == count else None


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
