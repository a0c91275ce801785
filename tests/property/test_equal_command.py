"""Whatever values hold, the shown command, template and program make the same call (CON-7.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml
from awscli_call import AwsCli
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.core.aws_call import AwsCall
from tocsin.core.aws_command import aws_command
from tocsin.core.equal_command.python_text import program_of
from tocsin.core.equal_command.yaml_text import yaml_of
from tocsin.core.unsafe_character import UNSAFE

# What means something to shells, the AWS CLI, YAML, Python and terminals.
PIECES = st.sampled_from(
    [
        *"-[]{}=,:'\"\\$`!#&*?@%~;|<>()\n\t\r\x1b\x00\x7f\x85\u202e\u200d\U0001f600é ",
        "--",
        "file://",
        "https://",
        "$(id)",
    ]
)
TEXT = st.one_of(
    st.lists(st.one_of(PIECES, st.text(alphabet="abc019_", max_size=3)), min_size=1, max_size=8).map("".join),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20),
)
WORD = st.text(alphabet="abcXYZ019_.-/", min_size=1, max_size=12)
NUMBER = st.one_of(st.integers(-1000, 1000), st.floats(allow_nan=False, allow_infinity=False))

FILTERS = st.fixed_dictionaries(
    {
        "logGroupName": WORD,
        "filterName": TEXT,
        "filterPattern": st.one_of(st.just(""), TEXT),
        "metricTransformations": st.lists(
            st.fixed_dictionaries(
                {"metricName": TEXT, "metricNamespace": TEXT, "metricValue": TEXT},
                optional={"defaultValue": NUMBER, "dimensions": st.dictionaries(TEXT, TEXT, max_size=2)},
            ),
            max_size=2,
        ),
    },
    optional={
        "applyOnTransformedLogs": st.booleans(),
        "emitSystemFieldDimensions": st.lists(TEXT, max_size=2),
    },
)
TRIALS = st.fixed_dictionaries({"filterPattern": TEXT, "logEventMessages": st.lists(TEXT, max_size=3)})
ALARMS = st.fixed_dictionaries(
    {"AlarmName": TEXT, "EvaluationPeriods": st.just(1), "ComparisonOperator": WORD, "Threshold": NUMBER},
    optional={
        "ActionsEnabled": st.booleans(),
        "AlarmDescription": TEXT,
        "AlarmActions": st.lists(TEXT, max_size=3),
        "Dimensions": st.just([]),
    },
)
SUBSCRIPTIONS = st.fixed_dictionaries(
    {"TopicArn": WORD, "Protocol": WORD, "Endpoint": TEXT},
    optional={"Attributes": st.dictionaries(TEXT, TEXT, max_size=3), "ReturnSubscriptionArn": st.booleans()},
)
CALLS: st.SearchStrategy[tuple[str, str, dict[str, Any]]] = st.one_of(
    st.tuples(st.just("logs"), st.just("PutMetricFilter"), FILTERS),
    st.tuples(st.just("logs"), st.just("TestMetricFilter"), TRIALS),
    st.tuples(st.just("cloudwatch"), st.just("PutMetricAlarm"), ALARMS),
    st.tuples(st.just("sns"), st.just("Subscribe"), SUBSCRIPTIONS),
)


@pytest.fixture(scope="module")
def cli() -> Iterator[AwsCli]:
    started = AwsCli()
    yield started
    started.close()


@given(CALLS, st.sampled_from([None, 40, 100]))
@example(("logs", "TestMetricFilter", {"filterPattern": "-ERR", "logEventMessages": ["[x]"]}), None)
@example(("logs", "TestMetricFilter", {"filterPattern": "file:///etc/passwd", "logEventMessages": ["{}"]}), None)
@example(
    (
        "cloudwatch",
        "PutMetricAlarm",
        {"AlarmName": "-", "EvaluationPeriods": 1, "ComparisonOperator": "x", "Threshold": -1e-05},
    ),
    None,
)
def test_the_aws_cli_makes_the_call_of_a_command(
    cli: AwsCli, call: tuple[str, str, dict[str, Any]], width: int | None
) -> None:
    service, operation, parameters = call
    made = cli.call(aws_command(service, operation, parameters, width=width))
    assert made == AwsCall(service=service, operation=operation, parameters=parameters)


@given(CALLS)
def test_nothing_in_a_command_acts_on_a_terminal(call: tuple[str, str, dict[str, Any]]) -> None:
    assert not UNSAFE.search(aws_command(*call).replace("\n", ""))


JSON = st.recursive(
    st.one_of(TEXT, st.just(""), NUMBER, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXT, WORD), inner, max_size=4)),
    max_leaves=12,
)


@given(st.one_of(st.dictionaries(TEXT, JSON), st.lists(JSON)))
def test_yaml_is_read_as_what_it_was(value: Any) -> None:
    text = yaml_of(value)
    assert yaml.safe_load(text) == value
    assert not UNSAFE.search(text.replace("\n", ""))


@given(st.dictionaries(st.from_regex(r"\A[A-Za-z]{1,8}\Z").filter(lambda name: not name.islower()), JSON))
def test_the_program_makes_the_call(parameters: dict[str, Any]) -> None:
    made: list[dict[str, Any]] = []

    class Client:
        def create_topic(self, **given: Any) -> None:
            made.append(given)

    class Boto3:
        def client(self, _service: str) -> Client:
            return Client()

    program = program_of([AwsCall(service="sns", operation="CreateTopic", parameters=parameters)])
    assert not UNSAFE.search(program.replace("\n", ""))
    names: dict[str, Any] = {"__builtins__": {"__import__": lambda *_: Boto3()}}
    exec(compile(program, "equal", "exec"), names)
    assert msgspec.to_builtins(made) == [parameters]
