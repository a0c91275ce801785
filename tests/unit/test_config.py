"""Settings: the file, the environment, and what is said about mistakes (AR-9, IF-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.config import Config, check_config, entries_in_force, load_config
from tocsin.core.finding import Severity
from tocsin.core.insight.judgement import InsightRules
from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

MIB = 2**20


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.toml"


def limits_from(toml: Path, text: str, environ: dict[str, str] | None = None) -> Limits:
    toml.write_text(text, encoding="utf-8")
    return load_config(toml, environ or {}).limits


# ---------------------------------------------------------------- what is in force


def test_without_file_and_variables_the_defaults_are_in_force(tmp_path: Path) -> None:
    assert load_config(None, {}, folder=tmp_path) == Config(limits=DEFAULT_LIMITS)


def test_file_of_the_working_folder_is_read(toml: Path) -> None:
    toml.write_text("limits.depth = 7\n", encoding="utf-8")
    assert load_config(None, {}, folder=toml.parent).limits.depth == 7


def test_named_file_wins_over_that_of_the_working_folder(toml: Path, tmp_path: Path) -> None:
    toml.write_text("limits.depth = 7\n", encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text("limits.depth = 8\n", encoding="utf-8")
    assert load_config(other, {}, folder=tmp_path).limits.depth == 8


def test_variables_win_over_the_file(toml: Path) -> None:
    limits = limits_from(toml, '[limits]\nrecord = "1 MiB"\ndepth = 9\n', {"TOCSIN_LIMITS_RECORD": "2 MiB"})
    assert (limits.record, limits.depth) == (2 * MIB, 9)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("16777216", 16 * MIB),
        ('"16777216"', 16 * MIB),
        ('"16 MiB"', 16 * MIB),
        ('"16MiB"', 16 * MIB),
        ('"16 mib"', 16 * MIB),
        ('" 16 MiB "', 16 * MIB),
        ('"1.5 MiB"', MIB * 3 // 2),
        ('"2 kB"', 2_000),
        ('"3 MB"', 3_000_000),
        ('"1 GiB"', 2**30),
        ('"2048 B"', 2048),
    ],
)
def test_size_is_read(toml: Path, value: str, size: int) -> None:
    assert limits_from(toml, f"[limits]\nrecord = {value}\n").record == size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('"16 XB"', '"16 XB"'),
        ('"MiB"', '"MiB"'),
        ('"-1 MiB"', '"-1 MiB"'),
        ('""', '""'),
        ('"1.5 B"', '"1.5 B"'),
        ('"١ MiB"', '"١ MiB"'),
        ("-1", "-1"),
        ("0", "0"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("[]", "a list"),
        ("{}", "a table"),
        ("2026-01-01", "a date or time"),
        ('"2 GiB"', '"2 GiB"'),
    ],
)
def test_value_that_is_no_size_is_refused(toml: Path, value: str, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        limits_from(toml, f"[limits]\nrecord = {value}\n")
    assert caught.value.key == "limits.record"
    assert f"is a size from 1 KiB to 1 GiB, not {shown}" in caught.value.message
    assert caught.value.hint == 'for example record = "16 MiB" or 16777216'


@pytest.mark.parametrize("value", ["0", "501", "true", '"many"', "1.0"])
def test_depth_is_a_whole_number_within_bounds(toml: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="a whole number from 1 to 500"):
        limits_from(toml, f"[limits]\ndepth = {value}\n")


def test_error_of_the_file_names_its_place(toml: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        limits_from(toml, "[limits]\ndepth = 7\nrecrod = 1\n")
    assert caught.value.message == f"{toml}:3:1: there is no setting limits.recrod"
    assert caught.value.hint == "did you mean limits.record?"


def test_named_file_that_does_not_exist_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        load_config(tmp_path / "absent.toml", {})


def test_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a regular file"):
        load_config(tmp_path, {})


# ---------------------------------------------------------------- variables


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        ("TOCSIN_LIMITS_DEPTH", "deep", 'limits.depth is a whole number from 1 to 500, not "deep"', "for example 500"),
        ("TOCSIN_LIMITS_RECORD", "16 XB", "limits.record is a size", "for example 16 MiB or 16777216"),
        ("TOCSIN_LIMITS_RECROD", "1", "there is no such setting", "did you mean TOCSIN_LIMITS_RECORD?"),
        ("TOCSIN_LIMIT_RECORD", "1", "there is no such setting", "did you mean TOCSIN_LIMITS_RECORD?"),
        ("TOCSIN_LIMITS_WIDTH", "1", "there is no such setting", "TOCSIN_LIMITS_UNPACKED"),
    ],
)
def test_wrong_variable_is_an_error_not_ignored(tmp_path: Path, name: str, value: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {name: value}, folder=tmp_path)
    assert f"variable {name}: " in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["TOCSIN_DEBUG", "TOCSIN", "HOME", "TOCSIN_SHARED"])
def test_other_variables_are_left_alone(tmp_path: Path, name: str) -> None:
    assert load_config(None, {name: "1"}, folder=tmp_path) == Config()


# ---------------------------------------------------------------- check


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "[limits]\n", 'limits = {depth = 3, record = "1 MiB"}\n', "limits.unpacked = 1024\r\n"],
)
def test_good_file_has_no_findings(toml: Path, text: str) -> None:
    toml.write_text(text, encoding="utf-8", newline="")
    assert check_config(toml) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top = 1\n", [(1, 1, "unknown-key")]),
        ("[limits]\n  depht = 1\n", [(2, 3, "unknown-key")]),
        ("[limit]\ndepth = 1\n", [(1, 2, "unknown-key")]),
        ("limits = 5\n", [(1, 1, "bad-value")]),
        ("limits = {depth = 1, recrd = 2}\n", [(1, 22, "unknown-key")]),
        ("x = [1, {a = 1}]\n[limits]\ndepth = 0\n", [(1, 1, "unknown-key"), (3, 1, "bad-value")]),
        ("[limits]\nrecord = ''\ndepth = 0\n", [(2, 1, "bad-value"), (3, 1, "bad-value")]),
        ("a = 1\na = 2\n", [(2, 6, "syntax")]),
        ("a = \n", [(1, 5, "syntax")]),
        ("a = [1,\n", [(2, 1, "syntax")]),
        ("a = " + "[" * 5000, [(1, 1, "syntax")]),
    ],
)
def test_finding_has_its_place_and_name(toml: Path, text: str, expected: list[tuple[int, int, str]]) -> None:
    toml.write_text(text, encoding="utf-8")
    findings = check_config(toml)
    assert [(finding.line, finding.column, finding.name) for finding in findings] == expected
    assert {finding.severity for finding in findings} == {Severity.ERROR}
    assert {finding.path for finding in findings} == {str(toml)}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[limit]\ndepth = 1\n", "did you mean limits?"),
        ("unpacked = 1\n", "did you mean limits.unpacked?"),
        ("[limits]\nDepth = 1\n", "did you mean limits.depth?"),
        ("[rules]\nzzz = 1\n", "known in rules: topic"),
        (
            "[zzz]\nport = 1\n",
            "known here: alarm, archive, auth, console, heartbeat, http, insights, limits, mail, notifier, operator, recorder, rules, s3, server, smtp, source, sqs, trail",
        ),
    ],
)
def test_unknown_key_comes_with_a_suggestion(toml: Path, text: str, hint: str) -> None:
    toml.write_text(text, encoding="utf-8")
    assert [finding.hint for finding in check_config(toml)] == [hint]


def test_check_of_an_absent_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        check_config(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\xff\xfe", "byte 0 is not UTF-8"), (b"#" * (1024 * 1024 + 1), "longer than 1 MiB")],
)
def test_unreadable_file_is_a_finding(toml: Path, data: bytes, message: str) -> None:
    toml.write_bytes(data)
    (finding,) = check_config(toml)
    assert finding.name == "unreadable"
    assert message in finding.message


# ---------------------------------------------------------------- alarms and rules


def test_alarm_settings_come_from_file_and_variables(toml: Path) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
    toml.write_text(
        f'[alarm]\nevaluation_range = 0\nenrich_json = false\n[rules]\ntopic = "{topic}"\n', encoding="utf-8"
    )
    config = load_config(toml, {"TOCSIN_ALARM_EVENTS_IN_MESSAGE": "50", "TOCSIN_ALARM_ENRICH_JSON": "true"})
    assert (config.alarm.evaluation_range, config.alarm.events_in_message, config.alarm.enrich_json) == (0, 50, True)
    assert config.rules.topic == topic
    toml.write_text("", encoding="utf-8")
    assert load_config(toml, {}).alarm.evaluation_range is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alarm.events_in_message = 51", "alarm.events_in_message is a whole number from 0 to 50, not 51"),
        ("alarm.enrich_json = 1", "alarm.enrich_json is true or false, not 1"),
        ('alarm.enrich_json = "yes"', 'alarm.enrich_json is true or false, not "yes"'),
        ("alarm.evaluation_range = -1", "alarm.evaluation_range is a whole number from 0 to 100, not -1"),
        ('rules.topic = "sec-alerts"', 'rules.topic is the ARN of a topic, not "sec-alerts"'),
        (
            'rules.topic = "arn:aws:sns:us-east-1:111122223333:t:0"',
            'rules.topic is the ARN of a topic, not "arn:aws:sns:us-east-1:111122223333:t:0"',
        ),
    ],
)
def test_settings_of_alarms_that_are_refused(toml: Path, text: str, message: str) -> None:
    toml.write_text(text, encoding="utf-8")
    assert [finding.message for finding in check_config(toml)] == [message]


SOURCE = '[[source]]\nkind = "file"\npath = "/logs"\nlog_group = "trail"\nlog_stream = "files"\n'


def test_a_table_may_stand_several_times(toml: Path) -> None:
    toml.write_text(SOURCE + SOURCE.replace("/logs", "/more"), encoding="utf-8")
    config = load_config(toml, {})
    assert [(one.kind, one.path, one.log_group, one.log_stream) for one in config.source] == [
        ("file", "/logs", "trail", "files"),
        ("file", "/more", "trail", "files"),
    ]
    assert [(name, entry["path"]) for name, entry in entries_in_force(config)] == [
        ("source", "/logs"),
        ("source", "/more"),
    ]
    assert check_config(toml) == []


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (
            SOURCE + SOURCE.replace("path", "pathh"),
            6,
            "[[source]] has no path",
            'for example path = "/var/log/cloudtrail"',
        ),
        (SOURCE + SOURCE.replace("path", "pathh"), 8, "there is no setting source.pathh", "did you mean path?"),
        (
            SOURCE + "zzz = 1\n",
            6,
            "there is no setting source.zzz",
            "known in [[source]]: kind, path, log_group, log_stream",
        ),
        (SOURCE.replace('"file"', '"s3"'), 2, 'source.kind is file, not "s3"', 'for example kind = "file"'),
        (
            SOURCE.replace('"trail"', "7"),
            4,
            "source.log_group is the name of a log group, not 7",
            'for example log_group = "trail"',
        ),
        ("source = 1\n", 1, "source is a list of tables", "write [[source]] on a line and its settings below"),
        (
            '[source]\nkind = "file"\n',
            1,
            "source is a list of tables",
            "write [[source]] on a line and its settings below",
        ),
    ],
)
def test_what_is_wrong_in_an_entry_is_told_with_its_place(
    toml: Path, text: str, line: int, message: str, hint: str
) -> None:
    toml.write_text(text, encoding="utf-8")
    found = [(one.line, one.message, one.hint) for one in check_config(toml)]
    assert (line, message, hint) in found


# ---------------------------------------------------------------- where messages may go


@pytest.mark.parametrize(
    ("value", "allow"),
    [
        ('["10.0.0.0/8", "fd00::/8"]', ("10.0.0.0/8", "fd00::/8")),
        ('["10.1.2.3/8", "10.0.0.7"]', ("10.0.0.0/8", "10.0.0.7/32")),
        ('"10.0.0.0/8, 192.168.0.0/16"', ("10.0.0.0/8", "192.168.0.0/16")),
        ("[]", ()),
    ],
)
def test_ranges_of_addresses(toml: Path, value: str, allow: tuple[str, ...]) -> None:
    toml.write_text(f"[http]\nallow = {value}\n", encoding="utf-8")
    assert load_config(toml, {}).http.allow == allow


def test_roots_of_archives_are_whole_paths(toml: Path, tmp_path: Path) -> None:
    toml.write_text(f"[archive]\nroots = ['{tmp_path}']\n", encoding="utf-8")
    assert load_config(toml, {}).archive.roots == (str(tmp_path),)
    assert load_config(None, {"TOCSIN_ARCHIVE_ROOTS": f"{tmp_path}, {tmp_path / 'b'}"}).archive.roots == (
        str(tmp_path),
        str(tmp_path / "b"),
    )
    assert Config().archive.roots == ()


def test_no_ranges_are_not_the_same_as_an_empty_list() -> None:
    assert Config().http.allow is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[http]\nallow = ["10.0.0.0/33"]\n', "http.allow is a list of ranges of addresses, not a list"),
        ('[http]\nallow = ["example.com"]\n', "http.allow is a list of ranges of addresses, not a list"),
        ("[http]\nallow = true\n", "http.allow is a list of ranges of addresses, not true"),
        ('[archive]\nroots = ["logs"]\n', "archive.roots is a list of folders, by their whole paths, not a list"),
        ('[archive]\nroots = ["/a\\u0000b"]\n', "archive.roots is a list of folders, by their whole paths, not a list"),
        ('[sqs]\nendpoint_url = "sqs"\n', 'sqs.endpoint_url is an http or https address, not "sqs"'),
        (
            '[sqs]\nendpoint_url = "https://a:b@q/"\n',
            'sqs.endpoint_url is an http or https address, not "https://a:b@q/"',
        ),
    ],
)
def test_what_is_no_range_or_endpoint(toml: Path, text: str, message: str) -> None:
    toml.write_text(text, encoding="utf-8")
    assert [one.message for one in check_config(toml)] == [message]


@pytest.mark.parametrize(("value", "read"), [("1", True), ("true", True), ("0", False), ("False", False)])
def test_a_truth_value_in_a_variable(tmp_path: Path, value: str, *, read: bool) -> None:
    """WIRE-9.11: `TOCSIN_SERVER_ALLOW_RESET=1`."""
    config = load_config(None, {"TOCSIN_SERVER_ALLOW_RESET": value}, folder=tmp_path)
    assert config.server.allow_reset is read
    with pytest.raises(ConfigError, match="true or false"):
        load_config(None, {"TOCSIN_SERVER_ALLOW_RESET": "2"}, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "variables", "rules"),
    [
        ("", {}, InsightRules()),
        (
            "[insights]\nmin_hours = 1\nopen = 1e-9\nclose = 0.01\n",
            {},
            InsightRules(min_hours=1, open=1e-9, close=0.01),
        ),
        ("[insights]\nmin_hours = 0.5\n", {"TOCSIN_INSIGHTS_OPEN": "1e-4"}, InsightRules(min_hours=0.5, open=1e-4)),
    ],
)
def test_insights_settings(toml: Path, text: str, variables: dict[str, str], rules: InsightRules) -> None:
    toml.write_text(text, encoding="utf-8")
    assert load_config(toml, variables).insights == rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("insights.open = 0.5\n", "insights.open is a probability from 1e-15 to 0.1"),
        ("insights.open = nan\n", "insights.open is a probability from 1e-15 to 0.1"),
        ("insights.close = true\n", "insights.close is a probability from 1e-15 to 0.5"),
        ("insights.min_hours = -1\n", "insights.min_hours is a number of hours from 0 to 192"),
        ('insights.min_hours = "soon"\n', "insights.min_hours is a number of hours from 0 to 192"),
    ],
)
def test_insights_settings_that_are_refused(toml: Path, text: str, message: str) -> None:
    toml.write_text(text, encoding="utf-8")
    (finding,) = check_config(toml)
    assert message in finding.message
