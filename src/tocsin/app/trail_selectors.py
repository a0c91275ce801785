"""The events that trails select. Spec: CT-8.1, CT-8.5.

Rule: the selectors that are put take the place of all that were there, whatever their kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.trail import change_trail, require_trail
from tocsin.core.trail.selector import read_selectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.service import Service
    from tocsin.core.scope import Scope
    from tocsin.core.trail.definition import Trail

_KINDS = ("EventSelectors", "AdvancedEventSelectors")


def put_event_selectors(service: Service, scope: Scope, named: str, parameters: Mapping[str, Any]) -> Trail:
    """Keep the selectors that PutEventSelectors gives; the trail that has them.

    Raises:
        EventSelectorError: what AWS refuses (CT-8.6).
    """
    with service.store.read() as store:  # who has no such trail is told so first
        require_trail(store, scope, named)
    read_selectors(parameters)
    given = msgspec.json.encode({kind: parameters[kind] for kind in _KINDS if parameters.get(kind) is not None})
    return change_trail(service, scope, named, lambda trail: msgspec.structs.replace(trail, selectors=given))
