"""A rule in words, for the command line and the console. Rule: what rings it is said from AWS's own parameters.

Spec: IF-4, AL-5, AL-7, prices.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.alarm_set import find_zone, metric_alarm_parameters
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm_condition import condition_text
from tocsin.core.alarm_life import ring_text

if TYPE_CHECKING:
    from tocsin.core.rule import Rule, RuleTest

SCHEMES = {"cis": "CIS", "securityhub": "Security Hub", "attack": "ATT&CK"}
"""The controls that tables show, with the name of each scheme."""


def alarm_words(rule: Rule) -> str:
    """What rings a rule's alarm, for how long one burst does, and what comes then: `When Sum of … is at least 3 …`.

    A refused alarm says why; a rule without a metric alarm has the empty text.
    """
    if rule.alarm is None:
        return ""
    try:
        alarm = MetricAlarm.from_aws(metric_alarm_parameters(rule), zones=find_zone)
    except AlarmError as error:
        return f"Never, CloudWatch refuses the alarm: {error.message}"
    given = "" if alarm.treat_missing_data is not None else " (the default)"
    treated = f"TreatMissingData is {alarm.missing_data.value}{given}."
    return f"When {condition_text(alarm)}. {ring_text(alarm, has_default=has_default(rule))} {treated}"


def has_default(rule: Rule) -> bool:
    """Whether the rule's filter publishes a value also for minutes without a match (FP-9.13)."""
    return rule.filter is not None and any(one.default_value is not None for one in rule.filter.metric_transformations)


def look_alikes(rule: Rule) -> list[str]:
    """What its tests say that it leaves alone, by their names."""
    # A record that the filter leaves alone says more than a test of the alarm that repeats it.
    quiet = [test.name for test in rule.tests if test.matches is False]
    return quiet or [test.name for test in rule.tests if _is_quiet(test)]


def _is_quiet(test: RuleTest) -> bool:
    return test.matches is False or (bool(test.expect) and all(one.get("never") == "ALARM" for one in test.expect))


def runbook_steps(rule: Rule) -> list[str]:
    """The steps of its runbook, without the numbers that stand in front."""
    steps = []
    for line in rule.runbook.strip().split("\n"):
        number, dot, text = line.strip().partition(". ")
        step = text if dot and number.isascii() and number.isdigit() else line.strip()
        if step:
            steps.append(step)
    return steps


def controls_of(rule: Rule, scheme: str) -> str:
    """The controls of one scheme that a rule answers: `3.6, 4.6, 5.6`."""
    # `-` keeps the place of an edition of the CIS benchmark that has no such control (IF-4).
    return ", ".join(dict.fromkeys(one for one in rule.references.get(scheme, []) if one != "-"))


def controls_text(rule: Rule) -> str:
    """The controls that a rule answers: `CIS 3.6, 4.6, 5.6; Security Hub CloudWatch.6`."""
    return "; ".join(f"{title} {joined}" for scheme, title in SCHEMES.items() if (joined := controls_of(rule, scheme)))


def cost_words(rule: Rule) -> str:
    """What the rule costs in an account, as far as that is known without its records (prices.md, rules 7, 8, 10)."""
    from tocsin.app.explain import prices
    from tocsin.app.price_words import marginal_words

    table = prices()
    parts = []
    if rule.filter is not None:
        transformations = rule.filter.metric_transformations
        metric = "One custom metric"
        if any(one.dimensions for one in transformations) or rule.filter.emit_system_field_dimensions:
            metric += " for each set of dimension values"
        if any(one.default_value is not None for one in transformations):
            metric += ", metered in every hour in which the log group gets a record, because of its default value"
        else:
            metric += ", metered only in hours with a match"
        parts.append(f"{metric}; {marginal_words(table, 'free-metrics', 'cw-metric')} for a whole month.")
    if rule.composite:
        parts.append("A composite alarm, beside the alarms that it reads; none is free.")
    elif rule.alarm:
        parts.append(f"One alarm metric; {marginal_words(table, 'free-alarms', 'cw-alarm-standard')} a month.")
    return " ".join([*parts, f"Prices as of {table.as_of}."])
