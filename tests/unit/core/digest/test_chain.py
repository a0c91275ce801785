"""The way through a chain of digests ends, whatever the digests say. Spec: CT-15.7, CT-15.8."""

from __future__ import annotations

import pytest

from tocsin.core.digest import BrokenLink, CheckedDigest, FoundDigest, Gap, Verdict, walk_chain

HOUR = 3600
DAY = 1767312000  # 2026-01-02T00:00:00Z


def key(hour: int) -> str:
    return f"d/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20260102T{hour:02}0000Z.json.gz"


def digest(hour: int, previous: int | str | None = None, *, bucket: str | None = "b", verdict=Verdict.VALID, **more):
    named = key(previous) if isinstance(previous, int) else previous
    return CheckedDigest(
        verdict=verdict,
        start=DAY + (hour - 1) * HOUR,
        end=DAY + hour * HOUR,
        key=key(hour),
        sha256=f"hash {hour}",
        previous_bucket=None if previous is None else bucket,
        previous_key=named,
        previous_sha256=more.pop("previous_sha256", f"hash {previous}"),
        **more,
    )


def walk(
    digests: dict[object, CheckedDigest], *, since: int | None = None, other: dict[int, CheckedDigest] | None = None
):
    """The steps in short, for digests of the bucket `b` and of another one."""
    there = {("b", hour if isinstance(hour, str) else key(hour)): found for hour, found in digests.items()}
    there |= {("c", key(hour)): found for hour, found in (other or {}).items()}

    def keys_in(bucket: str) -> list[str]:
        return sorted(name for place, name in there if place == bucket and name.startswith("d/"))

    steps = walk_chain(
        bucket="b",
        keys=keys_in("b"),
        since=since,
        look_up=lambda bucket, name: there.get((bucket, name)) or CheckedDigest(verdict=Verdict.NOT_FOUND),
        keys_in=keys_in,
        visited=set(),
    )
    return [_short(step) for step in steps]


def _short(step: FoundDigest | Gap | BrokenLink) -> tuple[object, ...]:
    match step:
        case FoundDigest():
            return (_hour(step.key), step.checked.verdict.value)
        case Gap():
            return ("gap", (step.start - DAY) // HOUR, (step.end - DAY) // HOUR, step.is_new_chain)
        case BrokenLink():
            return ("loop" if step.is_loop else "link", _hour(step.key), _hour(step.named_by))


def _hour(name: str) -> object:
    return int(name[-15:-13]) if name.startswith("d/") else name


CHAIN = {1: digest(1), 2: digest(2, 1), 3: digest(3, 2)}


@pytest.mark.parametrize(
    ("digests", "steps"),
    [
        ({}, []),
        (CHAIN, [(3, "valid"), (2, "valid"), (1, "valid")]),
        ({1: CHAIN[1], 3: CHAIN[3]}, [(3, "valid"), (2, "not-found"), (1, "valid")]),
        ({3: CHAIN[3]}, [(3, "valid"), (2, "not-found")]),
        (
            {**CHAIN, 2: digest(2, 1, verdict=Verdict.SIGNATURE_FAILED)},
            [(3, "valid"), (2, "signature-verification-failed"), (1, "valid")],
        ),
        (
            {**CHAIN, 3: digest(3, 2, verdict=Verdict.NOT_VERIFIABLE)},
            [(3, "not-verifiable"), (2, "valid"), (1, "valid")],
        ),
        (
            {1: digest(1), 4: digest(4), 5: digest(5, 4)},
            [(5, "valid"), (4, "valid"), ("gap", 1, 3, True), (1, "valid")],
        ),
        ({1: digest(1), 3: digest(3, 1)}, [(3, "valid"), (1, "valid"), ("gap", 1, 2, False)]),
        (
            {**CHAIN, 3: digest(3, 2, previous_sha256="another")},
            [(3, "valid"), (2, "valid"), ("link", 2, 3), (1, "valid")],
        ),
        ({2: digest(2, 2)}, [(2, "valid"), ("loop", 2, 2)]),
        (
            {1: digest(1), 2: digest(2, 3), 3: digest(3, 2)},
            [(3, "valid"), (2, "valid"), ("loop", 3, 2), (1, "valid")],
        ),
        ({2: digest(2, "../../etc/passwd")}, [(2, "valid"), ("../../etc/passwd", "not-found")]),
        (
            {1: digest(1), 3: digest(3, "nowhere")},
            [(3, "valid"), ("nowhere", "not-found"), (1, "valid")],
        ),
        (
            {"x": digest(2, "x", previous_sha256="hash 2"), 3: digest(3, "x", previous_sha256="hash 2"), 1: digest(1)},
            [(3, "valid"), ("x", "valid"), ("loop", "x", 2), (1, "valid")],
        ),
    ],
)
def test_the_way_goes_from_the_newest_back(digests: dict[object, CheckedDigest], steps: list[object]) -> None:
    assert walk(digests) == steps


def test_it_goes_back_to_the_time_that_was_asked_for() -> None:
    assert walk(CHAIN, since=DAY + 2 * HOUR) == [(3, "valid"), (2, "valid")]


def test_it_follows_a_trail_into_the_bucket_that_it_had_before() -> None:
    new = {3: digest(3, 2, bucket="c"), 2: digest(2, 1)}
    assert walk(new, other={2: digest(2), 1: digest(1)}) == [
        (3, "valid"),
        (2, "valid"),
        ("gap", 1, 1, True),
        (1, "valid"),
    ]


def test_digests_that_were_met_before_are_passed_over() -> None:
    steps = walk_chain(
        bucket="b",
        keys=[key(1), key(2)],
        since=None,
        look_up=lambda *_: CHAIN[1],
        keys_in=lambda _: [],
        visited={("b", key(2))},
    )
    assert [_short(step) for step in steps] == [(1, "valid")]
