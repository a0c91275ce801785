"""Who made a call, as CloudTrail's userIdentity tells it. Spec: REC-14, CT-3.

The facade: an `IdentityBook` says who an access key is, `unsigned_identity` who makes a call without one, and
`principal_of_arn` with `Principal.identity` writes the userIdentity of somebody who is known already.
"""

from tocsin.core.identity.book import IdentityBook, UnknownKeys
from tocsin.core.identity.learning import KnownPrincipal, LearnedKey, Lesson, Observation
from tocsin.core.identity.principal import (
    CallerIdentity,
    Issuer,
    Kind,
    Principal,
    Session,
    made_id,
    principal_of_arn,
    synthetic_id,
)
from tocsin.core.identity.unsigned import unsigned_identity

__all__ = [
    "CallerIdentity",
    "IdentityBook",
    "Issuer",
    "Kind",
    "KnownPrincipal",
    "LearnedKey",
    "Lesson",
    "Observation",
    "Principal",
    "Session",
    "UnknownKeys",
    "made_id",
    "principal_of_arn",
    "synthetic_id",
    "unsigned_identity",
]
