"""Where keys stand in a TOML document."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.toml_keys import places_of_keys


@pytest.mark.parametrize(
    ("text", "key", "there"),
    [
        ("a = 1", ("a",), "a = 1"),
        ("# x = 1\na = 1", ("a",), "a = 1"),
        ("x.y . z = 1", ("x", "y", "z"), "z = 1"),
        ("[t]\nk = 1", ("t", "k"), "k = 1"),
        ("[t]\nk = 1", ("t",), "t]"),
        ("[ t . u ]\nk = 1", ("t", "u", "k"), "k = 1"),
        ("[[t]]\nk = 1\n[[t]]\nk = 2", ("t", "k"), "k = 1"),
        ("[[t]]\nk = 1\n[[t]]\nk = 2", ("t", "[1]", "k"), "k = 2"),
        ("[[t]]\nk = 1\n[[t]]\nk = 2", ("t", "[1]"), "t]]\nk = 2"),
        ('"a b" = 1', ("a b",), '"a b" = 1'),
        ("'a.b' = 1", ("a.b",), "'a.b' = 1"),
        ('"\\u0061" = 1', ("a",), '"\\u0061" = 1'),
        ('s = "k = 1 # no"\nk = 2', ("k",), "k = 2"),
        ("s = 'k = 1'\nk = 2", ("k",), "k = 2"),
        ('s = """\nk = 1\n"" \\""""\nk = 2', ("k",), "k = 2"),
        ("s = '''\nk = 1\n'''\nk = 2", ("k",), "k = 2"),
        ('s = """a"""""\nk = 2', ("k",), "k = 2"),
        ("s = [1, # k = 0\n [2, 'k = 1'], ]\nk = 2", ("k",), "k = 2"),
        ("s = {k = {l = 1}, m = 2}", ("s", "m"), "m = 2}"),
        ("s = {k = {l = 1}, m = 2}", ("s", "k", "l"), "l = 1}"),
        ("s = [{k = 1}, {m = 2}]\nt = 3", ("s", "m"), "m = 2}"),
        ("s = {}\nt = 3", ("t",), "t = 3"),
        ("d = 1979-05-27T07:32:00Z # when\nt = 3", ("t",), "t = 3"),
    ],
)
def test_key_is_found(text: str, key: tuple[str, ...], there: str) -> None:
    tomllib.loads(text)
    offset = places_of_keys(text)[key]
    assert text[offset:].startswith(there)


def paths(value: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(value, list):
        return set().union(*(paths(item, above) for item in value))
    if not isinstance(value, dict):
        return set()
    return set().union(*({(*above, key)} | paths(item, (*above, key)) for key, item in value.items()))


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


VALUES = st.recursive(
    st.integers(0, 99) | st.text("ab#=[]{},\"'\n", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy.", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("kl", min_size=1), VALUES, max_size=4))
def test_every_key_of_a_document_is_found(document: dict[str, Any]) -> None:
    text = "\n".join(f"{quoted(key)} = {written(value)}" for key, value in document.items())
    assert tomllib.loads(text) == document
    assert set(places_of_keys(text)) == paths(document)


@given(st.text("ab=[]{}\"'#.,\n\\", max_size=30))
def test_any_text_comes_to_an_end(text: str) -> None:
    places_of_keys(text)
