"""A selector setting as people have it at hand: what the AWS CLI prints, a request, a list, one selector. Spec: CT-8.

Rule: what is not certainly a setting is refused with its place; nothing in it is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.core.event import MessageError, decode_message
from tocsin.core.trail.selector import EventSelectorError, Selectors, read_selectors
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 1024 * 1024
"""The largest text; AWS takes far less."""

_DEPTH = 50
_BASIC, _ADVANCED = "EventSelectors", "AdvancedEventSelectors"
_SHAPES = (
    "write what aws cloudtrail get-event-selectors prints, what put-event-selectors takes, a list of selectors, or one "
    'selector: {"ReadWriteType": "WriteOnly"}'
)


def read_selector_setting(text: str, *, name: str) -> Selectors:
    """The selectors in a text; `name` says where it is from.

    Raises:
        InputError: it is no JSON, no setting, or one that AWS refuses.
    """
    try:
        value = decode_message(text, depth=_DEPTH)
    except MessageError as error:
        line, column = _place(text, error.position)
        raise InputError(f"{name}:{line}:{column}: not JSON: {error.reason}", hint=_SHAPES) from None
    parameters = _parameters(value)
    if parameters is None:
        raise InputError(f"{name}: there is no event selector in it", hint=_SHAPES)
    try:
        return read_selectors(parameters)
    except EventSelectorError as error:
        raise InputError(f"{name}: {error.message}", hint=error.hint) from None


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _parameters(value: Any) -> Mapping[str, Any] | None:
    """The value as PutEventSelectors takes it; None for what holds no selector."""
    if isinstance(value, dict):
        if value.keys().isdisjoint((_BASIC, _ADVANCED)):
            return _listed([value]) if value else None
        # Of a trail with selectors of one kind some clients print the other kind as an empty list.
        given = {name: value[name] for name in (_BASIC, _ADVANCED) if value.get(name)}
        return given or value
    return _listed(value) if isinstance(value, list) and value else None


def _listed(selectors: list[Any]) -> Mapping[str, Any]:
    is_advanced = any(isinstance(one, dict) and "FieldSelectors" in one for one in selectors)
    return {_ADVANCED if is_advanced else _BASIC: selectors}
