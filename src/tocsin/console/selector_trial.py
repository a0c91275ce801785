"""Trying event selectors on what is stored: events, blind detections, dollars. Spec: CON-4.10, CT-8, CT-10.

Rule: what is certainly lost is said in words, how much of what really happened in numbers; how far back was looked is
said with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.app.selector_preview import preview_selectors
from tocsin.console.moment import from_epoch
from tocsin.core.trail.selector import Selectors, read_selectors, selectors_of
from tocsin.core.trail.selector_loss import lost_events
from tocsin.core.trail.selector_words import setting_words
from tocsin.errors import InputError
from tocsin.version import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.selector_preview import SelectorPreview
    from tocsin.app.service import Service
    from tocsin.core.trail.definition import Trail

PRESETS: Final = (
    ("writes", "only events that write"),
    ("no-kms", "no events of KMS and RDS Data"),
    ("no-reads-of-kms", "no events that read, and none of KMS"),
    ("nothing", "no management events, as intruders set it"),
)
"""Changes that people make to save money, and the one that hides them."""

_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "writes": {"EventSelectors": [{"ReadWriteType": "WriteOnly"}]},
    "no-kms": {"EventSelectors": [{"ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}]},
    "no-reads-of-kms": {
        "EventSelectors": [{"ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]
    },
    "nothing": {
        "EventSelectors": [
            {
                "ReadWriteType": "ReadOnly",
                "IncludeManagementEvents": False,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": []}],
            }
        ]
    },
}


class SelectorTrial(NamedTuple):
    """What other selectors would make of a trail. `problem` says why nothing could be counted: `found` is None then."""

    words: list[str]
    lost: list[str]
    gained: list[str]
    found: SelectorPreview | None
    problem: str = ""

    @property
    def since(self) -> datetime | None:
        """When the oldest record is of that was counted."""
        second = None if self.found is None else self.found.since
        return None if second is None else from_epoch(second * 1000)


def preset(name: str) -> Selectors | None:
    """The selectors of that name among the presets; None for any other name."""
    setting = _SETTINGS.get(name)
    return None if setting is None else read_selectors(setting)


def try_selectors(service: Service, trail: Trail, after: Selectors, *, counts: bool = True) -> SelectorTrial:
    """What a trail would select, lose and gain; with `counts` how many of the stored records."""
    before = selectors_of(trail.event_selectors)
    found, problem = None, ""
    if counts:
        try:
            found = preview_selectors(service, trail, after, version=__version__)
        except InputError as error:
            problem = error.message
    return SelectorTrial(
        words=list(setting_words(after)),
        lost=lost_events(before, after),
        gained=lost_events(after, before),
        found=found,
        problem=problem,
    )
