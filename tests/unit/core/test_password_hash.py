"""What a password is kept as, and what trying one costs. Spec: CON-8.4, IF-9."""

from __future__ import annotations

import argon2
import pytest

from tocsin.core.password_hash import (
    MOST_LANES,
    MOST_MEMORY_KIB,
    MOST_PASSES,
    HashCost,
    decoy_hash,
    looks_hashed,
    read_password_hash,
)

TAIL = "$c29tZXNhbHRzb21lc2FsdA$Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8"


def hash_of(cost: str) -> str:
    return f"$argon2id$v=19${cost}{TAIL}"


def test_a_hash_says_what_it_costs_to_try() -> None:
    made = argon2.PasswordHasher(memory_cost=1_024, time_cost=2, parallelism=4).hash("correct horse")
    read = read_password_hash(made)
    assert read is not None
    assert (read.text, read.cost) == (made, HashCost(memory_kib=1_024, passes=2, lanes=4))


def test_a_hash_does_not_print() -> None:
    assert "c29t" not in repr(read_password_hash(hash_of("m=65536,t=3,p=4")))


@pytest.mark.parametrize(
    "cost",
    [
        f"m={MOST_MEMORY_KIB + 1},t=1,p=1",
        f"m=65536,t={MOST_PASSES + 1},p=1",
        f"m=65536,t=1,p={MOST_LANES + 1}",
        "m=99999999999,t=1,p=1",
        "m=31,t=1,p=4",  # Argon2 needs eight for each lane
    ],
)
def test_a_hash_that_costs_too_much_or_too_little_is_none(cost: str) -> None:
    assert read_password_hash(hash_of(cost)) is None


@pytest.mark.parametrize(
    "cost", [f"m={MOST_MEMORY_KIB},t=1,p=1", f"m=65536,t={MOST_PASSES},p={MOST_LANES}", "m=8,t=1,p=1"]
)
def test_a_hash_at_the_edge_is_one(cost: str) -> None:
    assert read_password_hash(hash_of(cost)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse",
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        hash_of("m=65536,t=3,p=4").replace("argon2id", "argon2i"),
        hash_of("m=65536,t=3,p=4").replace("v=19", "v=16"),
        hash_of("m=65536,t=3,p=4") + "\n",
        hash_of("m=065536,t=3,p=4"),
        hash_of("m=65536,t=3,p=4")[:-40],
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_password_hash(text) is None


def test_a_decoy_costs_the_same_and_fits_no_password() -> None:
    cost = HashCost(memory_kib=64, passes=1, lanes=1)
    decoy = decoy_hash(cost)
    assert read_password_hash(decoy.text) == decoy
    assert argon2.extract_parameters(decoy.text).memory_cost == 64
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(decoy.text, "")


@pytest.mark.parametrize(
    ("text", "is_one"), [("$2b$12$x", True), ("$argon2i$v=19$", True), ("$5 a day", False), ("", False)]
)
def test_other_hashes_are_told_from_passwords(text: str, is_one: bool) -> None:
    assert looks_hashed(text) is is_one
