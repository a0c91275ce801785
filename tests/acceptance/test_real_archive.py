"""`tocsin backtest` over real records, against what a person reckons from the records alone (IF-3, AL-6, AL-7, AL-9).

Each case was reckoned with zcat and a look at eventTime, never with Tocsin. What holds in all of them: the
alarms look at Sum over P seconds, N = 1, notBreaching, without DatapointsToAlarm. So R is 3, an evaluation at
minute T sees the slots [T-P, T), [T-2P, T-P) and [T-3P, T-2P), and the newest of them that holds a match decides.
A match in minute m is seen from T = m+1 on, and in three slots altogether: with P = 300 until T = m+15, so
T = m+16 is OK again; with P = 60 until T = m+3, so T = m+4 is OK.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")
BACK_TO_OK = (
    "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
)


def rang(point: str) -> str:
    """The reason of a change to ALARM, in the short form (AL-9.4)."""
    return f"Threshold Crossed: 1 datapoint [{point}] was greater than or equal to the threshold (1.0)."


@pytest.fixture(scope="module")
def report(shared_dir: Path) -> dict[str, Any]:
    """The report of every pack over the whole archive."""
    archive = shared_dir / "data" / "AWSLogs"
    if not archive.is_dir():
        pytest.skip("the folder of shared data has no data/AWSLogs")
    argv = [TOCSIN, "backtest", archive, "--format", "json", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def alarm(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in report["alarms"] if one["name"] == name)


def between(report: dict[str, Any], name: str, since: str, until: str) -> list[dict[str, Any]]:
    return [line for line in alarm(report, name)["transitions"] if since <= line["at"] < until]


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str, str, list[list[Any]], list[str]]]:
    return [(line["at"], line["to"], line["reason"], line["datapoints"], line["events"]) for line in lines]


def test_one_failed_sign_in_rings_for_fifteen_minutes(report: dict[str, Any]) -> None:
    # 8 July 2014 has one ConsoleLogin with "Failed authentication": JaneDoe at 17:35:27, event 11ea990b. None
    # other within hours. Its datum is that of minute 17:35, so 17:36 is the first evaluation that sees it, in the
    # slot that starts at 17:31. At 17:50 it stands in the oldest slot, 17:35 to 17:40; at 17:51 in none.
    assert told(between(report, "cis/console-sign-in-failures", "2014-07-08", "2014-07-09")) == [
        (
            "2014-07-08T17:36:00Z",
            "ALARM",
            rang("1.0 (08/07/14 17:31:00)"),
            [["2014-07-08T17:31:00Z", 1.0]],
            ["11ea990b-4678-4bcd-8fbe-62509088b7cf"],
        ),
        ("2014-07-08T17:51:00Z", "OK", BACK_TO_OK, [], []),
    ]


def test_two_failures_in_one_second_are_one_ring(report: dict[str, Any]) -> None:
    # 10 November 2022, 16:24:34: two ConsoleLogin failures, a4fbbe77 and d38ce1b3. One minute, Sum 2.
    assert told(between(report, "cis/console-sign-in-failures", "2022-11-10", "2022-11-11")) == [
        (
            "2022-11-10T16:25:00Z",
            "ALARM",
            rang("2.0 (10/11/22 16:20:00)"),
            [["2022-11-10T16:20:00Z", 2.0]],
            ["a4fbbe77-91a0-4238-804a-64314184edb6", "d38ce1b3-4575-4cb8-a632-611b8243bfc3"],
        ),
        ("2022-11-10T16:40:00Z", "OK", BACK_TO_OK, [], []),
    ]


def test_threshold_of_three_is_never_reached(report: dict[str, Any]) -> None:
    # The article's alarm looks at the same failures, with threshold 3. There are three in all the years: one in
    # 2014 and two in 2022, so no five minutes hold more than 2. The archive begins in the minute 2014-03-23
    # 21:50; a minute later nothing is there, which counts as not breaching: OK, and it stays.
    found = alarm(report, "article/console-signin-failures")
    assert (found["threshold"], found["matches"], found["final"], found["time_in"]["ALARM"]) == (3.0, 3, "OK", 0.0)
    assert told(found["transitions"]) == [("2014-03-23T21:51:00Z", "OK", BACK_TO_OK, [], [])]
    assert found["time_in"]["INSUFFICIENT_DATA"] == 60.0


def test_second_event_prolongs_and_rings_no_second_time(report: dict[str, Any]) -> None:
    # 21 November 2023: AttachUserPolicy at 23:23:52 (e7bb4b23) and PutUserPolicy at 23:31:17. The first rings at
    # 23:24 and alone would be OK at 23:39. The second is seen from 23:32 to 23:46, so it is 23:47. The first
    # change knows the first record alone.
    for pack in ("article", "cis"):
        assert told(between(report, f"{pack}/iam-policy-changes", "2023-11-21", "2023-11-22")) == [
            (
                "2023-11-21T23:24:00Z",
                "ALARM",
                rang("1.0 (21/11/23 23:19:00)"),
                [["2023-11-21T23:19:00Z", 1.0]],
                ["e7bb4b23-66e1-4656-b607-f575fde3b790"],
            ),
            ("2023-11-21T23:47:00Z", "OK", BACK_TO_OK, [], []),
        ]


def test_campaign_is_one_ring_of_forty_nine_minutes(report: dict[str, Any]) -> None:
    # 10 July 2023, changes of policies in the minutes 11:54, 11:55, 12:01 to 12:03, 12:06 to 12:09, 12:12, 12:24,
    # 12:28. The longest pause, 12:12 to 12:24, is shorter than the 15 minutes that a match is seen. So it rings
    # once, at 11:55, because of the PutRolePolicy at 11:54:39, and is OK 16 minutes after 12:28.
    assert told(between(report, "article/iam-policy-changes", "2023-07-10", "2023-07-11")) == [
        (
            "2023-07-10T11:55:00Z",
            "ALARM",
            rang("1.0 (10/07/23 11:50:00)"),
            [["2023-07-10T11:50:00Z", 1.0]],
            ["6c1eed73-00ee-4810-8009-c9ce5990c100"],
        ),
        ("2023-07-10T12:44:00Z", "OK", BACK_TO_OK, [], []),
    ]


def test_periods_of_a_minute_end_sooner(report: dict[str, Any]) -> None:
    # P = 60. StopLogging on 10 July 2023: 9790ee84 at 12:00:42, b4610d54 at 12:01:23, f6e10706 at 12:01:27. At
    # 12:01 the slot 12:00 to 12:01 holds the first one. Minute 12:01 is seen for the last time at 12:04.
    assert told(between(report, "article/stop-logging", "2023-07-10", "2023-07-11")) == [
        (
            "2023-07-10T12:01:00Z",
            "ALARM",
            rang("1.0 (10/07/23 12:00:00)"),
            [["2023-07-10T12:00:00Z", 1.0]],
            ["9790ee84-ed2b-4866-83d1-f32af0dd4cd2"],
        ),
        ("2023-07-10T12:05:00Z", "OK", BACK_TO_OK, [], []),
    ]


def test_deleted_trails(report: dict[str, Any]) -> None:
    # P = 60. DeleteTrail at 11:59:02 (refused, and counted all the same), and twice at 12:08:04. Nine minutes lie
    # between, and a match is seen for three: two rings, 12:00 to 12:03 and 12:09 to 12:12. The second holds both.
    assert told(between(report, "article/delete-trail", "2023-07-10", "2023-07-11")) == [
        (
            "2023-07-10T12:00:00Z",
            "ALARM",
            rang("1.0 (10/07/23 11:59:00)"),
            [["2023-07-10T11:59:00Z", 1.0]],
            ["b7e19efd-92be-4182-bbbc-b6468296710b"],
        ),
        ("2023-07-10T12:03:00Z", "OK", BACK_TO_OK, [], []),
        (
            "2023-07-10T12:09:00Z",
            "ALARM",
            rang("2.0 (10/07/23 12:08:00)"),
            [["2023-07-10T12:08:00Z", 2.0]],
            ["c0057a42-1625-4b1d-9db5-352f931f790a", "fcec2e46-3cc3-4ac2-8144-3674f06990e4"],
        ),
        ("2023-07-10T12:12:00Z", "OK", BACK_TO_OK, [], []),
    ]


def test_unauthorized_calls_over_midnight(report: dict[str, Any]) -> None:
    # Records whose errorCode ends in UnauthorizedOperation or begins with AccessDenied: 34 in minute 22:22 of
    # 30 September 2020, 44 in 23:53, 2 in 23:59, then one each in 00:00 and 00:03 of the next day. The first are
    # gone at 22:38. The others are never more than 15 minutes apart: 23:54 until 16 minutes after 00:03.
    lines = between(report, "cis/unauthorized-api-calls", "2020-09-30", "2020-10-02")
    assert [(line["at"], line["to"], line["reason"], len(line["events"])) for line in lines] == [
        ("2020-09-30T22:23:00Z", "ALARM", rang("34.0 (30/09/20 22:18:00)"), 34),
        ("2020-09-30T22:38:00Z", "OK", BACK_TO_OK, 0),
        ("2020-09-30T23:54:00Z", "ALARM", rang("44.0 (30/09/20 23:49:00)"), 44),
        ("2020-10-01T00:19:00Z", "OK", BACK_TO_OK, 0),
    ]
    assert all(len(set(line["events"])) == len(line["events"]) for line in lines)


def test_single_unauthorized_call(report: dict[str, Any]) -> None:
    # 9 September 2021, 14:01:22: ListFunctions20150331, AccessDenied, role RscScpDisallow. None other that month.
    ring, over = between(report, "cis/unauthorized-api-calls", "2021-09-01", "2021-10-01")
    assert told([ring, over]) == [
        (
            "2021-09-09T14:02:00Z",
            "ALARM",
            rang("1.0 (09/09/21 13:57:00)"),
            [["2021-09-09T13:57:00Z", 1.0]],
            ["5ac7912b-fd5d-436a-b60c-8a4ec1f61cdc"],
        ),
        ("2021-09-09T14:17:00Z", "OK", BACK_TO_OK, [], []),
    ]
    # The packs name no action, so nobody would hear of it, and the report says so (AL-19.4).
    assert (ring["actions"], ring["notified"], ring["not_notified"]) == ([], [], "the alarm has no action for ALARM")


def test_times_and_instants_of_every_alarm_add_up(report: dict[str, Any]) -> None:
    # From the minute of the first record, 2014-03-23 21:50, to 15 minutes after that of the last, 2026-07-29 09:21.
    assert (report["from"], report["until"]) == ("2014-03-23T21:50:00Z", "2026-07-29T09:37:00Z")
    assert report["records"]["read"] == 6179
    for one in report["alarms"]:
        assert sum(one["time_in"].values()) * len(report["alarms"]) == report["evaluations"] * 60
