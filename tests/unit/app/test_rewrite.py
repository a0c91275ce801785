import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.document import Form, read_documents
from tocsin.app.rewrite import Edit, rewrite_text

OLD = "{ $.a != 1 && $.b = 'it' }"
NEW = "{ ($.a NOT EXISTS || $.a != 1) && $.b = 'it' }"


def edit(text, key, value, *, form=None):
    (root,) = read_documents(text, named=form).roots
    return Edit(root.members[key].value, value)


def rewritten(text, *changes, form=None):
    return rewrite_text(text, [edit(text, key, value, form=form) for key, value in changes], form=form)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# top\nk:   '{ $.a != 1 && $.b = ''it'' }'   # tail\nx: 1\n",
            "# top\nk:   '{ ($.a NOT EXISTS || $.a != 1) && $.b = ''it'' }'   # tail\nx: 1\n",
        ),
        (
            '{ "k" :"{ $.a != 1 && $.b = \'it\' }" , "x":1}',
            '{ "k" :"{ ($.a NOT EXISTS || $.a != 1) && $.b = \'it\' }" , "x":1}',
        ),
        (
            "k: >-  # folded\n  { $.a != 1\n  && $.b = 'it' }\nx: 1\n",
            "k: >-  # folded\n  { ($.a NOT EXISTS || $.a != 1)\n  && $.b = 'it' }\nx: 1\n",
        ),
        (
            'k: "{ $.a != 1\n  && $.b = \\x27it\' }"\nx: 1\n',
            'k: "{ ($.a NOT EXISTS || $.a != 1)\n  && $.b = \\x27it\' }"\nx: 1\n',
        ),
        (
            "k: |-\n  { $.a != 1 && $.b = 'it' }\nx: 1\n",
            "k: |-\n  { ($.a NOT EXISTS || $.a != 1) && $.b = 'it' }\nx: 1\n",
        ),
    ],
)
def test_only_the_characters_that_differ_change(before, after):
    assert read_documents(before).roots[0].members["k"].value.text == OLD
    assert rewritten(before, ("k", NEW)) == after


def test_several_values_change_at_once():
    text = "a: 'x'\nb: \"y\"  # why\nc: z\n"
    assert rewritten(text, ("c", "long words"), ("a", "it's"), ("b", 'say "y"')) == (
        "a: 'it''s'\nb: \"say \\\"y\\\"\"  # why\nc: long words\n"
    )


def test_plain_text_gets_quotes_where_it_needs_them():
    assert rewritten("k: word\n", ("k", "{ $.a = 1 }")) == "k: '{ $.a = 1 }'\n"
    assert rewritten("{k: word}", ("k", "a, b"), form=Form.YAML) == "{k: 'a, b'}"


def test_line_ends_stay():
    assert rewritten("k: 'a b'\r\nx: 1\r\n", ("k", "a c b")) == "k: 'a c b'\r\nx: 1\r\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("k: |\n  one\n", "two\nthree\n"),
        ("k: >-\n  one\n", "one\ntwo"),
        ("k: plain\n", "a\tb"),
    ],
)
def test_what_cannot_be_written_without_touching_more_is_left(text, value):
    assert rewritten(text, ("k", value)) is None


@given(
    values=st.lists(st.text(st.sampled_from(list("ab '\"\\{}#:,")), max_size=12), min_size=1, max_size=3),
    new=st.text(st.sampled_from(list("ab '\"\\{}#:,")), max_size=12),
)
def test_what_was_rewritten_reads_back_and_nothing_else_changed(values, new):
    text = json.dumps({f"k{n}": value for n, value in enumerate(values)}, indent=1)
    after = rewritten(text, ("k0", new))
    assert after is not None
    assert json.loads(after) == {**json.loads(text), "k0": new}
