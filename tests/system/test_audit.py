#!/usr/bin/env python3
"""privet audit on what a real proxy wrote: verify, tail and show, beside the running proxy and after it; log injection."""
import json
import os
import subprocess

from privet import DEADLINE, Privet, Report, assert_not_in, canary_key, until


def audit(p, *words, key=True):
    """-> (status, output) of `privet audit ...`, by the configuration file."""
    command = [p.test.binary, "audit", *words] + (["-c", p.path] if key else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE, env=p.environment)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def segments(p):
    return [os.path.join(p.journal, n) for n in sorted(os.listdir(p.journal)) if n.endswith(".jsonl")]


def test_verify_tail_show(t):
    secret = canary_key()
    with Privet(t, {"workers": 1}, backends={"m": "builtin:echo"}) as p:
        with p.client() as c:
            for i in range(30):
                assert c.chat("take %s and %d" % (secret, i), headers={"X-Request-Id": "id-%d" % i}).status == 200
        p.outcomes(30)
        status, text = audit(p, "verify")
        assert status == 0 and " 0 breaks, " in text, text
        status, text = audit(p, "tail", "-n", "5")
        rows = text.splitlines()
        assert status == 0 and len(rows) == 6 and "id-29" in rows[5] and " 200 " in rows[5], text
        assert_not_in(text, secret, "privet audit tail")
        status, text = audit(p, "tail", "-n", "4", "--json")
        values = [json.loads(line) for line in text.splitlines()]
        assert status == 0 and [v["event"] for v in values] == ["intent", "outcome"] * 2, text
        status, text = audit(p, "show", "id-7")
        assert status == 0 and '"intent"' in text and '"outcome"' in text and "id-8" not in text, text
        assert audit(p, "show", "id-77")[0] == 1
    status, text = audit(p, "verify")
    assert status == 0 and text.strip().endswith("61 lines: 0 breaks, 0 notes"), text
    # By directory, with the key that lies there.
    done = audit(p, "verify", "--directory", p.journal, key=False)
    assert done[0] == 0, done


def test_tampering(t):
    with Privet(t, {"workers": 1}, backends={"m": "builtin:echo"}) as p:
        with p.client() as c:
            for i in range(10):
                c.chat("x", headers={"X-Request-Id": "id-%d" % i})
        p.outcomes(10)
    path = segments(p)[0]
    with open(path, "rb") as f:
        whole = f.read()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 21
    file = os.path.basename(path)
    cases = [
        ("edited", lines[:5] + [lines[5].replace(b'"status":200', b'"status":400').replace(b'"method":"POST"', b'"method":"GET" ')] + lines[6:], 6),
        ("missing", lines[:5] + lines[6:], 6),
        ("out of order", lines[:5] + [lines[6], lines[5]] + lines[7:], 7),
        ("duplicated", lines[:6] + lines[5:], 7),
        ("cut", lines[:-3], 19),
    ]
    for kind, changed, where in cases:
        with open(path, "wb") as f:
            f.write(b"".join(changed))
        status, text = audit(p, "verify")
        assert status == 1 and "%s:%d: %s: " % (file, where, kind) in text, (kind, text)
    with open(path, "wb") as f:
        f.write(whole)
    assert audit(p, "verify")[0] == 0


def test_usage(t):
    with Privet(t, backends={"m": "builtin:echo"}) as p:
        for words in ([], ["verifi"], ["show"], ["verify", "x"], ["tail", "-n", "0"], ["tail", "-n", "x"]):
            status, text = audit(p, *words)
            assert status == 2 and text.startswith("privet audit: "), (words, status, text)
        assert "did you mean `verify`" in audit(p, "verifi")[1]
        assert audit(p, "verify", key=False)[0] == 2
        assert audit(p, "verify", "--directory", t.path("nowhere"), key=False)[0] == 1


def test_injection(t):
    """What a caller sends cannot make a line, end one, or steer a terminal; the record is one valid JSON line."""
    nasty = ['a"b', "a\\b", "a\x1b[31mb", "x" * 65000, "\x7f", "{}", "\u202e"]
    with Privet(t, {"workers": 1}, backends={"m": "builtin:echo"}) as p:
        sent = 0
        for value in nasty:
            with p.client() as c:
                body = json.dumps({"model": "m" + value[:200], "messages": [{"role": "user", "content": "x"}]}).encode()
                head = ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Request-Id: %s\r\nUser-Agent: %s\r\nContent-Type: "
                        "application/json\r\nContent-Length: %d\r\n\r\n" % (value[:8000], value[:8000], len(body))).encode("utf-8")
                c.send(head + body)
                if c.response().status in (200, 404):
                    sent += 1
        assert sent >= 3, sent
        until("records", lambda: len(p.records("outcome")) >= sent)
        status, text = audit(p, "verify")
        assert status == 0, text
        for path in segments(p):
            with open(path, "rb") as f:
                for line in f.read().split(b"\0")[0].splitlines():
                    json.loads(line)
                    assert len(line) < 4096 and all(32 <= b != 127 for b in line), line[:200]
        for line in p.errors().splitlines():
            json.loads(line)
        assert "\x1b" not in p.errors() and "\x1b" not in audit(p, "tail")[1]


if __name__ == "__main__":
    Report.main(globals())
