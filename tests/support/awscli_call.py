"""What the AWS CLI makes of a command: the call that it would send. Nothing is sent. Spec: CON-7.8.

The CLI works in a process of its own: once imported it puts its own, older botocore in the place of ours.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest

from tocsin.core.aws_call import AwsCall


def shell_words(command: str) -> list[str]:
    """What a POSIX shell makes of a command line, before it runs anything."""
    script = f"set -- {command}\nprintf '%s\\0' \"$@\""
    run = subprocess.run(["sh", "-c", script], check=True, capture_output=True)
    return run.stdout.decode().split("\0")[:-1]


class AwsCli:
    """The AWS CLI's parser, for many commands. Where it is not installed the test that wants it is skipped."""

    def __init__(self) -> None:
        if importlib.util.find_spec("awscli") is None:
            pytest.skip("the AWS CLI is not installed")
        environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def call(self, command: str) -> AwsCall:
        """The call of a command, as a POSIX shell splits it. AssertionError for what the CLI refuses."""
        program, *words = shell_words(command)
        assert program == "aws"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "refused" not in answer, answer["refused"]
        return AwsCall(**answer)


class _Caller:
    """Stands where the CLI's own caller of operations does."""

    def __init__(self) -> None:
        self.call: dict[str, Any] = {}

    def invoke(self, service: str, operation: str, parameters: dict[str, Any], _globals: object) -> int:
        self.call = {"service": service, "operation": operation, "parameters": parameters}
        return 0


def _answer() -> None:
    """Answer each line, the words of a command, with a line: the call."""
    from awscli.clidriver import create_clidriver

    logging.getLogger("awscli").setLevel(logging.ERROR)  # as the CLI itself does without --debug
    driver = create_clidriver()
    services = driver._get_command_table()
    parser = driver._create_parser(services)
    for line in sys.stdin:
        caller = _Caller()
        try:
            known, rest = parser.parse_known_args(json.loads(line))
            service = services[known.command]
            service._get_command_table()[rest[0]]._operation_caller = caller
            service(rest, known)
            answer = caller.call
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever it is, the test that asked shows it
            answer = {"refused": repr(error)}
        print(json.dumps(answer), flush=True)  # noqa: T201  # the answer


if __name__ == "__main__":
    _answer()
