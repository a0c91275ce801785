"""What PutMetricAlarm, SetAlarmState and an evaluation refuse, in AWS's words. Spec: AL-5.9, AL-8.7, AR-8."""

from __future__ import annotations

from tocsin.core.wording import printable
from tocsin.errors import InputError


class AlarmError(InputError):
    """An alarm, or a request about one, that CloudWatch refuses.

    `aws_code` is the code on the wire (`ValidationError`, `InvalidParameterValue`, `InvalidFormat`,
    `AccessDenied`). `parameter` says what the message is about, as a path of parameter names, list
    elements counted from 1 (`Period`, `Metrics.2.Expression`); it is empty where it is about all.
    """

    code = "alarm"

    def __init__(self, message: str, *, parameter: str = "", aws_code: str = "ValidationError", hint: str = "") -> None:
        # What a request holds stands in the texts, and has to get through any encoding.
        super().__init__(printable(message), hint=printable(hint))
        self.parameter = parameter
        self.aws_code = aws_code

    def __reduce__(self) -> tuple[object, ...]:
        return (_alarm_error, (self.message, self.parameter, self.aws_code, self.hint))


def _alarm_error(message: str, parameter: str, aws_code: str, hint: str) -> AlarmError:
    """Rebuild an `AlarmError` on the other side of a process boundary."""
    return AlarmError(message, parameter=parameter, aws_code=aws_code, hint=hint)
