"""Filter policies: texts of refusals, limits, and what is dropped and why. Spec: SNS-9."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.envelope import MessageAttribute
from tocsin.core.filter_policy import FilterPolicy
from tocsin.core.filter_policy_message import is_json_object
from tocsin.errors import FilterPolicyError


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"k": [["a"]]}, "Match value must be String, number, true, false, or null"),
        ({"k": [{"wrong-operator": True}]}, "Unrecognized match type wrong-operator"),
        ({"k": [{"wildcard": "a*"}]}, "Unrecognized match type wildcard"),
        ({"k": [{"prefix": "a", "suffix": "b"}]}, "Only one key allowed in match expression"),
        ({"k": []}, "Empty arrays are not allowed"),
        ({"k": "v"}, '"k" must be an object or an array'),
        ({"k": [{"suffix": 1}]}, "suffix match pattern must be a string"),
        ({"k": [{"prefix": 1}]}, "prefix match pattern must be a string"),
        ({"k": [{"equals-ignore-case": 1}]}, "equals-ignore-case match pattern must be a string"),
        ({"k": [{"cidr": ["a"]}]}, "prefix match pattern must be a string"),
        ({"k": [{"cidr": "bad-filter"}]}, "Malformed CIDR, one '/' required"),
        ({"k": [{"cidr": "bad-/64filter"}]}, "Malformed CIDR, mask bits must be an integer"),
        ({"k": [{"cidr": "xx.11.xx/8"}]}, "Nonstandard IP address: xx.11.xx"),
        ({"k": [{"numeric": []}]}, "Invalid member in numeric match: ]"),
        ({"k": [{"numeric": [1, "<="]}]}, "Invalid member in numeric match: 1"),
        ({"k": [{"numeric": ["operator"]}]}, "Unrecognized numeric range operator: operator"),
        ({"k": [{"numeric": ["=", "000"]}]}, "Value of equals must be numeric"),
        ({"k": [{"numeric": [">"]}]}, "Value of > must be numeric"),
        ({"k": [{"numeric": ["<", 100, ">", 10]}]}, "Too many elements in numeric expression"),
        ({"k": [{"numeric": [">", 1, "=", 2]}]}, "Bad numeric range operator: ="),
        ({"k": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top"),
        ({"k": [{"numeric": [">", 20, 30]}]}, "Bad value in numeric range: 30"),
        ({"k": [{"numeric": [">", 20, None]}]}, "Bad value in numeric range: null"),
        ({"k": [{"numeric": [">", 20, [1]]}]}, "Bad value in numeric range: ["),
        ({"k": [{"numeric": [">", 20, {"a": 1}]}]}, "Bad value in numeric range: {"),
        ({"k": [{"numeric": [">", 3, "<", "x"]}]}, "Value of < must be numeric"),
        ({"k": [{"numeric": [">", 3, "<="]}]}, "Value of <= must be numeric"),
        ({"k": [{"numeric": "="}]}, "Value of numeric must be an array."),
        ({"k": [{"numeric": [">", 3, "<", 5, 6]}]}, "Too many terms in numeric range expression"),
        ({"k": [{"exists": "no"}]}, "exists match pattern must be either true or false."),
        ({"k": [{"anything-but": {"x": 1}}]}, "Unsupported anything-but pattern: x"),
        ({"k": [{"anything-but": {}}]}, "Anything-But expression name not found"),
        ({"k": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}, "Only one key allowed in match expression"),
        (
            {"k": [{"anything-but": []}]},
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        ({"k": [{"anything-but": [["a"]]}]}, "Inside anything but list, start|null|boolean is not supported."),
        ({"k": [{}]}, "Match expression name not found"),
        ({"k": {}}, "Empty objects are not allowed"),
        # What is inside an object is looked at before the object is found not to be allowed.
        ({"k": {"not-an-operator": "v"}}, '"not-an-operator" must be an object or an array'),
        (
            {"$or": [{"a": ["b"]}, {"c": {"d": ["e"]}}]},
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        ({"k": {"a": ["b"]}}, "Filter policy scope MessageAttributes does not support nested filter policy"),
        ({f"k{number}": ["a"] for number in range(6)}, "Filter policy can not have more than 5 keys"),
        ({"k": list(range(151))}, "Filter policy is too complex"),
        ({"$or": [{"a": ["b"]}]}, "$or must have at least two elements, none of them empty"),
        ({"$or": [{"a": ["b"]}, {}]}, "$or must have at least two elements, none of them empty"),
        ({"k": ["x" * 270_000]}, "Filter policy is too long"),
        ({"$or": [{f"a{number}": ["b"]} for number in range(151)]}, "Filter policy is too complex"),
    ],
)
def test_refusals(policy, message: str) -> None:
    with pytest.raises(FilterPolicyError) as caught:
        FilterPolicy.parse(policy)
    assert caught.value.message.partition("\n")[0] == message


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ('["value"]', 10),
        ('{"wrong-operator":true}', 31),
        ('{"suffix":"value","prefix":"value2"}', 37),
        ('{"suffix":100}', 22),
        ('{"suffix":null}', 23),
        ('{"suffix":[]}', 20),
        ('{"suffix":["test","test2"]}', 20),
        ('{"numeric":[]}', 22),
        ('{"numeric":["operator"]}', 32),
        ('{"numeric":[1,"<="]}', 22),
        ('{"numeric":["=","000"]}', 26),
        ('{"numeric":[">="]}', 26),
        ('{"numeric":["<",100,">",10]}', 30),
        ('{"numeric":[">=",1,">",2]}', 31),
        ('{"numeric":[">",3,"<",1]}', 33),
        ('{"numeric":[">",20,"<="]}', 33),
        ('{"numeric":[">",20,30]}', 30),
        ('{"numeric":[">",20,"test"]}', 34),
        ('{"numeric":[">","20","<","30"]}', 26),
        ('{"numeric":[">",20,"<","30"]}', 33),
        ('{"numeric":[">",20,"<",30,"<",50]}', 36),
        ('{"exists":null}', 23),
        ('{"exists":"no"}', 20),
        ('{"anything-but":{"wrong-operator":null}}', 47),
        ('{"anything-but":{"exists":false}}', 40),
        ('{"anything-but":{"prefix":false}}', 40),
    ],
)
def test_the_place_of_a_refusal_is_that_of_published_answers(rule: str, column: int) -> None:
    text = f'{{"key":[{rule}]}}'
    with pytest.raises(FilterPolicyError) as caught:
        FilterPolicy.parse(json.dumps(json.loads(text), indent=1))  # blanks do not count (SNS-9.6)
    place = f' at [Source: (String)"{text}"; line: 1, column: {column}]'
    assert caught.value.message.partition("\n")[2] == place


@pytest.mark.parametrize(
    ("policy", "column"),
    [('{"key":{"suffix":"value"}}', 19), ('{"key":{"not-an-operator":"value"}}', 28), ('{"key_a":"value_one"}', 11)],
)
def test_the_place_of_a_value_without_a_list(policy: str, column: int) -> None:
    with pytest.raises(FilterPolicyError, match=rf"line: 1, column: {column}\]$"):
        FilterPolicy.parse(policy)


def test_a_long_policy_is_not_repeated_in_full() -> None:
    with pytest.raises(FilterPolicyError) as caught:
        FilterPolicy.parse({"k": ["x" * 600, ["y"]]})
    text = '{"k":["' + "x" * 493
    assert caught.value.message.endswith(f'"{text}"[truncated 116 chars]; line: 1, column: 611]')


@pytest.mark.parametrize("text", ["{", "[]", '"a"', "", "{" * 100_000, '{"a": NaN}'])
def test_texts_that_are_no_policy(text: str) -> None:
    with pytest.raises(FilterPolicyError, match="failed to parse JSON"):
        FilterPolicy.parse(text)


def test_deep_nesting_is_refused() -> None:
    policy: object = ["a"]
    for _ in range(150):
        policy = {"k": policy}
    with pytest.raises(FilterPolicyError, match="too complex"):
        FilterPolicy.parse(json.dumps(policy), "MessageBody")


def body(policy, message) -> bool:
    return FilterPolicy.parse(policy, "MessageBody").accepts(body=json.dumps(message))


def test_complexity_counts_depth_in_body_scope() -> None:
    FilterPolicy.parse({"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1]}, "MessageBody")
    with pytest.raises(FilterPolicyError, match="too complex"):
        FilterPolicy.parse({"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}, "f": [1, 2, 3]}, "MessageBody")


def test_conditions_hold_in_one_element() -> None:
    policy = {"r": {"type": ["a"], "ok": [True]}}
    assert not body(policy, {"r": [{"type": "a", "ok": False}, {"type": "b", "ok": True}]})
    assert body(policy, {"r": [{"type": "b", "ok": True}, {"type": "a", "ok": True}]})
    assert body({"r": {"type": ["a"], "no": [{"exists": False}]}}, {"r": [{"type": "b", "no": 1}, {"type": "a"}]})
    assert not body({"r": {"type": ["a"], "no": [{"exists": False}]}}, {"r": [{"type": "a", "no": 1}, {"type": "b"}]})


def test_arrays_that_stand_apart_are_chosen_apart() -> None:
    policy = {"a": {"x": [1]}, "b": {"x": [1]}}
    many = [{"x": number % 2} for number in range(3_000)]
    assert body(policy, {"a": many, "b": many})
    # Far too many ways to choose end in a drop, not in hours of work.
    pairs = {"a": {"x": [{"exists": True}], "y": [{"exists": True}]}}
    assert not body(pairs, {"a": [{"x": 1, "z": 2}] * 20_000})


def test_a_name_that_is_or_may_be_a_property() -> None:
    assert body({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"$or": "abc"})
    assert body({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2})
    assert body({"x": ["y"], "$or": [{"a": [1]}, {"b": [2]}]}, {"x": "y", "a": 1})
    assert not body({"x": ["y"], "$or": [{"a": [1]}, {"b": [2]}]}, {"x": "n", "a": 1})


def test_types_are_strict_and_numbers_exact() -> None:
    assert body({"k": [1]}, {"k": 1.0})
    assert not body({"k": [1]}, {"k": True})
    assert not body({"k": [1]}, {"k": "1"})
    assert body({"k": [0.1]}, {"k": 0.1})
    assert not body({"k": [{"numeric": ["=", 0.3]}]}, {"k": 0.30000000000000004})
    assert FilterPolicy.parse('{"k": [1e400]}', "MessageBody").accepts(body='{"k": 1e400}')
    assert body({"k": [None]}, {"k": None})
    assert body({"k": [{"cidr": "2001:db8::/32"}]}, {"k": "2001:db8::1"})
    assert not body({"k": [{"cidr": "192.0.2.0/24"}]}, {"k": "2001:db8::1"})
    assert not body({"k": [{"cidr": "192.0.2.0/24"}]}, {"k": "no address"})
    assert not body({"k": [{"cidr": "192.0.2.0/24"}]}, {"k": 5})


def test_the_key_that_failed_is_told() -> None:
    policy = FilterPolicy.parse({"a": ["1"], "b": ["2"]})
    attributes = {"a": MessageAttribute("String", "1"), "b": MessageAttribute("String", "x")}
    assert policy.judge(attributes=attributes) == (False, "b")
    assert policy.judge() == (False, "the message has no usable attributes")
    assert FilterPolicy.parse({"a": ["1"]}, "MessageBody").judge(body="[]").failed_key == "the body is no JSON object"
    assert not FilterPolicy.parse({"a": ["1"]}, "MessageBody").accepts(body=json.dumps({"a": ["x"] * 60_000}))
    assert repr(FilterPolicy.parse({"a": ["1"]})) == """FilterPolicy.parse('{"a": ["1"]}', scope='MessageAttributes')"""


@pytest.mark.parametrize(
    ("attribute", "accepted"),
    [
        (MessageAttribute("Number", "1"), True),
        (MessageAttribute("Number.int", "1.0"), True),
        (MessageAttribute("Number", "x"), False),
        (MessageAttribute("String", "1"), False),
        (MessageAttribute("Binary", "MQ=="), False),
        (MessageAttribute("String.Array", "[1, {}]"), True),
        (MessageAttribute("String.Array", "{}"), False),
        (MessageAttribute("String.Array", "["), False),
    ],
)
def test_attributes(attribute: MessageAttribute, accepted: bool) -> None:
    assert FilterPolicy.parse({"k": [1]}).accepts(attributes={"k": attribute}) is accepted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "$or", "prefix"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON, st.sampled_from(["MessageBody", "MessageAttributes"]))
def test_nothing_but_a_refusal_is_raised(policy, message, scope) -> None:
    try:
        parsed = FilterPolicy.parse(json.dumps(policy), scope)
    except FilterPolicyError:
        return
    attributes = {"a": MessageAttribute("String.Array", json.dumps(message))}
    assert parsed.accepts(attributes=attributes, body=json.dumps(message)) in (True, False)


@pytest.mark.parametrize(
    ("body", "can"),
    [('{"a": 1}', True), ("[]", False), ("text", False), ("[" * 100_000, False)],
    ids=["object", "array", "text", "deep"],
)
def test_a_policy_can_look_into_objects_alone(*, body: str, can: bool) -> None:
    assert is_json_object(body) is can
