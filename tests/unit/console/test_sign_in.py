"""Signing in to the console, and out of it. Spec: CON-4.10, CON-7.9, CON-8.4."""

from __future__ import annotations

import pytest
from console_bench import ConsoleBench, Seen

from tocsin.app.audit import AuditLog

WRONG = "The name or the password is not right."


@pytest.fixture
def bench() -> ConsoleBench:
    return ConsoleBench(users={"alice": "operator", "vera": "viewer"})


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("", "/console"),
        ("alarms/cis%2Froot-usage?state=ALARM", "/console/alarms/cis%2Froot-usage?state=ALARM"),
        ("no-such-page", "/console/no-such-page"),
    ],
)
def test_whoever_has_not_signed_in_is_led_to_the_form_and_back(bench: ConsoleBench, path: str, back: str) -> None:
    form = bench.follow(bench.get(path))
    assert form.status == 200
    assert [h1.text for h1 in form.html.iter("h1")] == ["Sign in"]
    inputs = {one.get("name"): one.get("value") for one in form.html.iter("input")}
    assert inputs["back"] == back
    assert bench.sign_in("alice", back=back).headers["location"] == back


@pytest.mark.parametrize("path", ["_/alarm/chart", "stream"])
def test_parts_of_pages_are_refused_in_place_of_led_away(bench: ConsoleBench, path: str) -> None:
    assert bench.get(path).status == 401


def test_a_change_without_a_session_is_refused(bench: ConsoleBench) -> None:
    assert bench.post("prefer", {"theme": "dark"}).status == 401


def hidden(seen: Seen) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in seen.html.iter("input") if one.get("type") == "hidden"}


def test_what_was_typed_when_the_session_had_ended_goes_through_signing_in(bench: ConsoleBench) -> None:
    typed = {"name": "alerts", "display_name": 'Höhe "1" <b>&', "tags": "a=1\r\nb=2"}
    ended = bench.post("create-topic", {**typed, "password": "a phrase of mine", "form": "an-id"})
    assert ended.status == 401
    assert "Your session has ended. Nothing was changed" in ended.words
    assert "phrase" not in ended.text
    wrong = bench.sign_in("alice", "wrong", kept=hidden(ended)["kept"])
    signed = bench.sign_in("alice", kept=hidden(wrong)["kept"])
    assert signed.status == 200
    assert [h1.text for h1 in signed.html.iter("h1")] == ["You are signed in"]
    [form] = signed.html.iter("form")
    assert form.get("action") == "/console/do/create-topic"
    assert hidden(signed) == {**typed, "tags": "a=1\nb=2"}  # as a browser reads line ends
    shown = bench.post("create-topic", hidden(signed), token="")
    assert shown.status == 403
    assert "Nothing was changed: send it again." in shown.words
    inputs = {one.get("name"): one.get("value") for one in shown.html.iter("input")}
    assert (inputs["name"], inputs["display_name"]) == ("alerts", typed["display_name"])
    assert bench.post("create-topic", typed).status == 303


def test_a_viewer_who_signs_in_instead_changes_nothing_by_it(bench: ConsoleBench) -> None:
    kept = hidden(bench.post("create-topic", {"name": "alerts"}))["kept"]
    signed = bench.sign_in("vera", kept=kept)
    assert bench.post("create-topic", hidden(signed), token="").status == 403
    assert bench.call("sns", "ListTopics", {})["Topics"] == []


@pytest.mark.parametrize(
    ("action", "fields", "headers"),
    [
        ("prefer", {"theme": "dark"}, {}),
        ("create-topic", {"name": "x" * 200_000}, {}),
        ("create-topic", {"name": "a"}, {"x-tocsin-live": "1"}),
        ("sign-out", {}, {}),
    ],
    ids=["has no form", "too long", "a live answer", "signing out"],
)
def test_what_cannot_be_shown_again_is_not_kept(
    bench: ConsoleBench, action: str, fields: dict[str, str], headers: dict[str, str]
) -> None:
    seen = bench.post(action, fields, headers=headers)
    assert seen.status == 401
    assert "kept" not in hidden(seen)


@pytest.mark.parametrize("kept", ["", "x", "https://example.com/?a=1", "do/../sign-in?a=1", "do/x?" + "a=1&" * 3_000])
def test_a_text_that_is_no_kept_form_is_left_out(bench: ConsoleBench, kept: str) -> None:
    assert "kept" not in hidden(bench.sign_in("alice", "wrong", kept=kept))
    assert bench.sign_in("alice", kept=kept).headers["location"] == "/console"


def test_the_form_tells_nothing_of_the_installation(bench: ConsoleBench) -> None:
    bench.call("logs", "CreateLogGroup", {"logGroupName": "secret-group"})
    for seen in (bench.get("sign-in"), bench.sign_in("alice", "wrong"), bench.post("sign-in", {}, token="stale")):
        assert "111122223333" not in seen.text
        assert "us-east-1" not in seen.text
        assert "secret-group" not in seen.text


@pytest.mark.parametrize("name", ["alice", "nobody", ""])
def test_every_failure_is_told_in_one_text(bench: ConsoleBench, name: str) -> None:
    seen = [bench.sign_in(name, "wrong") for _ in range(6)]
    assert [one.status for one in seen] == [422, 422, 422, 422, 429, 429]
    assert all(WRONG in one.words for one in seen)
    assert "Try again in 30 seconds." in seen[4].words
    bench.clock.advance(29.5)
    assert "Try again in 1 second." in bench.sign_in(name, "wrong").words


def test_the_name_comes_back_and_the_password_does_not(bench: ConsoleBench) -> None:
    seen = bench.sign_in("alice", "hunter2")
    assert 'value="alice"' in seen.text
    assert "hunter2" not in seen.text


def test_the_cookie_can_be_read_by_no_script_and_is_new_each_time(bench: ConsoleBench) -> None:
    first, second = bench.sign_in("alice"), ConsoleBench.sign_in(bench, "alice")
    cookie = first.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    value, _, attributes = rest.partition("; ")
    assert name == "tocsin-session"
    assert len(bytes.fromhex(value)) == 32
    assert attributes == "Path=/console; Max-Age=604800; HttpOnly; SameSite=Lax"
    assert second.headers["set-cookie"] != cookie


def test_over_https_the_cookie_is_secure_and_another_one_does_not_count(bench: ConsoleBench) -> None:
    bench.is_https = True
    seen = bench.sign_in("alice")
    assert seen.headers["set-cookie"].startswith("__Secure-tocsin-session=")
    assert "; Secure" in seen.headers["set-cookie"]
    assert bench.get("no-such-page").status == 404
    planted = bench.cookies.pop("__Secure-tocsin-session")
    bench.cookies["tocsin-session"] = planted
    assert bench.get("no-such-page").status == 303


@pytest.mark.parametrize(
    "back",
    ["https://example.com/", "//example.com", "/elsewhere", "/console/../x", "/console/%2e%2e/x", "/console\\@example.com", "javascript:alert(1)", "/consolex"],
)  # fmt: skip
def test_nobody_is_led_to_another_place(bench: ConsoleBench, back: str) -> None:
    assert 'name="back" value="/console"' in bench.get(f"sign-in?back={back}").text
    assert bench.sign_in("alice", back=back).headers["location"] == "/console"
    assert bench.get(f"sign-in?back={back}").headers["location"] == "/console"


def test_whoever_has_signed_in_is_named_on_every_page(bench: ConsoleBench) -> None:
    bench.sign_in("vera")
    page = bench.get("no-such-page")
    assert page.status == 404
    assert "vera, viewer Sign out" in page.words


def test_signing_out_ends_the_session_and_takes_the_cookie(bench: ConsoleBench) -> None:
    bench.sign_in("alice")
    token = bench.cookies["tocsin-session"]
    form = bench.follow(bench.post("sign-out"))
    assert "You are signed out." in form.words
    assert "tocsin-session" not in bench.cookies
    bench.cookies["tocsin-session"] = token
    assert bench.get("no-such-page").status == 303


def test_signing_out_everywhere_ends_the_sessions_of_other_browsers(bench: ConsoleBench) -> None:
    bench.sign_in("alice")
    elsewhere = bench.cookies["tocsin-session"]
    bench.cookies.clear()
    bench.sign_in("alice")
    form = bench.follow(bench.post("sign-out-everywhere"))
    assert "You are signed out everywhere." in form.words
    bench.cookies["tocsin-session"] = elsewhere
    assert bench.get("no-such-page").status == 303


def test_a_form_of_before_signing_in_is_stale_afterwards(bench: ConsoleBench) -> None:
    bench.get("sign-in")
    token = bench.site._tokens.token(bench.cookies["tocsin-form"])
    bench.sign_in("alice")
    assert bench.post("prefer", {"theme": "dark"}, token=token).status == 403
    assert bench.post("prefer", {"theme": "dark"}).status == 303


def test_a_form_of_another_session_is_stale_too(bench: ConsoleBench) -> None:
    bench.sign_in("alice")
    token = bench.site._tokens.token(bench.cookies["tocsin-form"], bench.cookies["tocsin-session"])
    bench.sign_in("vera")
    assert bench.post("prefer", {"theme": "dark"}, token=token).status == 403


def test_the_sign_in_form_is_tried_each_time_that_it_is_sent(bench: ConsoleBench) -> None:
    assert bench.sign_in("alice", form="the-same").status == 303
    bench.cookies.pop("tocsin-session")
    assert bench.sign_in("alice", "wrong", form="the-same").status == 422


def test_too_many_at_once_are_told_to_come_again(bench: ConsoleBench) -> None:
    while bench.access._places.acquire(blocking=False):
        pass
    seen = bench.sign_in("alice")
    assert seen.status == 503
    assert "Nothing was tried" in seen.words


def test_what_happened_is_in_the_audit_log(bench: ConsoleBench) -> None:
    bench.sign_in("alice")
    bench.post("sign-out")
    (out, came) = AuditLog(bench.service).page().entries
    assert (came.action, came.actor, came.address, came.agent) == (
        "sign-in",
        "alice",
        "127.0.0.1",
        "Mozilla/5.0 (test)",
    )
    assert (out.action, out.actor) == ("sign-out", "alice")


@pytest.mark.parametrize(("method", "path"), [("get", "sign-in"), ("post", "sign-in"), ("post", "sign-out")])
def test_on_a_console_that_is_open_there_is_nothing_to_sign_in_to(method: str, path: str) -> None:
    seen = getattr(ConsoleBench(), method)(path)
    assert (seen.status, seen.headers["location"]) == (303, "/console")
