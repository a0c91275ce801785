"""What CloudTrail writes into the fields of a record, as far as it is the same for every event.

Rule: a fact stands here only if it holds for records of every service. What a call's own parameters
hold (`requestParameters`, `responseElements`) is not known here, with the few exceptions that the
table names. Spec: detections.md section 2, CT-2.2, CT-2.9, CT-3, CT-6.1.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from tocsin.core.pattern.tree import AnyElement, Index, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.pattern.tree import Step


class FieldKind(Enum):
    """What stands in a field whenever it is there."""

    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "a JSON boolean"
    TEXT_BOOLEAN = 'the text "true" or "false"'
    OBJECT = "an object"
    MOSTLY_OBJECT = "nearly always an object or null"
    LIST = "a list"
    VARYING = "text or a boolean"

    @property
    def is_text(self) -> bool:
        """Tell whether the field is always a JSON string."""
        return self in {FieldKind.TEXT, FieldKind.TEXT_BOOLEAN}

    @property
    def is_container(self) -> bool:
        """Tell whether nothing compares with the field itself, as a rule (FP-5.1)."""
        return self in {FieldKind.OBJECT, FieldKind.MOSTLY_OBJECT, FieldKind.LIST}


ELEMENT = "[]"
"""The step from a list to its elements in a `FieldPath`."""

FieldPath = tuple[str, ...]
"""Names from the top of the record down: `("resources", "[]", "type")`."""

ALWAYS_PRESENT: frozenset[FieldPath] = frozenset(
    (name,)
    for name in ("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "eventID")
)
"""Fields that every record of a call has (detections.md section 2); Insights records lack some of them."""

PRESENT_BY_TYPE: dict[str, frozenset[FieldPath]] = {
    kind: frozenset(("userIdentity", name) for name in names)
    for kind, names in {
        "Root": ("accountId",),
        "IAMUser": ("accountId", "userName"),
        "AssumedRole": ("accountId", "arn", "principalId"),
        "FederatedUser": ("accountId", "arn", "principalId", "accessKeyId", "sessionContext"),
        "AWSAccount": ("accountId", "principalId"),
        "AWSService": ("invokedBy",),
    }.items()
}
"""Fields that every identity of a type has (CT-3.1), also in failed sign-ins and CheckMfa (CT-3.4, CT-4.2)."""

_IDENTITY = "userIdentity"
_SESSION = "userIdentity.sessionContext"
_INSIGHT = "insightDetails.insightContext.statistics"
_TABLE: dict[FieldKind, tuple[str, ...]] = {
    FieldKind.TEXT: (
        *("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent"),
        *("errorCode", "errorMessage", "requestID", "eventID", "eventType", "recipientAccountId", "apiVersion"),
        *("sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory"),
        *(f"{_IDENTITY}.{name}" for name in ("type", "principalId", "arn", "accountId", "accessKeyId", "userName")),
        *(f"{_IDENTITY}.{name}" for name in ("invokedBy", "identityProvider", "credentialId")),
        *(f"{_SESSION}.sessionIssuer.{name}" for name in ("type", "principalId", "arn", "accountId", "userName")),
        *(f"{_SESSION}.{name}" for name in ("attributes.creationDate", "sourceIdentity", "ec2RoleDelivery")),
        f"{_SESSION}.webIdFederationData.federatedProvider",
        *("userIdentity.onBehalfOf.userId", "userIdentity.onBehalfOf.identityStoreArn"),
        *(f"userIdentity.inScopeOf.{name}" for name in ("sourceArn", "sourceAccount", "issuerType")),
        *("userIdentity.inScopeOf.credentialsIssuedTo", "userIdentity.invokedByDelegate.accountId"),
        *(f"resources.[].{name}" for name in ("accountId", "type", "ARN")),
        *(f"additionalEventData.{name}" for name in ("MfaType", "LoginTo", "MobileVersion", "MFAIdentifier")),
        *("additionalEventData.SamlProviderArn", "responseElements.ConsoleLogin", "responseElements.CheckMfa"),
        *(f"tlsDetails.{name}" for name in ("tlsVersion", "cipherSuite", "clientProvidedHostHeader", "keyExchange")),
        *("insightDetails.state", "insightDetails.eventSource", "insightDetails.eventName"),
        *("insightDetails.insightType", "insightDetails.errorCode", "insightDetails.sourceEventCategory"),
        *("addendum.reason", "addendum.originalRequestID", "addendum.originalEventID"),
    ),
    FieldKind.NUMBER: (
        *(f"{_INSIGHT}.{name}" for name in ("baseline.average", "insight.average")),
        *(f"{_INSIGHT}.{name}" for name in ("insightDuration", "baselineDuration")),
    ),
    FieldKind.BOOLEAN: (
        *("readOnly", "managementEvent"),
        *(f"requestParameters.{name}" for name in ("isMultiRegionTrail", "includeGlobalServiceEvents")),
        *(f"requestParameters.{name}" for name in ("enableLogFileValidation", "isOrganizationTrail")),
    ),
    FieldKind.TEXT_BOOLEAN: (
        *("sessionCredentialFromConsole", f"{_SESSION}.attributes.mfaAuthenticated", f"{_SESSION}.assumedRoot"),
        f"{_SESSION}.attributes.sessionCredentialFromConsole",
    ),
    FieldKind.OBJECT: (
        *(_IDENTITY, _SESSION, f"{_SESSION}.sessionIssuer", f"{_SESSION}.attributes"),
        *(f"{_SESSION}.webIdFederationData", f"{_SESSION}.webIdFederationData.attributes"),
        *(f"{_IDENTITY}.{name}" for name in ("onBehalfOf", "inScopeOf", "invokedByDelegate")),
        *("tlsDetails", "insightDetails", "insightDetails.insightContext", _INSIGHT),
        *(f"{_INSIGHT}.baseline", f"{_INSIGHT}.insight", "addendum", "edgeDeviceDetails", "eventContext"),
        "resources.[]",
    ),
    FieldKind.MOSTLY_OBJECT: ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"),
    FieldKind.LIST: ("resources",),
    FieldKind.VARYING: ("additionalEventData.MFAUsed",),
}

FIELDS: dict[FieldPath, FieldKind] = {tuple(path.split(".")): kind for kind, paths in _TABLE.items() for path in paths}
"""Every field of which the kind is known."""


def field_path(steps: tuple[Step, ...]) -> FieldPath | None:
    """The path of a selector; None for one with a `.*` step, which names no field."""
    path: list[str] = []
    for step in steps:
        if isinstance(step, Name):
            path.append(step.name)
        elif isinstance(step, Index | AnyElement):
            path.append(ELEMENT)
        else:
            return None
    return tuple(path)


def kind_of(steps: tuple[Step, ...]) -> FieldKind | None:
    """What stands in the field that a selector names; None when it is not known."""
    path = field_path(steps)
    return None if path is None else FIELDS.get(path)


def is_always_present(steps: tuple[Step, ...]) -> bool:
    """Tell whether every record of a call has the field."""
    return field_path(steps) in ALWAYS_PRESENT


def recase(steps: tuple[Step, ...]) -> tuple[int, str] | None:
    """The first name in a selector that no record has but for its case: its place among the steps, and the right name.

    Only names that records of every service have are known; `requestParameters` may hold anything.
    """
    path: FieldPath = ()
    for place, step in enumerate(steps):
        if not isinstance(step, Name):
            path = (*path, ELEMENT)
            continue
        known = set(_children(path))
        if step.name not in known:
            return next(((place, name) for name in sorted(known) if name.lower() == step.name.lower()), None)
        path = (*path, step.name)
    return None


def _children(path: FieldPath) -> Iterator[str]:
    return (field[-1] for field in FIELDS if field[:-1] == path and field[-1] != ELEMENT)
