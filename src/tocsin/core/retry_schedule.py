"""When a delivery is tried again. Spec: SNS-10.1, SNS-10.2, SNS-10.4.

Rule: the schedule of a delivery is known when it is written, and depends on nothing but its protocol and policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.core.delivery_policy import retry_delays

if TYPE_CHECKING:
    from collections.abc import Mapping

JITTER: Final = 0.1
"""By how much of itself a delay is lengthened at most, by chance (SNS-10.4)."""


class _Phases(NamedTuple):
    """Numbers of retries and seconds between them, as SNS-10.4 lists them."""

    no_delay: int
    pre: tuple[int, float]
    backoff: int
    least: float
    most: float
    post: int

    def delay(self, retry: int) -> float | None:
        if retry <= self.no_delay:
            return 0.0
        retry -= self.no_delay
        if retry <= self.pre[0]:
            return self.pre[1]
        retry -= self.pre[0]
        if retry <= self.backoff:
            return min(self.most, self.least * 2.0 ** (retry - 1))
        return self.most if retry - self.backoff <= self.post else None


_QUEUES: Final = _Phases(no_delay=3, pre=(2, 1.0), backoff=10, least=1.0, most=20.0, post=100_000)
_PEOPLE: Final = _Phases(no_delay=0, pre=(2, 10.0), backoff=10, least=10.0, most=600.0, post=38)
_BY_PROTOCOL: Final[Mapping[str, _Phases]] = {
    "sqs": _QUEUES,
    "lambda": _QUEUES,
    "firehose": _QUEUES,
}
_OVER_HTTP: Final = frozenset(("http", "https"))


def retry_delay(protocol: str, policy: Mapping[str, Any] | None, retry: int) -> float | None:
    """The seconds before a retry, counted from 1, without jitter; None when there are no more.

    `policy` is the `healthyRetryPolicy` in force, which protocols over HTTP have (SNS-10.3). Everything that is
    neither HTTP nor a queue is tried as a mail is.
    """
    if protocol in _OVER_HTTP and policy is not None:
        delays = retry_delays(policy)
        return delays[retry - 1] if retry <= len(delays) else None
    return _BY_PROTOCOL.get(protocol, _PEOPLE).delay(retry)
