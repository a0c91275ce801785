"""Which notifier delivers what, as the settings say. Spec: AR-10, SNS-8.5, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.composition.telemetry import log
from tocsin.notifiers.log import LogNotifier
from tocsin.notifiers.unserved import UnservedNotifier

if TYPE_CHECKING:
    from tocsin.app.ports import Notifier
    from tocsin.app.service import Service
    from tocsin.composition.server_settings import ServerPlan


def make_notifiers(plan: ServerPlan, service: Service) -> tuple[dict[str, Notifier], Notifier]:  # noqa: ARG001  (what notifiers need)
    """The notifiers by protocol, and the one of all other protocols."""
    notifiers: dict[str, Notifier] = {"log": LogNotifier(log("notification").info)}
    return notifiers, UnservedNotifier()
