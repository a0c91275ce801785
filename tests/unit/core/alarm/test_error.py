from __future__ import annotations

import pickle

from tocsin.core.alarm import AlarmError
from tocsin.errors import InputError


def test_an_error_crosses_processes_whole() -> None:
    error = AlarmError("no", parameter="Period", aws_code="InvalidParameterValue", hint="yes")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.parameter, copy.aws_code, copy.hint) == ("no", "Period", "InvalidParameterValue", "yes")
    assert isinstance(copy, AlarmError)


def test_an_error_is_the_callers_and_says_what_to_do() -> None:
    error = AlarmError("no", hint="yes")
    assert isinstance(error, InputError)
    assert (error.code, error.aws_code, error.parameter) == ("alarm", "ValidationError", "")
    assert str(error) == "no\nhint: yes"


def test_what_no_encoding_takes_is_escaped() -> None:
    assert str(AlarmError("no \ud800", hint="\udfff")) == "no \\ud800\nhint: \\udfff"
