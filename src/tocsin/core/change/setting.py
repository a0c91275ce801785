"""Calls that set the settings of something: trails, alarms, filters, buckets. Spec: CT-7.8, CT-7.9, CT-7.13, CON-4.5.

A line is `NAME = VALUE` under the name of the setting; inner settings are joined by dots.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.change.effect import MOST_LINES, Effect, Line, Subject, line
from tocsin.core.event import lexeme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.event import JsonValue
    from tocsin.core.notification.call import Call

_DEEPEST: Final = 6


class _Settings(NamedTuple):
    """How a call sets something.

    `kind` and `name` (paths, the first that is there) say what; `source` is where the settings stand: `` for the
    parameters themselves, else a path. `whole` where what is not given is not set; `answer` where the answer has all
    settings, which then count instead of the parameters. `flags` are settings that the call makes by its name.
    """

    kind: str
    name: str
    source: str = ""
    whole: bool = True
    begins: bool = False
    ends: bool = False
    answer: bool = False
    flags: str = ""


_TRAIL: Final = "name >trailARN"

_CALLS: Final[dict[str, _Settings]] = {
    "cloudtrail:CreateTrail": _Settings("trail", _TRAIL, begins=True, answer=True),
    "cloudtrail:UpdateTrail": _Settings("trail", _TRAIL, whole=False, answer=True),
    "cloudtrail:DeleteTrail": _Settings("trail", _TRAIL, ends=True),
    "cloudtrail:StartLogging": _Settings("logging of trail", _TRAIL, flags="logging = on"),
    "cloudtrail:StopLogging": _Settings("logging of trail", _TRAIL, flags="logging = off"),
    "cloudtrail:PutEventSelectors": _Settings("selectors of trail", "trailName"),
    "cloudtrail:PutInsightSelectors": _Settings("insights of trail", "trailName"),
    "monitoring:PutMetricAlarm": _Settings("alarm", "alarmName"),
    "monitoring:PutCompositeAlarm": _Settings("alarm", "alarmName"),
    "monitoring:DeleteAlarms": _Settings("alarm", "alarmNames", ends=True),
    "monitoring:EnableAlarmActions": _Settings("alarm", "alarmNames", whole=False, flags="actionsEnabled = true"),
    "monitoring:DisableAlarmActions": _Settings("alarm", "alarmNames", whole=False, flags="actionsEnabled = false"),
    "logs:PutMetricFilter": _Settings("filter", "filterName"),
    "logs:DeleteMetricFilter": _Settings("filter", "filterName", ends=True),
    "logs:PutRetentionPolicy": _Settings("retention of group", "logGroupName"),
    "logs:DeleteRetentionPolicy": _Settings("retention of group", "logGroupName", ends=True),
    "s3:PutBucketPublicAccessBlock": _Settings(
        "public access block of bucket", "bucketName", source="PublicAccessBlockConfiguration"
    ),
    "s3:DeleteBucketPublicAccessBlock": _Settings("public access block of bucket", "bucketName", ends=True),
    "s3:PutBucketVersioning": _Settings(
        "versioning of bucket", "bucketName", source="VersioningConfiguration", whole=False
    ),
}
"""Service and event name -> how it sets what."""

# The request and the answer of a trail call some settings otherwise.
_SAME: Final = {"enableLogFileValidation": "logFileValidationEnabled"}

# Members that name the subject, or say nothing about it.
_NOT_SETTINGS: Final = frozenset(
    {"name", "trailName", "trailARN", "alarmName", "alarmNames", "filterName", "logGroupName", "bucketName", "Host"}
    | {"tags", "tagsList", "requestId", "_return", "omitted", "xmlns", "alarmArn"}
)


def setting_effects(call: Call) -> tuple[Effect, ...]:
    """What a call sets; an effect for each subject that it names."""
    how = _CALLS.get(f"{call.service}:{call.name}")
    if how is None or call.parameter("omitted") == "true":
        return ()
    names = next((found for path in how.name.split() if (found := list(call.texts(path)))), [])
    # A trail is named by its name or by its ARN; an answer tells that one.
    known_as = {_plain(name): name for name in (*names[:MOST_LINES], *call.texts(">trailARN"))}
    subjects = {Subject(how.kind, _plain(name)): known_as[_plain(name)] for name in names[:MOST_LINES]}
    if how.ends:
        return tuple(Effect(subject=one, aliases=(alias,), ends=True) for one, alias in subjects.items())
    asked, is_whole = _asked(call, how), how.whole
    puts = asked
    if how.answer and call.response:
        puts, is_whole = _lines(call.response), True
    return tuple(
        Effect(subject=one, aliases=(alias,), puts=puts, asked=asked, is_whole=is_whole, begins=how.begins)
        for one, alias in subjects.items()
    )


def _plain(name: str) -> str:
    """The name of a trail that was named by its ARN."""
    return name.rpartition(":trail/")[2]


def _asked(call: Call, how: _Settings) -> tuple[Line, ...]:
    if how.flags:
        return (line(how.flags.partition(" = ")[0], how.flags),)
    return _lines(list(call.nodes(how.source)) if how.source else call.parameters)


def _lines(given: JsonValue) -> tuple[Line, ...]:
    flat = dict(islice(_flat(given, "", _DEEPEST), MOST_LINES))
    return tuple(line(name, f"{name} = {text}") for name, text in flat.items())


def _flat(value: JsonValue, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """The settings within a value, by their names; a list of texts is one setting."""
    if isinstance(value, dict) and set(value) == {"items"}:
        value = value["items"]
    if isinstance(value, dict) and depth:
        for key, inner in value.items():
            if name or key not in _NOT_SETTINGS:
                yield from _flat(inner, f"{name}.{key}" if name else _SAME.get(key, key), depth - 1)
    elif isinstance(value, list) and depth and any(isinstance(one, dict | list) for one in value):
        for place, inner in enumerate(value, 1):
            number = f"{name}.{place}" if name and len(value) > 1 else name
            yield from _flat(inner, number, depth - 1)
    elif isinstance(value, list):
        yield name, ", ".join(_told(one) for one in value[:MOST_LINES]) or "none"
    else:
        yield name, _told(value)


def _told(value: JsonValue) -> str:
    """A value on its own; null and the empty text are not the same (CON-1.9)."""
    text = lexeme(value)
    if text is not None:
        return text or '""'
    return "null" if value is None else "…"
