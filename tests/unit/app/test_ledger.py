"""The ledger: what was read and what was not (IF-2)."""

from __future__ import annotations

import itertools

from tocsin.app.ledger import Ledger
from tocsin.app.report import Problem, Skip


def part(number: int) -> Ledger:
    made = Ledger()
    made.files_read += 1
    made.read += 10
    made.selected += number
    made.bytes_read += 100
    made.bytes_unpacked += 1000
    made.skip(f"skipped-{9 - number}", "empty file")
    made.problem(f"odd-{9 - number}", number, "no eventTime")
    if number:
        made.span(60 * number, 60 * number + 30)
    return made


def shown(ledger: Ledger) -> object:
    return (ledger.files(), ledger.records(), ledger.bytes())


def test_parts_add_up_in_every_order() -> None:
    seen = []
    for order in itertools.permutations(range(3)):
        total = Ledger()
        for number in order:
            total.merge(part(number))
        seen.append(shown(total))
    assert seen.count(seen[0]) == len(seen)
    files, records, size = seen[0]
    assert (files.read, records.read, records.selected, records.malformed) == (3, 30, 3, 3)
    assert (size.read, size.unpacked) == (300, 3000)
    assert (records.first, records.last) == ("1970-01-01T00:01:00Z", "1970-01-01T00:02:30Z")
    assert files.skipped[0] == Skip(path="skipped-7", reason="empty file")
    assert records.problems[0] == Problem(path="odd-7", position=2, reason="no eventTime")


def test_the_first_hundred_problems_are_shown_and_all_are_counted() -> None:
    ledger = Ledger()
    for position in range(5000, 0, -1):
        ledger.problem("odd", position, "no eventTime")
    records = ledger.records()
    assert records.malformed == 5000
    assert [problem.position for problem in records.problems] == list(range(1, 101))


def test_an_empty_ledger_has_no_span() -> None:
    records = Ledger().records()
    assert (records.first, records.last, records.problems) == (None, None, [])
