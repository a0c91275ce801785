"""Event selectors that PutEventSelectors refuses, in AWS's words. Spec: CT-8.6."""

from __future__ import annotations

from tocsin.errors import InvalidParameterError


class EventSelectorError(InvalidParameterError):
    """Selectors that are refused: AWS's text in `message`, the place and the remedy in `hint`."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, aws_code="InvalidEventSelectorsException", hint=hint)
