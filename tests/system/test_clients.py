#!/usr/bin/env python3
"""Real SDKs through the real binary over TLS, in front of a fake model that speaks the real protocol; afterwards the
model must have seen no secret. The SDKs come from npm, once, into build/clients; without npm this counts as skipped."""
import hashlib
import os
import re
import shutil
import subprocess
import urllib.request

import privet
from privet import Privet, Skip, until

CLIENTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "clients")
# What this version speaks: OpenAI chat completions and models. Left out: runTools, whose tool wants a secret back in its
# arguments, where no secret is ever put.
ONLY = (r"^(openai\.(models|chat|tools(?! runTools)|refusal|content_filter|error|retry|x-should|close|truncated|bad|empty|length|abort|client timeout|"
        r"hang|request id)|raw (chunked|expect|unknown content|invalid|escaped|odd|stream framing|HEAD)|secrets do not)")
SECRETS = ("maria.keller@hospital.example.org", "AKIAIOSFODNN7EXAMPLE", "DE89370400440532013000", "4111 1111 1111 1111", "wang.wei@example.cn")


def installed():
    """The folder with node_modules, for this lock file."""
    if not shutil.which("npm"):
        raise Skip("npm is not installed")
    folder = os.path.join(privet.ROOT, "build", "clients")
    lock = open(os.path.join(CLIENTS, "package-lock.json"), "rb").read()
    stamp = os.path.join(folder, "stamp-" + hashlib.sha256(lock).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    for f in ("package.json", "package-lock.json", ".npmrc", "clients.mjs", "upstream.mjs"):
        shutil.copy(os.path.join(CLIENTS, f), folder)
    if not os.path.exists(stamp):
        r = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=200)
        if r.returncode:
            raise Skip("npm could not install the SDKs")
        open(stamp, "w").close()
    return folder


def get(url):
    return urllib.request.urlopen(url, timeout=20).read().decode()


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def healthy(url):
    try:
        return get(url + "/__health")
    except OSError:
        return None


def test_sdks(test):
    folder = installed()
    node = os.path.join(folder, "node_modules/.bin/node")
    url = "http://127.0.0.1:%d" % free_port()
    up = subprocess.Popen([node, os.path.join(folder, "upstream.mjs"), url.rsplit(":", 1)[1], "--quiet"], stdout=subprocess.DEVNULL)
    try:
        until("the fake model", lambda: healthy(url))
        with Privet(test, {"policies": {"default": {"request": {"secrets": "tokenize"}}}}, {"fake": {"url": url, "key": "passthrough"}}) as p:
            r = subprocess.run([node, os.path.join(folder, "clients.mjs"), "https://localhost:%d" % p.tls[1], "--ca", p.certificate[0], "--seen", url,
                                "--expect-scrub", "--only", ONLY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200)
            bad = [x for x in r.stdout.splitlines() if x.startswith("FAIL")]
            for line in r.stdout.splitlines():
                if line.startswith("PASS"):
                    print("PASS clients/" + " ".join(line.split()[1:])[:100])
            for line in bad:
                print("FAIL clients/" + line[5:300])
            assert re.search(r"\d+ passed, 0 failed", r.stdout) or bad, r.stdout[-500:] + r.stderr[-500:]
            assert not bad, "%d SDK cases failed" % len(bad)
            seen = get(url + "/__seen?last=100000")
            for s in SECRETS:
                privet.assert_not_in(seen, s, "what the model saw")
    finally:
        up.kill()
        up.wait()


if __name__ == "__main__":
    privet.Report.main(globals())
