"""The style sheet, the script and the mark, served under addresses that name what is in them. Spec: CON-8.2, CON-10.2.

Rule: an address is good for ever, since another content has another address.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_NAMES: Final = ("console.css", "console.js", "favicon.svg")


class StaticFile(NamedTuple):
    """A file as it is sent: plain, and packed."""

    content_type: str
    body: bytes
    packed: bytes
    digest: str


@lru_cache(maxsize=1)
def static_files() -> dict[str, StaticFile]:
    """Every file, by name."""
    folder = files("tocsin.console").joinpath("static")
    found = {}
    for name in _NAMES:
        body = folder.joinpath(name).read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:12]
        found[name] = StaticFile(_TYPES[name.rpartition(".")[2]], body, gzip.compress(body, 9, mtime=0), digest)
    return found


def static_path(name: str) -> str:
    """The address of a file, below `/console`."""
    return f"static/{static_files()[name].digest}/{name}"


def find_static(path: str) -> StaticFile | None:
    """The file of an address below `/console`; None where there is none with that content."""
    _, _, rest = path.partition("/")
    digest, _, name = rest.partition("/")
    found = static_files().get(name)
    return found if found is not None and found.digest == digest else None
