"""The audit log's chain, checked all the time: log, health and metrics say when it is broken. Spec: self/s17."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.audit_chain import AuditChain, ChainState

if TYPE_CHECKING:
    from tocsin.app.service import Service

_EVERY: Final = 60.0
"""Seconds between two looks."""

_SOON: Final = 1.0


class AuditWatch:
    """Looks at some entries more, each minute. `log` takes events."""

    def __init__(self, service: Service, log: Any) -> None:
        self._service = service
        self._log = log
        self._standing = ChainState(intact_to=0, last=0)

    def step(self) -> float:
        """Look once; seconds until the next look."""
        before, now = self._standing, self._service.part(AuditChain).check()
        self._standing = now
        if now.broken_at is not None and now.broken_at != before.broken_at:
            self._log.error(
                "audit-chain-broken",
                entry=now.broken_at,
                reason="it does not follow on the one before it: one of them was changed, or some were removed",
            )
        return _SOON if now.broken_at is None and now.intact_to < now.last else _EVERY

    @property
    def health(self) -> dict[str, Any]:
        """How the chain stands; nothing while there is no entry."""
        standing = self._standing
        if not standing.last and standing.broken_at is None:
            return {}
        told: dict[str, Any] = {"entries": standing.last, "intact_to": standing.intact_to}
        return {"audit": told if standing.broken_at is None else {**told, "broken_at": standing.broken_at}}

    @property
    def gauges(self) -> dict[str, tuple[str, float]]:
        """What metrics tell."""
        return {
            "audit_entries": ("Entries of the console's audit log.", self._standing.last),
            "audit_chain_broken": ("1 where its chain is broken, else 0.", int(self._standing.broken_at is not None)),
        }
