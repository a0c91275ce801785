"""Records on their way to log groups, buckets and topics. Spec: CT-11, CT-12, CT-13, CT-7.12, CT-10.3."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from trail_bench import HOME, LISTENED, TOPIC, Crash, TrailBench, make_topic

from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.trail_delivery import MOST_BYTES
from tocsin.app.trail_status import TrailStatus
from tocsin.core.metric import MetricKey
from tocsin.core.trail.log_file import MOST_LOGGED
from tocsin.store.memory import MemoryStore
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tocsin.app.store_port import Store


@pytest.fixture
def bench() -> TrailBench:
    return TrailBench(MemoryStore(), channels=LISTENED)


def test_a_file_an_interval_and_none_where_nothing_happened(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.take("A")
    bench.run(200)
    bench.take("B")
    bench.run(99)
    assert bench.buckets.files() == {}
    bench.run(1)
    assert list(bench.buckets.files().values()) == [["A", "B"]]
    bench.run(1000)
    assert len(bench.buckets.puts) == 1
    (key,) = bench.buckets.files()
    name = r"AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/01/111122223333_CloudTrail_us-east-1_20260301T1205Z_\w{16}\.json\.gz"
    assert re.fullmatch(name, key)


def test_each_account_region_folder_and_route_has_its_own_files_and_the_log_group_is_one(bench: TrailBench) -> None:
    bench.keep(bench.trail(is_multi_region=True, s3_key_prefix="p", log_group_arn=bench.make_group()))
    bench.take("A")
    bench.take("B", awsRegion="eu-west-1")
    bench.run(300)
    assert sorted((key.split("/")[0], key.split("/")[4], names) for key, names in bench.buckets.files().items()) == [
        ("p", "eu-west-1", ["B"]),
        ("p", "us-east-1", ["A"]),
    ]
    assert [stream for stream, _, _ in bench.logged()] == [
        "111122223333_CloudTrail_us-east-1",
        "111122223333_CloudTrail_eu-west-1",
    ]


def test_log_events_may_have_the_time_of_their_records_in_order() -> None:
    bench = TrailBench(MemoryStore(), trail_log_time="event")
    bench.keep(bench.trail(log_group_arn=bench.make_group()))
    bench.take("C", at="2026-03-01T11:59:59Z")
    bench.take("A", at="2026-01-01T00:00:00Z")
    bench.run(300)
    assert [(at, name) for _, at, name in bench.logged()] == [(1767225600000, "A"), (1772366399000, "C")]
    assert next(iter(bench.buckets.files().values())) == ["C", "A"]


def test_log_events_have_the_time_of_delivery(bench: TrailBench) -> None:
    bench.keep(bench.trail(log_group_arn=bench.make_group()))
    bench.take("A")
    bench.run(300)
    assert [at for _, at, _ in bench.logged()] == [int(bench.clock.now().timestamp() * 1000)]


def test_with_an_interval_of_nothing_each_batch_goes_at_once() -> None:
    bench = TrailBench(MemoryStore(), trail_delivery_interval=0)
    bench.keep(bench.trail(log_group_arn=bench.make_group()))
    for name in ("A", "B"):
        bench.take(name)
        bench.run()
        assert bench.names()[-1] == name
    assert len(bench.buckets.files()) == 2


def test_what_a_removed_trail_delivers_is_not_told_of_another_one_of_its_name(bench: TrailBench) -> None:
    first = bench.trail(created_at=1)
    bench.keep(first)
    bench.take("A")
    second = bench.trail(created_at=2)
    bench.keep(second)
    bench.run(300)
    assert bench.buckets.files()
    assert bench.status(trail=second) == TrailStatus()


def test_records_count_in_metric_filters_of_the_group(bench: TrailBench) -> None:
    bench.keep(bench.trail(log_group_arn=bench.make_group()))
    pattern = '{ $.eventName = "ConsoleLogin" }'
    transformation = {"metricName": "Logins", "metricNamespace": "CT", "metricValue": "1"}
    put_metric_filter(bench.service, HOME, "trail", metric_filter(pattern, transformation))
    bench.take("ConsoleLogin", "GetTrail")
    bench.run(300)
    with bench.store.read() as store:
        data = store.metrics.data(HOME, MetricKey.of("CT", "Logins", {}), start=0, end=2**31)
    assert [point.statistics.sum for point in data] == [1.0]


def metric_filter(pattern: str, transformation: dict[str, str]) -> Any:
    from tocsin.core.metric_filter import MetricFilter, MetricTransformation

    made = MetricTransformation(
        metric_name=transformation["metricName"],
        metric_namespace=transformation["metricNamespace"],
        metric_value=transformation["metricValue"],
    )
    return MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(made,))


def test_what_is_too_large_for_a_log_event_is_in_the_file_alone(bench: TrailBench) -> None:
    bench.keep(bench.trail(log_group_arn=bench.make_group()))
    bench.take("A")
    bench.take("B", requestParameters={"x": "y" * MOST_LOGGED})
    bench.run(300)
    assert bench.names() == ["A"]
    assert list(bench.buckets.files().values()) == [["A", "B"]]
    assert bench.service.counters.count("trail_records_unlogged", reason="size") == 1
    assert bench.service.counters.count("trail_records_logged") == 1


def test_much_does_not_wait_and_makes_several_files(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    count = 36  # 33 of them fill a file
    for number in range(count):
        bench.take(f"E{number}", requestParameters={"x": "y" * 250_000})
    assert MOST_BYTES // 250_000 == 33
    bench.run()
    assert [len(names) for names in bench.buckets.files().values()] == [33]
    bench.run(300)
    assert [len(names) for names in bench.buckets.files().values()] == [33, 3]


# ---------------------------------------------------------------- topics


def test_the_topic_is_told_once_for_each_file(bench: TrailBench) -> None:
    bench.keep(bench.trail(sns_topic_arn=make_topic(bench)))
    bench.take("A")
    bench.run(300)
    bench.run(300)
    (key,) = bench.buckets.files()
    assert bench.told() == [{"s3Bucket": "logs", "s3ObjectKey": [key]}]
    now = int(bench.clock.now().timestamp() * 1000) - 300_000
    assert bench.status().notifications.succeeded_at == bench.status().files.succeeded_at == now
    assert bench.service.counters.count("trail_notifications", outcome="published") == 1


def test_a_topic_that_is_gone_holds_nothing_back(bench: TrailBench) -> None:
    bench.keep(bench.trail(sns_topic_arn=TOPIC))
    bench.take("A")
    bench.run(300)
    assert list(bench.buckets.files().values()) == [["A"]]
    assert bench.status().notifications.error == "NotFound: Topic does not exist"
    make_topic(bench)
    bench.take("B")
    bench.run(300)
    assert bench.status().notifications.error == ""


# ---------------------------------------------------------------- what fails


def test_a_log_group_that_is_gone_is_told_and_holds_nothing_back(bench: TrailBench) -> None:
    bench.keep(bench.trail(log_group_arn=HOME.arn("logs", "log-group:trail:*")))
    bench.take("A")
    bench.run(300)
    assert list(bench.buckets.files().values()) == [["A"]]
    assert bench.status().logs.error == "ResourceNotFoundException: The specified log group does not exist."
    assert bench.service.counters.count("trail_records_unlogged", reason="log-group") == 1
    bench.make_group()
    bench.take("B")
    bench.run(300)
    assert bench.status().logs.error == ""
    assert bench.names() == ["B"]


def test_a_bucket_that_fails_holds_back_neither_its_log_group_nor_other_trails(bench: TrailBench) -> None:
    bench.keep(
        bench.trail(log_group_arn=bench.make_group(), sns_topic_arn=make_topic(bench)),
        bench.trail(name="other", s3_bucket_name="others"),
    )
    bench.buckets.missing.add("logs")
    bench.take("A")
    bench.run(300)
    assert bench.names() == ["A"]
    assert list(bench.buckets.files("others").values()) == [["A"]]
    assert bench.told() == []
    failed = bench.status().files
    assert (failed.error, failed.succeeded_at) == ("NoSuchBucket", None)
    assert bench.status(trail=bench.trail(name="other")).files.error == ""

    bench.buckets.missing.clear()
    bench.run(300)
    assert list(bench.buckets.files().values()) == [["A"]]
    assert bench.status().files.error == ""
    assert len(bench.told()) == 1
    assert bench.names() == ["A"]


def test_a_bucket_that_fails_is_asked_ever_more_rarely(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.buckets.missing.add("logs")
    bench.take("A", "B")
    tries: list[int] = []
    for _ in range(3600):
        before = len(bench.buckets.puts)
        bench.run(1)
        tries += [int(bench.clock.monotonic())] * (len(bench.buckets.puts) - before)
    assert [later - sooner for sooner, later in pairwise(tries)] == [
        *(2, 4, 8, 16, 32, 64, 128, 256),
        *[300] * 9,
    ]


def test_after_a_month_a_file_is_given_up(bench: TrailBench) -> None:
    bench.keep(bench.trail())
    bench.buckets.missing.add("logs")
    bench.take("A")
    bench.run(300)
    for _ in range(31):
        bench.run(86_400)
    assert bench.service.counters.count("trail_records_given_up") == 1
    with bench.store.read() as store:
        assert store.records.begun() == []
        assert store.records.waiting() == []


def test_the_settings_of_when_the_record_was_selected_hold(bench: TrailBench) -> None:
    before = bench.trail(s3_bucket_name="old", log_group_arn=bench.make_group("old"))
    bench.keep(before)
    bench.take("UpdateTrail")
    bench.keep(bench.trail(s3_bucket_name="new", log_group_arn=bench.make_group("new")))
    bench.take("A")
    bench.run(300)
    assert list(bench.buckets.files("old").values()) == [["UpdateTrail"]]
    assert list(bench.buckets.files("new").values()) == [["A"]]
    assert (bench.names("old"), bench.names("new")) == (["UpdateTrail"], ["A"])


def test_a_trail_that_is_gone_gets_what_it_selected_and_leaves_no_status(bench: TrailBench) -> None:
    trail = bench.trail()
    bench.keep(trail)
    bench.take("A")
    bench.store.write(lambda store: store.delete("trail", HOME, trail.name))
    bench.run(300)
    assert list(bench.buckets.files().values()) == [["A"]]
    assert bench.status().files.succeeded_at is None


def test_the_key_of_the_trail_encrypts_its_files(bench: TrailBench) -> None:
    key = HOME.arn("kms", "key/0f000000-0000-4000-8000-000000000001")
    bench.keep(bench.trail(kms_key_id=key))
    bench.take("A")
    bench.run(300)
    ((_, metadata),) = bench.buckets.objects["logs"].values()
    assert metadata == {"kms": key}


def test_an_organization_has_a_folder_and_streams_of_its_own(bench: TrailBench) -> None:
    bench.keep(bench.trail(organization="o-abc1234567", log_group_arn=bench.make_group()))
    bench.take("A", recipientAccountId="444455556666")
    bench.run(300)
    (key,) = bench.buckets.files()
    assert key.startswith("AWSLogs/o-abc1234567/444455556666/CloudTrail/us-east-1/")
    assert [stream for stream, _, _ in bench.logged()] == ["o-abc1234567_444455556666_CloudTrail_us-east-1"]


def test_when_it_is_to_be_looked_again(bench: TrailBench) -> None:
    assert bench.delivery.begin() is None
    bench.keep(bench.trail())
    bench.take("A")
    bench.clock.advance(100)
    assert bench.delivery.begin() == 200


def test_a_reset_in_the_midst_leaves_nothing(bench: TrailBench) -> None:
    bench.keep(bench.trail(sns_topic_arn=make_topic(bench)))
    bench.take("A")
    bench.clock.advance(300)
    bench.delivery.begin()
    bench.buckets.fault = lambda moment, key: bench.store.write(lambda store: store.reset(None))
    assert bench.delivery.put("logs") is None
    assert bench.told() == []
    outcomes = [labels for name, labels in bench.service.counters.snapshot() if name == "trail_notifications"]
    assert outcomes == []  # neither told nor failed: there is nothing any more that could be


# ---------------------------------------------------------------- crashes


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path: Path) -> Iterator[Store]:
    opened = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tocsin.sqlite3")
    yield opened
    opened.close()


def crash(*_: object, **__: object) -> Any:
    raise Crash


def at_bucket(moment: str) -> Callable[[TrailBench], None]:
    def arrange(bench: TrailBench) -> None:
        bench.buckets.fault = lambda now, key: crash() if now == moment else None

    return arrange


def while_logging(bench: TrailBench) -> None:
    from tocsin.app.pipeline import Pipeline

    bench.service.part(Pipeline)._publish = crash  # type: ignore[method-assign]


def before_the_transaction(bench: TrailBench) -> None:
    bench.service.new_secret = crash


def while_the_topic_is_told(bench: TrailBench) -> None:
    bench.service.new_id = crash


def after_all(bench: TrailBench) -> None:
    bench.delivery._note_try = crash  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("arrange", "files"),
    [
        (before_the_transaction, 1),
        (while_logging, 1),
        (at_bucket("before"), 1),
        (at_bucket("after"), 1),
        (while_the_topic_is_told, 1),
        (after_all, 1),
    ],
    ids=lambda value: getattr(value, "__qualname__", value),
)
def test_wherever_it_dies_each_record_is_logged_once_and_each_file_is_told_once(
    store: Store, arrange: Callable[[TrailBench], None], files: int
) -> None:
    bench = TrailBench(store, channels=LISTENED)
    bench.keep(bench.trail(log_group_arn=bench.make_group(), sns_topic_arn=make_topic(bench), validates_log_files=True))
    bench.take("A", "B")
    arrange(bench)
    with pytest.raises(Crash):
        bench.run(300)
    bench.buckets.fault = lambda moment, key: None
    after = bench.again()
    after.run(300)
    after.run(300)
    assert after.names() == ["A", "B"]
    assert list(after.buckets.files().values()) == [["A", "B"]] * files
    (key,) = after.buckets.files()
    assert after.told() == [{"s3Bucket": "logs", "s3ObjectKey": [key]}]
    assert len(set(after.buckets.puts)) == files
    after.run(3600)
    listed = [one["s3Object"] for digest in after.buckets.digests().values() for one in digest["logFiles"]]
    assert listed == [key]


def test_one_group_that_fails_does_not_keep_the_others_waiting(bench: TrailBench) -> None:
    bench.keep(
        bench.trail(name="a", log_group_arn=bench.make_group("a"), s3_bucket_name="as"),
        bench.trail(name="b", log_group_arn=bench.make_group("b"), s3_bucket_name="bs"),
    )
    bench.take("A")
    create = bench.service.new_secret
    asked: list[int] = []

    def fail_first(size: int) -> bytes:
        asked.append(size)
        if len(asked) == 1:
            raise RuntimeError("a defect")
        return create(size)

    bench.service.new_secret = fail_first
    bench.clock.advance(300)
    with pytest.raises(RuntimeError, match="a defect"):
        bench.delivery.begin()
    assert sorted([*bench.names("a"), *bench.names("b")]) == ["A"]
    bench.run()
    assert (bench.names("a"), bench.names("b")) == (["A"], ["A"])


def test_what_is_packed_is_one_member_of_gzip_and_always_the_same() -> None:
    from tocsin.app.trail_file import packed

    content = json.dumps({"Records": []}).encode()
    assert packed(content) == packed(content)
    assert packed(content)[:4] == b"\x1f\x8b\x08\x00"
