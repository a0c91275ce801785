"""Addresses without what may be a secret in them: whoever reads them learns the host. Spec: CON-8.5, SNS-8.3."""

from __future__ import annotations

import re
from typing import Final

DOTS: Final = "•••"

# What an address holds besides its host: who signs in, a path, a query.
_ADDRESS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{0,30}://)(?:[^\s/?#\"'<>@]*@)?(?P<host>[^\s/?#\"'<>@]+)"
    r"(?P<rest>[/?#][^\s\"'<>]*)?"
)


def masked(text: str) -> str:
    """A text whose addresses show no more than their host.

    >>> masked("to https://bob:pw@hooks.example.com/services/T0/B0/xyz?t=1 at night")
    'to https://hooks.example.com/••• at night'
    >>> masked("arn:aws:sns:us-east-1:111122223333:sec-alerts")
    'arn:aws:sns:us-east-1:111122223333:sec-alerts'
    """
    return _ADDRESS.sub(lambda found: found["scheme"] + found["host"] + (f"/{DOTS}" if found["rest"] else ""), text)
