"""ARNs as people read them: `user/alice` in place of `arn:aws:iam::111122223333:user/alice`."""

from __future__ import annotations


def short_arn(arn: str) -> str:
    """The part of an ARN that names somebody; other text stays as it is.

    >>> short_arn('arn:aws:sts::111122223333:assumed-role/Admin/alice')
    'role/Admin/alice'
    """
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not parts[5]:
        return arn
    name = parts[5]
    return name.removeprefix("assumed-") if name.startswith("assumed-role/") else name
