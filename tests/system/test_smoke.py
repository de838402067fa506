#!/usr/bin/env python3
"""The way through, once, plain and over TLS, whole and streamed: secrets stay, originals come back, one record each."""
import os

from privet import FakeModel, Privet, Report, assert_in_no_file, assert_not_in, canary_email, canary_key


def test_way_through(t):
    key, mail = canary_key(), canary_email()
    said = "my key is %s and my mail %s, thanks" % (key, mail)
    with FakeModel() as model, Privet(t, backends={"m": model.url}) as p:
        for tls in (False, True):
            for stream in (False, True):
                with p.client(tls) as c:
                    r = c.chat(said, stream=stream)
                assert r.status == 200, r
                assert mail in r.text and "thanks" in r.text, "not restored: " + r.text
                assert key not in r.text, "a redacted secret came back"
        assert_not_in(model.seen(), key, "what the model saw")
        assert_not_in(model.seen(), mail, "what the model saw")
        assert len(model.bodies()) == 4
        outcomes = p.outcomes(4)
        assert [o["status"] for o in outcomes] == [200] * 4, outcomes
        assert len({o["id"] for o in outcomes}) == 4
        status, text = p.verify_journal()
        assert status == 0, text
        assert p.admin_get("/healthz").status == 200
        metrics = p.admin_get("/metrics")
        assert metrics.status == 200
        assert_not_in(metrics.body, key, "the metrics")
    assert assert_in_no_file(t.folder, key, mail) > 4


def test_keep_alive_and_pipelining(t):
    with FakeModel() as model, Privet(t, backends={"m": model.url}) as p, p.client(tls=True) as c:
        for i in range(20):
            assert c.chat("number %d" % i).text == "number %d" % i
        body = b'{"model":"m","messages":[{"role":"user","content":"pipelined"}]}'
        one = c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body
        c.send(one * 10)
        for _ in range(10):
            assert c.response().text == "pipelined"
        assert model.connections <= 4, "%d upstream connections for one caller" % model.connections


def test_unreachable_model(t):
    with FakeModel() as gone:
        url = gone.url
    with Privet(t, backends={"m": url}) as p:
        r = p.client().chat("x")
        assert r.status == 502 and r.json()["error"]["type"], r
        assert p.client().chat("x").status == 502


def test_wrong_configuration(t):
    """It must not start, and must name the place."""
    import subprocess
    path = t.write("bad.yaml", "listeners:\n  - address: 127.0.0.1:0\nbackends: {m: {url: 'http://127.0.0.1:1'}}\nrouts: []\n")
    done = subprocess.run([t.binary, "run", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                          env=dict(os.environ))
    assert done.returncode != 0
    assert b"bad.yaml:4" in done.stderr and b"routes" in done.stderr, done.stderr
    assert b"ready" not in done.stdout


if __name__ == "__main__":
    Report.main(globals())
