"""The severities of alarms, by their tags and by the rules that ship. Spec: CON-1.3, IF-7."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.core.alarm_severity import severity_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.core.rule import RuleSeverity


class AlarmSeverities:
    """Tells them: `service.part(AlarmSeverities)`. The rules are read once, when it is asked first."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._by_rule: Mapping[str, RuleSeverity] | None = None

    def of(self, tags: Mapping[str, str], name: str) -> RuleSeverity | None:
        """The severity of an alarm with these tags and this name; None where nothing tells it."""
        return severity_of(tags, name, self._rules())

    def _rules(self) -> Mapping[str, RuleSeverity]:
        with self._lock:
            if self._by_rule is None:
                rules = self._service.part(RuleCatalogue).on(self._service.now().date()).rules
                self._by_rule = {rule.name: rule.severity for rule in rules}
            return self._by_rule
