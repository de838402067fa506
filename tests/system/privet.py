"""What the system tests share: the real binary, a fake model server, a raw HTTP client, canaries, and a report.

A test is an executable script tests/system/test_NAME.py:

    from privet import Report, Privet, FakeModel, Client
    def test_answers(t):                       # t: what Report.main() gives: build, folder, name
        with FakeModel() as model, Privet(t, backends={"m": model.url}) as p:
            r = p.client(tls=True).chat("hello")
            assert r.status == 200, r
    Report.main(globals())

Everything has a deadline; ports are 0 and read back; what is started is stopped by its pid. Standard library only.
"""
import argparse
import base64
import collections
import contextlib
import json
import os
import queue
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIB = os.path.join(HERE, "lib")
CORPUS = os.path.join(ROOT, "tests", "corpus")
SHARED = os.environ.get("PRIVET_SHARED", os.path.join(os.path.dirname(ROOT), "shared"))
DEADLINE = float(os.environ.get("PRIVET_TEST_DEADLINE", "30"))  # for what should take a moment, on a busy machine


# ---- report --------------------------------------------------------------------------------------------------------

class Skip(Exception):
    pass


class Test:
    """What a test function gets: the build, and a folder of its own that goes away when it passes."""

    def __init__(self, build, folder, name):
        self.build, self.folder, self.name = build, folder, name
        self.binary = os.path.join(build, "privet")
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)


class Report:
    """Prints "PASS name", "FAIL name why", "SKIP name why"; run.py counts these lines."""

    def __init__(self):
        self.failed = 0
        self.lock = threading.Lock()

    def say(self, verdict, name, why=""):
        why = " ".join(str(why).split())[:300]
        with self.lock:
            self.failed += verdict == "FAIL"
            print(verdict, name, why, flush=True) if why else print(verdict, name, flush=True)

    def run(self, test, function):
        try:
            function(test)
        except Skip as e:
            self.say("SKIP", test.name, e)
        except Exception as e:  # an assertion's own text, or what went wrong
            traceback.print_exc(file=sys.stdout)
            self.say("FAIL", test.name, "%s: %s" % (type(e).__name__, e))
            for name in sorted(os.listdir(test.folder)):
                if name.endswith(".err"):
                    print("  last lines of %s:" % name)
                    with open(test.path(name), errors="replace") as f:
                        print("    " + "    ".join(f.readlines()[-15:]))
            return
        else:
            self.say("PASS", test.name)
        shutil.rmtree(test.folder, ignore_errors=True)

    @classmethod
    def main(cls, namespace):
        """Runs every test_* function of the script, in order; `--only WORD` picks some."""
        report, a = cls(), arguments()
        base = tempfile.mkdtemp(prefix="privet-test-")
        file = os.path.splitext(os.path.basename(sys.argv[0]))[0].replace("test_", "", 1)
        try:
            for name, function in list(namespace.items()):
                if not name.startswith("test_") or not callable(function) or (a.only and a.only not in name):
                    continue
                test = Test(a.build, os.path.join(base, name), file + "/" + name[5:])
                report.run(test, function)
        finally:
            if not a.keep:
                shutil.rmtree(base, ignore_errors=True)
        sys.exit(1 if report.failed else 0)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--only")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    a = parser.parse_args()
    a.build = os.path.abspath(os.path.join(ROOT, a.build))
    return a


def until(what, function, seconds=DEADLINE):
    """Calls function until it gives something true; -> that. Fails after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = function()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (seconds, what))
        time.sleep(0.01)


# ---- certificates --------------------------------------------------------------------------------------------------

def make_certificate(folder, name="server", names=("localhost", "proxy.test", "model.test"), ca=None):
    """A certificate and its key by the openssl command; self-signed, or by another one's. -> (pem, key)."""
    pem, key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    san = ",".join(["DNS:" + n for n in names] + ["IP:127.0.0.1", "IP:::1"])
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
               "-subj", "/O=Privet test/CN=" + name, "-addext", "subjectAltName=" + san, "-keyout", key, "-out", pem]
    if ca:
        command += ["-CA", ca[0], "-CAkey", ca[1]]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE)
    if done.returncode and ca:  # openssl before 3.0.? knows no -CA for req: sign in two steps
        done = sign(folder, name, san, ca, key, pem)
    if done.returncode:
        raise RuntimeError("openssl: " + done.stdout.decode("utf-8", "replace"))
    return pem, key


def sign(folder, name, san, ca, key, pem):
    request, ext = os.path.join(folder, name + ".csr"), os.path.join(folder, name + ".ext")
    with open(ext, "w") as f:
        f.write("subjectAltName=" + san + "\n")
    for command in (["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", "/O=Privet test/CN=" + name, "-keyout", key, "-out", request],
                    ["openssl", "x509", "-req", "-in", request, "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial",
                     "-days", "30", "-extfile", ext, "-out", pem]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE)
        if done.returncode:
            break
    return done


# ---- the binary ----------------------------------------------------------------------------------------------------

def merge(base, more):
    """Mappings are merged, everything else is replaced; None takes a key away."""
    out = dict(base)
    for key, value in more.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:|Assertion `)[^\n]*")


class Privet:
    """A running proxy. `config` is merged over a default with one plain and one TLS listener on loopback, an admin
    listener, a journal in the test's folder, and a route "*" to the first of `backends` (name -> url or mapping)."""

    def __init__(self, test, config=None, backends=None, name="privet", environment=None, expect_status=0, text=None):
        self.test, self.name, self.expect_status = test, name, expect_status
        self.certificate = self.make_certificate()
        self.journal = test.path(name + "-audit")
        self.config = merge(self.defaults(backends or {}), config or {})
        self.path = test.path(name + ".yaml")
        self.write(text)
        self.environment = {"PRIVET_RULES": os.path.join(ROOT, "config", "rules"), **os.environ, **(environment or {})}
        self.errors_path, self.output_path = test.path(name + ".err"), test.path(name + ".out")
        self.process, self.lines, self.plain, self.tls, self.admin = None, [], None, None, None
        self.plains, self.tlss = [], []

    def make_certificate(self):
        pem, key = self.test.path("server.pem"), self.test.path("server.key")
        return (pem, key) if os.path.exists(pem) and os.path.exists(key) else make_certificate(self.test.folder)

    def defaults(self, backends):
        pem, key = self.certificate
        entries = {n: {"url": b} if isinstance(b, str) else b for n, b in backends.items()}
        config = {"listeners": [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificate": pem, "key": key}}],
                  "admin": {"address": "127.0.0.1:0"}, "workers": 2, "audit": {"journal": {"directory": self.journal}},
                  "backends": entries}
        if entries:
            config["routes"] = [{"name": "all", "match": {"model": "*"}, "target": next(iter(entries))}]
        return config

    def write(self, text=None):
        """The configuration, as JSON, which is YAML; or the given text. Also before reload()."""
        with open(self.path, "w") as f:
            f.write(text if text is not None else json.dumps(self.config, indent=1) + "\n")

    def start(self):
        if not os.access(self.test.binary, os.X_OK):
            raise Skip("%s is not built" % self.test.binary)
        with open(self.errors_path, "ab") as errors:
            self.process = subprocess.Popen([self.test.binary, "run", "-c", self.path], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors, env=self.environment, cwd=self.test.folder)
        lines = queue.Queue()
        threading.Thread(target=self.read_output, args=(self.process.stdout, lines), daemon=True).start()
        end = time.monotonic() + DEADLINE
        while True:
            try:
                line = lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise AssertionError("privet was not ready within %g s; it said %r" % (DEADLINE, self.lines))
            if line is None:
                status = self.process.wait(DEADLINE)
                raise AssertionError("privet ended with status %s before it was ready: %s" % (status, self.errors()[-800:]))
            self.take_line(line)
            if line == "ready":
                return self

    def read_output(self, stream, lines):
        with open(self.output_path, "ab") as copy:
            for raw in stream:
                copy.write(raw)
                copy.flush()
                lines.put(raw.decode("utf-8", "replace").rstrip("\n"))
        lines.put(None)

    def take_line(self, line):
        self.lines.append(line)
        words = line.split()
        if words[:1] == ["listening"]:
            (self.tlss if words[2:] == ["tls"] else self.plains).append(address(words[1]))
        if words[:1] == ["admin"]:
            self.admin = address(words[1])
        self.plain = self.plains[0] if self.plains else None
        self.tls = self.tlss[0] if self.tlss else None

    def errors(self):
        with open(self.errors_path, errors="replace") as f:
            return f.read()

    def events(self, name=None):
        """The service's own log as values; lines that are not JSON are left out."""
        found = []
        for line in self.errors().splitlines():
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict) and (name is None or value.get("event") == name):
                    found.append(value)
        return found

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As the kernel would: no drain, no goodbye."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        return self.process.wait(DEADLINE) if self.process else None

    def stop(self, seconds=DEADLINE):
        """SIGTERM, then SIGKILL; -> exit status. Fails on a sanitizer's report or a status that is not expected."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("privet did not drain within %g s of SIGTERM" % seconds)
        self.process = None
        self.check_errors()
        if self.expect_status is not None and status != self.expect_status:
            raise AssertionError("exit status %s, not %s: %s" % (status, self.expect_status, self.errors()[-800:]))
        return status

    def check_errors(self):
        m = SANITIZER.search(self.errors())
        if m:
            raise AssertionError("privet said: " + m.group(0))

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
            return
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self.stop(5)

    def client(self, tls=False, **options):
        where = self.tls if tls else self.plain
        return Client(where, cafile=self.certificate[0] if tls else None, **options)

    def admin_get(self, path):
        with Client(self.admin) as c:
            return c.get(path, headers={"Connection": "close"})

    def records(self, event=None):
        """The lines of every journal file, as values, by time; also while it runs (files end in zeros then)."""
        found = []
        names = sorted(os.listdir(self.journal)) if os.path.isdir(self.journal) else []
        for name in names:
            if name.endswith(".jsonl"):
                with open(os.path.join(self.journal, name), "rb") as f:
                    found += [json.loads(line) for line in f.read().split(b"\0", 1)[0].splitlines() if line.endswith(b"}")]
        return sorted((r for r in found if event in (None, r["event"])), key=lambda r: r["time"])

    def outcomes(self, n, seconds=DEADLINE):
        """The outcome records, once there are n; an answer's record is written behind its last byte."""
        return until("%d outcome records" % n, lambda: (lambda r: r if len(r) >= n else None)(self.records("outcome")), seconds)

    def verify_journal(self):
        """`privet audit verify`: -> (exit status, what it said)."""
        done = subprocess.run([self.test.binary, "audit", "verify", "-c", self.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=DEADLINE, env=self.environment)
        return done.returncode, done.stdout.decode("utf-8", "replace")


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


# ---- client --------------------------------------------------------------------------------------------------------

class Response:
    def __init__(self, status, fields, body, interim=0):
        self.status, self.fields, self.body, self.interim = status, fields, body, interim

    def field(self, name):
        return next((v for k, v in self.fields if k == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        """Of a chat answer, whole or streamed."""
        if (self.field("content-type") or "").startswith("text/event-stream"):
            return "".join(delta_text(e) for e in sse_data(self.body))
        return self.json()["choices"][0]["message"]["content"]

    def __repr__(self):
        return "<%d %s %r>" % (self.status, self.field("content-type"), self.body[:300])


class Closed(Exception):
    """The peer closed before the message was whole; .data holds what came."""

    def __init__(self, why, data=b""):
        super().__init__(why)
        self.data = data


class Client:
    """One connection that says exactly the bytes it is told to. Every read has a deadline."""

    def __init__(self, where, cafile=None, host="proxy.test", deadline=DEADLINE, certificate=None, context=None):
        self.host, self.deadline = host, deadline
        self.sock = socket.create_connection(where, deadline)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if cafile or context:
            context = context or ssl.create_default_context(cafile=cafile)
            if certificate:
                context.load_cert_chain(*certificate)
            context.set_alpn_protocols(["http/1.1"])
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def reset(self):
        """Closes with a RST, as a crashed peer does."""
        raw = self.sock
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.close()

    def send(self, data):
        self.sock.settimeout(self.deadline)
        self.sock.sendall(data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def fill(self, end=None):
        """Reads once; False at the end of input."""
        left = (end or time.monotonic() + self.deadline) - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer within %g s; so far %r" % (self.deadline, bytes(self.buffer[:200])))
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError, BrokenPipeError):
            return False
        except socket.timeout:
            raise TimeoutError("no answer within %g s; so far %r" % (self.deadline, bytes(self.buffer[:200])))
        self.buffer += data
        return bool(data)

    def take(self, n):
        out = bytes(self.buffer[:n])
        del self.buffer[:n]
        return out

    def read_until(self, mark, end=None):
        end = end or time.monotonic() + self.deadline
        while mark not in self.buffer:
            if not self.fill(end):
                raise Closed("closed before %r" % mark, bytes(self.buffer))
        return self.take(self.buffer.index(mark) + len(mark))

    def read_exactly(self, n, end=None):
        end = end or time.monotonic() + self.deadline
        while len(self.buffer) < n:
            if not self.fill(end):
                raise Closed("closed %d bytes early" % (n - len(self.buffer)), bytes(self.buffer))
        return self.take(n)

    def read_head(self):
        """-> (status, fields, interim answers before it)."""
        interim = 0
        while True:
            head = self.read_until(b"\r\n\r\n").decode("latin-1")
            first, *rest = head[:-4].split("\r\n")
            m = re.match(r"HTTP/1\.1 (\d{3})( .*)?$", first)
            assert m, "status line %r" % first
            fields = []
            for line in rest:
                m2 = re.match(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$", line)
                assert m2, "field line %r" % line
                fields.append((m2.group(1).lower(), m2.group(2)))
            if not (100 <= int(m.group(1)) < 200):
                return int(m.group(1)), fields, interim
            interim += 1

    def pieces(self, status, fields, method="POST"):
        """The body as it comes, without its framing. Raises Closed if it is cut."""
        get = dict(fields).get
        if method == "HEAD" or status in (204, 304):
            return
        if "chunked" in (get("transfer-encoding") or ""):
            assert get("content-length") is None, "both Content-Length and Transfer-Encoding"
            while True:
                size = int(self.read_until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    while self.read_until(b"\r\n") != b"\r\n":
                        pass
                    return
                yield self.read_exactly(size)
                assert self.read_exactly(2) == b"\r\n", "no CRLF behind a chunk"
        elif get("content-length") is not None:
            if int(get("content-length")):
                yield self.read_exactly(int(get("content-length")))
        else:
            while self.buffer or self.fill():
                yield self.take(len(self.buffer))

    def response(self, method="POST"):
        status, fields, interim = self.read_head()
        return Response(status, fields, b"".join(self.pieces(status, fields, method)), interim)

    def head_bytes(self, method, target, headers, length):
        given = {k.lower() for k, v in (headers or {}).items()}
        lines = ["%s %s HTTP/1.1" % (method, target)]
        lines += [] if "host" in given else ["Host: " + self.host]
        lines += ["%s: %s" % (k, v) for k, v in (headers or {}).items() if v is not None]
        if length is not None and "content-length" not in given and "transfer-encoding" not in given:
            lines.append("Content-Length: %d" % length)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def request(self, method, target, body=None, headers=None):
        """Sends and reads one exchange."""
        self.send(self.head_bytes(method, target, headers, len(body) if body is not None else None) + (body or b""))
        return self.response(method)

    def get(self, target, headers=None):
        return self.request("GET", target, None, headers)

    def post_json(self, target, value, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", target, body, merge({"Content-Type": "application/json"}, headers or {}))

    def chat(self, text, stream=False, model="m", headers=None, **more):
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        if stream:
            body["stream"] = True
        return self.post_json("/v1/chat/completions", body, headers)

    def chat_stream(self, text, model="m", headers=None, **more):
        """Sends a streamed chat; -> (status, fields, iterator of data of events, as they come)."""
        body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": text}], **more}).encode()
        self.send(self.head_bytes("POST", "/v1/chat/completions", merge({"Content-Type": "application/json"}, headers or {}),
                                  len(body)) + body)
        status, fields, _ = self.read_head()
        return status, fields, self.events(status, fields)

    def events(self, status, fields):
        text = b""
        for piece in self.pieces(status, fields):
            text += piece
            while b"\n\n" in text:
                event, text = text.split(b"\n\n", 1)
                yield from sse_data(event + b"\n\n")
        yield from sse_data(text)

    def closed(self, seconds=DEADLINE):
        """True if the peer closes within the time; what it says before is kept in the buffer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if not self.fill(end):
                    return True
            except TimeoutError:
                return False
        return False


def sse_data(raw):
    """The data of each event; "[DONE]" stays."""
    out = []
    for event in re.split(rb"\r\n\r\n|\n\n|\r\r", raw):
        lines = [re.sub(rb"^data:? ?", b"", x) for x in re.split(rb"\r\n|\n|\r", event) if re.match(rb"data(:|$)", x)]
        if lines:
            out.append(b"\n".join(lines).decode("utf-8"))
    return out


def delta_text(data):
    if data == "[DONE]":
        return ""
    choices = json.loads(data).get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


# ---- a fake model --------------------------------------------------------------------------------------------------

Seen = collections.namedtuple("Seen", "method target fields body connection")


class FakeModel:
    """An OpenAI-compatible model server in threads, which records every byte it is sent.

    What it does is told by `behaviour` (for all), by `plan` (a list, one entry a request, first), or by the request's
    own model name ("do:hang"). A behaviour is one word and its arguments:

      echo            says the last message's text again (the rule)       text WORDS   says these words
      slow MS         pauses so long between the pieces                   status N     answers N with an error body
      hang            takes the request and says nothing                  late MS      says nothing so long, then answers
      refuse          refuses, as models do                               close        closes instead of answering
      reset           resets instead of answering                         cut          closes in mid-body
      truncate        a stream that ends well, but without its end mark   stall        stops in mid-body and waits
      malformed       a body that is not JSON                             badhead      a head that is not HTTP
      content_filter  finish_reason content_filter                       length       a context_length_exceeded error
      gzip            a content coding nobody asked for                   bytes        one byte a write
      interim         a 100 before the answer                             none         a chunked body without chunks
    """

    def __init__(self, behaviour="echo", tls=None, chunk=7):
        self.behaviour, self.plan, self.chunk = behaviour, [], chunk
        self.lock, self.requests, self.raw, self.connections = threading.Lock(), [], bytearray(), 0
        self.stopping = threading.Event()
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.url = "%s://%s:%d" % ("https" if tls else "http", "localhost" if tls else "127.0.0.1", self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Refuses connections from here on, and drops those that are open."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            connections = list(self.open)
        for c in connections:
            with contextlib.suppress(OSError):
                c.shutdown(socket.SHUT_RDWR)

    def bodies(self):
        with self.lock:
            return [r.body for r in self.requests]

    def last(self):
        with self.lock:
            return self.requests[-1] if self.requests else None

    def seen(self):
        """Every byte, of all connections."""
        with self.lock:
            return bytes(self.raw)

    def wait(self, n, seconds=DEADLINE):
        until("%d requests at the model" % n, lambda: len(self.requests) >= n, seconds)
        return self.requests

    # -- connections

    def accept(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                self.open.add(c)
            threading.Thread(target=self.serve, args=(c, number), daemon=True).start()

    def serve(self, c, number):
        raw = c
        try:
            c.settimeout(120)
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            reader = RequestReader(c, self.record)
            while not self.stopping.is_set():
                request = reader.next(number)
                if request is None:
                    break
                with self.lock:
                    self.requests.append(request)
                    behaviour = self.plan.pop(0) if self.plan else self.behaviour
                if not self.answer(c, request, behaviour):
                    break
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(raw)
            with contextlib.suppress(OSError):
                c.close()

    def record(self, data):
        with self.lock:
            self.raw += data

    # -- answers; True if the connection goes on

    def answer(self, c, request, behaviour):
        try:
            body = json.loads(request.body) if request.body else {}
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        model = str(body.get("model", ""))
        if model.startswith("do:"):
            behaviour = model[3:]
        word, _, rest = behaviour.partition(" ")
        special = getattr(self, "do_" + word, None)
        if special:
            return special(c, request, body, rest)
        return self.say(c, request, body, word, rest)

    def do_hang(self, c, request, body, rest):
        self.stopping.wait(120)
        return False

    def do_late(self, c, request, body, rest):
        self.stopping.wait(float(rest) / 1000)
        return self.say(c, request, body, "echo", "")

    def do_close(self, c, request, body, rest):
        return False

    def do_reset(self, c, request, body, rest):
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return False

    def do_status(self, c, request, body, rest):
        code = int(rest or 500)
        value = {"error": {"message": "fake failure", "type": "rate_limit_error" if code == 429 else "server_error", "code": None}}
        return self.send_whole(c, value, code, extra="Retry-After: 1\r\n" if code in (429, 503) else "")

    def do_length(self, c, request, body, rest):
        value = {"error": {"message": "This model's maximum context length is 8 tokens.", "type": "invalid_request_error",
                           "param": "messages", "code": "context_length_exceeded"}}
        return self.send_whole(c, value, 400)

    def do_malformed(self, c, request, body, rest):
        c.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"choices":[')
        return True

    def do_badhead(self, c, request, body, rest):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")
        return False

    def do_gzip(self, c, request, body, rest):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0")
        return True

    def do_none(self, c, request, body, rest):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        return True

    def send_whole(self, c, value, status=200, extra="", cut=None, step=0):
        text = json.dumps(value, ensure_ascii=False).encode()
        head = "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n" % (status, len(text), extra)
        data = head.encode() + text
        data = data if cut is None else data[:len(head) + cut]
        for i in range(0, len(data), step or len(data)):
            c.sendall(data[i:i + (step or len(data))])
        return cut is None

    def words(self, body, word, rest):
        if word == "text":
            return rest
        if word == "refuse":
            return "I'm sorry, but I can't help with that."
        return last_text(body)

    def say(self, c, request, body, word, rest):
        if request.method == "GET" or request.target.split("?")[0].endswith("/models"):
            return self.send_whole(c, {"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "fake"}]})
        if word == "interim":
            c.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        if request.target.split("?")[0].endswith("/embeddings"):
            return self.send_whole(c, {"object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1},
                                       "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}]})
        text = self.words(body, word, rest)
        finish = "content_filter" if word == "content_filter" else "stop"
        if body.get("stream"):
            return self.say_stream(c, body, text, finish, word, rest)
        value = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body.get("model", "m"),
                 "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
                 "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}
        if word == "stall":
            self.send_whole(c, value, cut=20)
            return self.do_hang(c, request, body, rest)
        if word == "slow":
            self.stopping.wait(float(rest) / 1000)
        return self.send_whole(c, value, cut=20 if word == "cut" else None, step=1 if word == "bytes" else 0)

    def say_stream(self, c, body, text, finish, word, rest):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", "m")}

        def event(choice, **more):
            return ("data: " + json.dumps(dict(base, choices=choice, **more), ensure_ascii=False) + "\n\n").encode()
        pieces = [event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])]
        for i in range(0, len(text), self.chunk):
            pieces.append(event([{"index": 0, "delta": {"content": text[i:i + self.chunk]}, "finish_reason": None}]))
        end = [event([{"index": 0, "delta": {}, "finish_reason": finish}])]
        if (body.get("stream_options") or {}).get("include_usage"):
            end.append(event([], usage={"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}))
        end.append(b"data: [DONE]\n\n")
        if word in ("cut", "stall", "truncate"):
            pieces, end = pieces[:max(2, len(pieces) // 2)], []
        for piece in pieces + end:
            for part in ([bytes([b]) for b in piece] if word == "bytes" else [piece]):
                c.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            if word == "slow":
                self.stopping.wait(float(rest) / 1000)
        if word == "cut":
            return False
        if word == "stall":
            return self.do_hang(c, None, body, rest)
        c.sendall(b"0\r\n\r\n")
        return True


def last_text(body):
    """The text of the last message, whole."""
    messages = body.get("messages") or []
    content = messages[-1].get("content", "") if messages and isinstance(messages[-1], dict) else ""
    if isinstance(content, list):
        content = "".join(p.get("text", "") for p in content if isinstance(p, dict))
    return content if isinstance(content, str) else ""


class RequestReader:
    """Requests from one connection, strictly; what it reads is recorded first."""

    def __init__(self, connection, record):
        self.c, self.record, self.buffer = connection, record, bytearray()

    def fill(self):
        data = self.c.recv(65536)
        if data:
            self.record(data)
            self.buffer += data
        return bool(data)

    def take(self, n):
        while len(self.buffer) < n:
            if not self.fill():
                raise ValueError("cut request")
        out = bytes(self.buffer[:n])
        del self.buffer[:n]
        return out

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise ValueError("cut request")
        return self.take(self.buffer.index(b"\r\n") + 2)[:-2]

    def next(self, number):
        if not self.buffer and not self.fill():
            return None
        method, target, version = self.line().decode("latin-1").split(" ")
        fields = []
        while True:
            line = self.line().decode("latin-1")
            if not line:
                break
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise ValueError("bad field")
            fields.append((name.lower(), value.strip()))
        get = dict(fields).get
        if "100-continue" in (get("expect") or ""):
            self.c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b""
        if get("transfer-encoding"):
            while True:
                size = int(self.line(), 16)
                body += self.take(size + 2)[:-2]
                if size == 0:
                    break
        elif get("content-length"):
            body = self.take(int(get("content-length")))
        return Seen(method, target, fields, body, number)


# ---- canaries ------------------------------------------------------------------------------------------------------

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def canary_key():
    """A cloud access key id that no other test has."""
    return "AKIA" + "".join(random.SystemRandom().choice(ALPHABET) for _ in range(16))


def canary_email():
    word = "".join(random.SystemRandom().choice("bcdfghjklmnpqrstvwxz") for _ in range(10))
    return "kim.%s@%s.example.com" % (word, word[::-1])


def needles(secret):
    """The ways a secret may have been written down: as it is, base64 at each offset, hex, percent, reversed case."""
    raw = secret.encode()
    out = {raw, raw.hex().encode(), raw.hex().upper().encode(), urllib.parse.quote(secret, safe="").encode()}
    for offset in range(3):
        text = base64.b64encode(b"x" * offset + raw).decode()
        first = {0: 0, 1: 2, 2: 3}[offset]
        out.add(text[first:len(text) // 4 * 4 - 4].encode())
    return {n for n in out if len(n) >= 8}


def holds(data, secret):
    return next((n for n in needles(secret) if n in data), None)


def assert_not_in(data, secret, where):
    data = data.encode() if isinstance(data, str) else data
    found = holds(data, secret)
    assert not found, "a secret is in %s, as %r" % (where, found[:24])


def sanitized(t):
    return "san" in os.path.basename(t.build)


def in_memory(p, **secrets):
    """name -> where in the writable memory of the process it is."""
    found = {}
    with open("/proc/%d/maps" % p.process.pid) as maps, open("/proc/%d/mem" % p.process.pid, "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not m or "[v" in line:
                continue
            start, end = int(m.group(1), 16), int(m.group(2), 16)
            with contextlib.suppress(OSError):
                mem.seek(start)
                data = mem.read(end - start)
                for name, secret in secrets.items():
                    at = data.find(secret.encode())
                    if at >= 0:
                        found.setdefault(name, []).append((line.split()[-1], data.count(secret.encode()), data[max(0, at - 60):at + 100]))
    return found


def assert_in_no_file(folder, *secrets):
    """No file under the folder holds one of the secrets. -> how many files were read."""
    count = 0
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.isfile(path) or os.path.islink(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            count += 1
            for secret in secrets:
                assert_not_in(data, secret, os.path.relpath(path, folder))
    return count
