"""Forms that only their own page can send, and that act once. Spec: CON-7.3, CON-7.4, CON-7.7."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime

import pytest
from console_bench import ConsoleBench

from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.console.answer import FormProblemError, Redirect, Undo
from tocsin.console.form_guard import FormTokens, SentForms
from tocsin.store.memory import MemoryStore

ALARM = {
    "AlarmName": "root-usage", "Namespace": "Trail", "MetricName": "Root", "Statistic": "Sum", "Period": 60,
    "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}  # fmt: skip
ANSWER = Redirect("/console/alarms", "Done.", Undo("undo-it", {"a": "b"}), headers=[("Set-Cookie", "x=y")])


# ------------------------------------------------------------ tokens


def test_a_token_belongs_to_one_cookie_and_one_session() -> None:
    tokens = FormTokens(b"k" * 32, new_secret=lambda size: b"s" * size)
    token = tokens.token("cookie", "session")
    assert tokens.holds(token, "cookie", "session")
    for cookie, session in (("cookie", ""), ("cookie", "other"), ("other", "session"), ("", "session")):
        assert not tokens.holds(token, cookie, session)
    assert not FormTokens(b"o" * 32, new_secret=lambda size: b"").holds(token, "cookie", "session")


def test_the_cookie_of_each_browser_is_another_one() -> None:
    secrets = iter([b"\1", b"\2"])
    tokens = FormTokens(b"k" * 32, new_secret=lambda size: next(secrets) * size)
    assert len({tokens.new_cookie(), tokens.new_cookie()}) == 2


@pytest.mark.parametrize("token", ["", "é", "\u202e", "0" * 64])
def test_anything_else_is_no_token(token: str) -> None:
    assert not FormTokens(b"k" * 32, new_secret=lambda size: b"").holds(token, "cookie")


# ------------------------------------------------------------ once


class Sent:
    """Forms over a store."""

    def __init__(self) -> None:
        self.clock, self.store, self.acted = ManualClock(datetime(2026, 3, 14, tzinfo=UTC)), MemoryStore(), 0
        self.restart()

    def restart(self) -> None:
        self.forms = SentForms(Service(self.store, self.clock, new_id=lambda: "id"))

    def act(self) -> Redirect:
        self.acted += 1
        return ANSWER

    def send(self, form_id: str = "f", sender: tuple[str, ...] = ("cookie", "session", "do/x")) -> Redirect:
        return self.forms.once(sender, form_id, self.act)


@pytest.fixture
def sent() -> Sent:
    return Sent()


def test_a_form_that_is_sent_twice_acts_once_and_is_answered_the_same(sent: Sent) -> None:
    assert [sent.send(), sent.send()] == [ANSWER, ANSWER]
    assert sent.acted == 1


def test_also_after_a_restart(sent: Sent) -> None:
    sent.send()
    sent.restart()
    assert sent.send() == ANSWER
    assert sent.acted == 1


def test_after_a_day_it_is_another_form(sent: Sent) -> None:
    sent.send()
    sent.clock.advance(86_400)
    sent.send()
    assert sent.acted == 2


def test_another_form_another_sender_and_another_address_are_others(sent: Sent) -> None:
    sent.send()
    sent.send("g")
    sent.send(sender=("other", "session", "do/x"))
    sent.send(sender=("cookie", "other", "do/x"))
    sent.send(sender=("cookie", "session", "do/y"))
    assert sent.acted == 5


def test_a_form_without_an_id_acts_each_time(sent: Sent) -> None:
    sent.send("")
    sent.send("")
    assert sent.acted == 2


def test_a_form_that_was_refused_may_come_again(sent: Sent) -> None:
    def refuse() -> Redirect:
        raise FormProblemError({"": "no"})

    with pytest.raises(FormProblemError):
        sent.forms.once(("a",), "f", refuse)
    assert sent.forms.once(("a",), "f", sent.act) == ANSWER
    assert sent.forms._under_way == {}


def test_a_form_that_comes_twice_at_the_same_moment_acts_once(sent: Sent) -> None:
    begun, free = threading.Event(), threading.Event()
    answers: list[Redirect] = []

    def slow() -> Redirect:
        begun.set()
        free.wait(20)
        return sent.act()

    first = threading.Thread(target=lambda: answers.append(sent.forms.once(("a",), "f", slow)))
    first.start()
    begun.wait(20)
    second = threading.Thread(target=lambda: answers.append(sent.forms.once(("a",), "f", slow)))
    second.start()
    free.set()
    first.join(20)
    second.join(20)
    assert answers == [ANSWER, ANSWER]
    assert sent.acted == 1


def test_what_comes_and_goes_leaves_nothing(sent: Sent) -> None:
    for number in range(50):
        sent.send(str(number))
    sent.clock.advance(86_400)
    for number in range(20):
        sent.send(f"later {number}")
    with sent.store.read() as reader:
        assert len(list(reader.scan_all("console-sent"))) == 20


# ------------------------------------------------------------ taken back, through the pages


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the first form that sends to an action."""
    form = re.search(rf'<form[^>]*action="[^"]*/do/{action}[^"]*".*?</form>', page, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form[0]))


@pytest.mark.parametrize("way", ["result line", "audit log"])
def test_a_change_is_taken_back_and_both_entries_say_so(way: str) -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    page = bench.follow(bench.post("switch-alarm-actions", {"alarm": "root-usage", "to": "off"}))
    shown = page if way == "result line" else bench.get("audit")
    undone = bench.post("switch-alarm-actions", fields(shown.text, "switch-alarm-actions"))
    assert undone.status == 303
    described = bench.call("cloudwatch", "DescribeAlarms", {"AlarmNames": ["root-usage"]})
    assert described["MetricAlarms"][0]["ActionsEnabled"] is True
    words = bench.get("audit").words
    assert "undone by 2" in words
    assert words.count("switched the actions of alarm root-usage") == 2


def test_after_ten_minutes_no_page_offers_to_take_it_back() -> None:
    bench = ConsoleBench()
    bench.call("cloudwatch", "PutMetricAlarm", ALARM)
    told = bench.post("switch-alarm-actions", {"alarm": "root-usage", "to": "off"})
    assert "Undo" in bench.follow(told).words
    bench.clock.advance(600)
    assert "Undo" not in bench.follow(told).words
    assert "do/switch-alarm-actions" not in bench.get("audit").text
