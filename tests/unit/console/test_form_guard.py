"""Forms that act once. Spec: CON-7.3, CON-7.4."""

from __future__ import annotations

import threading

import pytest

from tocsin.console.answer import FormProblemError, Redirect
from tocsin.console.form_guard import FormTokens, SentForms


def test_a_token_is_good_for_its_cookie_alone() -> None:
    tokens = FormTokens(b"k" * 32, new_secret=lambda size: b"\1" * size)
    other = FormTokens(b"o" * 32, new_secret=lambda size: b"\2" * size)
    cookie = tokens.new_cookie()
    token = tokens.token(cookie)
    assert tokens.holds(token, cookie)
    assert not tokens.holds(token, other.new_cookie())
    assert not other.holds(token, cookie)
    assert not tokens.holds("", cookie)
    assert not tokens.holds("ü", cookie)
    assert not tokens.holds(tokens.token(""), "")


def test_a_form_that_is_sent_twice_acts_once() -> None:
    sent, done = SentForms(), []

    def act() -> Redirect:
        done.append(1)
        return Redirect(f"/console/{len(done)}")

    first = sent.once("cookie", "form", act, now=0)
    assert sent.once("cookie", "form", act, now=1) == first
    assert sent.once("other", "form", act, now=1) != first
    assert len(done) == 2


def test_one_that_comes_while_the_first_is_at_work_waits_for_it() -> None:
    sent, begun, go_on, answers = SentForms(), threading.Event(), threading.Event(), []

    def act() -> Redirect:
        begun.set()
        assert go_on.wait(10)
        return Redirect("/console/done")

    def send() -> None:
        answers.append(sent.once("cookie", "form", act, now=0))

    threads = [threading.Thread(target=send) for _ in range(3)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert answers == [Redirect("/console/done")] * 3


def test_a_form_that_was_refused_may_come_again() -> None:
    sent, turns = SentForms(), iter([FormProblemError({"name": "is missing"}), None])

    def act() -> Redirect:
        problem = next(turns)
        if problem is not None:
            raise problem
        return Redirect("/console/done")

    with pytest.raises(FormProblemError):
        sent.once("cookie", "form", act, now=0)
    assert sent.once("cookie", "form", act, now=1) == Redirect("/console/done")


def test_after_a_day_it_is_another_form() -> None:
    sent, done = SentForms(), []

    def act() -> Redirect:
        done.append(1)
        return Redirect("/console")

    sent.once("cookie", "form", act, now=0)
    sent.once("cookie", "form", act, now=86_401)
    assert len(done) == 2
