"""What a person is told to do about a refusal (FP-8.6)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.message import Expected, Refusal
from tocsin.core.pattern.parser import _parse, mend_pattern, parse_pattern
from tocsin.core.pattern.remedy import find_partner, quote, tell_place
from tocsin.errors import PatternError


def error(source: str) -> PatternError:
    with pytest.raises(PatternError) as caught:
        parse_pattern(source)
    return caught.value


# Each row: a pattern, what its hint holds, and the pattern with everything certain put right.
CERTAIN = [
    # a value or a term that needs double quotes
    ("{ $.a = arn:aws:iam::1:root }", '"arn:aws:iam::1:root"', '{ $.a = "arn:aws:iam::1:root" }'),
    ("{ $.a = ann@example.org && $.b = 1 }", '"ann@example.org"', '{ $.a = "ann@example.org" && $.b = 1 }'),
    ("{ ($.a = a/b) }", '"a/b"', '{ ($.a = "a/b") }'),
    (r"{ $.a = C:\temp }", r'"C:\\temp"', r'{ $.a = "C:\\temp" }'),
    ("{ $.a = a$b }", '"a$b"', '{ $.a = "a$b" }'),
    ("{ $.a = 50% }", '"50%"', '{ $.a = "50%" }'),
    ("{ $.a = [1] }", '"[1]"', '{ $.a = "[1]" }'),
    ("{ $.a = Zoë }", '"Zoë"', '{ $.a = "Zoë" }'),
    ("{ $.a = <b> }", '"<b>"', '{ $.a = "<b>" }'),
    ("{ $.a = ~x }", '"~x"', '{ $.a = "~x" }'),
    ("{ $.a = a,b }", '"a,b"', '{ $.a = "a,b" }'),
    ('{ $.a = a"b }', r'"a\"b"', r'{ $.a = "a\"b" }'),
    ("{ $.a = a/5.0 (b 10) || $.b = 1 }", '"a/5.0 (b 10)"', '{ $.a = "a/5.0 (b 10)" || $.b = 1 }'),
    ("{ $.a = https://example.com/?a&b=2 }", '"https://example.com/?a&b=2"', '{ $.a = "https://example.com/?a&b=2" }'),
    ("{ $.a = a/b OR $.c = 1 }", '"a/b"', '{ $.a = "a/b" || $.c = 1 }'),
    ("{ $.a = a/b\n&& $.c = 1 }", '"a/b"', '{ $.a = "a/b"\n&& $.c = 1 }'),
    ("{ $.a = a/b\nc }", '"a/b"', None),
    ("{ $.a = Failed authentication }", '"Failed authentication"', '{ $.a = "Failed authentication" }'),
    ("{ ($.a = not so) && $.b = 1 }", '"not so"', '{ ($.a = "not so") && $.b = 1 }'),
    ("{ $.a = 'x y' }", '"x y"', '{ $.a = "x y" }'),
    ("{ $.a = `x` }", '"x"', '{ $.a = "x" }'),
    ("[a = 10.0.0.1/8]", '"10.0.0.1/8"', '[a = "10.0.0.1/8"]'),
    ("[a = x:y && a != b, c]", '"x:y"', '[a = "x:y" && a != b, c]'),
    ("level:ERROR", '"level:ERROR"', '"level:ERROR"'),
    ("?Status: timeout", '?"Status:"', '?"Status:" timeout'),
    ("/var/log", '"/var/log"', '"/var/log"'),
    ("eu-west-1", '"eu-west-1"', '"eu-west-1"'),
    ('-msg="disk full"', r'-"msg=\"disk full\""', r'-"msg=\"disk full\""'),
    ("naïve", '"naïve"', '"naïve"'),
    ("-!", '-"!"', '-"!"'),
    ("a#b", '"a#b"', '"a#b"'),
    ("$100", '"$100"', '"$100"'),
    (r"{ $.a = \$5 }", r'"\\$5"', r'{ $.a = "\\$5" }'),
    ('"[x]" a:b "[y]"', '"a:b"', '"[x]" "a:b" "[y]"'),
    ("'disk full'", '"disk full"', '"disk full"'),
    ("`ERROR`", '"ERROR"', '"ERROR"'),
    ("{ $.a = it’s }", '"it’s"', '{ $.a = "it’s" }'),
    ("it’s", '"it’s"', '"it’s"'),
    ("it's", '"it\'s"', '"it\'s"'),
    ("ERROR*", "ERROR", "ERROR"),
    ('*"disk full"*', '"disk full"', '"disk full"'),
    ("!ERROR", "-ERROR", "-ERROR"),
    ("+ERROR", ": ERROR", "ERROR"),
    # operators
    ("{ $.a == 1 }", "write =", "{ $.a = 1 }"),
    ("{ $.a <> 1 }", "write !=", "{ $.a != 1 }"),
    ("{ $.a =! 1 }", "write !=", "{ $.a != 1 }"),
    ("{ $.a => 1 }", "write >=", "{ $.a >= 1 }"),
    ("{ $.a =~ %x% }", "write =", "{ $.a = %x% }"),
    ("{ $.a = = 1 }", "one operator", "{ $.a = 1 }"),
    ("{ $.a: 1 }", "write =", "{ $.a = 1 }"),
    ("{ $.a : 1 }", "write =", "{ $.a = 1 }"),
    ("{ $.a equals 1 }", "write =", "{ $.a = 1 }"),
    ("{ $.a is 1 }", "write =", "{ $.a = 1 }"),
    ("{ $.a ne 1 }", "write !=", "{ $.a != 1 }"),
    ("{ $.a IS NOT 1 }", "write !=", "{ $.a != 1 }"),
    ("{ $.a NOT = 1 }", "write !=", "{ $.a != 1 }"),
    ("{ $.a lt 1 && $.a gte 0 }", "write <", "{ $.a < 1 && $.a >= 0 }"),
    ("[a == 1]", "write =", "[a = 1]"),
    ("[a: 1]", "write =", "[a = 1]"),
    ("[a : 1]", "write =", "[a = 1]"),
    # between conditions
    ("{ $.a = 1 AND $.b = 2 }", "write &&", "{ $.a = 1 && $.b = 2 }"),
    ("{ $.a = 1 or $.b = 2 }", "write ||", "{ $.a = 1 || $.b = 2 }"),
    ("{ $.a = 1 & $.b = 2 | $.c = 3 }", "write &&", "{ $.a = 1 && $.b = 2 || $.c = 3 }"),
    ("{ $.a = 1 &&& $.b = 2 }", "write &&", "{ $.a = 1 && $.b = 2 }"),
    ("{ $.a = 1 && AND $.b = 2 }", "remove AND", "{ $.a = 1 && $.b = 2 }"),
    ("[a = 1 OR a = 2]", "write ||", "[a = 1 || a = 2]"),
    ("{ $.a = b || c }", "$.a = c", "{ $.a = b || $.a = c }"),
    ('{ ($.a = "b" || "c" || "d") && $.e = 1 }', '$.a = "c"', '{ ($.a = "b" || $.a = "c" || $.a = "d") && $.e = 1 }'),
    ("{ $.a != %b% && %c% }", "$.a != %c%", "{ $.a != %b% && $.a != %c% }"),
    ("{ $.a = b || d e }", "$.d", None),
    ("[a = b || c]", "a = c", "[a = b || a = c]"),
    ("ERROR && WARN", "ERROR WARN", "ERROR WARN"),
    ('ERROR || "disk full"', '?ERROR ?"disk full"', '?ERROR ?"disk full"'),
    # keywords
    ("{ $.a is null }", "$.a IS NULL", "{ $.a IS NULL }"),
    ("{ $.a Is True }", "$.a IS TRUE", "{ $.a IS TRUE }"),
    ("{ $.a Not Exists }", "$.a NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a NOT exists }", "$.a NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a IS false }", "$.a IS FALSE", "{ $.a IS FALSE }"),
    ('{ $.a IS "null" }', "IS NULL", "{ $.a IS NULL }"),
    ("{ $.a EXISTS }", "$.a = *", "{ $.a = * }"),
    ("{ $.a exists }", "$.a = *", "{ $.a = * }"),
    ("{ $.a IS NOT NULL }", "$.a = *", "{ $.a = * }"),
    ("{ $.a is not null }", "$.a = *", "{ $.a = * }"),
    ("{ $.a NOT NULL }", "$.a = *", "{ $.a = * }"),
    ("{ $.a ISNULL }", "IS NULL", "{ $.a IS NULL }"),
    ("{ $.a NOTEXISTS }", "NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a IS MISSING }", "NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a NOT EXIST }", "NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a NTO EXISTS }", "did you mean NOT EXISTS", "{ $.a NOT EXISTS }"),
    ("{ $.a IS NUL }", "IS NULL", "{ $.a IS NULL }"),
    ('{ $.a contains "foo" }', '$.a = "*foo*"', '{ $.a = "*foo*" }'),
    ('{ $.a starts with "foo" }', '$.a = "foo*"', '{ $.a = "foo*" }'),
    # selectors
    ("{ eventName = x }", "$.eventName", "{ $.eventName = x }"),
    ("{ userIdentity.type = x }", "$.userIdentity.type", "{ $.userIdentity.type = x }"),
    ("{ resources[0].type = x }", "$.resources[0].type", "{ $.resources[0].type = x }"),
    ('{ "eventName" = x }', "$.eventName", "{ $.eventName = x }"),
    ('{ "a.b c" = x }', "$.a.['b c']", "{ $.a.['b c'] = x }"),
    ("{ 'a' = x }", "$.a", "{ $.a = x }"),
    ("{ @.a = x }", "$.a", "{ $.a = x }"),
    ("{ .a.b = x }", "$.a.b", "{ $.a.b = x }"),
    ("{ [0].a = x }", "$[0].a", "{ $[0].a = x }"),
    ("{ $eventName = x }", "$.eventName", "{ $.eventName = x }"),
    ('{ $."detail-type" = x }', "$.detail-type", "{ $.detail-type = x }"),
    ('{ $.a."b.c".d = x }', ".['b.c']", "{ $.a.['b.c'].d = x }"),
    ("{ $.'x' = 1 }", "$.x", "{ $.x = 1 }"),
    ("""{ $."it']s" = 1 }""", "in brackets", """{ $.["it']s"] = 1 }"""),
    ("{ $.a/b = 1 }", "$.['a/b']", "{ $.['a/b'] = 1 }"),
    ("{ $.x.a:b.c = 1 }", "$.x.['a:b']", "{ $.x.['a:b'].c = 1 }"),
    ("{ $.a[name] = 1 }", "['name']", "{ $.a['name'] = 1 }"),
    ("$.eventName = x", "braces", "{ $.eventName = x }"),
    ("($.a = 1) && ($.b = 2)", "braces", "{ ($.a = 1) && ($.b = 2) }"),
    # an escaping layer that was not removed
    ("{ $$.a = x }", "escaping layer", "{ $.a = x }"),
    (r"{ \$.a = x }", "escaping layer", "{ $.a = x }"),
    (r"\$.a = x", "escaping layer", None),
    (r"{ $.a = \"x\" }", "escaping layer", '{ $.a = "x" }'),
    (r"\"{ $.a = x }\"", "escaping layer", "{ $.a = x }"),
    (r"\"disk full\"", "escaping layer", '"disk full"'),
    ("'{ $.a = \"x\" }'", "escaping layer", '{ $.a = "x" }'),
    (r"'{ $.a = \"x\" }'", "escaping layer", '{ $.a = "x" }'),
    ('"{ $.a = "x" }"', "escaping layer", '{ $.a = "x" }'),
    ("`[a, b]`", "escaping layer", "[a, b]"),
    ("{ $.a = &quot;x&quot; }", "escaping layer", '{ $.a = "x" }'),
    ("{ $.a &lt; 1 &amp;&amp; $.b = 2 }", "escaping layer", "{ $.a < 1 && $.b = 2 }"),
    ("${ $.a = 1 }", "escaping layer", "{ $.a = 1 }"),
    ("$${ $.a = 1 }", "escaping layer", "{ $.a = 1 }"),
    # pasted from a formatted page
    ("{ $.a = “x y” }", "left double quotation mark", '{ $.a = "x y" }'),
    ("{ $.a = ‘x’ && $.b = “y” }", "left single quotation mark", '{ $.a = "x" && $.b = "y" }'),
    ("“disk full”", "U+201C", '"disk full"'),
    ("{ $.a = “x }", "U+201C", '{ $.a = "x" }'),
    ("{ $.a\u00a0= 1 }", "no-break space", "{ $.a = 1 }"),
    ("\ufeff{ $.a = 1 }", "zero width no-break space", "{ $.a = 1 }"),
    ("{ $.a\u200b = 1 }", "zero width space", "{ $.a = 1 }"),
    ("{ $.a = –5 }", "en dash", "{ $.a = -5 }"),
    ("{ $.a ≥ 5 }", "write >=", "{ $.a >= 5 }"),
    ("[a, …]", "horizontal ellipsis", "[a, ...]"),
    # comments, and what follows the end
    ("{ $.a = 1 } # why", "no comments", "{ $.a = 1 }"),
    ("[a] // why", "no comments", "[a]"),
    ("{ $.a = 1 # why\n }", "no comments", "{ $.a = 1 \n }"),
    ("{ $.a = 1 /* why */ && $.b = 2 }", "no comments", "{ $.a = 1  && $.b = 2 }"),
    ("// why\n{ $.a = 1 }", "no comments", "{ $.a = 1 }"),
    ("[a, # why\n b]", "no comments", "[a, \n b]"),
    ("{ $.a = 1 };", "nothing may follow", "{ $.a = 1 }"),
    ("{ $.a = 1 }'", "nothing may follow", "{ $.a = 1 }"),
    # brackets and quotes
    ("{ $.a = 1", "closing }", "{ $.a = 1 }"),
    ("[a, b ", "closing ]", "[a, b]"),
    ("{{ $.a = 1 }}", "one pair of braces", "{ $.a = 1 }"),
    ('{ $.a = "x }', "never closed", '{ $.a = "x" }'),
    ('[a, b = "x y]', "never closed", '[a, b = "x y"]'),
    ('"disk full', "never closed", '"disk full"'),
    ("{ $.a = %x }", "never closed", "{ $.a = %x% }"),
    ("%x|y", "never closed", "%x|y%"),
    (r'{ $.a = "C:\" }', r"\\ a backslash", r'{ $.a = "C:\\" }'),
    (r'"C:\"', r"\\ a backslash", r'"C:\\"'),
    # columns
    ("[ip, $user]", "without $", "[ip, user]"),
    ("[a, .., b]", "three dots", "[a, ..., b]"),
    ("[....]", "three dots", "[...]"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "holds", "mended"), CERTAIN)
def test_a_certain_rewrite_is_told_and_works(source: str, holds: str, mended: str | None) -> None:
    assert holds in error(source).hint
    assert mend_pattern(source) == mended
    if mended is not None:
        parse_pattern(mended)
        assert mend_pattern(mended) is None


# Each row: a pattern that only its author can put right, and what the hint holds.
ADVICE = [
    ("{ !($.a = 1) }", "$.a != 1, which is false where the field is absent; ($.a NOT EXISTS) || ($.a != 1)"),
    ('{ NOT ($.a = "x") }', '$.a != "x"'),
    ("{ not $.a >= 5 && $.b = 1 }", "$.a < 5"),
    ("{ ($.b = 1 || !$.a <= 5) }", "$.a > 5"),
    ("{ !($.a NOT EXISTS) }", "$.a = *"),
    ("{ !($.a IS NULL) }", "no negation"),
    ("{ !($.a = 1 && $.b = 2) }", "turn each comparison round"),
    ("{ !($.a = 1 }", "no negation"),
    ("{ !$.a }", "no negation"),
    ("{ NOT a = 1 }", "no negation"),
    ("{ ! }", "no negation"),
    ("{ $.a IS NOT TRUE }", "$.a IS FALSE, or where an absent field counts, too, ($.a NOT EXISTS) || ($.a IS FALSE)"),
    ("{ $.a is not false }", "$.a IS TRUE"),
    ("{ $.a IS 5 }", "compared with ="),
    ("{ $.a IS }", "NULL, TRUE or FALSE"),
    ("{ $.a NOT }", "NOT EXISTS"),
    ("{ $.a NOT == 5 }", "!="),
    ("{ $.a IN [x] }", "($.a = a) || ($.a = b)"),
    ("{ $.a between 1 }", "$.a >= 1 && $.a <= 5"),
    ('{ $.a like "x" }', '$.a = "*text*"'),
    ("{ $.a contains x }", '$.a = "*text*"'),
    ("{ $.a matches x }", "$.a = %text%"),
    ('{ $.a =~ "x" }', "regex between percent signs"),
    ("{ $.a !~ x }", "write !="),
    ("{ $.a <=> 1 }", "the operators are"),
    ("{ $.a }", "presence is $.a = *"),
    ("{ $.a && $.b = 1 }", "presence is $.a = *"),
    ("{ $.user name = 1 }", "an operator is missing"),
    ("{ $.a = }", "a value is missing"),
    ("{ $.a = && $.b = 1 }", "a value is missing"),
    ("{ $.a = , }", "a value is missing"),
    ("[a, b = ]", "a value is missing"),
    ("{ $.a = $.b }", 'two fields cannot be compared; as plain text $ needs double quotes: "$.b"'),
    ("{ $.a = (b || c) }", "($.a = a) || ($.a = b)"),
    ("{ $.a < %x% }", "= and != only"),
    ("{ $.a = 1, $.b = 2 }", "&& (both) or || (either)"),
    ("{ $.a = x,$.b = 2 }", "&& (both) or || (either)"),
    ('{ $.a = "x", $.b = 2 }', "no , between conditions"),
    ('{ $.a = "x"; $.b = 2 }', "no ; between conditions"),
    ("{ $.a = 1 $.b = 2 }", "&& (both) or || (either)"),
    ("{ ($.a = 1) ($.b = 2) }", "&& (both) or || (either)"),
    ('{ $.a = "x" "y" }', "a value is one phrase"),
    ('{ $.a = "x" y }', "&& (both)"),
    ("{ $.a IS NULL x }", "&& (both)"),
    ("{ ($.a = 1) x }", "&& (both)"),
    ("{ $.a = 1 < 5 }", "one operator"),
    ("{ $.a = 1) }", "closes none"),
    ("{ (($.a = 1) }", "the ( in column 3 is never closed"),
    ("{\n ($.a = 1\n}", "the ( in line 2, column 2 is never closed"),
    ("{ ($.a = 1 } }", "never closed"),
    ("{ }", "between the braces"),
    ("{ () }", "between the parentheses"),
    ("{ $.a = 1 && }", "behind &&"),
    ("{ ($.a = 1 ||) }", "behind ||"),
    ("{ && $.a = 1 }", "in front of &&"),
    ("{ || $.a = 1 }", "in front of ||"),
    ("{ { $.a = 1 }", "one pair of braces"),
    ("{ { $.a = 1 } && $.b = 2 }", "parentheses group conditions"),
    ("{ = 1 }", "starts with a selector"),
    ("{ %x% = 1 }", "starts with a selector"),
    ("{ a[ = 1 }", "starts with a selector"),
    ("{ $.a = b && %c }", "never closed"),
    ("{ $.a = 1 } { $.b = 2 }", "one pair of braces"),
    ("{ $.a = 1 } && $.b = 2", "one pair of braces"),
    ("{ $.a = 1 } AND x", "further conditions go inside"),
    ("[a] b", "one kind of line"),
    ("[a] [b]", "one kind of line"),
    ("{ $ = 1 }", "names a field"),
    ("{ $. = 1 }", "names a field"),
    ("{ $..a = 1 }", "no search at any depth"),
    ("{ $.a[-1] = 1 }", "counted from 0"),
    ("{ $.a[0:1] = 1 }", "no slices"),
    ("{ $.a[*x] = 1 }", "a ] is missing"),
    ("{ $.a[0 = 1 }", "a ] is missing"),
    ("{ $.a[?(@.x)] = 1 }", "no filters"),
    ("{ $.a[] = 1 }", "a number, a star or a quoted name"),
    ("{ $.Put* = 1 }", "a star stands for a whole name"),
    ("{ $.a[0], = 1 }", "stand in brackets"),
    ("{ $.it's = 1 }", "stand in brackets"),
    ('{ $."x = 1 }', "in brackets"),
    ("{ $.['a = 1 }", "the name that begins in column 4 is never closed"),
    ('{ $.a = "x && $.b = 2 }', "the quote in column 9 is never closed"),
    ('{ $.a = "}', "the quote in column 9 is never closed"),
    (r'{ $.a = "x\"y }', "the quote in column 9 is never closed"),
    ("{ $.a = %x && $.b = 2 }", "the % in column 9"),
    ("{ $.a = %(Stop|Delete)% }", r"\x28"),
    ("%a)b%", r"\x29"),
    ("%日%", "dot"),
    ("{ $.*.* = 1 }", "one wildcard step"),
    ("{ $.a.* = 1 || $.b.* = 1 || $.c.* = 1 || $.d.* = 1 }", "the fourth"),
    ("%a% %b% %c%", "the third"),
    ("- x", "directly before its term: -ERROR"),
    ("a ?", "directly before its term: ?ERROR"),
    ("--x", "one prefix"),
    ("a | b:c", "no operators between terms"),
    ('"a""b"', r"written \""),
    ('a"b"', "one pair of quotes"),
    ("%a%b", r"\x25"),
    ("# only this", '"# only this"'),
    ("$.a == 1", "braces"),
    ("[ip user]", "a comma stands between two columns"),
    ("[a, =5]", "names its column"),
    ('[a, "x"]', '"[ERROR]"'),
    ("[%x%]", '"[ERROR]"'),
    ("[a, [b]]", "no brackets inside"),
    ("[a.b]", "letters, digits, _ and -"),
    ("[a, $]", "letters, digits, _ and -"),
    ("[a, ..b]", "letters, digits, _ and -"),
    ("[!a = 1]", "no negation"),
    ("[NOT (a = 1)]", "no negation"),
    ("[a = 1 && NOT a = 2]", "no negation"),
    ("[a = 1 && ]", "a condition is missing"),
    ("[(a)]", "needs a comparison"),
    ("[a && b = 1]", "needs a comparison"),
    ("[a IS NULL]", "no IS for columns"),
    ("[a NOT EXISTS]", "no NOT for columns"),
    ("[a = x y]", 'double quotes: "x y"; another column needs a comma'),
    ("[a = 1 b = 2]", "a comma"),
    ("[ip, user, code = 4* && size > 10]", "no entry declares size, the columns are ip, user, code;"),
    ("[status = 4 || stauts = 5]", "did you mean status?"),
    ("[" + ",".join("abcdefghijklmn") + ", x = 1 && y = 2]", "a, b, c, d, e, f, g, h, i, j, k, l, …;"),
    ("[a, ..., b, ...]", "may stand once"),
    ("x" * 1030, "1,030 characters, 6 too many"),
]


@pytest.mark.parametrize(("source", "holds"), ADVICE)
def test_where_only_the_author_knows_the_hint_is_advice(source: str, holds: str) -> None:
    assert holds in error(source).hint
    assert mend_pattern(source) is None


@pytest.mark.parametrize("wanted", Expected)
def test_there_is_a_hint_for_everything_that_can_be_refused(wanted: Expected) -> None:
    assert any(expectation(source) is wanted for source, *_ in [*CERTAIN, *ADVICE])


def expectation(source: str) -> Expected:
    with pytest.raises(Refusal) as caught:
        _parse(source)
    return caught.value.expected


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("{ $.a = x:y }", "FP-2.4"),
        ("{ $.a = 'x' }", "FP-2.5"),
        ("'x'", "FP-2.5"),
        ("a:b", "FP-3.3"),
        ("--x", "FP-3.10"),
        ('"a""b"', "FP-2.7"),
        ("{ $.a == 1 }", "FP-2.9"),
        ("{ $.a is null }", "FP-2.3"),
        ("{ eventName = x }", "FP-13.11"),
        ("{ $eventName = x }", "FP-13.11"),
        ('{ $."x" = 1 }', "FP-4.8"),
        ("{ $..a = 1 }", "FP-4.8"),
        ("{ $ = 1 }", "FP-4.12"),
        (r"{ $.a = \"x\" }", "FP-13.9"),
        ("{ $.a = “x” }", "FP-13.9"),
        ("{ $.a = 1 } # why", "FP-1.3"),
        ("{ $.a = 1", "FP-1.2"),
        ("{ $.a > %x% }", "FP-5.5"),
        ("[a = 1 && b = 2]", "FP-6.5"),
        ("[..., ...]", "FP-6.2"),
        ("{ $.*.* = 1 }", "FP-4.11"),
        ("%a% %b% %c%", "FP-7.4"),
        ("%%", "FP-7.3"),
    ],
)
def test_the_rule_says_what_was_broken(source: str, rule: str) -> None:
    assert error(source).rule == rule


def test_a_hint_carries_nothing_that_a_terminal_would_act_on() -> None:
    shown = error("{ $.a = x:\x1b[31m\u202e }").hint
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_mending_gives_up_rather_than_going_round_in_circles() -> None:
    assert mend_pattern("{ " + "$.a == 1 && " * 50 + "$.a = 1 }") is None
    assert mend_pattern("{ " + "$.a == 1 && " * 30 + "$.a = 1 }") == "{ " + "$.a = 1 && " * 30 + "$.a = 1 }"


# ---------------------------------------------------------------- what remedies are made of


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("", '""'), ("a b", '"a b"'), ('say "x"', r'"say \"x\""'), (r"C:\temp", r'"C:\\temp"')],
)
def test_a_text_is_quoted_so_that_it_reads_back(text: str, quoted: str) -> None:
    assert quote(text) == quoted
    assert parse_pattern(quoted).terms[0].value.text == text


@pytest.mark.parametrize(
    ("source", "partner"),
    [("(a)", 2), ("((a) b)", 6), ('(a ")" b)', 8), ("(%)% b)", 6), ("(a", -1), ('(a ")', 4)],
)
def test_a_parenthesis_finds_its_partner(source: str, partner: int) -> None:
    assert find_partner(source, 0) == partner


@pytest.mark.parametrize(
    ("source", "position", "told"),
    [("abc", 2, "column 3"), ("\nabc\n", 3, "column 3"), ("a\nbc", 3, "line 2, column 2")],
)
def test_a_place_is_told_from_one(source: str, position: int, told: str) -> None:
    assert tell_place(source, position) == told
