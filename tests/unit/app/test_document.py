import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app import yaml_document
from tocsin.app.document import Form, Object, Problem, SourceText, decode, encode_like, read_documents, to_python

LOADERS = [loader for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", None)) if loader is not None]


def values(text, **options):
    result = read_documents(text, **options)
    assert result.problems == []
    return [to_python(root) for root in result.roots]


def problems(text, **options):
    return [(one.position, one.name, one.message) for one in read_documents(text, **options).problems]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("0o7", "0o7"),
        ("0x1F", "0x1F"),
        ("0b1", "0b1"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("012345678901", "012345678901"),
        ("2027-01-31", "2027-01-31"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e", "1e"),
        ("<<", "<<"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("1", 1),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-1", -0.15),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '7'", 7),
        ("9" * 301, "9" * 301),
    ],
)
def test_strings_stay_strings(written, value):
    ((only,),) = [list(one.values()) for one in values(f"k: {written}\n")]
    assert only == value
    assert type(only) is type(value)


def test_several_documents_stand_in_one_text():
    assert values("a: 1\n---\n# nothing\n---\nb: [x, {y: z}]\n") == [{"a": 1}, None, {"b": ["x", {"y": "z"}]}]


def test_keys_are_strings_whatever_they_look_like():
    assert values("1: a\ntrue: b\n") == [{"1": "a", "true": "b"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"a": [1, -2.5, 1E2, true, false, null, "x"], "b": {}, "c": []}',
            [{"a": [1, -2.5, 100.0, True, False, None, "x"], "b": {}, "c": []}],
        ),
        ('\t[\n{"a":1},\r\n"b"]\n', [[{"a": 1}, "b"]]),
        (r'{"a": "\u0041\ud83d\ude00\n"}', [{"a": "A😀\n"}]),
    ],
)
def test_json_is_read(text, expected):
    result = read_documents(text)
    assert result.form is Form.JSON
    assert values(text) == expected


def test_what_starts_like_json_and_is_not_may_be_yaml():
    assert values("{a: b, c: [d]}") == [{"a": "b", "c": ["d"]}]
    assert read_documents("{a: b}").form is Form.YAML


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [(10, "duplicate-key", "'a' stands here twice")]),
        ("a: &x 1\nb: 2", [(3, "alias", "the anchor '&x' is refused")]),
        ("a: *x\nb: 2", [(3, "alias", "the alias '*x' is refused")]),
        ("a: !mine b", [(3, "tag", "the tag '!mine' is refused")]),
        (
            "a: !!python/object:os.system b",
            [(3, "tag", "the tag 'tag:yaml.org,2002:python/object:os.system' is refused")],
        ),
        ("a: !!set {}", [(3, "tag", "the tag 'tag:yaml.org,2002:set' is refused")]),
        ("? [a]\n: b", [(2, "wrong-type", "a key must be a string")]),
        ("a:\n\t- b", [(3, "yaml-syntax", "a tab cannot indent YAML")]),
        ("a: b: c", [(4, "yaml-syntax", "a colon cannot stand here")]),
        ("a: %x%", [(3, "yaml-syntax", "a value cannot start with '%'")]),
        ("a: @x", [(3, "yaml-syntax", "a value cannot start with '@'")]),
        ("a: x\x07", [(4, "yaml-syntax", "the character U+0007 may not stand in YAML")]),
        ("a: 1e999", [(3, "invalid-value", "1e999 is beyond every number")]),
        (
            'a: "\\UFFFFFFFF"',
            [(0, "yaml-syntax", "a number in this file is beyond every limit: an escape or a %YAML line")],
        ),
        (
            f"%YAML 1.{'9' * 5000}\n---\na: 1",
            [(0, "yaml-syntax", "a number in this file is beyond every limit: an escape or a %YAML line")],
        ),
    ],
)
def test_what_is_wrong_with_yaml_is_said_with_its_place(text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ('{"a": 1,}', 8, "a key is missing here"),
        ('{"a" 1}', 5, "a colon is missing here"),
        ('{"a": 1 "b": 2}', 8, "a comma or '}' is missing here"),
        ('{"a": [1 2]}', 9, "a comma or ']' is missing here"),
        ('{"a": [1,]}', 9, "a value is missing here"),
        ('{"a": }', 6, "a value is missing here"),
        ('{"a": tru}', 6, "a value is missing here"),
        ('{"a": 01}', 7, "a comma or '}' is missing here"),
        ("{'a': 1}", 1, "a key is missing here"),
        ("[1, 'a']", 4, "JSON strings stand in double quotes"),
        ('{"a": "x\ny"}', 6, "a string that does not end, or holds a raw control character or an unknown escape"),
        ('{"a": "\\x41"}', 6, "a string that does not end, or holds a raw control character or an unknown escape"),
        ('{"a": 1} {"b": 2}', 9, "nothing may follow the JSON value"),
        ('{"a": [1', 8, "a comma or ']' is missing here"),
        ('{"a":', 5, "the JSON text ends too early"),
        ("", 0, "the JSON text ends too early"),
        ("a: 1", 0, "a value is missing here"),
    ],
)
def test_what_is_wrong_with_json_is_said_with_its_place(text, position, message):
    assert problems(text, named=Form.JSON) == [(position, "json-syntax", message)]


def test_json_says_duplicates_half_pairs_and_endless_numbers():
    text = r'{"a": 1, "a": 2, "b": "\ud800", "c": 1e999, "d": ' + "9" * 301 + "}"
    assert [name for _, name, _ in problems(text)] == ["duplicate-key", "encoding", "invalid-value", "invalid-value"]


@pytest.mark.parametrize(
    ("named", "name"), [(Form.YAML, "yaml-syntax"), (Form.JSON, "json-syntax"), (None, "json-syntax")]
)
def test_of_a_text_that_is_neither_the_errors_are_those_that_its_name_promises(named, name):
    assert [found for _, found, _ in problems('{"a": [1, }', named=named)] == [name]


@pytest.mark.parametrize("text", ["[" * 200, "a: " + "[" * 200, "a: " + "{b: " * 200])
def test_depth_is_bounded(text):
    assert [name for _, name, _ in problems(text)] == ["too-deep"]


def test_a_tower_of_blocks_is_bounded_too():
    text = "\n".join(f"{' ' * level}a:" for level in range(200))
    assert [name for _, name, _ in problems(text)] == ["too-deep"]


def test_the_number_of_documents_is_bounded():
    assert problems("---\na: 1\n" * 1001) == [(9000, "too-large", "more than 1,000 documents in one file")]


def test_aliases_cannot_laugh():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    assert {name for _, name, _ in problems("\n".join(lines))} == {"alias"}


def test_what_could_be_read_before_an_error_is_kept():
    result = read_documents("a: 1\n---\nb: [")
    assert to_python(result.roots[0]) == {"a": 1}
    assert [one.name for one in result.problems] == ["yaml-syntax"]


@pytest.mark.parametrize("text", ["a: 'x''y'\nb: [1, {c: d}]\n", "a: |\n  x\n  y\nb: >\n  z\n", 'a: "\\u00e9"\n'])
def test_both_parsers_of_yaml_give_the_same_tree(text):
    trees = [yaml_document._compose_yaml(text, loader) for loader in LOADERS]
    assert all(tree.roots == trees[0].roots for tree in trees)


@given(st.text(st.sampled_from(list("ab:-?[]{},'\"|>&*!%@#\\ \n\t\r01.~é\x07")), max_size=60))
def test_no_text_makes_the_reader_raise_and_every_place_lies_in_it(text):
    for named in (None, Form.YAML, Form.JSON):
        result = read_documents(text, named=named)
        source = SourceText(text, path="x")
        for problem in result.problems:
            assert 0 <= problem.position <= len(text)
            line, column = source.place(problem.position)
            assert column <= len(source.line(line)) + 3
        for root in result.roots:
            to_python(root)


# ---------------------------------------------------------------- places


def test_places_count_lines_and_columns_from_one():
    source = SourceText("ab\r\nc\rd\n\u2028e", path="x")
    assert [source.place(position) for position in (0, 1, 4, 6, 8, 9)] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (3, 1),
        (4, 1),
        (4, 2),
    ]
    assert [source.line(number) for number in (0, 1, 2, 3, 4, 5)] == ["", "ab", "c", "d", "\u2028e", ""]


def test_an_offset_outside_a_value_is_its_start():
    text = "a: 'xyz'"
    (root,) = read_documents(text).roots
    assert isinstance(root, Object)
    source = SourceText(text, path="x")
    scalar = root.get("a")
    assert [source.place_in(scalar, offset) for offset in (0, 2, 3, 4, -1)] == [(1, 5), (1, 7), (1, 8), (1, 4), (1, 4)]


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_and_written_in_its_encoding(codec):
    data = "a: é".encode(codec)
    assert decode(data) == "a: é"
    assert encode_like("b: ü", data).decode(codec) == "b: ü"


def test_a_file_of_big_endian_words_keeps_them():
    data = b"\xfe\xff" + "a".encode("utf-16-be")
    assert encode_like("b", data) == b"\xfe\xff\x00b"


def test_other_encodings_are_refused_with_the_place():
    assert decode("a: é".encode("latin-1")) == Problem(3, "encoding", "the file is not UTF-8", "save it as UTF-8")
