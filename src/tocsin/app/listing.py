"""What the AWS CLI prints, told by its content. Rule: a listing without metric filters is named, never passed over.

Spec: IF-1 (SOURCE), FP-9.21.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tocsin.app.document import Array, Node, Object, Scalar
from tocsin.app.rulereader import RuleReader
from tocsin.core.finding import Severity

if TYPE_CHECKING:
    from tocsin.app.ruleentry import RuleFile

# Keys of the answers of other commands that are SOURCEs too (IF-1), for parts that use them.
_OTHERS: dict[str, frozenset[str]] = {
    "aws cloudwatch describe-alarms": frozenset({"MetricAlarms", "CompositeAlarms"}),
    "aws cloudwatch get-alarm-mute-rule": frozenset({"AlarmMuteRuleArn", "MuteTargets"}),
    "aws sns list-subscriptions": frozenset({"Subscriptions"}),
}


def is_listing(root: Node) -> bool:
    """Tell whether a document is what a command of the AWS CLI printed, and no rule."""
    return isinstance(root, Object) and ("metricFilters" in root.members or _other(root) is not None)


def read_listing(root: Node, result: RuleFile, *, spoiled: bool = False) -> None:
    """Add the metric filters of a listing as rules; a listing of something else is an error.

    `spoiled` says that the text itself has an error, so that its rules may not run.
    """
    assert isinstance(root, Object)  # is_listing was asked
    command = _other(root)
    if command is not None:
        message = f"this is what `{command}` prints; it holds no metric filter"
        hint = "metric filters are printed by `aws logs describe-metric-filters`"
        result.note(root.start, Severity.ERROR, "no-metric-filter", message, hint)
        return
    member = root.members["metricFilters"]
    if not isinstance(member.value, Array):
        result.note(member.value.start, Severity.ERROR, "wrong-type", "metricFilters is no list")
        return
    for key in ("nextToken", "NextToken"):
        if isinstance(token := root.get(key), Scalar) and token.value is not None:
            message = "the listing goes on: it was cut after one page, and the filters of the others are not here"
            hint = "leave the paging to the AWS CLI: no --no-paginate, --max-items or --limit"
            result.note(root.members[key].key.start, Severity.WARNING, "cut-listing", message, hint)
    if not member.value.items:
        result.note(member.value.start, Severity.WARNING, "no-rule", "the listing holds no metric filter")
    names = Counter(_text(item, "filterName") for item in member.value.items)
    for item in member.value.items:
        name = _text(item, "filterName")
        # A filter's name is unique in its log group alone; no name holds a colon (FP-9.1).
        unique = f"{_text(item, 'logGroupName')}:{name}" if names[name] > 1 else name
        RuleReader(result, item, spoiled=spoiled).read_listed(name=unique)


def _other(root: Object) -> str | None:
    """The command that printed this, when it is one of those without metric filters."""
    if "metricFilters" in root.members or "id" in root.members:
        return None
    for command, keys in _OTHERS.items():
        if keys & root.members.keys():
            return command
    return None


def _text(item: Node, key: str) -> str:
    node = item.get(key) if isinstance(item, Object) else None
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
