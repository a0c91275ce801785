"""Who hears of an alarm, as far as its definition and the subscriptions tell.

Rule: an alarm that reaches nobody says so. Whoever leaves AlarmActions out leaves them to the
setting `rules.topic`, and that is no fault. Spec: AL-5.10, AL-19.4, detections.md 10.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.rule import RuleSeverity
from tocsin.core.topic import PENDING, is_topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.rule import KeyPath, Rule
    from tocsin.core.topic import Subscription

_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_GRAVE = frozenset({RuleSeverity.HIGH, RuleSeverity.CRITICAL})
_SHOWN = 3
_LONGEST_SHOWN = 80


def lint_actions(
    rule: Rule,
    alarm: MetricAlarm | CompositeAlarm,
    section: str,
    subscribed: Mapping[str, Sequence[Subscription]] | None,
    is_part: bool,
) -> Iterator[Observation]:
    """Observations about the actions of one alarm.

    `section` is `alarm` or `composite`; `subscribed` are the subscriptions by topic, None where
    nobody said who is subscribed; `is_part` tells that a composite alarm looks at this one, so that
    it need not tell anybody by itself.
    """
    severity = Severity.ERROR if rule.severity in _GRAVE else Severity.WARNING
    for name in _LISTS:
        for place, arn in enumerate(alarm.actions(name)):
            if not is_topic(arn):
                yield _not_executed(arn, (section, name, place))
    if not alarm.actions_enabled:
        if not is_part:
            message = "the actions are disabled: nobody is told when it rings"
            hint = "ActionsEnabled: true (aws cloudwatch enable-alarm-actions)"
            yield observe("chain", 0, message, hint=hint, severity=severity, key=(section, "ActionsEnabled"))
        return
    parameters = (rule.alarm if section == "alarm" else rule.composite) or {}
    if not alarm.alarm_actions:
        if "AlarmActions" in parameters and not is_part:
            message = "AlarmActions is empty: nobody is told when it rings"
            hint = "name a topic; a rule that leaves AlarmActions out uses the setting rules.topic"
            yield observe("chain", 0, message, hint=hint, severity=severity, key=(section, "AlarmActions"))
        return
    if subscribed is not None:
        yield from _unheard(alarm.alarm_actions, section, subscribed, severity)


def _not_executed(arn: str, key: KeyPath) -> Observation:
    """An action of a kind that Tocsin records as failed (AL-5.10)."""
    shown = arn if len(arn) <= _LONGEST_SHOWN else f"{arn[:_LONGEST_SHOWN]}…"
    if ":lambda:" in arn:
        message = f"Tocsin calls {shown} only where the setting lambda.endpoint_url names a service"
        return observe("alarm-action", 0, message, hint="without it a transition is recorded as failed", key=key)
    message = f"{shown} is no topic: Tocsin keeps the action and records each run as failed"
    return observe(
        "alarm-action", 0, message, hint="on AWS it runs; here add a topic for what people have to hear", key=key
    )


def _unheard(
    actions: Sequence[str], section: str, subscribed: Mapping[str, Sequence[Subscription]], severity: Severity
) -> Iterator[Observation]:
    """Topics that nobody hears. It is as grave as the rule when the alarm reaches nobody by another one."""
    topics = [(place, arn) for place, arn in enumerate(actions) if is_topic(arn)]
    silent = [(place, arn) for place, arn in topics if not any(one.is_confirmed for one in subscribed.get(arn, ()))]
    for place, arn in silent:
        name = arn.rpartition(":")[2]
        pending = [one for one in subscribed.get(arn, ()) if one.subscription_arn == PENDING]
        if pending:
            first = ", ".join(dict.fromkeys(one.endpoint for one in pending[:_SHOWN]))
            more = f" and {len(pending) - _SHOWN} more" if len(pending) > _SHOWN else ""
            message = f"0 confirmed subscribers of {name}: {first}{more} did not confirm"
            hint = "open the link in the confirmation mail, or subscribe again"
        else:
            message = f"0 confirmed subscribers of {name}: nobody is subscribed"
            hint = "aws sns subscribe, and confirm"
        yield observe(
            "chain",
            0,
            message,
            hint=hint,
            severity=severity if len(silent) == len(topics) else Severity.WARNING,
            key=(section, "AlarmActions", place),
        )
