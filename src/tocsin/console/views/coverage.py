"""Coverage: which controls of a standard reach a person. Spec: CON-4.10 (Coverage).

coverage?standard=cis-6.0   app.coverage -> coverage.html, which prints on A4
coverage/{digest}           the JSON that a page, or a print of one, names by its SHA-256
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from tocsin.app.coverage import CoverageDocuments, coverage_of
from tocsin.app.standard import standards
from tocsin.console.answer import Download, NoSuchPageError, Page
from tocsin.console.moment import from_epoch
from tocsin.console.route import page
from tocsin.core.nearest import nearest
from tocsin.errors import NotFoundError
from tocsin.version import __version__

if TYPE_CHECKING:
    from tocsin.app.coverage import CoverageReport
    from tocsin.app.standard import Standard
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_USUAL: Final = "cis-6.0"

# Where a way breaks, in a word or two, and what would mend it.
_BREAKS: Final = {
    "filter": ("no filter", "Switch the rule on"),
    "records": ("no records", "Look at the trails"),
    "alarm": ("no alarm", "Look at the rule"),
    "people": ("nobody told", "Look at the topics"),
}


def coverage_page(visit: Visit) -> Answer:
    """How the account and region stand to a standard, control by control."""
    standard = _standard(visit)
    report = coverage_of(visit.service, visit.scope, standard, version=__version__)
    document = visit.service.part(CoverageDocuments).keep(report)
    context = {
        "standard": standard,
        "standards": [(one.id, one.title) for one in standards().standards],
        "report": report,
        "verdict_line": _verdict(report),
        "digest": document.digest,
        "breaks": _BREAKS,
        "moment_of": datetime.fromisoformat,
        "from_epoch": from_epoch,
    }
    return Page("coverage.html", "Coverage", context)


def _standard(visit: Visit) -> Standard:
    ident = visit.query("standard", _USUAL)
    table = standards()
    try:
        return table.find(ident)
    except NotFoundError as error:
        near = nearest(ident, [one.id for one in table.standards])
        links = [] if near is None else [(table.find(near).title, visit.url("coverage", standard=near))]
        raise NoSuchPageError(f"There is no standard {ident}", nearest=links, hint=error.hint) from None


def _verdict(report: CoverageReport) -> str:
    """The sentence above everything: what reaches a person, and what does in part."""
    what = "" if report.is_exact else " techniques have a rule that"
    verb = "reaches" if report.reached == 1 and report.is_exact else "reach" if report.is_exact else "reaches"
    return f"{report.reached} of {report.of}{what} {verb} a person"


def coverage_json(visit: Visit) -> Answer:
    """The JSON of a report that was shown a while ago, byte for byte."""
    found = visit.service.part(CoverageDocuments).get(visit.path["digest"])
    if found is None:
        raise NoSuchPageError(
            "This report is not kept any more",
            hint="Reports are kept while the service runs, the last twenty of them. Open the page again and take its "
            "JSON with it.",
            nearest=[("Coverage", visit.url("coverage"))],
        )
    report = found.report
    stamp = report.at.replace("-", "").replace(":", "")
    name = f"tocsin-coverage-{report.standard}-{report.account}-{report.region}-{stamp}.json"
    return Download(name, "application/json", found.body)


ROUTES = (
    page("coverage", coverage_page),
    page("coverage/{digest}", coverage_json),
)
