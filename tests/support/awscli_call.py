"""What the AWS CLI makes of a command: the call that it would send. Nothing is sent. Spec: CON-7.8."""

from __future__ import annotations

import logging
import os
import subprocess
from typing import Any

from awscli.clidriver import create_clidriver

from tocsin.core.aws_call import AwsCall


def shell_words(command: str) -> list[str]:
    """What a POSIX shell makes of a command line, before it runs anything."""
    script = f"set -- {command}\nprintf '%s\\0' \"$@\""
    run = subprocess.run(["sh", "-c", script], check=True, capture_output=True)
    return run.stdout.decode().split("\0")[:-1]


class _Caller:
    """Stands where the CLI's own caller of operations does."""

    def __init__(self) -> None:
        self.calls: list[AwsCall] = []

    def invoke(self, service: str, operation: str, parameters: dict[str, Any], _globals: object) -> int:
        self.calls.append(AwsCall(service=service, operation=operation, parameters=parameters))
        return 0


class AwsCli:
    """The AWS CLI's parser, for many commands."""

    def __init__(self) -> None:
        logging.getLogger("awscli").setLevel(logging.ERROR)  # as the CLI itself does without --debug
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
        driver = create_clidriver()
        self._services = driver._get_command_table()
        self._parser = driver._create_parser(self._services)

    def calls(self, command: str) -> list[AwsCall]:
        """The calls of a command, as a POSIX shell splits it.

        AssertionError, SystemExit or an error of the CLI for what it refuses.
        """
        program, *words = shell_words(command)
        assert program == "aws"
        known, rest = self._parser.parse_known_args(words)
        service = self._services[known.command]
        caller = _Caller()
        service._get_command_table()[rest[0]]._operation_caller = caller
        assert service(rest, known) == 0
        return caller.calls
