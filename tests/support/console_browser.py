"""A browser without a window: keeps cookies, follows nothing, and knows the token of the forms that it was shown."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import threading
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class Told(NamedTuple):
    """An answer: header names are in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def plain(self) -> str:
        """The text without the places at which a line may break."""
        return self.text.replace("<wbr>", "")


class ConsoleBrowser:
    """Asks the console at an address. `headers` are sent with everything; `is_patient`: waits where it is told to."""

    def __init__(self, address: str, *, is_patient: bool = False, **headers: str) -> None:
        self.address, self.headers, self.is_patient = address, headers, is_patient
        self.cookies = {"tocsin-zone": "Europe/Berlin"}  # so that every page has the form that shows UTC

    def get(self, path: str = "", **headers: str) -> Told:
        """Open a page: its path below `/console`."""
        return self.ask("GET", path, headers=headers)

    def post(
        self, action: str, fields: Mapping[str, str] | None = None, *, token: str | None = None, **headers: str
    ) -> Told:
        """Send a form, as a page of the console does."""
        given = {"token": self.token() if token is None else token, **(fields or {})}
        return self.ask("POST", f"do/{action}", urlencode(given).encode(), headers={"Origin": self.address, **headers})

    def token(self, page: str = "") -> str:
        """The token of the forms of a page; without one, of the sign-in or of any other."""
        seen = self.get(page or "sign-in")
        if seen.status == 303:
            seen = self.get("help")
        return re.findall(r'name="token" value="([0-9a-f]+)"', seen.text)[0]

    def sign_in(self, name: str, password: str, **headers: str) -> Told:
        """Send the form of the sign-in page."""
        return self.post("sign-in", {"name": name, "password": password}, **headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Told:
        """One request, and another one as long as a patient browser is told that it asks too often."""
        told = self._asked(method, path, body, headers or {})
        while self.is_patient and told.status == 429:
            threading.Event().wait(float(told.headers["retry-after"]))  # for another process
            told = self._asked(method, path, body, headers or {})
        return told

    def _asked(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Told:
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, f"/console/{path}".removesuffix("/"), body=body, headers=sent)
            answer = connection.getresponse()
            data, told = answer.read(), answer.getheaders()
        named = {name.lower(): value for name, value in told}
        for name, value in told:
            if name.lower() == "set-cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self.cookies[cookie] = kept
        plain = gzip.decompress(data) if named.get("content-encoding") == "gzip" else data
        return Told(answer.status, named, plain.decode("utf-8", "replace"))
