"""Parameters checked against the model, and what AWS says where they do not fit. Spec: WIRE-3.15 to WIRE-3.23.

Rule: every violation is told, in the order of the model, 100 at most. The checks of an operation are compiled once.
Patterns are Java's and must match the whole value; they run on values within their length only, and in linear time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import re2

from tocsin.wire.fault import Fault
from tocsin.wire.log_events import FastLogEvents

if TYPE_CHECKING:
    from botocore.model import Shape

    from tocsin.wire.call import Call

Violations = list[str]

# Answers of a pattern that are remembered, for values of so many characters at most.
_REMEMBERED = 256
_SHORT = 256
Check = Callable[[Any, str, Violations], None]
"""Looks at a value at a path and appends what is wrong with it."""

_MOST = 100

# A member at the top that is missing; some services have words of their own for it (WIRE-3.20, SNS-3.6).
_MISSING: Final = re.compile(r"Value null at '(\w+)' ")

# Where a violation is: the member at the top, with a lower-case first letter.
_PLACE: Final = re.compile(r" at '(\w+)[^']*' failed to satisfy")

_TRAIL_CODES: Final = {
    "tagsList": "InvalidTagParameterException",
    "eventSelectors": "InvalidEventSelectorsException",
    "advancedEventSelectors": "InvalidEventSelectorsException",
    "insightSelectors": "InvalidInsightSelectorsException",
    "lookupAttributes": "InvalidLookupAttributesException",
    "eventCategory": "InvalidEventCategoryException",
    "maxResults": "InvalidMaxResultsException",
    "nextToken": "InvalidNextTokenException",
}

# Patterns of the models that AWS itself does not hold to: it takes ':' in a namespace (FP-9.1).
_NOT_HELD: Final = frozenset(("MetricNamespace",))

_LOG_NAMES: Final = frozenset(("logGroupName", "logStreamName"))
_LONG_LOG_NAME: Final = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
_LOG_NAME_LENGTH: Final = 512

# Java's classes of characters that RE2 writes otherwise (WIRE-3.22).
_TRANSLATED: Final = (
    (re.compile(r"\[\\w-_\]"), r"[\\w_-]"),
    (re.compile(r"\\u([0-9A-Fa-f]{4})"), r"\\x{\1}"),
    (re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF", re.IGNORECASE), r"\\x{10000}-\\x{10FFFF}"),
)


def validate(call: Call, parameters: Mapping[str, Any]) -> None:
    """Check the parameters of a call.

    Raises:
        Fault: they do not fit the model, in AWS's words; the code is that of the service and operation.
    """
    shape = call.model.input_shape
    if shape is None:
        return
    override = _overridden(call, parameters)
    if override is not None:
        raise override
    found: Violations = []
    _CHECKS.of(call, shape)(parameters, "", found)
    if found:
        raise _fault(call, found[:_MOST])


def _upper_first(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"


def _overridden(call: Call, parameters: Mapping[str, Any]) -> Fault | None:
    """Texts that differ from those that the model gives (WIRE-3.21)."""
    if call.service == "logs":
        for name in _LOG_NAMES & parameters.keys():
            value = parameters[name]
            if isinstance(value, str) and len(value) > _LOG_NAME_LENGTH:
                return Fault("InvalidParameterException", _LONG_LOG_NAME)
    return None


def _fault(call: Call, found: Violations) -> Fault:
    missing = _MISSING.match(found[0])
    if missing is not None and call.service == "sns":
        name = _upper_first(missing[1])
        return Fault("InvalidParameter", f"Invalid parameter: {name} Reason: no value for required parameter")
    if missing is not None and any(one.name == "MissingRequiredParameterException" for one in call.model.error_shapes):
        return Fault("MissingParameter", f"The parameter {_upper_first(missing[1])} is required.")
    noun = "error" if len(found) == 1 else "errors"
    message = f"{len(found)} validation {noun} detected: {'; '.join(found)}"
    if call.service == "logs" and any(one.name == "InvalidParameterException" for one in call.model.error_shapes):
        return Fault("InvalidParameterException", message)
    if call.service == "cloudtrail":
        return Fault(_trail_code(call, found[0]), message)
    return Fault("ValidationException" if call.service in {"logs", "cloudwatch"} else "ValidationError", message)


def _trail_code(call: Call, violation: str) -> str:
    """CloudTrail's own error for the member that is wrong, where the operation has one (WIRE-3.20)."""
    at = _PLACE.search(violation)
    code = _TRAIL_CODES.get(at[1], "") if at is not None else ""
    return code if any(one.name == code for one in call.model.error_shapes) else "ValidationException"


class _Compiled:
    """The checks of operations, made when they are first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Check] = {}

    def of(self, call: Call, shape: Shape) -> Check:
        """The check of an operation's input."""
        key = (call.service, call.operation)
        known = self._known.get(key)
        if known is None:
            with self._lock:
                known = self._known[key] = _compile(shape, {})
        return known


_CHECKS = _Compiled()


def _compile(shape: Shape, memo: dict[str, list[Check]]) -> Check:
    """The check of a shape; a shape within itself is called when its turn comes."""
    known = memo.get(shape.name)
    if known is not None:
        return lambda value, path, found: known[0](value, path, found)  # noqa: PLW0108  (it is filled later)
    cell: list[Check] = []
    memo[shape.name] = cell
    match shape.type_name:
        case "structure":
            check = _structure(shape, memo)
        case "list":
            check = _list(shape, memo)
        case "map":
            check = _map(shape, memo)
        case "string":
            check = _string(shape)
        case "integer" | "long" | "float" | "double":
            check = _number(shape)
        case "blob":
            check = _sized(shape, len)
        case _:
            check = _nothing
    cell.append(check)
    return check


def _nothing(_value: Any, _path: str, _found: Violations) -> None:
    return


def _structure(shape: Shape, memo: dict[str, list[Check]]) -> Check:
    required = frozenset(shape.required_members)
    members = [
        (name, f"{name[:1].lower()}{name[1:]}", name in required, _compile(member, memo))
        for name, member in shape.members.items()
    ]
    # Members without any rule cost nothing.
    members = [one for one in members if one[2] or one[3] is not _nothing]

    def check(value: Any, path: str, found: Violations) -> None:
        prefix = f"{path}." if path else ""
        for name, shown, is_required, inner in members:
            held = value.get(name)
            if held is None:
                if is_required:
                    found.append(_null_at(f"{prefix}{shown}"))
            else:
                inner(held, f"{prefix}{shown}", found)

    return check if members else _nothing


def _list(shape: Shape, memo: dict[str, list[Check]]) -> Check:
    inner = _compile(shape.member, memo)
    size = _sized(shape, len)
    is_scalar = shape.member.type_name not in {"structure", "list", "map"}

    def check(value: Any, path: str, found: Violations) -> None:
        size(value, path, found)
        if isinstance(value, FastLogEvents):
            _check_log_events(value, path, found)
            return
        if None in value:
            found.extend(_null_at(f"{path}.{number}.member") for number, item in enumerate(value, 1) if item is None)
            return
        if inner is _nothing:
            return
        if not is_scalar:
            for number, item in enumerate(value, 1):
                inner(item, f"{path}.{number}.member", found)
            return
        faults: Violations = []
        for item in value:
            inner(item, path, faults)
        if faults:
            constraints = _constraints_of(shape.member)
            shown = _shown(value, shape)
            told = f"Member must satisfy constraint: [{constraints}]"
            found.append(f"Value {shown} at '{path}' failed to satisfy constraint: {told}")

    return check


def _null_at(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _check_log_events(events: FastLogEvents, path: str, found: Violations) -> None:
    """The events of PutLogEvents: a message has a character at least. Timestamps were looked at before."""
    if all(message for _, message in events):
        return
    for number, (_, message) in enumerate(events, 1):
        if not message:
            found.append(
                f"Value '' at '{path}.{number}.member.message' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            )


def _map(shape: Shape, memo: dict[str, list[Check]]) -> Check:
    keys, values = _compile(shape.key, memo), _compile(shape.value, memo)
    size = _sized(shape, len)
    is_scalar = shape.value.type_name not in {"structure", "list", "map"}

    def check(value: Any, path: str, found: Violations) -> None:
        size(value, path, found)
        faults: Violations = []
        for key in value:
            keys(key, path, faults)
        if faults:
            found.append(
                f"Value {_shown(value, shape)} at '{path}' failed to satisfy constraint: "
                f"Map keys must satisfy constraint: [{_constraints_of(shape.key)}]"
            )
        faults = []
        for key, item in value.items():
            if item is None:
                found.append(_null_at(f"{path}.{key}.member"))
                continue
            values(item, path if is_scalar else f"{path}.{key}.member", faults if is_scalar else found)
        if faults:
            found.append(
                f"Value {_shown(value, shape)} at '{path}' failed to satisfy constraint: "
                f"Map value must satisfy constraint: [{_constraints_of(shape.value)}]"
            )

    return check


def _string(shape: Shape) -> Check:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    enum = tuple(shape.enum or ())
    pattern = _pattern_of(shape)
    if least is None and most is None and not enum and pattern is None:
        return _nothing
    allowed = frozenset(enum)
    listed = ", ".join(enum_order(enum))

    def check(value: Any, path: str, found: Violations) -> None:
        if enum and value not in allowed:
            _tell(found, value, path, shape, f"Member must satisfy enum value set: [{listed}]")
        length = len(value)
        fits = (most is None or length <= most) and (least is None or length >= least)
        if pattern is not None and fits and not pattern(value):
            _tell(
                found,
                value,
                path,
                shape,
                f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}",
            )
        if most is not None and length > most:
            _tell(found, value, path, shape, f"Member must have length less than or equal to {most}")
        if least is not None and length < least:
            _tell(found, value, path, shape, f"Member must have length greater than or equal to {least}")

    return check


def _number(shape: Shape) -> Check:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return _nothing

    def check(value: Any, path: str, found: Violations) -> None:
        if most is not None and value > most:
            _tell(found, value, path, shape, f"Member must have value less than or equal to {most}")
        if least is not None and value < least:
            _tell(found, value, path, shape, f"Member must have value greater than or equal to {least}")

    return check


def _sized(shape: Shape, size_of: Callable[[Any], int]) -> Check:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return _nothing

    def check(value: Any, path: str, found: Violations) -> None:
        size = size_of(value)
        if most is not None and size > most:
            _tell(found, value, path, shape, f"Member must have length less than or equal to {most}")
        if least is not None and size < least:
            _tell(found, value, path, shape, f"Member must have length greater than or equal to {least}")

    return check


def _tell(found: Violations, value: Any, path: str, shape: Shape, constraint: str) -> None:
    shown = "" if shape.metadata.get("sensitive") else f" {_shown(value, shape)}"
    found.append(f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}")


def _constraints_of(shape: Shape) -> str:
    """What an element must satisfy, told of all at once: maximum, minimum, pattern, or the values."""
    if shape.enum:
        return f"Member must satisfy enum value set: [{', '.join(enum_order(shape.enum))}]"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    noun = "value" if shape.type_name in {"integer", "long", "float", "double"} else "length"
    told = []
    if most is not None:
        told.append(f"Member must have {noun} less than or equal to {most}")
    if least is not None:
        told.append(f"Member must have {noun} greater than or equal to {least}")
    if "pattern" in shape.metadata:
        told.append(f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")
    return ", ".join(told)


# ---------------------------------------------------------------- values and enumerations


def _shown(value: Any, shape: Shape) -> str:
    """A value as AWS prints it (WIRE-3.17)."""
    return f"'{_inner(value, shape)}'"


def _inner(value: Any, shape: Shape) -> str:
    if value is None:
        return "null"
    if isinstance(value, FastLogEvents):
        value = value.as_dicts()
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            members = (
                f"{name[:1].lower()}{name[1:]}={_inner(value.get(name), member)}"
                for name, member in shape.members.items()
            )
            return f"{shape.name}({', '.join(members)})"
        case "list" if isinstance(value, list | tuple):
            return f"[{', '.join(_inner(item, shape.member) for item in value)}]"
        case "map" if isinstance(value, Mapping):
            return f"{{{', '.join(f'{key}={_inner(item, shape.value)}' for key, item in value.items())}}}"
        case "blob":
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def enum_order(values: tuple[str, ...] | list[str]) -> list[str]:
    """The values of an enumeration in the order in which AWS prints them: that of a hash set (WIRE-3.18).

    >>> enum_order(["OK", "ALARM", "INSUFFICIENT_DATA"])
    ['INSUFFICIENT_DATA', 'ALARM', 'OK']
    """
    placed = [(_hash(value) % 32, -place, value) for place, value in enumerate(values)]
    return [value for _, _, value in sorted(placed)]


def _hash(text: str) -> int:
    """Java's String.hashCode, as 32 bits without a sign."""
    code = 0
    data = text.encode("utf-16-be")
    for place in range(0, len(data), 2):
        code = (31 * code + (data[place] << 8 | data[place + 1])) & 0xFFFFFFFF
    return code


# ---------------------------------------------------------------- patterns


def _pattern_of(shape: Shape) -> Callable[[str], bool] | None:
    source = shape.metadata.get("pattern")
    if not source or shape.name in _NOT_HELD:
        return None
    compiled = compile_pattern(source)
    if compiled is None:
        return None
    fits: Callable[[str], bool] = lambda value: compiled.fullmatch(value) is not None  # noqa: E731  (the one below is another)
    remembered = lru_cache(maxsize=_REMEMBERED)(fits)
    # Names of groups, streams and metrics come again and again.
    return lambda value: remembered(value) if len(value) <= _SHORT else fits(value)


def compile_pattern(source: str) -> Any:
    """A pattern of the model for RE2; None for one that accepts everything that the model's authors meant to."""
    text = source
    for pattern, replacement in reversed(_TRANSLATED):
        text = pattern.sub(replacement, text)
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = False
    try:
        return re2.compile(text, options)
    except re2.error:
        return None
