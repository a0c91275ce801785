"""`tocsin rules`: packs and rules with severity and controls (IF-1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tocsin.core.rule import Rule, RuleSeverity

if TYPE_CHECKING:
    from .conftest import Call

CONTROLS = {"cis": ["-", "4.6", "5.6"], "securityhub": ["CloudWatch.6"], "attack": ["T1110"], "tocsin": ["x"]}


def rule(pack: str | None, ident: str, severity: RuleSeverity = RuleSeverity.HIGH, **more: Any) -> Rule:
    name = f"{pack}/{ident}" if pack else ident
    return Rule(id=ident, name=name, pack=pack, severity=severity, title=f"About {ident}", **more)


RULES = {
    "one": [rule("one", "low", RuleSeverity.LOW), rule("one", "high", references=CONTROLS)],
    "two": [rule("two", "worst", RuleSeverity.CRITICAL)],
    "my.yaml": [rule(None, "mine"), rule(None, "=cmd")],
}


class UseCases:
    def pack_names(self) -> list[str]:
        return ["one", "two"]

    def load_rules(self, *sources: str, at: Any) -> list[Rule]:
        assert at.isoformat() == "2026-03-01"
        return [rule for source in sources for rule in RULES[source]]


def test_packs_are_counted_by_severity(call: Call) -> None:
    status, out, err = call("rules", use_cases=UseCases())
    assert (status, err) == (0, "")
    assert out.split("\n")[:3] == [
        "PACK  RULES  CRITICAL  HIGH  LOW",
        "one       2               1    1",
        "two       1         1",
    ]


def test_rules_of_a_pack_have_their_controls_the_gravest_first(call: Call) -> None:
    out = call("rules", "one", use_cases=UseCases()).out
    assert out.split("\n") == [
        "SEVERITY  RULE  TITLE       CONTROLS",
        "high      high  About high  CIS 4.6, 5.6; Security Hub CloudWatch.6; ATT&CK",
        "                            T1110",
        "low       low   About low",
        "",
        "2 rules of pack one",
        "",
    ]


def test_rules_of_several_sources_keep_their_full_names(call: Call) -> None:
    out = call("rules", "two", "my.yaml", use_cases=UseCases()).out
    assert "two/worst" in out
    assert "3 rules\n" in out


def test_json_has_packs_and_rules(call: Call) -> None:
    document = json.loads(call("rules", "--format", "json", use_cases=UseCases()).out)
    assert document["packs"][0] == {"name": "one", "rules": 2, "severities": {"high": 1, "low": 1}}
    assert [one["name"] for one in document["rules"]] == ["one/low", "one/high", "two/worst"]
    assert document["rules"][1]["references"] == CONTROLS


def test_ndjson_and_csv_are_one_rule_a_line(call: Call) -> None:
    assert len(call("rules", "--format", "ndjson", use_cases=UseCases()).out.splitlines()) == 3
    out = call("rules", "my.yaml", "one", "--format", "csv", use_cases=UseCases()).out
    assert out.splitlines()[2] == "'=cmd,high,About =cmd,,,"
    assert out.splitlines()[4] == 'one/high,high,About high,"4.6, 5.6",CloudWatch.6,T1110'
