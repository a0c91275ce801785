"""One text to rules. Rule: every finding of a text is made at once, and nothing is raised.

The text is YAML or JSON with one rule a document, or what `aws logs describe-metric-filters`
printed. Spec: IF-1, IF-4.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from tocsin.app.document import Form, Scalar, SourceText, read_documents
from tocsin.app.listing import is_listing, read_listing
from tocsin.app.parameters import CLAUSES
from tocsin.app.ruleentry import RuleFile
from tocsin.app.rulereader import RuleReader
from tocsin.app.shape import ShapeCheck
from tocsin.core.finding import Severity
from tocsin.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tocsin.app.document import Node


def read_rules(
    text: str,
    *,
    path: str,
    pack: str | None = None,
    clauses: Mapping[str, str] | None = None,
    at: date | None = None,
    named: Form | None = None,
) -> RuleFile:
    """Read a text into rules; whatever is wrong is a finding, mostly of severity error.

    `path` is what findings call the text, `pack` the pack that its rules belong to, `clauses` the
    shared clauses that an exclusion may `use`, `at` the day for which exclusions count (None: none
    has expired), `named` the form that the file's name promises.
    """
    result = RuleFile(SourceText(text, path=path))
    documents = read_documents(text, named=named)
    for problem in documents.problems:
        result.note(problem.position, Severity.ERROR, problem.name, problem.message, problem.hint)
    roots = [root for root in documents.roots if not (isinstance(root, Scalar) and root.value is None)]
    for root, after in zip_longest(roots, roots[1:]):
        end = after.start if after is not None else len(text) + 1
        spoiled = any(root.start <= problem.position < end for problem in documents.problems)
        if is_listing(root):
            read_listing(root, result, spoiled=spoiled)
        else:
            RuleReader(result, root, pack=pack, clauses=clauses, at=at, spoiled=spoiled).read()
    if not roots and not documents.problems:
        result.note(0, Severity.WARNING, "no-rule", "there is no rule in this file")
    return result


def read_clauses(text: str, *, path: str) -> dict[str, str]:
    """The shared exclusion clauses of a text: name to condition (detections.md section 4).

    Raises InternalError when the text is no list of clauses: it ships with the program.
    """
    documents = read_documents(text, named=Form.YAML)
    wrong = [problem.message for problem in documents.problems]

    def report(node: Node, name: str, message: str, hint: str = "", spec: str = "") -> None:  # noqa: ARG001  (the reader calls it with all of them)
        wrong.append(message)

    clauses: dict[str, str] = {}
    for root in documents.roots:
        values = ShapeCheck(text, report).check(root, CLAUSES, "clauses")
        if isinstance(values, list):
            clauses.update({one["name"]: one["clause"] for one in values if {"name", "clause"} <= one.keys()})
    if wrong or not clauses:
        raise InternalError(f"{path}: {'; '.join(wrong) or 'no clauses'}", ident="clauses")
    return clauses
