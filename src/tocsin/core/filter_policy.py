"""Filter policies of subscriptions: which messages a subscriber gets. Spec: SNS-9, IF-5.

Rule: a policy is checked when it is made; evaluating one never raises. Types are strict, numbers are compared
exactly, and conditions below one array of objects must hold in the same element (SNS-9.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tocsin.core.envelope import MessageAttribute
from tocsin.core.filter_policy_message import Leaf, attribute_leaves, body_leaves
from tocsin.core.filter_policy_parser import Alternative, parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


PolicyScope = Literal["MessageAttributes", "MessageBody"]
"""What a policy looks at (SNS-9.1)."""

Positions = frozenset[tuple[str, int]]
"""Which element of each array of objects was chosen."""

# Choices of elements that are followed at once; a message that has more of them fits no alternative.
_MOST_CHOICES = 10_000


class FilterVerdict(NamedTuple):
    """Whether a message is delivered, and where not, the key that failed (SNS-9.7)."""

    is_accepted: bool
    failed_key: str = ""


class FilterPolicy:
    """A policy that was accepted: made by `parse`, never changed."""

    def __init__(self, source: str, scope: PolicyScope, alternatives: Sequence[Alternative]) -> None:
        """For `parse`, which is what makes one."""
        self.source = source
        self.scope = scope
        self._alternatives = tuple(alternatives)

    @classmethod
    def parse(cls, policy: str | Mapping[str, Any], scope: PolicyScope = "MessageAttributes") -> FilterPolicy:
        """Read a policy, JSON text or the object itself.

        Raises:
            FilterPolicyError: it is refused, in AWS's words (SNS-9.6).
        """
        source, alternatives = parse_policy(policy, is_nested=scope == "MessageBody")
        return cls(source, scope, alternatives)

    def accepts(
        self, *, attributes: Mapping[str, MessageAttribute | Mapping[str, str]] | None = None, body: str = ""
    ) -> bool:
        """Whether a message with these attributes, such as `{"a": {"Type": "String", "Value": "b"}}`, is delivered.

        >>> FilterPolicy.parse({"a": [{"prefix": "b"}]}).accepts(attributes={"a": {"Type": "String", "Value": "bc"}})
        True
        """
        return self.judge(attributes=attributes, body=body).is_accepted

    def judge(
        self, *, attributes: Mapping[str, MessageAttribute | Mapping[str, str]] | None = None, body: str = ""
    ) -> FilterVerdict:
        """The same with the key that failed, or why no key could be looked at.

        >>> FilterPolicy.parse({"NewStateValue": ["ALARM"]}, "MessageBody").judge(body='{"NewStateValue": "OK"}')
        FilterVerdict(is_accepted=False, failed_key='NewStateValue')
        """
        if not any(self._alternatives):  # an empty policy is none (SNS-9.1)
            return FilterVerdict(is_accepted=True)
        if self.scope == "MessageBody":
            leaves = body_leaves(body)
            nothing = "the body is no JSON object"
        else:
            leaves = attribute_leaves(_typed(attributes or {}))
            nothing = "the message has no usable attributes"
        if leaves is None:
            return FilterVerdict(is_accepted=False, failed_key=nothing)
        by_path: dict[str, list[Leaf]] = {}
        for leaf in leaves:
            by_path.setdefault(leaf.path, []).append(leaf)
        failed = ""
        for alternative in self._alternatives:
            failed = _failing_path(alternative, by_path)
            if not failed:
                return FilterVerdict(is_accepted=True)
        return FilterVerdict(is_accepted=False, failed_key=failed)

    def __repr__(self) -> str:
        return f"FilterPolicy.parse({self.source!r}, scope={self.scope!r})"


def _typed(given: Mapping[str, MessageAttribute | Mapping[str, str]]) -> dict[str, MessageAttribute]:
    return {
        name: one if isinstance(one, MessageAttribute) else MessageAttribute(one["Type"], one["Value"])
        for name, one in given.items()
    }


def _failing_path(alternative: Alternative, leaves: Mapping[str, Sequence[Leaf]]) -> str:
    """The path that cannot be satisfied; empty where all can be, by leaves whose positions agree."""
    # Arrays that no later path lies in need not be remembered; paths of one array stand together.
    order = sorted(alternative, key=lambda path: (alternative[path].accepts_absence, path))
    choices: set[Positions] = {frozenset()}
    for number, path in enumerate(order):
        rules = alternative[path]
        fitting = {leaf.positions for leaf in leaves.get(path, ()) if rules.fit(leaf.value)}
        present = {leaf.positions for leaf in leaves.get(path, ())}
        following: set[Positions] = set()
        for chosen in choices:
            following.update(chosen | found for found in fitting if _agree(chosen, found))
            if rules.accepts_absence and not any(_agree(chosen, found) for found in present):
                following.add(chosen)
        if not following:
            return path
        choices = {_needed(chosen, order[number + 1 :]) for chosen in following}
        if len(choices) > _MOST_CHOICES:
            return path
    return ""


def _agree(one: Positions, other: Positions) -> bool:
    if not one or not other:
        return True
    known = dict(one)
    return all(known.get(array, index) == index for array, index in other)


def _needed(chosen: Positions, paths: Iterable[str]) -> Positions:
    later = tuple(paths)
    return frozenset(pair for pair in chosen if any(path.startswith(f"{pair[0]}.") for path in later))
