"""What must not be in a record, and what stands in its place. Spec: REC-10.

Rule: a table row for the member decides; without one the model's `sensitive` trait; without that the member's name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from tocsin.core.record.key import lower_first

if TYPE_CHECKING:
    from tocsin.core.record.shape import Member

Side = Literal["request", "answer"]

DROPPED: Final = None
"""The member is left out."""
HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
REMOVED: Final = "<sensitiveDataRemoved>"
SESSION_HIDDEN: Final = "Value hidden due to security reasons."
REDACTED: Final = "***(Redacted)"
"""In place of each literal of a statement, the rest of which is written."""
KEPT: Final = ""
"""The member is written as it is. No text in its place is empty, so this is none."""

Treatment = str | None

DROPPING: Final = frozenset({"iam", "sts", "secretsmanager", "kms"})
"""Services whose sensitive members are left out; EC2's become REMOVED, all others' HIDDEN."""

_ANY: Final = "*"

_ROWS: Final[tuple[tuple[str, str, Side | Literal["*"], str, Treatment], ...]] = (
    # service, operation, side, member (or the end of the path to it; from the top, behind a dot), what becomes of it
    ("iam", _ANY, _ANY, "secretAccessKey", DROPPED),
    ("iam", _ANY, _ANY, "password", DROPPED),
    ("iam", _ANY, _ANY, "oldPassword", DROPPED),
    ("iam", _ANY, _ANY, "newPassword", DROPPED),
    ("iam", _ANY, _ANY, "servicePassword", DROPPED),
    ("iam", _ANY, _ANY, "serviceCredentialSecret", DROPPED),
    ("sts", _ANY, _ANY, "secretAccessKey", DROPPED),
    ("sts", _ANY, _ANY, "sessionToken", KEPT),
    ("sts", _ANY, _ANY, "credentials", KEPT),
    ("sts", _ANY, "request", "tokenCode", DROPPED),
    ("sts", _ANY, "request", "sAMLAssertion", DROPPED),
    ("sts", _ANY, "request", "webIdentityToken", DROPPED),
    ("sts", _ANY, "request", "tradeInToken", DROPPED),
    ("sts", _ANY, "answer", "webIdentityToken", DROPPED),
    ("sts", _ANY, "answer", "subjectFromWebIdentityToken", KEPT),
    ("secretsmanager", _ANY, _ANY, "secretString", DROPPED),
    ("secretsmanager", _ANY, _ANY, "secretBinary", DROPPED),
    ("kms", _ANY, _ANY, "plaintext", DROPPED),
    ("kms", _ANY, _ANY, "ciphertextBlob", DROPPED),
    ("kms", _ANY, _ANY, "ciphertextForRecipient", DROPPED),
    ("kms", _ANY, _ANY, "encryptedKeyMaterial", DROPPED),
    ("kms", _ANY, _ANY, "importToken", DROPPED),
    ("kms", _ANY, _ANY, "keyStorePassword", DROPPED),
    ("kms", _ANY, _ANY, "privateKeyPlaintext", DROPPED),
    ("kms", _ANY, _ANY, "privateKeyCiphertextBlob", DROPPED),
    ("kms", _ANY, _ANY, "message", DROPPED),
    ("kms", _ANY, _ANY, "signature", DROPPED),
    ("kms", _ANY, _ANY, "sharedSecret", DROPPED),
    ("kms", _ANY, _ANY, "mac", DROPPED),
    ("ssm", "PutParameter", "request", ".value", HIDDEN),
    ("ssm", "SendCommand", _ANY, "parameters", HIDDEN),
    ("ssm", _ANY, "answer", "tokenValue", SESSION_HIDDEN),
    ("rds", _ANY, _ANY, "masterUserPassword", HIDDEN),
    ("rds", _ANY, _ANY, "tdeCredentialPassword", HIDDEN),
    ("rolesanywhere", _ANY, _ANY, "tags.key", HIDDEN),
    ("rolesanywhere", _ANY, _ANY, "tags.value", HIDDEN),
    ("cloudfront", _ANY, _ANY, "distributionConfig.comment", HIDDEN),
    ("ec2", _ANY, _ANY, "userData", REMOVED),
    ("ec2", _ANY, _ANY, "keyMaterial", REMOVED),
    ("ebs", "StartSnapshot", _ANY, "kmsKeyArn", HIDDEN),
    ("sns", _ANY, "request", "message", HIDDEN),
    ("sns", _ANY, "request", "subject", HIDDEN),
    ("sns", _ANY, "request", "messageAttributes", HIDDEN),
    ("lambda", _ANY, _ANY, "environment.variables", DROPPED),
    ("lambda", _ANY, _ANY, "zipFile", DROPPED),
    ("lambda", _ANY, _ANY, "payload", DROPPED),
    ("sqs", _ANY, "request", "messageBody", HIDDEN),
    ("sqs", _ANY, "request", "messageAttributes", HIDDEN),
    ("sqs", _ANY, "request", "messageSystemAttributes", HIDDEN),
    ("dynamodb", _ANY, _ANY, "item", DROPPED),
    ("dynamodb", _ANY, _ANY, "attributes", DROPPED),
    ("dynamodb", _ANY, _ANY, "expected", DROPPED),
    ("dynamodb", _ANY, _ANY, "attributeUpdates", DROPPED),
    ("dynamodb", _ANY, _ANY, "expressionAttributeValues", DROPPED),
    ("dynamodb", _ANY, _ANY, "keyConditions", DROPPED),
    ("dynamodb", _ANY, _ANY, "queryFilter", DROPPED),
    ("dynamodb", _ANY, _ANY, "scanFilter", DROPPED),
    ("dynamodb", _ANY, _ANY, "exclusiveStartKey", DROPPED),
    ("dynamodb", _ANY, _ANY, "itemCollectionMetrics", DROPPED),
    ("dynamodb", _ANY, _ANY, "unprocessedItems", DROPPED),
    ("dynamodb", _ANY, "request", "parameters", DROPPED),
    ("dynamodb", _ANY, "request", "statement", REDACTED),
    ("kinesis", _ANY, "request", "data", DROPPED),
)

_SECRET_ENDS: Final = ("password", "secret", "token", "privatekey", "credentials")
_HARMLESS_NAMES: Final = frozenset({"sessiontoken", "secretid"})
# Tokens of paging, of doing something once only, and of optimistic locks open nothing [seen: next, sequence,
# pagination, lock, change and block tokens].
_HARMLESS_TOKENS: Final = (
    "nexttoken",
    "clienttoken",
    "requesttoken",
    "sequencetoken",
    "paginationtoken",
    "continuationtoken",
    "locktoken",
    "changetoken",
    "blocktoken",
    "idempotencytoken",
    "idempotenttoken",
    "creationtoken",
    "pagetoken",
)


@lru_cache(maxsize=8192)
def _is_secret_by_name(name: str) -> bool:
    text = name.lower()
    return (
        text.endswith(_SECRET_ENDS)
        and text not in _HARMLESS_NAMES
        and not text.endswith(_HARMLESS_TOKENS)
        and text != "token"
    )


class Redaction:
    """What becomes of the members of one operation's request or answer."""

    def __init__(self, service: str, operation: str, side: Side) -> None:
        rows: dict[str, list[tuple[tuple[str, ...], bool, Treatment]]] = {}
        for of_service, of_operation, of_side, member, becomes in _ROWS:
            if of_service == service and of_operation in (_ANY, operation) and of_side in (_ANY, side):
                *parents, name = member.removeprefix(".").split(".")
                rows.setdefault(name, []).append((tuple(parents), member.startswith("."), becomes))
        self._rows = rows
        self._sensitive: Treatment = DROPPED if service in DROPPING else REMOVED if service == "ec2" else HIDDEN

    def of_member(self, member: Member, parents: tuple[str, ...]) -> Treatment:
        """What becomes of a member of a structure; `parents` are the names of the members that it is in."""
        name = lower_first(member.name)
        for path, is_from_top, becomes in self._rows.get(name, ()):
            if parents == path or (not is_from_top and parents[len(parents) - len(path) :] == path):
                return becomes
        if member.is_sensitive:
            return self._sensitive
        if _is_secret_by_name(name) and _is_text(member):
            return HIDDEN
        return KEPT

    def of_element(self, element: Member) -> Treatment:
        """What becomes of an element of a list, or of a key or value of a map: only the model tells."""
        return self._sensitive if element.is_sensitive else KEPT


def _is_text(member: Member) -> bool:
    """Can the member itself be a secret? A structure that is named so holds what has names of its own."""
    shape = member.shape
    if shape.kind in {"list", "map"} and shape.element is not None:
        return shape.element.shape.kind in {"string", "blob"}
    if shape.kind == "structure":
        return member.name.lower().endswith("credentials")
    return shape.kind in {"string", "blob", "document"}


@lru_cache(maxsize=4096)
def redaction_of(service: str, operation: str, side: Side) -> Redaction:
    """The one for an operation; service is the name of the model."""
    return Redaction(service, operation, side)


_LITERAL: Final = re.compile(r"'(?:[^']|'')*'?|(?<![\w\"])-?\d[\w.+-]*", re.ASCII)


def without_literals(statement: str) -> str:
    """A statement of PartiQL with every text and number in it redacted; one that is not closed to its end."""
    return _LITERAL.sub(REDACTED, statement)
