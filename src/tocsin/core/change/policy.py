"""Calls on policies: of users, roles, groups, buckets and keys, and who has which. Spec: CT-2.9, CON-4.5.

A policy is compared statement by statement: one that is written otherwise but says the same is the same line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.change.effect import MOST_LINES, Effect, Line, Subject, line
from tocsin.core.notification.policy_statement import tell_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.notification.call import Call

POLICY, TRUST, POLICIES, GROUPS, KEYS = "policy", "trust policy", "policies", "groups", "access keys"

_HOLDERS: Final = ("user", "role", "group")


def policy_effects(call: Call) -> tuple[Effect, ...]:
    """What a call does to a policy, or to what somebody has."""
    teller = _TELLERS.get(f"{call.service}:{call.name}")
    effect = teller(call) if teller is not None else None
    return (effect,) if effect is not None else ()


def _statements(call: Call, path: str) -> tuple[Line, ...]:
    told = [text.removeprefix("+ ") for document in call.nodes(path) for text in tell_policy(document)]
    return tuple(line(text) for text in dict.fromkeys(told[:MOST_LINES]))


def _inline(holder: str, *, ends: bool = False) -> Callable[[Call], Effect | None]:
    def tell(call: Call) -> Effect | None:
        policy, name = call.parameter("policyName"), call.parameter(f"{holder}Name")
        if not policy or not name:
            return None
        subject = Subject(f"{POLICY} {policy} of {holder}", name)
        return Effect(subject=subject, ends=True) if ends else _whole(call, subject, "policyDocument")

    return tell


def _whole(call: Call, subject: Subject, path: str, *, begins: bool = False, alias: str = "") -> Effect:
    """A policy as it is from now on; one that cannot be read is not known."""
    statements = _statements(call, path)
    known_as = (alias,) if alias else ()
    return Effect(
        subject=subject,
        aliases=known_as,
        puts=statements,
        is_whole=bool(statements),
        begins=begins,
        forgets=not statements,
    )


def _managed(call: Call) -> Effect | None:
    arn = call.parameter("policyArn") or call.parameter(">policy.arn")
    if not arn:
        return None
    subject = Subject(POLICY, arn)
    name = arn.rpartition("/")[2]  # what the call that made it names
    match call.name:
        case "CreatePolicy":
            return _whole(call, subject, "policyDocument", begins=True, alias=name)
        case "CreatePolicyVersion" if call.parameter("setAsDefault") == "true":
            return _whole(call, subject, "policyDocument", alias=name)
        case "DeletePolicy":
            return Effect(subject=subject, aliases=(name,), ends=True)
        case "SetDefaultPolicyVersion":
            text = f"default version = {call.parameter('versionId')}"
            return Effect(subject=subject, aliases=(name,), puts=(line("default version", text),), forgets=True)
        case _:  # a version that is not in force
            return None


def _trust(path: str, *, begins: bool) -> Callable[[Call], Effect | None]:
    def tell(call: Call) -> Effect | None:
        name = call.parameter("roleName")
        return _whole(call, Subject(f"{TRUST} of role", name), path, begins=begins) if name else None

    return tell


def _member(kind: str, holder: str, path: str, *, taken: bool) -> Callable[[Call], Effect | None]:
    """One thing more, or less, that a user, role or group has."""

    def tell(call: Call) -> Effect | None:
        name, item = call.parameter(f"{holder}Name"), call.parameter(path)
        if not name or not item:
            return None
        subject, one = Subject(f"{kind} of {holder}", name), (line(item),)
        return Effect(subject=subject, takes=one) if taken else Effect(subject=subject, puts=one)

    return tell


def _of_resource(kind: str, name_path: str, path: str = "") -> Callable[[Call], Effect | None]:
    """The policy of a resource: written where `path` leads to a document, else removed."""

    def tell(call: Call) -> Effect | None:
        name = call.parameter(name_path)
        if not name:
            return None
        subject = Subject(f"{POLICY} of {kind}", name)
        return _whole(call, subject, path) if path else Effect(subject=subject, ends=True)

    return tell


_TELLERS: Final[dict[str, Callable[[Call], Effect | None]]] = {
    **{f"iam:Put{holder.title()}Policy": _inline(holder) for holder in _HOLDERS},
    **{f"iam:Delete{holder.title()}Policy": _inline(holder, ends=True) for holder in _HOLDERS},
    **{
        f"iam:{verb}{holder.title()}Policy": _member(POLICIES, holder, "policyArn", taken=verb == "Detach")
        for holder in _HOLDERS
        for verb in ("Attach", "Detach")
    },
    **{
        f"iam:{name}": _managed
        for name in ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "SetDefaultPolicyVersion")
    },
    "iam:CreateRole": _trust("assumeRolePolicyDocument", begins=True),
    "iam:UpdateAssumeRolePolicy": _trust("policyDocument", begins=False),
    "iam:AddUserToGroup": _member(GROUPS, "user", "groupName", taken=False),
    "iam:RemoveUserFromGroup": _member(GROUPS, "user", "groupName", taken=True),
    "iam:CreateAccessKey": _member(KEYS, "user", ">accessKey.accessKeyId", taken=False),
    "iam:DeleteAccessKey": _member(KEYS, "user", "accessKeyId", taken=True),
    "s3:PutBucketPolicy": _of_resource("bucket", "bucketName", "bucketPolicy"),
    "s3:DeleteBucketPolicy": _of_resource("bucket", "bucketName"),
    "kms:PutKeyPolicy": _of_resource("key", "keyId", "policy"),
}
"""Service and event name -> what tells its effect."""
