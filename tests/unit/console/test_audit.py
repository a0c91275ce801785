"""The pages of the audit log. Spec: CON-4.10, CON-7.7, CON-8.5, CON-8.8, self/s17."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.app.audit import AuditLog, NewEntry, UndoOffer
from tocsin.console.visit import Visitor
from tocsin.core.scope import Scope

VERA = Visitor(name="vera", role="viewer")
HOOK = "https://bob:pw@hooks.example.com/services/T0/B0/secret-path?token=x"


class Audited(ConsoleBench):
    """A console with entries in its log."""

    def add(self, action: str = "PutMetricAlarm", kind: str = "alarm", name: str = "root-usage", **more: Any) -> int:
        new = {
            "actor": "alice", "role": "operator", "address": "203.0.113.47", "agent": "Mozilla/5.0", "scope": SCOPE,
            "request_id": "r-1", **more,
        }  # fmt: skip
        return AuditLog(self.service).add(NewEntry(action=action, kind=kind, name=name, **new)).sequence


@pytest.fixture
def bench() -> Audited:
    return Audited()


def test_an_empty_log_says_what_would_stand_there(bench: Audited) -> None:
    page = bench.get("audit")
    assert "Nothing was changed in the console yet." in page.words
    assert "chain intact" in page.words
    page.html  # noqa: B018  (it raises where the page has a mistake)


def test_an_entry_tells_who_did_what_from_where_and_why(bench: Audited) -> None:
    bench.add(before={"Threshold": 1.0, "Period": 60}, after={"Threshold": 5.0, "Period": 60}, reason="too loud")
    page = bench.get("audit")
    assert (
        "alice operator changed alarm root-usage was - Threshold 1.0 is + Threshold 5.0 203.0.113.47 Mozilla/5.0 too loud"
        in page.words
    )
    assert "Period" not in page.words
    assert "/console/alarms/root-usage?in=111122223333%2Fus-east-1" in page.links()
    assert "chain intact to 1" in page.words


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"after": {"a": 1}}, "made alarm root-usage"),
        ({"action": "DeleteAlarms", "before": {"a": 1}}, "deleted alarm root-usage"),
        ({"action": "DisableAlarmActions", "before": {}, "after": {}}, "switched the actions of alarm root-usage off"),
        ({"action": "TagResource", "before": {}, "after": {}}, "changed the tags of alarm root-usage"),
        ({"action": "acknowledge-alarm", "after": {"note": "mine"}}, "acknowledged alarm root-usage"),
        ({"action": "sign-in", "kind": "user", "name": "alice"}, "alice operator signed in"),
        ({"action": "rotate-keys", "kind": "user", "name": "bob", "after": {"a": 1}}, "rotate keys user bob"),
        ({"action": "PutMetricFilter", "kind": "filter", "name": "g:f", "after": {"a": 1}}, "made metric filter g:f"),
        (
            {"action": "UpdateTrail", "kind": "trail", "name": "t", "before": {"a": 1}, "after": {"a": 2}},
            "changed trail t",
        ),
    ],
)
def test_what_was_done_is_told_in_words(bench: Audited, entry: dict[str, Any], words: str) -> None:
    bench.add(**entry)
    assert words in bench.get("audit").words


def test_a_hundred_entries_are_a_page(bench: Audited) -> None:
    for number in range(205):
        bench.add(name=f"alarm-{number}", after={"a": 1})
    first = bench.get("audit")
    assert first.text.count("<tr>") == 101
    older = next(link for link in first.links() if "before=" in link)
    second = bench.get(older.replace("&amp;", "&"))
    assert "alarm-104" in second.words
    assert "alarm-105" not in second.words
    third = bench.get(next(link for link in second.links() if "before=6" in link).replace("&amp;", "&"))
    assert third.text.count("<tr>") == 6


def test_the_entries_of_one_object_are_asked_for_by_kind_and_name(bench: Audited) -> None:
    bench.add(name="a", after={"x": 1})
    bench.add(name="b", after={"x": 1})
    bench.add(name="a", kind="topic", after={"x": 1})
    page = bench.get("audit?kind=alarm&name=a")
    assert page.text.count("<tr>") == 2
    assert "No such entry." in bench.get("audit?kind=alarm&name=c").words


def test_many_lines_of_a_change_are_cut_and_lead_to_all_of_it(bench: Audited) -> None:
    bench.add(after={f"Member{number}": number for number in range(20)})
    page = bench.get("audit")
    assert "16 more" in page.words
    assert "Member19" not in page.words
    assert "Member19" in bench.get("audit/1").words


# ------------------------------------------------------------ one entry


def test_the_page_of_an_entry_has_all_that_it_holds(bench: Audited) -> None:
    bench.add(before={"Threshold": 1.0}, after={"Threshold": 5.0})
    page = bench.get("audit/1")
    found = AuditLog(bench.service).entry(1)
    assert found is not None
    for text in (
        "alice changed alarm root-usage",
        "r-1",
        "0" * 64,
        hashlib.sha256(found[1]).hexdigest(),
        "intact up to here",
    ):
        assert text in page.words
    assert '"Threshold": 1.0' in page.words
    assert "/console/audit?kind=alarm&amp;name=root-usage" in page.links()
    page.html  # noqa: B018  (as above)


def test_of_a_value_that_was_too_long_the_beginning_stands_there(bench: Audited) -> None:
    bench.add(after={"Policy": "x" * 100_000})
    page = bench.get("audit/1")
    assert "The beginning of 100 kB; all of it has the SHA-256" in page.words


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "9" * 40, "%00"])
def test_an_entry_that_is_not_there_is_not_found(bench: Audited, number: str) -> None:
    bench.add()
    assert bench.get(f"audit/{number}").status == 404


# ------------------------------------------------------------ the chain


def test_a_change_of_an_entry_is_told(bench: Audited) -> None:
    for number in range(5):
        bench.add(name=f"alarm-{number}")
    line = AuditLog(bench.service).lines(after=2, limit=1)[0].replace(b"alice", b"nobody")
    bench.service.store.write(lambda writer: writer.put("audit", Scope("", ""), "000000000003", line))
    page = bench.get("audit")
    assert "chain broken at 4" in page.words
    assert "Up to 3 nothing was." in page.words
    assert "broken at 4" in bench.get("audit/5").words
    assert "intact up to here" in bench.get("audit/2").words


def test_a_long_chain_is_checked_a_piece_at_each_look(bench: Audited) -> None:
    for number in range(2_100):
        bench.add(name=f"alarm-{number}")
    assert "chain intact to 2,000 of 2,100" in bench.get("audit").words
    assert "not checked yet" not in bench.get("audit/2100").words
    assert "chain intact to 2,100" in bench.get("audit").words


# ------------------------------------------------------------ taking back


def test_a_change_can_be_taken_back_for_ten_minutes(bench: Audited) -> None:
    bench.add(request_id="r-9")
    AuditLog(bench.service).offer_undo("r-9", UndoOffer("enable-actions", {"name": "root-usage"}))
    page = bench.get("audit")
    form = next(one for one in page.html.iter("form") if "/do/enable-actions?" in one.get("action", ""))
    fields = {one.get("name"): one.get("value") for one in form.iter("input")}
    assert fields["name"] == "root-usage"
    assert fields["undoes"] == "1"
    bench.clock.advance(600)
    assert "do/enable-actions" not in bench.get("audit").text


def test_a_viewer_takes_nothing_back() -> None:
    bench = Audited(visitor=VERA)
    bench.add(request_id="r-9")
    AuditLog(bench.service).offer_undo("r-9", UndoOffer("enable-actions", {"name": "root-usage"}))
    assert "enable-actions" not in bench.get("audit").text


def test_what_was_taken_back_leads_to_what_did_it(bench: Audited) -> None:
    bench.add(request_id="r-1")
    AuditLog(bench.service).offer_undo("r-1", UndoOffer("enable-actions", {}))
    bench.add(request_id="r-2")
    AuditLog(bench.service).note_undone(1, "r-2")
    page = bench.get("audit")
    assert "undone by 2" in page.words
    assert "/console/audit/2" in page.links()


# ------------------------------------------------------------ files


def test_the_lines_of_the_file_are_those_that_are_kept(bench: Audited) -> None:
    for number in range(3):
        bench.add(name=f"alarm-{number}\u202e")
    seen = bench.get("audit?as=ndjson")
    lines = seen.text.encode().splitlines()
    assert lines == AuditLog(bench.service).lines(limit=9)
    assert [json.loads(line)["previous"] for line in lines[1:]] == [
        hashlib.sha256(line).hexdigest() for line in lines[:-1]
    ]
    assert seen.headers["content-disposition"] == 'attachment; filename="audit-1-3.ndjson"'
    assert seen.headers["content-security-policy"] == "sandbox"


def test_a_spreadsheet_runs_nothing_of_the_log(bench: Audited) -> None:
    bench.add(name='=HYPERLINK("https://evil.example")', reason="\u202e=1+1", after={"a": 1})
    seen = bench.get("audit?as=csv")
    head, row, rest = seen.text.split("\r\n")
    assert head.startswith('"sequence","at","actor","role","address"')
    assert '"\'=HYPERLINK(""https://evil.example"")"' in row
    assert "\\u202e=1+1" in row
    assert '"{""a"":1}"' in row
    assert rest == ""


def test_a_file_says_where_it_ends(bench: Audited) -> None:
    for _ in range(4):
        bench.add()
    assert (
        bench.get("audit?as=ndjson&after=2").headers["content-disposition"] == 'attachment; filename="audit-3-4.ndjson"'
    )


# ------------------------------------------------------------ what a viewer sees


def test_a_viewer_sees_no_path_of_a_hook_and_no_password() -> None:
    bench = Audited(visitor=VERA)
    bench.add("Subscribe", "topic", "sec-alerts", after={"Endpoint": HOOK, "Token": "x", "list": [HOOK]})
    for path in ("audit", "audit/1", "audit?as=csv", "audit?as=ndjson"):
        text = bench.get(path).text.replace("<wbr>", "")
        assert "hooks.example.com" in text
        assert "secret-path" not in text
        assert "pw@" not in text
    assert "masked" in bench.get("audit?as=ndjson").headers["content-disposition"]


def test_an_operator_sees_all_of_it(bench: Audited) -> None:
    bench.add("Subscribe", "topic", "sec-alerts", after={"Endpoint": HOOK})
    assert "secret-path" in bench.get("audit/1").text.replace("<wbr>", "")


def test_hostile_names_are_shown_and_do_nothing(bench: Audited) -> None:
    hostile = "<script>alert(1)</script>\u202e\x00javascript:alert(2)"
    bench.add(
        actor=hostile,
        role=hostile,
        address=hostile,
        agent=hostile,
        action=hostile,
        kind=hostile,
        name=hostile,
        reason=hostile,
        after={hostile: hostile},
        scope=Scope(hostile, hostile),
    )
    for path in ("audit", "audit/1"):
        seen = bench.get(path)
        assert "<script>alert" not in seen.text
        assert "\u202e" not in seen.text
        seen.html  # noqa: B018  (as above)
