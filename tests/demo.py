#!/usr/bin/env python3
"""`make demo`: Privet in front of its built-in echo model, and three columns for each prompt."""
import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import time

WIDTH = 38
PEM = ("-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n"
       "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm\n-----END RSA PRIVATE KEY-----")
PROMPTS = [
    ("plain", "Why does this fail? aws_access_key_id = AKIAQX3BD7ZJ2M5KW6RT\nMail maria.keller@hospital.example when done."),
    ("streamed", "Book it on card 4111 1111 1111 1111 for maria.keller@hospital.example and tell her it is done."),
    ("plain", "Is this key still good?\n" + PEM),
]


def fail(why):
    print("demo: " + why, file=sys.stderr)
    sys.exit(1)


def certificate(folder):
    """A certificate of our own for localhost, if there is none."""
    os.makedirs(folder, exist_ok=True)
    pem, key = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")
    if not (os.path.exists(pem) and os.path.exists(key)):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "825",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", pem],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600)
    return pem


def free_port(host="127.0.0.1"):
    with socket.socket() as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Redis:
    """A redis-server of our own, for REDIS=1."""

    def __init__(self, folder):
        self.port = free_port()
        self.proc = subprocess.Popen(["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", folder, "--save", "",
                                      "--appendonly", "yes", "--loglevel", "warning"], stdout=subprocess.DEVNULL)

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True).stdout

    def wait(self):
        """Until the first record has been shipped."""
        end = time.monotonic() + 20
        while not self.cli("--scan", "--pattern", "*audit*").strip():
            if time.monotonic() > end:
                fail("no record came to Redis within 20 s")
            time.sleep(0.05)

    def show(self):
        keys = self.cli("--scan", "--pattern", "*audit*").split()
        print("\nIn Redis now:")
        for k in sorted(keys):
            out = self.cli("XREVRANGE", k, "+", "-", "COUNT", "1")
            n = self.cli("XLEN", k).strip()
            if n.isdigit() and int(n):
                print("  stream %s: %s records; the last:" % (k, n))
                print(textwrap.indent(textwrap.fill(" ".join(out.split()), 110), "    "))


def configuration(folder, redis, any_port):
    """The shipped configuration as it is; with REDIS=1 its audit section gets a Redis."""
    shipped = os.path.abspath("config/privet.yaml")
    if not redis and not any_port:
        return shipped
    path = os.path.join(folder, "privet.yaml")
    text = open(shipped).read()
    if redis:
        text, n = re.subn(r"(?m)^audit:\n", "audit:\n  redis: {url: \"redis://127.0.0.1:%d/0\"}\n" % redis.port, text)
        if n != 1:
            fail("config/privet.yaml has no audit section")
    if any_port:
        text = re.sub(r"(address: 127\.0\.0\.1):\d+", r'\1:0', text)
    with open(path, "w") as f:
        f.write(text)
    return path


def start(privet, config, tls, folder):
    env = dict(os.environ, PRIVET_TLS=tls, PRIVET_STATE=folder, PRIVET_RULES=os.path.abspath("config/rules"))
    p = subprocess.Popen([privet, "run", "-c", config], stdout=subprocess.PIPE, text=True, env=env)
    address = None
    for line in p.stdout:
        words = line.split()
        if words[:1] == ["listening"] and words[2:] == ["tls"]:
            address = words[1]
        if words == ["ready"]:
            return p, address
    fail("privet did not start (exit status %s)" % p.wait())


def ask(address, cafile, prompt, stream):
    """What any client would do. Returns what the model saw and what the app got."""
    host, port = address.rsplit(":", 1)
    c = http.client.HTTPSConnection("localhost" if host in ("0.0.0.0", "127.0.0.1") else host, int(port), timeout=20,
                                    context=ssl.create_default_context(cafile=cafile))
    c.request("POST", "/v1/chat/completions", json.dumps({"model": "echo", "stream": stream, "messages": [{"role": "user", "content": prompt}]}),
              {"content-type": "application/json", "authorization": "Bearer any"})
    r = c.getresponse()
    body = r.read().decode()
    if r.status != 200:
        fail("the proxy answered %d: %s" % (r.status, body))
    saw = base64.b64decode(r.getheader("x-echo-saw") or "").decode()
    if not stream:
        got = json.loads(body)["choices"][0]["message"]["content"]
    else:
        events = [e[6:] for e in body.split("\n\n") if e.startswith("data: ") and e != "data: [DONE]"]
        got = "".join(json.loads(e)["choices"][0]["delta"].get("content") or "" for e in events)
    return saw, got, r.getheader("x-privet-findings") or "none"


def columns(titles, texts):
    cols = [[w for line in t.split("\n") for w in (textwrap.wrap(line, WIDTH, break_on_hyphens=False) or [""])] for t in texts]
    print(" | ".join(t.ljust(WIDTH) for t in titles))
    print("-+-".join("-" * WIDTH for _ in titles))
    for i in range(max(map(len, cols))):
        print(" | ".join((c[i] if i < len(c) else "").ljust(WIDTH) for c in cols).rstrip())


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--privet", default="build/privet")
    p.add_argument("--once", action="store_true")
    p.add_argument("--redis", action="store_true")
    p.add_argument("--ports", type=int, help="0: any free ports instead of the configuration's")
    a = p.parse_args()
    work = tempfile.mkdtemp(prefix="privet-demo-")
    tls = os.path.abspath(os.path.join(os.path.dirname(a.privet) or ".", "demo-tls"))
    ca = certificate(tls)
    redis = Redis(work) if a.redis else None
    proxy = None
    try:
        proxy, address = start(a.privet, configuration(work, redis, a.ports == 0), tls, work)
        ok = True
        for kind, prompt in PROMPTS:
            saw, got, findings = ask(address, ca, prompt, kind == "streamed")
            print("\n== %s; found: %s\n" % (kind, findings))
            columns(["what the app sent", "what the model saw", "what the app got back"], [prompt, saw, got])
            for secret in ("AKIAQX3BD7ZJ2M5KW6RT", "maria.keller@hospital.example", "4111 1111 1111 1111", "MIIBOgIBAAJBAKj34"):
                ok = ok and secret not in saw
            ok = ok and ("maria" not in prompt or "maria.keller@hospital.example" in got)
        if not ok:
            fail("a secret reached the model, or was not put back")
        if redis:
            redis.wait()
            redis.show()
        print("\nPoint an application at it:\n")
        print("  export OPENAI_BASE_URL=https://localhost:%s/v1" % address.rsplit(":", 1)[1])
        print("  export SSL_CERT_FILE=%s NODE_EXTRA_CA_CERTS=%s\n" % (ca, ca))
        if a.once:
            return
        print("Privet goes on running here; Ctrl-C ends it.")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        proxy.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for child in [proxy, redis and redis.proc]:
            if child and child.poll() is None:
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
        shutil.rmtree(work, ignore_errors=True)


main()
