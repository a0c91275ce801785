"""The key that messages are signed with, and its certificate, of a server that runs. Spec: SNS-7.3, IF-7."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from cryptography.x509 import load_pem_x509_certificate
from live_server import LiveServer

if TYPE_CHECKING:
    from pathlib import Path


def path_of_certificate(data: Path) -> str:
    """Where the certificate of a server is; it is made beside all else."""
    for _ in range(100):
        found = [file for file in (data / "signing").glob("*.pem") if file.name != "key.pem"]
        if found:
            return f"/SimpleNotificationService-{found[0].stem}.pem"
        time.sleep(0.05)  # noqa: TID251  (until another process has made it)
    raise AssertionError("no certificate was made")


def test_the_certificate_is_served_and_outlives_the_process(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LiveServer(data) as server:
        path = path_of_certificate(data)
        answer = server.ask(path)
        assert answer.status == 200
        assert load_pem_x509_certificate(answer.body)
        assert b"PRIVATE" not in answer.body
        assert server.ask(path, method="HEAD").status == 200
        assert server.ask("/SimpleNotificationService-" + "0" * 32 + ".pem").status == 404
        assert server.ask("/SimpleNotificationService-key.pem").status == 404
        server.kill()
    with LiveServer(data) as server:
        assert server.ask(path).body == answer.body


def test_a_key_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "data" / "signing").mkdir(parents=True)
    (tmp_path / "data" / "signing" / "key.pem").write_text("not a key")
    done = tocsin("serve", "--port", "0", "--data", "data", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tocsin: data/signing/key.pem: not a private RSA key of 2048 bits or more, as PEM, without a passphrase\n"
        "hint: remove the file to have a new key made\n"
    )


def test_a_backup_has_the_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with LiveServer(data) as server:
        path = path_of_certificate(data)
        certificate = server.ask(path).body
        assert tocsin("backup", "--data", "data", "copy", cwd=tmp_path).returncode == 0
    assert ((tmp_path / "copy" / "signing" / "key.pem").stat().st_mode & 0o777) == 0o600
    with LiveServer(tmp_path / "copy") as server:
        assert server.ask(path).body == certificate


def tocsin(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        cwd=cwd,
        env={**clean, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
