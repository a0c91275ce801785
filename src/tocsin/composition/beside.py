"""Commands that work on the data folder of a service, whether it runs or not. Spec: IF-1, IF-7.

Rule: a running service and such a command are two processes on one database. What one writes the other sees with its
next look; nothing that is kept in memory by one decides for the other.
"""

from __future__ import annotations

import secrets
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tocsin.app.alarm_survey import AlarmSurvey, survey_alarms
from tocsin.app.delivery_record import FoundDeliveries, find_deliveries
from tocsin.app.dispatcher import replay
from tocsin.app.service import Service, ServiceSettings
from tocsin.app.subscription_care import SubscriptionState, confirm_for, list_subscriptions, resend
from tocsin.app.watch import OPERATOR
from tocsin.clock import SystemClock
from tocsin.composition.channels import endpoints_of_topics, known_channels
from tocsin.composition.data_folder import DATABASE, existing_data_folder
from tocsin.composition.operator_channel import CHANNEL_KEY, plan_operator
from tocsin.core.delivery import Endpoint
from tocsin.errors import ConfigError, InputError, NotFoundError
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.config import Config


def alarm_survey(config: Config, environ: Mapping[str, str]) -> AlarmSurvey:
    """Every alarm, and who would hear of it. NotFoundError, StoreError as `_beside`."""
    with _beside(config, environ) as service:
        return survey_alarms(service)


def deliveries(
    config: Config,
    environ: Mapping[str, str],
    *,
    status: str | None,
    topic: str | None,
    to: str | None,
    since: int | None,
    limit: int,
) -> FoundDeliveries:
    """The deliveries that were chosen, the newest first. NotFoundError, StoreError as `_beside`."""
    with _beside(config, environ) as service:
        return find_deliveries(service, status=status, topic=topic, to=to, since=since, limit=limit)


def replay_delivery(config: Config, environ: Mapping[str, str], delivery_id: str) -> None:
    """Have a delivery that has failed tried once more.

    Raises:
        NotFoundError: there is none such, or as `_beside`.
    """
    with _beside(config, environ) as service:
        if replay(service, delivery_id) is None:
            raise NotFoundError(
                f"{delivery_id}: no delivery with this id has failed",
                hint="tocsin deliveries --state failed lists them",
            )


def subscriptions(config: Config, environ: Mapping[str, str]) -> list[SubscriptionState]:
    """Every subscription as it stands. NotFoundError, StoreError as `_beside`."""
    with _beside(config, environ) as service:
        return list_subscriptions(service)


def resend_confirmation(config: Config, environ: Mapping[str, str], arn: str) -> int:
    """Send the message with a token again; when it goes, in milliseconds since the epoch. Errors as `resend`."""
    with _beside(config, environ) as service:
        return resend(service, arn)


def confirm_subscription_for(config: Config, environ: Mapping[str, str], arn: str, reason: str) -> None:
    """Agree on behalf of an address. Errors as `confirm_for`."""
    with _beside(config, environ) as service:
        confirm_for(service, arn, reason=reason)


@contextmanager
def _beside(config: Config, environ: Mapping[str, str]) -> Iterator[Service]:
    """A service over the database in the data folder, which is there.

    Raises:
        NotFoundError: there is no such folder or database.
        StoreError: the database cannot be used, or is of another version.
    """
    if config.server.store == "memory":
        raise InputError(
            "server.store is memory: nothing is kept that could be looked at", hint="ask the service itself"
        )
    path = existing_data_folder(config, environ) / DATABASE
    if not path.is_file():
        raise NotFoundError(f"{path}: there is no database", hint="--data names the folder of the service")
    store = SqliteStore(path, migrates=False)
    try:
        yield Service(
            store,
            SystemClock(),
            new_id=lambda: str(uuid.uuid4()),
            new_secret=secrets.token_bytes,
            settings=ServiceSettings(
                history_days=config.alarm.history_days,
                account=config.server.account,
                mail_unsubscribe=config.mail.unsubscribe,
                channels=endpoints_of_topics(known_channels(config)),
                operator=_operator(config, environ),
            ),
        )
    finally:
        store.close()


def _operator(config: Config, environ: Mapping[str, str]) -> Endpoint | None:
    """The channel to the operator, as far as it can be told here: only the service need be able to reach it."""
    if config.operator.channel is None:
        return None
    try:
        plan = plan_operator(config, environ)
    except ConfigError:
        return Endpoint(OPERATOR, CHANNEL_KEY)
    return None if plan is None else plan.endpoint
