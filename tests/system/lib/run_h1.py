#!/usr/bin/env python3
"""Sends the corpus in tests/corpus/h1 to a proxy and judges what the proxy and a
recording backend did. Python 3.9+, standard library only.

  run_h1.py HOST:PORT [--tls --insecure] [--backend 127.0.0.1:PORT]
            [--backend-cert F --backend-key F]   backend speaks TLS
            [--only RE] [--kind K,K] [--policy] [--timeout S] [--json FILE]
            [--host NAME] [--path /p] [--get-path /p] [--add 'Name: value']...
  run_h1.py --origin HOST:PORT   the target is a server, not a proxy: only its
                                 answers are judged
  run_h1.py --selftest           judges three built-in proxies: one that copies
                                 bytes (must be found dangerous), one that
                                 refuses all, one that is strict

The proxy under test must use the backend address as its only upstream.
Verdicts: PASS the goal in index.json; OKRFC another outcome which an RFC
permits; FAIL goal missed, but the framing stayed sound; DANGER bytes reached the
backend that are malformed or are a request the client did not send as one, or
an answer went to the wrong request. Exit status: 0 no FAIL and no DANGER,
1 FAIL, 2 DANGER.
"""
import argparse, json, os, re, socket, ssl, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "corpus")
# Cases of a megabyte are made, not kept.
MADE = {
    "rl-long-1m.raw": lambda: b"GET /v1/models?q=" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: proxy.test\r\nX-Case: rl-long-1m\r\n\r\n",
    "hd-long-1m.raw": lambda: b"GET /v1/models HTTP/1.1\r\nHost: proxy.test\r\nX-Case: hd-long-1m\r\nX-A: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "bad-deep-1m-open.json": lambda: b'{"model":' + b"[" * 1000000,
}
def case_bytes(folder, name):
    if name in MADE: return MADE[name]()
    with open(os.path.join(folder, name), "rb") as f: return f.read()

TOKEN = re.compile(rb"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

# ------------------------------------------------------------------ backend
class Bad(Exception): pass
class Odd(Bad): "malformed, but the message's length is not in doubt"
class More(Exception): pass

def take_line(buf, pos, limit=4 << 20):
    i = buf.find(b"\n", pos)
    if i < 0:
        if len(buf) - pos > limit: raise Bad("line too long")
        raise More
    if i == pos or buf[i - 1:i] != b"\r": raise Bad("bare LF ends a line")
    line = bytes(buf[pos:i - 1])
    if b"\r" in line: raise Bad("bare CR")
    if b"\0" in line: raise Bad("NUL")
    return line, i + 1

def parse_fields(buf, pos, what):
    out = []
    while True:
        line, pos = take_line(buf, pos)
        if not line: return out, pos
        if line[:1] in b" \t": raise Bad("obs-fold in " + what)
        name, c, val = line.partition(b":")
        if not c: raise Bad("no colon in " + what)
        if not TOKEN.match(name): raise Bad("bad name in %s: %r" % (what, name[:40]))
        out.append((name.lower().decode("latin-1"), val.strip(b" \t")))

def parse_request(buf):
    """Strict RFC 9112 parser. Returns (request, used) or raises More / Bad."""
    if not buf: raise More
    line, pos = take_line(buf, 0)
    p = line.split(b" ")
    if len(p) != 3: raise Bad("request line %r" % line[:80])
    m, t, v = p
    if not TOKEN.match(m): raise Bad("method %r" % m[:40])
    if not t or any(c <= 32 or c == 127 for c in t): raise Bad("target %r" % t[:80])
    if v not in (b"HTTP/1.1", b"HTTP/1.0"): raise Odd("version %r" % v[:20])
    notes = []
    if any(c >= 128 for c in t): notes.append("raw non-ASCII in the target")
    f, pos = parse_fields(buf, pos, "head")
    get = lambda n: [x for k, x in f if k == n]
    hosts, cls, tes = get("host"), get("content-length"), get("transfer-encoding")
    if len(hosts) > 1: raise Odd("%d Host fields" % len(hosts))
    if not hosts and v == b"HTTP/1.1": raise Odd("no Host")
    if hosts and re.search(rb"[\s,@/\\\x00-\x20\x7f-\xff]", hosts[0]): raise Odd("Host %r" % hosts[0][:60])
    if len(cls) > 1: raise Bad("%d Content-Length fields" % len(cls))
    if cls and tes: raise Bad("Content-Length and Transfer-Encoding")
    if cls and not re.match(rb"^0*[0-9]{1,18}$", cls[0]): raise Bad("Content-Length %r" % cls[0][:40])
    if cls and cls[0] != b"%d" % int(cls[0]): notes.append("Content-Length with leading zeros")
    if tes:
        if v == b"HTTP/1.0": raise Bad("Transfer-Encoding in HTTP/1.0")
        if len(tes) > 1 or tes[0].lower() != b"chunked": raise Bad("Transfer-Encoding %r" % tes[:3])
    body, trailers = b"", []
    if cls:
        n = int(cls[0])
        if len(buf) - pos < n: raise More
        body, pos = bytes(buf[pos:pos + n]), pos + n
    elif tes:
        while True:
            line, q = take_line(buf, pos)
            mm = re.match(rb"^([0-9A-Fa-f]{1,16})([ \t]*;.*)?$", line)
            if not mm: raise Bad("chunk size %r" % line[:40])
            if mm.group(2): notes.append("chunk extension forwarded")
            n = int(mm.group(1), 16)
            if n == 0:
                trailers, pos = parse_fields(buf, q, "trailer"); break
            if len(buf) < q + n + 2: raise More
            if bytes(buf[q + n:q + n + 2]) != b"\r\n": raise Bad("no CRLF after chunk data")
            body += bytes(buf[q:q + n]); pos = q + n + 2
    return dict(method=m.decode(), target=t.decode("latin-1"), version=v.decode(), fields=f, body=body,
                trailers=trailers, notes=notes, close=(v == b"HTTP/1.0" or any(b"close" in x.lower() for x in get("connection"))),
                case=(get("x-case") or [b""])[0].decode("latin-1")), pos

class Backend:
    """Records, per connection, every byte and every request; answers 200."""
    def __init__(self, addr, ctx=None):
        self.lock, self.log, self.bad, self.partial, self.nconn, self.busy = threading.Lock(), [], [], {}, 0, 0
        self.ctx, self.last = ctx, 0.0
        self.s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind(addr); self.s.listen(256); self.addr = self.s.getsockname()
        threading.Thread(target=self.loop, daemon=True).start()
    def loop(self):
        while True:
            try: c, _ = self.s.accept()
            except OSError: return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()
    def serve(self, c):
        with self.lock: self.nconn += 1; cid = self.nconn
        try:
            c.settimeout(60)
            if self.ctx: c = self.ctx.wrap_socket(c, server_side=True)
            buf, cont = bytearray(), False
            while True:
                try:
                    r, used = parse_request(buf)
                except More:
                    with self.lock: self.partial[cid] = bytes(buf)
                    h = bytes(buf).find(b"\r\n\r\n")
                    if h > 0 and not cont and re.search(rb"\r\nexpect:[ \t]*100-continue", bytes(buf[:h]), re.I):
                        cont = True; c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    d = c.recv(262144)
                    if not d: break
                    self.last = time.monotonic(); buf += d; continue
                except Bad as e:
                    with self.lock: self.bad.append((cid, str(e), bytes(buf[:4096]), isinstance(e, Odd))); self.partial.pop(cid, None)
                    c.sendall(b"HTTP/1.1 400 Bad Request\r\nX-Backend: bad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    break
                r["conn"], r["raw"] = cid, bytes(buf[:used]); del buf[:used]; cont = False
                with self.lock: self.log.append(r); self.partial.pop(cid, None)
                case = re.sub(r"[^A-Za-z0-9._-]", "_", r["case"]) or "none"
                body = json.dumps(dict(id="chatcmpl-1", object="chat.completion", created=1, model="m", case=case,
                    choices=[dict(index=0, message=dict(role="assistant", content="case=%s." % case), finish_reason="stop")],
                    usage=dict(prompt_tokens=1, completion_tokens=1, total_tokens=2))).encode()
                h = b"HTTP/1.1 200 OK\r\nX-Backend: ok\r\nX-Case-Echo: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % (case.encode(), len(body))
                if r["close"]: h += b"Connection: close\r\n"
                c.sendall(h + b"\r\n" + (b"" if r["method"] == "HEAD" else body)); self.last = time.monotonic()
                if r["close"]: break
        except (OSError, ssl.SSLError): pass
        finally:
            try: c.close()
            except OSError: pass
    def mark(self):
        with self.lock: self.partial = {k: b"" for k in self.partial}; return len(self.log), len(self.bad)
    def since(self, m):
        with self.lock: return list(self.log[m[0]:]), list(self.bad[m[1]:]), {k: v for k, v in self.partial.items() if v}

# ------------------------------------------------------------------ client
def resp_parse(buf, head_only, eof):
    """One response from buf: (status, fields, body, used, ends_conn) or None."""
    i = buf.find(b"\r\n\r\n")
    if i < 0: return None
    lines = bytes(buf[:i]).split(b"\r\n"); m = re.match(rb"HTTP/1\.[01] (\d{3})", lines[0])
    if not m: return (0, {}, bytes(buf), len(buf), True)
    st = int(m.group(1)); f = {}
    for l in lines[1:]:
        k, _, v = l.partition(b":"); f[k.strip().lower().decode("latin-1")] = v.strip().decode("latin-1")
    pos = i + 4; close = "close" in f.get("connection", "").lower()
    if st < 200 or st in (204, 304) or head_only: return st, f, b"", pos, close
    if "chunked" in f.get("transfer-encoding", "").lower():
        body = b""
        while True:
            j = buf.find(b"\r\n", pos)
            if j < 0: return None
            try: n = int(bytes(buf[pos:j]).split(b";")[0], 16)
            except ValueError: return (0, f, bytes(buf), len(buf), True)
            if n == 0:
                e = buf.find(b"\r\n\r\n", j)
                return (st, f, body, e + 4, close) if e >= 0 else None
            if len(buf) < j + 2 + n + 2: return None
            body += bytes(buf[j + 2:j + 2 + n]); pos = j + 2 + n + 2
    if "content-length" in f:
        n = int(f["content-length"])
        return (st, f, bytes(buf[pos:pos + n]), pos + n, close) if len(buf) >= pos + n else None
    return (st, f, bytes(buf[pos:]), len(buf), True) if eof else None

class Conn:
    def __init__(self, a):
        s = socket.create_connection(a.addr, 5); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if a.tls:
            x = ssl.create_default_context()
            if a.insecure: x.check_hostname = False; x.verify_mode = ssl.CERT_NONE
            elif a.cafile: x.load_verify_locations(a.cafile)
            x.set_alpn_protocols(["http/1.1"]); s = x.wrap_socket(s, server_hostname=a.host)
        self.s, self.buf, self.eof, self.err, self.got, self.n1xx = s, bytearray(), False, None, [], 0
    def pump(self, timeout):
        if self.eof: return
        self.s.settimeout(max(0.001, timeout))
        try:
            d = self.s.recv(262144)
            if d: self.buf += d
            else: self.eof = True
        except (socket.timeout, TimeoutError, ssl.SSLWantReadError): pass
        except OSError as e: self.eof, self.err = True, type(e).__name__
    def responses(self, want, timeout, heads=()):
        """Reads until `want` final responses, end of input or timeout."""
        end = time.monotonic() + timeout
        while True:
            while True:
                r = resp_parse(self.buf, len(self.got) < len(heads) and heads[len(self.got)], self.eof)
                if r is None: break
                del self.buf[:r[3]]
                if 100 <= r[0] < 200 and r[0] != 101: self.n1xx += 1
                else: self.got.append(r)
                if not self.buf: break
            if len(self.got) >= want or self.eof or time.monotonic() >= end: return
            self.pump(min(0.25, end - time.monotonic()))
    def closed_within(self, t):
        end = time.monotonic() + t
        while not self.eof and time.monotonic() < end: self.pump(min(0.1, end - time.monotonic()))
        return self.eof
    def close(self):
        try: self.s.close()
        except OSError: pass

def adapt(raw, a):
    if a.host != "proxy.test": raw = raw.replace(b"Host: proxy.test", b"Host: " + a.host.encode())
    if a.path: raw = raw.replace(b"/v1/chat/completions", a.path.encode())
    if a.get_path: raw = raw.replace(b"/v1/models", a.get_path.encode())
    for h in a.add: raw = re.sub(rb"(X-Case: [^\r\n]*\r\n)", lambda m: m.group(1) + h.encode() + b"\r\n", raw)
    return raw

def probe_bytes(a, id):
    return adapt(b"GET /v1/models HTTP/1.1\r\nHost: proxy.test\r\nX-Case: %s\r\n\r\n" % id.encode(), a)

def quiesce(be):
    if be is None: return
    for _ in range(8):
        t = be.last; time.sleep(0.02)
        if be.last == t: return

def run_case(e, a, be):
    id = e["file"][:-4]; kept = case_bytes(a.dir, e["file"]); raw = adapt(kept, a)
    delta = len(raw) - len(kept)
    n = e.get("n", 1); tail = e.get("tail"); m = be.mark() if be else None
    want = n + (1 if tail == "reject" else 0) if e["expect"] == "forward" else 1
    res = dict(id=id, kind=e["kind"], expect=e["expect"]); out = []
    try: c = Conn(a)
    except OSError as x: return dict(res, verdict="FAIL", obs="noconnect", detail=[str(x)])
    heads = [raw.startswith(b"HEAD ")]
    try:
        cuts = [0] + [x + delta for x in e.get("cuts", [])] + [len(raw)]
        if "drip" in e: cuts = list(range(0, len(raw), e["drip"])) + [len(raw)]
        for i in range(len(cuts) - 1):
            if i:
                if e.get("wait100") and i == 1:
                    t = time.monotonic() + 0.5
                    while c.n1xx == 0 and not c.eof and not c.got and time.monotonic() < t: c.responses(1, 0.05)
                else: time.sleep(e.get("gap_ms", 30) / 1000)
            c.s.settimeout(5); c.s.sendall(raw[cuts[i]:cuts[i + 1]])
        if e.get("half_close"):
            if a.tls: c.s = c.s  # TLS has no half close in Python's ssl: the judge treats a wait as a close
            else: c.s.shutdown(socket.SHUT_WR)
    except OSError as x: out.append("send: " + type(x).__name__)
    tmo = a.timeout if not (e.get("half_close") and a.tls) else min(a.timeout, 0.7)
    c.responses(want, tmo, heads)
    sts = [r[0] for r in c.got]; n1 = c.n1xx
    res["statuses"], res["closed"] = sts[:20], c.eof
    # is the connection still in use, and in step?
    probe = None
    if not c.eof and not e.get("half_close") and sts and not c.closed_within(0.15 if tail or e.get("framing") else 0.02):
        before = len(c.got)
        try:
            c.s.settimeout(2); c.s.sendall(probe_bytes(a, "probe-" + id)); c.responses(before + 1, min(1.0, a.timeout))
        except OSError: c.eof = True
        if len(c.got) > before:
            r = c.got[before]; probe = (r[0], ("case=probe-%s." % id).encode() in r[2])
            if len(c.got) > before + 1: out.append("more answers than requests"); probe = (r[0], False)
    res["probe"], res["left_open"] = probe, not c.eof
    c.close(); quiesce(be)
    reqs, bad, part = be.since(m) if be else ([], [], {})
    probes = [r for r in reqs if r["case"] == "probe-" + id]; own = [r for r in reqs if r["case"] != "probe-" + id]
    # a victim on a connection of its own must get its own answer
    victim = None
    if be and not a.no_victim:
        try:
            v = Conn(a); v.s.sendall(probe_bytes(a, "victim-" + id)); v.responses(1, min(2.0, a.timeout)); v.close()
            victim = bool(v.got) and v.got[0][0] == 200 and ("case=victim-%s." % id).encode() in v.got[0][2]
        except OSError: victim = False
    quiesce(be)
    if be:
        allreq, bad, part = be.since(m)
        own += [r for r in allreq[len(reqs):] if r["case"] != "victim-" + id]
    res["backend"] = ["%s %s" % (r["method"], r["target"][:80]) for r in own]; res["victim"] = victim
    notes = sorted({x for r in own for x in r["notes"]})
    if notes: res["notes"] = notes
    # ---- dangers, whatever was expected
    dang = ["backend got malformed bytes: %s" % b[1] for b in bad if not b[3]]
    odd = ["backend got a malformed request: %s" % b[1] for b in bad if b[3]]
    dang += ["smuggled request reached the backend" for r in own if "smuggled" in r["target"]]
    dang += ["evil.test chosen as Host" for r in own if any(k == "host" and b"evil" in v for k, v in r["fields"]) and e["kind"] not in ("host", "target") and "smuggled" not in r["target"]]
    if victim is False: dang.append("the next connection did not get its own answer")
    if probe and not probe[1] and probe[0] == 200: dang.append("answer to the wrong request on the same connection")
    # ---- what happened
    first = sts[0] if sts else None
    isrej = lambda s: s is not None and (400 <= s < 500 or s in (501, 505))
    if be: complete = len(own)
    else: complete = len([s for s in sts if 200 <= s < 300])
    if complete: obs = "forward"
    elif isrej(first): obs = "reject-4xx"
    elif first is None and c.eof: obs = "close"
    elif first is None and res["closed"] is False: obs = "hang"
    elif first and first >= 500: obs = "error-%d" % first
    else: obs = "answer-%s" % first
    if obs == "hang" and e.get("half_close") and a.tls: obs = "close"
    res["obs"] = obs + ("+partial" if part and obs != "forward" else "")
    also = e.get("also", [])
    def forward_ok(k):
        p = []
        if complete != k: p.append("backend saw %d requests, not %d" % (complete, k))
        if len([s for s in sts if 200 <= s < 300]) < k and not e.get("half_close"): p.append("answers %s" % sts)
        if be:
            if "body" in e and own and own[0]["body"].hex() != e["body"]: p.append("body changed (%d bytes)" % len(own[0]["body"]))
            for nm in e.get("absent", []):
                if any(k2 == nm for r in own for k2, _ in r["fields"]): p.append("field %s forwarded" % nm)
        if tail == "reject" and not (len(sts) > k and isrej(sts[k])) and not (res["closed"] or c.eof) and not (probe and isrej(probe[0])): p.append("the bytes behind were not refused")
        if tail == "close" and res["left_open"]: p.append("connection left open")
        if e.get("no1xx") and n1: p.append("1xx sent")
        if probe and not probe[1] and probe[0] == 200: p.append("out of step")
        return p
    if e["expect"] == "forward":
        prob = forward_ok(n)
        if not prob: v = "PASS"
        elif obs in also or (obs == "close" and "reject-4xx" in also): v = "OKRFC"
        elif "forward-1" in also and not forward_ok(1): v = "OKRFC"
        else: v = "FAIL"
        out += prob if v != "PASS" else []
    else:
        if obs in ("reject-4xx", "close"):
            v = "PASS"
            if e["expect"] == "close" and obs == "reject-4xx": v = "PASS"
            if e.get("framing") and probe and probe[0] == 200: v = "FAIL"; out.append("connection used again after a framing error")
            if e.get("no1xx") and n1: v = "FAIL"; out.append("1xx sent before the refusal")
            if part and v == "PASS": v = "OKRFC"; out.append("part of the refused request reached the backend")
        elif obs == "hang" and "hang" in also: v = "OKRFC"
        elif obs == "forward" and "forward" in also:
            prob = forward_ok(n); v = "FAIL" if prob else "OKRFC"; out += prob
            if "forward-any" in also: v = "OKRFC"
        elif obs == "forward" and "forward-any" in also: v = "OKRFC"
        elif obs.startswith("answer-2") and "forward-0" in also: v = "OKRFC"
        else: v = "FAIL"; out.append("got " + obs)
    if dang:
        if "forward-any" in also and all("smuggled" in d or "evil" in d for d in dang): pass
        else: v = "FAIL" if e.get("soft") else "DANGER"; out = dang + out
    elif odd: v = "FAIL"; out = odd + out
    return dict(res, verdict=v, detail=out)

# ------------------------------------------------------------------ self-test proxies
def tiny_proxy(mode, upstream):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 0)); s.listen(64)
    def strict(c):
        buf = bytearray(); c.settimeout(3)
        while True:
            try: r, used = parse_request(buf)
            except More:
                if len(buf) > 65536 and b"\r\n\r\n" not in buf[:65536]: c.sendall(b"HTTP/1.1 431 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"); return
                d = c.recv(262144)
                if not d: return
                buf += d; continue
            except Bad: c.sendall(b"HTTP/1.1 400 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"); return
            del buf[:used]
            host = next((v for k, v in r["fields"] if k == "host"), b"")
            big = sum(len(k) + len(v) for k, v in r["fields"]) + len(r["target"]) + len(r["method"]) > 32768 or len(r["fields"]) > 200
            if big or len(r["method"]) > 32 or not re.match(rb"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?$", host) or (r["method"] == "POST" and not any(k in ("content-length", "transfer-encoding") for k, _ in r["fields"])):
                c.sendall(b"HTTP/1.1 %d x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % (431 if big else 400)); return
            con = {x.strip().lower() for k, v in r["fields"] if k == "connection" for x in v.decode("latin-1").split(",")}
            if not re.match(r"^/[^\s]*$", r["target"]) or r["method"] in ("TRACE", "CONNECT") or r["body"] and r["body"][:1] != b"{" or con & {"host", "content-length"}:
                c.sendall(b"HTTP/1.1 400 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"); return
            h = "%s %s HTTP/1.1\r\nHost: up.test\r\nContent-Length: %d\r\nConnection: close\r\n" % (r["method"], r["target"], len(r["body"]))
            drop = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade", "http2-settings", "expect", "trailer"} | con
            h = h.encode("latin-1") + b"".join(k.encode() + b": " + v + b"\r\n" for k, v in r["fields"] if k not in drop)
            u = socket.create_connection(upstream); u.sendall(h + b"\r\n" + r["body"]); b2 = bytearray()
            while True:
                d = u.recv(65536)
                if not d: break
                b2 += d
            u.close(); i = b2.find(b"\r\n\r\n"); close = r["close"]
            c.sendall(bytes(b2[:i]).replace(b"\r\nConnection: close", b"\r\nConnection: close" if close else b"") + bytes(b2[i:]))
            if close: return
    def relay(c):
        u = socket.create_connection(upstream)
        def one(x, y):
            try:
                while True:
                    d = x.recv(65536)
                    if not d: break
                    y.sendall(d)
                y.shutdown(socket.SHUT_WR)
            except OSError: pass
        t = threading.Thread(target=one, args=(c, u), daemon=True); t.start(); one(u, c); t.join(1); u.close()
    def refuse(c):
        c.settimeout(2); c.recv(65536); c.sendall(b"HTTP/1.1 403 no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    f = dict(copy=relay, refuse=refuse, strict=strict)[mode]
    def one(c):
        try: f(c)
        except OSError: pass
        finally:
            try: c.shutdown(socket.SHUT_RDWR)
            except OSError: pass
            c.close()
    def loop():
        while True:
            c, _ = s.accept(); threading.Thread(target=one, args=(c,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start(); return s.getsockname()

def hp(x):
    h, _, p = x.rpartition(":"); return (h or "127.0.0.1", int(p))

def suite(a, be, quiet=False):
    idx = json.load(open(os.path.join(a.dir, "index.json"))); res, t0 = [], time.time()
    kinds = set(a.kind.split(",")) if a.kind else None
    for e in idx:
        if a.only and not re.search(a.only, e["file"]): continue
        if kinds and e["kind"] not in kinds: continue
        if e.get("policy") and not a.policy: continue
        r = run_case(e, a, be); res.append(r)
        if not quiet and (a.verbose or r["verdict"] in ("FAIL", "DANGER")):
            print("%-6s %-26s want %-10s got %-20s %s | %s" % (r["verdict"], r["id"], e["expect"], r["obs"], r.get("statuses"), "; ".join(r["detail"])[:150]))
            if r["verdict"] == "DANGER": print("       why: " + e["why"])
    cnt = {}
    for r in res: cnt[r["verdict"]] = cnt.get(r["verdict"], 0) + 1
    print("%d cases: %s in %.0f s" % (len(res), ", ".join("%s %d" % (k, cnt.get(k, 0)) for k in ("PASS", "OKRFC", "FAIL", "DANGER")), time.time() - t0))
    return res, cnt

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("target", nargs="?"); p.add_argument("--backend", default="127.0.0.1:18081")
    for o in ("tls", "insecure", "origin", "selftest", "policy", "verbose", "no-victim"): p.add_argument("--" + o, action="store_true")
    for o in ("backend-cert", "backend-key", "only", "kind", "json", "path", "get-path", "cafile"): p.add_argument("--" + o)
    p.add_argument("--host", default="proxy.test"); p.add_argument("--add", action="append", default=[])
    p.add_argument("--timeout", type=float, default=2.5); p.add_argument("--dir", default=os.path.join(CORPUS, "h1"))
    a = p.parse_args()
    if a.selftest:
        be = Backend(("127.0.0.1", 0)); ok = True
        for mode in ("copy", "refuse", "strict"):
            a.addr, a.tls = tiny_proxy(mode, be.addr), False; print("--- " + mode)
            a.no_victim = mode == "refuse"
            res, cnt = suite(a, be, quiet=(mode != "strict"))
            by = {r["id"]: r["verdict"] for r in res}
            if mode == "copy": ok &= cnt.get("DANGER", 0) > 60 and by.get("clte-1", "DANGER") == "DANGER" and by.get("ok-get", "PASS") == "PASS"
            if mode == "refuse": ok &= not cnt.get("DANGER") and by.get("ok-get", "FAIL") == "FAIL" and by.get("clte-1", "PASS") == "PASS"
            if mode == "strict": ok &= not cnt.get("DANGER") and not cnt.get("FAIL")
        print("selftest", "ok" if ok else "BROKEN"); sys.exit(0 if ok else 1)
    if not a.target: p.error("no target")
    a.addr = hp(a.target); be = None
    if not a.origin:
        ctx = None
        if a.backend_cert: ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); ctx.load_cert_chain(a.backend_cert, a.backend_key)
        be = Backend(hp(a.backend), ctx)
    res, cnt = suite(a, be)
    if a.json: json.dump(res, open(a.json, "w"), indent=0)
    sys.exit(2 if cnt.get("DANGER") else 1 if cnt.get("FAIL") else 0)

if __name__ == "__main__": main()
