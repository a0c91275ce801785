"""Who gets into the console, over a socket. Spec: CON-7.3, CON-8.1, CON-8.2, CON-8.4, CON-8.5, WIRE-5.15."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from console_browser import ConsoleBrowser
from live_server import LiveServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"
PASSWORD = "correct horse battery"

# What every answer of the console has, whatever it is (CON-8.2).
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose console asks for passwords, behind a proxy that ends TLS."""
    environ = {
        "TOCSIN_CONSOLE_PASSWORD": "env:OPERATOR",
        "OPERATOR": PASSWORD,
        "TOCSIN_CONSOLE_READONLY_PASSWORD": "only reading",
        "TOCSIN_SERVER_PUBLIC_URL": "https://tocsin.example.com",
        "TOCSIN_RECORDER_TRUSTED_PROXIES": "127.0.0.1",
    }
    with LiveServer(tmp_path_factory.mktemp("guarded") / "data", environ=environ) as one:
        yield one
        assert PASSWORD not in one.log


def records(server: LiveServer, name: str) -> list[dict[str, Any]]:
    found = server.client("cloudtrail", account=ACCOUNT, region="us-east-1").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )
    return [json.loads(one["CloudTrailEvent"]) for one in found["Events"]]


# ------------------------------------------------------------ hosts and origins


@pytest.mark.parametrize(
    "host", ["evil.example", "logs.us-east-1.amazonaws.com", "localhost.evil.example", "", "127.0.0.1.evil.example"]
)
@pytest.mark.parametrize(
    "path", ["/console", "/console/static/0/console.css", "/console/stream", "/console/no-such-page"]
)
def test_another_host_name_is_refused(server: LiveServer, host: str, path: str) -> None:
    answer = server.ask(path, headers={"Host": host})
    assert answer.status == 403
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert EVERYWHERE.items() <= answer.headers.items()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9", "[::1]:80", "console.localhost"])
def test_names_of_this_machine_are_served(server: LiveServer, host: str) -> None:
    assert server.ask("/console/no-such-page", headers={"Host": host}).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),  # neither header: no browser, and no page of ours
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://127.0.0.1"}, 303),
    ],
)
def test_a_change_comes_from_a_page_of_the_console(server: LiveServer, headers: dict[str, str], status: int) -> None:
    browser = ConsoleBrowser(server.address, Host="127.0.0.1")
    token = browser.token("no-such-page")
    body = urlencode({"token": token, "theme": "dark"}).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = server.ask(
        "/console/do/prefer", method="POST", body=body, headers={"Host": "127.0.0.1", "Cookie": cookie, **headers}
    )
    assert answer.status == status
    assert EVERYWHERE.items() <= answer.headers.items()


@pytest.mark.parametrize(
    ("mode", "dest", "status"),
    [("navigate", "document", 404), ("navigate", "iframe", 403), ("cors", "empty", 403), ("no-cors", "image", 403)],
)
def test_a_link_of_another_site_leads_to_a_page_and_nothing_else_of_it_does(
    server: LiveServer, mode: str, dest: str, status: int
) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert server.ask("/console/no-such-page", headers=headers).status == status


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP"])
@pytest.mark.parametrize("path", ["/console", "/console/stream"])
def test_a_console_without_a_password_lets_in_nobody_through_a_proxy(server: LiveServer, name: str, path: str) -> None:
    answer = server.ask(path, headers={name: "203.0.113.47"})
    assert answer.status == 403
    assert b"Set console.password" in answer.body


def test_what_is_too_large_is_refused_with_the_same_headers(server: LiveServer) -> None:
    for size in (2_000_000, 9_000_000):
        answer = server.ask(
            "/console/do/prefer", method="POST", body=b"x" * size, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status == 413
        assert EVERYWHERE.items() <= answer.headers.items()


# ------------------------------------------------------------ signing in


def test_the_right_password_opens_the_console_and_is_on_record(guarded: LiveServer) -> None:
    browser = ConsoleBrowser(guarded.address, User_Agent="Mozilla/5.0 (sign-in)")
    assert browser.get().headers["location"] == "/console/sign-in?back=%2Fconsole"
    answer = browser.sign_in("operator", PASSWORD, **{"X-Forwarded-For": "203.0.113.47"})
    assert (answer.status, answer.headers["location"]) == (303, "/console")
    assert browser.get("no-such-page").status == 404
    (record,) = (one for one in records(guarded, "ConsoleLogin") if one["sourceIPAddress"] == "203.0.113.47")
    assert record["eventSource"] == "console.tocsin"
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/tocsin-console/operator"
    assert record["responseElements"] == {"ConsoleLogin": "Success"}
    assert record["additionalEventData"]["LoginTo"] == "https://tocsin.example.com/console"


def test_a_wrong_password_is_on_record_too(guarded: LiveServer) -> None:
    browser = ConsoleBrowser(guarded.address)
    assert browser.sign_in("operator", "wrong", **{"X-Forwarded-For": "198.51.100.7"}).status == 422
    assert browser.sign_in("nobody", "wrong", **{"X-Forwarded-For": "198.51.100.7"}).status == 422
    found = {
        one["errorMessage"]: one for one in records(guarded, "ConsoleLogin") if one["sourceIPAddress"] == "198.51.100.7"
    }
    assert found["Failed authentication"]["userIdentity"]["userName"] == "operator"
    assert (
        found["No username found in supplied account"]["userIdentity"]["userName"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    )


def test_signing_out_ends_the_session(guarded: LiveServer) -> None:
    browser = ConsoleBrowser(guarded.address)
    browser.sign_in("viewer", "only reading")
    kept = dict(browser.cookies)
    answer = browser.post("sign-out", token=browser.token("no-such-page"))
    assert answer.headers["location"] == "/console/sign-in?left=here"
    browser.cookies = kept
    assert browser.get("no-such-page").status == 303
    assert "tocsin-console/viewer" in str(records(guarded, "ConsoleLogout"))


def test_a_stream_has_the_same_headers(server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /console/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65_536)
    told = dict(line.split(": ", 1) for line in head.partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")[1:])
    assert {name: value.lower() for name, value in EVERYWHERE.items()}.items() <= told.items()
    assert told["content-type"] == "text/event-stream; charset=utf-8"
    assert told["x-accel-buffering"] == "no"


def test_without_a_session_there_are_no_signals(guarded: LiveServer) -> None:
    assert guarded.ask("/console/stream").status == 401


def test_a_session_outlives_the_process(tmp_path: Any) -> None:
    environ = {"TOCSIN_CONSOLE_PASSWORD": PASSWORD}
    with LiveServer(tmp_path / "data", environ=environ) as server:
        browser = ConsoleBrowser(server.address)
        browser.sign_in("operator", PASSWORD)
        server.kill()
    with LiveServer(tmp_path / "data", environ=environ) as server:
        browser.address = server.address
        assert browser.get("no-such-page").status == 404
        server.stop()
    with LiveServer(tmp_path / "data", environ={"TOCSIN_CONSOLE_PASSWORD": "another one"}) as server:
        browser.address = server.address
        assert browser.get("no-such-page").status == 303


def test_behind_a_proxy_that_ends_tls_cookies_are_secure(guarded: LiveServer) -> None:
    browser = ConsoleBrowser(guarded.address, Host="tocsin.example.com")
    answer = browser.sign_in("operator", PASSWORD, Origin="https://tocsin.example.com")
    assert answer.status == 303
    assert answer.headers["set-cookie"].startswith("__Secure-tocsin-session=")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Secure")
    page = browser.get("no-such-page")
    assert page.status == 404
    assert page.headers["strict-transport-security"] == "max-age=31536000"


def test_who_asks_too_often_is_told_to_wait(tmp_path: Any) -> None:
    with LiveServer(tmp_path / "data") as server:
        statuses = [server.ask("/console/do/prefer").status for _ in range(450)]
        assert statuses[0] == 405
        slow = server.ask("/console/do/prefer")
        if 429 in statuses:  # a machine that is slow enough asks never too often
            assert slow.headers.get("retry-after", "1") == "1"
            assert server.ask("/_tocsin/health").status == 200
