"""What a trail may be called, its ARN, how many there may be. Spec: CT-7.5, CT-7.6, CT-7.7."""

from __future__ import annotations

import msgspec
import pytest

from tocsin.core.scope import Scope
from tocsin.core.trail.definition import (
    Trail,
    check_trail_name,
    merged_tags,
    parse_trail_arn,
    regions_without_room,
    trail_arn,
)
from tocsin.errors import InvalidParameterError

HOME = Scope("111122223333", "eu-west-1")
SHORT = "Trail name too short. Minimum allowed length: 3 characters. Specified name length: {} characters."
LONG = "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {} characters."
STARTS = "Trail name must starts with a letter or number."
ENDS = "Trail name must ends with a letter or number."
CHARACTERS = (
    "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), "
    "hyphens (-), and underscores (_)."
)
ADJACENT = "Trail name must not have adjacent periods, underscores or hyphens."
ADDRESS = "Trail name must not be in IP address format."


def trail(name: str = "management-trail", home: Scope = HOME, **settings) -> Trail:
    return Trail(name=name, home=home, s3_bucket_name="trail-bucket", **settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", SHORT.format(0)),
        ("ab", SHORT.format(2)),
        ("a" * 129, LONG.format(129)),
        ("-abc", STARTS),
        (".-", SHORT.format(2)),
        ("_b_", STARTS),
        ("éab", STARTS),
        ("abc.", ENDS),
        ("abc!", ENDS),
        ("a b", CHARACTERS),
        ("a/b", CHARACTERS),
        ("aéb", CHARACTERS),
        ("abc\n", ENDS),
        ("a--b", ADJACENT),
        ("a._b", ADJACENT),
        ("192.0.2.1", ADDRESS),
        ("999.999.999.999", ADDRESS),
    ],
)
def test_name_that_no_trail_can_have(name: str, text: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        check_trail_name(name)
    assert (caught.value.aws_code, caught.value.message) == ("InvalidTrailNameException", text)


@pytest.mark.parametrize("name", ["abc", "a" * 128, "a.b-c_d", "1.2.3", "192.0.2.1.5", "A1B"])
def test_name_that_a_trail_can_have(name: str) -> None:
    check_trail_name(name)


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/a-b", (HOME, "a-b")),
        (
            "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/abc",
            (Scope("111122223333", "cn-north-1"), "abc"),
        ),
        ("arn:aws:cloudtrail:cn-north-1:111122223333:trail/abc", None),
        ("arn:aws:cloudtrail:eu-west-1:111122223333:abc", None),
        ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/a:b", None),
        ("arn:aws:logs:eu-west-1:111122223333:trail/abc", None),
        ("management-trail", None),
        ("", None),
    ],
)
def test_arn_of_a_trail(arn: str, found: tuple[Scope, str] | None) -> None:
    assert parse_trail_arn(arn) == found
    if found is not None:
        assert trail_arn(*found) == arn


def test_a_trail_is_kept_as_it_is() -> None:
    one = trail(selectors=b'{"EventSelectors":[]}', tags={"a": "b"}, recursive_logging=False, started_at=0)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Trail) == one


def test_selectors_are_told_as_they_were_given() -> None:
    assert (trail().event_selectors, trail().insights) == ({}, [])
    given = trail(
        selectors=b'{"EventSelectors":[{"ReadWriteType":"All"}]}',
        insight_selectors=b'[{"InsightType":"ApiCallRateInsight"}]',
    )
    assert given.event_selectors == {"EventSelectors": [{"ReadWriteType": "All"}]}
    assert given.insights == [{"InsightType": "ApiCallRateInsight"}]


def names(regions: list[str], **settings) -> list[Trail]:
    return [trail(f"t{number}0", Scope(HOME.account, region), **settings) for number, region in enumerate(regions)]


@pytest.mark.parametrize(
    ("made", "others", "full"),
    [
        (trail(), names(["eu-west-1"] * 4), []),
        (trail(), names(["eu-west-1"] * 5), ["eu-west-1"]),
        (trail(), names(["us-east-1"] * 5), []),
        (trail(), names(["us-east-1"] * 5, is_multi_region=True), ["eu-west-1"]),
        (trail(is_multi_region=True), names(["us-east-1"] * 4 + ["eu-west-1"]), []),
        (trail(is_multi_region=True), names(["us-east-1"] * 5), ["us-east-1"]),
        (trail(is_multi_region=True), names(["cn-north-1"] * 5), []),
        (trail("t00"), names(["eu-west-1"] * 5), []),
        (trail(), [trail(f"t{n}0", Scope("444455556666", "eu-west-1")) for n in range(5)], []),
    ],
)
def test_five_trails_in_a_region(made: Trail, others: list[Trail], full: list[str]) -> None:
    assert regions_without_room(made, others) == full


def test_fifty_tags() -> None:
    fifty = {str(number): "" for number in range(50)}
    assert merged_tags(fifty, {"7": "x"})["7"] == "x"
    with pytest.raises(InvalidParameterError) as caught:
        merged_tags(fifty, {"one": "more"})
    assert caught.value.aws_code == "TagsLimitExceededException"
