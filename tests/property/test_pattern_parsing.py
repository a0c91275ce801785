"""Parsing and printing filter patterns, whatever text there may be (FP-14.9, numbers 4 and 6)."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.core.pattern import tree
from tocsin.core.pattern.parser import mend_pattern, parse_pattern, parse_with_notes
from tocsin.core.pattern.printer import print_pattern
from tocsin.errors import PatternError

# ---------------------------------------------------------------- trees

WORD = string.ascii_letters + string.digits + "_"

names = st.text(WORD + "-", min_size=1, max_size=8)
any_text = st.text(st.one_of(st.sampled_from('\\"*%{}()&|$ \t\n'), st.characters(codec=None)), max_size=12)
bare = st.text(WORD + ".*+-", min_size=1, max_size=8)
numbers = st.from_regex(r"[+-]?([0-9]{1,4}(\.[0-9]{1,3})?|\.[0-9]{1,3})([eE][+-]?[0-9]{1,3})?", fullmatch=True)
regexes = st.sampled_from(["x", "^Delete|^Stop", "a b", r"10\.[0-9]{1,3}$", "[^a-z]+", "]}"])

literals = st.one_of(
    st.builds(tree.Literal, any_text, quoted=st.just(True)),
    st.builds(tree.Literal, st.one_of(bare, numbers), quoted=st.just(False)),
)


def spell_name(name: str) -> str:
    return f"['{name}']" if "']" not in name else f'["{name}"]'


# Each step with its spelling: a step may be spelt in several ways, and the selector keeps which.
plain_steps = st.one_of(
    names.map(lambda name: (f".{name}", tree.Name(name))),
    any_text.filter(lambda name: "']" not in name or '"]' not in name).map(
        lambda name: (spell_name(name), tree.Name(name))
    ),
    st.integers(0, 10**6).map(lambda index: (f".[{index}]", tree.Index(index))),
)
wild_steps = st.sampled_from([(".*", tree.AnyName()), ("[*]", tree.AnyElement()), (".[*]", tree.AnyElement())])


def selector_of(steps: list[tuple[str, tree.Step]]) -> tree.Selector:
    return tree.Selector("$" + "".join(text for text, _ in steps), tuple(step for _, step in steps))


plain_selectors = st.lists(plain_steps, min_size=1, max_size=4).map(selector_of)
wild_selectors = st.tuples(st.lists(plain_steps, max_size=2), wild_steps, st.lists(plain_steps, max_size=2)).map(
    lambda parts: selector_of([*parts[0], parts[1], *parts[2]])
)


def conditions_on(selectors: st.SearchStrategy[tree.Selector]) -> st.SearchStrategy[tree.Condition]:
    return st.one_of(
        st.builds(tree.Compare, selectors, st.sampled_from(tree.Op), literals),
        st.builds(tree.Is, selectors, st.sampled_from(tree.Constant)),
        st.builds(tree.NotExists, selectors),
    )


regex_conditions = st.builds(
    tree.Compare, plain_selectors, st.sampled_from([tree.Op.EQ, tree.Op.NE]), st.builds(tree.Regex, regexes)
)


def join(node: type[tree.And | tree.Or], items: list[tree.Expr]) -> tree.Expr:
    """A node over `items`, flattened as the parser does it."""
    flat: list[tree.Expr] = []
    for item in items:
        flat += item.items if isinstance(item, node) else (item,)
    return node(tuple(flat))


def expressions(leaves: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy[tree.Expr]:
    return st.recursive(
        leaves,
        lambda inner: st.builds(join, st.sampled_from([tree.And, tree.Or]), st.lists(inner, min_size=2, max_size=4)),
        max_leaves=8,
    )


def parsed(source: str) -> tree.Pattern | PatternError:
    """The tree of a pattern, or why it is refused; any other exception is a failure."""
    try:
        return parse_pattern(source)
    except PatternError as error:
        return error


def fits(pattern: tree.Pattern) -> bool:
    """Could a text of 1024 characters have this tree, within the quotas of wildcards and regexes?"""
    found = parsed(print_pattern(pattern))
    return not isinstance(found, PatternError) or found.rule not in ("FP-1.4", "FP-4.11", "FP-7.4")


json_patterns = st.builds(
    tree.Json, expressions(st.one_of(conditions_on(plain_selectors), conditions_on(wild_selectors), regex_conditions))
)


@st.composite
def space_patterns(draw: st.DrawFn) -> tree.Space:
    declared = draw(st.lists(names, min_size=1, max_size=5))
    entries: list[tree.Column | tree.Ellipsis] = []
    for own in declared:
        if draw(st.booleans()):
            entries.append(tree.Column(own, None))
            continue
        others = st.one_of(st.just(own), st.sampled_from(declared))
        leaves = st.builds(tree.Compare, st.builds(tree.ColumnRef, others), st.sampled_from(tree.Op), literals)
        first = tree.Compare(tree.ColumnRef(own), draw(st.sampled_from(tree.Op)), draw(literals))
        rest = draw(st.lists(expressions(leaves), max_size=2))
        expr = join(draw(st.sampled_from([tree.And, tree.Or])), [first, *rest]) if rest else first
        entries.append(tree.Column(own, expr))
    for _ in range(draw(st.integers(0, 2))):
        entries.insert(draw(st.integers(0, len(entries))), tree.Column(None, None))
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), tree.Ellipsis())
    return tree.Space(tuple(entries))


text_patterns = st.builds(
    tree.Text,
    st.lists(
        st.builds(
            tree.Term,
            st.sampled_from(tree.Role),
            st.one_of(
                st.builds(tree.Literal, any_text, quoted=st.just(True)),
                st.builds(tree.Literal, st.text(WORD, min_size=1, max_size=8), quoted=st.just(False)),
                st.builds(tree.Regex, regexes),
            ),
        ),
        min_size=1,
        max_size=6,
    ).map(tuple),
)

patterns = st.one_of(json_patterns, space_patterns(), text_patterns, st.just(tree.All())).filter(fits)


@given(patterns)
@settings(max_examples=150)
def test_parsing_what_was_printed_gives_the_tree_back(pattern: tree.Pattern) -> None:
    printed = print_pattern(pattern)
    again = parse_pattern(printed)
    assert again == pattern
    assert hash(again) == hash(pattern)
    assert print_pattern(again) == printed


# ---------------------------------------------------------------- texts

TOKENS = st.one_of(
    st.sampled_from(
        [
            *"{}[]()=<>!&|$.,:;/\\'\"`%@#*+-?~^ \t\n",
            *("$.a", "$.b.c", "$['x y']", "$[0]", "$.a[*]", "$.*", "..", "...", "!=", "<=", ">=", "==", "<>", "=~"),
            *(
                "&&",
                "||",
                '"x y"',
                '\\"',
                "\\\\",
                '""',
                "%x%",
                "%a(%",
                "%x{9999}%",
                "IS",
                "NULL",
                "TRUE",
                "NOT",
                "EXISTS",
            ),
            *("is null", "exists", "AND", "or", "IN", "contains", "1", "-1e5", "4*", "kms.amazonaws.com", "a", "AB-c"),
            *("[0]", "[*]", "['", "']", '["', "//", "/*", "*/", "&quot;", "&amp;", "$$.", "${", "a/b", "C:\\"),
            *("“", "”", "’", "\u00a0", "\u200b", "–", "é", "日", "\ud800", "\x1b", "\r\n"),
        ]
    ),
    st.characters(codec=None),
)
FRAMES = [
    *(("", ""), ("{ ", " }"), ("[", "]"), ("[a, ", "]"), ("{ $.a = 1 && ", " }"), ("{ $.a ", " }")),
    *(("{ $.a = ", " }"), ("{ ", " = 1 }"), ("'", "'"), ('-"', "")),
]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts of up to 1100 characters that look more or less like patterns."""
    glue = draw(st.sampled_from(["", " "]))
    body = glue.join(draw(st.lists(TOKENS, max_size=draw(st.sampled_from([3, 8, 40])))))
    repeated = body * draw(st.sampled_from([1, 1, 1, 60]))
    return repeated.join(draw(st.sampled_from(FRAMES)))[:1100]


@given(texts())
@settings(max_examples=400)
@example("{" + "(" * 1022 + "}")
@example("{" + "(" * 511 + ")" * 511 + "}")
@example("[" + "(" * 1022 + "]")
@example("{ $.a = %" + "x" * 1014)
@example("{" + "$" * 1022 + "}")
@example("{ $" + "['" * 510 + "}")
@example('"' * 1024)
@example("-" * 1024)
@example("\\" * 1024)
@example('{ $.a = "' + '\\"' * 505 + "}")
@example("{ " + "! ( " * 255 + "}")
@example("{ $.a = " + "( " * 500 + "}")
@example("%" * 1024)
@example("{" + "&" * 1022 + "}")
def test_any_text_gives_a_pattern_or_a_pattern_error(source: str) -> None:
    found = parsed(source)
    mended = mend_pattern(source)
    if isinstance(found, PatternError):
        assert 0 <= found.position <= len(source)
        assert found.message
        assert found.hint
        assert found.rule
        shown = str(found)
        assert shown.encode()
        assert "\x1b" not in shown
        assert mended is None or not isinstance(parsed(mended), PatternError)
    else:
        assert mended is None
        printed = print_pattern(found)
        assert len(printed) <= 1024
        assert parsed(printed) == found
        assert print_pattern(parse_pattern(printed)) == printed
        assert all(0 <= note.position < len(source) for note in parse_with_notes(source)[1])


@given(patterns, st.data())
def test_cutting_and_swapping_never_leads_anywhere_else(pattern: tree.Pattern, data: st.DataObject) -> None:
    source = print_pattern(pattern)
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    changed = source[:start] + data.draw(TOKENS) + source[end:]
    found = parsed(changed)
    if isinstance(found, PatternError):
        assert 0 <= found.position <= len(changed)
        assert found.hint
