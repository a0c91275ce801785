"""`tocsin record` and `tocsin record sign-in` as they are called. Spec: IF-8, CT-4."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from http_endpoint import HttpEndpoint, Reply

A = "111122223333"


def call(folder: Path, *words: str) -> tuple[int, str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "AWS_"))}
    done = subprocess.run(  # noqa: PLW1510  (the exit status is what is asked for)
        [sys.executable, "-m", "tocsin", "record", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**clean, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull},
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--upstream is missing"),
        (["--upstream", "moto"], "--upstream: moto is no address of an HTTP server"),
        (["--upstream", "http://x:y"], "--upstream: http://x:y is no address of an HTTP server"),
        (["--upstream", "http://x/base"], "--upstream: http://x/base has a path"),
        (["--upstream", "http://me:pw@x"], "--upstream: an address with a user name"),
        (
            ["--upstream", "http://localhost:4591"],
            "--upstream: http://localhost:4591 is where the recorder itself would listen",
        ),
        (["--upstream", "http://x", "--port", "70000"], "--port: 70000 is no port"),
        (["--upstream", "http://x", "--credentials", "none.toml"], "none.toml: there is no such file"),
        (["--upstream", "https://x", "--ca-bundle", "none.pem"], "none.pem: cannot be used: No such file"),
        (["--upstream", "http://a..b:5000"], "--upstream: http://a..b:5000 is no address of an HTTP server"),
        (
            [
                "--upstream",
                "http://x",
                "--port",
                "0",
                "--data",
                "d",
                "--server",
                "https://x",
                "--ca-bundle",
                "none.pem",
            ],
            "none.pem: cannot be used: No such file",
        ),
        (
            ["--upstream", "http://x", "--port", "0", "--data", "d", "--server", "http://me:secret@x"],
            "--server: an address with a user name",
        ),
        (["--upstream", "http://x", "--unknown-keys", "root"], '--unknown-keys: "root" is none of user, unknown'),
        (
            ["--upstream", "http://x", "--port", "0", "--data", "d", "--ndjson", "no/such/file"],
            "--ndjson: cannot write no/such/file",
        ),
        (
            ["--upstream", "http://x", "--port", "0", "--data", "d", "--server", "x"],
            "--server: x is no address of a server",
        ),
        (["sign-in", "--root", "--user", "bob"], "one of them says who it is"),
        (["sign-in", "--root", "--failure", "unknown-user"], "the root user and roles are known"),
        (["sign-in", "--account", "1234"], "--account: 1234 is no account"),
        (["sign-in", "--role", "Admin"], "--role: Admin is no ARN of a role"),
        (["sign-in", "--user", "a b"], "--user: a b is no name of a user"),
        (
            ["sign-in", "--server", "http://127.0.0.1:9"],
            "the record was not handed over: http://127.0.0.1:9 cannot be reached",
        ),
    ],
)
def test_wrong_call_is_told(tmp_path: Path, words: list[str], message: str) -> None:
    status, out, err = call(tmp_path, *words)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def sign_in(folder: Path, *words: str) -> dict[str, Any]:
    status, out, err = call(folder, "sign-in", *words)
    assert (status, err) == (0, "")
    (line,) = out.splitlines()
    return json.loads(line)


def test_sign_in_of_a_user(tmp_path: Path) -> None:
    made = sign_in(tmp_path, "--user", "bob", "--account", A, "--region", "eu-west-1", "--no-mfa")
    assert made["userIdentity"]["arn"] == f"arn:aws:iam::{A}:user/bob"
    assert made["responseElements"] == {"ConsoleLogin": "Success"}
    assert made["additionalEventData"]["MFAUsed"] == "No"
    assert (made["awsRegion"], made["recipientAccountId"]) == ("eu-west-1", A)


def test_sign_in_through_a_role(tmp_path: Path) -> None:
    made = sign_in(tmp_path, "--role", f"arn:aws:iam::{A}:role/ops/Admin")
    identity = made["userIdentity"]
    assert identity["arn"] == f"arn:aws:sts::{A}:assumed-role/Admin/console"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{A}:role/ops/Admin"
    assert "accessKeyId" not in identity
    named = sign_in(tmp_path, "--role", f"arn:aws:sts::{A}:assumed-role/Admin/bob")
    assert named["userIdentity"]["arn"] == f"arn:aws:sts::{A}:assumed-role/Admin/bob"
    assert named["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "Admin"


def test_sign_in_goes_to_every_sink(tmp_path: Path) -> None:
    with HttpEndpoint(lambda _: Reply(200, b'{"accepted":1,"duplicates":0}')) as endpoint:
        words = ["sign-in", "--root", "--ndjson", "lines", "--archive", "trail", "--server", endpoint.url]
        assert call(tmp_path, *words) == (0, "", "")
        (sent,) = endpoint.received
    line = (tmp_path / "lines").read_bytes()
    (file,) = (tmp_path / "trail").rglob("*.json.gz")
    (kept,) = json.loads(gzip.decompress(file.read_bytes()))["Records"]
    assert json.loads(line) == json.loads(sent.body) == kept
    assert kept["userIdentity"]["type"] == "Root"
