"""The built-in mailbox: a folder of mails. Spec: SNS-5.8, IF-7."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest
from mail_envelope import TOKEN, TOPIC, WRITER, envelope, question

from tocsin.core.delivery import Delivered, DeliveryReason, Failed, Retry
from tocsin.core.mail.kept_mail import Attachment
from tocsin.core.outbox import DeliveryRow
from tocsin.core.scope import Scope
from tocsin.notifiers import mailbox
from tocsin.notifiers.mailbox import MailboxFolder, MailboxNotifier, find_mail, list_mails, mail_name, read_mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tocsin.core.delivery import DeliveryOutcome
    from tocsin.core.envelope import Envelope

ROW = DeliveryRow(
    delivery_id="0a1b2c3d-0000-4000-8000-000000000000", scope=Scope("111122223333", "eu-west-1"), topic_arn=TOPIC,
    target=f"{TOPIC}:s", protocol="email", cause="publish", created_at=0, next_at=0, body=b"",
)  # fmt: skip
SECOND = 1_000


def keep(folder: Path, *given: tuple[str, Envelope], most: int = 100) -> list[DeliveryOutcome]:
    """Deliver messages, each with the first letters of its delivery's id."""
    notifier = MailboxNotifier(WRITER, folder, most=most)

    async def run() -> list[DeliveryOutcome]:
        found = []
        for ident, one in given:
            row = msgspec.structs.replace(ROW, delivery_id=f"{ident}-0000-4000-8000-000000000000")
            found.append(await notifier.send(row, one))
        await notifier.close()
        return found

    return asyncio.run(run())


def at(second: int, **members: str) -> Envelope:
    return envelope(published_at=1_772_366_400_000 + second * SECOND, **members)


def test_mails_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mailbox"
    assert keep(folder, ("aaaaaaaa", at(0))) == [Delivered("kept in the mailbox as 20260301T120000Z-aaaaaaaa")]
    (path,) = folder.iterdir()
    assert path.name == "20260301T120000Z-aaaaaaaa.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read_mail(path)["Subject"] == "hello"


def test_digests_of_one_second_do_not_take_each_others_place() -> None:
    names = {mail_name(0, f"digest-{subscriber * 24}-1772366400000") for subscriber in "abc"}
    assert len(names) == 3
    assert mail_name(0, f"digest-{'a' * 24}-1772366400000") in names


def test_one_that_is_delivered_again_takes_its_own_place(tmp_path: Path) -> None:
    keep(tmp_path, ("aaaaaaaa", at(0)), ("aaaaaaaa", at(0)))
    assert len(list_mails(tmp_path)) == 1


def test_the_newest_come_first(tmp_path: Path) -> None:
    keep(tmp_path, ("aaaaaaaa", at(0, subject="größe")), ("bbbbbbbb", at(60)), ("cccccccc", question()))
    (tmp_path / ".20260301T120000Z-dddddddd.partial").write_bytes(b"half")
    (tmp_path / "notes.eml").write_bytes(b"not ours")
    assert [tuple(mail) for mail in list_mails(tmp_path)] == [
        ("20260301T120100Z-bbbbbbbb", "2026-03-01T12:01:00Z", "alice@example.com", "hello"),
        (
            "20260301T120000Z-cccccccc",
            "2026-03-01T12:00:00Z",
            "alice@example.com",
            "Please confirm: messages of the topic sec-alerts",
        ),
        ("20260301T120000Z-aaaaaaaa", "2026-03-01T12:00:00Z", "alice@example.com", "größe"),
    ]
    assert list_mails(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("20260301T120000Z-aaaaaaaa", "a"),
        ("aaaaaaaa", "a"),
        ("20260301T1201", "b"),
        ("20260301", None),
        ("zzz", None),
        ("", None),
        ("../secret", None),
        ("*", None),
    ],
)
def test_a_mail_is_found_by_a_part_of_its_name(tmp_path: Path, name: str, found: str | None) -> None:
    keep(tmp_path, ("aaaaaaaa", at(0)), ("bbbbbbbb", at(60)))
    path = find_mail(tmp_path, name)
    assert (path and path.stem[-1]) == found


def test_the_folder_is_bounded(tmp_path: Path) -> None:
    keep(tmp_path, *((f"{number:08}", at(number)) for number in range(25)), most=20)
    kept = [mail.name for mail in list_mails(tmp_path)]
    assert len(kept) <= 20
    assert kept == [
        mail_name(1_772_366_400_000 + number * SECOND, f"{number:08}-") for number in range(24, 24 - len(kept), -1)
    ]
    # Another process goes on where this one ended.
    keep(tmp_path, *((f"{number:08}", at(number)) for number in range(25, 60)), most=20)
    assert len(list_mails(tmp_path)) <= 20


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_bytes(b"a file in its place")
    (outcome,) = keep(tmp_path / "mailbox", ("aaaaaaaa", at(0)))
    assert isinstance(outcome, Retry)
    assert outcome.answer.startswith("the mailbox cannot be written: ")


def test_an_address_that_is_none(tmp_path: Path) -> None:
    (outcome,) = keep(tmp_path, ("aaaaaaaa", at(0, endpoint="nobody")))
    assert outcome == Failed(DeliveryReason.MESSAGE, "'nobody' is no address")


# ---------------------------------------------------------------- reading, as a `Mailbox`


def test_a_mailbox_that_got_nothing_yet_is_empty(tmp_path: Path) -> None:
    box = MailboxFolder(tmp_path / "none")
    assert (box.count(), box.page(limit=5), box.read("20260301T120000Z-aaaaaaaa")) == (0, [], None)


def test_mails_are_read_in_pages(tmp_path: Path) -> None:
    keep(tmp_path, *((f"{letter * 8}", at(second)) for second, letter in enumerate("abc")))
    (tmp_path / "2026 draft.eml").write_bytes(b"not ours")
    box = MailboxFolder(tmp_path)
    first = box.page(limit=2)
    assert [one.name[-8:] for one in first] == ["cccccccc", "bbbbbbbb"]
    assert [one.name[-8:] for one in box.page(limit=2, before=first[-1].name)] == ["aaaaaaaa"]


def test_a_mail_is_read_with_its_parts(tmp_path: Path) -> None:
    keep(tmp_path, ("aaaaaaaa", at(0, subject="größe", message="wörter", records=b'{"a":1}\n')))
    mail = MailboxFolder(tmp_path).read("20260301T120000Z-aaaaaaaa")
    assert mail is not None
    assert (mail.date, mail.recipient, mail.subject) == ("2026-03-01T12:00:00Z", "alice@example.com", "größe")
    assert mail.text.startswith("wörter\n")
    assert "<html" in mail.html
    assert mail.attachments == (Attachment("records.ndjson", 8),)
    assert dict(mail.headers)["Auto-Submitted"] == "auto-generated"
    assert mail.links.unsubscribe == ""  # the token of this test is none of ours


def test_the_page_that_confirms_is_found_in_a_mail(tmp_path: Path) -> None:
    keep(tmp_path, ("aaaaaaaa", question()))
    mail = MailboxFolder(tmp_path).read("20260301T120000Z-aaaaaaaa")
    assert mail is not None
    assert mail.links.confirm == TOKEN


@pytest.mark.parametrize("name", ["../secret", "..", "", "/etc/passwd", "20260301T120000Z-aaaaaaaa/../x"])
def test_no_name_leads_out_of_the_mailbox(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.eml").write_bytes(b"Subject: secret\n\n")
    (tmp_path / "box").mkdir()
    box = MailboxFolder(tmp_path / "box")
    assert (box.read(name), box.source(name)) == (None, None)


def test_the_folder_is_gone_through_only_after_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[Path] = []
    plain = mailbox._paths

    def counted(folder: Path) -> Iterator[Path]:
        walks.append(folder)
        return plain(folder)

    monkeypatch.setattr(mailbox, "_paths", counted)
    box = MailboxFolder(tmp_path)
    (tmp_path / "20260301T120000Z-aaaaaaaa.eml").write_bytes(b"To: a\r\n\r\n")
    assert [box.count_after("") for _ in range(10)] == [1] * 10
    assert len(walks) == 2
    (tmp_path / "20260301T120001Z-aaaaaaaa.eml").write_bytes(b"To: a\r\n\r\n")
    assert [box.count_after("20260301T120000Z-aaaaaaaa") for _ in range(10)] == [1] * 10
    assert box.count() == 2
    assert len(walks) <= 4


def test_a_mailbox_that_goes_and_comes_is_counted_anew(tmp_path: Path) -> None:
    box = MailboxFolder(tmp_path / "box")
    assert box.count_after("") == 0
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "20260301T120000Z-aaaaaaaa.eml").write_bytes(b"")
    (tmp_path / "box" / "2_is_none.eml").write_bytes(b"")
    assert (box.count_after(""), box.count()) == (1, 1)
