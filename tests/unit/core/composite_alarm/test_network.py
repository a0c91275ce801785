"""Composites in a network: order, reasons, cycles, what may be saved and deleted (AL-12.3 to AL-12.7, AL-9.9, AL-9.10, AL-11.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alarm.error import AlarmError
from tocsin.core.alarm.state import AlarmState, StateValue
from tocsin.core.composite_alarm import AlarmNetwork, AlarmRuleError, CompositeAlarm, cycles
from tocsin.core.composite_alarm.reference import AlarmArn, AlarmScope, name_in, parse_arn
from tocsin.errors import NotFoundError

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
SCOPE = AlarmScope("111122223333", "us-east-1")
ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:"
AT = datetime(2026, 9, 14, 11, 18, 44, 250_000, tzinfo=UTC)
EARLIER = AT - timedelta(days=10)


def composite(name: str, rule: str, suppressor: str | None = None) -> CompositeAlarm:
    parameters = {"AlarmName": name, "AlarmRule": rule}
    if suppressor is not None:
        parameters |= {
            "ActionsSuppressor": suppressor,
            "ActionsSuppressorWaitPeriod": 60,
            "ActionsSuppressorExtensionPeriod": 60,
        }
    return CompositeAlarm.from_aws(parameters)


def composites(**rules: str) -> list[CompositeAlarm]:
    return [composite(name, rule) for name, rule in rules.items()]


def network(**rules: str) -> AlarmNetwork:
    return AlarmNetwork(composites(**rules), scope=SCOPE)


def state(value: StateValue, at: datetime = EARLIER) -> AlarmState:
    return AlarmState(state_value=value, reason="", updated_at=at, transitioned_at=at)


def states(**values: StateValue) -> dict[str, AlarmState]:
    return {name: state(value) for name, value in values.items()}


def changed(net: AlarmNetwork, name: str, value: StateValue, **others: StateValue) -> list[tuple[str, str, str]]:
    found = net.change([name], {**states(**others), name: state(value, AT)}, AT)
    return [(one.alarm_name, one.old, one.new) for one in found]


# ---------------------------------------------------------------- evaluation


@pytest.mark.parametrize(
    ("rules", "before", "wanted"),
    [
        ({"c": "ALARM(a)"}, {"c": OK}, [("c", OK, ALARM)]),
        ({"c": f"ALARM({ARN}a)"}, {"c": OK}, [("c", OK, ALARM)]),
        # a further child entering ALARM while the rule stays true changes nothing
        ({"c": "ALARM(a) OR ALARM(b)"}, {"b": ALARM, "c": ALARM}, []),
        ({"c": "ALARM(b)"}, {"b": OK, "c": OK}, []),
        # breadth first: both that name a, then the one above
        (
            {"top": "ALARM(p) AND ALARM(q)", "q": "ALARM(a)", "p": "ALARM(a)"},
            {"top": OK, "p": OK, "q": OK},
            [("q", OK, ALARM), ("p", OK, ALARM), ("top", OK, ALARM)],
        ),
        # a composite waits for another one that it depends on, wherever it is defined
        (
            {"top": "ALARM(a) AND ALARM(p)", "p": "ALARM(a)"},
            {"top": OK, "p": OK},
            [("p", OK, ALARM), ("top", OK, ALARM)],
        ),
        # what does not change is not carried on
        ({"p": "ALARM(a) AND OK(a)", "top": "ALARM(p)"}, {"p": OK, "top": ALARM}, []),
        # a composite that was set by hand comes back when a child changes (AL-8.7)
        ({"c": "ALARM(a)"}, {"c": INSUFFICIENT}, [("c", INSUFFICIENT, ALARM)]),
        ({"c": "ALARM(a)"}, {}, [("c", INSUFFICIENT, ALARM)]),
    ],
)
def test_one_change_brings_about_others(rules: dict, before: dict, wanted: list) -> None:
    assert changed(network(**rules), "a", ALARM, **before) == wanted


def test_a_cycle_is_evaluated_once_and_stays_inconsistent() -> None:
    """AL-12.7: x and y contradict each other for ever; behind the cycle things go on."""
    net = network(x="ALARM(a) AND NOT ALARM(y)", y="ALARM(x)", z="ALARM(y) AND ALARM(a)")
    assert changed(net, "a", ALARM, x=OK, y=OK, z=OK) == [("x", OK, ALARM), ("y", OK, ALARM), ("z", OK, ALARM)]
    assert changed(net, "x", ALARM, a=ALARM, y=OK, z=OK) == [("y", OK, ALARM), ("z", OK, ALARM)]


def test_what_is_behind_a_cycle_waits_for_it() -> None:
    net = network(z="ALARM(a) AND ALARM(y)", x="ALARM(a) OR ALARM(y)", y="ALARM(x)")
    assert changed(net, "a", ALARM, x=OK, y=OK, z=OK) == [("x", OK, ALARM), ("y", OK, ALARM), ("z", OK, ALARM)]


def test_itself_as_child_is_evaluated_once() -> None:
    assert changed(network(x="ALARM(a) OR ALARM(x)"), "a", OK, x=ALARM) == []
    assert changed(network(x="ALARM(a) OR ALARM(x)"), "a", ALARM, x=OK) == [("x", OK, ALARM)]


def test_changes_of_one_instant_are_seen_together() -> None:
    net = network(c="ALARM(a) OR ALARM(b)")
    now = {"a": state(OK, AT), "b": state(ALARM, AT), "c": state(ALARM)}
    assert net.change(["a", "b", "a"], now, AT) == ()
    assert net.change(["m"], now, AT) == ()


def test_a_child_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="state of the alarm b"):
        changed(network(c="ALARM(a) OR ALARM(b)"), "a", ALARM, c=OK)


# ---------------------------------------------------------------- reasons


def test_creation() -> None:
    """AL-12.6: at once, and out of the initial state, so that it is always a transition."""
    net = network(c=f"ALARM({ARN}a) OR ALARM(a)", top="ALARM(c)")
    (first,) = net.create("c", states(a=OK, top=OK), AT)
    assert (first.old, first.new, first.at) == (INSUFFICIENT, OK, AT)
    assert first.reason == f"{ARN}c was created and its alarm rule evaluates to OK"
    assert json.loads(first.reason_data) == {
        "triggeringAlarms": [{"arn": f"{ARN}a", "state": {"value": "OK", "timestamp": "2026-09-04T11:18:44.250+0000"}}]
    }
    found = net.create("c", states(a=ALARM, top=OK), AT)
    assert [one.reason for one in found] == [
        f"{ARN}c was created and its alarm rule evaluates to ALARM",
        f"{ARN}c transitioned to ALARM at Monday 14 September, 2026 11:18:44 UTC",
    ]
    assert net.create("c", states(a=ALARM, c=INSUFFICIENT, top=ALARM), AT)[0].old == INSUFFICIENT


def test_update() -> None:
    net = network(c="NOT ALARM(a)", top="ALARM(c)")
    found = net.update("c", states(a=OK, c=OK, top=OK), AT)
    assert [(one.alarm_name, one.new) for one in found] == [("c", ALARM), ("top", ALARM)]
    assert found[0].reason == f"{ARN}c was updated and its new alarm rule evaluates to ALARM"
    assert net.update("c", states(a=OK, c=ALARM, top=OK), AT) == ()


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "Monday 14 September, 2026 11:18:44 UTC"),
        (datetime(2023, 8, 4, 0, 4, 6, tzinfo=UTC), "Friday 04 August, 2023 00:04:06 UTC"),
        (datetime.fromisoformat("2026-01-01T00:30:00+01:00"), "Wednesday 31 December, 2025 23:30:00 UTC"),
    ],
)
def test_reason_of_a_change(at: datetime, text: str) -> None:
    """AL-9.9."""
    net = network(c="ALARM(a)")
    (found,) = net.change(["a"], {"a": state(OK, at), "c": state(ALARM)}, at)
    assert found.reason == f"{ARN}a transitioned to OK at {text}"


def test_the_last_child_to_change_is_named() -> None:
    net = network(top="ALARM(p) AND ALARM(a)", p="ALARM(a)")
    found = net.change(["a"], {**states(top=OK, p=OK), "a": state(ALARM, AT)}, AT)
    assert found[1].reason.startswith(f"{ARN}p transitioned to ALARM at ")
    assert found[1].reason_data == (
        f'{{"triggeringAlarms":[{{"arn":"{ARN}p","state":{{"value":"ALARM","timestamp":"2026-09-14T11:18:44.250+0000"}}}},'
        f'{{"arn":"{ARN}a","state":{{"value":"ALARM","timestamp":"2026-09-14T11:18:44.250+0000"}}}}]}}'
    )


def test_a_transition_is_the_state_that_follows() -> None:
    (found,) = network(c="FALSE AND ALARM(a)").create("c", states(a=OK), AT)
    assert found.reason_data.startswith('{"triggeringAlarms":[{"arn"')
    assert found.state() == AlarmState(
        state_value=OK, reason=found.reason, reason_data=found.reason_data, updated_at=AT, transitioned_at=AT
    )
    (constant,) = network(c="FALSE").create("c", {}, AT)
    assert constant.reason_data == '{"triggeringAlarms":[]}'


# ---------------------------------------------------------------- who depends on whom


def test_dependencies() -> None:
    net = AlarmNetwork(
        [composite("c", f"ALARM({ARN}a) OR OK(a) OR OK(b)"), composite("d", "ALARM(c)", f"{ARN}s")], scope=SCOPE
    )
    assert net.children("c") == ("a", "b")
    assert net.children("a") == ()
    assert net.parents("a") == ("c",)
    assert net.parents("s") == ()
    assert [net.dependents(name) for name in "acsx"] == [("c",), ("d",), ("d",), ()]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ({}, ()),
        ({"c": "ALARM(a)", "d": "ALARM(c) OR ALARM(a)"}, ()),
        ({"c": "ALARM(c)"}, (("c",),)),
        ({"c": f"ALARM({ARN}d)", "d": "ALARM(c)"}, (("c", "d"),)),
        ({"z": "ALARM(y)", "y": "ALARM(x)", "x": "ALARM(z)", "w": "ALARM(z)"}, (("x", "z", "y"),)),
        (
            {"a": "ALARM(b)", "b": "ALARM(a)", "d": "OK(c) OR OK(b)", "c": "OK(d)", "e": "OK(e)"},
            (("a", "b"), ("c", "d"), ("e",)),
        ),
        # two cycles that share a member are one group
        ({"b": "OK(a)", "a": "OK(b) OR OK(c)", "c": "OK(a)"}, (("a", "b", "c"),)),
        # a diamond is no cycle
        ({"top": "OK(l) OR OK(r)", "l": "OK(bottom)", "r": "OK(bottom)", "bottom": "OK(m)"}, ()),
    ],
)
def test_cycles(rules: dict, found: tuple) -> None:
    assert cycles(composites(**rules)) == found


def test_long_chains_and_rings_cost_no_recursion() -> None:
    length = 1500
    chain = {f"c{n}": f"ALARM(c{n + 1})" for n in range(length)}
    assert cycles(composites(**chain)) == ()
    found = changed(network(**chain), f"c{length}", ALARM, **dict.fromkeys(chain, OK))
    assert len(found) == length
    (ring,) = cycles(composites(**chain, **{f"c{length}": "ALARM(c0)"}))
    assert ring[:3] == ("c0", "c1", "c2")
    assert len(ring) == length + 1


# ---------------------------------------------------------------- what may be saved


@pytest.mark.parametrize(
    ("rule", "suppressor", "message", "parameter"),
    [
        (
            "ALARM(a) OR ALARM(b) OR ALARM('c')",
            None,
            f"Could not save the composite alarm as alarms [{ARN}b, {ARN}'c'] in the alarm rule do not exist",
            "AlarmRule",
        ),
        (
            'ALARM("")',
            None,
            f"Could not save the composite alarm as alarms [{ARN}] in the alarm rule do not exist",
            "AlarmRule",
        ),
        (
            "ALARM(arn:aws:cloudwatch:us-east-1:444455556666:alarm:a)",
            None,
            "A composite alarm cannot have a child relation with alarms from another AWS account",
            "AlarmRule",
        ),
        (
            "TRUE OR ALARM(arn:aws:cloudwatch:us-west-2:111122223333:alarm:a)",
            None,
            "Error in AlarmRule [Wrong ARN region, it was us-west-2 but us-east-1 was expected instead]",
            "AlarmRule",
        ),
        (
            "ALARM(new)",
            None,
            "A composite alarm cannot have a child relation with itself via its AlarmRule, as it would introduce a circular dependency",
            "AlarmRule",
        ),
        (
            f"ALARM({ARN}new)",
            None,
            "A composite alarm cannot have a child relation with itself via its AlarmRule, as it would introduce a circular dependency",
            "AlarmRule",
        ),
        ("ALARM(full)", None, f"An alarm can be a child of at most 150 composite alarms: {ARN}full", "AlarmRule"),
        (
            "ALARM(a)",
            "new",
            "A composite alarm cannot have a child relation with itself via its ActionsSuppressor, as it would introduce a circular dependency",
            "ActionsSuppressor",
        ),
        (
            "ALARM(a)",
            "b",
            f"Could not save the composite alarm as the actions suppressor [{ARN}b] does not exist",
            "ActionsSuppressor",
        ),
        (
            "ALARM(a)",
            "arn:aws:cloudwatch:us-west-2:111122223333:alarm:a",
            "Wrong ARN region, it was us-west-2 but us-east-1 was expected instead",
            "ActionsSuppressor",
        ),
        (
            "ALARM(a)",
            "arn:aws:cloudwatch:us-east-1:444455556666:alarm:a",
            "A composite alarm cannot have a child relation with alarms from another AWS account",
            "ActionsSuppressor",
        ),
    ],
)
def test_what_is_not_saved(rule: str, suppressor: str | None, message: str, parameter: str) -> None:
    net = network(**{f"c{n}": "ALARM(full)" for n in range(150)})
    with pytest.raises((AlarmError, AlarmRuleError)) as raised:
        net.check(composite("new", rule, suppressor), known={"a", "full", *net.composites})
    error = raised.value
    assert error.message == message
    assert error.parameter == parameter
    assert error.aws_code == "ValidationError"
    assert error.hint
    if isinstance(error, AlarmRuleError):
        assert error.position == 14


@pytest.mark.parametrize(
    ("name", "rule", "suppressor"),
    [
        ("new", f"ALARM({ARN}a) OR OK(a) OR FALSE", None),
        ("new", "ALARM(a)", f"{ARN}a"),
        # an indirect cycle is accepted
        ("a", "ALARM(c0)", None),
        # an update of one of the 150
        ("c7", "OK(full)", None),
    ],
)
def test_what_is_saved(name: str, rule: str, suppressor: str | None) -> None:
    net = network(**{f"c{n}": "ALARM(full) OR ALARM(a)" for n in range(149)}, c149="ALARM(full)")
    net.check(composite(name, rule, suppressor), known={"a", "full", *net.composites})


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], "Cannot delete a as there are composite alarm(s) depending on it."),
        (["s"], "Cannot delete s as there are composite alarm(s) depending on it."),
        (["a", "free", "b", "a"], "Cannot delete a,b as there are composite alarm(s) depending on them."),
        # even if that composite is in the same call
        (["c", "b"], "Cannot delete b as there are composite alarm(s) depending on it."),
        (["x", "y"], "Cannot delete x,y as there are composite alarm(s) depending on them."),
        (["c", "d"], "At most one composite alarm can be deleted in one call"),
        (
            ["free", ""],
            "1 validation error detected: Value '' at 'alarmNames.2.member' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            ["q" * 256],
            f"1 validation error detected: Value '{'q' * 255}' at 'alarmNames.1.member' failed to satisfy constraint: Member must have length less than or equal to 255",
        ),
        (
            [f"n{n}" for n in range(101)],
            "1 validation error detected: Value 'list of 101' at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100",
        ),
    ],
)
def test_what_is_not_deleted(names: list[str], message: str) -> None:
    net = AlarmNetwork(
        [
            composite("c", f"ALARM({ARN}a) OR ALARM(b)"),
            composite("d", "TRUE", "s"),
            composite("x", "ALARM(y)"),
            composite("y", "ALARM(x)"),
        ],
        scope=SCOPE,
    )
    with pytest.raises(AlarmError) as raised:
        net.check_deletion(names)
    assert raised.value.message == message


@pytest.mark.parametrize("names", [[], ["unknown"], ["c"], ["c", "c", "free"]])
def test_what_is_deleted(names: list[str]) -> None:
    network(c="ALARM(a)", d="TRUE").check_deletion(names)


# ---------------------------------------------------------------- names and ARNs


@pytest.mark.parametrize(
    ("text", "arn"),
    [
        (f"{ARN}a", AlarmArn("aws", "us-east-1", "111122223333", "a")),
        (f"{ARN}a:b\nc", AlarmArn("aws", "us-east-1", "111122223333", "a:b\nc")),
        ("arn:aws-cn:cloudwatch:cn-north-1:1:alarm:x", AlarmArn("aws-cn", "cn-north-1", "1", "x")),
        (ARN, None),
        ("a", None),
        ("", None),
        ("arn:aws:sns:us-east-1:111122223333:alarm:a", None),
    ],
)
def test_arns(text: str, arn: AlarmArn | None) -> None:
    assert parse_arn(text) == arn
    assert name_in(text) == (text if arn is None else arn.name)


def test_scope() -> None:
    assert SCOPE.arn("a") == f"{ARN}a"
    assert AlarmScope("1", "cn-north-1", "aws-cn").arn("a") == "arn:aws-cn:cloudwatch:cn-north-1:1:alarm:a"
