"""From the parameters of PutMetricData to data, or to the error that names every fault.

Rule: a request is taken as a whole or not at all (AL-1.5). Every fault is a sentence of its own, in AWS's
words where they are known. Spec: AL-1.2 to AL-1.7, WIRE-2.1, WIRE-2.2.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tocsin.caret import make_visible
from tocsin.core.metric import LARGEST_VALUE, UNITS, MetricDatum, MetricKey, StatisticSet
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_Choice = TypeVar("_Choice", str, int)

_MOST_DATA = 1000
_MOST_ENTITIES = 2
_MOST_VALUES = 150
_MOST_DIMENSIONS = 30
_LONGEST_NAME = 255
_LONGEST_DIMENSION_VALUE = 1024

_OLDEST = timedelta(weeks=2)
_NEWEST = timedelta(hours=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

_NAMESPACE_PUNCTUATION = ".-_/#: "
_RESERVED = "AWS/"
_RESOLUTIONS = (1, 60)
_STATISTIC_VALUES = ("SampleCount", "Sum", "Minimum", "Maximum")

# A request of 1 MB can hold far more faults, and longer values, than anybody wants to read.
_MOST_SENTENCES = 100
_MOST_HINTS = 3
_LONGEST_SHOWN = 60


class DatumError(InputError):
    """Metric data that PutMetricData refuses: one sentence a line, at most 100 of them (AL-1.5).

    `aws_code` is the code of the first.
    """

    code = "datum"

    def __init__(self, message: str, *, aws_code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.aws_code = aws_code

    def __reduce__(self) -> tuple[object, ...]:
        return (_datum_error, (self.message, self.aws_code, self.hint))


def _datum_error(message: str, aws_code: str, hint: str) -> DatumError:
    """Rebuild a `DatumError` on the other side of a process boundary."""
    return DatumError(message, aws_code=aws_code, hint=hint)


class _Fault(NamedTuple):
    aws_code: str
    sentence: str
    hint: str = ""


def read_metric_data(parameters: Mapping[str, Any], *, now: datetime) -> tuple[MetricDatum, ...]:
    """The data of one PutMetricData request: those of `MetricData`, then those of `EntityMetricData`.

    `parameters` are keyed by AWS's names, None counts as absent (WIRE-2.1, WIRE-2.2). `now`, aware, is the
    Timestamp of data that have none, and what their age is measured by (AL-1.6). Raises `DatumError`, and
    nothing else, for whatever AWS refuses and for values of the wrong type.
    """
    faults: list[_Fault] = []
    namespace = _namespace(parameters.get("Namespace"), faults)
    members = _members(parameters, faults)
    data = [datum for path, member in members if (datum := _datum(path, member, namespace, now, faults)) is not None]
    if faults:
        raise _error(faults)
    return tuple(data)


def _error(faults: Sequence[_Fault]) -> DatumError:
    sentences = [fault.sentence for fault in faults[:_MOST_SENTENCES]]
    if len(faults) > _MOST_SENTENCES:
        sentences.append(f"… and {len(faults) - _MOST_SENTENCES} more.")
    hints = list(dict.fromkeys(fault.hint for fault in faults if fault.hint))[:_MOST_HINTS]
    return DatumError("\n".join(sentences), aws_code=faults[0].aws_code, hint="; ".join(hints))


def _invalid(name: str, value: object, hint: str) -> _Fault:
    return _Fault("InvalidParameterValue", f"The value {_shown(value)} for parameter {name} is invalid.", hint)


def _required(name: str, hint: str = "") -> _Fault:
    return _Fault("MissingParameter", f"The parameter {name} is required.", hint)


def _exclusive(path: str, first: str, second: str) -> _Fault:
    return _Fault(
        "InvalidParameterCombination",
        f"The parameters {path}.{first} and {path}.{second} are mutually exclusive and you have specified both.",
        "a datum has one of Value, Values and StatisticValues",
    )


def _shown(value: object) -> str:
    """A foreign value as it stands in a sentence: short, on one line, and numbers as AWS writes them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str | float):
        text = str(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if value.bit_length() < 256 else "of more than 256 bits"
    else:
        text = f"of type {type(value).__name__}"
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return make_visible(shown.replace("\n", "\r"))  # a line feed would look like the end of the sentence


# ---------------------------------------------------------------- the request


def _namespace(value: object, faults: list[_Fault]) -> str:
    """AL-1.2: at least one character that is not a blank, no reserved prefix."""
    if value is None:
        faults.append(_required("Namespace"))
        return ""
    if not isinstance(value, str) or not _is_namespace(value):
        faults.append(_invalid("Namespace", value, "1 to 255 letters, digits and . - _ / # : not starting with :"))
        return ""
    if value.startswith(_RESERVED):
        faults.append(_invalid("Namespace", value, f"{_RESERVED} is reserved for AWS services"))
    return value


def _is_namespace(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_NAME
        and text.isascii()
        and not text.startswith(":")
        and not text.isspace()
        and all(character.isalnum() or character in _NAMESPACE_PUNCTUATION for character in text)
    )


def _members(parameters: Mapping[str, Any], faults: list[_Fault]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every datum of the request with the name AWS gives to its place, as long as there are not too many."""
    entities = _listed("EntityMetricData", parameters.get("EntityMetricData"), faults)
    if len(entities) > _MOST_ENTITIES:
        faults.append(_invalid("EntityMetricData", len(entities), f"at most {_MOST_ENTITIES} objects in one request"))
        return []
    members = _listed("MetricData", parameters.get("MetricData"), faults)
    for path, entity in entities:
        name = f"{path}.MetricData"
        members += _listed(name, entity.get("MetricData"), faults)
    if len(members) > _MOST_DATA:
        faults.append(_invalid("MetricData", len(members), f"at most {_MOST_DATA} data in one request"))
        return []
    if not members and not faults:
        faults.append(_required("MetricData"))
    return members


def _listed(name: str, value: object, faults: list[_Fault]) -> list[tuple[str, Mapping[str, Any]]]:
    """The objects of a list, each with its name; absent is empty."""
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(member, dict) for member in value):
        faults.append(_invalid(name, value, "a list of objects"))
        return []
    return [(f"{name}.member.{place}", member) for place, member in enumerate(value, 1)]


# ---------------------------------------------------------------- one datum


def _datum(
    path: str, member: Mapping[str, Any], namespace: str, now: datetime, faults: list[_Fault]
) -> MetricDatum | None:
    before = len(faults)
    name = member.get("MetricName")
    if name is None:
        faults.append(_required(f"{path}.MetricName"))
    elif not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        faults.append(_invalid(f"{path}.MetricName", name, f"1 to {_LONGEST_NAME} characters"))
    dimensions = _dimensions(path, member, faults)
    unit = _one_of(f"{path}.Unit", member.get("Unit"), UNITS, "None", faults)
    resolution = _one_of(f"{path}.StorageResolution", member.get("StorageResolution"), _RESOLUTIONS, 60, faults)
    second = _second(f"{path}.Timestamp", member.get("Timestamp"), now, faults)
    statistics = _statistics(path, member, faults)
    if len(faults) > before or statistics is None:
        return None
    return MetricDatum(
        key=MetricKey.of(namespace, str(name), dimensions),
        timestamp=second - second % resolution,
        statistics=statistics,
        unit=unit,
        storage_resolution=resolution,
    )


def _one_of(name: str, value: object, choices: Sequence[_Choice], default: _Choice, faults: list[_Fault]) -> _Choice:
    if value is None:
        return default
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return choice
    faults.append(_invalid(name, value, "the values that CloudWatch knows: " + ", ".join(map(str, choices))))
    return default


def _second(name: str, value: object, now: datetime, faults: list[_Fault]) -> int:
    """The second since the epoch that the Timestamp lies in (AL-1.6); that it is not too old or too new."""
    if value is None:
        value = now
    if not isinstance(value, datetime) or value.tzinfo is None:
        faults.append(_invalid(name, value, "a time with its zone"))
        return 0
    if now - value > _OLDEST:
        sentence = f"The parameter {name} must specify a time within the past two weeks."
        faults.append(_Fault("InvalidParameterValue", sentence))
    elif value - now > _NEWEST:
        faults.append(_invalid(name, value, "at most two hours in the future"))
    return (value - _EPOCH) // _SECOND


def _dimensions(path: str, member: Mapping[str, Any], faults: list[_Fault]) -> dict[str, str]:
    """AL-1.2. A name that comes twice is refused: one of the two values would be lost (our choice)."""
    listed = _listed(f"{path}.Dimensions", member.get("Dimensions"), faults)
    if len(listed) > _MOST_DIMENSIONS:
        faults.append(_invalid(f"{path}.Dimensions", len(listed), f"at most {_MOST_DIMENSIONS} dimensions"))
        return {}
    dimensions: dict[str, str] = {}
    for place, dimension in listed:
        name = _dimension_text(f"{place}.Name", dimension.get("Name"), _LONGEST_NAME, faults)
        if name.startswith(":"):
            faults.append(_invalid(f"{place}.Name", name, "the name of a dimension does not start with :"))
        elif name and name in dimensions:
            faults.append(_invalid(f"{place}.Name", name, "each dimension once"))
        dimensions[name] = _dimension_text(f"{place}.Value", dimension.get("Value"), _LONGEST_DIMENSION_VALUE, faults)
    return dimensions


def _dimension_text(name: str, value: object, longest: int, faults: list[_Fault]) -> str:
    if value is None:
        faults.append(_required(name))
        return ""
    if isinstance(value, str) and len(value) <= longest and value.isascii() and value.strip():
        return value
    faults.append(_invalid(name, value, f"1 to {longest} ASCII characters, not only blanks"))
    return ""


# ---------------------------------------------------------------- its values


def _statistics(path: str, member: Mapping[str, Any], faults: list[_Fault]) -> StatisticSet | None:
    """What the datum counts as (AL-1.3, AL-1.4); None when a fault was found. An empty list counts as absent."""
    value, stated = member.get("Value"), member.get("StatisticValues")
    values, counts = (None if member.get(name) in ([], ()) else member.get(name) for name in ("Values", "Counts"))
    if value is not None:
        others = {"Values": values, "StatisticValues": stated, "Counts": None if values is not None else counts}
        found = [_exclusive(path, "Value", name) for name, other in others.items() if other is not None]
        faults += found
        number = _number(f"{path}.Value", value, _is_value, faults)
        return None if found or number is None else StatisticSet.of(number)
    if stated is not None:
        return _stated(f"{path}.StatisticValues", stated, faults)
    if values is None:
        faults.append(_required(f"{path}.Value", "a datum has one of Value, Values and StatisticValues"))
        return None
    return _weighted(path, values, counts, faults)


def _number(name: str, value: object, is_valid: Callable[[float], bool], faults: list[_Fault]) -> float | None:
    """A double for which `is_valid` holds, else None and a fault."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an integer that no double can hold
            number = math.inf
        if is_valid(number):
            return number
    faults.append(_invalid(name, value, "a number from -2^360 to 2^360"))
    return None


def _is_value(number: float) -> bool:
    return abs(number) <= LARGEST_VALUE  # not so for NaN


def _is_count(number: float) -> bool:
    return 0 <= number < math.inf


def _stated(path: str, value: object, faults: list[_Fault]) -> StatisticSet | None:
    if not isinstance(value, dict):
        faults.append(_invalid(path, value, "an object with " + ", ".join(_STATISTIC_VALUES)))
        return None
    numbers: list[float] = []
    for field in _STATISTIC_VALUES:
        given = value.get(field)
        if given is None:
            faults.append(_required(f"{path}.{field}"))
            continue
        is_valid = _is_sample_count if field == "SampleCount" else _is_value
        number = _number(f"{path}.{field}", given, is_valid, faults)
        if number is not None:
            numbers.append(number)
    if len(numbers) < len(_STATISTIC_VALUES):
        return None
    count, total, minimum, maximum = numbers
    if maximum < minimum:
        faults.append(_invalid(f"{path}.Maximum", maximum, "Maximum is at least Minimum"))
        return None
    return StatisticSet.stated(sample_count=count, sum=total, minimum=minimum, maximum=maximum)


def _is_sample_count(number: float) -> bool:
    return 0 < number < math.inf


def _weighted(path: str, values: object, counts: object, faults: list[_Fault]) -> StatisticSet | None:
    numbers = _numbers(f"{path}.Values", values, _is_value, faults)
    if numbers is None:
        return None
    if counts is None:
        weights = [1.0] * len(numbers)
    else:
        given = _numbers(f"{path}.Counts", counts, _is_count, faults)
        if given is None:
            return None
        weights = given
    if len(weights) != len(numbers):
        sentence = f"The parameters {path}.Values and {path}.Counts must be of the same size."
        faults.append(_Fault("InvalidParameterValue", sentence))
        return None
    distinct = len(set(numbers))
    if distinct > _MOST_VALUES:
        faults.append(_invalid(f"{path}.Values", distinct, f"at most {_MOST_VALUES} distinct values in one datum"))
        return None
    return StatisticSet.merged(
        StatisticSet.weighted({number: weight}) for number, weight in zip(numbers, weights, strict=True)
    )


def _numbers(name: str, value: object, is_valid: Callable[[float], bool], faults: list[_Fault]) -> list[float] | None:
    """The numbers of a list; of several faulty ones the first is told."""
    if not isinstance(value, list | tuple):
        faults.append(_invalid(name, value, "a list of numbers"))
        return None
    numbers = []
    for member in value:
        number = _number(name, member, is_valid, faults)
        if number is None:
            return None
        numbers.append(number)
    return numbers
