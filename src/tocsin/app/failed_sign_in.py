"""Who has failed to sign in lately, and how long they wait now. Spec: CON-8.4.

Rule: it is counted by name and address, whether anybody has the name or not, so that a wait says nothing about it;
an attempt counts before it is made, so that many at once are no way around.
"""

from __future__ import annotations

import hashlib
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.expiring import ExpiringDefinitions
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter

MOST: Final = 5
WITHIN_MS: Final = 15 * 60_000
"""So many failures within so long are free."""

FIRST_WAIT_MS: Final = 30_000
LONGEST_WAIT_MS: Final = 3_600_000
"""Then each one is followed by a wait, twice as long as the one before."""

_FORGOTTEN_AFTER_MS: Final = 86_400_000
_EVERYWHERE: Final = Scope("", "")


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that failed: when, the latest ones; how many waits there were; until when the present one lasts."""

    times: tuple[int, ...] = ()
    waits: int = 0
    until: int = 0


_FAILURES = ExpiringDefinitions("console-failure", Failures)


class FailedSignIns:
    """Counts failures, in the store: whoever has the service restarted gains nothing."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def begin(self, name: str, address: str) -> int:
        """Count an attempt as failed, until `forgive` says otherwise; 0, or the milliseconds it has to wait.

        One that has to wait is not counted.
        """
        key, now = _key(name, address), self._service.now_ms()

        def work(store: StoreWriter) -> int:
            known = _FAILURES.get(store, _EVERYWHERE, key, now=now) or Failures()
            if known.until > now:
                return known.until - now
            failures = _one_more(known, now)
            ends = max(now, failures.until) + (_FORGOTTEN_AFTER_MS if failures.waits else WITHIN_MS)
            _FAILURES.put(store, _EVERYWHERE, key, failures, now=now, until=ends)
            return 0

        return self._service.store.write(work)

    def wait(self, name: str, address: str) -> int:
        """How many milliseconds the next attempt has to wait."""
        key, now = _key(name, address), self._service.now_ms()
        with self._service.store.read() as store:
            known = _FAILURES.get(store, _EVERYWHERE, key, now=now)
        return 0 if known is None else max(0, known.until - now)

    def forgive(self, name: str, address: str) -> None:
        """Forget the failures of somebody who has signed in."""
        key = _key(name, address)
        self._service.store.write(lambda store: _FAILURES.delete_all(store, _EVERYWHERE, prefix=key))


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 a /64, which is what one subscriber has.

    >>> network_of("2001:db8::1:2"), network_of("192.0.2.7"), network_of("unix")
    ('2001:db8::/64', '192.0.2.7', 'unix')
    """
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ip_network((int(known) >> 64 << 64, 64)))


def _key(name: str, address: str) -> str:
    # A digest: people type their password where their name belongs.
    return hashlib.sha256(f"{network_of(address)}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()


def _one_more(known: Failures, now: int) -> Failures:
    times = (*(at for at in known.times if at > now - WITHIN_MS), now)[-MOST:]
    if len(times) < MOST and not known.waits:
        return Failures(times=times)
    wait = min(FIRST_WAIT_MS << min(known.waits, 16), LONGEST_WAIT_MS)
    return Failures(times=times, waits=known.waits + 1, until=now + wait)
