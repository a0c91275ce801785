"""What a viewer does not see: paths of addresses, which may be secrets, stand there as dots. Spec: CON-8.5.

Rule: whoever may only look gets nothing that lets them act: no path of a web hook, no password in an address, no token.
"""

from __future__ import annotations

import re
from typing import Any, Final

DOTS: Final = "•••"

# What an address holds besides its host: who signs in, a path, a query.
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{0,30}://)(?:[^\s/?#\"'<>@]*@)?(?P<host>[^\s/?#\"'<>@]+)(?P<rest>[/?#][^\s\"'<>]*)?"
)


def masked(text: str) -> str:
    """A text whose addresses show no more than their host.

    >>> masked("to https://bob:pw@hooks.example.com/services/T0/B0/xyz?t=1 at night")
    'to https://hooks.example.com/••• at night'
    >>> masked("arn:aws:sns:us-east-1:111122223333:sec-alerts")
    'arn:aws:sns:us-east-1:111122223333:sec-alerts'
    """
    return _ADDRESS.sub(lambda found: found["scheme"] + found["host"] + (f"/{DOTS}" if found["rest"] else ""), text)


def masked_value(value: Any) -> Any:
    """A value of JSON whose texts are masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_value(member) for name, member in value.items()}
    return [masked_value(one) for one in value] if isinstance(value, list) else value
