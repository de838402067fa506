#!/usr/bin/env python3
"""Ends in the wrong place, all of them: an answer that stops at each of its bytes, a client that leaves at each byte of its
request and of its answer, a thousand streams given up at once, reloads without a pause. Nothing half is taken for whole,
nothing unscreened or unfinished is sent on, and afterwards nothing is left open."""
import collections
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time

import privet
from privet import Closed, FakeModel, Privet, Report, canary_key, sanitized, until

sys.path.insert(0, privet.LIB)
from badmodel import BadModel  # noqa: E402

LIMITS = {"client_header_timeout": "2s", "client_body_timeout": "2s", "client_idle_timeout": "5s", "drain_timeout": "10s"}
TIMEOUTS = {"connect": "2s", "first_byte": "5s", "idle": "5s", "total": "30s"}


def proxy(test, model, config=None, **more):
    base = {"workers": 1, "limits": LIMITS, "filters": {"packs": ["secrets"]}}
    return Privet(test, privet.merge(base, config or {}), {"m": {"url": model.url, "timeouts": TIMEOUTS}}, **more)


def request(c, mode="ok", stream=False, text="hi"):
    b = json.dumps({"model": "bad:" + mode, "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
    return c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b


def answer(c):
    """-> "ok", "refused", "cut" or "closed": what a client can know of its end."""
    try:
        status, fields, _ = c.read_head()
    except Closed:
        return "closed"
    try:
        for _ in c.pieces(status, fields):
            pass
    except Closed:
        return "cut"
    return "ok" if status < 300 else "refused"


def descriptors(p):
    return len(os.listdir("/proc/%d/fd" % p.process.pid))


def metric(p, name):
    for line in p.admin_get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return int(line.split()[1])
    raise AssertionError("no " + name)


def nothing_open(p, before, seconds=privet.DEADLINE, kept=8):
    """But for some connections to the target, which are kept."""
    until("nothing in flight", lambda: metric(p, "privet_requests_in_flight") == 0, seconds)
    until("no connection", lambda: metric(p, "privet_client_connections") == 0, seconds)
    until("as many descriptors as before", lambda: descriptors(p) <= before + kept, seconds)


def test_an_answer_that_ends_at_each_byte(test):
    step = 5 if sanitized(test) else 1
    with BadModel() as model, proxy(test, model) as p:
        wrong, asked, whole = [], 0, 0
        for stream in (False, True):
            total = len(model.good(stream))
            for how in ("fin", "rst"):
                for n in list(range(0, total, step)) + [total]:
                    with p.client() as c:
                        c.send(request(c, "at %d %s" % (n, how), stream))
                        end = answer(c)
                    asked += 1
                    whole += n == total
                    if (n < total and end not in ("refused", "cut")) or (n == total and how == "fin" and end != "ok") or end == "closed":
                        wrong.append((stream, how, n, end))
        assert not wrong, wrong[:10]
        errors = collections.Counter(r["error"] for r in p.outcomes(asked))
        assert errors["ok"] <= whole, errors


def test_a_client_that_leaves_at_each_byte_of_its_request(test):
    key = canary_key()
    with FakeModel() as model, proxy(test, model) as p, p.client() as c:
        before = descriptors(p)
        data = request(c, text="is %s a key?" % key)
        for how in ("reset", "half", "close"):
            for n in range(0, len(data), 3 if sanitized(test) else 1):
                with p.client() as x:
                    x.send(data[:n])
                    if how == "reset":
                        x.reset()
                    elif how == "half":
                        x.sock.shutdown(socket.SHUT_WR)
                        with contextlib.suppress(OSError):
                            assert answer(x) in ("closed", "refused"), n
        assert not model.requests, "half a request was sent on"
        assert c.chat("still here").status == 200
        c.close()
        nothing_open(p, before)
        privet.assert_not_in(p.errors(), key, "the log")


def test_a_client_that_leaves_at_each_stage_of_its_answer(test):
    with BadModel() as model, proxy(test, model) as p:
        before = descriptors(p)
        for mode, stream in (("sse 200 0.002", True), ("hang", False), ("hang-head", False), ("hang", True)):
            for n in range(0, 500, 20) if mode.startswith("sse") else (0, 0, 0):
                with p.client(tls=n % 40 == 0) as c:
                    c.send(request(c, mode, stream))
                    if n:
                        c.read_head()
                        got = 0
                        while got < n:
                            got += len(c.sock.recv(n - got))
                    c.reset()
        nothing_open(p, before)
        with p.client() as c:
            c.send(request(c))
            assert answer(c) == "ok"


def test_a_thousand_streams_are_given_up_at_once(test):
    count = 200 if sanitized(test) else 1000
    with BadModel() as model, proxy(test, model) as p, contextlib.ExitStack() as open_:
        before = descriptors(p)
        clients = [open_.enter_context(p.client(deadline=60)) for _ in range(count)]
        for c in clients:
            c.send(request(c, "sse 2000 0.5", True))
        for c in clients:
            assert c.read_head()[0] == 200
        assert metric(p, "privet_requests_in_flight") == count
        for i, c in enumerate(clients):
            c.reset() if i % 2 else c.close()
        nothing_open(p, before, 30)
        until("the targets' connections closed", lambda: model.ended == count, 30)
        assert all(r["error"] == "client_gone" for r in p.outcomes(count))
        with p.client() as c:
            c.send(request(c))
            assert answer(c) == "ok"


def test_heads_that_never_end(test):
    """Three hundred connections with a byte now and then; others are served, and each has its limit for the whole head."""
    with BadModel() as model, proxy(test, model, {"limits": {"client_header_timeout": "1s"}}) as p, contextlib.ExitStack() as open_:
        before = descriptors(p)
        clients = [open_.enter_context(p.client(deadline=30)) for _ in range(300)]
        data = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"a" * 1000
        gone, n = set(), 0
        end = time.monotonic() + 30
        while len(gone) < len(clients):
            assert time.monotonic() < end, "%d are still open" % (len(clients) - len(gone))
            for i, c in enumerate(clients):
                if i in gone:
                    continue
                try:
                    c.send(data[n:n + 1] or b"a")
                except (OSError, Closed):
                    gone.add(i)
            n += 1
            with p.client() as c:
                c.send(request(c))
                assert answer(c) == "ok"
        nothing_open(p, before)


def test_reloads_without_a_pause(test):
    with BadModel() as model, proxy(test, model, {"workers": 2}) as p:
        before, stop, ends = descriptors(p), threading.Event(), collections.Counter()

        def load(stream):
            while not stop.is_set():
                with p.client(tls=stream, deadline=30) as c:
                    c.send(request(c, "sse 3 0.005" if stream else "ok", stream))
                    ends[answer(c)] += 1

        threads = [threading.Thread(target=load, args=(i % 2 == 0,), daemon=True) for i in range(6)]
        for t in threads:
            t.start()
        for _ in range(200):
            p.signal(signal.SIGHUP)
            time.sleep(0.005)
        seen = len(p.events("reloaded"))
        p.signal(signal.SIGHUP)
        until("a last reload", lambda: len(p.events("reloaded")) > seen)
        until("requests", lambda: ends["ok"] > 20)
        stop.set()
        for t in threads:
            t.join(30)
            assert not t.is_alive(), "a client hangs"
        assert set(ends) == {"ok"}, ends
        nothing_open(p, before, kept=24)
        assert len(p.events("reloaded")) < 100, "each signal had a reload of its own: a stop would wait for them all"


Report.main(globals())
