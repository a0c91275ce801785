"""Bodies that come packed, unpacked within bounds. Spec: WIRE-7.5."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.wire.message import WireRequest

_GZIP = 31


def unpacked(request: WireRequest, *, most: int) -> bytes:
    """The body of a request, `most` bytes at the most.

    Raises:
        Fault: the encoding is not known (415), the data is broken or has something behind it, or it is too long (413).
    """
    encoding = (request.header("content-encoding") or "").strip().lower()
    if encoding in {"", "identity"}:
        return request.body
    if encoding != "gzip":
        raise Fault("UnsupportedMediaTypeException", f"Content-Encoding {encoding[:40]} is not supported.", status=415)
    inflater = zlib.decompressobj(_GZIP)
    try:
        body = inflater.decompress(request.body, most + 1)
    except zlib.error:
        raise _broken() from None
    if len(body) > most:
        raise Fault("RequestEntityTooLargeException", "The request body is too large.", status=413)
    if not inflater.eof or inflater.unused_data:
        raise _broken()
    return body


def _broken() -> Fault:
    return Fault("MalformedHttpRequestException", "The request body could not be decompressed.")
