"""What the AWS CLI prints, told by its content. Rule: whatever a listing holds is taken, or named as a fault.

Metric filters and alarms become rules; subscriptions and mute rules stand beside them. Spec: IF-1 (SOURCE),
IF-3, FP-9.21, AL-11.1.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.app.document import Array, Node, Object, Scalar
from tocsin.app.parameters import LISTED_ALARM, LISTED_COMPOSITE, LISTED_FILTER, MUTE_RULE, SUBSCRIPTION
from tocsin.app.rulereader import RuleReader
from tocsin.app.shape import ShapeCheck
from tocsin.core.finding import Severity
from tocsin.core.topic import Subscription

if TYPE_CHECKING:
    from tocsin.app.ruleentry import RuleFile
    from tocsin.app.shape import Record


class _Listed(NamedTuple):
    """One kind of things that a command prints: under which key, what they are called, and their shape."""

    key: str
    things: str
    shape: Record
    section: str = ""


# What each answer is told by. Its keys are never those of a rule, which has an `id`.
_LISTED = (
    _Listed("metricFilters", "metric filters", LISTED_FILTER, "filter"),
    _Listed("MetricAlarms", "alarms", LISTED_ALARM, "alarm"),
    _Listed("CompositeAlarms", "composite alarms", LISTED_COMPOSITE, "composite"),
    _Listed("Subscriptions", "subscriptions", SUBSCRIPTION),
)
_MUTE_RULE_KEYS = frozenset({"AlarmMuteRuleArn", "MuteTargets"})
_LOG_ALARMS = "LogAlarms"


def is_listing(root: Node) -> bool:
    """Tell whether a document is what a command of the AWS CLI printed, and no rule."""
    if not isinstance(root, Object) or "id" in root.members:
        return False
    return _is_mute_rule(root) or any(listed.key in root.members for listed in _LISTED)


def read_listing(root: Node, result: RuleFile, *, spoiled: bool = False) -> None:
    """Add what a listing holds to `result`.

    `spoiled` says that the text itself has an error, so that its rules may not run.
    """
    assert isinstance(root, Object)  # is_listing was asked
    if _is_mute_rule(root):
        values = _checked(root, MUTE_RULE, result)
        if values is not None:
            result.mute_rules.append(values)
        return
    _note_a_cut(root, result)
    _note_log_alarms(root, result)
    present = [listed for listed in _LISTED if listed.key in root.members]
    lists = [(listed, root.members[listed.key].value) for listed in present]
    for listed, value in lists:
        if not isinstance(value, Array):
            result.note(value.start, Severity.ERROR, "wrong-type", f"{listed.key} is no list")
        elif listed.section:
            _read_rules(listed, value, result, spoiled=spoiled)
        else:
            _read_subscriptions(value, result)
    if all(isinstance(value, Array) and not value.items for _, value in lists):
        first, value = lists[0]
        result.note(value.start, Severity.WARNING, "no-rule", f"the listing holds no {first.things}")


def _read_rules(listed: _Listed, value: Array, result: RuleFile, *, spoiled: bool) -> None:
    key = "filterName" if listed.section == "filter" else "AlarmName"
    names = Counter(_text(item, key) for item in value.items)
    for item in value.items:
        name = _text(item, key)
        # A filter's name is unique in its log group alone; no name holds a colon (FP-9.1).
        unique = f"{_text(item, 'logGroupName')}:{name}" if names[name] > 1 and listed.section == "filter" else name
        RuleReader(result, item, spoiled=spoiled).read_listed(listed.section, listed.shape, name=unique)


def _read_subscriptions(value: Array, result: RuleFile) -> None:
    for item in value.items:
        found = _checked(item, SUBSCRIPTION, result)
        if found is not None:
            subscription = Subscription(
                topic_arn=found["TopicArn"],
                protocol=found["Protocol"],
                endpoint=found["Endpoint"],
                subscription_arn=found["SubscriptionArn"],
            )
            result.subscriptions.append(subscription)
    result.lists_subscriptions = True


def _checked(node: Node, shape: Record, result: RuleFile) -> dict[str, Any] | None:
    """The values of `node`, or None when something is wrong with them, which is noted."""
    before = len(result.findings)

    def report(node: Node, name: str, message: str, hint: str = "", spec: str = "") -> None:  # noqa: ARG001  (the notes of a text have one spec)
        result.note(node.start, Severity.ERROR, name, message, hint)

    values = ShapeCheck(result.source.text, report).check(node, shape, "")
    return values if isinstance(values, dict) and len(result.findings) == before else None


def _note_a_cut(root: Object, result: RuleFile) -> None:
    for key in ("nextToken", "NextToken"):
        if isinstance(token := root.get(key), Scalar) and token.value is not None:
            message = "the listing goes on: it was cut after one page, and what the others hold is not here"
            hint = "leave the paging to the AWS CLI: no --no-paginate, --max-items or --limit"
            result.note(root.members[key].key.start, Severity.WARNING, "cut-listing", message, hint)


def _note_log_alarms(root: Object, result: RuleFile) -> None:
    alarms = root.get(_LOG_ALARMS)
    if isinstance(alarms, Array) and alarms.items:
        message = f"{len(alarms.items)} log alarms are left out: they run Logs Insights queries, which Tocsin does not"
        result.note(alarms.start, Severity.WARNING, "unsupported-alarm", message, "a metric filter can count the same")


def _is_mute_rule(root: Object) -> bool:
    return bool(_MUTE_RULE_KEYS & root.members.keys()) and "Rule" in root.members


def _text(item: Node, key: str) -> str:
    node = item.get(key) if isinstance(item, Object) else None
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
