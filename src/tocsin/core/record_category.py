"""What kind of event a record is, and whether it tells of reading alone. Spec: CT-1.2, CT-2.9.

Rule: a record of any version has a category. Whether it reads is not known of every one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# How the names of operations begin that change nothing.
_READING_VERBS: Final = (
    "Get",
    "List",
    "Describe",
    "Lookup",
    "Head",
    "BatchGet",
    "Search",
    "Query",
    "Scan",
    "Select",
    "View",
)

_LONGEST: Final = 100


class Category(StrEnum):
    """The kinds of events, in the order of the table of CT-1.1."""

    MANAGEMENT = "Management"
    DATA = "Data"
    INSIGHT = "Insight"
    NETWORK_ACTIVITY = "NetworkActivity"


def category_of(record: Mapping[str, object]) -> str:
    """The category of a record, also of one older than eventCategory (CT-1.2).

    It is one of `Category`, or what else a record calls itself (at most 100 characters of it).
    """
    category = record.get("eventCategory")
    if type(category) is str and category:
        return category[:_LONGEST]
    if "insightDetails" in record or record.get("eventType") == "AwsCloudTrailInsight":
        return Category.INSIGHT
    if record.get("managementEvent") is False:
        return Category.DATA
    return Category.MANAGEMENT


def is_read(record: Mapping[str, object]) -> bool | None:
    """Does a record tell of reading alone? None when it does not say.

    readOnly says so, in LookupEvents' output as text. Older records lack it; there the verb of the name
    decides, as it does for what AWS bills.
    """
    read = record.get("readOnly")
    if isinstance(read, bool):
        return read
    if read in ("true", "false"):
        return read == "true"
    name = record.get("eventName")
    return name.startswith(_READING_VERBS) if type(name) is str and name else None
