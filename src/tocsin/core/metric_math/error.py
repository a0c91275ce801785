"""What is wrong with an expression, and where. Spec: AL-4, AR-8."""

from __future__ import annotations

from tocsin.caret import draw_caret
from tocsin.errors import InputError


class MathError(InputError):
    """An expression that is refused, when it is read or when it is evaluated.

    `position` is the 0-based offset, in code points, into `source`; it equals the length when something is
    missing at the end. `str()` draws the caret.
    """

    code = "metric-math"
    aws_code = "ValidationError"

    def __init__(self, message: str, *, source: str, position: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.position = position

    def __str__(self) -> str:
        drawn = f"{self.message}\n{draw_caret(self.source, self.position)}"
        return f"{drawn}\nhint: {self.hint}" if self.hint else drawn

    def __reduce__(self) -> tuple[object, ...]:
        return (_math_error, (self.message, self.source, self.position, self.hint))


def _math_error(message: str, source: str, position: int, hint: str) -> MathError:
    """Rebuild a `MathError` on the other side of a process boundary."""
    return MathError(message, source=source, position=position, hint=hint)


class Refusal(Exception):  # noqa: N818  # not an error that anybody sees: it becomes a MathError, with its place
    """Why a function or an operator does not take the values that it was given."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
