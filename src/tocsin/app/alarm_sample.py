"""What an alarm would publish, for trying out who would get it. Spec: AL-17, SNS-9, CON-4.9.

Rule: the message is made by the code that makes the real one, with words in it that say it is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_catalogue import AlarmCatalogue
from tocsin.app.alarm_network import AlarmNetworks
from tocsin.app.alarm_record import alarm_arn, alarm_scope
from tocsin.app.publication import Publication
from tocsin.app.resource_tag import get_tags
from tocsin.core.alarm.state import StateValue
from tocsin.core.notification.message import MessageSettings, compose_alarm_message
from tocsin.core.notification.state_change import StateChange

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.composite_alarm.definition import CompositeAlarm
    from tocsin.core.scope import Scope

REASON = "Sample: this is what the message would look like"
"""The NewStateReason of a sample."""


def sample_message(
    service: Service, store: StoreReader, scope: Scope, name: str, state: StateValue
) -> Publication | None:
    """What the alarm of that name would publish when it went to `state` now; None where there is none."""
    known = service.part(AlarmCatalogue).get(store, scope, name)
    if known is not None:
        return _sample(service, store, scope, known.alarm, state)
    composite = service.part(AlarmNetworks).of(store, scope).composites.get(name)
    return None if composite is None else _sample(service, store, scope, composite, state)


def _sample(
    service: Service, store: StoreReader, scope: Scope, alarm: MetricAlarm | CompositeAlarm, state: StateValue
) -> Publication:
    arn = alarm_arn(scope, alarm.alarm_name)
    now, settings = service.now(), service.settings
    change = StateChange(
        scope=alarm_scope(scope),
        old=StateValue.OK if state is StateValue.ALARM else StateValue.ALARM,
        new=state,
        reason=REASON,
        at=now,
        configuration_updated_at=now,
    )
    composed = compose_alarm_message(
        msgspec.structs.replace(alarm, tags=get_tags(store, scope, arn)),
        change,
        settings=MessageSettings(enrich_json=settings.enrich_json, public_url=settings.public_url),
    )
    texts = {"default": composed.default, "sms": composed.sms, "email": composed.email}
    return Publication(message=composed.default, subject=composed.subject, texts=texts, alarm_arn=arn)
