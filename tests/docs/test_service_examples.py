"""The unit and the container file of the examples call the program in ways that it understands."""

from __future__ import annotations

import json
import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest

from tocsin.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def unit() -> ConfigParser:
    parser = ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]  # names of systemd keep their case
    parser.read_string((ROOT / "examples/systemd/tocsin.service").read_text(encoding="utf-8"))
    return parser


def calls() -> list[list[str]]:
    service = unit()["Service"]
    container = (ROOT / "examples/container/Containerfile").read_text(encoding="utf-8")
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", container, re.MULTILINE)
    assert entry
    lines = [shlex.split(service[key]) for key in ("ExecStartPre", "ExecStart")] + [json.loads(entry[1])]
    return [[Path(line[0]).name, *line[1:]] for line in lines]


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_call_is_understood(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    program, command, *rest = call
    assert program == "tocsin"
    assert (command,) in [words for words, *_ in COMMANDS]
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert [word for word in rest if word.startswith("-") and f" {word} " not in told] == []


def test_unit_leaves_time_to_end() -> None:
    service = unit()["Service"]
    assert int(service["TimeoutStopSec"]) > 10
    assert "/var/lib/" + service["StateDirectory"] in service["ExecStart"]


def test_files_that_the_container_copies_are_there() -> None:
    container = (ROOT / "examples/container/Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.*)$", container, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
