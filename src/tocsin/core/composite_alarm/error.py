"""An AlarmRule that PutCompositeAlarm refuses, in AWS's words. Spec: AL-12.4, AR-8."""

from __future__ import annotations

from typing import ClassVar

from tocsin.caret import draw_caret
from tocsin.errors import InputError


class AlarmRuleError(InputError):
    """A rule that is refused: AWS's text in `message`, the remedy in `hint`.

    `position` is the 0-based offset, in code points, into the rule as it was given (`source`); it
    equals the rule's length when something is missing at the end. `str()` draws the caret.
    `aws_code` and `parameter` say the same as those of an `AlarmError`.
    """

    code = "alarm-rule"
    aws_code: ClassVar[str] = "ValidationError"
    parameter: ClassVar[str] = "AlarmRule"

    def __init__(self, message: str, *, source: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.position = position

    def __str__(self) -> str:
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.message}\n{draw_caret(self.source, self.position)}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_alarm_rule_error, (self.message, self.source, self.position, self.hint))


def _alarm_rule_error(message: str, source: str, position: int, hint: str) -> AlarmRuleError:
    """Rebuild an `AlarmRuleError` on the other side of a process boundary."""
    return AlarmRuleError(message, source=source, position=position, hint=hint)
