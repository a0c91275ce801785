"""What LookupEvents says of a record besides its text, and finds it by. Spec: CT-16.2, CT-16.4.

Rule: what a record does not say is absent, never empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.core.log_event import Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_VALUE: Final = 2_000
"""Characters of a value that can be asked for; what is longer is found by nothing (CT-16.2)."""

INSIGHT_SOURCE: Final = "InsightSource"
"""The kind of the term for the trail that an Insight on data events is of (CT-17.9)."""

_MOST_RESOURCES: Final = 50

_KINDS: Final = ("EventName", "EventSource", "ReadOnly", "AccessKeyId", "Username", INSIGHT_SOURCE)

_NAMED_TOO: Final = {"AWS::S3::Bucket": ":", "AWS::IAM::Role": "/"}
"""Types of which the name is told as well as the ARN, and what the name stands behind."""

_PARAMETERS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "iam.amazonaws.com": (
        ("userName", "AWS::IAM::User"),
        ("roleName", "AWS::IAM::Role"),
        ("groupName", "AWS::IAM::Group"),
        ("policyArn", "AWS::IAM::Policy"),
    ),
    "cloudtrail.amazonaws.com": (("name", "AWS::CloudTrail::Trail"), ("trailName", "AWS::CloudTrail::Trail")),
    "ec2.amazonaws.com": (("groupId", "AWS::EC2::SecurityGroup"), ("instanceId", "AWS::EC2::Instance")),
}
"""Service -> parameters that name a resource, and its type, for calls without `resources`."""


class Resource(NamedTuple):
    """A resource that a record names; the type is None where the record does not say it."""

    type: str | None
    name: str


class HistoryEvent(NamedTuple):
    """The members of an Event of LookupEvents; None for one that is absent."""

    event_id: str | None
    event_name: str | None
    event_source: str | None
    read_only: str | None = None
    access_key_id: str | None = None
    username: str | None = None
    resources: tuple[Resource, ...] = ()
    insight_source: str | None = None

    @property
    def terms(self) -> list[Term]:
        """What it is found by, each once, but for its eventID."""
        terms = [
            Term(kind, value)
            for kind, value in zip(_KINDS, (*self[1:6], self.insight_source), strict=True)
            if value and len(value) <= LONGEST_VALUE
        ]
        if self.resources:
            types = dict.fromkeys(one.type for one in self.resources)
            names = dict.fromkeys(one.name for one in self.resources)
            terms += [Term("ResourceType", one) for one in types if one and len(one) <= LONGEST_VALUE]
            terms += [Term("ResourceName", one) for one in names if len(one) <= LONGEST_VALUE]
        return terms


def history_event(record: Mapping[str, Any]) -> HistoryEvent:
    """What is told of a record that is no Insights record."""
    identity = _part(record, "userIdentity")
    return HistoryEvent(
        event_id=_text(record, "eventID"),
        event_name=_text(record, "eventName"),
        event_source=_text(record, "eventSource"),
        read_only=_truth(record.get("readOnly")),
        access_key_id=_text(identity, "accessKeyId"),
        username=_username(identity),
        resources=tuple(dict.fromkeys(_resources(record)))[:_MOST_RESOURCES],
    )


def insight_event(record: Mapping[str, Any]) -> HistoryEvent:
    """What is told of an Insights record: the call that was unusual stands in its details."""
    details = _part(record, "insightDetails")
    return HistoryEvent(
        event_id=_text(record, "eventID"),
        event_name=_text(details, "eventName"),
        event_source=_text(details, "eventSource"),
        insight_source=_text(details, "insightSource"),
    )


def _username(identity: Mapping[str, Any]) -> str | None:
    """The name of a user, of a session of a role, or `root`."""
    match identity.get("type"):
        case "Root":
            return "root"
        case "AssumedRole":
            return _session_name(identity)
        case "FederatedUser":
            return (_text(identity, "arn") or "").rpartition(":federated-user/")[2] or None
        case "AWSService":
            return None
        case _:
            return _text(identity, "userName")


def _session_name(identity: Mapping[str, Any]) -> str | None:
    _, is_arn, role_and_session = (_text(identity, "arn") or "").partition(":assumed-role/")
    if is_arn:
        return role_and_session.rpartition("/")[2] or None
    return (_text(identity, "principalId") or "").partition(":")[2] or None


def _resources(record: Mapping[str, Any]) -> Iterator[Resource]:
    listed = record.get("resources")
    if isinstance(listed, list) and listed:
        for one in listed[:_MOST_RESOURCES]:
            if isinstance(one, dict) and (arn := _text(one, "ARN")):
                kind = _text(one, "type")
                yield Resource(kind, arn)
                mark = _NAMED_TOO.get(kind or "")
                if mark is not None and arn.startswith("arn:") and (name := arn.rpartition(mark)[2]):
                    yield Resource(kind, name)
        return
    parameters = _part(record, "requestParameters")
    for name, kind in _PARAMETERS.get(_text(record, "eventSource") or "", ()):
        if value := _text(parameters, name):
            yield Resource(kind, value)
    # Calls that take several instances name them in a set; those that make some, in the answer.
    if record.get("eventSource") == "ec2.amazonaws.com":
        for part in (parameters, _part(record, "responseElements")):
            items = _part(part, "instancesSet").get("items")
            for one in items[:_MOST_RESOURCES] if isinstance(items, list) else ():
                if isinstance(one, dict) and (value := _text(one, "instanceId")):
                    yield Resource("AWS::EC2::Instance", value)


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def _truth(value: object) -> str | None:
    """`true` or `false`; some records have the text in the place of the value (CT-2.9)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.lower() if isinstance(value, str) and value.lower() in {"true", "false"} else None
