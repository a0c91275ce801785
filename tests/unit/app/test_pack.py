"""The packs that ship, as they were read before: the same rules as their texts give, or none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tocsin.app.pack import PACKS_DIR, load_rules, pack_names, ready_rules
from tocsin.app.rulepack import usable_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("names", [*([name] for name in pack_names()), pack_names(), ["cis", "article", "cis"]])
def test_what_was_read_before_is_what_the_texts_give(names: list[str]) -> None:
    # The texts of both, so that 1 and 1.0 are told apart.
    assert repr(ready_rules(names)) == repr(usable_rules(*names)), "run python scripts/ready_packs.py"


def _edit(packs: Path) -> None:
    path = packs / "article" / "stop-logging.yaml"
    path.write_text(path.read_text().replace("StopLogging", "StopLogging2"))


def _add(packs: Path) -> None:
    shutil.copy(packs / "cis" / "vpc-changes.yaml", packs / "article" / "vpc-changes.yaml")


def _remove(packs: Path) -> None:
    (packs / "article" / "stop-logging.yaml").unlink()


def _change_clauses(packs: Path) -> None:
    with (packs / "clauses.yaml").open("a") as file:
        file.write("# a comment\n")


@pytest.mark.parametrize("change", [_edit, _add, _remove, _change_clauses])
def test_a_pack_whose_texts_have_changed_is_read_again(change: Callable[[Path], None], tmp_path: Path) -> None:
    packs = tmp_path / "rules"
    shutil.copytree(PACKS_DIR, packs)
    assert ready_rules(["article"], packs_dir=packs) is not None
    change(packs)
    assert ready_rules(["article"], packs_dir=packs) is None


@pytest.mark.parametrize("sources", [["no-such-pack"], ["cis", "rules.yaml"], ["-"], [""]])
def test_what_is_no_pack_is_left_to_the_reader_of_texts(sources: list[str]) -> None:
    assert ready_rules(sources) is None


def test_a_rule_stands_for_itself_beside_a_pack() -> None:
    (rule,) = [rule for rule in load_rules("article") if rule.id == "stop-logging"]
    assert load_rules(rule) == [rule]
    assert load_rules(rule, "article") == usable_rules(rule, "article")
