"""Calls by API, minute and caller: parts add up, and memory is bounded."""

from __future__ import annotations

from tocsin.core.insight.call import Api, Call, Caller
from tocsin.core.insight.tally import CallTally
from tocsin.core.tally import Room

MINUTE = 60
API = Api("111122223333", "us-east-1", "iam.amazonaws.com", "CreateUser")
OTHER = API._replace(event_name="DeleteUser")
ALICE = Caller("arn:aws:iam::111122223333:user/alice", "cli", None, True)
DENIED = ALICE._replace(error_code="AccessDenied")
READER = Caller("arn:aws:iam::111122223333:user/bob", "cli", "AccessDenied", False)
SILENT = Caller("arn:aws:iam::111122223333:user/bob", "cli", None, False)


def tally(*calls: tuple[int, Api, Caller], room: int = 10**6, words: int = 10**6) -> CallTally:
    made = CallTally(Room(room), Room(words))
    for minute, api, caller in calls:
        made.add(minute * MINUTE + 7, Call(api, caller))
    return made


def contents(made: CallTally) -> object:
    spans, calls, unclassified, full = made.spans, made.calls, made.unclassified, made.is_full
    found = [
        (
            one.api,
            [(code, counts.minutes, counts.sums) for code, counts in one.counts()],
            sorted(one.callers(-(10**9), 10**9), key=repr),
        )
        for one in made.apis()
    ]
    return spans, calls, unclassified, full, found


CALLS = [(5, API, ALICE), (5, API, DENIED), (-3, API, READER), (9, OTHER, ALICE), (5, API, ALICE), (2, API, SILENT)]


def test_rates_and_errors_are_told_apart() -> None:
    (delete_, create) = sorted(tally(*CALLS).apis(), key=lambda one: one.api.event_name, reverse=True)
    assert [(code, counts.minutes, counts.sums) for code, counts in create.counts()] == [
        (None, [5], [0, 3]),
        ("AccessDenied", [-3, 5], [0, 1, 2]),
    ]
    assert [code for code, _ in delete_.counts()] == [None]


def test_callers_of_a_span_are_those_of_its_minutes() -> None:
    (create, _) = tally(*CALLS).apis()
    assert sorted(create.callers(5, 6), key=repr) == [(DENIED, 1), (ALICE, 2)] or sorted(
        create.callers(5, 6), key=repr
    ) == [(ALICE, 2), (DENIED, 1)]
    assert create.callers(-3, 5) == [(READER, 1)]
    assert create.callers(6, 9) == []


def test_the_span_of_an_account_is_that_of_all_its_calls() -> None:
    assert tally(*CALLS).spans == {"111122223333": (-3, 9)}
    assert tally((2, API, SILENT)).calls == 0


def test_unclassified_calls_are_counted() -> None:
    made = tally()
    made.add(0, Call(API, SILENT, is_unclassified=True))
    assert (made.unclassified, made.calls, len(made)) == (1, 0, 0)


def test_parts_add_up_in_any_order() -> None:
    whole = contents(tally(*CALLS))
    for cut in range(len(CALLS) + 1):
        for parts in ((CALLS[:cut], CALLS[cut:]), (CALLS[cut:], CALLS[:cut])):
            total = tally()
            for part in parts:
                total.merge(tally(*part))
            assert contents(total) == whole


def test_callers_without_room_count_without_their_names() -> None:
    made = tally(*CALLS, words=200)
    (create, _) = made.apis()
    assert [(code, counts.sums) for code, counts in create.counts()] == [(None, [0, 3]), ("AccessDenied", [0, 1, 2])]
    assert (Caller(None, None, "AccessDenied", True), 1) in list(create.callers(5, 6))
    assert not made.is_full


def test_a_tally_that_is_full_says_so_and_stops() -> None:
    for room in range(0, 1200, 50):
        made = tally(*CALLS, room=room, words=0)
        full = made.is_full
        more = tally()
        more.merge(made)
        assert more.is_full is full
        made.merge(tally(*CALLS))
        assert made.is_full or room > 600
    assert tally(*CALLS, room=0, words=0).is_full
    assert not tally(*CALLS, room=10**4, words=0).is_full
