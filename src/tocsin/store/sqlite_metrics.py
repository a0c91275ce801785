"""Metric data in SQLite. Spec: AL-1.1, AL-1.7, AL-1.8, AL-2.

A metric with one unit is a series; its data stand in buckets of a second or a minute, and of more when they are old.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.metric import UNITS, MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint
from tocsin.core.period import finest_period, oldest_age
from tocsin.store.sqlite_scope import scope_text
from tocsin.store.statistic_bytes import pack_statistics, unpack_statistics

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from tocsin.core.metric import MetricDatum
    from tocsin.core.scope import Scope

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[tuple[str, str], ...]).decode

_WIDTHS = (1, 60, 300, 3600)
"""Widths of buckets, in seconds, as AL-3.2 has them."""


class SqliteMetricReader:
    """`MetricReader`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def data(
        self, scope: Scope, key: MetricKey, *, unit: str | None = None, start: int, end: int
    ) -> list[HistoryPoint]:
        """What is known of start <= second < end, by time."""
        rows = self._connection.execute(
            "SELECT second, body FROM bucket WHERE series_id IN (SELECT id FROM series WHERE scope = ?"
            " AND namespace = ? AND name = ? AND dimensions = ? AND (? IS NULL OR unit = ?))"
            " AND second >= ? AND second < ?",
            (scope_text(scope), key.namespace, key.metric_name, _encode(key.dimensions), unit, unit, start, end),
        ).fetchall()
        if len(rows) == 1:
            return [HistoryPoint(rows[0][0], None, unpack_statistics(rows[0][1]))]
        by_second: dict[int, list[StatisticSet]] = {}
        for second, body in rows:
            by_second.setdefault(second, []).append(unpack_statistics(body))
        return [
            HistoryPoint(second, None, sets[0] if len(sets) == 1 else StatisticSet.merged(sets))
            for second, sets in sorted(by_second.items())
        ]

    def units(self, scope: Scope, key: MetricKey, *, start: int, end: int) -> list[str]:
        """The units of those data."""
        rows = self._connection.execute(
            "SELECT unit FROM series WHERE scope = ? AND namespace = ? AND name = ? AND dimensions = ?"
            " AND EXISTS (SELECT 1 FROM bucket WHERE series_id = id AND second >= ? AND second < ?)",
            (scope_text(scope), key.namespace, key.metric_name, _encode(key.dimensions), start, end),
        )
        return sorted((unit for (unit,) in rows), key=UNITS.index)

    def list(
        self,
        scope: Scope,
        *,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Sequence[tuple[str, str | None]] = (),
        active_since: int,
        after: MetricKey | None = None,
        limit: int,
    ) -> list[tuple[MetricKey, int]]:
        """Metrics in the order of their keys, each with the newest second."""
        rows = self._connection.execute(
            "SELECT namespace, name, dimensions, max(newest) FROM series WHERE scope = ?"
            " AND (? IS NULL OR namespace = ?) AND (? IS NULL OR name = ?) AND newest >= ?"
            " GROUP BY namespace, name, dimensions",
            (scope_text(scope), namespace, namespace, name, name, active_since),
        )
        found: list[tuple[MetricKey, int]] = []
        for its_namespace, its_name, packed, newest in rows:
            key = MetricKey(its_namespace, its_name, _decode(packed))
            has = dict(key.dimensions)
            if all(wanted in has and value in (None, has[wanted]) for wanted, value in dimensions):
                found.append((key, newest))
        # The packed form of dimensions does not sort as they do.
        found.sort()
        first = 0 if after is None else bisect_right(found, after, key=lambda item: item[0])
        return found[first : first + limit]


class SqliteMetricWriter(SqliteMetricReader):
    """`MetricWriter`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._ids: dict[tuple[Scope, MetricKey, str], int] = {}

    def add(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        """Merge data into their buckets."""
        newest: dict[int, int] = {}
        together: dict[tuple[int, int], tuple[int, list[StatisticSet]]] = {}
        for datum in data:
            series = self._series(scope, datum)
            newest[series] = max(newest.get(series, datum.timestamp), datum.timestamp)
            width, sets = together.get((series, datum.timestamp), (0, []))
            sets.append(datum.statistics)
            together[series, datum.timestamp] = (max(width, datum.storage_resolution), sets)
        for (series, second), (width, sets) in together.items():
            self._merge(series, second, width, sets)
        self._connection.executemany(
            "UPDATE series SET newest = ?1 WHERE id = ?2 AND newest < ?1",
            [(second, series) for series, second in newest.items()],
        )

    def roll_up(self, *, at: int, buckets: int = 10_000) -> int:
        """Make old data coarser and drop what is too old."""
        done = 0
        for width in _WIDTHS:
            rows = self._connection.execute(
                "SELECT series_id, second, body FROM bucket WHERE width = ? AND second < ? ORDER BY second LIMIT ?",
                (width, at - oldest_age(width), buckets - done),
            ).fetchall()
            done += len(rows)
            for series, second, body in rows:
                self._connection.execute("DELETE FROM bucket WHERE series_id = ? AND second = ?", (series, second))
                coarse = finest_period(at - second)
                if coarse is not None:
                    self._merge(series, second - second % coarse, coarse, [unpack_statistics(body)])
            if width == _WIDTHS[-1] and rows:
                self._connection.executemany(
                    "DELETE FROM series WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM bucket WHERE series_id = ?1)",
                    [(series,) for series in {row[0] for row in rows}],
                )
                self._ids.clear()
        return done

    def reset(self, scope: Scope | None) -> None:
        """Remove the data of a scope, or all."""
        self._ids.clear()
        if scope is None:
            self._connection.execute("DELETE FROM bucket")
            self._connection.execute("DELETE FROM series")
            return
        text = scope_text(scope)
        self._connection.execute(
            "DELETE FROM bucket WHERE series_id IN (SELECT id FROM series WHERE scope = ?)", (text,)
        )
        self._connection.execute("DELETE FROM series WHERE scope = ?", (text,))

    def _merge(self, series: int, second: int, width: int, sets: Sequence[StatisticSet]) -> None:
        row = self._connection.execute(
            "SELECT width, body FROM bucket WHERE series_id = ? AND second = ?", (series, second)
        ).fetchone()
        if row is not None:
            # A second and the minute that begins with it share a bucket.
            width = max(width, row[0])
            sets = [unpack_statistics(row[1]), *sets]
        statistics = sets[0] if len(sets) == 1 else StatisticSet.merged(sets)
        self._connection.execute(
            "INSERT OR REPLACE INTO bucket (series_id, second, width, body) VALUES (?, ?, ?, ?)",
            (series, second, width, pack_statistics(statistics)),
        )

    def _series(self, scope: Scope, datum: MetricDatum) -> int:
        known = self._ids.get((scope, datum.key, datum.unit))
        if known is None:
            key = datum.key
            named = (scope_text(scope), key.namespace, key.metric_name, _encode(key.dimensions), datum.unit)
            self._connection.execute(
                "INSERT OR IGNORE INTO series (scope, namespace, name, dimensions, unit, newest)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*named, datum.timestamp),
            )
            row = self._connection.execute(
                "SELECT id FROM series WHERE scope = ? AND namespace = ? AND name = ? AND dimensions = ? AND unit = ?",
                named,
            ).fetchone()
            known = self._ids[scope, datum.key, datum.unit] = int(row[0])
        return known
