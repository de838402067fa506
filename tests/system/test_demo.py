#!/usr/bin/env python3
"""`make demo` does the main job: it ends well, shows the three columns, and no secret is in the middle one."""
import os
import re
import subprocess

import privet


def run(test, *more):
    """The demo on ports of its own, so that a running one is not in the way."""
    r = subprocess.run(["python3", os.path.join(privet.ROOT, "tests", "demo.py"), "--privet", test.binary, "--once", "--ports", "0", *more],
                       cwd=privet.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=90)
    assert r.returncode == 0, r.stdout[-1500:] + r.stderr[-1500:]
    return r.stdout


def test_once(test):
    out = run(test)
    assert out.count("what the model saw") == 3 and "export OPENAI_BASE_URL=https://localhost:" in out, out
    middle = " ".join(line.split("|")[1] for line in out.splitlines() if line.count("|") == 2)
    assert "EMAIL_ADDRESS_1" in middle and "REDACTED" in middle and "CREDIT_CARD_1" in middle, middle
    for secret in ("AKIAQX3BD7", "maria.keller", "4111", "MIIBOg"):
        assert secret not in middle, middle


def test_with_redis(test):
    out = run(test, "--redis")
    assert re.search(r"stream \S+: [1-9]\d* records", out), out[-1500:]


if __name__ == "__main__":
    privet.Report.main(globals())
