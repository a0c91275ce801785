"""What actors and addresses did, as use cases see it. Adapters implement it. Spec: CON-4.0 (X5).

Rule: every record that the store has is counted, whichever log group it is in. Times are those of log events, in
milliseconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tocsin.core.activity import ActiveHour, Companions
    from tocsin.core.log_event import Sighting, Term
    from tocsin.core.scope import Scope


class ActivityReader(Protocol):
    """When something was seen, how often, and beside what."""

    def sighting(self, scope: Scope, term: Term, *, beside: Term | None = None) -> Sighting | None:
        """When a record with that term was first and last seen; with `beside`, one with both (`core.activity`)."""
        ...

    def activity(self, scope: Scope, term: Term, *, since: int, until: int) -> list[ActiveHour]:
        """The calls of an actor or from an address, of each hour in which since <= time < until lies in part.

        Oldest first; hours without calls are left out.
        """
        ...

    def companions(self, scope: Scope, term: Term, kind: str, *, since: int, until: int, limit: int) -> Companions:
        """What of a kind was seen beside an actor or address in these hours: `core.activity.COMPANIONS` says which."""
        ...

    def term_values(self, scope: Scope, kind: str, *, holding: str, limit: int) -> list[str]:
        """Values of a kind of term that hold a text, last seen first; the case of ASCII letters does not matter.

        Of a kind that has very many, not all are looked through.
        """
        ...
