"""Every event name in the filters of the packs is what the recorder calls that operation. Spec: REC-18.4.

The calls are written by botocore, the answers are those of a service that says nothing; sign-ins are no API calls and
come in by `tocsin record sign-in`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from recorded_call import CIRCUMSTANCES, MODELS
from serialized_call import serialized

from tocsin import FilterPattern, load_rules
from tocsin.core.record import ApiAnswer, ApiError, record_of
from tocsin.wire.observed import ObservedCall, observe

SOURCES = ("cloudtrail", "iam", "ec2", "s3", "kms", "config", "organizations")
OLDER_NAMES = {"PutBucketLifecycle": "PutBucketLifecycleConfiguration"}
PACKS = ("article", "cis")
RULES = [(pack, rule) for pack in PACKS for rule in load_rules(pack)]
NO_CALLS = {"AttachClassicLinkVpc", "DetachClassicLinkVpc", "DisableVpcClassicLink", "EnableVpcClassicLink"}
"""Operations that AWS took out of EC2's model, or may."""


def named(text: str) -> list[tuple[str, str]]:
    """The services and operations that a filter names."""
    names = re.findall(r"eventName ?= ?\"?(\w+)", text)
    sources = re.findall(r"eventSource ?= ?\"?([\w-]+)\.amazonaws", text) or SOURCES
    return [
        (source, OLDER_NAMES.get(name, name) if source == "s3" else name)
        for name in names
        for source in sources
        if OLDER_NAMES.get(name, name) in MODELS.service(source).operation_names
    ]


def value(shape: Any) -> Any:
    """Some value of a shape, with what is required."""
    match shape.type_name:
        case "structure":
            return {name: value(shape.members[name]) for name in shape.required_members}
        case "list":
            return [value(shape.member)]
        case "map":
            return {"k": value(shape.value)}
        case "boolean":
            return True
        case "integer" | "long" | "float" | "double":
            return 1
        case "blob":
            return b"x"
    return shape.enum[0] if shape.enum else "x"


def recorded(service: str, operation: str, answer: ApiAnswer, **known: Any) -> str:
    shape = MODELS.service(service).model.operation_model(operation).input_shape
    observed = observe(serialized(MODELS.service(service), operation, value(shape) if shape else {}), MODELS)
    assert isinstance(observed, ObservedCall)
    return json.dumps(record_of(observed.call, answer, msgspec.structs.replace(CIRCUMSTANCES, **known)))


CALLS = [
    pytest.param(rule.filter.filter_pattern, service, operation, id=f"{pack}-{rule.id}-{operation}")
    for pack, rule in RULES
    for service, operation in named(rule.filter.filter_pattern)
]


@pytest.mark.parametrize(("pattern", "service", "operation"), CALLS)
def test_filter_matches_the_recorded_call(pattern: str, service: str, operation: str) -> None:
    assert FilterPattern(pattern).matches(recorded(service, operation, ApiAnswer(output={}, request_id="r")))


def test_all_names_were_called() -> None:
    called = {(rule.id, name) for _, rule in RULES for _, name in named(rule.filter.filter_pattern)}
    for _, rule in RULES:
        names = set(re.findall(r"eventName ?= ?\"?(\w+)", rule.filter.filter_pattern)) - {"ConsoleLogin"} - NO_CALLS
        assert {(rule.id, OLDER_NAMES.get(name, name)) for name in names} <= called, rule.id


def test_denied_calls_match() -> None:
    (rule,) = (rule for _, rule in RULES if rule.id == "unauthorized-api-calls")
    pattern = FilterPattern(rule.filter.filter_pattern)
    for service, operation, code in (
        ("ec2", "RunInstances", "UnauthorizedOperation"),
        ("kms", "CreateKey", "AccessDeniedException"),
        ("s3", "PutBucketPolicy", "AccessDenied"),
        ("iam", "CreateUser", "AccessDenied"),
    ):
        error = ApiError(code=code, wire_code=code, message="no", status=403)
        assert pattern.matches(recorded(service, operation, ApiAnswer(error=error)))
        assert not pattern.matches(recorded(service, operation, ApiAnswer(output={})))


def test_calls_of_root_match() -> None:
    (rule,) = (rule for _, rule in RULES if rule.id == "root-user-used")
    pattern = FilterPattern(rule.filter.filter_pattern)
    assert pattern.matches(recorded("iam", "CreateUser", ApiAnswer(output={})))
    assert not pattern.matches(recorded("iam", "CreateUser", ApiAnswer(output={}), identity={"type": "IAMUser"}))
