"""The alarm that a page or a form is about, as it stands. Spec: CON-4.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.acknowledgement import current_acknowledgement
from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_match import feeds
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_reading import ReadyAlarm
from tocsin.app.alarm_record import (
    COMPOSITES,
    METRIC_ALARMS,
    Acknowledgement,
    AlarmStanding,
    KeptAlarm,
    alarm_arn,
    composite_of,
    standing_of,
)
from tocsin.app.alarm_severity import AlarmSeverities
from tocsin.app.resource_tag import get_tags
from tocsin.console.answer import NoSuchPageError
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.alarm.state import INITIAL_REASON, StateValue
from tocsin.core.composite_alarm.definition import CompositeAlarm
from tocsin.core.mute_rule import muted_until
from tocsin.core.nearest import nearest
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from tocsin.app.store_port import StoreReader
    from tocsin.console.visit import Visit

_MOST_NAMES: Final = 2_000


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The alarm that a page is about, as it stands."""

    name: str
    alarm: MetricAlarm | CompositeAlarm
    kept: KeptAlarm
    standing: AlarmStanding
    ready: ReadyAlarm | None
    severity: RuleSeverity | None
    tags: Mapping[str, str]
    muted_until: datetime | None
    acknowledged: Acknowledgement | None
    is_fed: bool

    @property
    def state(self) -> str:
        """The word of its state."""
        return self.standing.state.state_value.value

    @property
    def is_composite(self) -> bool:
        """Whether it is a composite alarm."""
        return not isinstance(self.alarm, MetricAlarm)

    @property
    def is_ringing(self) -> bool:
        """Whether it is in ALARM."""
        return self.standing.state.state_value is StateValue.ALARM

    @property
    def was_evaluated(self) -> bool:
        """Whether it ever was looked at."""
        return self.standing.state.reason != INITIAL_REASON


def name_of(visit: Visit) -> str:
    """The name of the alarm in a form, or in the address."""
    return visit.form.get("alarm") or visit.name()


def read_subject(visit: Visit, store: StoreReader, name: str) -> Subject:
    """The alarm of that name.

    Raises:
        NoSuchPageError: there is none.
    """
    service, scope = visit.service, visit.scope
    known = service.part(AlarmCatalogue).get(store, scope, name)
    alarm: MetricAlarm | CompositeAlarm
    if known is not None:
        alarm, kept = known.alarm, known.kept
        ready = ReadyAlarm.of(scope, name, known, extra=service.settings.evaluation_range)
    else:
        composite = COMPOSITES.get(store, scope, name)
        if composite is None:
            raise _unknown(visit, store, name)
        alarm, kept, ready = composite_of(composite), composite, None
    standing = standing_of(store, scope, name, created_at=kept.created_at)
    tags = get_tags(store, scope, alarm_arn(scope, name))
    mutes = service.part(AlarmNetworks).of(store, scope).mutes.get(name, ())
    return Subject(
        name=name,
        alarm=alarm,
        kept=kept,
        standing=standing,
        ready=ready,
        severity=service.part(AlarmSeverities).of(tags, name),
        tags=tags,
        muted_until=muted_until(mutes, visit.at) if mutes else None,
        acknowledged=current_acknowledgement(store, scope, name, standing),
        is_fed=isinstance(alarm, MetricAlarm) and feeds(service, store, scope, alarm),
    )


def _unknown(visit: Visit, store: StoreReader, name: str) -> NoSuchPageError:
    names = [
        one for kind in (METRIC_ALARMS, COMPOSITES) for one, _ in store.scan(kind.kind, visit.scope, limit=_MOST_NAMES)
    ]
    near = nearest(name, names)
    links = [(near, visit.url("alarms", near))] if near else []
    return NoSuchPageError(f"There is no alarm {name}", nearest=links, hint="It may be in another account or region.")
