"""Where things lie, what digests cover, and why a file is in none of them. Spec: CT-11.1, CT-15.10, CT-15.11."""

from __future__ import annotations

import pytest

from tocsin.app.validate_coverage import Coverage, Unsigned
from tocsin.app.validate_layout import BucketPlace, LogPlace, chains_of, log_place, place_named
from tocsin.app.validate_report import ChainReport, Tally, ValidateReport
from tocsin.app.validate_walk import TimeRange

BASE = "b/AWSLogs/111122223333/"
NAME = "111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260102T003000Z.json.gz"


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ("b/p/AWSLogs/x", "p/AWSLogs/x", BucketPlace(bucket="B", folder="b/")),
        ("AWSLogs/x", "AWSLogs/x", BucketPlace(bucket="B", folder="")),
        ("x", "p/AWSLogs/x", BucketPlace(bucket="B", folder="", prefix="p/AWSLogs/")),
        ("ax", "x", None),
        ("x", "ax", None),
        ("a/x", "b/x", None),
    ],
)
def test_a_path_and_a_key_say_where_a_bucket_lies(path: str, key: str, place: BucketPlace | None) -> None:
    found = place_named(path, bucket="B", key=key)
    assert found == place
    if found is not None:
        assert found.key_of(path) == key
        assert found.path_of(key) == path


def test_a_key_outside_the_prefix_has_no_path() -> None:
    assert BucketPlace(bucket="B", folder="", prefix="p/").path_of("q/x") is None


@pytest.mark.parametrize(
    ("folder", "name", "found"),
    [
        (f"{BASE}CloudTrail-Digest/us-east-1/2026/01/02/", NAME, 1),
        ("CloudTrail-Digest/us-east-1/2026/01/02/", NAME, 1),
        (f"{BASE}CloudTrail-Digest/eu-west-1/2026/01/02/", NAME, 0),
        (f"{BASE}CloudTrail-Digest/us-east-1/2026/", NAME, 0),
        (f"{BASE}CloudTrail/us-east-1/2026/01/02/", NAME, 0),
        (f"{BASE}CloudTrail-Digest/us-east-1/2026/01/02/", "notes.txt", 0),
        ("", NAME, 0),
    ],
)
def test_digests_lie_where_cloudtrail_puts_them(folder: str, name: str, found: int) -> None:
    assert len(chains_of([(folder, [name])], accounts=frozenset(), regions=frozenset())) == found


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{BASE}CloudTrail/us-east-1/2026/01/02/x", LogPlace(BASE, "us-east-1", "", None)),
        (f"{BASE}CloudTrail-Insight/us-east-1/x", LogPlace(BASE, "us-east-1", "-Insight", None)),
        (f"{BASE}CloudTrail/us-east-1/x.meta.json", None),
        (f"{BASE}Config/us-east-1/x", None),
        ("x", None),
    ],
)
def test_a_path_says_what_kind_of_file_it_is(path: str, place: LogPlace | None) -> None:
    assert log_place(path) == place


def place(minute: int | None, *, kind: str = "", region: str = "r") -> LogPlace:
    return LogPlace("b/", region, kind, None if minute is None else minute * 60)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (place(120), Unsigned.NOT_LISTED),
        (place(179), Unsigned.NOT_LISTED),
        (place(300), Unsigned.NOT_LISTED),
        (place(354), Unsigned.NOT_LISTED),
        (place(355), Unsigned.NEWER),
        (place(59), Unsigned.OLDER),
        (place(361), Unsigned.NEWER),
        (place(200), Unsigned.IN_A_GAP),
        (place(260), Unsigned.NO_VALID_DIGEST),
        (place(None), Unsigned.STRANGE_NAME),
        (place(120, kind="-Insight"), Unsigned.KIND_NOT_LISTED),
        (place(120, region="other"), Unsigned.NO_CHAIN),
        (place(120, region="bad"), Unsigned.NO_VALID_DIGEST),
    ],
)
def test_a_file_is_in_no_digest_for_a_reason(where: LogPlace, reason: Unsigned) -> None:
    coverage = Coverage()
    coverage.add_chain("b/", "r")
    coverage.add_chain("b/", "bad")
    for start, end in ((270, 360), (120, 180), (60, 120), (90, 150)):
        coverage.add_digest("b/", "r", start=start * 60, end=end * 60)
    coverage.add_gap("b/", "r", start=180 * 60, end=240 * 60)
    assert coverage.reason(where) is reason


@pytest.mark.parametrize(
    ("since", "until", "stamp", "is_in"),
    [
        (None, None, "20260102T003000Z", True),
        (1767313800, None, "20260102T003000Z", True),
        (1767313801, None, "20260102T003000Z", False),
        (None, 1767310200, "20260102T003000Z", True),
        (None, 1767310199, "20260102T003000Z", False),
        (None, None, "20260142T003000Z", False),
    ],
)
def test_a_time_takes_digests_by_their_end(since: int | None, until: int | None, stamp: str, is_in: bool) -> None:
    assert TimeRange(since, until).has(NAME.replace("20260102T003000Z", stamp)) is is_in


def report(*chains: ChainReport, **more: object) -> ValidateReport:
    return ValidateReport(tocsin="", path="", keys_from="", keys=1, since=None, until=None, chains=list(chains), **more)


def chain(**more: object) -> ChainReport:
    names = {"account": "", "region": "", "trail": "", "home_region": "", "bucket": "", "folder": ""}
    return ChainReport(**names, **more)


GOOD = {"digests": Tally(valid=2), "start": 1, "end": 2}


@pytest.mark.parametrize(
    ("told", "is_valid"),
    [
        (report(chain(**GOOD)), True),
        (report(chain(**GOOD), chain()), True),
        (report(), False),
        (report(chain()), False),
        (report(chain(digests=Tally(valid=1, invalid=1))), False),
        (report(chain(**GOOD, logs=Tally(unknown=1))), False),
        (report(chain(**GOOD, broken=1)), False),
        (report(chain(**GOOD), unsigned={"x": 3}), True),
        (report(chain(**GOOD), unsigned_problems=1), False),
        (report(chain(**GOOD), skipped=[("a", "b")]), False),
    ],
)
def test_an_archive_is_whole_or_it_is_not(told: ValidateReport, is_valid: bool) -> None:
    assert told.is_valid is is_valid
