"""Reading expressions: trees, precedence, and what is refused where (AL-4.1, AL-4.3, AL-4.4)."""

from __future__ import annotations

import pytest

from tocsin.core.metric_math import Expression, Kind, MathError
from tocsin.core.metric_math.catalogue import FUNCTIONS
from tocsin.core.metric_math.kind import kind_text
from tocsin.core.metric_math.parser import MAX_DEPTH, MAX_LENGTH
from tocsin.core.metric_math.tree import (
    Array,
    Call,
    Chain,
    Negate,
    Number,
    Op,
    Reference,
    Text,
    Word,
)

A, B, C, D = (Reference(name) for name in "abcd")


def refused(source: str) -> MathError:
    with pytest.raises(MathError) as caught:
        Expression.parse(source)
    return caught.value


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a", A),
        (" \t\r\na\n", A),
        ("e1_X9", Reference("e1_X9")),
        ("((a))", A),
        ("a+1.5e2", Chain((A, Number(150.0)), (Op.ADD,))),
        ("a*.5", Chain((A, Number(0.5)), (Op.MULTIPLY,))),
        ("a*5.", Chain((A, Number(5.0)), (Op.MULTIPLY,))),
        ("a-b+c", Chain((A, B, C), (Op.SUBTRACT, Op.ADD))),
        ("(a-b)+c", Chain((A, B, C), (Op.SUBTRACT, Op.ADD))),
        ("a-(b+c)", Chain((A, Chain((B, C), (Op.ADD,))), (Op.SUBTRACT,))),
        ("a+b*c", Chain((A, Chain((B, C), (Op.MULTIPLY,))), (Op.ADD,))),
        ("a*b+c", Chain((Chain((A, B), (Op.MULTIPLY,)), C), (Op.ADD,))),
        ("a^b^c", Chain((A, B, C), (Op.POWER, Op.POWER))),
        ("a^(b^c)", Chain((A, B, C), (Op.POWER, Op.POWER))),
        ("(a^b)^c", Chain((Chain((A, B), (Op.POWER,)), C), (Op.POWER,))),
        ("a^(b^c)^d", Chain((A, Chain((B, C), (Op.POWER,)), D), (Op.POWER, Op.POWER))),
        ("-a^b", Chain((Negate(A), B), (Op.POWER,))),
        ("a^-b", Chain((A, Negate(B)), (Op.POWER,))),
        ("--a", Negate(Negate(A))),
        ("a--b", Chain((A, Negate(B)), (Op.SUBTRACT,))),
        ("-(a+b)", Negate(Chain((A, B), (Op.ADD,)))),
        ("a>b+c", Chain((A, Chain((B, C), (Op.ADD,))), (Op.GT,))),
        ("a<b<=c", Chain((A, B, C), (Op.LT, Op.LE))),
        ("a==b!=c", Chain((A, B, C), (Op.EQ, Op.NE))),
        ("a>=b AND c", Chain((Chain((A, B), (Op.GE,)), C), (Op.AND,))),
        ("a||b&&c", Chain((A, Chain((B, C), (Op.AND,))), (Op.OR,))),
        ("a OR b OR c", Chain((A, B, C), (Op.OR, Op.OR))),
        ("[a]", Array((A,))),
        ("[a,b*2]", Array((A, Chain((B, Number(2.0)), (Op.MULTIPLY,))))),
        ("METRICS()", Call("METRICS", ())),
        ("METRICS('x\"y')", Call("METRICS", (Text('x"y'),))),
        ("FILL(a,REPEAT)", Call("FILL", (A, Word("REPEAT")))),
        (
            "SORT(METRICS(),AVG,DESC,3)",
            Call("SORT", (Call("METRICS", ()), Word("AVG"), Word("DESC"), Number(3.0))),
        ),
    ],
)
def test_trees(source: str, wanted: object) -> None:
    assert Expression.parse(source).tree == wanted


def test_nodes_know_their_places() -> None:
    tree = Expression.parse(" a + IF( b, c)").tree
    assert isinstance(tree, Chain)
    call = tree.operands[1]
    assert isinstance(call, Call)
    assert (tree.position, call.position, [node.position for node in call.arguments]) == (1, 5, [9, 12])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("a", Kind.SERIES | Kind.ARRAY),
        ("a+1", Kind.SERIES | Kind.ARRAY),
        ("1+a>2", Kind.SERIES | Kind.ARRAY),
        ("[a,b]*c", Kind.ARRAY),
        ("TIME_SERIES(1)+2", Kind.SERIES),
        ("-TIME_SERIES(1)", Kind.SERIES),
        ("AVG(a)", Kind.SERIES),  # of a series it would be a number, and no result
        ("AVG([a,b])", Kind.SERIES),
        ("FILL(a,AVG(FIRST([a])))", Kind.SERIES | Kind.ARRAY),
        ("IF(a>5,1)", Kind.SERIES | Kind.ARRAY),
        ("IF(1,2,TIME_SERIES(3))", Kind.SERIES),
        ("FILL(FIRST([a]),0)", Kind.SERIES),
        ("FILL([a],b)", Kind.ARRAY),
        ("RATE([a])", Kind.ARRAY),
        ("ANOMALY_DETECTION_BAND(a)", Kind.ARRAY),
        ("SEARCH('x','Sum',300)", Kind.ARRAY),
        ("HOUR(a)", Kind.SERIES),
    ],
)
def test_kind_of_the_result(source: str, kind: Kind) -> None:
    assert Expression.parse(source).kind == kind


@pytest.mark.parametrize(
    ("source", "position", "says"),
    [
        # Syntax
        ("", 0, "the expression ends where a number, an id or a function is expected"),
        ("  ", 2, "the expression ends"),
        ("a+", 2, "the expression ends"),
        ("a b", 2, "'b' stands where an operator is expected"),
        ("a 5", 2, "'5' stands where an operator is expected"),
        ("+a", 0, "'+' stands where a number, an id or a function is expected"),
        ("a)", 1, "')' stands where an operator is expected"),
        ("(a", 2, "the expression ends where ')' is expected"),
        ("[a", 2, "the expression ends where ']' is expected"),
        ("[]", 1, "']' stands where"),
        ("[a,]", 3, "']' stands where"),
        ("AVG(a", 5, "the expression ends where ')' is expected"),
        ("AVG(", 4, "the expression ends where a number"),
        ("AVG(a,)", 5 + 1, "AVG takes 1 argument"),
        ("IF(a,)", 5, "')' stands where a number"),
        ("FILL(a b)", 7, "'b' stands where ')' is expected"),
        ("a=b", 1, "the character '=' has no meaning here"),
        ("a & b", 2, "the character '&' has no meaning here"),
        ("a % b", 2, "the character '%' has no meaning here"),
        ("a\u00a0+b", 1, "has no meaning here"),
        ("m²", 1, "the character '²' has no meaning here"),
        ("\ud800", 0, "the character '\ufffd' has no meaning here"),
        ('METRICS("x)', 8, "a text without its closing quote"),
        ("METRICS('x\")", 8, "a text without its closing quote"),
        ("a*1e999", 2, "the number is too large"),
        # Types
        ("5", 0, "the result is a single number, not a time series or an array of time series"),
        (" 1 + 2", 1, "the result is a single number"),
        ("IF(1,2,3)", 0, "the result is a single number"),
        ("METRIC_COUNT([a])", 0, "the result is a single number"),
        ("'x'", 0, "the result is a text in quotes"),
        ("REPEAT", 0, "the result is a word"),
        ("a + 'x'", 4, "a text in quotes stands where a number or a series is expected"),
        ("M1 + a", 0, "a word stands where a number or a series is expected"),
        ("-REPEAT", 1, "a word stands where"),
        ("[a,5]", 3, "an array is made of time series, not of a single number"),
        ("[[a]]", 1, "an array is made of time series, not of an array of time series"),
        ("[ASC]", 1, "an array is made of time series, not of a word"),
        ("AVG(5)", 4, "AVG takes a time series or an array of time series here, not a single number"),
        ("TIME_SERIES(a)", 12, "TIME_SERIES takes a single number here"),
        ("FIRST(TIME_SERIES(1))", 6, "FIRST takes an array of time series here, not a time series"),
        ("HOUR([a])", 5, "HOUR takes a time series here, not an array of time series"),
        ("FILL(a,[b])", 7, "FILL takes a single number or a time series or REPEAT or LINEAR here"),
        ("FILL(a,ASC)", 7, "'ASC' is nothing that FILL takes here"),
        ("ABS(X)", 4, "'X' is nothing that ABS takes here"),
        ("ABS('x')", 4, "ABS takes a single number or a time series or an array of time series here, not a text"),
        ("SORT([a],5,ASC)", 9, "SORT takes AVG or MIN or MAX or SUM here, not a single number"),
        ("METRICS(a)", 8, "METRICS takes a text in quotes here"),
        ("a*PERIOD(b+1)", 9, "PERIOD takes the id of a metric"),
        ("SEARCH('x')", 10, "SEARCH takes 2 or 3 arguments"),
        # Arity
        ("AVG()", 4, "AVG takes 1 argument"),
        ("AVG(a,b)", 6, "AVG takes 1 argument"),
        ("IF(a)", 4, "IF takes 2 or 3 arguments"),
        ("IF(a,1,2,3)", 9, "IF takes 2 or 3 arguments"),
        ("METRICS('a','b')", 12, "METRICS takes 0 or 1 arguments"),
        # Functions
        ("AVERAGE(a)", 0, "there is no function 'AVERAGE'"),
        ("avg(a)", 0, "'avg' is no function"),
        ("foo(a)", 0, "'foo' is no function"),
        ("INSIGHT_RULE_METRIC('x', 'y')", 0, "INSIGHT_RULE_METRIC is not supported: it reads Contributor Insights"),
        ("a/SERVICE_QUOTA(a)", 2, "SERVICE_QUOTA is not supported: it reads the quotas"),
        (" select avg (x) FROM y", 0, "Metrics Insights queries (SELECT …) are not supported"),
        ('SELECT SUM(x) FROM SCHEMA("AWS/EC2", InstanceId)', 0, "Metrics Insights queries"),
        # Size
        ("a+" * 1023 + "bbb", MAX_LENGTH, "the expression has 2049 characters"),
    ],
)
def test_what_is_refused_where(source: str, position: int, says: str) -> None:
    error = refused(source)
    assert says in error.message
    assert (error.position, error.source) == (position, source)
    assert error.aws_code == "ValidationError"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("a=b", "to compare, write =="),
        ("a|b", "write || or OR"),
        ("5", "TIME_SERIES(…) makes a series of a number"),
        ("avg(a)", "names of functions are in upper case"),
        ("M1+a", "the ids of queries start with a lower-case letter"),
        ("ABS(M1)", "the ids of queries start with a lower-case letter"),
        ("FILL(a,ZERO)", "write REPEAT or LINEAR"),
        ("RUNING_SUM(a)", "did you mean 'RUNNING_SUM'?"),
        ("a>1 and b>1", "AND and OR are in upper case"),
        ("(a or b)", "AND and OR are in upper case"),
        ("foo(a)", ""),
        ("a%b", ""),
    ],
)
def test_hints(source: str, hint: str) -> None:
    assert refused(source).hint == hint


@pytest.mark.parametrize(
    "source",
    [
        "(" * 2000,
        "-" * 2000,
        "[" * 2000,
        "(" * 1000 + "a" + ")" * 1000,
        "-" * 2000 + "a",
        "ABS(" * 400 + "a" + ")" * 400,
        "a-(" * 500 + "a" + ")" * 500,
        "a OR a AND a==a+a*a^(" * 90 + "a" + ")" * 90,
        # Looser and looser operators behind each parenthesis: high trees, little recursion.
        "(" * 60 + "a" + "*1+1==1 AND 1 OR 1)" * 60,
    ],
)
def test_deep_nesting_is_refused(source: str) -> None:
    assert refused(source).message == f"nested more than {MAX_DEPTH} levels deep"


@pytest.mark.parametrize("op", ["+", "*", "^", "==", "||"])
def test_a_row_of_operators_is_not_deep(op: str) -> None:
    source = op.join(["a"] * (MAX_LENGTH // (1 + len(op))))
    made = Expression.parse(source)
    assert Expression.parse(str(made)) == made


def test_nesting_up_to_the_bound() -> None:
    source = "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH
    assert Expression.parse(source).tree == A
    assert refused(f"({source})").position == MAX_DEPTH + 1
    assert Expression.parse("-" * MAX_DEPTH + "a")
    assert refused("-" * (MAX_DEPTH + 1) + "a").position == MAX_DEPTH + 1


def test_functions_are_those_of_the_specification() -> None:
    wanted = (
        "ABS CEIL FLOOR LOG LOG10 AVG MIN MAX SUM STDDEV DATAPOINT_COUNT DIFF DIFF_TIME RATE FILL FIRST LAST SLICE SORT "
        "REMOVE_EMPTY METRIC_COUNT IF METRICS MINUTE HOUR DAY DATE MONTH YEAR EPOCH PERIOD RUNNING_SUM TIME_SERIES "
        "ANOMALY_DETECTION_BAND SEARCH"
    )
    assert set(FUNCTIONS) == set(wanted.split())


def test_ids_that_look_like_keywords_are_ids() -> None:
    assert Expression.parse("select+sum+and").references == {"select", "sum", "and"}


def test_kinds_in_words() -> None:
    assert kind_text(Kind.SERIES | Kind.TEXT) == "a time series or a text in quotes"
