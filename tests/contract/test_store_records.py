"""Metric data, history, outbox and sources: what every store promises. Spec: AL-1, AL-10, AR-5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alarm.history import HistoryItem, HistoryItemType
from tocsin.core.delivery import Delivered, DeliveryAttempt, DeliveryReason, Retry
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.outbox import DeliveryRow, DeliveryStatus
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
THERE = Scope("111122223333", "us-east-1")
KEY = MetricKey.of("N", "m")
MINUTE, HOUR, DAY = 60, 3600, 86_400


def add(store, *data: tuple[int, float], key: MetricKey = KEY, unit: str = "None", scope: Scope = HERE, **how) -> None:
    made = [
        MetricDatum(key=key, timestamp=second, statistics=StatisticSet.of(value), unit=unit, **how)
        for second, value in data
    ]
    store.write(lambda writer: writer.metrics.add(scope, made))


def sums(store, *, key: MetricKey = KEY, start: int = 0, end: int = 10**10, **how) -> list[tuple[int, float]]:
    with store.read() as reader:
        found = reader.metrics.data(HERE, key, start=start, end=end, **how)
    return [(point.second, float(point.statistics.sum)) for point in found]


# ---------------------------------------------------------------- metrics


def test_data_of_one_bucket_add_up(store) -> None:
    add(store, (60, 1.0), (60, 2.0), (120, 5.0))
    add(store, (60, 4.0))
    assert sums(store) == [(60, 7.0), (120, 5.0)]
    assert sums(store, start=60, end=120) == [(60, 7.0)]
    with store.read() as reader:
        (point, _) = reader.metrics.data(HERE, KEY, start=0, end=1000)
        assert point.statistics == StatisticSet.of(1.0, 2.0, 4.0)
        assert reader.metrics.data(THERE, KEY, start=0, end=1000) == []


def test_statistic_sets_are_kept_exactly(store) -> None:
    add(store, *[(0, 0.1)] * 10, (0, 1e300), (0, -1e300))
    with store.read() as reader:
        (point,) = reader.metrics.data(HERE, KEY, start=0, end=1)
    assert point.statistics == StatisticSet.of(*[0.1] * 10, 1e300, -1e300)


def test_a_set_without_raw_values_stays_one(store) -> None:
    stated = StatisticSet.stated(sample_count=2.5, sum=7.0, minimum=1.0, maximum=5.0)
    store.write(lambda writer: writer.metrics.add(HERE, [MetricDatum(key=KEY, timestamp=0, statistics=stated)]))
    add(store, (0, 1.0))
    with store.read() as reader:
        (point,) = reader.metrics.data(HERE, KEY, start=0, end=1)
    assert point.statistics == stated.merge(StatisticSet.of(1.0))
    assert point.statistics.weights is None


def test_units_are_apart_and_together(store) -> None:
    add(store, (0, 1.0), unit="Seconds")
    add(store, (0, 2.0), (60, 3.0), unit="Bytes")
    assert sums(store, unit="Seconds") == [(0, 1.0)]
    assert sums(store) == [(0, 3.0), (60, 3.0)]
    with store.read() as reader:
        assert reader.metrics.units(HERE, KEY, start=0, end=60) == ["Seconds", "Bytes"]
        assert reader.metrics.units(HERE, KEY, start=60, end=120) == ["Bytes"]


def test_dimensions_are_another_metric(store) -> None:
    other = MetricKey.of("N", "m", {"a": "1"})
    add(store, (0, 1.0))
    add(store, (0, 2.0), key=other)
    assert sums(store) == [(0, 1.0)]
    assert sums(store, key=other) == [(0, 2.0)]


KEYS = [
    MetricKey.of("N", "m"),
    MetricKey.of("N", "m", {"a": "1"}),
    MetricKey.of("N", "m", {"a": "2", "b": "x"}),
    MetricKey.of("N", "n", {"b": "x"}),
    MetricKey.of("O", "m"),
]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, KEYS),
        ({"namespace": "N"}, KEYS[:4]),
        ({"name": "m"}, [*KEYS[:3], KEYS[4]]),
        ({"namespace": "N", "name": "m"}, KEYS[:3]),
        ({"dimensions": [("a", None)]}, KEYS[1:3]),
        ({"dimensions": [("a", "2")]}, [KEYS[2]]),
        ({"dimensions": [("a", None), ("b", "x")]}, [KEYS[2]]),
        ({"dimensions": [("c", None)]}, []),
        ({"namespace": "P"}, []),
    ],
)
def test_list(store, asked, wanted) -> None:
    for key in reversed(KEYS):
        add(store, (100, 1.0), key=key)
    for limit in (1, 2, 100):
        found, after = [], None
        while True:
            with store.read() as reader:
                page = reader.metrics.list(HERE, active_since=0, after=after, limit=limit, **asked)
            if not page:
                break
            found += page
            after = page[-1][0]
        assert found == [(key, 100) for key in wanted]


def test_list_leaves_out_what_is_not_active(store) -> None:
    add(store, (100, 1.0), key=KEYS[0])
    add(store, (50, 1.0), (200, 1.0), key=KEYS[1])
    with store.read() as reader:
        assert reader.metrics.list(HERE, active_since=101, limit=10) == [(KEYS[1], 200)]
        assert reader.metrics.list(THERE, active_since=0, limit=10) == []


def roll_up(store, at: int) -> None:
    while store.write(lambda writer: writer.metrics.roll_up(at=at, buckets=3)):
        pass


def test_old_data_become_coarser_and_go(store) -> None:
    add(store, *((HOUR + second, 1.0) for second in range(120)), storage_resolution=1)
    add(store, *((HOUR + minute * MINUTE, 1.0) for minute in range(2, 10)))
    roll_up(store, HOUR + 3 * HOUR)
    assert len(sums(store)) == 128
    roll_up(store, 2 * HOUR + 3 * HOUR)
    assert sums(store) == [(HOUR, 60.0), (HOUR + 60, 60.0), *((HOUR + minute * MINUTE, 1.0) for minute in range(2, 10))]
    roll_up(store, 2 * HOUR + 15 * DAY)
    assert sums(store) == [(HOUR, 123.0), (HOUR + 300, 5.0)]
    roll_up(store, 2 * HOUR + 63 * DAY)
    assert sums(store) == [(HOUR, 128.0)]
    roll_up(store, 2 * HOUR + 455 * DAY)
    assert sums(store) == []
    with store.read() as reader:
        assert reader.metrics.list(HERE, active_since=0, limit=10) == []


def test_a_failed_work_adds_no_datum(store) -> None:
    add(store, (0, 1.0))

    def work(writer) -> None:
        writer.metrics.add(HERE, [MetricDatum(key=KEY, timestamp=0, statistics=StatisticSet.of(5.0))])
        writer.metrics.add(HERE, [MetricDatum(key=KEYS[1], timestamp=60, statistics=StatisticSet.of(5.0))])
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert sums(store) == [(0, 1.0)]
    with store.read() as reader:
        assert reader.metrics.list(HERE, active_since=0, limit=10) == [(KEY, 0)]


# ---------------------------------------------------------------- history

START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000


def item(number: int, *, name: str = "a", kind: str = "MetricAlarm", seconds: float | None = None) -> HistoryItem:
    return HistoryItem(
        alarm_name=name,
        alarm_type=kind,
        timestamp=START + timedelta(seconds=number if seconds is None else seconds),
        history_item_type=HistoryItemType.STATE_UPDATE if number % 2 else HistoryItemType.ACTION,
        history_summary=f"item {number}",
        history_data="{}",
    )


def history(store, **how) -> list[str]:
    how.setdefault("limit", 100)
    with store.read() as reader:
        return [one.history_summary for _, one in reader.history.items(HERE, **how)]


def test_history_by_time_and_order_of_arrival(store) -> None:
    for one in (item(3), item(1), item(2), item(10, seconds=2)):
        store.write(lambda writer, one=one: writer.history.add(HERE, one))
    assert history(store) == ["item 3", "item 10", "item 2", "item 1"]
    assert history(store, descending=False) == ["item 1", "item 2", "item 10", "item 3"]


def test_history_filters_and_pages(store) -> None:
    for number in range(12):
        one = item(number, name="ab"[number % 2], kind="CompositeAlarm" if number % 3 == 0 else "MetricAlarm")
        store.write(lambda writer, one=one: writer.history.add(HERE, one))
    assert history(store, alarm_name="b", alarm_types=["CompositeAlarm"]) == ["item 9", "item 3"]
    assert history(store, item_type=HistoryItemType.ACTION, start=START_MS + 4000, end=START_MS + 8000) == [
        "item 6",
        "item 4",
    ]
    assert history(store, alarm_types=[]) == []
    found, after = [], None
    while True:
        with store.read() as reader:
            page = reader.history.items(HERE, after=after, limit=5)
        if not page:
            break
        found += [one.history_summary for _, one in page]
        after = page[-1][0]
    assert found == [f"item {number}" for number in range(11, -1, -1)]
    with store.read() as reader:
        (_, got), *_ = reader.history.items(HERE, limit=1)
        assert got == item(11, name="b")
        assert reader.history.items(THERE, limit=5) == []


def test_history_expires(store) -> None:
    for number in range(4):
        store.write(lambda writer, number=number: writer.history.add(HERE, item(number)))
        store.write(
            lambda writer, number=number: writer.history.add_evaluation(
                HERE, "a", at=START_MS + 1000 * number, body=bytes([number])
            )
        )
    assert store.write(lambda writer: writer.history.expire(before=START_MS + 2000)) == 4
    assert history(store) == ["item 3", "item 2"]
    with store.read() as reader:
        assert reader.history.evaluations(HERE, "a", limit=9) == [(START_MS + 3000, b"\3"), (START_MS + 2000, b"\2")]


def test_evaluation_records(store) -> None:
    for at in (3, 1, 2):
        store.write(lambda writer, at=at: writer.history.add_evaluation(HERE, "a", at=at, body=str(at).encode()))
    with store.read() as reader:
        evaluations = reader.history.evaluations
        assert evaluations(HERE, "a", limit=2) == [(3, b"3"), (2, b"2")]
        assert evaluations(HERE, "a", start=1, end=3, descending=False, limit=9) == [(1, b"1"), (2, b"2")]
        assert evaluations(HERE, "b", limit=9) == []
        assert evaluations(THERE, "a", limit=9) == []


# ---------------------------------------------------------------- outbox


def row(number: int, **how) -> DeliveryRow:
    fields = {
        "delivery_id": f"d{number}",
        "scope": HERE,
        "topic_arn": "arn:aws:sns:eu-west-1:111122223333:t",
        "target": f"sub-{number % 2}",
        "cause": "alarm",
        "created_at": number,
        "next_at": 100 - number,
        "body": b"{}",
    }
    return DeliveryRow(**{**fields, **how})


def test_due_deliveries_come_the_most_overdue_first(store) -> None:
    store.write(lambda writer: writer.outbox.put([row(number) for number in range(5)]))
    store.write(lambda writer: writer.outbox.put([row(3, status=DeliveryStatus.DELIVERED, attempts=1, outcome="250")]))
    with store.read() as reader:
        outbox = reader.outbox
        assert [one.delivery_id for one in outbox.due(at=99, limit=10)] == ["d4", "d2", "d1"]
        assert [one.delivery_id for one in outbox.due(at=100, limit=2)] == ["d4", "d2"]
        assert outbox.due(at=95, limit=10) == []
        assert outbox.get("d3") == row(3, status=DeliveryStatus.DELIVERED, attempts=1, outcome="250")
        assert outbox.get("none") is None
        assert outbox.count(DeliveryStatus.PENDING) == 4
        assert outbox.count(DeliveryStatus.FAILED) == 0


def test_deliveries_newest_first(store) -> None:
    rows = [
        row(number, scope=THERE if number == 4 else HERE, cause="m" if number == 2 else "alarm") for number in range(6)
    ]
    store.write(lambda writer: writer.outbox.put(rows))
    with store.read() as reader:

        def found(*args, **how) -> list[str]:
            return [one.delivery_id for one in reader.outbox.deliveries(*args, **{"limit": 10, **how})]

        assert found() == ["d5", "d4", "d3", "d2", "d1", "d0"]
        assert found(HERE) == ["d5", "d3", "d2", "d1", "d0"]
        assert found(target="sub-1") == ["d5", "d3", "d1"]
        assert found(cause="m") == ["d2"]
        assert found(topic=rows[0].topic_arn) == ["d5", "d4", "d3", "d2", "d1", "d0"]
        assert found(topic=f"{rows[0].topic_arn}-2") == []
        assert found(status=DeliveryStatus.FAILED) == []
        assert found(before=(3, "d3"), limit=2) == ["d2", "d1"]


def test_only_settled_deliveries_expire(store) -> None:
    store.write(
        lambda writer: writer.outbox.put(
            [row(1), row(2, status=DeliveryStatus.FAILED), row(3, status=DeliveryStatus.DELIVERED)]
        )
    )
    assert store.write(lambda writer: writer.outbox.expire(before=3)) == 1
    with store.read() as reader:
        assert [one.delivery_id for one in reader.outbox.deliveries(limit=10)] == ["d3", "d1"]


@pytest.mark.parametrize(
    ("statuses", "first"),
    [
        ("", None),
        ("p", None),  # it was not tried yet
        ("d", None),
        ("f", "d0"),
        ("r", "d0"),
        ("dfr", "d1"),
        ("rfd", None),
        ("fdrf", "d2"),
        ("fdp", None),
        ("fdpf", "d3"),
    ],
)
def test_first_failure_since_the_last_delivery_that_went_well(store, statuses: str, first: str | None) -> None:
    """`p` waits for its first attempt, `r` for another one, `d` was delivered, `f` has failed (AL-19.4)."""
    words = {
        "p": (DeliveryStatus.PENDING, 0),
        "r": (DeliveryStatus.PENDING, 1),
        "d": (DeliveryStatus.DELIVERED, 1),
        "f": (DeliveryStatus.FAILED, 3),
    }
    rows = [
        row(number, target="t", status=words[word][0], attempts=words[word][1]) for number, word in enumerate(statuses)
    ]
    rows.append(row(90, target="another", status=DeliveryStatus.FAILED, attempts=1))
    rows.append(row(91, target="another", status=DeliveryStatus.DELIVERED, attempts=1))
    store.write(lambda writer: writer.outbox.put(rows))
    with store.read() as reader:
        found = reader.outbox.first_failure("t")
        assert (None if found is None else found.delivery_id) == first
        assert reader.outbox.first_failure("another") is None


@pytest.mark.parametrize(("statuses", "first"), [("", None), ("d", None), ("dfp", "d2"), ("ppd", "d0"), ("fpp", "d1")])
def test_first_that_is_still_to_be_delivered(store, statuses: str, first: str | None) -> None:
    words = {"p": DeliveryStatus.PENDING, "d": DeliveryStatus.DELIVERED, "f": DeliveryStatus.FAILED}
    rows = [row(number, target="t", status=words[word]) for number, word in enumerate(statuses)]
    rows.append(row(90, target="another", status=DeliveryStatus.DELIVERED))
    store.write(lambda writer: writer.outbox.put(rows))
    with store.read() as reader:
        found = reader.outbox.first_pending("t")
        assert (None if found is None else found.delivery_id) == first
        assert reader.outbox.first_pending("another") is None
        assert reader.outbox.first_pending() == found


# ---------------------------------------------------------------- sources


def test_due_without_some_targets(store) -> None:
    rows = [row(number, target=f"t{number % 2}", next_at=number) for number in range(4)]
    store.write(lambda writer: writer.outbox.put(rows))
    with store.read() as reader:
        assert [one.delivery_id for one in reader.outbox.due(at=9, limit=9, not_to={"t0"})] == ["d1", "d3"]
        assert reader.outbox.due(at=9, limit=9, not_to=["t0", "t1"]) == []


def test_due_over_some_protocols(store) -> None:
    rows = [row(number, protocol=["log", "email"][number % 2], next_at=number) for number in range(4)]
    store.write(lambda writer: writer.outbox.put(rows))
    with store.read() as reader:
        assert [one.delivery_id for one in reader.outbox.due(at=9, limit=9, protocols=["log"])] == ["d0", "d2"]
        assert len(reader.outbox.due(at=9, limit=9)) == 4
        assert reader.outbox.due(at=9, limit=9, protocols=[]) == []


def test_attempts_are_kept_with_how_the_delivery_stands(store) -> None:
    first = DeliveryAttempt(number=1, at=5, took=7, outcome=Retry(DeliveryReason.TIME_OUT, "15 s", 3.0), next_at=20)
    second = DeliveryAttempt(number=2, at=20, took=1, outcome=Delivered("200 OK"))
    store.write(lambda writer: writer.outbox.put([row(1), row(2)]))
    store.write(lambda writer: writer.outbox.record(row(1, next_at=20, attempts=1, outcome="time-out"), first))
    with store.read() as reader:
        assert reader.outbox.get("d1") == row(1, next_at=20, attempts=1, outcome="time-out")
        assert reader.outbox.attempts("d1") == [first]
    done = row(1, next_at=20, attempts=2, outcome="ok", status=DeliveryStatus.DELIVERED)
    with pytest.raises(ValueError, match="undone"):
        store.write(lambda writer: (writer.outbox.record(done, second), _fail()))
    store.write(lambda writer: writer.outbox.record(done, second))
    with store.read() as reader:
        assert reader.outbox.get("d1") == done
        assert reader.outbox.attempts("d1") == [first, second]
        assert reader.outbox.attempts("d2") == []
    assert store.write(lambda writer: writer.outbox.expire(before=10**9)) == 1
    with store.read() as reader:
        assert reader.outbox.attempts("d1") == []


def _fail() -> None:
    raise ValueError("undone")


def test_cursors(store) -> None:
    with store.read() as reader:
        assert reader.sources.cursor("file:a") is None
    store.write(lambda writer: writer.sources.set_cursor("file:a", b"1"))
    store.write(lambda writer: writer.sources.set_cursor("file:a", b"2"))
    with store.read() as reader:
        assert reader.sources.cursor("file:a") == b"2"


def test_seen_ids_are_of_a_scope_and_forgotten(store) -> None:
    store.write(lambda writer: writer.sources.note_seen(HERE, ["a", "b"], at=10))
    store.write(lambda writer: writer.sources.note_seen(HERE, ["c"], at=20))
    with store.read() as reader:
        assert reader.sources.seen(HERE, ["a", "c", "d"]) == {"a", "c"}
        assert reader.sources.seen(THERE, ["a"]) == set()
        assert reader.sources.seen(HERE, [f"x{number}" for number in range(5000)]) == set()
    assert store.write(lambda writer: writer.sources.forget_seen(before=20)) == 2
    with store.read() as reader:
        assert reader.sources.seen(HERE, ["a", "b", "c"]) == {"c"}


def test_cursor_and_data_go_together(store) -> None:
    def work(writer) -> None:
        writer.sources.set_cursor("s", b"1")
        writer.sources.note_seen(HERE, ["a"], at=1)
        writer.outbox.put([row(1)])
        writer.history.add(HERE, item(1))
        writer.history.add_evaluation(HERE, "a", at=1, body=b"")
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    with store.read() as reader:
        assert reader.sources.cursor("s") is None
        assert reader.sources.seen(HERE, ["a"]) == set()
        assert reader.outbox.deliveries(limit=9) == []
        assert reader.history.items(HERE, limit=9) == []
        assert reader.history.evaluations(HERE, "a", limit=9) == []


def test_reset_takes_everything(store) -> None:
    add(store, (0, 1.0))
    store.write(lambda writer: writer.outbox.put([row(1)]))
    store.write(lambda writer: writer.history.add(HERE, item(1)))
    store.write(lambda writer: writer.history.add_evaluation(HERE, "a", at=1, body=b""))
    store.write(lambda writer: writer.sources.note_seen(HERE, ["a"], at=1))
    store.write(lambda writer: writer.reset(HERE))
    assert sums(store) == []
    with store.read() as reader:
        assert reader.outbox.deliveries(limit=9) == []
        assert reader.history.items(HERE, limit=9) == []
        assert reader.history.evaluations(HERE, "a", limit=9) == []
        assert reader.sources.seen(HERE, ["a"]) == set()
