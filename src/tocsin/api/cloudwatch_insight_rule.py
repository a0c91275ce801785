"""Contributor Insights rules: stored. Spec: WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudwatch_table import name_page, operations, tags_of
from tocsin.app import insight_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.api.operation import Context, Parameters

_LISTED = 500


@operations("PutInsightRule")
def put_insight_rule(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Keep a rule."""
    insight_rule.put_insight_rule(
        ctx.tocsin,
        ctx.scope,
        parameters["RuleName"],
        parameters["RuleDefinition"],
        state=parameters.get("RuleState", "ENABLED"),
        apply_on_transformed_logs=parameters.get("ApplyOnTransformedLogs", False),
        tags=tags_of(parameters.get("Tags")),
    )
    return {}


@operations("DescribeInsightRules")
def describe_insight_rules(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Rules by name."""
    found, has_more = insight_rule.list_insight_rules(
        ctx.tocsin, ctx.scope, after=name_page(ctx, parameters), limit=parameters.get("MaxResults", _LISTED)
    )
    rules = [
        {
            "Name": one.name,
            "State": one.state,
            "Schema": one.schema,
            "Definition": one.definition,
            "ManagedRule": False,
            "ApplyOnTransformedLogs": one.apply_on_transformed_logs,
        }
        for one in found
    ]
    return {"InsightRules": rules, "NextToken": ctx.next_token(parameters, [found[-1].name]) if has_more else None}


@operations("EnableInsightRules")
def enable_insight_rules(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Switch rules on."""
    missing = insight_rule.set_rule_states(ctx.tocsin, ctx.scope, parameters["RuleNames"], "ENABLED")
    return {"Failures": _failures(missing)}


@operations("DisableInsightRules")
def disable_insight_rules(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Switch rules off."""
    missing = insight_rule.set_rule_states(ctx.tocsin, ctx.scope, parameters["RuleNames"], "DISABLED")
    return {"Failures": _failures(missing)}


@operations("DeleteInsightRules")
def delete_insight_rules(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """Remove rules."""
    missing = insight_rule.delete_insight_rules(ctx.tocsin, ctx.scope, parameters["RuleNames"])
    return {"Failures": _failures(missing)}


def _failures(missing: Sequence[str]) -> list[dict[str, str]]:
    return [
        {
            "FailureResource": name,
            "ExceptionType": "ResourceNotFoundException",
            "FailureCode": "404",
            "FailureDescription": f"The rule {name} does not exist.",
        }
        for name in missing
    ]
