#!/usr/bin/env python3
"""Out of memory: allocations fail under load, every so often. The process lives, no answer shows that a secret went
unscreened, and when memory is back, so is the service."""
import argparse
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "AKIAQX3BD7ZJ2M5KW6RT"  # the echoing model would show it
WITHIN = 20.0


class Load:
    """Requests from a few threads until told to stop; what came back is counted."""

    def __init__(self, port, threads=4):
        self.port, self.ok, self.refused, self.broken, self.leaks = port, 0, 0, 0, 0
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(threads)]
        for t in self.threads:
            t.start()

    def run(self, number):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        body = json.dumps({"model": "m", "stream": number % 2 == 1,
                           "messages": [{"role": "user", "content": "aws_access_key_id = %s, why?" % SECRET}]})
        while not self.stop.is_set():
            c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WITHIN, context=ctx)
            try:
                for _ in range(20):
                    c.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
                    r = c.getresponse()
                    text = r.read()
                    with self.lock:
                        self.ok += r.status == 200
                        self.refused += r.status != 200
                        self.leaks += SECRET.encode() in text
                    if self.stop.is_set():
                        break
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.broken += 1
            finally:
                c.close()

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join(WITHIN)


def wait_for(condition, what):
    end = time.monotonic() + WITHIN
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (WITHIN, what))
        time.sleep(0.01)


def run(binary, preload, folder, every):
    config = os.path.join(folder, "privet.yaml")
    with open(config, "w") as f:
        f.write("listeners:\n  - {address: \"127.0.0.1:0\", tls: {certificate: %s/c.pem, key: %s/k.pem}}\nworkers: 2\n"
                "filters: {packs: [secrets]}\nbackends: {echo: {url: \"builtin:echo\"}}\nroutes: [{name: all, target: echo}]\n"
                "audit: {journal: {directory: %s/audit}}\nlogging: {level: error}\n" % (folder, folder, folder))
    env = dict(os.environ, LD_PRELOAD=preload, FAILALLOC_EVERY=str(every), PRIVET_RULES=os.path.join(ROOT, "config", "rules"))
    with open(os.path.join(folder, "log"), "wb") as log:
        p = subprocess.Popen([binary, "run", "-c", config], stdout=subprocess.PIPE, stderr=log, env=env)
    timer = threading.Timer(60, p.kill)
    timer.start()
    try:
        port = None
        for line in p.stdout:
            words = line.decode().split()
            if words[0] == "listening":
                port = int(words[1].rsplit(":", 1)[1])
            if words == ["ready"]:
                break
        assert port, "did not start"
        load = Load(port)
        wait_for(lambda: load.ok > 20, "service before")
        p.send_signal(signal.SIGUSR2)
        before = load.ok + load.refused + load.broken
        wait_for(lambda: load.ok + load.refused + load.broken > before + 200 or p.poll() is not None, "attempts without memory")
        assert p.poll() is None, "died: %s" % p.returncode
        p.send_signal(signal.SIGUSR2)
        after = load.ok
        wait_for(lambda: load.ok > after + 50, "service when memory is back")
        load.end()
        assert load.leaks == 0, "%d answers show the secret" % load.leaks
        assert load.refused + load.broken > 0, "nothing failed: this tests nothing"
        p.send_signal(signal.SIGTERM)
        assert p.wait(WITHIN) == 0, "exit status %s" % p.returncode
    finally:
        timer.cancel()
        if p.poll() is None:
            p.kill()
            p.wait()
        p.stdout.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    binary = os.path.abspath(os.path.join(parser.parse_args().build, "privet"))
    with open(binary, "rb") as f:
        if b"__asan_init" in f.read() or "tsan" in binary:
            print("SKIP memory a sanitizer has an allocator of its own")
            return 0
    failed = 0
    with tempfile.TemporaryDirectory() as top:
        preload = os.path.join(top, "failalloc.so")
        cc = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "clang"
        subprocess.run([cc, "-O2", "-shared", "-fPIC", "-o", preload, os.path.join(ROOT, "tests", "system", "lib", "failalloc.c")],
                       check=True)
        for every in (11, 97, 499, 2003):
            folder = os.path.join(top, str(every))
            os.mkdir(folder)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-keyout", folder + "/k.pem", "-out", folder + "/c.pem", "-subj", "/CN=localhost"],
                           check=True, stderr=subprocess.DEVNULL)
            try:
                run(binary, preload, folder, every)
                print("PASS every_%dth_allocation_fails" % every)
            except Exception as e:
                failed += 1
                with open(os.path.join(folder, "log")) as f:
                    print("FAIL every_%dth_allocation_fails %s\n%s" % (every, e, f.read()[-1500:]))
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
