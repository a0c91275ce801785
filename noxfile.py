"""The tests under every supported Python, and against the built wheel. `make test` covers a desk's own.

.venv/bin/nox                    all sessions for which there is an interpreter
.venv/bin/nox -s wheel           the tests against the wheel, without the checkout's src/
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PINS = ("--require-hashes", "--requirement", "requirements-dev.txt")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the tests under one version of Python."""
    session.install(*PINS)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
    session.run("pytest", "-q", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it in place of the checkout and run the tests against it."""
    session.install(*PINS)
    target = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target))
    built = max(target.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    session.install("--no-deps", "--force-reinstall", str(built))
    session.run("pytest", "-q", *session.posargs)
