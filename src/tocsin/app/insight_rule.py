"""Contributor Insights rules: kept and told, never run. Spec: WIRE-8.2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.resource_tag import delete_tags, put_tags
from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.scope import Scope


class InsightRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule. `schema` is `<Name>/<Version>` of its definition."""

    name: str
    state: str
    schema: str
    definition: str
    apply_on_transformed_logs: bool = False


RULES = Definitions("insight-rule", InsightRule)


def rule_arn(scope: Scope, name: str) -> str:
    """The ARN of a rule."""
    return scope.arn("cloudwatch", f"insight-rule/{name}")


def put_insight_rule(
    service: Service,
    scope: Scope,
    name: str,
    definition: str,
    *,
    state: str = "ENABLED",
    apply_on_transformed_logs: bool = False,
    tags: Mapping[str, str],
) -> None:
    """Keep a rule, in place of the one of that name."""
    made = InsightRule(
        name=name,
        state=state,
        schema=_schema_of(definition),
        definition=definition,
        apply_on_transformed_logs=apply_on_transformed_logs,
    )

    def work(store: StoreWriter) -> None:
        is_new = RULES.get(store, scope, name) is None
        RULES.put(store, scope, name, made)
        if is_new:
            put_tags(store, scope, rule_arn(scope, name), tags)

    service.store.write(work)


def _schema_of(definition: str) -> str:
    try:
        tree = msgspec.json.decode(definition)
        schema = tree["Schema"]
        return f"{schema['Name']}/{schema['Version']}"
    except (msgspec.DecodeError, ValueError, RecursionError, KeyError, TypeError):
        raise InvalidParameterError(
            "The parameter RuleDefinition must be a JSON object with a Schema that has Name and Version."
        ) from None


def list_insight_rules(
    service: Service, scope: Scope, *, after: str | None = None, limit: int
) -> tuple[list[InsightRule], bool]:
    """Rules by name, and whether there are more."""
    with service.store.read() as store:
        found = RULES.scan(store, scope, after=after, limit=limit + 1)
    return [one for _, one in found[:limit]], len(found) > limit


def set_rule_states(service: Service, scope: Scope, names: Sequence[str], state: str) -> list[str]:
    """Switch rules on or off; the names of those that are not there."""

    def work(store: StoreWriter) -> list[str]:
        missing = []
        for name in dict.fromkeys(names):
            known = RULES.get(store, scope, name)
            if known is None:
                missing.append(name)
            else:
                RULES.put(store, scope, name, msgspec.structs.replace(known, state=state))
        return missing

    return service.store.write(work)


def delete_insight_rules(service: Service, scope: Scope, names: Sequence[str]) -> list[str]:
    """Remove rules; the names of those that were not there."""

    def work(store: StoreWriter) -> list[str]:
        missing = []
        for name in dict.fromkeys(names):
            if RULES.delete(store, scope, name):
                delete_tags(store, scope, rule_arn(scope, name))
            else:
                missing.append(name)
        return missing

    return service.store.write(work)
