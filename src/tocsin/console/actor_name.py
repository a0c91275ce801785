"""An actor in words: `IAM user mallory`, `role deploy`, `root user of 111122223333`. Spec: CON-4.0, CON-4.6.

Rule: it is read from the term alone, the same everywhere; what is none of these is shown as it is.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ARN: Final = re.compile(r"arn:[\w-]+:(?:iam|sts)::([0-9]{12})?:([\w-]+)(?:/(.+))?", re.DOTALL)
# The path of a user or a role has slashes in it, its name has none (IAM): where the last part could not be a name, what
# stands there is no path either, and all of it is told.
_IN_PATH: Final = re.compile(r"[!-~]*/([\w+=,.@-]+)", re.ASCII)
_KINDS: Final = {
    "user": "IAM user",
    "role": "role",
    "assumed-role": "role session",
    "federated-user": "federated user",
    "root": "root user",
}
_ROOT_OF: Final = "root of "


class ActorName(NamedTuple):
    """What kind of actor it is, its name, and the account that it is of; empty where that is not said."""

    kind: str
    name: str
    account: str = ""


def actor_name(term: str) -> ActorName:
    """The actor that a term stands for.

    >>> actor_name("arn:aws:iam::111122223333:role/ci/deploy")
    ActorName(kind='role', name='deploy', account='111122223333')
    >>> actor_name("root of 111122223333"), actor_name("ec2.amazonaws.com").kind
    (ActorName(kind='root user', name='', account='111122223333'), 'AWS service')
    """
    if term == "root" or term.startswith(_ROOT_OF):
        return ActorName("root user", "", term.removeprefix(_ROOT_OF) if term != "root" else "")
    if term.endswith(".amazonaws.com"):
        return ActorName("AWS service", term)
    found = _ARN.fullmatch(term)
    if found is None or found[2] not in _KINDS:
        return ActorName("", term)
    name = found[3] or ""
    behind_path = _IN_PATH.fullmatch(name) if found[2] != "assumed-role" else None
    return ActorName(_KINDS[found[2]], behind_path[1] if behind_path else name, found[1] or "")
