"""`tocsin demo`: the walk-through as a new user sees it, and the folder that it leaves (IF-1, IF-7)."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.composition.demo import WATCHED
from tocsin.composition.demo_stage import ALICE, Stage, recorded_call

pytest.importorskip("moto", reason="needs the extra demo")

TOCSIN = Path(sys.executable).with_name("tocsin")
SET_UP = (
    "aws logs create-log-group",
    "aws cloudtrail create-trail",
    "aws cloudtrail put-event-selectors",
    "aws cloudtrail start-logging",
    "aws logs put-metric-filter",
    "aws sns create-topic",
    "aws sns subscribe",
    "oncall@example.com: pending confirmation",
    "Subject: Please confirm",
    "oncall@example.com: confirmed",
    "aws cloudwatch put-metric-alarm",
)
ALL_THE_WAY = ("record", "log event", "log file", "filter match", "datapoint", "alarm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "walk-through"


@pytest.fixture(scope="module")
def told(folder: Path) -> str:
    """What is told, once; half a minute."""
    done = run("demo", "--data", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "120"}
    return subprocess.run([TOCSIN, *arguments], capture_output=True, text=True, timeout=240, check=False, env=wide)


def records(folder: Path) -> list[dict[str, Any]]:
    """What the trail has delivered."""
    files = sorted((folder / "s3").rglob("*_CloudTrail_*.json.gz"))
    return [record for path in files for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]]


def test_the_article_from_start_to_end(told: str) -> None:
    places = [told.index(one) for one in SET_UP]
    assert places == sorted(places)
    assert re.search(r"filter match +security-group-changes: yes", told)
    assert "mallory opened tcp 22 of sg-" in told
    assert "mallory changed trail management-trail: isMultiRegionTrail = false." in told
    assert "mallory stopped the logging of trail management-trail." in told
    assert "mallory deleted trail management-trail." in told
    assert told.index("7  OK again") < told.index(
        'mail             OK: "security-group-changes"', told.index("7  OK again")
    )
    for alarm in WATCHED:
        assert f"{alarm}: ALARM" in told
    assert re.search(r"tocsin validate +(\d+)/\1 digests and (\d+)/\2 log files are valid", told)


def test_each_call_is_followed_all_the_way(told: str) -> None:
    labels = re.findall(
        r"^ {3}(?:\d\d:\d\d:\d\d| {8})  ([a-z ]+?) {2,}", told[told.index("5  Somebody") :], re.MULTILINE
    )
    way = [label for label in labels if label in ALL_THE_WAY]
    assert way[: 4 * len(ALL_THE_WAY)] == list(ALL_THE_WAY) * 4


def test_nothing_took_place_in_the_future(told: str, folder: Path) -> None:
    del told
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"  # noqa: TID251  (whoever looks at it has the time of day)
    assert max(record["eventTime"] for record in records(folder)) <= now


def test_the_folder_can_be_looked_at_afterwards(told: str, folder: Path) -> None:
    del told
    states = json.loads(run("status", "--data", str(folder), "--format", "json").stdout)["alarms"]
    assert {one["alarm"].rpartition(":")[2]: one["state"] for one in states} == dict.fromkeys(WATCHED, "OK")
    assert run("validate", f"{folder}/s3", "--data", str(folder)).returncode == 0
    scanned = json.loads(run("scan", f"{folder}/s3", "-r", "article", "--format", "json").stdout)
    assert {one["name"]: one["matches"] for one in scanned["filters"] if one["matches"]} == {
        "article/delete-trail": 1,
        "article/security-group-changes": 1,
        "article/stop-logging": 1,
        "article/update-trail": 1,
    }
    mails = json.loads(run("mailbox", "--data", str(folder), "--format", "json").stdout)
    assert sorted(re.sub(" in .*|: messages.*", "", mail["subject"]) for mail in mails) == [
        'ALARM: "delete-trail"',
        'ALARM: "security-group-changes"',
        'ALARM: "stop-logging"',
        'ALARM: "update-trail"',
        'OK: "security-group-changes"',
        'OK: "security-group-changes"',
        "Please confirm",
    ]


def test_the_record_that_ships_is_as_the_recorder_makes_it(told: str, folder: Path) -> None:
    del told
    (made,) = [one for one in records(folder) if one["eventName"] == "AuthorizeSecurityGroupIngress"]
    allowed = {"CidrIp": "0.0.0.0/0", "Description": "just for a minute"}
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [allowed]}
    shipped = recorded_call(
        at=datetime.fromisoformat(made["eventTime"]),
        parameters={"GroupId": made["requestParameters"]["groupId"], "IpPermissions": [permission]},
    )
    own = {"requestID", "eventID", "userAgent", "responseElements", "tlsDetails", "userIdentity"}
    assert {name: value for name, value in shipped.items() if name not in own} == {
        name: value for name, value in made.items() if name not in own
    }
    assert shipped["userIdentity"].keys() == made["userIdentity"].keys()
    assert shipped["responseElements"].keys() <= made["responseElements"].keys()


def test_settings_of_the_working_folder_are_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tocsin.toml").write_text('[smtp]\nurl = "smtp://mail.example.com"\n[server]\ntls_cert = "none"\n')
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path / "data", speed=60, begins_ago=timedelta(minutes=1), environ={}) as stage:
        assert stage.server_url.startswith("http://127.0.0.1:")
        assert stage.call(ALICE, "sns", "ListTopics", {})["Topics"] == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    done = run("demo", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "there is something already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
