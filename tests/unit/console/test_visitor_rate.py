"""How often one visitor may ask. Spec: CON-8.9."""

from __future__ import annotations

from console_bench import ConsoleBench

from tocsin.console.limits import REQUESTS_A_SECOND, REQUESTS_AT_ONCE
from tocsin.console.visitor_rate import VisitorRates


class Rates:
    """Rates by a clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rates = VisitorRates(lambda: self.now)

    def take(self, count: int, visitor: str = "alice") -> int:
        return sum(self.rates.take(visitor) for _ in range(count))


def test_so_many_may_be_saved_up_and_no_more() -> None:
    rates = Rates()
    assert rates.take(REQUESTS_AT_ONCE + 50) == REQUESTS_AT_ONCE
    rates.now += 10_000
    assert rates.take(REQUESTS_AT_ONCE + 50) == REQUESTS_AT_ONCE


def test_then_so_many_a_second_are_answered() -> None:
    rates = Rates()
    rates.take(REQUESTS_AT_ONCE)
    for _ in range(10):
        rates.now += 0.5
        assert rates.take(100) == REQUESTS_A_SECOND // 2


def test_one_visitor_takes_nothing_from_another() -> None:
    rates = Rates()
    rates.take(REQUESTS_AT_ONCE)
    assert rates.take(1, "vera") == 1


def test_ever_more_visitors_fill_no_memory() -> None:
    rates = Rates()
    for number in range(25_000):
        rates.take(1, f"from {number}")
    assert len(rates.rates._room) <= 10_000


def test_who_asks_too_often_is_told_to_wait() -> None:
    asked: list[str] = []
    bench = ConsoleBench(users={"alice": "operator"})
    bench.site._may_ask = lambda visitor: not asked.append(visitor) and len(asked) < 4
    assert bench.sign_in("alice").status == 303
    assert bench.get("no-such-page").status == 404
    slow = bench.get("no-such-page")
    assert (slow.status, slow.headers["retry-after"]) == (429, "1")
    assert asked == ["from 127.0.0.1", "from 127.0.0.1", "alice", "alice"]
    style = next(link for link in slow.links() if link.endswith(".css"))
    assert bench.get(style).status == 200
