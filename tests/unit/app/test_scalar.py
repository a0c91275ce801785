import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.document import Scalar, SourceText, read_documents
from tocsin.app.scalar import Style, char_places, unescape_json, write

YAML = r"""# a comment
plain: hello there
  and on

  below
single: 'it''s
  on two  lines

  and more'
double: "tab \t \x41\u00e9 \
   joined
   folded \" end"
literal: |
  { ($.a = 1)
    && b }

  tail
folded: >-
  { ($.a = 1)
  && b
    further in
  c


  d }
kept: >+
  a
  b

explicit: |2
    x
   y
empty: ''
"""


def scalars(text):
    (root,) = read_documents(text).roots
    return {key: member.value for key, member in root.members.items()}


def traced(text, scalar):
    places = char_places(text, scalar.style, scalar.start, scalar.end, scalar.text)
    assert places is not None
    assert len(places) == len(scalar.text) + 1
    return [text[place : place + 1] for place in places]


@pytest.mark.parametrize(
    ("key", "style", "spelt"),
    [
        ("plain", Style.PLAIN, "hello there\nand on\nbelow"),
        ("single", Style.SINGLE, "it's\non two  lines\nand more"),
        ("double", Style.DOUBLE, "tab \\ \\\\ joined\nfolded \\ end"),
        ("literal", Style.LITERAL, "{ ($.a = 1)\n  && b }\n\ntail\n"),
        ("folded", Style.FOLDED, "{ ($.a = 1)\n&& b\n  further in\nc\n\nd }"),
        ("kept", Style.FOLDED, "a\nb\n\n"),
        ("explicit", Style.LITERAL, "  x\n y\n"),
        ("empty", Style.SINGLE, ""),
    ],
)
def test_every_character_of_a_value_is_traced_to_its_place(key, style, spelt):
    scalar = scalars(YAML)[key]
    assert scalar.style is style
    assert "".join(traced(YAML, scalar)[:-1]) == spelt


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_places_hold_for_every_line_end(end):
    text = YAML.replace("\n", end)
    for scalar in scalars(text).values():
        assert char_places(text, scalar.style, scalar.start, scalar.end, scalar.text) is not None


def test_a_json_string_is_traced_through_its_escapes():
    text = r'{"a": "x\n\u00e9\ud83d\ude00\/y\ud83dz\ud83d\u0041"}'
    (root,) = read_documents(text).roots
    value = root.members["a"].value
    assert value.text == "x\né😀/y\ud83dz\ud83dA"
    assert "".join(traced(text, value)) == 'x\\\\\\\\y\\z\\\\"'


def test_a_value_that_the_text_does_not_spell_has_no_places():
    assert char_places("'abc'", Style.SINGLE, 0, 5, "xyz") is None
    assert char_places("abc", Style.LITERAL, 0, 3, "abc") is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_strings_are_read_as_the_standard_library_reads_them(value):
    assert unescape_json(json.dumps(value)) == value


_TEXTS = st.text(st.sampled_from(list("ab '\"\\\n\t:#-{}$é😀")), max_size=30)


@given(value=_TEXTS, style=st.sampled_from(["'", '"', "|", ">", None]), width=st.sampled_from([10, 1000]))
def test_whatever_a_yaml_writer_writes_is_traced(value, style, width):
    text = yaml.dump({"k": value}, default_style=style, allow_unicode=True, width=width)
    (root,) = read_documents(text).roots
    scalar = next(member.value for member in root.members.values())
    assert isinstance(scalar, Scalar)
    assert scalar.text == value
    places = char_places(text, scalar.style, scalar.start, scalar.end, scalar.text)
    assert places is not None
    assert places == sorted(places)
    line, column = SourceText(text, path="x").place_in(scalar, 0)
    assert (line, column) >= (1, 1)


@given(value=_TEXTS, style=st.sampled_from([Style.SINGLE, Style.DOUBLE, Style.JSON]))
def test_what_is_written_reads_back(value, style):
    inside = write(value, style)
    if inside is None:
        assert style is Style.SINGLE
        assert not value.isprintable()
        return
    quote = "'" if style is Style.SINGLE else '"'
    assert yaml.safe_load(f"k: {quote}{inside}{quote}")["k"] == value
    if style is Style.JSON:
        assert json.loads(f'"{inside}"') == value


@pytest.mark.parametrize("style", [Style.PLAIN, Style.LITERAL, Style.FOLDED])
def test_a_line_break_cannot_be_written_into_plain_and_block_text(style):
    assert write("a b", style) == "a b"
    assert write("a\nb", style) is None


def test_characters_that_show_nothing_are_escaped():
    assert write("\x00\u200b\u2028", Style.DOUBLE) == "\\u0000\\u200b\\u2028"
