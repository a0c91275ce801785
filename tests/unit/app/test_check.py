import io
import json
import os
from datetime import date
from pathlib import Path

import pytest

from tocsin.app.check import CheckResult, check
from tocsin.core.finding import Severity
from tocsin.errors import NotFoundError

TODAY = date(2027, 1, 4)
TRANSFORMATION = "metricTransformations: [{metricName: A, metricNamespace: B, metricValue: '1'}]"
LOSSY = "{ $.eventName = X && $.userIdentity.invokedBy != a }"
SOUND = "{ $.eventName = X && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != a) }"


def text(pattern, ident="mine", more=""):
    return f"# kept\nid: {ident}\nfilter:\n  filterPattern: '{pattern}'  # kept too\n  {TRANSFORMATION}\n{more}"


@pytest.fixture
def packs(tmp_path):
    folder = tmp_path / "packs"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "mine.yaml").write_text(text("{ $.eventName = X }"), encoding="utf-8")
    return folder


@pytest.fixture
def file(tmp_path):
    return tmp_path / "r.yaml"


def checked(file, content, packs, **options):
    file.write_text(content, encoding="utf-8")
    return check([str(file)], at=TODAY, packs_dir=packs, **options)


def spots(result):
    return [(one.line, one.column, one.severity, one.name) for one in result.findings]


# ---------------------------------------------------------------- findings


def test_a_sound_rule_has_no_findings(file, packs):
    result = checked(file, text("{ $.eventName = X }"), packs)
    assert result == CheckResult(findings=(), rules=result.rules)
    assert [rule.name for rule in result.rules] == ["mine"]
    assert not result.has_errors


def test_a_lint_stands_at_its_character(file, packs):
    result = checked(file, text(LOSSY), packs)
    column = text(LOSSY).splitlines()[3].index("$.userIdentity") + 1
    assert spots(result) == [(4, column, Severity.WARNING, "neq-absent")]
    (only,) = result.findings
    assert (only.path, only.spec, only.rule) == (str(file), "FP-13.1", "mine")
    assert not result.has_errors


def test_errors_of_the_text_and_lints_come_together_by_place(file, packs):
    result = checked(file, f"{text(LOSSY)}titel: x\n---\n{text('{ $.a == 1 }', 'other')}", packs)
    assert [(line, name) for line, _, _, name in spots(result)] == [
        (4, "neq-absent"),
        (6, "unknown-key"),
        (11, "syntax"),
    ]
    assert result.has_errors
    assert result.rules == ()


def test_a_refusal_is_said_once(file, packs):
    result = checked(file, text("{ $.a = x:y }"), packs)
    assert [name for *_, name in spots(result)] == ["special-character"]


def test_a_rule_whose_filter_cannot_be_read_is_not_linted(file, packs):
    result = checked(file, text(LOSSY).replace("metricValue: '1'", "metricValue: 1"), packs)
    assert [name for *_, name in spots(result)] == ["wrong-type"]


def test_findings_in_a_listing_name_their_filter(tmp_path, packs):
    transformation = {"metricName": "A", "metricNamespace": "B", "metricValue": "1"}
    one = {"filterName": "iam-changes", "filterPattern": LOSSY, "metricTransformations": [transformation]}
    listing = json.dumps({"metricFilters": [one]})
    (only,) = checked(tmp_path / "filters.json", listing, packs).findings
    assert only.message.startswith("iam-changes: $.userIdentity.invokedBy != a is false where")
    assert (only.line, only.column) == (1, listing.index("$.userIdentity") + 1)


def test_quotes_of_the_file_are_no_quotes_of_the_pattern(file, packs):
    result = checked(file, text("My error text"), packs)
    assert [name for *_, name in spots(result)] == ["quoting-layer"]


def test_an_exclusion_without_an_end_is_a_warning_and_one_that_ended_a_remark(file, packs):
    more = "except:\n  - {name: a, reason: r, when: '{ $.c = 1 }'}\n  - {name: b, reason: r, when: '{ $.d = 1 }', expires: 2027-01-04}\n"
    result = checked(file, text("{ $.eventName = X }", more=more), packs)
    assert [(line, severity, name) for line, _, severity, name in spots(result)] == [
        (7, Severity.WARNING, "no-expiry"),
        (8, Severity.INFO, "expired-exclusion"),
    ]


def test_rules_that_are_too_many_together_are_said(file, packs):
    content = "---\n".join(text(f"{{ $.eventName = %x{n}% }}", f"r{n}") for n in range(6))
    result = checked(file, content, packs)
    assert "too-many" in [name for *_, name in spots(result)]


def test_a_spelling_of_the_benchmark_is_compared(tmp_path, file, packs):
    (packs / "cis").mkdir()
    benchmark = text("{($.eventName=X)}", "x-changes", "references: {securityhub: CloudWatch.99}\n")
    (packs / "cis" / "x-changes.yaml").write_text(benchmark, encoding="utf-8")
    (only,) = checked(file, text("{ $.eventName = X }"), packs).findings
    assert only.name == "text-compared"
    assert "cis/x-changes (CloudWatch.99)" in only.message


# ---------------------------------------------------------------- sources


def test_without_a_source_every_pack_is_checked_and_the_settings_of_the_folder(tmp_path, packs, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [rule.name for rule in check([], at=TODAY, packs_dir=packs).rules] == ["own/mine"]
    Path("tocsin.toml").write_text("[server]\nprot = 1\n", encoding="utf-8")
    (only,) = check([], at=TODAY, packs_dir=packs).findings
    assert (only.path, only.name, only.severity) == ("tocsin.toml", "unknown-key", Severity.ERROR)


def test_settings_are_told_by_name_or_by_content(tmp_path, packs):
    for name in ("other.toml", "conf"):
        path = tmp_path / name
        path.write_text("[server]\nprot = 1\n", encoding="utf-8")
        (only,) = check([str(path)], at=TODAY, packs_dir=packs).findings
        assert (only.path, only.name) == (str(path), "unknown-key")


@pytest.mark.parametrize("content", [b"", b"# only a remark", b"\xff\xfe\x00", b"a: b: c"])
def test_what_is_no_settings_file_is_read_as_rules(tmp_path, packs, content):
    path = tmp_path / "conf"
    path.write_bytes(content)
    result = check([str(path)], at=TODAY, packs_dir=packs)
    assert {one.name for one in result.findings} <= {"no-rule", "encoding", "yaml-syntax"}
    assert result.findings


def test_a_source_that_does_not_exist_is_not_found(packs):
    with pytest.raises(NotFoundError):
        check(["nothing-here"], at=TODAY, packs_dir=packs)


# ---------------------------------------------------------------- ignore


def test_an_ignored_finding_is_silent_and_its_reason_is_kept(file, packs):
    result = checked(file, text(LOSSY, more="ignore: {neq-absent: it is always there}\n"), packs)
    assert result.findings == ()
    (only,) = result.silenced
    assert (only.finding.name, only.reason) == ("neq-absent", "it is always there")


def test_an_ignore_that_silences_nothing_is_a_finding(file, packs):
    result = checked(file, text(LOSSY, more="ignore:\n  neq-absnet: r\n  precedence: r\n"), packs)
    assert [(line, name) for line, _, _, name in spots(result)] == [
        (4, "neq-absent"),
        (7, "unused-ignore"),
        (8, "unused-ignore"),
    ]
    assert [one.hint for one in result.findings[1:]] == ["did you mean 'neq-absent'?", "take it out"]
    assert {one.severity for one in result.findings[1:]} == {Severity.INFO}


def test_a_warning_about_the_text_can_be_silenced_too(file, packs):
    more = "params: {UNUSED: x}\nignore: {unused-parameter: for later}\n"
    result = checked(file, text("{ $.eventName = X }", more=more), packs)
    assert result.findings == ()
    assert [one.reason for one in result.silenced] == ["for later"]


def test_what_keeps_a_rule_from_running_cannot_be_silenced(file, packs):
    result = checked(file, text("{ $.a = x:y }", more="ignore: {special-character: r}\n"), packs)
    assert [name for *_, name in spots(result)] == ["special-character"]
    assert result.silenced == ()


# ---------------------------------------------------------------- --archive


def test_the_archive_proves_what_a_filter_lost(file, packs):
    numbers = {"": 6179, "{ $.userIdentity.invokedBy NOT EXISTS }": 4551, LOSSY: 0, SOUND: 31}
    result = checked(file, text(LOSSY), packs, archive=lambda patterns: [numbers[one] for one in patterns])
    (only,) = result.findings
    assert only.message.endswith(
        ". 4,551 of 6,179 archived records have no invokedBy. The filter lost 31 of its 31 matches."
    )


def test_without_something_to_prove_the_archive_is_not_read(file, packs):
    def archive(patterns):
        raise AssertionError(patterns)

    assert checked(file, text("{ $.eventName = X }"), packs, archive=archive).findings == ()


# ---------------------------------------------------------------- --fix


def test_a_certain_rewrite_is_made_and_everything_else_stays(file, packs):
    result = checked(file, text(LOSSY), packs, fix=True)
    assert file.read_text(encoding="utf-8") == text(SOUND)
    assert result.findings == ()
    (only,) = result.fixed
    assert (only.finding.name, only.before, only.after) == ("neq-absent", LOSSY, SOUND)
    assert [rule.effective_pattern for rule in result.rules] == [SOUND]


def test_several_rules_of_a_file_are_mended_in_one_go(file, packs):
    content = f"{text(LOSSY)}---\n{text(LOSSY, 'other')}"
    result = checked(file, content, packs, fix=True)
    assert file.read_text(encoding="utf-8") == content.replace(LOSSY, SOUND)
    assert len(result.fixed) == 2


def test_a_refused_pattern_is_mended_where_that_is_certain(file, packs):
    result = checked(file, text("{ $.eventName == X }"), packs, fix=True)
    assert result.findings == ()
    assert "{ $.eventName = X }" in file.read_text(encoding="utf-8")


def test_a_rewrite_stays_within_what_is_silenced(file, packs):
    content = text(LOSSY, more="ignore: {neq-absent: r}\n")
    assert checked(file, content, packs, fix=True).fixed == ()
    assert file.read_text(encoding="utf-8") == content


def test_an_encoding_with_a_mark_is_kept(file, packs):
    file.write_bytes(text(LOSSY).encode("utf-8-sig"))
    check([str(file)], at=TODAY, packs_dir=packs, fix=True)
    assert file.read_bytes() == text(SOUND).encode("utf-8-sig")


def test_a_pack_that_ships_is_never_rewritten(packs):
    path = packs / "own" / "mine.yaml"
    path.write_text(text(LOSSY), encoding="utf-8")
    for source in ("own", str(path)):
        result = check([source], at=TODAY, packs_dir=packs, fix=True)
        assert path.read_text(encoding="utf-8") == text(LOSSY)
        assert [one.name for one in result.findings] == ["neq-absent"]
        (only,) = result.unfixed
        assert only.reason == "the rule belongs to a pack that ships: copy it into a file of your own"


def test_a_link_keeps_leading_to_the_file_that_was_mended(tmp_path, file, packs):
    file.write_text(text(LOSSY), encoding="utf-8")
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    check([str(link)], at=TODAY, packs_dir=packs, fix=True)
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == text(SOUND)


def test_standard_input_is_read_once_and_never_rewritten(file, packs):
    file.write_text(text(LOSSY, "other"), encoding="utf-8")
    stdin = io.BytesIO(text(LOSSY).encode())
    result = check(["-", str(file)], at=TODAY, packs_dir=packs, fix=True, stdin=stdin)
    assert [one.finding.path for one in result.fixed] == [str(file)]
    assert [(one.finding.path, one.reason) for one in result.unfixed] == [("-", "standard input cannot be rewritten")]
    assert [one.path for one in result.findings] == ["-"]
    assert [rule.name for rule in result.rules] == ["mine", "other"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_cannot_be_written_stays_and_the_reason_is_said(file, packs):
    file.write_text(text(LOSSY), encoding="utf-8")
    file.parent.chmod(0o500)
    try:
        result = check([str(file)], at=TODAY, packs_dir=packs, fix=True)
    finally:
        file.parent.chmod(0o700)
    assert [one.name for one in result.findings] == ["neq-absent"]
    assert "cannot write" in result.unfixed[0].reason
