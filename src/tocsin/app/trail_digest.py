"""Digests of what trails have delivered: made once an hour, signed, put. Spec: CT-15.1 to CT-15.6.

Rule: a digest is made in one transaction with the state of its chain, as the bytes that are going to be put; whenever
the service dies, either the log files are in the next digest, or this one is there to be put again. Nothing is signed
twice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tocsin.app.definition import Definitions
from tocsin.app.trail import ENDINGS, TRAILS, trail_now
from tocsin.app.trail_file import ENDING_GRACE_MS, GIVEN_UP_AFTER_MS, after_delivery, is_of_session, packed, route_trail
from tocsin.app.trail_status import note_delivery
from tocsin.core.digest import DigestDocument, LogFile, PreviousDigest, SignedDigest, digest_key, sign_digest
from tocsin.core.scope import Scope
from tocsin.core.trail.definition import Trail
from tocsin.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader, StoreWriter
    from tocsin.app.trail import TrailEnding


class DigestChain(msgspec.Struct, frozen=True, kw_only=True):
    """Where the digests of a trail, in an account and a region, stand: the next one begins at `start`, in seconds."""

    trail: str
    created_at: int
    scope: Scope
    start: int
    previous: PreviousDigest | None = None


class MadeDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A digest that is to be put; `trail` is the trail as it was, and `made_at` in milliseconds."""

    digest: SignedDigest
    trail: Trail
    region: str
    made_at: int


CHAINS = Definitions("trail-digest-chain", DigestChain)
"""By the trail's home, and its name, when it was made, account and region."""

FILES = Definitions("trail-digest-file", LogFile)
"""Log files that the next digest of a chain lists: by the chain's name, time and key."""

MADE = Definitions("trail-digest-made", MadeDigest)
"""By the trail's home, time and key: in the order in which they are to be put."""

_SEPARATOR: Final = "\0"


class _Chain(NamedTuple):
    """A chain, and where it is kept."""

    home: Scope
    name: str
    state: DigestChain


def waits_for_digest(store: StoreReader, trail: Trail) -> bool:
    """Whether a log file that was just delivered is to stand in a digest.

    That is for the trail as it is now to say; for one that was removed, as it was.
    """
    return (trail_now(store, trail) or trail).validates_log_files


class TrailDigests:
    """Makes digests and puts them: `service.part(TrailDigests)`. One thread at a time makes them."""

    def __init__(self, service: Service) -> None:
        self._service = service

    # ------------------------------------------------------------ chains

    def note_file(self, store: StoreWriter, trail: Trail, scope: Scope, file: LogFile) -> None:
        """Have a log file that was delivered listed by the next digest."""
        now = self._service.now_ms()
        name = _chain_name(trail, scope)
        if CHAINS.get(store, trail.home, name) is None:
            self._start(store, trail, scope)
        FILES.put(store, trail.home, _SEPARATOR.join((name, f"{now:015}", file.key)), file)

    def _start(self, store: StoreWriter, trail: Trail, scope: Scope) -> None:
        chain = DigestChain(
            trail=trail.name, created_at=trail.created_at, scope=scope, start=self._service.now_ms() // 1000
        )
        CHAINS.put(store, trail.home, _chain_name(trail, scope), chain)

    def make(self) -> float | None:
        """Make the digests that are due, the last ones of trails whose logging has ended among them.

        Seconds until the next one is due; None where there is none.
        """
        now = self._service.now_ms() // 1000
        with self._service.store.read() as store:
            trails = {(home, one.name, one.created_at): one for home, _, one in TRAILS.scan_all(store)}
            chains = [_Chain(home, name, state) for home, name, state in CHAINS.scan_all(store)]
            endings = [(home, name, ending) for home, name, ending in ENDINGS.scan_all(store)]
            ended = [row for row in endings if self._has_ended(store, row[2])]
        works = [
            partial(self._end, home, name, ending, [one for one in chains if _is_chain_of(one, ending.trail)])
            for home, name, ending in ended
        ]
        chains = [one for one in chains if not any(_is_chain_of(one, ending.trail) for _, _, ending in ended)]
        known = {(one.home, one.name) for one in chains}
        works += [
            partial(self._begin, trail)
            for trail in trails.values()
            if trail.is_logging
            and trail.validates_log_files
            and (trail.home, _chain_name(trail, trail.home)) not in known
        ]
        interval = self._service.settings.trail_digest_interval
        dues = [now + interval] if trails else []
        waits_for_end = {(ending.trail.home, ending.trail.name, ending.trail.created_at) for _, _, ending in endings}
        for one in chains:
            due = one.state.start + interval
            who = (one.home, one.state.trail, one.state.created_at)
            if due > now:
                dues.append(due)
            elif who not in waits_for_end:  # else its last digest comes as soon as its last files are there
                works.append(partial(self._make_due, one, trails.get(who)))
        failure: Exception | None = None
        for work in works:
            try:
                work()
            except Exception as error:  # noqa: BLE001  (the others are not to wait for it; it is raised below)
                failure = failure or error
        if failure is not None:
            raise failure
        if len(endings) > len(ended):
            dues.append(now + 1)
        return None if not dues else max(0.05, min(dues) - self._service.now_ms() / 1000)

    def _begin(self, trail: Trail) -> None:
        """Begin the chain of a trail's home, if the trail is still as it was."""

        def work(store: StoreWriter) -> None:
            is_new = CHAINS.get(store, trail.home, _chain_name(trail, trail.home)) is None
            if is_new and TRAILS.get(store, trail.home, trail.name) == trail:
                self._start(store, trail, trail.home)

        self._service.store.write(work)

    def _make_due(self, chain: _Chain, trail: Trail | None) -> None:
        """Make the digest of an hour that is over; the last one, where there are to be no more of this chain."""
        if trail is None or not trail.is_logging:  # its end was not told: a store of before, or a reset in the midst
            self._service.store.write(lambda store: _forget(store, chain))
            return
        scope = chain.state.scope
        goes_on = trail.validates_log_files and trail.is_in(scope.region) and trail.is_of(scope.account)
        key = self._service.digest_keys.signing_key(scope.region)

        def work(store: StoreWriter) -> None:
            if CHAINS.get(store, chain.home, chain.name) != chain.state:
                return
            if goes_on or _files(store, chain):
                self._make(store, chain, trail, key)
            if not goes_on:
                _forget(store, chain)

        self._service.store.write(work)

    def _make(self, store: StoreWriter, chain: _Chain, trail: Trail, key: tuple[RSAPrivateKey, str]) -> None:
        """Make and sign the next digest of a chain."""
        private, fingerprint = key
        now = self._service.now_ms()
        state = chain.state
        files = _files(store, chain)
        end = max(now // 1000, state.start + 1)
        document = DigestDocument(
            account=state.scope.account,
            start=state.start,
            end=end,
            bucket=trail.s3_bucket_name,
            key=digest_key(
                account=state.scope.account,
                region=state.scope.region,
                trail=trail.name,
                home_region=trail.home.region,
                end=end,
                prefix=trail.s3_key_prefix,
                organization=trail.organization,
            ),
            fingerprint=fingerprint,
            previous=state.previous,
            log_files=tuple(file for _, file in files),
        )
        signed = sign_digest(document, private)
        made = MadeDigest(digest=signed, trail=trail, region=state.scope.region, made_at=now)
        MADE.put(store, chain.home, f"{now:015}{_SEPARATOR}{signed.key}", made)
        for name, _ in files:
            FILES.delete(store, chain.home, name)
        CHAINS.put(
            store, chain.home, chain.name, msgspec.structs.replace(state, start=end, previous=signed.as_previous)
        )

    # ------------------------------------------------------------ the end of logging

    def _has_ended(self, store: StoreReader, ending: TrailEnding) -> bool:
        """Whether all that was under way when logging ended has been delivered."""
        if self._service.now_ms() < ending.at_ms + ENDING_GRACE_MS:
            return False
        under_way = [one.group.route for one in store.records.waiting()] + [
            one.group.route for one in store.records.begun()
        ]
        return not any(is_of_session(route_trail(store, route), ending.trail) for route in set(under_way))

    def _end(self, home: Scope, name: str, ending: TrailEnding, chains: Iterable[_Chain]) -> None:
        """Make the last digests of a trail whose logging has ended; a new chain begins when it is started again."""
        trail = ending.trail
        last = list(chains)
        keys = {one.state.scope.region: self._service.digest_keys.signing_key(one.state.scope.region) for one in last}

        def work(store: StoreWriter) -> None:
            for one in last:
                state = CHAINS.get(store, one.home, one.name)
                if state is None:
                    continue
                chain = _Chain(one.home, one.name, state)
                if trail.validates_log_files or _files(store, chain):
                    self._make(store, chain, trail, keys[state.scope.region])
                _forget(store, chain)
            ENDINGS.delete(store, home, name)

        self._service.store.write(work)

    # ------------------------------------------------------------ putting them

    @staticmethod
    def buckets(store: StoreReader) -> set[str]:
        """The buckets that digests are to be put into."""
        return {made.digest.bucket for _, _, made in MADE.scan_all(store)}

    @staticmethod
    def count(store: StoreReader) -> int:
        """How many digests are to be put."""
        return sum(1 for _ in store.scan_all(MADE.kind))

    def put(self, bucket: str) -> str | None:
        """Put what waits for a bucket, in order, until one fails; why it failed, None where none did."""
        with self._service.store.read() as store:
            waiting = [(home, name, made) for home, name, made in MADE.scan_all(store) if made.digest.bucket == bucket]
        return next((failure for one in waiting if (failure := self._put(*one)) is not None), None)

    def _put(self, home: Scope, name: str, made: MadeDigest) -> str | None:
        digest, trail = made.digest, made.trail
        error: ArchiveError | None = None
        try:
            # As AWS does, without the trail's key: whoever validates need not be allowed to use it.
            self._service.objects.put(digest.bucket, digest.key, packed(digest.content), metadata=digest.metadata)
        except ArchiveError as failure:
            error = failure
        now = self._service.now_ms()
        reason = "" if error is None else error.reason
        given_up = error is not None and now - made.made_at > GIVEN_UP_AFTER_MS

        def work(store: StoreWriter) -> None:
            if error is None or given_up:
                MADE.delete(store, home, name)
            note_delivery(store, trail, made.region, lambda status: after_delivery(status, "digests", now, reason))

        self._service.store.write(work)
        if error is None:
            self._service.counters.add("trail_files_delivered", kind="digest")
            return None
        self._service.counters.add("trail_file_failures", kind="digest")
        return error.message


def _chain_name(trail: Trail, scope: Scope) -> str:
    return _SEPARATOR.join((trail.name, f"{trail.created_at:015}", scope.account, scope.region))


def _is_chain_of(chain: _Chain, trail: Trail) -> bool:
    return (chain.home, chain.state.trail, chain.state.created_at) == (trail.home, trail.name, trail.created_at)


def _files(store: StoreReader, chain: _Chain) -> list[tuple[str, LogFile]]:
    return FILES.scan(store, chain.home, prefix=f"{chain.name}{_SEPARATOR}")


def _forget(store: StoreWriter, chain: _Chain) -> None:
    """End a chain: what comes after it begins with a digest that has none before it."""
    for name, _ in _files(store, chain):
        FILES.delete(store, chain.home, name)
    CHAINS.delete(store, chain.home, chain.name)
