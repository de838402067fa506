#!/usr/bin/env python3
"""Sends tests/corpus/json to a scrubbing proxy and judges status and what the backend
got. Standard library only; the backend is that of run_h1.py.

  run_json.py HOST:PORT [--tls --insecure] [--backend 127.0.0.1:PORT]
     [--backend-cert F --backend-key F] [--mode redact|block] [--suite]
     [--only RE] [--host NAME] [--add 'Name: value'] [--chunked] [--json FILE]
  --dir DIR or JSON_CASES=DIR takes the cases from another folder; --suite-dir DIR
  holds suite.json and suite/ (a parser test suite; not part of this repository).
  run_json.py --selftest      against a built-in proxy made of scrub_ref.py, and
                              one that copies (which must leak)

PASS, OK (an outcome in `also`), FAIL, LEAK (a secret reached the backend, or
invalid JSON did). --chunked sends bodies in 7-byte chunks, so that secrets lie
across chunk borders. Exit status 0, 1 (FAIL), 2 (LEAK)."""
import argparse, http.server, json, os, re, ssl, sys, threading, time
HERE = os.path.dirname(os.path.abspath(__file__)); sys.path[:0] = [HERE]
import run_h1, scrub_ref

def request(a, body, path, id):
    h = "POST %s HTTP/1.1\r\nHost: %s\r\nX-Case: %s\r\nContent-Type: application/json\r\nConnection: close\r\n" % (path, a.host, id)
    h += "".join(x + "\r\n" for x in a.add)
    if a.chunked and len(body) < 200000:
        b = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"; h += "Transfer-Encoding: chunked\r\n\r\n"
    else: b = body; h += "Content-Length: %d\r\n\r\n" % len(body)
    c = run_h1.Conn(a)
    try: c.s.settimeout(20); c.s.sendall(h.encode() + b)
    except OSError: pass
    c.responses(1, a.timeout); c.close()
    return c.got[0][0] if c.got else (0 if c.eof else -1)

def leaks(body, secrets):
    """Secrets that can be read from the body, raw or decoded, folded or not."""
    texts = [body.decode("utf-8", "replace")]
    try: texts += [t for k, s, e, t, o in scrub_ref.tokens(body, 100000, dup=False) if k in "sk"]
    except scrub_ref.Err: pass
    for t in list(texts):
        if "\\" in t:
            texts.append(re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), t))
    return sorted({s for s in secrets for t in texts for v, _ in scrub_ref.views(t) if s in v})

def others_same(a, b, secrets):
    """Every token that held no secret is the same, byte for byte, in order."""
    try: x, y = scrub_ref.tokens(a, 100000), scrub_ref.tokens(b, 100000)
    except scrub_ref.Err as e: return "backend got invalid JSON: %s" % e
    if len(x) != len(y): return "%d tokens became %d" % (len(x), len(y))
    last = 0, 0
    for p, q in zip(x, y):
        ra, rb = a[p[1]:p[2]], b[q[1]:q[2]]
        if a[last[0]:p[1]] != b[last[1]:q[1]]: return "white space changed near %d" % p[1]
        if ra != rb and not (p[0] in "skn" and leaks(ra, secrets) or p[0] in "sk" and not secrets): return "token changed: %r -> %r" % (ra[:40], rb[:40])
        last = p[2], q[2]
    return ""

def one(a, be, id, raw, exp, also, secrets, path, inner=False):
    m = be.mark(); st = request(a, raw, path, id); run_h1.quiesce(be); reqs, bad, part = be.since(m)
    body = reqs[0]["body"] if reqs else None; out = []; obs = None
    lk = leaks(body if body is not None else b"".join(part.values()), secrets) if (reqs or part) else []
    if len(reqs) > 1: out.append("%d requests" % len(reqs))
    if body is None: obs = "400" if st in (400, 413, 415, 422) else "blocked" if 400 <= st < 500 else "close" if st == 0 else "hang" if st < 0 else "error-%d" % st
    elif body == raw: obs = "byte-identical"
    else:
        w = others_same(raw, body, secrets); obs = "redacted" if not w else "changed"; out += [w] if w else []
    ok = {exp} | set(also)
    if a.mode == "block" and "redacted" in ok: ok |= {"blocked", "400"}
    if "blocked" in ok: ok.add("400")
    if "400" in ok: ok.add("blocked")
    if obs in ("redacted", "byte-identical") and not 200 <= st < 300: out.append("status %d" % st)
    v = "PASS" if obs == exp or (obs in ("400", "blocked") and exp in ("400", "blocked")) else "OK" if obs in ok else "FAIL"
    if inner and obs == "redacted":
        for t in scrub_ref.tokens(body, dup=False):
            if t[0] == "s" and t[3][:1] == "{":
                try: scrub_ref.tokens(t[3].encode(), dup=False)
                except scrub_ref.Err as e: v = "FAIL"; out.append("JSON inside a string is broken: %s" % e)
    if lk and not (v == "OK" and obs == "byte-identical"): v = "LEAK"; out.append("leaked %s" % lk)
    if exp == "400" and not also and body is not None: v = "LEAK"; out.append("invalid JSON was sent on")
    return dict(id=id, verdict=v, expect=exp, obs=obs, status=st, detail=out)

def suite(a, be, quiet=False):
    res = []; t0 = time.time(); d = a.dir
    todo = [] if a.suite == "only" else [(e["file"], d, e["file"], b"", b"", e["expect"], e["also"], e["secrets"], e["path"], e.get("inner_json")) for e in json.load(open(os.path.join(d, "index.json")))]
    if a.suite:
        d = a.suite_dir; s = json.load(open(os.path.join(d, "suite.json"))); w = [x.encode() for x in s["wrap"]]
        todo += [("suite/" + e["file"], os.path.join(d, "suite"), e["file"], w[0], w[1], e["wrapped"], ["400"] if e["class"] == "i" else [], [], "/v1/chat/completions", False) for e in s["files"]]
    for id, folder, f, pre, post, exp, also, secrets, path, inner in todo:
        if a.only and not re.search(a.only, id): continue
        r = one(a, be, id, pre + run_h1.case_bytes(folder, f) + post, exp, also, secrets, path, inner); res.append(r)
        if not quiet and r["verdict"] in ("FAIL", "LEAK"): print("%-5s %-34s want %-15s got %-15s %s %s" % (r["verdict"], id, exp, r["obs"], r["status"], "; ".join(r["detail"])[:120]))
    cnt = {k: sum(r["verdict"] == k for r in res) for k in ("PASS", "OK", "FAIL", "LEAK")}
    print("%d cases: %s in %.0f s" % (len(res), ", ".join("%s %d" % x for x in cnt.items()), time.time() - t0)); return res, cnt

def tiny(scrub, up):
    class H(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *x): pass
        def answer(self, st, b=b""):
            self.send_response(st); self.send_header("Content-Length", str(len(b))); self.send_header("Connection", "close"); self.end_headers(); self.wfile.write(b); self.close_connection = True
        def do_POST(self):
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                b = b""
                while True:
                    n = int(self.rfile.readline(), 16); b += self.rfile.read(n); self.rfile.readline()
                    if not n: break
            else: b = self.rfile.read(int(self.headers["Content-Length"]))
            if scrub:
                v, o = scrub_ref.scrub(b)
                if v == "blocked": return self.answer(403)
                if v == "400" or b.lstrip()[:1] != b"{": return self.answer(400)
                b = o
            import http.client; c = http.client.HTTPConnection(*up); c.request("POST", self.path, b, {"X-Case": self.headers["X-Case"], "Connection": "close"}); r = c.getresponse(); self.answer(r.status, r.read())
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H); threading.Thread(target=s.serve_forever, daemon=True).start(); return s.server_address

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("target", nargs="?"); p.add_argument("--backend", default="127.0.0.1:18081"); p.add_argument("--mode", choices=("redact", "block"), default="redact")
    for o in ("tls", "insecure", "suite", "chunked", "selftest"): p.add_argument("--" + o, action="store_true")
    for o in ("backend-cert", "backend-key", "only", "json", "cafile"): p.add_argument("--" + o)
    p.add_argument("--host", default="proxy.test"); p.add_argument("--add", action="append", default=[]); p.add_argument("--timeout", type=float, default=15)
    p.add_argument("--dir", default=os.environ.get("JSON_CASES", os.path.join(run_h1.CORPUS, "json"))); p.add_argument("--suite-dir", default=".")
    a = p.parse_args()
    if a.selftest:
        be = run_h1.Backend(("127.0.0.1", 0)); a.suite = a.suite_dir != "."; good = True
        for sc in (True, False):
            a.addr = tiny(sc, be.addr); print("--- " + ("reference scrubber" if sc else "copies")); res, cnt = suite(a, be, quiet=not sc)
            good &= (cnt["FAIL"] == cnt["LEAK"] == 0) if sc else cnt["LEAK"] > (200 if a.suite else 25)
        print("selftest", "ok" if good else "BROKEN"); sys.exit(not good)
    if not a.target: p.error("no target")
    ctx = None
    if a.backend_cert: ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); ctx.load_cert_chain(a.backend_cert, a.backend_key)
    a.addr = run_h1.hp(a.target); be = run_h1.Backend(run_h1.hp(a.backend), ctx); res, cnt = suite(a, be)
    if a.json: json.dump(res, open(a.json, "w"), indent=0)
    sys.exit(2 if cnt["LEAK"] else 1 if cnt["FAIL"] else 0)

if __name__ == "__main__": main()
