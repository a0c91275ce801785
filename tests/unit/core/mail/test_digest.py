"""One mail for many messages. Spec: SNS-12.6."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.mail.digest import LONGEST_TEXTS, DigestEntry, compose_digest

AT = 1_772_366_400_000


def entry(second: int, subject: str, text: str) -> DigestEntry:
    return DigestEntry(at=AT + 1000 * second, subject=subject, text=text)


def test_what_a_digest_says() -> None:
    digest = compose_digest(
        "sec-alerts",
        [
            entry(0, 'ALARM: "root-use" in Europe (Ireland)', "root signed in.\nThe alarm …\n"),
            entry(65, 'OK: "root-use" in Europe (Ireland)', "\nThe alarm is fine.\n"),
            entry(70, 'ALARM: "root-use" in Europe (Ireland)', "root signed in, 3 times.\n"),
            entry(90, "hello", ""),
        ],
    )
    assert digest.subject == "4 messages of the topic sec-alerts: 2 ALARM, 1 OK"
    assert digest.text.startswith(
        "4 messages of the topic sec-alerts, 2026-03-01 12:00:00Z to 12:01:30Z\n"
        "\n"
        '  1. 2026-03-01 12:00:00Z  ALARM: "root-use" in Europe (Ireland)\n'
        "     root signed in.\n"
        '  2. 2026-03-01 12:01:05Z  OK: "root-use" in Europe (Ireland)\n'
        "     The alarm is fine.\n"
        '  3. 2026-03-01 12:01:10Z  ALARM: "root-use" in Europe (Ireland)\n'
        "     root signed in, 3 times.\n"
        "  4. 2026-03-01 12:01:30Z  hello\n"
        "\n"
        f"{'=' * 72}\n"
        '1 of 4: ALARM: "root-use" in Europe (Ireland)\n'
        f"{'=' * 72}\n"
        "\n"
        "root signed in.\n"
        "The alarm …\n"
    )


def test_one_is_no_plural() -> None:
    assert compose_digest("t", [entry(0, "hello", "m")]).subject == "1 message of the topic t"


def test_what_does_not_fit_is_listed_all_the_same() -> None:
    long = "x" * (LONGEST_TEXTS // 3)
    digest = compose_digest("t", [entry(number, f"subject {number}", f"line {number}\n{long}") for number in range(5)])
    for number in range(5):
        assert f"  subject {number}\n     line {number}\n" in digest.text
    assert digest.text.count(long) == 2
    assert "3 more stand in the list above alone" in digest.text


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), min_size=1, max_size=20))
def test_no_message_forges_a_line_of_the_list(messages: list[tuple[str, str]]) -> None:
    digest = compose_digest("t", [entry(number, *message) for number, message in enumerate(messages)])
    listed = digest.text.split("\n\n", 2)[1].splitlines()
    assert sum(not line.startswith("     ") for line in listed) == len(messages)
    assert "\n" not in digest.subject
