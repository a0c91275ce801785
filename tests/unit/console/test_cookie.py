"""Cookies, among those of other programs on this host. Spec: CON-8.4."""

from __future__ import annotations

import pytest

from tocsin.console.cookie import cookies_of, secret_cookie
from tocsin.console.route import ConsoleRequest


def request(cookie: str | None, *, is_https: bool = False) -> ConsoleRequest:
    headers = () if cookie is None else (("cookie", cookie),)
    return ConsoleRequest(method="GET", path="", headers=headers, is_https=is_https)


@pytest.mark.parametrize(
    ("cookie", "found"),
    [
        (None, {"": ""}),
        ("", {"": ""}),
        ("tocsin-theme=dark", {"tocsin-theme": "dark"}),
        ("tocsin-form=a; tocsin-session=b", {"tocsin-form": "a", "tocsin-session": "b"}),
        ('other={"a": [1, 2]}; =x; y; tocsin-form=a', {"other": '{"a": [1, 2]}', "": "x", "y": "", "tocsin-form": "a"}),
        ("tocsin-form=first; tocsin-form=second", {"tocsin-form": "first"}),
        ("tocsin-form=a=b", {"tocsin-form": "a=b"}),
    ],
)
def test_odd_cookies_of_others_do_not_spoil_ours(cookie: str | None, found: dict[str, str]) -> None:
    assert cookies_of(request(cookie)) == found


@pytest.mark.parametrize("name", ["tocsin-form", "tocsin-session"])
def test_on_https_a_secret_without_prefix_does_not_count(name: str) -> None:
    sent = f"{name}=planted; __Secure-{name}=own"
    assert cookies_of(request(sent, is_https=True))[name] == "own"
    assert cookies_of(request(sent, is_https=False))[name] == "planted"
    assert name not in cookies_of(request(f"{name}=planted", is_https=True))


def test_ever_more_cookies_are_not_all_looked_at() -> None:
    assert len(cookies_of(request("; ".join(f"c{number}=1" for number in range(5_000))))) == 100


def test_taking_away_is_setting_for_no_time() -> None:
    assert secret_cookie(request(None), "tocsin-session", "", seconds=0) == (
        "Set-Cookie",
        "tocsin-session=; Path=/console; Max-Age=0; HttpOnly; SameSite=Lax",
    )
