"""What the file system says, as text."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from tocsin.sources.file_system import error_reason, kind_reason, real_path, show_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("AWSLogs/111122223333/x.json.gz", "AWSLogs/111122223333/x.json.gz"),
        ("é ü 漢字 a\u00a0b", "é ü 漢字 a\u00a0b"),
        ("C:\\logs\\new", "C:\\logs\\new"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("line\nbreak\x7f", "line\\x0abreak\\x7f"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\x85", "\\u0085"),
        ("\ud800", "\\ud800"),
        ("a\\xff", "a\\x5cxff"),
        ("a\\u0085", "a\\x5cu0085"),
        ("a\\x5cxff", "a\\x5cx5cxff"),
        ("a\\", "a\\"),
        ("", ""),
    ],
)
def test_a_path_is_shown_so_that_it_leads_back(path: str, shown: str) -> None:
    assert show_path(path) == shown
    assert real_path(shown) == path
    shown.encode()


def test_bytes_that_are_not_utf8_lead_back() -> None:
    name = bytes(range(1, 256)).replace(b"/", b"")
    assert os.fsencode(real_path(show_path(os.fsdecode(name)))) == name


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EACCES, "x"), "permission denied"),
        (OSError(errno.ENOENT, "x"), "vanished while it was being read"),
        (OSError(errno.EIO, "x"), "input/output error"),
        (OSError(errno.ELOOP, "x"), "links that loop"),
        (OSError(errno.ENAMETOOLONG, "x"), "path too long"),
        (OSError(errno.EMFILE, "x"), os.strerror(errno.EMFILE).lower()),
        (OSError(), "cannot be read"),
    ],
)
def test_errors_have_reasons_in_words(error: OSError, reason: str) -> None:
    assert error_reason(error) == reason


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (stat.S_IFREG, ""),
        (stat.S_IFDIR, "a folder"),
        (stat.S_IFIFO, "a named pipe, which is never opened"),
        (stat.S_IFSOCK, "a socket, which is never opened"),
        (stat.S_IFCHR, "a device, which is never opened"),
        (stat.S_IFBLK, "a device, which is never opened"),
        (stat.S_IFLNK, "not a regular file"),
    ],
)
def test_only_regular_files_are_read(mode: int, reason: str) -> None:
    assert kind_reason(mode | 0o644) == reason
