"""Metric filters of log groups, and trying a pattern out. Spec: FP-8, FP-9, FP-10.

Rule: a filter is compiled before it is kept, so that what is kept can always run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.log_group import require_group
from tocsin.core.metric_filter import CompiledFilter, MetricFilter
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import has_regex
from tocsin.errors import InvalidParameterError, LimitExceededError, NotFoundError, PatternError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.core.scope import Scope

MOST_FILTERS = 100
"""Metric filters of a group (FP-9.3)."""

MOST_REGEX_PATTERNS = 5
"""Patterns with a regex in one group, of metric and subscription filters together (FP-7.4)."""


class KeptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A metric filter with its group, and when it was first put, in milliseconds since the epoch."""

    filter: MetricFilter
    log_group: str
    created_at: int


class SubscriptionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of a group go to a destination; `created_at` is in milliseconds since the epoch."""

    filter_name: str
    log_group: str
    filter_pattern: str
    destination_arn: str
    role_arn: str | None = None
    distribution: str = "ByLogStream"
    apply_on_transformed_logs: bool = False
    field_selection_criteria: str | None = None
    emit_system_fields: tuple[str, ...] = ()
    created_at: int


FILTERS = Definitions("metric-filter", KeptFilter)
SUBSCRIPTIONS = Definitions("subscription-filter", SubscriptionFilter)


def filter_name(group: str, name: str) -> str:
    """The name of a filter among the definitions of a scope."""
    return f"{group}\0{name}"


def put_metric_filter(service: Service, scope: Scope, group: str, definition: MetricFilter) -> None:
    """Keep a filter, in place of the one of that name.

    Errors in the order of FP-9.2: NotFoundError, PatternError, MetricFilterError or CriteriaError, and
    LimitExceededError.
    """
    now = service.now_ms()

    def work(store: StoreWriter) -> None:
        require_group(store, scope, group)
        try:
            compiled = CompiledFilter(definition)
        except PatternError as error:
            raise _as_metric_filter(error) from None
        name = filter_name(group, definition.filter_name)
        known = FILTERS.get(store, scope, name)
        if known is None and store.count(FILTERS.kind, scope, prefix=f"{group}\0") >= MOST_FILTERS:
            raise LimitExceededError("Resource limit exceeded.", resource="metric-filter")
        if has_regex(compiled.pattern.tree):
            check_regex_quota(store, scope, group, without=name)
        kept = KeptFilter(filter=definition, log_group=group, created_at=now if known is None else known.created_at)
        FILTERS.put(store, scope, name, kept)

    service.store.write(work)


def _as_metric_filter(error: PatternError) -> PatternError:
    """PutMetricFilter has a text of its own for syntax errors (FP-8.2, E6)."""
    if error.message != "Invalid filter pattern":
        return error
    return PatternError(
        "Invalid metric filter pattern",
        source=error.source,
        position=error.position,
        rule=error.rule,
        hint=error.hint,
    )


def check_regex_quota(store: StoreReader, scope: Scope, group: str, *, without: str) -> None:
    """LimitExceededError when the group has five patterns with a regex besides the one of that name."""
    patterns = [kept.filter.filter_pattern for name, kept in _of_group(store, scope, group) if name != without]
    patterns += [
        kept.filter_pattern for name, kept in SUBSCRIPTIONS.scan(store, scope, prefix=f"{group}\0") if name != without
    ]
    if sum(has_regex(parse_pattern(pattern)) for pattern in patterns) >= MOST_REGEX_PATTERNS:
        raise LimitExceededError("Resource limit exceeded.", resource="regex-pattern")


def _of_group(store: StoreReader, scope: Scope, group: str) -> list[tuple[str, KeptFilter]]:
    return FILTERS.scan(store, scope, prefix=f"{group}\0")


def delete_metric_filter(service: Service, scope: Scope, group: str, name: str) -> None:
    """Remove a filter. NotFoundError for a group or a filter that is not there."""

    def work(store: StoreWriter) -> None:
        require_group(store, scope, group)
        if not FILTERS.delete(store, scope, filter_name(group, name)):
            raise NotFoundError("The specified metric filter does not exist.", resource="metric-filter")
        for minute, _ in store.scan("default-minute", scope, prefix=f"{group}\0{name}\0"):
            store.delete("default-minute", scope, minute)

    service.store.write(work)


def list_metric_filters(
    service: Service,
    scope: Scope,
    *,
    group: str | None = None,
    prefix: str = "",
    metric: tuple[str, str] | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> tuple[list[KeptFilter], bool]:
    """Filters by their name, then by group (FP-9.20), and whether there are more.

    `metric` is (namespace, name) of the metric that they feed; `after` is (filter name, group).
    """
    with service.store.read() as store:
        if group is not None:
            require_group(store, scope, group)
        start = "" if group is None else f"{group}\0{prefix}"
        found = [kept for _, kept in FILTERS.scan(store, scope, prefix=start)]
    chosen = [
        kept
        for kept in found
        if kept.filter.filter_name.startswith(prefix)
        and (metric is None or metric in _metrics_of(kept.filter))
        and (after is None or _place_of(kept) > after)
    ]
    chosen.sort(key=_place_of)
    return chosen[:limit], len(chosen) > limit


def _place_of(kept: KeptFilter) -> tuple[str, str]:
    return kept.filter.filter_name, kept.log_group


def _metrics_of(definition: MetricFilter) -> list[tuple[str, str]]:
    return [(one.metric_namespace, one.metric_name) for one in definition.metric_transformations]


class PatternMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a pattern matched: its number, from 1, itself, and what was taken from it."""

    number: int
    message: str
    extracted: dict[str, str]


def try_pattern(pattern: str, messages: Sequence[str]) -> list[PatternMatch]:
    """The messages that a pattern matches (FP-10). PatternError, or InvalidParameterError for an empty message."""
    compiled = FilterPattern.parse(pattern)
    if not all(messages):
        raise InvalidParameterError("Log event messages must not be empty.")
    tried = ((number, message, compiled.extract(message)) for number, message in enumerate(messages, 1))
    return [
        PatternMatch(number=number, message=message, extracted=extracted)
        for number, message, extracted in tried
        if extracted is not None
    ]
