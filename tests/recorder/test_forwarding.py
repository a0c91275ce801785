"""What passes through the proxy, byte by byte. Spec: REC-1.1, REC-1.3, REC-1.4, IF-8."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import warnings

import pytest
from proxy_bench import Conversation, ProxyBench, read_all, read_until

from tocsin.config import RequestLimits
from tocsin.recorder.exchange import KEPT_BYTES

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_CLOSE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def fixed(*answers: bytes, closes: bool = False):
    """An upstream that gives these answers to requests without a body, one after the other."""

    async def answer(talk: Conversation) -> None:
        for one in answers:
            await talk.head()
            await talk.say(one)
        if closes:
            talk.close()
        else:
            await talk.head()

    return answer


# ---------------------------------------------------------------- what arrives

ODD_REQUEST = (
    b"PUT //a/../%2e%2F/k%C3%A4?b=2&a&policy=&x=%zz+y HTTP/1.1\r\n"
    b"HOST: Bucket.example.com:1234\r\n"
    b"x-Amz-META-z: one\r\n"
    b"X-amz-meta-a: two  words\r\n"
    b"x-amz-meta-z: again\r\n"
    b"authorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"
    b"Content-Encoding: aws-chunked\r\n"
    b"Content-Length: 11\r\n"
    b"Connection: close\r\n"
    b"\r\nhello\x00\xff\r\n\r\n"
)
PACKED = gzip.compress(b"hello", mtime=0)
ODD_ANSWER = (
    b"HTTP/1.1 299 All Right, Then\r\n"
    b"x-AMZ-id-2: a=/+\r\n"
    b"Set-Cookie: a=1\r\n"
    b"set-cookie: b=2\r\n"
    b"Content-Encoding: gzip\r\n"
    b"content-length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n%b" % (len(PACKED), PACKED)
)


def test_request_and_answer_arrive_byte_for_byte() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.body(11)
        await talk.say(ODD_ANSWER)
        talk.close()

    with ProxyBench(answer) as bench:
        assert bench.ask(ODD_REQUEST) == ODD_ANSWER
        assert bytes(bench.received) == ODD_REQUEST
        seen = bench.passage()
        assert (seen.method, seen.target) == ("PUT", b"//a/../%2e%2F/k%C3%A4?b=2&a&policy=&x=%zz+y")
        assert (seen.body, seen.status, seen.answer) == (b"hello\x00\xff\r\n\r\n", 299, PACKED)
        assert seen.is_whole
        assert seen.peer.address == "127.0.0.1"


def test_fields_of_one_connection_do_not_go_on() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: X-Once, close\r\nX-Once: 1\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n"
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: x-mine, Host, close\r\nX-Mine: 1\r\nTE: trailers\r\nProxy-Connection: a\r\nX-Kept: 1\r\n\r\n"
    with ProxyBench(fixed(answer)) as bench:
        assert bench.ask(request) == (b"HTTP/1.1 200 OK\r\nX-Kept: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        assert bytes(bench.received) == b"GET / HTTP/1.1\r\nHost: x\r\nX-Kept: 1\r\nConnection: close\r\n\r\n"


def test_chunks_and_what_is_behind_them() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.until(b"x-amz-checksum: c\r\n\r\n")
        await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nTrailer: x-t\r\n\r\n")
        await talk.say(b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nx-t: 1\r\n\r\n")
        talk.close()

    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum: c\r\n\r\n"
    with ProxyBench(answer) as bench:
        got = bench.ask(request)
        assert got.startswith(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nTrailer: x-t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        assert got.endswith(b"0\r\nx-t: 1\r\n\r\n")
        assert b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum: c\r\n\r\n" in bench.received
        seen = bench.passage()
        assert (seen.body, seen.answer) == (b"hello world", b"abcdefg")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n"),
        (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET, b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n'),
    ],
)
def test_answers_without_a_body_leave_the_connection_usable(request_: bytes, answer: bytes) -> None:
    with ProxyBench(fixed(answer, OK)) as bench, bench.connect() as connection:
        connection.sendall(request_)
        assert read_until(connection, b"\r\n\r\n") == answer
        connection.sendall(GET)
        assert read_until(connection, b"ok") == OK
        assert bench.connections == 1


def test_interim_answers_come_first() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with ProxyBench(fixed(early + OK)) as bench, bench.connect() as connection:
        connection.sendall(GET)
        assert read_until(connection, b"ok") == early + OK
        assert bench.passage().status == 200


def test_body_is_sent_when_the_upstream_says_continue() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        await talk.body(5)
        await talk.say(OK)
        await talk.head()

    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert read_until(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert read_until(connection, b"ok") == OK
        assert b"Expect: 100-continue\r\n" in bench.received


def test_early_refusal_arrives_although_the_client_goes_on_sending() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"

    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.say(refusal)

    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
        is_answered = threading.Event()

        def send() -> None:
            while not is_answered.is_set():
                connection.sendall(b"x" * 65_536)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        got = read_all(connection)
        is_answered.set()
        sender.join(10)
        assert got == b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        assert bench.passage().status == 403


def test_old_client_gets_no_chunks() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with ProxyBench(fixed(answer)) as bench:
        assert bench.ask(b"GET / HTTP/1.0\r\n\r\n") == b"HTTP/1.1 200 OK\r\n\r\nabc"


def test_answer_that_ends_with_the_connection() -> None:
    answer = b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end"
    with ProxyBench(fixed(answer, closes=True)) as bench:
        assert bench.ask(GET) == answer
        assert bench.passage().is_whole


def test_requests_behind_each_other_are_answered_in_order() -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(5)]
    with ProxyBench(fixed(*answers)) as bench, bench.connect() as connection:
        connection.sendall(GET * 5)
        assert read_until(connection, b"4") == b"".join(answers)
        assert bytes(bench.received) == GET * 5
        assert bench.connections == 1


def test_end_of_what_is_sent_is_not_the_end_of_what_is_read() -> None:
    with ProxyBench(fixed(OK)) as bench:
        assert bench.ask(GET, ends=True) == OK


# ---------------------------------------------------------------- upstreams that fail


def test_upstream_that_cannot_be_reached() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with ProxyBench(fixed(), upstream=nobody) as bench:
            got = bench.ask(GET)
    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"The upstream {nobody} cannot be reached: ".encode() in got
    assert bench.passages == []
    assert bench.counters.count("calls", outcome="unreachable") == 1
    assert bench.log.told[0][0] == "upstream-unreachable"


def test_upstream_that_closes_without_an_answer() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        talk.close()

    with ProxyBench(answer) as bench:
        got = bench.ask(GET)
        assert b"gave no answer: it closed the connection.\n" in got
        assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert bench.passages == []


def test_upstream_that_speaks_something_else() -> None:
    with ProxyBench(fixed(b"SSH-2.0-OpenSSH_9.6\r\n")) as bench:
        assert b"what it sent is no HTTP answer" in bench.ask(GET)


def test_upstream_that_lets_go_of_a_kept_connection_ends_that_of_the_client() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.say(OK)
        await talk.head()
        talk.close()

    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.sendall(GET)
        assert read_until(connection, b"ok") == OK
        connection.sendall(GET)
        assert read_all(connection) == b""
        assert len(bench.passages) == 1


def test_idle_connection_ends_with_the_upstreams() -> None:
    with ProxyBench(fixed(OK, closes=True)) as bench:
        assert bench.ask(GET) == OK


@pytest.mark.parametrize("resets", [False, True])
def test_answer_that_breaks_off_breaks_off_for_the_client(resets: bool) -> None:
    async def answer(talk: Conversation) -> None:
        await talk.head()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        talk.reset() if resets else talk.close()

    with ProxyBench(answer) as bench:
        bench.ask(GET)
        seen = bench.passage()
        assert (seen.status, seen.is_whole) == (200, False)


# ---------------------------------------------------------------- clients that fail


def test_client_that_hangs_up_is_recorded_with_what_was_answered() -> None:
    gone = threading.Event()

    async def answer(talk: Conversation) -> None:
        await talk.head()
        await asyncio.to_thread(gone.wait, 10)
        await talk.say(OK)

    with ProxyBench(answer) as bench:
        connection = bench.connect()
        connection.sendall(GET)
        read_nothing(bench)
        connection.close()
        gone.set()
        seen = bench.passage()
        assert (seen.status, seen.answer, seen.is_whole) == (200, b"ok", True)


def read_nothing(bench: ProxyBench) -> None:
    """Until the upstream has received something."""
    while not bench.received:
        threading.Event().wait(0.001)


def test_client_that_hangs_up_in_the_midst_of_a_request_has_made_no_call() -> None:
    ended = threading.Event()

    async def answer(talk: Conversation) -> None:
        await talk.head()
        assert await talk.reader.read() == b"part"
        ended.set()

    with ProxyBench(answer) as bench:
        connection = bench.connect()
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart")
        read_nothing(bench)
        connection.close()
        assert ended.wait(10)
        assert bench.passages == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 40_000, 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 40_000 + b"\r\n\r\n", 431),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", 501),
    ],
)
def test_requests_that_are_refused(data: bytes, status: int) -> None:
    with ProxyBench(fixed(OK)) as bench:
        got = bench.ask(data)
        assert int(got.split(b" ")[1]) == status
        assert bench.connections == 0


def test_fields_behind_a_body_are_bounded() -> None:
    async def answer(talk: Conversation) -> None:
        await talk.reader.read()

    start = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    with ProxyBench(answer) as bench:
        assert bench.ask(start + b"A: b\r\n" * 5_000).startswith(b"HTTP/1.1 431 ")
        assert bench.ask(start + b"A: " + b"b" * 100_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")


def test_answer_with_headers_without_end_is_no_answer() -> None:
    with ProxyBench(fixed(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5_000)) as bench:
        assert b"what it sent is no HTTP answer" in bench.ask(GET)


def test_refused_request_does_not_overtake_the_one_before_it() -> None:
    with ProxyBench(fixed(OK)) as bench:
        got = bench.ask(GET + b"no request\r\n\r\n")
        assert got.startswith(OK + b"HTTP/1.1 400 ")


def test_upgrade_without_a_body_is_answered_as_any_other() -> None:
    with ProxyBench(fixed(OK)) as bench, bench.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert read_until(connection, b"ok") == OK
        assert bytes(bench.received) == GET


def test_too_many_connections() -> None:
    with ProxyBench(fixed(OK), limits=RequestLimits(connections=1)) as bench, bench.connect() as first:
        first.sendall(GET)
        assert read_until(first, b"ok") == OK
        assert bench.ask(b"").startswith(b"HTTP/1.1 503 ")


# ---------------------------------------------------------------- much of it


def test_what_is_kept_is_bounded_and_all_of_it_goes_on() -> None:
    size = 3_000_000

    async def answer(talk: Conversation) -> None:
        await talk.head()
        body = await talk.body(size)
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)
        await talk.head()

    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with ProxyBench(answer) as bench:
        with bench.connect() as connection:
            head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
            sender = threading.Thread(target=lambda: connection.sendall(head + body), daemon=True)
            sender.start()
            read_until(connection, b"\r\n\r\n")
            got = b""
            while len(got) < size:
                got += connection.recv(1_000_000)
        assert got == body
        seen = bench.passage()
        assert (seen.body_size, seen.answer_size) == (size, size)
        assert seen.body == body[:KEPT_BYTES]
        assert seen.answer == body[:KEPT_BYTES]


def test_client_that_does_not_read_holds_the_upstream_back() -> None:
    sent = 0
    part = b"x" * 100_000

    async def answer(talk: Conversation) -> None:
        nonlocal sent
        await talk.head()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        while sent < 200_000_000:
            await talk.say(part)
            sent += len(part)

    with ProxyBench(answer) as bench:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", bench.port))
        connection.sendall(GET)
        before = -1
        while sent != before:  # until it stands still
            before = sent
            threading.Event().wait(0.1)
        assert sent < 50_000_000
        connection.close()
        assert bench.passage().status == 200


def test_upstream_that_does_not_read_holds_the_client_back() -> None:
    done = threading.Event()

    async def answer(talk: Conversation) -> None:
        await talk.head()
        await asyncio.to_thread(done.wait, 10)
        talk.reset()

    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n")
        connection.settimeout(0.3)
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += connection.send(b"x" * 100_000)
        assert sent < 50_000_000
        done.set()


# ---------------------------------------------------------------- pages of its own, and the end


def test_pages_of_its_own() -> None:
    with ProxyBench(fixed(OK)) as bench, bench.connect() as connection:
        connection.sendall(b"GET /_tocsin/health?x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b'{"status":"ok"' in read_until(connection, b"}\n")
        connection.sendall(b"HEAD /_tocsin/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(b"POST /_tocsin/metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        assert read_until(connection, b"}\n").startswith(b"HTTP/1.1 405 ")
        connection.sendall(b"GET /_tocsin/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"tocsin_records_dropped_total 0" in read_all(connection)
        assert bench.connections == 0
        assert bench.ask(b"GET /_tocsin/other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == OK
        assert [seen.target for seen in bench.passages] == [b"/_tocsin/other"]


def test_call_that_runs_is_finished_when_the_proxy_stops() -> None:
    going = threading.Event()

    async def answer(talk: Conversation) -> None:
        await talk.head()
        await asyncio.to_thread(going.wait, 10)
        await talk.say(OK)

    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.sendall(GET)
        read_nothing(bench)
        stopping = threading.Thread(target=bench.stop)
        stopping.start()
        going.set()
        assert read_all(connection) == OK
        stopping.join(10)
        assert bench.passage().status == 200


@pytest.mark.parametrize("turns", range(6))
def test_client_that_comes_while_the_proxy_stops_is_not_left_open(turns: int) -> None:
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with ProxyBench(fixed(OK)) as bench, bench.connect_and_stop(turns) as connection:
            assert read_all(connection) == b""
        del bench
        gc.collect()
    assert not [str(one.message) for one in left if one.category is ResourceWarning]


def test_recording_that_fails_is_counted_and_the_call_goes_on() -> None:
    def broken(_passage: object) -> None:
        raise RuntimeError

    with ProxyBench(fixed(OK), take=broken) as bench:
        assert bench.ask(GET_CLOSE) == OK
        assert bench.counters.count("recording_errors") == 1


@pytest.mark.parametrize("limit", [1, 7, 64])
def test_request_may_come_in_any_pieces(limit: int) -> None:
    async def answer(talk: Conversation) -> None:
        for _ in range(2):
            await talk.head()
            await talk.until(b"0\r\n\r\n")
            await talk.say(OK)
        await talk.head()

    request = b"POST /?Action=x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with ProxyBench(answer) as bench, bench.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        both = request * 2
        for start in range(0, len(both), limit):
            connection.sendall(both[start : start + limit])
        assert read_until(connection, b"ok") + read_until(connection, b"ok") == OK * 2
        assert [bench.passage(number).body for number in (0, 1)] == [b"abc", b"abc"]
        assert bench.connections == 1


def test_clients_at_the_same_time_do_not_meet() -> None:
    async def answer(talk: Conversation) -> None:
        while True:
            head = await talk.head()
            name = head.split(b" ")[1]
            await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))

    wrong: list[bytes] = []

    def ask(bench: ProxyBench, client: int) -> None:
        with bench.connect() as connection:
            for number in range(40):
                path = b"/%d/%d~" % (client, number)
                connection.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
                if not read_until(connection, b"~").endswith(b"\r\n\r\n" + path):
                    wrong.append(path)

    with ProxyBench(answer) as bench:
        clients = [threading.Thread(target=ask, args=(bench, client)) for client in range(12)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(30)
        assert not wrong
        assert len(bench.passages) == 12 * 40
        assert bench.connections == 12
