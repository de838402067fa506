#!/usr/bin/env python3
"""The journal's way to Redis: whatever happens to Redis, requests go on, and afterwards every record is there once.

A real redis-server on a port of its own is killed, stopped, filled, locked and started late while requests run; then
the journal's lines are compared with the streams' entries, one by one. Faults 1 to 6 and 8 of the fault list."""
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from privet import (DEADLINE, Client, Closed, FakeModel, Privet, Report, Skip, assert_in_no_file, assert_not_in, canary_email,
                    canary_key, in_memory, sanitized, until)


class RedisError(Exception):
    pass


class Redis:
    """A redis-server in the test's folder; it keeps its port and its files over restarts."""

    def __init__(self, t, *options, appendonly=True):
        if not shutil.which("redis-server"):
            raise Skip("no redis-server")
        self.folder = t.path("redis")
        os.makedirs(self.folder, exist_ok=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.unix = os.path.join(self.folder, "s") if len(self.folder) < 90 else "/tmp/privet-redis-%d" % os.getpid()
        self.options = ["--save", "", "--appendonly", "yes" if appendonly else "no", "--appendfsync", "everysec",
                        "--unixsocket", self.unix, "--enable-debug-command", "local", *options]
        self.process, self.password = None, None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.kill()

    def start(self):
        self.process = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder,
                                         "--daemonize", "no", "--loglevel", "warning", *self.options],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("redis answers", self.answers)
        return self

    def answers(self):
        try:
            return self("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)

    def __call__(self, *words):
        """One command on a connection of its own; an error reply is raised."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as s:
            f = s.makefile("rb")
            if self.password:
                self.say(s, ["AUTH", self.password])
                self.read(f)
            self.say(s, words)
            return self.read(f)

    @staticmethod
    def say(s, words):
        parts = [str(w).encode() for w in words]
        s.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))

    def read(self, f):
        line = f.readline()
        if not line:
            raise OSError("closed")
        kind, rest = line[:1], line[1:-2].decode()
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RedisError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == "-1" else f.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")
        return None if rest == "-1" else [self.read(f) for _ in range(int(rest))]

    def url(self, rest="/0"):
        return "redis://127.0.0.1:%d%s" % (self.port, rest)

    def streams(self):
        """journal name -> [(id, fields)]"""
        out = {}
        for key in self("KEYS", "privet:audit:*"):
            entries = self("XRANGE", key, "-", "+")
            out[key[len("privet:audit:"):].replace(":", ".")] = [(i, dict(zip(f[::2], f[1::2]))) for i, f in entries]
        return out


def proxy(t, redis, model="builtin:echo", **more):
    config = {"audit": {"redis": {"url": redis.url() if isinstance(redis, Redis) else redis}, "journal": {"sync": "20ms"}},
              "logging": {"level": "info", "format": "json"}, "filters": {"packs": []}}
    config.update(more)
    return Privet(t, config, backends={"m": model})


class Load:
    """Chats from a few connections, each with an id of its own, until stop()."""

    number = 0

    def __init__(self, p, connections=4):
        Load.number += 1
        self.p, self.going, self.prefix = p, True, "load%d" % Load.number
        self.seen, self.slowest, self.lock = {}, 0.0, threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(connections)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        client, n = None, 0
        while self.going:
            n += 1
            name, start = "%s-%d-%d" % (self.prefix, number, n), time.monotonic()
            try:
                client = client or self.p.client(deadline=DEADLINE)
                status = client.chat("hello " + name, headers={"X-Request-Id": name}).status
            except (OSError, Closed):
                client, status = None, 0  # the proxy was killed: perhaps recorded, perhaps not
            with self.lock:
                self.seen[name] = status
                if status:
                    self.slowest = max(self.slowest, time.monotonic() - start)
            if not status:
                return
            time.sleep(0.001)  # a pace: what it writes must be shipped by a machine that does other things too

    def count(self):
        with self.lock:
            return len(self.seen)

    def more(self, n, seconds=DEADLINE):
        start = self.count()
        until("%d more requests" % n, lambda: self.count() >= start + n, seconds)

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(DEADLINE)
        return self.seen


def journal_lines(folder):
    """journal name -> [line], records only, in the order they were written."""
    out = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(folder, name), "rb") as f:
            for line in f.read().split(b"\0")[0].split(b"\n"):
                if line.endswith(b"}") and b'"event":"segment"' not in line[:20]:
                    out.setdefault(name.rsplit(".", 2)[0], []).append(line.decode())
    return out


def all_once(p, redis, seen, seconds=10.0):
    """Every line of the journals is in its stream, once, in order, byte for byte; and every request has its two."""
    lines = until("a journal", lambda: journal_lines(p.journal))
    total = sum(map(len, lines.values()))
    keys = ["privet:audit:" + name.replace(".", ":") for name in lines]
    until("all %d lines in redis" % total, lambda: sum(redis("XLEN", k) for k in keys) >= total, seconds)
    streams = redis.streams()
    assert sorted(streams) == sorted(lines), (sorted(streams), sorted(lines))
    events = {}
    for name, want in lines.items():
        got = streams[name]
        assert [f["line"] for _, f in got] == want, "stream %s differs from the journal" % name
        for entry, fields in got:
            value = json.loads(fields["line"])
            assert entry == "%d-1" % value["seq"] and fields["id"] == value["id"] and fields["event"] == value["event"]
            events.setdefault(value["id"], []).append(value["event"])
    for name, status in seen.items():
        if status:
            assert sorted(events.get(name, [])) == ["intent", "outcome"], (name, status, events.get(name))
    return total


def metric(p, name):
    for line in p.admin_get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError("no metric " + name)


def up(p):
    return metric(p, "privet_audit_redis_up") == 1


# ---- what is stored ------------------------------------------------------------------------------------------------

def test_what_is_stored(t):
    key, mail = canary_key(), canary_email()
    with Redis(t).start() as redis, proxy(t, redis, logging={"level": "debug", "format": "json"}, filters={}) as p:
        with p.client() as c:
            for i in range(20):
                r = c.chat("my key is %s, write to %s" % (key, mail), headers={"X-Request-Id": "case-%d" % i})
                assert r.status == 200, r
        assert all_once(p, redis, {"case-%d" % i: 200 for i in range(20)}) == 40
        keys, values = redis("HKEYS", "privet:request:case-3"), redis("HVALS", "privet:request:case-3")
        fields = dict(zip(keys, values))
        assert fields["event"] == "outcome" and fields["status"] == "200" and fields["id"] == "case-3", fields
        assert int(fields["outcome_seq"]) > int(fields["intent_seq"]) > 0, fields
        assert json.loads(fields["findings"]), fields
        left = redis("PTTL", "privet:request:case-3")
        assert 6 * 86400000 < left <= 7 * 86400000, left
        for text in [json.dumps(redis.streams()), json.dumps([keys, values]), p.errors()]:
            assert_not_in(text, key, "redis or the log")
            assert_not_in(text, mail, "redis or the log")
    assert_in_no_file(t.folder, key, mail)


def test_password_database_and_unix_socket(t):
    password = "p:%" + canary_key()
    with Redis(t, "--requirepass", password) as redis:
        redis.password = password
        redis.start()
        quoted = password.replace("%", "%25").replace(":", "%3A")
        with proxy(t, "redis://:%s@127.0.0.1:%d/3" % (quoted, redis.port)) as p:
            p.client().chat("hello")
            until("two entries in database 3", lambda: "keys=" in redis("INFO", "keyspace") and "db3:" in redis("INFO", "keyspace"))
            assert not p.events("audit_redis_down")
        assert_not_in(p.errors(), password, "the log")
        redis("CONFIG", "SET", "requirepass", "")
        redis.password = None
        with proxy(t, "redis://localhost:%d/5" % redis.port) as p:  # a name: by hosts(5)
            p.client().chat("hello")
            until("entries in database 5", lambda: "db5:" in redis("INFO", "keyspace"))
        with proxy(t, "unix://%s?db=4" % redis.unix) as p:
            p.client().chat("hello")
            until("entries in database 4", lambda: "db4:" in redis("INFO", "keyspace"))


def test_the_password_is_not_left_in_freed_memory(t):
    """As it goes over the wire; the shipper keeps it for the next connection, without the line end."""
    if sanitized(t):
        raise Skip("a sanitizer keeps freed memory")
    if os.getuid() != 0:
        raise Skip("needs root to look")
    password = "p" + canary_key()
    with Redis(t, "--requirepass", password) as redis:
        redis.password = password
        redis.start()
        with proxy(t, "redis://:%s@127.0.0.1:%d" % (password, redis.port)) as p:
            p.client().chat("hello")
            until("redis is up", lambda: up(p))
            assert in_memory(p, kept=password)
            assert not in_memory(p, sent=password + "\r\n")


def test_a_stop_does_not_wait_for_a_redis_that_is_down(t):
    redis = Redis(t)
    with proxy(t, redis) as p:
        p.client().chat("hello")
        until("redis is missed", lambda: p.events("audit_redis_down"))
        start = time.monotonic()
        p.stop()
        assert time.monotonic() - start < 1.5, "it waited"


def test_append_only_file_is_asked_for(t):
    with Redis(t, appendonly=False).start() as redis, proxy(t, redis) as p:
        until("a warning", lambda: p.events("audit_redis_appendonly_off"))


# ---- away, and back ------------------------------------------------------------------------------------------------

def test_killed_under_load(t):
    with Redis(t).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(300)
        for _ in range(3):
            redis.kill()
            load.more(300)  # requests go on
            until("redis is down", lambda: not up(p))
            redis.start()
            load.more(300)
        seen = load.stop()
        assert set(seen.values()) == {200}, set(seen.values())
        all_once(p, redis, seen)
        assert load.slowest < 5, load.slowest
    assert p.events("audit_redis_down") and p.events("audit_redis_up")


def test_what_redis_lost_is_sent_again(t):
    """Without an append-only file all is gone after a kill; with one, its end may be."""
    with Redis(t, appendonly=False).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(300)
        redis.kill()
        redis.start()
        load.more(300)
        all_once(p, redis, load.stop())
    shutil.rmtree(p.journal)
    with Redis(t).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(500)
        until("entries", lambda: sum(map(len, redis.streams().values())) > 300)
        redis.kill()
        folder = os.path.join(redis.folder, "appendonlydir")
        path = max((os.path.join(folder, n) for n in os.listdir(folder) if ".incr." in n), key=os.path.getsize)
        os.truncate(path, os.path.getsize(path) * 2 // 3)
        redis.start()
        load.more(100)
        all_once(p, redis, load.stop())


def test_stopped_not_closed(t):
    with Redis(t).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(200)
        redis.process.send_signal(signal.SIGSTOP)
        until("the time limit is noticed", lambda: not up(p), 5)
        load.more(500)
        start = time.monotonic()
        assert p.admin_get("/healthz").status == 200
        assert time.monotonic() - start < 1
        redis.process.send_signal(signal.SIGCONT)
        load.more(100)
        all_once(p, redis, load.stop())
        assert load.slowest < 5, load.slowest


def test_slow(t):
    with Redis(t).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(100)
        redis("DEBUG", "SLEEP", "2.5")
        load.more(100)
        redis("DEBUG", "SLEEP", "0.5")
        load.more(100)
        all_once(p, redis, load.stop())


def test_started_late(t):
    redis = Redis(t)
    with redis, proxy(t, redis) as p:
        load = Load(p)
        load.more(500)
        seen = load.stop()
        assert not up(p) and set(seen.values()) == {200}
        redis.start()
        all_once(p, redis, seen)


# ---- refusing ------------------------------------------------------------------------------------------------------

def refused(t, p, redis, reason, begin, end):
    load = Load(p, 2)
    load.more(50)
    until("redis is up", lambda: up(p))
    begin()
    load.more(50)
    until("the outage is noticed", lambda: any(e["reason"] == reason for e in p.events("audit_redis_down")), 5)
    load.more(200)
    end()
    seen = load.stop()
    assert set(seen.values()) == {200}
    all_once(p, redis, seen)


def test_refusing(t):
    secret = canary_key()
    with Redis(t).start() as redis, proxy(t, redis) as p:
        refused(t, p, redis, "OOM", lambda: redis("CONFIG", "SET", "maxmemory", "100kb"), lambda: redis("CONFIG", "SET", "maxmemory", "0"))
        refused(t, p, redis, "READONLY", lambda: read_only(redis), lambda: redis("REPLICAOF", "NO", "ONE"))

        def lock():
            redis("CONFIG", "SET", "requirepass", secret)
            redis.password = secret
            redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        def unlock():
            redis("CONFIG", "SET", "requirepass", "")
            redis.password = None
        refused(t, p, redis, "NOAUTH", lock, unlock)
    assert_not_in(p.errors(), secret, "the log")


def read_only(redis):
    """A replica that keeps what it has, of a master that is not there."""
    redis("CONFIG", "SET", "replica-serve-stale-data", "yes")
    redis("REPLICAOF", "127.0.0.1", "1")


def test_hole_is_never_left(t):
    """Memory comes and goes in short turns: a line refused in the middle must not be passed over by the next."""
    with Redis(t).start() as redis, proxy(t, redis) as p:
        load = Load(p)
        for i in range(30):
            redis("CONFIG", "SET", "maxmemory", "100kb" if i % 2 == 0 else "0")
            load.more(20)
        redis("CONFIG", "SET", "maxmemory", "0")
        all_once(p, redis, load.stop())


# ---- the proxy's own end -------------------------------------------------------------------------------------------

def test_restarted_proxy_goes_on(t):
    redis = Redis(t).start()
    seen = {}
    with redis:
        for run in range(3):
            p = proxy(t, redis)
            with p:
                for i in range(30):
                    name = "run-%d-%d" % (run, i)
                    seen[name] = p.client().chat("x", headers={"X-Request-Id": name}).status
        # Stopped in good order, everything was shipped before it ended.
        lines = sum(map(len, journal_lines(p.journal).values()))
        assert sum(map(len, redis.streams().values())) == lines == 180, lines
        all_once(p, redis, seen)


def test_killed_proxy(t):
    """Every request the model saw has a record; a torn last line is named and no break; Redis gets it all later."""
    redis = Redis(t)
    with redis, FakeModel() as model:
        p = proxy(t, redis, model.url, workers=1)
        p.start()
        load = Load(p)
        load.more(200)
        p.kill()
        seen = load.stop()
        lines = journal_lines(p.journal)
        recorded = {json.loads(line)["id"] for l in lines.values() for line in l}
        sent = {dict(r.fields).get("x-request-id") for r in model.requests}
        at_model = {json.loads(b)["messages"][-1]["content"].split()[-1] for b in model.bodies()}
        assert len(at_model) >= 200 and at_model <= recorded, (len(at_model), sorted(at_model - recorded)[:5], len(sent))
        assert {n for n, s in seen.items() if s == 200} <= recorded
        last = max(os.path.join(p.journal, n) for n in os.listdir(p.journal) if n.endswith(".jsonl") and used(os.path.join(p.journal, n)))
        cut(last, 7)
        again = proxy(t, redis, model.url, workers=1)
        with again:
            assert again.events("audit_torn_line"), again.errors()
            assert again.verify_journal()[0] == 0, again.verify_journal()
            r = again.client().chat("after", headers={"X-Request-Id": "after"})
            assert r.status == 200
            redis.start()
            all_once(again, redis, {"after": 200})
        assert again.verify_journal()[0] == 0, again.verify_journal()


def used(path):
    with open(path, "rb") as f:
        return f.read(1) not in (b"", b"\0")


def cut(path, n):
    """What `truncate -s -n` does to a segment whose unused rest is gone."""
    with open(path, "rb") as f:
        length = len(f.read().rstrip(b"\0"))
    os.truncate(path, length - n)


def fill(path):
    """Takes all the room there is."""
    try:
        with open(path, "wb", buffering=0) as f:
            while f.write(bytes(4096)):
                pass
    except OSError:
        pass


# ---- the disk ------------------------------------------------------------------------------------------------------

def test_full_disk(t):
    """Refused with 503 before anything is sent; service and shipping come back by themselves."""
    folder = t.path("privet-audit")
    os.makedirs(folder)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True).returncode:
        raise Skip("no file system may be mounted")
    try:
        redis = Redis(t)
        with redis, FakeModel() as model, proxy(t, redis, model.url, workers=1) as p:
            assert p.client().chat("first").status == 200
            fill(os.path.join(folder, "fill"))
            until("the alarm", lambda: p.events("audit_disk_filling"))
            c = p.client()
            until("503", lambda: c.chat("x").status == 503)
            before = len(model.requests)
            for i in range(20):
                assert c.chat("y").status == 503
            assert len(model.requests) == before
            assert p.admin_get("/readyz").status == 503
            os.unlink(os.path.join(folder, "fill"))
            until("service again", lambda: c.chat("z").status == 200)
            assert p.admin_get("/readyz").status == 200
            redis.start()
            all_once(p, redis, {})
            assert p.verify_journal()[0] == 0, p.verify_journal()
    finally:
        subprocess.run(["umount", folder], capture_output=True)


if __name__ == "__main__":
    Report.main(globals())
