"""Numbers of bytes in words. Rule: what is said is exact, in the largest unit that divides it."""

from __future__ import annotations

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def show_size(size: int) -> str:
    """`size` bytes for people.

    >>> show_size(16 * 1024 * 1024), show_size(1000)
    ('16 MiB', '1000 bytes')
    """
    for name, unit in _UNITS:
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"
