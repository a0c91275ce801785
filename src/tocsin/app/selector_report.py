"""The report of a simulation of selectors as typed objects; `--format json` is their encoding. Spec: IF-1, CT-8.

*Before* is what the setting in force takes, *after* what the one to be tried takes; *lost* is what the first alone
takes, *gained* what the second alone does. Amounts are dollars a month.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.app.comparison_report import Ring  # msgspec reads annotations at run time
from tocsin.app.report import Bytes, Files, Records


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Records, and how many of them each setting takes.

    `bytes_before` and `bytes_after` are what a log group takes in of them. Records in neither are those that no
    setting takes.
    """

    records: int
    before: int
    after: int
    lost: int
    gained: int
    bytes_before: int
    bytes_after: int


class CategoryLine(Taken, frozen=True, kw_only=True):
    """The records of one category."""

    category: str


class CallLine(Taken, frozen=True, kw_only=True):
    """The records of one call. `source` and `name` are empty where a record has none."""

    category: str
    source: str
    name: str


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the filter of a rule matches of the records that each setting takes."""

    name: str
    before: int
    after: int
    lost: int
    gained: int
    title: str = ""
    severity: str = ""


class AlarmLine(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that does not do the same with both settings. `before` and `after` count transitions to ALARM.

    A stay in ALARM is lost or gained when the alarm is at no moment of it in ALARM with the other setting.
    """

    name: str
    before: int
    after: int
    lost: list[Ring]
    gained: list[Ring]
    title: str = ""
    severity: str = ""


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """One price, with the quantities of a month. Costs are None where the price is not known.

    `row` is its id in the table of prices, `is_unsure` says that it is neither AWS's own nor from its price list.
    `is_alternative` marks what is paid in place of the line before it where another trail records the same.
    """

    row: str
    item: str
    unit: str
    quantity_before: float
    quantity_after: float
    before: float | None
    after: float | None
    difference: float | None
    is_unsure: bool = False
    is_alternative: bool = False


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What a month costs with each setting.

    `seconds` is the span that the records cover, `is_rough` that it is short for a statement about a month;
    `reason` says why nothing could be reckoned, and then there are no lines. `home_region` is the region that most
    records are of: its price holds for the log group. The sums leave alternatives out, and prices that are not known.
    """

    as_of: str
    currency: str
    seconds: int
    is_rough: bool
    home_region: str
    lines: list[CostLine]
    before: float
    after: float
    difference: float
    unsure_rows: int = 0
    unknown_prices: int = 0
    reason: str = ""


class SimulationReport(msgspec.Struct, kw_only=True):
    """The whole report.

    `against` and `set` are the settings before and after, as AWS answers them. `calls` are those of most lost
    records first; `rules` are all that have a metric filter, `alarms` those that differ and `alarms_unchanged` counts
    the others.
    """

    tocsin: str
    against: dict[str, Any]
    set: dict[str, Any]
    files: Files
    records: Records
    bytes: Bytes
    seconds: float
    total: Taken
    categories: list[CategoryLine]
    calls: list[CallLine]
    rules: list[RuleLine]
    alarms: list[AlarmLine]
    alarms_unchanged: int
    costs: Costs
    command: str = "simulate selectors"
    notes: list[str] = msgspec.field(default_factory=list)
