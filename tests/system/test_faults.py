#!/usr/bin/env python3
"""What goes wrong outside: servers that hang, cut, lie or flood; clients that are slow, hostile or gone; signals, missing
descriptors and missing memory. What must hold: every request has its end and its record in bounded time and memory, and a
cut never looks whole."""
import collections
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import privet
from privet import Client, Closed, FakeModel, Privet, Skip, canary_email, canary_key, sanitized, until

sys.path.insert(0, privet.LIB)
from badmodel import BadModel  # noqa: E402

LIMITS = {"client_header_timeout": "1s", "client_body_timeout": "1s", "client_idle_timeout": "2s", "drain_timeout": "10s",
          "answer_bytes": "2MiB", "event_bytes": "1MiB"}
TIMEOUTS = {"connect": "1s", "first_byte": "700ms", "idle": "700ms", "total": "20s"}
MIB = 1 << 20


def proxy(test, model, config=None, name="privet", **more):
    base = {"limits": LIMITS, "logging": {"format": "json"}, "filters": {"packs": ["secrets"]}}
    return Privet(test, privet.merge(base, config or {}), {"m": {"url": model.url, "timeouts": TIMEOUTS}}, name=name, **more)


def memory(p, key="VmRSS"):
    with open("/proc/%d/status" % p.process.pid) as f:
        return int(re.search(key + r":\s+(\d+)", f.read()).group(1)) * 1024


def cpu(p):
    with open("/proc/%d/stat" % p.process.pid) as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def files(p):
    return len(os.listdir("/proc/%d/fd" % p.process.pid))


def stopped(p):
    base = "/proc/%d/task" % p.process.pid
    return all(open("%s/%s/stat" % (base, t)).read().rsplit(")", 1)[1].split()[0] == "T" for t in os.listdir(base))


def body(mode="ok", stream=False, text="hi"):
    return json.dumps({"model": "bad:" + mode, "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()


def ask(p, mode, tls=False, stream=False, id=None, deadline=10):
    """One request. -> ("ok" | "refused" | "cut" | "closed", status, body): what a client can know of its end."""
    b = body(mode, stream)
    with p.client(tls, deadline=deadline) as c:
        c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json", "X-Request-Id": id}, len(b)) + b)
        try:
            status, fields, _ = c.read_head()
        except Closed:
            return "closed", 0, b""
        assert dict(fields).get("x-request-id"), fields
        if id:
            assert dict(fields)["x-request-id"] == id, fields
        got = b""
        try:
            for piece in c.pieces(status, fields):
                got += piece
        except Closed:
            return "cut", status, got
        return "ok" if status < 300 else "refused", status, got


class Load:
    """Requests from some connections, each with an id and a known end: ok, refused, newfail (no answer on a fresh connection),
    idleclose (none on a kept one), cut (an answer that began and did not end)."""

    def __init__(self, p, mode="ok", stream=False, tls=True, connections=8, keep=True):
        self.p, self.body, self.tls, self.keep, self.stream = p, body(mode, stream), tls, keep, stream
        self.where = p.tls if tls else p.plain
        self.lock, self.ended, self.stop = threading.Lock(), {}, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(connections)]
        for t in self.threads:
            t.start()

    def connect(self):
        return Client(self.where, cafile=self.p.certificate[0] if self.tls else None)

    def one(self, c, id):
        try:
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json", "X-Request-Id": id},
                                len(self.body)) + self.body)
            status, fields, _ = c.read_head()
        except (OSError, Closed) as e:
            return ("cut" if getattr(e, "data", b"") else None), True
        try:
            got = b"".join(c.pieces(status, fields))
        except (OSError, Closed):
            return "cut", True
        if status < 300 and self.stream and b"[DONE]" not in got:
            return "cut", True
        return "ok" if status < 300 else "refused", (dict(fields).get("connection") == "close")

    def run(self, number):
        c, n = None, 0
        while not self.stop.is_set():
            id, fresh, end, close = "load-%d-%d" % (number, n), c is None, None, True
            n += 1
            try:
                c = c or self.connect()
                end, close = self.one(c, id)
            except OSError:
                pass
            with self.lock:
                self.ended[id] = end or ("newfail" if fresh else "idleclose")
            if c and (close or not self.keep):
                c.close()
                c = None
            if end is None and fresh:
                self.stop.wait(0.02)

    def count(self, *kinds):
        with self.lock:
            return sum(1 for e in self.ended.values() if not kinds or e in kinds)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join(privet.DEADLINE)
            assert not t.is_alive(), "a client hangs"
        return collections.Counter(self.ended.values())

    def prove(self, model=None):
        """No record lost, none doubled, nothing sent unrecorded."""
        ids = collections.Counter(r["id"] for r in self.p.records("outcome"))
        lost = {i for i, e in self.ended.items() if e in ("ok", "refused", "cut")} - set(ids)
        assert not lost, "no record of %s" % sorted(lost)[:5]
        assert max(ids.values()) == 1, "doubled: %s" % ids.most_common(3)
        if model:
            intents = {r["id"] for r in self.p.records("intent")}
            assert not set(model.ids) - intents, "sent, but not written down before: %s" % sorted(set(model.ids) - intents)[:5]


# ---- servers -------------------------------------------------------------------------------------------------------

# mode -> what a client may see
BAD = {
    "hang": {("refused", 504)}, "hang-head": {("refused", 504)}, "reset": {("refused", 502)}, "fin": {("refused", 502)},
    "reset-mid": {("refused", 502)}, "cut-cl": {("refused", 502)}, "cut-chunk": {("refused", 502)}, "cut-last": {("refused", 502)},
    "garbage": {("refused", 502)}, "both": {("refused", 502)}, "bad-chunk": {("refused", 502)}, "neg-cl": {("refused", 502)},
    "dup-cl": {("refused", 502)}, "flood-1xx": {("refused", 502)}, "huge-head": {("refused", 502)}, "te-gzip": {("refused", 502)},
    "crlf": {("refused", 502)}, "huge-body": {("refused", 502)}, "gzip-bomb": {("refused", 502)}, "switch": {("refused", 502)},
    "cut-sse": {("cut", 200)}, "empty-sse": {("refused", 502)}, "huge-event": {("cut", 200)}, "page 500 Oops": {("refused", 500)},
    "page 404 Not Found": {("refused", 404)}, "slow": {("ok", 200)}, "until-close": {("ok", 200)}, "ok": {("ok", 200)},
}


def test_bad_answers_end_in_bounded_time_and_memory(test):
    with BadModel() as model, proxy(test, model, {"workers": 1}) as p:
        ask(p, "ok")
        before, wrong, n = memory(p), [], 0
        for mode, ends in BAD.items():
            stream = "sse" in mode or mode == "huge-event"
            began = time.monotonic()
            end, status, got = ask(p, mode, tls=n % 2 == 1, stream=stream, id="bad-" + re.sub(r"\W", "-", mode))
            took, n = time.monotonic() - began, n + 1
            if (end, status) not in ends or took > 3:
                wrong.append((mode, end, status, "%.1f s" % took, got[:120]))
            if status == 502 and b"error" not in got:
                wrong.append((mode, got[:200]))
        assert not wrong, wrong
        assert ask(p, "ok")[:2] == ("ok", 200)
        records = collections.Counter(r["id"] for r in p.outcomes(n + 2))
        assert all(records["bad-" + re.sub(r"\W", "-", m)] == 1 for m in BAD), records
        errors = {r["id"]: r["error"] for r in p.records("outcome")}
        assert errors["bad-hang"] == "first_byte" and errors["bad-hang-head"] == "idle" and errors["bad-ok"] == "ok", errors
        if not sanitized(test):
            grown = memory(p, "VmHWM") - before
            assert grown < 12 * MIB, "%.1f MiB more at the worst" % (grown / MIB)
            assert memory(p) - before < 6 * MIB, "%.1f MiB more for good" % ((memory(p) - before) / MIB)
        until("the targets' connections closed", lambda: files(p) < 60)


def test_a_server_that_answers_before_it_is_asked(test):
    with BadModel("early") as model, proxy(test, model) as p:
        for _ in range(3):
            end, status, _ = ask(p, "ok")
            assert end == "refused" and status in (413, 502), (end, status)
        assert model.connections == 3, "such a connection is never used twice"


def test_tls_ends_without_notice_are_cuts(test):
    certificate = privet.make_certificate(test.folder, "upstream", ("localhost",))
    with BadModel(tls=certificate) as model:
        backend = {"url": model.url, "timeouts": TIMEOUTS, "tls": {"ca": certificate[0]}}
        with Privet(test, {"limits": LIMITS, "filters": {"packs": ["secrets"]}}, {"m": backend}) as p:
            assert ask(p, "ok")[:2] == ("ok", 200)
            assert ask(p, "until-close")[:2] == ("ok", 200)
            assert ask(p, "no-notify")[:2] == ("refused", 502)
            errors = sorted(r["error"] for r in p.outcomes(3))  # each had a connection, and perhaps a worker, of its own
            assert errors == ["closed", "ok", "ok"], errors


def test_a_cut_answer_for_http_1_0_ends_by_a_reset(test):
    """Its end is the connection's: a plain close would look whole."""
    with BadModel() as model, proxy(test, model) as p:
        for mode, stream in (("cut-sse", True), ("sse 3 0", True)):
            b = body(mode, stream)
            s = socket.create_connection(p.plain, 5)
            s.sendall(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b))
            got, end = b"", "close"
            try:
                while True:
                    d = s.recv(65536)
                    if not d:
                        break
                    got += d
            except ConnectionResetError:
                end = "reset"
            s.close()
            assert b"chunked" not in got.lower() and b"w1 " in got, got
            assert end == ("reset" if "cut" in mode else "close"), (mode, end, got[-200:])


def test_bytes_pass_as_they_come(test):
    with BadModel() as model, proxy(test, model) as p, p.client() as c:
        b = body("sse 4 0.3", True)
        began, times = time.monotonic(), []
        c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
        status, fields, _ = c.read_head()
        for e in c.events(status, fields):
            times.append(time.monotonic() - began)
        assert times[0] < 0.25 and times[1] < 0.55 and times[-1] > 1.1, times


def test_answers_without_a_body(test):
    with BadModel() as model, proxy(test, model, {"workers": 1}) as p, p.client() as c:
        for mode, method, status in (("empty 204 No Content", "GET", 204), ("empty 304 Not Modified", "GET", 304), ("ok", "HEAD", 200),
                                     ("empty 200 OK\r\nContent-Length: 0", "GET", 200), ("empty 204 X\r\nContent-Length: 5", "GET", 502),
                                     ("empty 204 X\r\nTransfer-Encoding: chunked", "GET", 502), ("empty 199 X", "GET", 504), ("ok", "GET", 200)):
            model.default = mode
            r = c.request(method, "/v1/models")
            assert r.status == status and not r.body == (status in (502, 504) or mode == "ok" and method == "GET"), (mode, method, r)
            if method == "HEAD":
                assert int(r.field("content-length")) > 100 and r.field("transfer-encoding") is None, r.fields
            if status in (204, 304):
                assert r.field("content-length") is None and r.field("transfer-encoding") is None, r.fields


def test_an_answer_before_the_request_is_through(test):
    s = socket.create_server(("127.0.0.1", 0))
    seen, held = [], []

    def serve():
        while True:
            c, _ = s.accept()
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            seen.append(c.recv(2000))
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            held.append(c)
    threading.Thread(target=serve, daemon=True).start()
    with BadModel() as model:
        model.url = "http://127.0.0.1:%d" % s.getsockname()[1]
        with proxy(test, model, {"workers": 1}) as p, p.client() as c:
            for i in range(2):
                r = c.chat("word " * 2000000)
                assert r.status == 200 and r.body == b"{}", r
            until("two connections", lambda: len(seen) == 2)
            assert all(b.startswith(b"POST ") for b in seen), "one is used again in mid-request"
    s.close()


def test_refusals_while_the_body_is_still_coming(test):
    with BadModel() as model, proxy(test, model, {"limits": {"body_bytes": "30MiB"}}) as p:
        for tls in (False, True):
            for head, status in ((b"POST /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n", b"404"),
                                 (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n", b"413"),
                                 (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n", b"415")):
                with p.client(tls, deadline=5) as c:
                    c.send(head)
                    for _ in range(64):
                        c.send(b"10000\r\n" + b"x" * 65536 + b"\r\n" if b"chunked" in head else b"x" * 65536)
                    r = c.response()
                    assert str(r.status).encode() == status and r.field("connection") == "close", r


def test_what_follows_an_error(test):
    with BadModel() as model, proxy(test, model) as p:
        good = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
        bad = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{"
        for first, statuses in ((bad, [400, 200]), (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", [404, 200]),
                                (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", [400]), (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n", [411]),
                                (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", [400]),
                                (b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [404])):
            with p.client(deadline=5) as c:
                c.send(first + good)
                got = [c.response("GET").status for _ in statuses]
                assert got == statuses, (first, got)
                if len(statuses) == 1:
                    assert c.closed(3) and not c.buffer, (first, bytes(c.buffer))


def test_redirects_are_not_followed(test):
    trap = socket.create_server(("127.0.0.1", 0))
    trap.setblocking(False)
    with BadModel() as model, proxy(test, model) as p, p.client() as c:
        r = c.post_json("/v1/chat/completions", {"model": "bad:redirect http://127.0.0.1:%d/" % trap.getsockname()[1], "messages": []})
        assert r.status == 302 and "127.0.0.1" in r.field("location"), r
        assert c.chat("x", model="bad:ok").status == 200
    with contextlib.suppress(BlockingIOError):
        trap.accept()
        raise AssertionError("it went there")
    trap.close()


def test_a_post_is_sent_twice_only_if_not_a_byte_of_it_arrived(test):
    with BadModel() as model, proxy(test, model, {"workers": 1}) as p:
        for mode in ("fin", "reset"):
            with p.client() as c:
                assert c.chat("x", model="bad:ok").status == 200  # its connection is kept
                seen = len(model.ids)
                assert c.chat("x", model="bad:" + mode).status == 502
                assert len(model.ids) == seen + 1, "sent %d times" % (len(model.ids) - seen)

    # A kept connection that its server closes while the request is on its way.
    s = socket.create_server(("127.0.0.1", 0))
    took, held = [], []

    def serve():
        while True:
            c, _ = s.accept()
            took.append(c.recv(65536))
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            held.append(c)
    threading.Thread(target=serve, daemon=True).start()
    model.url = "http://127.0.0.1:%d" % s.getsockname()[1]
    with proxy(test, model, {"workers": 1}, name="kept") as p, p.client() as c:
        assert c.chat("one").status == 200
        p.signal(signal.SIGSTOP)
        until("it stands still", lambda: stopped(p))
        b = body("ok", text="two")
        c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
        time.sleep(0.1)
        held[0].close()
        p.signal(signal.SIGCONT)
        r = c.response()
        assert r.status == 200 and len(took) == 2 and b"two" in took[1] and r.field("x-privet-attempts") == "1", (r, took)
    s.close()


def test_clients_that_hang_up_do_not_open_a_breaker(test):
    config = {"workers": 1, "routes": [{"name": "all", "match": {"model": "*"}, "target": "m", "fallback": ["other"],
                                        "breaker": {"failures": 2, "within": "30s", "open": "30s"}}]}
    with BadModel() as model, BadModel("page 418 Teapot") as other, Privet(
            test, privet.merge({"limits": LIMITS, "filters": {"packs": ["secrets"]}}, config), {"m": {"url": model.url, "timeouts": TIMEOUTS}, "other": other.url}) as p:
        for i in range(5):
            b = body("sse 200 0.01", True)
            c = p.client()
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
            c.read_head()
            c.reset()
        until("the ends", lambda: len(p.records("outcome")) == 5)
        assert ask(p, "ok")[:2] == ("ok", 200), "the good target is passed over"
        for r in p.records("outcome")[:5]:
            assert r["error"] == "client_gone" and [a["reason"] for a in r["attempts"]] == ["client_gone"], r


# ---- clients -------------------------------------------------------------------------------------------------------

def test_slow_clients_end_and_others_are_served(test):
    with BadModel() as model, proxy(test, model) as p:
        b = body()
        slow = []
        for i in range(60):
            head = socket.create_connection(p.plain, 10)
            head.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")
            late = socket.create_connection(p.plain, 10)
            late.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{")
            quiet = socket.create_connection(p.tls, 10)  # a handshake that never comes
            slow += [("head", head), ("body", late), ("tls", quiet)]
        began, ended, times = time.monotonic(), {}, []
        for _, s in slow:
            s.setblocking(False)
        while len(ended) < len(slow) and time.monotonic() - began < 8:
            for i, (kind, s) in enumerate(slow):
                if i in ended:
                    continue
                with contextlib.suppress(OSError):
                    if kind != "tls":
                        s.send(b"X" if kind == "head" else b" ")  # a byte now and then, as slowloris does
                try:
                    data = s.recv(4096)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                ended[i] = (kind, data[:12], time.monotonic() - began)
            t = time.monotonic()
            assert ask(p, "ok")[0] == "ok"
            times.append(time.monotonic() - t)
            time.sleep(0.1)
        assert len(ended) == len(slow), "%d of %d are still there" % (len(slow) - len(ended), len(slow))
        assert all(d == b"HTTP/1.1 408" for k, d, _ in ended.values() if k != "tls"), set(d for _, d, _ in ended.values())
        assert max(t for _, _, t in ended.values()) < 4, "late"
        assert sorted(times)[len(times) // 2] < 0.1, times
        for _, s in slow:
            s.close()


def test_a_client_that_does_not_read(test):
    with BadModel() as model, proxy(test, model, {"workers": 1, "limits": {"answer_bytes": "64MiB"}}) as p:
        before = memory(p)
        held = []
        for i in range(6):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(p.plain)
            b = body("huge-stream 64", True)
            s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b))
            held.append(s)
        until("its end", lambda: len(p.records("outcome")) == 6, 8)
        assert {r["error"] for r in p.records("outcome")} == {"client_gone"}, p.records("outcome")
        if not sanitized(test):
            grown = memory(p, "VmHWM") - before
            assert grown < 6 * 4 * MIB, "%.1f MiB" % (grown / MIB)
        until("the target's connections closed", lambda: files(p) < 40)
        for s in held:
            s.close()


def test_a_client_that_reads_slowly_gets_all(test):
    with BadModel() as model, proxy(test, model, {"workers": 1, "limits": {"client_idle_timeout": "500ms"}}) as p:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(p.plain)
        s.settimeout(5)
        b = body("big 1500000")
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(b), b))
        got, began = 0, time.monotonic()
        while True:
            d = s.recv(8192)
            if not d:
                break
            got += len(d)
            time.sleep(0.01)
        took = time.monotonic() - began
        assert took > 1, "too fast to show anything: %.1f s" % took
        assert got > 1500000, "%d bytes in %.1f s" % (got, took)


def test_pipelining_without_reading_is_bounded(test):
    with BadModel() as model, proxy(test, model, {"workers": 1}) as p:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(p.plain)
        b = body("big 200000")
        one = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b)
        s.sendall(one * 60)
        time.sleep(1)
        asked = len(model.ids)
        assert asked < 30, "%d answers wait for one client" % asked
        s.settimeout(5)
        answers, tail = 0, b""
        while answers < 60:
            d = s.recv(65536)
            assert d, "closed after %d answers" % answers
            d = tail + d
            answers += d.count(b"chat.completion")
            tail = d[-14:]
        s.close()


def test_reading_an_answer_does_not_stop_the_clock_of_the_next_body(test):
    with BadModel() as model, proxy(test, model, {"workers": 1}) as p:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(p.plain)
        b = body("big 230000")
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        s.sendall(head % len(b) + b + head % 5000 + b"{")
        until("the first answer", lambda: len(p.records("outcome")) == 1)
        time.sleep(0.2)
        s.settimeout(5)
        got = b""
        while True:
            d = s.recv(65536)
            if not d:
                break
            got += d
        assert b"HTTP/1.1 408" in got, got[-300:]
        s.close()


def test_clients_that_abort_under_load(test):
    with BadModel() as model, proxy(test, model) as p:
        asked = []
        for i in range(24):
            c = p.client(tls=i % 2 == 1)
            b = body("sse 2000 0.02", True)
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
            asked.append(c)
        for c in asked:
            c.read_head()
        began = time.monotonic()
        for i, c in enumerate(asked):
            c.reset() if i % 3 else c.close()
        until("the targets' connections closed", lambda: model.ended == 24, 5)
        assert max(model.times) - began < 1.5, "%.1f s" % (max(model.times) - began)
        for r in p.outcomes(24):
            assert r["client_gone"] and r["answer_bytes"] > 0 and r["error"] == "client_gone", r


# ---- signals -------------------------------------------------------------------------------------------------------

def test_reload_under_load_loses_nothing(test):
    for stream in (False, True):
        with BadModel() as model, proxy(test, model, name="stream" if stream else "whole") as p:
            load = Load(p, "sse 5 0.01" if stream else "ok", stream)
            for i in range(4):
                n = load.count()
                p.signal(signal.SIGHUP)
                until("a reload", lambda: len(p.events("reloaded")) > i)
                until("requests", lambda: load.count() > n + 30)
            p.write("listeners: [\n")
            p.signal(signal.SIGHUP)
            until("the refusal", lambda: p.events("reload_refused"))
            assert len(p.events("config_problem")) == 1, p.events()
            n = load.count("ok")
            until("service with the old one", lambda: load.count("ok") > n + 30)
            ends = load.end()
            assert set(ends) <= {"ok"}, ends
            load.prove(model)
            checked = subprocess.run([test.binary, "check", "-c", p.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=p.environment)
            assert checked.returncode not in (0, -11, -6), checked
            p.write()
        status, said = p.verify_journal()
        assert status == 0, said


def test_term_under_load_ends_what_runs(test):
    with BadModel() as model, proxy(test, model) as p:
        streams, whole = Load(p, "sse 20 0.03", True, connections=6), Load(p, "ok", False, connections=4, keep=False)
        until("load", lambda: whole.count("ok") > 40 and streams.count("ok") >= 6)
        time.sleep(0.25)
        p.process.terminate()
        status = p.process.wait(privet.DEADLINE)
        running = sum(1 for e in streams.ended.values() if e == "ok")
        a, b = streams.end(), whole.end()
        assert status == 0 and running >= 12, (status, running)
        assert not a["cut"] and not b["cut"] and not b["idleclose"], (a, b)
        streams.ended.update(("w" + i, e) for i, e in ())
        ids = collections.Counter(r["id"] for r in p.records("outcome"))
        for load in (streams, whole):
            lost = {i for i, e in load.ended.items() if e in ("ok", "refused", "cut")} - set(ids)
            assert not lost, lost
        status, said = p.verify_journal()
        assert status == 0, said


def test_term_gives_a_new_connection_its_turn(test):
    """Who connected before the signal, but asks behind it, could not know."""
    with BadModel() as model, proxy(test, model) as p:
        plain, tls, idle = p.client(), p.client(tls=True), p.client()
        assert idle.chat("x", model="bad:ok").status == 200
        hold = p.client()
        b = body("sse 10 0.05", True)
        hold.send(hold.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
        hold.read_head()
        p.process.terminate()
        until("draining", lambda: p.events("draining"))
        assert idle.closed(2)
        for c in (plain, tls):
            r = c.chat("x", model="bad:ok")
            assert r.status == 200 and r.field("connection") == "close", r
        assert p.process.wait(5) == 0


def test_second_term_cuts_at_once(test):
    with BadModel() as model, proxy(test, model, {"limits": {"drain_timeout": "60s"}}) as p:
        p.config["backends"]["m"]["timeouts"] = {"first_byte": "60s"}
        p.write()
        p.signal(signal.SIGHUP)
        until("the reload", lambda: p.events("reloaded"))
        waits, stream = p.client(), p.client()
        b, b2 = body("hang"), body("sse 2000 0.05", True)
        waits.send(waits.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json", "X-Request-Id": "waits"}, len(b)) + b)
        stream.send(stream.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json", "X-Request-Id": "stream"}, len(b2)) + b2)
        stream.read_head()
        until("both", lambda: len(model.ids) == 2)
        p.process.terminate()
        time.sleep(0.8)
        assert p.process.poll() is None
        began = time.monotonic()
        p.process.terminate()
        assert p.process.wait(5) == 0 and time.monotonic() - began < 1.5, time.monotonic() - began
        r = waits.response()
        assert r.status == 503 and r.json()["error"]["code"] == "shutting_down", r
        assert {o["id"]: o["error"] for o in p.records("outcome")} == {"waits": "draining", "stream": "draining"}, p.records("outcome")


# ---- descriptors, memory -------------------------------------------------------------------------------------------

def test_out_of_descriptors(test):
    with BadModel() as model, proxy(test, model, {"workers": 1, "limits": {"client_header_timeout": "30s"}}) as p:
        stream = p.client()
        b = body("sse 60 0.05", True)
        stream.send(stream.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
        status, fields, _ = stream.read_head()
        limit = files(p) + 12
        resource.prlimit(p.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        crowd = []
        for _ in range(120):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(p.plain)
            crowd.append(s)
        until("a line that says so", lambda: p.events("connections_refused"))
        used, lines, began = cpu(p), len(p.events()), time.monotonic()
        text = "".join(map(privet.delta_text, stream.events(status, fields)))
        span = time.monotonic() - began
        assert text.endswith("w59 "), "the stream that ran was hurt: %r" % text[-40:]
        assert (cpu(p) - used) / span < 0.05 * (4 if sanitized(test) else 1), "%.0f %% CPU" % (100 * (cpu(p) - used) / span)
        assert len(p.events()) - lines <= span + 2, "%d lines in %.1f s" % (len(p.events()) - lines, span)
        for s in crowd:
            s.close()

        def serves():
            with contextlib.suppress(OSError, TimeoutError):
                return ask(p, "ok", deadline=2)[0] == "ok"
        until("service again", serves)


def failmalloc(test):
    out = test.path("failalloc.so")
    cc = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "clang"
    subprocess.run([cc, "-O2", "-shared", "-fPIC", "-o", out, os.path.join(privet.LIB, "failalloc.c")], check=True)
    return out


def test_every_allocation_may_fail(test):
    """Each k-th allocation of a start and of some requests, a sample of them. Never a signal, never an answer for what was not
    screened. (FULL=1: all.)"""
    if sanitized(test):
        raise Skip("a sanitizer has an allocator of its own")
    shim, key = failmalloc(test), canary_key()
    with FakeModel() as model:
        p = Privet(test, {"workers": 1, "filters": {"packs": ["secrets"]}}, {"m": model.url},
                   environment={"LD_PRELOAD": shim, "FAILALLOC_COUNT": test.path("count")})
        with p, p.client() as c:
            assert c.chat("is %s a key?" % key).status == 200
            p.signal(signal.SIGUSR1)
            until("the count", lambda: os.path.exists(test.path("count")) and open(test.path("count")).read().endswith("\n"))
            start = int(open(test.path("count")).read())
        p.environment.pop("FAILALLOC_COUNT")
        step = 1 if os.environ.get("FULL") else max(1, start // 12)
        died, spoke = [], 0
        for k in list(range(0, start, step)) + [start - 1 - i for i in range(0, 24, 4)]:
            p.environment["FAILALLOC_AT"] = str(k)
            p.lines, p.plains, p.tlss = [], [], []
            child = subprocess.Popen([test.binary, "run", "-c", p.path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, env=p.environment, cwd=test.folder)
            timer = threading.Timer(20, child.kill)
            timer.start()
            try:
                port = None
                for line in child.stdout:
                    words = line.decode().split()
                    if words[0] == "listening" and words[2:] != ["tls"]:
                        port = int(words[1].rsplit(":", 1)[1])
                    if words == ["ready"]:
                        break
                else:
                    port = None
                if port:
                    with contextlib.suppress(OSError, Closed, TimeoutError), Client(("127.0.0.1", port), deadline=5) as c:
                        for stream in (False, True):
                            r = c.chat("is %s a key?" % key, stream)
                            spoke += r.status == 200
                            privet.assert_not_in(r.body, key, "an answer, allocation %d" % k)
                    child.terminate()
                child.wait(10)
            finally:
                timer.cancel()
                if child.poll() is None:
                    child.kill()
                    child.wait()
                child.stdout.close()
            if child.returncode < 0:
                died.append((k, child.returncode))
        assert not died, "(allocation, signal): %s" % died
        assert spoke >= 4, "hardly anything was served: %d" % spoke
        privet.assert_not_in(model.seen(), key, "what the model saw")


# ---- what is left behind -------------------------------------------------------------------------------------------

def test_nothing_is_left_in_memory_or_in_a_core(test):
    if sanitized(test):
        raise Skip("a sanitizer keeps freed memory")
    if os.getuid() != 0:
        raise Skip("needs root to look")
    key, mail, hidden = canary_key(), canary_email(), "upstream-" + canary_key()
    config = {"workers": 1}
    with FakeModel() as model, Privet(test, config, {"m": {"url": model.url, "key": "${UPSTREAM_KEY}"}}, environment={"UPSTREAM_KEY": hidden}) as p:
        for tls in (False, True):
            with p.client(tls) as c:
                for i in range(5):
                    r = c.chat("mail %s with %s" % (mail, key) + " and more text" * 500)
                    assert mail in r.text, r
                    status, _, events = c.chat_stream("again %s and %s" % (mail, key))
                    assert mail in "".join(map(privet.delta_text, events))
        p.outcomes(20)
        until("idle connections gone", lambda: "privet_client_connections 0" in p.admin_get("/metrics").body.decode())
        pid = p.process.pid
        found = privet.in_memory(p, key=key, mail=mail)
        assert not found, found
        with p.client() as c:  # and it would have been found: what is under way is there
            model.behaviour = "hang"
            b = json.dumps({"model": "m", "messages": [{"role": "user", "content": "mail " + mail}]}).encode()
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
            model.wait(21)
            assert privet.in_memory(p, mail=mail)
        with open("/proc/%d/environ" % pid, "rb") as f:
            privet.assert_not_in(f.read(), hidden, "/proc/PID/environ")
        with open("/proc/%d/limits" % pid) as f:
            assert re.search(r"Max core file size\s+0\s+0", f.read())
        other = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "cat", "/proc/%d/environ" % pid], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
        assert other.returncode != 0, other.stdout
    privet.assert_not_in(p.errors(), hidden, "the log")


def test_nothing_can_be_written_into_logs_and_records(test):
    """Control bytes, quotes and lengths, wherever a client may put them."""
    nasty = ['a\\",\\"event\\":\\"fake', "\x1b[31m", "x" * 70000, "%0d%0aevent", "é\u2028"]
    raw = [b"x\r\nfake: 1", b"x\rfake", b"x\nfake", b"x\0y", b"\x1b]0;t\x07", b'"}\\', b"x" * 60000, b"\xff\xfe"]
    with BadModel() as model, proxy(test, model, {"logging": {"format": "json", "level": "debug"}}) as p:
        sent = 0
        for field in (b"X-Request-Id", b"User-Agent", b"Content-Type", b"Authorization", b"Host", b"X-Other"):
            for value in raw:
                with p.client(deadline=5) as c:
                    b = body()
                    fields = b"" if field == b"Host" else b"Host: x\r\n"
                    c.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + fields + field + b": " + value + b"\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(b), b))
                    with contextlib.suppress(Closed):
                        c.response()
                    sent += 1
        for value in nasty:
            with p.client(deadline=5) as c:
                c.post_json("/v1/chat/completions", {"model": value, "messages": []}, {"Connection": "close"})
            with p.client(deadline=5) as c, contextlib.suppress(Closed, UnicodeEncodeError):
                c.get("/v1/" + value[:20000])
        for line in p.errors().splitlines():
            value = json.loads(line)
            assert "fake" not in value and value["event"] != "fake" and len(line) < 5000, line[:300]
            assert not re.search(r"[\x00-\x1f\x7f]", line), line[:300]
    names = [os.path.join(p.journal, n) for n in os.listdir(p.journal) if n.endswith(".jsonl")]
    for name in names:
        with open(name, "rb") as f:
            for line in f.read().replace(b"\0", b"").splitlines():
                value = json.loads(line)
                assert value["event"] != "fake" and len(line) < 8192, line[:300]
    status, said = p.verify_journal()
    assert status == 0, said


def test_a_secret_cannot_pose_as_an_id_or_a_model(test):
    key = canary_key()
    with FakeModel() as model, Privet(test, {"logging": {"format": "json", "level": "debug"}}, {"m": model.url}) as p:
        for path, name, b in (("/v1/nothing", "m", None), ("/v1/chat/completions", "m", b"{"), ("/v1/chat/completions", key, None),
                              ("/v1/chat/completions", "do:text " + key, None)):
            with p.client() as c:
                b = b or json.dumps({"model": name, "messages": [{"role": "user", "content": "x"}]}).encode()
                r = c.post_json(path, b, {"X-Request-Id": key})
                privet.assert_not_in(str(r.fields), key, "the answer's fields")
        with p.client() as c:
            r = c.post_json("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x"}]},
                            {"Server": key, "ETag": key, "Retry-After": key, "Set-Cookie": key, "Content-Type": "application/json; x=" + key})
            assert r.status == 200, r
        privet.assert_not_in(model.seen(), key, "what the model saw")
        p.config["policies"] = {"default": {"mode": "observe"}}
        p.write()
        p.signal(signal.SIGHUP)
        until("the reload", lambda: p.events("reloaded"))
        with p.client() as c:
            until("the new policy", lambda: c.chat("x", model=key, headers={"X-Request-Id": key}).status == 200)
        privet.assert_not_in(p.admin_get("/metrics").body, key, "the metrics")
    privet.assert_in_no_file(p.journal, key)
    privet.assert_not_in(p.errors(), key, "the log")


def test_every_answer_carries_its_id(test):
    with BadModel() as model, proxy(test, model) as p:
        for send, own in ((b"GET /nothing HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n", "mine-1"),
                          (b"nonsense\r\n\r\n", None), (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", None), (b"GET /x HTTP/1.1\r\nHost: " + b"x" * 70000, None),
                          (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-2\r\n\r\n", "mine-2"),
                          (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", None), (b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Request-Id: two words\r\nConnection: close\r\n\r\n", None)):
            with p.client() as c:
                c.send(send)
                r = c.response()
                assert r.field("x-request-id") == own if own else re.match(r"req_[0-9a-f]{24}$", r.field("x-request-id") or ""), (send, r.fields)
        end, status, got = ask(p, "ok", id="mine-3")
        assert end == "ok"
        r = next(r for r in p.outcomes(8) if r["id"] == "mine-3")
        assert r["status"] == 200, r


if __name__ == "__main__":
    privet.Report.main(globals())
