"""Which records a command is asked about: a span of time, accounts, regions. Spec: IF-1."""

from __future__ import annotations

import msgspec


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Records with since <= eventTime < until (seconds since the epoch), of these accounts and regions.

    None and the empty set mean 'all'. A record's account is recipientAccountId, else
    userIdentity.accountId.
    """

    since: int | None = None
    until: int | None = None
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Does it leave out nothing?"""
        return self.since is None and self.until is None and not self.accounts and not self.regions

    def has_time(self, second: int) -> bool:
        """Does an event at that time belong to it?"""
        return (self.since is None or second >= self.since) and (self.until is None or second < self.until)

    def has_place(self, account: object, region: object) -> bool:
        """Does a record of that account and region belong to it?"""
        return (not self.accounts or account in self.accounts) and (not self.regions or region in self.regions)
