"""AlarmRule expressions: grammar, errors, limits, evaluation, explanation (AL-12.1 to AL-12.4, AL-9.10)."""

from __future__ import annotations

import pickle

import pytest

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm import AlarmRule, AlarmRuleError
from tocsin.core.composite_alarm.parser import MAX_LENGTH
from tocsin.core.composite_alarm.tree import And, AtLeast, Constant, InState, Not, Or
from tocsin.errors import NotFoundError

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
ABC = {"a": ALARM, "b": OK, "c": INSUFFICIENT}
ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"

OPERAND = "'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA"
STATE = "'NOT', ALARM, OK, or INSUFFICIENT_DATA"
QUORUM = "NUMBER, PERCENTAGE NUMBER"


# ---------------------------------------------------------------- what a rule means


@pytest.mark.parametrize(
    ("rule", "holds", "children"),
    [
        # AL-12.a
        ("ALARM(a) OR ALARM(b) AND OK(c)", True, ("a",)),
        ("AT_LEAST(50%, ALARM, (a, b, c))", False, ("b", "c")),
        ("AT_LEAST(2, NOT OK, (a, b, c))", True, ("a", "c")),
        ("AT_LEAST(2, ALARM, (a, a, b))", True, ("a",)),
        # every state
        ("ALARM(a)", True, ("a",)),
        ("ALARM(c)", False, ("c",)),
        ("OK(b)", True, ("b",)),
        ("OK(c)", False, ("c",)),
        ("INSUFFICIENT_DATA(c)", True, ("c",)),
        ("INSUFFICIENT_DATA(a)", False, ("a",)),
        # AL-9.10: of an AND that is false the children that are false; constants have none
        ("ALARM(a) AND ALARM(b) AND ALARM(c)", False, ("b", "c")),
        ("ALARM(a) AND OK(b)", True, ("a", "b")),
        ("ALARM(b) OR ALARM(c)", False, ("b", "c")),
        ("ALARM(b) OR ALARM(a) OR TRUE", True, ("a",)),
        ("TRUE", True, ()),
        ("FALSE", False, ()),
        ("NOT NOT FALSE", False, ()),
        ("NOT (ALARM(b) OR ALARM(c))", True, ("b", "c")),
        ("NOT ALARM(a) OR NOT ALARM(b)", True, ("b",)),
        ("(ALARM(a) OR FALSE) AND (OK(b) OR ALARM(a))", True, ("a", "b")),
        ("(TRUE OR FALSE) AND FALSE", False, ()),
        # AL-12.2: a percentage is rounded up, NOT counts the others
        ("AT_LEAST(33%, ALARM, (a, b, c))", True, ("a",)),
        ("AT_LEAST(34%, ALARM, (a, b, c))", False, ("b", "c")),
        ("AT_LEAST(100%, NOT INSUFFICIENT_DATA, (a, b))", True, ("a", "b")),
        ("AT_LEAST(1%, ALARM, (b))", False, ("b",)),
        ("AT_LEAST(2, NOT ALARM, (a, b))", False, ("a",)),
    ],
)
def test_rule_holds_because_of_children(rule: str, holds: bool, children: tuple[str, ...]) -> None:
    parsed = AlarmRule.parse(rule)
    assert parsed.evaluate(ABC) is holds
    assert parsed.explain(ABC) == children


@pytest.mark.parametrize("states", [{"a": ALARM}, {f"{ARN}a": ALARM}])
@pytest.mark.parametrize("rule", [f"ALARM({ARN}a)", f'ALARM("{ARN}a")'])
def test_an_arn_means_the_alarm_of_its_name(rule: str, states: dict[str, StateValue]) -> None:
    assert AlarmRule.parse(rule).evaluate(states)
    assert AlarmRule.parse(rule).explain(states) == (f"{ARN}a",)


def test_a_state_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(NotFoundError, match="alarm b of the rule"):
        AlarmRule.parse("ALARM(a) OR ALARM(b)").evaluate({"a": ALARM})


# ---------------------------------------------------------------- what a rule looks like


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        ("TRUE", Constant(True)),
        ("ALARM ( name )", InState(ALARM, "name")),
        ("\tOK\r\n( a )", InState(OK, "a")),
        ("ALARM('a')", InState(ALARM, "'a'")),
        ('ALARM("a b")', InState(ALARM, "a b")),
        ('ALARM("a) \\"b\\" \\\\ \\c,")', InState(ALARM, 'a) "b" \\ \\c,')),
        ('ALARM("")', InState(ALARM, "")),
        ("ALARM(a\"b'c!)", InState(ALARM, "a\"b'c!")),
        ("ALARM(ALARM)AND OK(OK)", And((InState(ALARM, "ALARM"), InState(OK, "OK")))),
        ("NOT NOT FALSE", Not(Not(Constant(False)))),
        ("TRUE AND NOT FALSE OR TRUE", Or((And((Constant(True), Not(Constant(False)))), Constant(True)))),
        ("TRUE AND (FALSE AND TRUE)", And((Constant(True), Constant(False), Constant(True)))),
        ("(TRUE OR FALSE) OR ((TRUE))", Or((Constant(True), Constant(False), Constant(True)))),
        ("NOT(TRUE AND FALSE)", Not(And((Constant(True), Constant(False))))),
        ("AT_LEAST( 02 ,ALARM , (a,b))", AtLeast(2, False, False, ALARM, ("a", "b"))),
        ('AT_LEAST(50%, NOT OK, ("a b", c, c))', AtLeast(50, True, True, OK, ("a b", "c", "c"))),
    ],
)
def test_grammar(rule: str, tree: object) -> None:
    assert AlarmRule.parse(rule).tree == tree


def test_conditions_know_their_place() -> None:
    items = AlarmRule.parse(" ALARM(a) OR AT_LEAST(1, OK, (b))").tree
    assert isinstance(items, Or)
    assert [item.position for item in items.items] == [1, 13]


@pytest.mark.parametrize(
    ("rule", "canonical"),
    [
        ("  TRUE ", "TRUE"),
        ('(ALARM("a")AND(OK(b)))OR(NOT(FALSE))', "ALARM(a) AND OK(b) OR NOT FALSE"),
        ("NOT ( TRUE OR FALSE )AND TRUE", "NOT (TRUE OR FALSE) AND TRUE"),
        ("NOT(NOT(TRUE AND FALSE))", "NOT NOT (TRUE AND FALSE)"),
        ('ALARM("( x ) \\"\\\\")', 'ALARM("( x ) \\"\\\\")'),
        ("ALARM(a'b)", 'ALARM("a\'b")'),
        ("AT_LEAST(050%,NOT ALARM,(a,'))", 'AT_LEAST(50%, NOT ALARM, (a, "\'"))'),
        (f"ALARM({ARN}a)", f"ALARM({ARN}a)"),
        ('ALARM("")', 'ALARM("")'),
    ],
)
def test_canonical_text(rule: str, canonical: str) -> None:
    parsed = AlarmRule.parse(rule)
    assert str(parsed) == canonical
    assert AlarmRule.parse(canonical) == parsed
    assert parsed.source == rule


def test_a_rule_without_room_for_blanks_is_printed_without_them() -> None:
    unit = "(AT_LEAST(1,NOT OK,('a,b))AND TRUE)OR NOT"
    rule = unit * 70 + "(TRUE)AND TRUE"
    rule += " " * (MAX_LENGTH - len(rule))
    dense = AlarmRule.parse(f"ALARM({'x' * (MAX_LENGTH - 40)}')AND(TRUE OR(TRUE))AND NOT(TRUE)")
    assert "')AND(" in str(dense)
    assert AlarmRule.parse(str(dense)) == dense
    assert AlarmRule.parse(str(AlarmRule.parse(rule))) == AlarmRule.parse(rule)


def test_children_are_listed_as_written_once_and_in_order() -> None:
    rule = AlarmRule.parse(f"ALARM(b) AND AT_LEAST(1, OK, (c, {ARN}b, c)) OR NOT OK(a) OR OK(b) OR TRUE")
    assert rule.children == ("b", "c", f"{ARN}b", "a")


def test_a_rule_is_a_value() -> None:
    one, other = AlarmRule.parse("ALARM(a) OR TRUE"), AlarmRule.parse('( ALARM("a")OR TRUE )')
    assert one == other
    assert hash(one) == hash(other)
    assert one != AlarmRule.parse("TRUE OR ALARM(a)")
    assert one != "ALARM(a) OR TRUE"
    assert pickle.loads(pickle.dumps(one)).source == one.source
    assert repr(one) == "AlarmRule.parse('ALARM(a) OR TRUE')"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("rule", "token", "position", "expected"),
    [
        # the table of AL-12.4
        ("true", "true", 0, OPERAND),
        ("TRUE and FALSE", "and", 5, "<EOF>, 'AND', 'OR'"),
        ("TRUE && FALSE", "&&", 5, "<EOF>, 'AND', 'OR'"),
        ("TRUE FALSE", "FALSE", 5, "<EOF>"),
        ("TRUE junk", "junk", 5, "<EOF>"),
        ("ALARM(an alarm)", "alarm", 9, "')'"),
        ("(TRUE FALSE)", "FALSE", 6, "')'"),
        ("AT_LEAST(-1, ALARM, (a, b))", "-1", 9, QUORUM),
        ("AT_LEAST(1.5, ALARM, (a, b))", "1.5", 9, QUORUM),
        ("AT_LEAST(50.5%, ALARM, (a, b))", "50.5%", 9, QUORUM),
        ("AT_LEAST(2, alarm, (a, b))", "alarm", 12, STATE),
        # the same, elsewhere
        ("TRUE or FALSE", "or", 5, "<EOF>"),
        ("TRUE || FALSE", "||", 5, "<EOF>"),
        ("TRUE)", ")", 4, "<EOF>"),
        ('TRUE "and"', '"and"', 5, "<EOF>"),
        ("(TRUE", "<EOF>", 5, "')'"),
        ("(TRUE and FALSE)", "and", 6, "')'"),
        ("!TRUE", "!TRUE", 0, OPERAND),
        ("! TRUE", "!", 0, OPERAND),
        ("alarm(a)", "alarm", 0, OPERAND),
        ("Alarm(a)", "Alarm", 0, OPERAND),
        ("UNKNOWN(a)", "UNKNOWN", 0, OPERAND),
        ('"TRUE"', '"TRUE"', 0, OPERAND),
        ("AND TRUE", "AND", 0, OPERAND),
        ("TRUE AND", "<EOF>", 8, OPERAND),
        ("TRUE OR AND TRUE", "AND", 8, OPERAND),
        ("NOT", "<EOF>", 3, OPERAND),
        ("()", ")", 1, OPERAND),
        ("  ", "<EOF>", 2, OPERAND),
        ("ALARM a", "a", 6, "'('"),
        ("ALARM", "<EOF>", 5, "'('"),
        ("ALARM()", ")", 6, "ALARM NAME"),
        ("ALARM(a", "<EOF>", 7, "')'"),
        ("ALARM(a, b)", ",", 7, "')'"),
        ('ALARM("a', "<EOF>", 8, "'\"'"),
        ('TRUE "', "<EOF>", 6, "'\"'"),
        ("AT_LEAST 1", "1", 9, "'('"),
        ("AT_LEAST()", ")", 9, QUORUM),
        ("AT_LEAST(%, OK, (a))", "%", 9, QUORUM),
        ('AT_LEAST("1", OK, (a))', '"1"', 9, QUORUM),
        ("AT_LEAST(²,OK,(a))", "²", 9, QUORUM),
        ("AT_LEAST(50 %, OK, (a))", "%", 12, "','"),
        ("AT_LEAST(1 ALARM, (a))", "ALARM", 11, "','"),
        ("AT_LEAST(1, , (a))", ",", 12, STATE),
        ("AT_LEAST(1, NOT not, (a))", "not", 16, "ALARM, OK, or INSUFFICIENT_DATA"),
        ("AT_LEAST(1, not OK, (a))", "not", 12, STATE),
        ("AT_LEAST(1, OK (a))", "(", 15, "','"),
        ("AT_LEAST(1, OK, a)", "a", 16, "'('"),
        ("AT_LEAST(1, OK, ())", ")", 17, "ALARM NAME"),
        ("AT_LEAST(1, OK, (a,))", ")", 19, "ALARM NAME"),
        ("AT_LEAST(1, OK, (a b))", "b", 19, "')'"),
        ("AT_LEAST(1, OK, (a)", "<EOF>", 19, "')'"),
        ("TRUE \x1b[1m", "\N{REPLACEMENT CHARACTER}[1m", 5, "<EOF>"),
    ],
)
def test_text_that_is_no_rule(rule: str, token: str, position: int, expected: str) -> None:
    with pytest.raises(AlarmRuleError) as raised:
        AlarmRule.parse(rule)
    error = raised.value
    assert error.message == (
        f"Error in AlarmRule [Unsupported token '{token}' at char {position}, must be: {expected}]"
    )
    assert error.position == position
    assert error.hint
    assert error.aws_code == "ValidationError"


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ("AT_LEAST(3, ALARM, (a, b))", "absolute threshold must be between 1 and number of alarms (2)"),
        ("AT_LEAST(0, ALARM, (a, b))", "absolute threshold must be between 1 and number of alarms (2)"),
        (f"AT_LEAST({'9' * 9000}, OK, (a))", "absolute threshold must be between 1 and number of alarms (1)"),
        ("AT_LEAST(0%, ALARM, (a, b))", "percentage threshold must be between 1 and 100"),
        ("AT_LEAST(101%, ALARM, (a, b))", "percentage threshold must be between 1 and 100"),
        (f"AT_LEAST({'0' * 9000}%, ALARM, (a, b))", "percentage threshold must be between 1 and 100"),
    ],
)
def test_quorum_out_of_range(rule: str, limit: str) -> None:
    with pytest.raises(AlarmRuleError) as raised:
        AlarmRule.parse(rule)
    assert raised.value.message == f"Error in AlarmRule [AT_LEAST {limit}]"
    assert raised.value.position == 9


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("true", "write TRUE"),
        ("Not TRUE", "write NOT"),
        ("!TRUE", "write NOT, not !"),
        ("! TRUE", "write NOT"),
        ("TRUE && TRUE", "write AND"),
        ("TRUE || TRUE", "write OR"),
        ("(TRUE or TRUE)", "write OR"),
        ("TRUE TRUE", "joined by AND or OR"),
        ("TRUE not", "joined by AND or OR"),
        ("(TRUE", "close the parenthesis"),
        ("TRUE)", "no parenthesis is open"),
        ("ALARM(a b)", "double quotes"),
        ('ALARM("a', "char 6 is never closed"),
        ("AT_LEAST(1, ok, (a))", "write OK"),
        ("AT_LEAST(1, not OK, (a))", "write NOT"),
        ("AT_LEAST(1, true, (a))", "name the state"),
        ("AT_LEAST(0, OK, (a))", "at least one"),
        ("AT_LEAST(2, OK, (a))", "ask for fewer"),
        ("", "write FALSE"),
    ],
)
def test_a_refusal_says_what_to_do(rule: str, hint: str) -> None:
    with pytest.raises(AlarmRuleError) as raised:
        AlarmRule.parse(rule)
    assert hint in raised.value.hint


def test_an_error_draws_its_place_and_travels() -> None:
    with pytest.raises(AlarmRuleError) as raised:
        AlarmRule.parse("TRUE and FALSE")
    assert str(raised.value).splitlines()[1:] == [
        "  TRUE and FALSE",
        "       ^",
        "hint: write AND: the words of a rule are in capitals",
    ]
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert "hint" not in str(AlarmRuleError("no", source="TRUE", position=0))


# ---------------------------------------------------------------- AL-12.3


@pytest.mark.parametrize(
    ("rule", "says", "position"),
    [
        ("", "Member must have length greater than or equal to 1", 0),
        ("TRUE" + " " * (MAX_LENGTH - 3), "Member must have length less than or equal to 10240", MAX_LENGTH),
        (" OR ".join(f"OK({n})" for n in range(101)), "at most 100 different alarms", 993),
        (" OR ".join(["TRUE"] * 501), "at most 500 elements", 4000),
        ("(" * 5000, "at most 500 elements", 500),
        (f"AT_LEAST(1, OK, ({','.join('a' * 501)}))", "at most 500 elements", 1017),
    ],
)
def test_limits(rule: str, says: str, position: int) -> None:
    with pytest.raises(AlarmRuleError) as raised:
        AlarmRule.parse(rule)
    assert says in raised.value.message
    assert raised.value.position == position
    assert len(raised.value.message) < 2000


@pytest.mark.parametrize(
    "rule",
    [
        "TRUE" + " " * (MAX_LENGTH - 4),
        " OR ".join(f"OK({n})" for n in [*range(100), *range(100)]),
        " OR ".join(["TRUE"] * 500),
        "(" * 499 + "TRUE" + ")" * 499,
        "NOT " * ((MAX_LENGTH - 4) // 4) + "TRUE",
        "NOT(TRUE AND(TRUE OR " * 124 + "TRUE" + "))" * 124,
    ],
)
def test_what_is_just_within_the_limits_works_at_any_depth(rule: str) -> None:
    parsed = AlarmRule.parse(rule)
    states = dict.fromkeys(parsed.children, OK)
    assert parsed.evaluate(states) in {True, False}
    assert set(parsed.explain(states)) <= set(states)
    assert AlarmRule.parse(str(parsed)) == parsed


# ---------------------------------------------------------------- what is certain of one child


@pytest.mark.parametrize(
    ("rule", "certain"),
    [
        ("ALARM(a)", True),
        (f'ALARM("{ARN}a")', True),
        ("ALARM(b)", False),
        ("OK(a)", False),
        ("NOT OK(a)", True),
        ("NOT ALARM(b)", False),
        ("ALARM(a) OR ALARM(b)", True),
        ("ALARM(b) OR ALARM(c)", False),
        ("ALARM(b) OR FALSE OR OK(a)", False),
        ("OK(a) OR FALSE", False),
        ("ALARM(a) AND ALARM(b)", False),
        ("ALARM(a) AND TRUE", True),
        ("ALARM(b) AND OK(a)", False),
        ("NOT (OK(a) AND ALARM(b))", True),
        ("AT_LEAST(1, ALARM, (a, b, c))", True),
        ("AT_LEAST(2, ALARM, (a, b, c))", False),
        ("AT_LEAST(2, ALARM, (a, a, b))", True),
        ("NOT AT_LEAST(3, OK, (a, b, c))", True),
        ("AT_LEAST(1, NOT OK, (a, b))", True),
        # what follows from how states go together is not looked for
        ("ALARM(b) OR NOT ALARM(b)", False),
    ],
)
def test_a_rule_holds_with_one_child_where_that_is_certain(rule: str, certain: bool) -> None:
    assert AlarmRule.parse(rule).holds_with("a", ALARM) is certain
