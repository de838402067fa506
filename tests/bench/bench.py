#!/usr/bin/env python3
"""`make bench`: Privet with all filters on, side by side with Debian's nginx as a plain TLS reverse proxy, in front of
the same fast backend. One worker each, pinned to the same core in turn; rounds are interleaved and medians taken, because
absolute figures wander on a shared machine and ratios hold. Needs nginx and wrk (Debian packages)."""
import argparse
import json
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TICK = os.sysconf("SC_CLK_TCK")
WORDS = ("the service reads a configuration file and starts one worker for each core it finds when a request arrives the parser "
         "looks at every field in turn and the handler decides what to answer please explain why this function returns early and "
         "how the retry loop should behave after a timeout without sending the same message twice to the queue").split()


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def body(seed, size=2048):
    text, i = "", seed
    while len(text) < size - 220:
        text += WORDS[(i * 7 + i // 3) % len(WORDS)] + (".\n" if i % 19 == 18 else " ")
        i += 1
    return json.dumps({"model": "gpt-bench", "temperature": 0.2, "messages": [
        {"role": "system", "content": "You are a careful assistant. Answer briefly."}, {"role": "user", "content": text}]})


def cpu(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / TICK


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1)) * 1024


class Nginx:
    def __init__(self, folder, name, conf, core):
        self.dir = os.path.join(folder, name)
        os.makedirs(self.dir)
        path = os.path.join(self.dir, "nginx.conf")
        open(path, "w").write("daemon off; worker_processes 1; pid %s/pid; error_log %s/error.log crit;\n"
                              "events { worker_connections 8192; }\nhttp { access_log off; keepalive_requests 100000000; "
                              "client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n%s}\n"
                              % ((self.dir,) * 7 + (conf,)))
        self.proc = subprocess.Popen(["taskset", "-c", str(core), "nginx", "-p", self.dir, "-c", path], stderr=subprocess.DEVNULL)

    def worker(self):
        for _ in range(100):
            kids = open("/proc/%d/task/%d/children" % (self.proc.pid, self.proc.pid)).read().split()
            if kids:
                return int(kids[0])
            time.sleep(0.05)
        sys.exit("bench: nginx did not start")


class Privet:
    def __init__(self, folder, binary, backend, cert, key, core, extra=""):
        self.conf = os.path.join(folder, "privet%d.yaml" % port())
        open(self.conf, "w").write("""
listeners: [{address: "127.0.0.1:0", tls: {certificate: %s, key: %s}}]
workers: 1
backends: {bench: {url: "http://127.0.0.1:%d"}}
routes: [{name: all, match: {model: "*"}, target: bench}]
logging: {level: error}
audit: {journal: {directory: %s/audit%d}}
%s""" % (cert, key, backend, folder, port(), extra))
        self.proc = subprocess.Popen(["taskset", "-c", str(core), binary, "run", "-c", self.conf], stdout=subprocess.PIPE, text=True,
                                     env=dict(os.environ, PRIVET_RULES=os.path.join(ROOT, "config/rules")))
        self.port = None
        for line in self.proc.stdout:
            w = line.split()
            if w[:1] == ["listening"]:
                self.port = int(w[1].rsplit(":", 1)[1])
            if w == ["ready"]:
                break
        if not self.port:
            sys.exit("bench: privet did not start")


def wrk(target, lua, seconds, core, conns=16):
    out = subprocess.run(["taskset", "-c", str(core), "wrk", "-t1", "-c%d" % conns, "-d%ds" % seconds, "--latency", "-s", lua,
                          "https://127.0.0.1:%d/v1/chat/completions" % target], capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    n = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad or "Socket errors" in out:
        sys.exit("bench: errors under load:\n" + out)

    def ms(q):
        v, u = re.search(r"%s%%\s+([\d.]+)(us|ms|s)" % q, out).groups()
        return float(v) * {"us": 1e-3, "ms": 1, "s": 1e3}[u]
    return n, rate, ms("50"), ms("99")


def idle_memory(p, pid, count=1000):
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    get = b"GET /v1/models HTTP/1.1\r\nHost: bench\r\n\r\n"
    socks = []

    def one():
        s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", p)))
        s.sendall(get)
        s.recv(65536)
        return s
    warm = [one() for _ in range(20)]
    before = rss(pid)
    for _ in range(count):
        socks.append(one())
    time.sleep(0.5)
    after = rss(pid)
    for s in socks + warm:
        s.close()
    return (after - before) / count


class Streamer(threading.Thread):
    """A model that streams 200 chunks, 5 ms apart, each with the time it was sent."""

    def __init__(self, chunks=200, gap=0.005):
        super().__init__(daemon=True)
        self.s = socket.create_server(("127.0.0.1", 0))
        self.port, self.chunks, self.gap = self.s.getsockname()[1], chunks, gap
        self.start()

    def run(self):
        while True:
            c, _ = self.s.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                d = c.recv(65536)
                if not d:
                    return
                data += d
            head, _, rest = data.partition(b"\r\n\r\n")
            n = int(re.search(rb"content-length: (\d+)", head, re.I).group(1))
            while len(rest) < n:
                rest += c.recv(65536)
            data = rest[n:]
            c.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for i in range(self.chunks + 1):
                last = i == self.chunks
                delta = {} if last else {"content": "%.9f " % time.monotonic()}
                e = "data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [
                    {"index": 0, "delta": delta, "finish_reason": "stop" if last else None}]}) + "\n\n"
                if last:
                    e += "data: [DONE]\n\n"
                c.sendall(b"%x\r\n%s\r\n" % (len(e), e.encode()))
                time.sleep(self.gap)
            c.sendall(b"0\r\n\r\n")


def stream_times(target, tls, rounds=5):
    """Per chunk: how long after the model sent it the client has it, in ms; and in how many reads they came."""
    first, later, reads = [], [], []
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    s = socket.create_connection(("127.0.0.1", target))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        s = ctx.wrap_socket(s)
    b = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "go"}]}).encode()
    for _ in range(rounds):
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\ncontent-type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b))
        data, n, seen = b"", 0, 0
        while b"0\r\n\r\n" not in data[-5:]:
            d = s.recv(65536)
            now = time.monotonic()
            if not d:
                sys.exit("bench: the stream was cut")
            data += d
            got = re.findall(rb'"content": "([\d.]+) "', d)
            n += bool(got)
            for g in got:
                (later if seen else first).append((now - float(g)) * 1e3)
                seen += 1
        reads.append(n)
    return statistics.median(first), statistics.median(later), sorted(later)[int(len(later) * .99)], statistics.median(reads)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build")
    p.add_argument("--seconds", type=int, default=4)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    for tool in ("nginx", "wrk", "taskset"):
        if not shutil.which(tool):
            sys.exit("bench: needs %s (apt-get install nginx-light wrk)" % tool)
    folder = tempfile.mkdtemp(prefix="privet-bench-")
    os.chmod(folder, 0o755)
    cert, key = folder + "/c.pem", folder + "/k.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o644)
    lua = folder + "/post.lua"
    bodies = ",\n".join("[==[%s]==]" % body(i * 13) for i in range(16))
    open(lua, "w").write("local b = {%s}\nlocal i = 0\nwrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n"
                         "wrk.headers['Authorization'] = 'Bearer bench'\nfunction request() i = i %% #b + 1; return wrk.format(nil, nil, nil, b[i]) end\n" % bodies)
    answer = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-bench", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "It returns early because the queue is empty."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 400, "completion_tokens": 9, "total_tokens": 409}})
    bport, nport, sport = port(), port(), port()
    procs = []
    try:
        back = Nginx(folder, "backend", "server { listen 127.0.0.1:%d; location / { default_type application/json; return 200 '%s'; } }" % (bport, answer), 1)
        procs.append(back.proc)
        stream = Streamer()
        upstreams = "upstream u { server 127.0.0.1:%d; keepalive 64; keepalive_requests 100000000; }" % bport
        tls = "ssl_certificate %s; ssl_certificate_key %s; ssl_session_cache shared:s:1m;" % (cert, key)
        ngx = Nginx(folder, "proxy", upstreams + "server { listen 127.0.0.1:%d ssl; %s client_max_body_size 64m; location / { proxy_pass http://u; "
                    "proxy_http_version 1.1; proxy_set_header Connection ''; } }\nserver { listen 127.0.0.1:%d ssl; %s location / { proxy_pass "
                    "http://127.0.0.1:%d; proxy_http_version 1.1; proxy_buffering off; } }" % (nport, tls, sport, tls, stream.port), 0)
        procs.append(ngx.proc)
        prv = Privet(folder, os.path.join(a.build, "privet"), bport, cert, key, 0)
        procs.append(prv.proc)
        prs = Privet(folder, os.path.join(a.build, "privet"), stream.port, cert, key, 0)
        procs.append(prs.proc)
        targets = [("nginx", nport, ngx.worker()), ("privet", prv.port, prv.proc.pid)]
        rows = {n: [] for n, _, _ in targets}
        for r in range(a.rounds + 1):
            for name, pt, pid in targets:
                c0 = cpu(pid)
                n, rate, p50, p99 = wrk(pt, lua, a.seconds if r else 1, 1)
                if r:  # the first round warms up
                    rows[name].append(((cpu(pid) - c0) / n * 1e6, rate, p50, p99))
        med = {n: [statistics.median(x[i] for x in v) for i in range(4)] for n, v in rows.items()}
        mem = {n: idle_memory(pt, pid) / 1024 for n, pt, pid in targets}
        st = {"direct": stream_times(stream.port, False), "nginx": stream_times(sport, True), "privet": stream_times(prs.port, True)}
        print("2 KB chat bodies, TLS with keep-alive, 16 connections, one worker, median of %d rounds of %d s" % (a.rounds, a.seconds))
        print("%-28s %12s %12s %8s" % ("", "nginx", "privet", "ratio"))
        for label, i, fmt in (("CPU us a request", 0, "%.1f"), ("requests/s", 1, "%.0f"), ("p50 ms", 2, "%.2f"), ("p99 ms", 3, "%.2f")):
            print("%-28s %12s %12s %8.2f" % (label, fmt % med["nginx"][i], fmt % med["privet"][i], med["privet"][i] / med["nginx"][i]))
        print("%-28s %12.1f %12.1f %8.2f" % ("KiB an idle TLS connection", mem["nginx"], mem["privet"], mem["privet"] / mem["nginx"]))
        print("\nStream of 200 chunks, 5 ms apart, ms from the model's write to the client's read:")
        for n, (first, mid, p99, reads) in st.items():
            print("%-8s first %.3f  median %.3f  p99 %.3f  reads %d of 200   added to the first %+.3f" % (n, first, mid, p99, reads, first - st["direct"][0]))
    finally:
        for q in procs:
            q.terminate()
        for q in procs:
            try:
                q.wait(10)
            except subprocess.TimeoutExpired:
                q.kill()
        shutil.rmtree(folder, ignore_errors=True)


main()
