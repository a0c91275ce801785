r"""What the file system says, as text that can be shown, sorted and stored.

Rule: paths of ordinary names stay as they are. A byte that is not UTF-8, a control character and a
lone surrogate stand as an escape (`\xff`, `\x1b`, `\u0085`), and so does a backslash that would
begin one; so no two paths are shown alike, and the path that is shown leads back to the file.
"""

from __future__ import annotations

import errno
import os
import re
import stat

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|\\(?=x[0-9a-f]{2}|u[0-9a-f]{4})")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})")

# Python stands U+DC80 to U+DCFF in place of the bytes of a name that are not UTF-8 (PEP 383).
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "vanished while it was being read",
    errno.ELOOP: "links that loop",
    errno.ENAMETOOLONG: "path too long",
    errno.EIO: "input/output error",
}

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe, which is never opened"),
    (stat.S_ISSOCK, "a socket, which is never opened"),
    (stat.S_ISCHR, "a device, which is never opened"),
    (stat.S_ISBLK, "a device, which is never opened"),
)


def show_path(path: str) -> str:
    r"""The path of the operating system as it is shown.

    >>> show_path('a\x1b[2J'), show_path('logs/2024.json')
    ('a\\x1b[2J', 'logs/2024.json')
    """
    # Nearly all paths: the sum of looking at them is a tenth of what finding them takes.
    if path.isascii() and path.isprintable() and "\\" not in path:
        return path
    return _UNSHOWN.sub(_escape, path)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if _FIRST_BYTE <= code <= _LAST_BYTE:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def real_path(shown: str) -> str:
    """The path of the operating system for one that `show_path` made."""
    return _ESCAPE.sub(_unescape, shown) if "\\" in shown else shown


def _unescape(found: re.Match[str]) -> str:
    if found[2]:
        return chr(int(found[2], 16))
    code = int(found[1], 16)
    return chr(code if code < 0x80 else 0xDC00 + code)


def error_reason(error: OSError) -> str:
    """Why something cannot be read."""
    known = _REASONS.get(error.errno or 0)
    return known or (os.strerror(error.errno).lower() if error.errno else "cannot be read")


def kind_reason(mode: int) -> str:
    """Why something of this mode is not read; empty for a regular file."""
    if stat.S_ISREG(mode):
        return ""
    return next((reason for is_kind, reason in _KINDS if is_kind(mode)), "not a regular file")
