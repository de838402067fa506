#!/usr/bin/env python3
"""The life of the process: announcing, health, reload, drain, cut, running out of descriptors, systemd's protocol."""
import argparse
import http.client
import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WITHIN = 15.0  # seconds, for whatever is waited for


def until(condition, what, within=WITHIN):
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (within, what))
        time.sleep(0.01)


def check(ok, what):
    if not ok:
        raise AssertionError(what)


class Model:
    """A backend that answers /v1/models when `gate` is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = 0
        self.lock = threading.Lock()
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            c, _ = self.sock.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        body = b'{"object":"list","data":[]}'
        buf = b""
        try:
            while True:
                while b"\r\n\r\n" not in buf:
                    d = c.recv(65536)
                    if not d:
                        return
                    buf += d
                buf = buf.split(b"\r\n\r\n", 1)[1]
                with self.lock:
                    self.waiting += 1
                self.gate.wait()
                with self.lock:
                    self.waiting -= 1
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        except OSError:
            pass


class Privet:
    def __init__(self, suite, extra="", workers=2, tls=False, listener="127.0.0.1:0", env=None, files=None, limits=""):
        self.suite = suite
        self.dir = tempfile.mkdtemp(dir=suite.dir)
        self.model = Model()
        self.tls = tls
        self.options = dict(listener=listener, workers=workers, limits=limits, extra=extra)
        self.write()
        self.log_file = open(os.path.join(self.dir, "log"), "w+")

        def before():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        self.p = subprocess.Popen([suite.binary, "run", "-c", self.config], stdout=subprocess.PIPE, stderr=self.log_file,
                                  stdin=subprocess.DEVNULL, cwd=self.dir, preexec_fn=before,
                                  env=dict(os.environ, PRIVET_RULES=os.path.join(ROOT, "config", "rules"), **(env or {})))
        suite.running.append(self)
        self.lines = []
        self.port = self.admin = None

    def write(self, **changes):
        self.config = os.path.join(self.dir, "privet.yaml")
        o = dict(self.options, **changes)
        tls = "    tls: {certificate: %s/cert.pem, key: %s/key.pem}\n" % (self.dir, self.dir) if self.tls else ""
        if self.tls and not os.path.exists(self.dir + "/cert.pem"):
            self.certificate("first")
        with open(self.config, "w") as f:
            f.write("listeners:\n  - address: %s\n%sadmin: {address: 127.0.0.1:0}\nworkers: %d\nlimits: {drain_timeout: 10s%s}\n"
                    "filters: {packs: [secrets]}\nbackends:\n  model: {url: \"http://127.0.0.1:%d\", dialect: openai}\n"
                    "routes:\n  - {name: all, target: model}\nlogging: {format: json}\n%s"
                    % (o["listener"], tls, o["workers"], o["limits"], self.model.port, o["extra"]))

    def certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", self.dir + "/key.pem", "-out", self.dir + "/cert.pem", "-subj", "/CN=" + name],
                       check=True, stderr=subprocess.DEVNULL)

    def ready(self):
        timer = threading.Timer(WITHIN * 2, self.p.kill)
        timer.start()
        for line in self.p.stdout:
            line = line.decode().rstrip("\n")
            self.lines.append(line)
            m = re.match(r"listening \S+:(\d+)", line)
            if m:
                self.port = int(m.group(1))
            m = re.match(r"admin \S+:(\d+)", line)
            if m:
                self.admin = int(m.group(1))
            if line == "ready":
                break
        timer.cancel()
        check(self.lines and self.lines[-1] == "ready", "did not start: " + self.log()[-800:])
        return self

    def log(self):
        self.log_file.flush()
        with open(self.log_file.name) as f:
            return f.read()

    def events(self, name):
        out = []
        for line in self.log().splitlines():
            try:
                e = json.loads(line)
            except ValueError:
                continue
            if e.get("event") == name:
                out.append(e)
        return out

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN)

    def tls_connect(self):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        return ctx.wrap_socket(self.connect())

    def get(self, path="/v1/models", port=None, method="GET"):
        c = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=WITHIN)
        try:
            c.request(method, path)
            r = c.getresponse()
            return r.status, r.read(), r
        finally:
            c.close()

    def status(self):
        return json.loads(self.get("/status", self.admin)[1])

    def signal(self, s):
        self.p.send_signal(s)

    def wait(self, within=WITHIN):
        return self.p.wait(within)

    def end(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        self.p.stdout.close()
        self.log_file.close()


# ---- tests: each takes the suite ----

def announces_and_serves(t):
    p = Privet(t).ready()
    check(re.match(r"listening 127\.0\.0\.1:\d+$", p.lines[0]), p.lines)
    check(re.match(r"admin 127\.0\.0\.1:\d+$", p.lines[1]), p.lines)
    check(p.get()[0] == 200, "no answer through it")
    with open("/proc/%d/limits" % p.p.pid) as f:
        check(re.search(r"Max core file size +0 +0 ", f.read()), "core dumps are on")
    check(p.status()["workers"] == 2, "two workers")
    p.signal(signal.SIGTERM)
    check(p.wait() == 0, "exit status of a clean stop")
    check(len(p.events("stopped")) == 1, "says that it stopped")


def admin_pages(t):
    p = Privet(t).ready()
    check(p.get()[0] == 200, "one request")
    status, body, r = p.get("/healthz", p.admin)
    check((status, body) == (200, b"ok\n"), "healthz %s" % status)
    check(p.get("/readyz", p.admin)[:2] == (200, b'{"ready":true,"reasons":[]}\n'), "readyz")
    status, body, r = p.get("/metrics", p.admin)
    check(status == 200 and r.getheader("content-type").startswith("text/plain; version=0.0.4"), "metrics head")
    text = body.decode()
    for line in text.splitlines():
        check(re.match(r"# (HELP|TYPE) [a-z_]+ .+$|[a-z_]+(\{[^}]*\})? -?[0-9.e+-]+(Inf)?$", line), "metrics line " + line)
    for name in ("privet_workers 2", "privet_ready 1", "privet_requests_total 1", "privet_client_connections_total 1"):
        check("\n" + name + "\n" in text, "metrics lack " + name)
    check(float(re.search(r"\nprocess_resident_memory_bytes (\S+)\n", text).group(1)) > 1e6, "resident memory")
    s = p.status()
    check((s["state"], s["snapshot"], s["requests"], s["reloads_failed"]) == ("ready", 1, 1, 0), "status %s" % s)
    check(p.get("/nothing", p.admin)[0] == 404, "404")
    check(p.get("/healthz", p.admin, "HEAD")[:2] == (200, b""), "HEAD")
    status, _, r = p.get("/healthz", p.admin, "POST")
    check(status == 405 and r.getheader("allow") == "GET, HEAD", "405")


def admin_bad_input(t):
    p = Privet(t).ready()

    def raw(data):
        s = socket.create_connection(("127.0.0.1", p.admin), timeout=WITHIN)
        out = b""
        try:
            s.sendall(data)
            while True:
                d = s.recv(65536)
                if not d:
                    break
                out += d
        except ConnectionError:
            pass
        s.close()
        return out

    ok = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    check(raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 "), "400")
    check(raw(b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 "), "no Host")
    check(raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 "), "431")
    last = ok.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    check(raw(ok * 20 + last).count(b"HTTP/1.1 200 ") == 21, "pipelined")
    check(raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello").count(b"HTTP/1.1 ") == 1, "a body ends it")
    began = time.monotonic()
    check(raw(b"GET /heal") == b"", "a slow head gets nothing")
    check(3 < time.monotonic() - began < 10, "a slow head ends in time")
    many = [socket.create_connection(("127.0.0.1", p.admin)) for _ in range(200)]
    for s in many:
        s.close()

    def healthy():
        try:
            return p.get("/healthz", p.admin)[0] == 200
        except OSError:  # still full of the crowd
            return False

    until(healthy, "well after a crowd")


def bad_configuration_at_start(t):
    p = Privet(t, extra="nonsense: 1\n")
    check(p.wait() == 1, "exit status")
    check(re.search(r"privet\.yaml:\d+:\d+: ", p.log()), p.log())
    check(p.p.stdout.read() == b"", "nothing announced")


def address_in_use(t):
    with socket.create_server(("127.0.0.1", 0)) as s:
        p = Privet(t, listener="127.0.0.1:%d" % s.getsockname()[1])
        check(p.wait() == 1 and "Address already in use" in p.log(), p.log())
    a = Privet(t).ready()
    b = Privet(t, listener="127.0.0.1:%d" % a.port)
    check(b.wait() == 1 and "Address already in use" in b.log(), "shared the port of another: " + b.log())
    check(a.get()[0] == 200, "the first goes on")


def reload_bad_then_good(t):
    p = Privet(t).ready()
    p.write(extra="nonsense: 1\n")
    p.signal(signal.SIGHUP)
    until(lambda: p.events("reload_refused"), "refusal")
    check(any("privet.yaml:" in e["problem"] for e in p.events("config_problem")), "the report is logged")
    check(p.get()[0] == 200, "the old configuration goes on")
    s = p.status()
    check((s["snapshot"], s["reloads_failed"]) == (1, 1), "status %s" % s)
    p.write()
    p.signal(signal.SIGHUP)
    until(lambda: p.status()["snapshot"] >= 2, "a new snapshot")
    check(p.get()[0] == 200, "the new configuration serves")
    p.write(listener="127.0.0.1:1")
    p.signal(signal.SIGHUP)
    until(lambda: len(p.events("reload_refused")) == 2, "listeners do not change")
    p.write(workers=3)
    p.signal(signal.SIGHUP)
    until(lambda: any(e["key"] == "workers" for e in p.events("restart_needed")), "workers are said to need a restart")


def reload_changes_certificates(t):
    p = Privet(t, tls=True).ready()
    check(p.lines[0].endswith(" tls"), p.lines)

    def served(s):
        return s.getpeercert(True)

    old = p.tls_connect()
    before = served(old)
    p.certificate("second")
    p.signal(signal.SIGHUP)
    until(lambda: p.status()["snapshot"] == 2, "a new snapshot")

    def new_certificate():
        with p.tls_connect() as s:
            return served(s) != before

    until(new_certificate, "the new certificate")
    old.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    check(old.recv(4096).startswith(b"HTTP/1.1 200 "), "the old connection goes on")
    old.close()


def reloads_lose_nothing(t):
    p = Privet(t, workers=2).ready()
    stop, failures, served = threading.Event(), [], [0]

    def client():
        while not stop.is_set():
            try:
                if p.get()[0] != 200:
                    failures.append("status")
            except (OSError, http.client.HTTPException) as e:
                failures.append(repr(e))
            served[0] += 1

    threads = [threading.Thread(target=client) for _ in range(3)]
    for x in threads:
        x.start()
    for i in range(10):
        p.signal(signal.SIGHUP)
        until(lambda: p.status()["snapshot"] == i + 2, "reload %d" % i)
    stop.set()
    for x in threads:
        x.join()
    check(not failures, "%d of %d failed: %s" % (len(failures), served[0], failures[:3]))
    check(served[0] > 10, "too few requests to mean anything")


def in_flight(p):
    """A request whose answer waits for the model. -> its socket."""
    p.model.gate.clear()
    s = p.connect()
    s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: p.model.waiting == 1, "the request at the model")
    return s


def read_all(s):
    out = b""
    try:
        while True:
            d = s.recv(65536)
            if not d:
                return out
            out += d
    except ConnectionError:
        return out


def drain_ends_what_is_under_way(t):
    p = Privet(t).ready()
    idle = p.connect()
    idle.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"]}"):
        answer += idle.recv(4096)
    busy = in_flight(p)
    p.signal(signal.SIGTERM)
    until(lambda: p.events("draining"), "draining")
    check(idle.recv(1) == b"", "an idle connection is closed")
    status, body, _ = p.get("/readyz", p.admin)
    check(status == 503 and json.loads(body)["reasons"] == ["draining"], "readyz while draining: %s" % body)
    check(p.get("/healthz", p.admin)[0] == 200, "healthz while draining")

    def refused():
        try:
            p.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    until(refused, "new connections are refused")
    check(p.p.poll() is None, "waits for the answer")
    p.model.gate.set()
    answer = read_all(busy)
    check(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"]}"), "the answer is whole: %r" % answer[:80])
    check(p.wait() == 0, "exit status")


def drain_has_a_limit(t):
    p = Privet(t).ready()
    with open(p.config) as f:
        text = f.read().replace("drain_timeout: 10s", "drain_timeout: 1s")
    with open(p.config, "w") as f:
        f.write(text)
    p.signal(signal.SIGHUP)
    until(lambda: p.status()["snapshot"] == 2, "a shorter limit")
    busy = in_flight(p)
    began = time.monotonic()
    p.signal(signal.SIGTERM)
    check(p.wait() == 0, "exit status")
    check(0.9 < time.monotonic() - began < 6, "took %.1f s" % (time.monotonic() - began))
    check(b"200 OK" not in read_all(busy), "a cut is no answer")
    check(p.events("stopping")[0]["because"] == "limits.drain_timeout", "says why")
    p.model.gate.set()


def second_signal_cuts(t):
    p = Privet(t).ready()
    busy = in_flight(p)
    p.signal(signal.SIGTERM)
    until(lambda: p.events("draining"), "draining")
    time.sleep(0.7)  # a second signal at once would be the same wish
    check(p.p.poll() is None, "still draining")
    p.signal(signal.SIGINT)
    check(p.wait(5) == 0, "exit status")
    check(p.events("stopping")[0]["because"] == "second signal", "says why")
    busy.close()
    p.model.gate.set()


def notifies_systemd(t):
    for abstract in (False, True):
        path = "@privet-test-%d" % os.getpid() if abstract else os.path.join(t.dir, "notify")
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind("\0" + path[1:] if abstract else path)
        s.settimeout(WITHIN)
        p = Privet(t, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}).ready()
        said = []

        def heard(what):
            said.append(s.recv(4096).decode())
            return what in said[-1]

        until(lambda: heard("READY=1"), "READY")
        until(lambda: heard("WATCHDOG=1"), "WATCHDOG")
        p.signal(signal.SIGHUP)
        until(lambda: heard("RELOADING=1\nMONOTONIC_USEC="), "RELOADING with its time")
        usec = int(re.search(r"MONOTONIC_USEC=(\d+)", said[-1]).group(1))
        check(abs(usec / 1e6 - time.clock_gettime(time.CLOCK_MONOTONIC)) < WITHIN, "the monotonic clock")
        until(lambda: heard("READY=1"), "READY again")
        p.signal(signal.SIGSTOP)
        time.sleep(0.3)
        s.setblocking(False)
        try:
            while True:
                s.recv(4096)
        except BlockingIOError:
            pass
        s.settimeout(WITHIN)
        p.signal(signal.SIGCONT)
        until(lambda: heard("WATCHDOG=1"), "WATCHDOG goes on")
        p.signal(signal.SIGTERM)
        until(lambda: heard("STOPPING=1"), "STOPPING")
        check(p.wait() == 0, "exit status")
        s.close()


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def out_of_descriptors(t):
    p = Privet(t, files=80, workers=1).ready()
    crowd = []
    for _ in range(150):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", p.port))
        crowd.append(s)
    until(lambda: p.events("connections_refused"), "a line that says so")
    before, began = cpu_seconds(p.p.pid), time.monotonic()
    time.sleep(2)
    used = (cpu_seconds(p.p.pid) - before) / (time.monotonic() - began)
    check(used < 0.05, "%.0f%% of a processor while out of descriptors" % (100 * used))
    lines = len(p.events("connections_refused"))
    check(lines <= 5, "%d log lines in some two seconds" % lines)
    for s in crowd:
        s.close()

    def serves():
        try:
            return p.get()[0] == 200
        except OSError:
            return False

    until(serves, "service after the crowd has gone")


def connection_limit(t):
    p = Privet(t, limits=", connections: 8", workers=2).ready()
    held = []
    for _ in range(8):
        s = p.connect()
        s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        check(s.recv(4096).startswith(b"HTTP/1.1 200 "), "one of eight")
        held.append(s)
    more = p.connect()
    more.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    more.settimeout(0.6)
    try:
        check(False, "a ninth was served: %r" % more.recv(100))
    except socket.timeout:
        pass
    until(lambda: p.events("connections_refused"), "a line that says so")
    held.pop().close()
    more.settimeout(WITHIN)
    check(more.recv(4096).startswith(b"HTTP/1.1 200 "), "the ninth, once there is room")


def silence_ends_in_time(t):
    p = Privet(t, tls=True, limits=", client_header_timeout: 1s").ready()
    held = [p.connect() for _ in range(30)]  # no handshake
    s = p.connect()
    s.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # half of one
    held.append(s)
    held.append(p.tls_connect())  # a handshake and no request
    began = time.monotonic()
    for s in held:
        s.settimeout(WITHIN)
        try:
            check(s.recv(1) == b"", "was answered")
        except (ConnectionError, ssl.SSLError):
            pass
    check(time.monotonic() - began < 5, "held for %.1f s" % (time.monotonic() - began))
    until(lambda: p.status()["connections"] == 0, "all gone")
    check(p.p.poll() is None, "lives")


TESTS = (announces_and_serves, admin_pages, admin_bad_input, bad_configuration_at_start, address_in_use, reload_bad_then_good,
         reload_changes_certificates, reloads_lose_nothing, drain_ends_what_is_under_way, drain_has_a_limit,
         second_signal_cuts, notifies_systemd, out_of_descriptors, connection_limit,
         silence_ends_in_time)


class Suite:
    def __init__(self, binary, folder):
        self.binary, self.dir, self.running = binary, folder, []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("words", nargs="*", help="only tests whose name holds one of these")
    arguments = parser.parse_args()
    failed = 0
    for test in TESTS:
        if arguments.words and not any(w in test.__name__ for w in arguments.words):
            continue
        with tempfile.TemporaryDirectory() as folder:
            suite = Suite(os.path.abspath(os.path.join(arguments.build, "privet")), folder)
            try:
                test(suite)
                print("PASS " + test.__name__)
            except Exception as e:  # a test that breaks has failed
                failed += 1
                print("FAIL %s %s: %s" % (test.__name__, type(e).__name__, e))
            finally:
                for p in suite.running:
                    p.end()
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
