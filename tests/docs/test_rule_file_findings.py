import re

from tocsin.app.ruleentry import FILE_FINDINGS


def test_every_finding_about_rule_files_is_documented_in_the_words_of_the_program(root):
    page = (root / "docs" / "reference" / "rule-file-findings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\S+)` \| (.*) \|$", page, re.MULTILINE))
    assert {name: meaning.replace("`", "") for name, meaning in rows.items()} == FILE_FINDINGS
    assert list(rows) == sorted(rows)
