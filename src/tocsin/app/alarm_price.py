"""What an alarm would cost on AWS. Spec: prices.md (free tier; rules 8, 13), CON-4.8.

Rule: counted as AWS bills, by metrics that alarms read, over all regions of the account; amounts are the table's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.alarm_record import METRIC_ALARMS, metric_alarm_of
from tocsin.app.explain import prices
from tocsin.app.price_words import dollars
from tocsin.core.quantity import ordinal

if TYPE_CHECKING:
    from decimal import Decimal

    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.definition import MetricAlarm
    from tocsin.core.scope import Scope

_STANDARD: Final = "cw-alarm-standard"
_HIGH: Final = "cw-alarm-high"
_COMPOSITE: Final = "cw-alarm-composite"
_ANOMALY: Final = "cw-alarm-anomaly"
_FREE: Final = "free-alarms"
_MINUTE: Final = 60


class AlarmPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm costs a month on AWS, in words, and the row of the table that says so."""

    words: str
    row: str


def composite_price() -> AlarmPrice:
    """The price of a composite alarm."""
    return AlarmPrice(words=f"{dollars(_price(_COMPOSITE))} a month on AWS", row=_COMPOSITE)


def metric_alarm_price(store: StoreReader, scope: Scope, alarm: MetricAlarm) -> AlarmPrice:
    """The price of a metric alarm that is to be put, beside those that the account has."""
    if alarm.is_anomaly:
        return AlarmPrice(words=f"{dollars(_price(_ANOMALY))} a month on AWS", row=_ANOMALY)
    metrics = max(1, len(alarm.keys))
    if alarm.period < _MINUTE:
        return AlarmPrice(words=f"{dollars(metrics * _price(_HIGH))} a month on AWS", row=_HIGH)
    before = sum(
        max(1, len(other.keys))
        for home, name, kept in METRIC_ALARMS.scan_all(store)
        if home.account == scope.account
        and (home, name) != (scope, alarm.alarm_name)
        and (other := metric_alarm_of(kept)).period >= _MINUTE
        and not other.is_anomaly
    )
    free = prices().free(_FREE).quantity
    number = before + metrics
    if number <= free:
        return AlarmPrice(words=f"{ordinal(number)} of {free} free alarms on AWS", row=_FREE)
    charged = min(metrics, number - free)
    return AlarmPrice(
        words=f"{ordinal(number)} alarm: {dollars(charged * _price(_STANDARD))} a month on AWS", row=_STANDARD
    )


def _price(row: str) -> Decimal:
    price = prices().row(row).price
    assert price is not None  # the tables ship together
    return price
