"""What a viewer does not see: paths of addresses, which may be secrets, stand there as dots. Spec: CON-8.5.

Rule: whoever may only look gets nothing that lets them act: no path of a web hook, no password in an address, no token.
"""

from __future__ import annotations

from typing import Any

from tocsin.core.address_mask import masked


def masked_value(value: Any) -> Any:
    """A value of JSON whose texts are masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_value(member) for name, member in value.items()}
    return [masked_value(one) for one in value] if isinstance(value, list) else value
