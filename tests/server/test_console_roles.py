"""Every route of the console, as everybody who may come: nobody, a viewer, an operator. Spec: CON-8.1, 8.2, 8.5, CON-7.3."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from console_browser import ConsoleBrowser, Told
from console_story import ACCOUNT, REGION, Story
from console_tour import LEFT_OUT, SAMPLES, end_of_way
from http_endpoint import HttpEndpoint

from tocsin.console.response_header import MAILBOX_POLICY, POLICY
from tocsin.console.route_table import all_routes
from tocsin.notifiers.mailbox import find_mail, list_mails, read_mail

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORDS = {"operator": "correct horse battery", "viewer": "only reading here"}
MOST_PAGES = 250

ROUTES = [("/".join(route.parts), route) for route in all_routes()]
PAGES = [pytest.param(SAMPLES.get(path, path), id=path or "overview") for path, route in ROUTES if not route.is_change]
NO_PAGES = {SAMPLES.get(path, path) for path in LEFT_OUT}
CHANGES = [pytest.param(path.removeprefix("do/"), route, id=path) for path, route in ROUTES if route.is_change]

# What a change may be about, in whatever words its form has for it: enough that it would do something.
FIELDS = {
    "name": "cis/security-group-changes", "names": "cis/security-group-changes", "alarm": "cis/security-group-changes",
    "group": "trail-group", "logGroupName": "trail-group", "topic": "sec-alerts", "trail": "main-trail",
    "rule": "cis/root-user-used", "pack": "cis", "reason": "why", "note": "mine", "confirm": "yes", "id": "1",
    "typed": "cis/security-group-changes", "state": "ALARM", "theme": "dark", "pattern": "{ $.a = 1 }",
}  # fmt: skip

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guarded:
    """The day of an account, on a console that asks for passwords, and one browser for each who comes."""

    def __init__(self, story: Story, endpoint: HttpEndpoint) -> None:
        self.story, self.endpoint = story, endpoint
        self.browsers = {"nobody": ConsoleBrowser(story.address, is_patient=True)}
        for name, password in PASSWORDS.items():
            self.browsers[name] = ConsoleBrowser(story.address, is_patient=True)
            assert self.browsers[name].sign_in(name, password).status == 303
        self.ways: dict[str, str] = {}
        self.tokens = {name: self.browsers[name].token("help") for name in PASSWORDS}

    def post(self, who: str, action: str, token: str | None = None) -> Told:
        given = self.tokens[who] if token is None else token
        return self.browsers[who].post(action, {**FIELDS, "in": f"{ACCOUNT}/{REGION}"}, token=given)

    def address(self, sample: str) -> str:
        """Where a sample of the tour leads."""
        if sample not in self.ways:
            self.ways[sample] = end_of_way(sample, lambda page: links_of(self.browsers["operator"].get(page)))
        return self.ways[sample]

    def kept(self) -> dict[str, object]:
        """All that somebody could have changed."""
        with closing(sqlite3.connect(f"file:{self.story.data / 'tocsin.sqlite3'}?mode=ro", uri=True)) as database:
            # What comes and goes with sessions is nobody's change.
            definitions = database.execute(
                "SELECT kind, scope, name, body FROM definition WHERE kind NOT LIKE 'console-%' ORDER BY 1, 2, 3"
            ).fetchall()
            counts = {
                table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("delivery", "history", "record_block")
            }
        return {"definitions": definitions, **counts}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    environ = {
        "TOCSIN_CONSOLE_PASSWORD": PASSWORDS["operator"],
        "TOCSIN_CONSOLE_READONLY_PASSWORD": PASSWORDS["viewer"],
    }
    story = Story(tmp_path_factory.mktemp("roles") / "data", environ=environ)
    with HttpEndpoint() as endpoint:
        story.hook = f"{endpoint.url}services/T000/secret-path"
        story.tell("full")
        with story.serving():
            yield Guarded(story, endpoint)


def test_the_data_can_be_told_apart(guarded: Guarded) -> None:
    assert guarded.kept() == guarded.kept()


# ------------------------------------------------------------ who has not signed in


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page(guarded: Guarded, path: str) -> None:
    seen = guarded.browsers["nobody"].get(guarded.address(path))
    if path.startswith("_/"):
        assert seen.status == 401
    elif path == "sign-in":
        assert seen.status == 200
    else:
        assert (seen.status, seen.headers["location"][:22]) == (303, "/console/sign-in?back=")
    assert ACCOUNT not in seen.text


@pytest.mark.parametrize(("action", "route"), CHANGES)
def test_nobody_changes_anything(guarded: Guarded, action: str, route) -> None:
    if route.is_public:  # an attempt to sign in is on record
        return
    before = guarded.kept()
    seen = guarded.post("nobody", action, token=guarded.browsers["nobody"].token("sign-in"))
    assert seen.status == 401
    assert guarded.kept() == before


# ------------------------------------------------------------ a viewer


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_sees_every_page_and_changes_nothing_with_that(guarded: Guarded, path: str) -> None:
    before = guarded.kept()
    seen = guarded.browsers["viewer"].get(guarded.address(path))
    is_page = path not in NO_PAGES and not path.startswith("_/") and "{" not in path  # of a thing that is not there
    assert seen.status in ({200} if is_page else {200, 303, 403, 404, 422})
    assert guarded.kept() == before


@pytest.mark.parametrize(("action", "route"), CHANGES)
def test_a_viewer_changes_nothing(guarded: Guarded, action: str, route) -> None:
    if action.startswith("sign-"):
        return
    before = guarded.kept()
    seen = guarded.post("viewer", action)
    assert seen.status == 403 if route.role == "operator" else seen.status in {200, 303, 404, 422}
    assert guarded.kept() == before


def test_a_viewer_sees_no_token_no_path_of_a_hook_and_no_password(guarded: Guarded) -> None:
    secrets = {"secret-path", *PASSWORDS.values(), *_mail_tokens(guarded.story)}
    assert len(secrets) > 3
    seen = crawled(guarded.browsers["viewer"])
    assert len(seen) > 40
    found = {(path, secret) for path, told in seen.items() for secret in secrets if secret in told.plain}
    assert found == set()
    # An operator does see them, so they would be found.
    shown = {
        secret for told in crawled(guarded.browsers["operator"]).values() for secret in secrets if secret in told.plain
    }
    assert len(shown) > 1
    assert not shown & set(PASSWORDS.values())


# ------------------------------------------------------------ an operator


@pytest.mark.parametrize("path", PAGES)
def test_looking_changes_nothing(guarded: Guarded, path: str) -> None:
    before = guarded.kept()
    assert guarded.browsers["operator"].get(guarded.address(path)).status in {200, 303, 404, 422}
    assert guarded.kept() == before


@pytest.mark.parametrize("token", ["", "0" * 64, "stale"])
@pytest.mark.parametrize(("action", "route"), CHANGES)
def test_a_change_without_the_token_of_its_page_is_none(guarded: Guarded, action: str, route, token: str) -> None:
    before = guarded.kept()
    stale = guarded.tokens["viewer"] if token == "stale" else token
    seen = guarded.post("operator", action, token=stale)
    # Who has signed in has no business with that form; one for something that is not there is not shown again.
    assert seen.status in ({303} if route.is_public else {403, 404})
    assert guarded.kept() == before


@pytest.mark.parametrize(("action", "route"), CHANGES)
def test_a_change_is_no_page(guarded: Guarded, action: str, route) -> None:
    seen = guarded.browsers["operator"].get(f"do/{action}")
    assert (seen.status, seen.headers["allow"]) == (405, "POST")


# ------------------------------------------------------------ headers


def test_every_answer_keeps_others_out(guarded: Guarded) -> None:
    answers = {
        **crawled(guarded.browsers["operator"]),
        "404": guarded.browsers["operator"].get("no-such-page"),
        "405": guarded.browsers["operator"].get("do/prefer"),
        "401": guarded.browsers["nobody"].get("_/status/chain"),
        "303": guarded.browsers["nobody"].get("alarms"),
        "403": guarded.post("viewer", "delete-alarm"),
        "414": guarded.browsers["operator"].get("alarms?q=" + "x" * 9_000),
    }
    for path, told in answers.items():
        assert EVERYWHERE.items() <= told.headers.items(), path
        assert told.headers["x-frame-options"] in {"DENY", "SAMEORIGIN"}, path
        assert told.headers["cache-control"] == "no-store", path
        if told.headers["content-type"].startswith("text/html") and told.headers["x-frame-options"] == "DENY":
            assert told.headers["content-security-policy"] in {POLICY, MAILBOX_POLICY}, path
            assert told.headers["referrer-policy"] == "same-origin", path


def test_no_page_has_a_script_a_style_or_a_handler_in_it(guarded: Guarded) -> None:
    for path, told in crawled(guarded.browsers["operator"]).items():
        if not told.text.startswith("<!doctype html>"):
            continue
        tags = re.findall(r"<[a-zA-Z][^>]*>", told.text)
        assert not [tag for tag in tags if re.search(r"\s(?:on[a-z]+|style)\s*=", tag)], path
        assert not [
            tag for tag in tags if tag.startswith("<style") or (tag.startswith("<script") and " src=" not in tag)
        ], path
        assert "javascript:" not in "".join(re.findall(r'(?:href|src|action)="[^"]*"', told.text)), path


def crawled(browser: ConsoleBrowser) -> dict[str, Told]:
    """Every page that links lead to from the overview, as many as there are in reason."""
    found: dict[str, Told] = {}
    waiting = ["", "mailbox", "deliveries", "topics/sec-alerts"]
    kinds: dict[str, int] = {}
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        kind = re.sub(r"[0-9]+|(?<=/)[^/?]+", "", path.partition("?")[0])
        kinds[kind] = kinds.get(kind, 0) + 1
        if path in found or kinds[kind] > 12:  # pages of one kind are alike
            continue
        told = found[path] = browser.get(path)
        waiting += [link for link in links_of(told) if link not in found]
    return found


def links_of(told: Told) -> list[str]:
    """Pages of the console that a page links to."""
    found = (link.replace("&amp;", "&") for link in re.findall(r'href="/console/([^"#]*)', told.text))
    return [link for link in found if not link.startswith("static/")]


def _mail_tokens(story: Story) -> Iterator[str]:
    folder = story.data / "mailbox"
    for kept in list_mails(folder):
        path = find_mail(folder, kept.name)
        assert path is not None
        body = read_mail(path).get_body(("plain",))
        yield from re.findall(r"token=([0-9A-Za-z_-]{16,})", "" if body is None else body.get_content())
