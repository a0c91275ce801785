"""What was done to a trail, from the records of it: each setting before and after. Spec: CT-7.13, CT-10, CON-4.10.

Rule: what stood before is told where an earlier record says it, and is else not known; it is never guessed. A call that
was refused changed nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.core.event import Event
from tocsin.core.notification.event import EventSummary
from tocsin.core.trail.selector import DEFAULT_SELECTORS, EventSelectorError, Selectors, read_selectors
from tocsin.core.trail.selector_loss import lost_events
from tocsin.core.trail.selector_words import setting_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SOURCE: Final = "cloudtrail.amazonaws.com"

ACTS: Final = frozenset(
    {
        *("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
        *("PutEventSelectors", "PutInsightSelectors"),
    }
)
"""The calls that change a trail."""

_LONGEST: Final = 1_000


class SettingChange(NamedTuple):
    """A setting by AWS's name for it. `before` is None where it is not known; empty is a setting that is not set."""

    setting: str
    before: str | None
    after: str


class TrailAct(NamedTuple):
    """One call: what its record says, and what it changed. `narrows`: it took something away (CT-10.1)."""

    summary: EventSummary
    changes: tuple[SettingChange, ...]
    narrows: bool

    @property
    def is_refused(self) -> bool:
        """Whether it was denied or failed, and changed nothing."""
        return bool(self.summary.error_code)


class _Setting(NamedTuple):
    """A setting: its name in UpdateTrail, in the record's parameters and answer; values that take something away."""

    name: str
    asked: str
    told: str
    taken_away: tuple[str, ...] = ()
    is_place: bool = False  # where it leads: any other place is another's


_SETTINGS: Final = (
    _Setting("IsMultiRegionTrail", "isMultiRegionTrail", "isMultiRegionTrail", ("false",)),
    _Setting("IncludeGlobalServiceEvents", "includeGlobalServiceEvents", "includeGlobalServiceEvents", ("false",)),
    _Setting("EnableLogFileValidation", "enableLogFileValidation", "logFileValidationEnabled", ("false",)),
    _Setting("IsOrganizationTrail", "isOrganizationTrail", "isOrganizationTrail", ("false",)),
    _Setting(
        "CloudWatchLogsLogGroupArn", "cloudWatchLogsLogGroupArn", "cloudWatchLogsLogGroupArn", ("",), is_place=True
    ),
    _Setting("CloudWatchLogsRoleArn", "cloudWatchLogsRoleArn", "cloudWatchLogsRoleArn"),
    _Setting("S3BucketName", "s3BucketName", "s3BucketName", is_place=True),
    _Setting("S3KeyPrefix", "s3KeyPrefix", "s3KeyPrefix", is_place=True),
    _Setting("SnsTopicName", "snsTopicName", "snsTopicName", ("",), is_place=True),
    _Setting("KmsKeyId", "kmsKeyId", "kmsKeyId", is_place=True),
)


def read_acts(records: Iterable[tuple[int, str]]) -> list[TrailAct]:
    """The acts in the records of one trail, given by second and text, oldest first; acts in the same order."""
    walk = _Walk()
    acts: list[TrailAct] = []
    for second, text in records:
        event = Event(text)
        record = event.value
        if isinstance(record, dict) and record.get("eventSource") == SOURCE and record.get("eventName") in ACTS:
            acts.append(walk.act(EventSummary.of(event, second), record))
    return acts


class _Walk:
    """What is known of a trail after each record."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._selectors: Selectors | None = None
        self._insights: frozenset[str] | None = None

    def act(self, summary: EventSummary, record: Mapping[str, Any]) -> TrailAct:
        if summary.error_code:
            return TrailAct(summary, (), narrows=False)
        asked, told = _part(record, "requestParameters"), _part(record, "responseElements")
        match record["eventName"]:
            case "CreateTrail":
                return self._created(summary, asked, told)
            case "UpdateTrail":
                changes = list(self._updated(asked, told))
                narrows = any(_takes_away(setting, change) for setting, change in changes)
                return TrailAct(summary, tuple(change for _, change in changes), narrows)
            case "StartLogging":
                return TrailAct(summary, self._logging("on"), narrows=False)
            case "StopLogging":
                return TrailAct(summary, self._logging("off"), narrows=True)
            case "PutEventSelectors":
                return self._selected(summary, asked)
            case "PutInsightSelectors":
                return self._looked(summary, asked)
            case _:
                self._forget()
                return TrailAct(summary, (SettingChange("Trail", "there", "deleted"),), narrows=True)

    def _forget(self) -> None:
        """One of its name that is made again is another trail."""
        self._known, self._selectors, self._insights = {}, None, None

    def _created(self, summary: EventSummary, asked: Mapping[str, Any], told: Mapping[str, Any]) -> TrailAct:
        self._keep(told or asked)
        self._known["Logging"] = "off"
        self._selectors, self._insights = DEFAULT_SELECTORS, frozenset()
        given = [one for one in _SETTINGS if one.asked in asked]
        changes = tuple(SettingChange(one.name, "", _text(asked[one.asked])) for one in given)
        return TrailAct(summary, changes, narrows=False)

    def _updated(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[tuple[_Setting, SettingChange]]:
        before = dict(self._known)
        if told:
            self._keep(told)
        for setting in _SETTINGS:
            if setting.asked in asked:
                after = _text(asked[setting.asked])
                self._known[setting.name] = after
                if before.get(setting.name) != after:
                    yield setting, SettingChange(setting.name, before.get(setting.name), after)

    def _keep(self, told: Mapping[str, Any]) -> None:
        """The answer has all settings: what is not in it is not set."""
        for setting in _SETTINGS:
            self._known[setting.name] = _text(told.get(setting.told, ""))

    def _logging(self, word: str) -> tuple[SettingChange, ...]:
        before = self._known.get("Logging")
        self._known["Logging"] = word
        return () if before == word else (SettingChange("Logging", before, word),)

    def _selected(self, summary: EventSummary, asked: Mapping[str, Any]) -> TrailAct:
        before = self._selectors
        try:
            self._selectors = after = read_selectors(_as_asked(asked))
        except EventSelectorError:  # a record may be cut, or of another time
            self._selectors = None
            return TrailAct(summary, (SettingChange("EventSelectors", _words(before), "not readable"),), narrows=False)
        change = SettingChange("EventSelectors", _words(before), _words(after) or "")
        return TrailAct(summary, (change,), narrows=bool(lost_events(before or DEFAULT_SELECTORS, after)))

    def _looked(self, summary: EventSummary, asked: Mapping[str, Any]) -> TrailAct:
        before = self._insights
        listed = asked.get("insightSelectors")
        kinds = [_text(_part_of(one).get("insightType")) for one in listed] if isinstance(listed, list) else []
        self._insights = after = frozenset(kinds)
        change = SettingChange(
            "InsightSelectors", None if before is None else ", ".join(sorted(before)), ", ".join(sorted(after))
        )
        return TrailAct(summary, (change,), narrows=bool(before - after) if before is not None else not after)


def _takes_away(setting: _Setting, change: SettingChange) -> bool:
    if change.after in setting.taken_away:
        return True
    return setting.is_place and change.before != ""


def _words(selectors: Selectors | None) -> str | None:
    return None if selectors is None else "; ".join(setting_words(selectors))[:_LONGEST]


def _as_asked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the request had them: a record writes the names of members in lower camel case."""
    kinds = ("eventSelectors", "advancedEventSelectors")
    return {_capital(name): _capitals(parameters[name]) for name in kinds if parameters.get(name) is not None}


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {_capital(name): _capitals(one) for name, one in value.items()}
    return [_capitals(one) for one in value] if isinstance(value, list) else value


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _part_of(record.get(name))


def _part_of(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:_LONGEST] if isinstance(value, str) else ""
