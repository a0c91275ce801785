"""Files that say whose access keys are, and what is kept of what was learned. Spec: REC-14.3, REC-14.5, WIRE-5.6."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.core.identity import IdentityBook, Kind, KnownPrincipal, LearnedKey, Lesson, Principal
from tocsin.errors import ConfigError, InputError, NotFoundError
from tocsin.recorder.key_file import read_key_file
from tocsin.recorder.learned_keys import FILE, LearnedKeys

DEFAULT = "123456789012"
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

# The example of REC-14.5.
EXAMPLE = """\
account = "123456789012"              # account of keys that name none

[keys.AKIAIOSFODNN7EXAMPLE]
type = "IAMUser"                      # IAMUser | Root | AssumedRole
userName = "alice"
path = "/security/"                   # optional, default "/"
principalId = "AIDAIOSFODNN7EXAMPLE"  # optional
accountId = "111122223333"            # optional

[keys.AKIAI44QH8DHBEXAMPLE]
type = "Root"

[keys.ASIAEXAMPLEEXAMPLE01]
type = "AssumedRole"
roleName = "Admin"                    # path optional
sessionName = "bob"
mfaAuthenticated = true
sourceIdentity = "bob@example.com"
"""


def read(tmp_path: Path, text: str):
    file = tmp_path / "keys.toml"
    file.write_text(text)
    return read_key_file(file, account=DEFAULT, at=AT)


def test_example_of_the_specification(tmp_path: Path) -> None:
    found = read(tmp_path, EXAMPLE)
    alice = found.keys["AKIAIOSFODNN7EXAMPLE"].identity("AKIAIOSFODNN7EXAMPLE")
    assert alice == {
        "type": "IAMUser",
        "principalId": "AIDAIOSFODNN7EXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/security/alice",
        "accountId": "111122223333",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "userName": "alice",
    }
    root = found.keys["AKIAI44QH8DHBEXAMPLE"].identity()
    assert root["arn"] == "arn:aws:iam::123456789012:root"
    bob = found.keys["ASIAEXAMPLEEXAMPLE01"].identity("ASIAEXAMPLEEXAMPLE01")
    assert bob["arn"] == "arn:aws:sts::123456789012:assumed-role/Admin/bob"
    assert bob["principalId"].endswith(":bob")
    context = bob["sessionContext"]
    assert context["attributes"] == {"creationDate": "2026-03-01T09:00:00Z", "mfaAuthenticated": "true"}
    assert context["sourceIdentity"] == "bob@example.com"
    assert context["sessionIssuer"]["arn"] == "arn:aws:iam::123456789012:role/Admin"
    assert bob["principalId"] == f"{context['sessionIssuer']['principalId']}:bob"
    assert found.account == "123456789012"


def test_id_path_and_partition_of_a_session(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        'partition = "aws-cn"\n[keys.ASIAX]\ntype = "AssumedRole"\nroleName = "Admin"\npath = "/ops/"\n'
        'sessionName = "bob"\nprincipalId = "AROAEXAMPLE"\n',
    ).keys["ASIAX"]
    told = found.identity()
    assert told["principalId"] == "AROAEXAMPLE:bob"
    assert told["arn"] == "arn:aws-cn:sts::123456789012:assumed-role/Admin/bob"
    assert told["sessionContext"]["sessionIssuer"]["arn"] == "arn:aws-cn:iam::123456789012:role/ops/Admin"


def test_file_of_the_server_will_do(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '[AKIAIOSFODNN7EXAMPLE]\nsecret = "wJalrXUtnFEMI/K7MDENG"\narn = "arn:aws:iam::111122223333:user/ci/bot"\nname = "CI"\n'
        '[AKIAI44QH8DHBEXAMPLE]\nsecret = "wJalrXUtnFEMI/K7MDENG"\narn = "arn:aws:iam::111122223333:root"\n',
    )
    assert found.keys["AKIAIOSFODNN7EXAMPLE"] == Principal(
        kind=Kind.IAM_USER, arn="arn:aws:iam::111122223333:user/ci/bot"
    )
    assert found.keys["AKIAI44QH8DHBEXAMPLE"].kind is Kind.ROOT
    assert read(tmp_path, "").keys == {}


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("account = 1\n", "1:1", "account cannot be this", "12 digits"),
        ("[keys.A]\ntype = 'User'\n", "2:1", "[keys.A] needs a type", "one of IAMUser, Root, AssumedRole"),
        ("[keys.A]\n", "1:7", "[keys.A] needs a type", "one of"),
        ("[keys]\nA = 1\n", "2:1", "[keys.A] is no table", "write [keys.AKIA…]"),
        ("keys = 1\n", "1:1", "keys is no table", "write"),
        ("[keys.A]\ntype = 'IAMUser'\n", "1:7", "[keys.A] needs userName", "letters"),
        (
            "[keys.A]\ntype = 'IAMUser'\nusername = 'x'\n",
            "3:1",
            "[keys.A] has username, which is not known",
            "did you mean 'userName'?",
        ),
        (
            "[keys.A]\ntype = 'Root'\nuserName = 'x'\n",
            "3:1",
            "[keys.A] has userName, which is not known",
            "known: type, accountId",
        ),
        ("[keys.A]\ntype = 'IAMUser'\nuserName = 'a b'\n", "3:1", "userName cannot be this", "letters"),
        ("[keys.A]\ntype = 'IAMUser'\nuserName = 'a'\npath = 'x'\n", "4:1", "path cannot be this", "slash"),
        ("[keys.A]\ntype = 'IAMUser'\nuserName = 'a'\nprincipalId = ''\n", "4:1", "principalId cannot be this", "AIDA"),
        (
            "[keys.A]\ntype = 'AssumedRole'\nroleName = 'a'\nsessionName = 'b'\nmfaAuthenticated = 'true'\n",
            "5:1",
            "mfaAuthenticated is true or false",
            "without quotes",
        ),
        ("accounts = '1'\nkeys = {}\n", "1:1", "accounts is not known", "did you mean 'account'?"),
        ("partition = 'azure'\n", "1:1", "partition cannot be this", "aws-cn"),
        ("[AKIA]\nsecret = 'x'\n", "1:2", "[AKIA] needs the arn of a user or role", "for example"),
        ("[AKIA]\narn = 'x'\n", "2:1", "[AKIA] needs the arn of a user or role", "for example"),
        ("[AKIA]\nsecert = 'x'\n", "2:1", "[AKIA] has secert, which is not known", "did you mean 'secret'?"),
        ("AKIA = 'x'\n", "1:1", "[AKIA] is no table", "write [AKIA…]"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.message == f"{tmp_path / 'keys.toml'}:{place}: {message}"
    assert hint in caught.value.hint


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_key_file(tmp_path / "none", account=DEFAULT, at=AT)
    with pytest.raises(ConfigError, match="Is a directory"):
        read_key_file(tmp_path, account=DEFAULT, at=AT)
    with pytest.raises(ConfigError, match="it is no TOML file") as caught:
        read(tmp_path, "[AKIA]\nsecret = topsecret\n")
    assert "topsecret" not in str(caught.value)
    with pytest.raises(ConfigError, match="longer than 4 MiB"):
        read(tmp_path, "#" * (4 * 1024 * 1024 + 1))


# ---------------------------------------------------------------- kept over restarts

KEY = LearnedKey(
    access_key="ASIAX",
    principal=Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{DEFAULT}:user/eve"),
    forget_at=AT + timedelta(hours=1),
)
EVE = KnownPrincipal(
    kind="user", account=DEFAULT, name="eve", arn=f"arn:aws:iam::{DEFAULT}:user/eve", principal_id="AIDAEVE"
)


def test_what_was_learned_survives(tmp_path: Path) -> None:
    kept = LearnedKeys(tmp_path / "data")
    kept.keep(Lesson(keys=(KEY,), principals=(EVE,)))
    kept.close()
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o077 == 0
    kept = LearnedKeys(tmp_path / "data")
    book = IdentityBook(account=DEFAULT)
    for lesson in kept.lessons():
        book.remember(lesson)
    told = book.caller("ASIAX", region="us-east-1", at=AT).identity
    assert (told["userName"], told["principalId"]) == ("eve", "AIDAEVE")
    kept.keep(Lesson(principals=(KnownPrincipal(kind="user", account=DEFAULT, name="eve", arn=""),)))
    kept.forget_ended(AT + timedelta(hours=2))
    assert list(kept.lessons()) == []
    kept.close()


def test_keys_that_last_are_not_the_first_to_make_room(tmp_path: Path) -> None:
    kept = LearnedKeys(tmp_path)
    lasting = LearnedKey(access_key="AKIAX", principal=KEY.principal)
    kept.keep(Lesson(keys=(lasting, KEY)))
    assert [lesson.keys[0].access_key for lesson in kept.lessons()] == ["ASIAX", "AKIAX"]
    kept.close()


def test_rows_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    kept = LearnedKeys(tmp_path)
    kept.keep(Lesson(keys=(KEY,)))
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("INSERT INTO learned VALUES ('key', 'A', NULL, 'no json'), ('user', 'b', NULL, '{}')")
    other.close()
    assert list(kept.lessons()) == [Lesson(keys=(KEY,))]
    kept.close()


def test_lesson_that_cannot_be_kept_leaves_nothing_half_done(tmp_path: Path) -> None:
    kept = LearnedKeys(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON learned BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()
    with pytest.raises(sqlite3.Error):
        kept.keep(Lesson(keys=(KEY,)))
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("DROP TRIGGER no")
    other.close()
    kept.keep(Lesson(keys=(KEY,)))
    kept.close()


def test_folder_or_database_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot use the data folder"):
        LearnedKeys(tmp_path / "file" / "data")
    (tmp_path / FILE).write_text("this is no database, however long one looks at it" * 100)
    with pytest.raises(InputError, match=r"cannot use .*recorder\.sqlite3"):
        LearnedKeys(tmp_path)
