#!/usr/bin/env python3
"""Large bodies are screened beside the loop: others do not wait, and the client, the configuration and the process may
change meanwhile."""
import copy
import json
import signal
import threading
import time

import privet
from privet import FakeModel, Privet, Report, until

# Numbers that are nearly something: 16 MiB of them take about half a second to screen, some fifty times as long as the
# small requests beside them.
UNIT = "+44 20 7946 0958 0 123-45-6789 1.2.3.4 12:34:56:78:9a:bc 2024-01-02 4111111111111112 "
MARK = "AKIAQ3EGRIJ5JZQUK4WP"
BLOCK = {"policies": {"default": {"request": {"secrets": "block"}}}}


def large(size=16 << 20, mark=MARK):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": UNIT * (size // len(UNIT)) + mark}]}).encode()


def start(p, body, seconds=120):
    """Sends a large request whole; -> its client, whose answer is still to come."""
    c = p.client(deadline=seconds)
    c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body)
    return c


def one_worker(test, model, config=None, **more):
    return Privet(test, privet.merge({"workers": 1, **copy.deepcopy(BLOCK)}, config or {}), backends={"m": model.url}, **more)


def test_small_requests_do_not_wait_for_a_large_one(test):
    order = []

    def read_large(c):
        order.append("large %d" % c.response().status)

    with FakeModel() as model, one_worker(test, model) as p, p.client() as small:
        assert small.chat("warm").status == 200
        with start(p, large()) as c:
            reader = threading.Thread(target=read_large, args=(c,), daemon=True)
            reader.start()
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
            one = small.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body
            small.send(one * 50)
            for _ in range(50):
                order.append("small %d" % small.response().status)
            reader.join(120)
        assert order == ["small 200"] * 50 + ["large 400"], order
        privet.assert_not_in(model.seen(), MARK, "the model's view")


def test_a_large_body_comes_through_scrubbed(test):
    with FakeModel("text ok") as model, Privet(test, {"workers": 1}, backends={"m": model.url}) as p:
        for size in (100 << 10, 140 << 10, 3 << 20):
            with start(p, large(size)) as c:
                r = c.response()
                assert r.status == 200, r
                sent = json.loads(model.last().body)["messages"][0]["content"]
                assert sent.endswith("[REDACTED:aws-access-token]") and MARK not in sent, sent[-60:]
        records = p.outcomes(3)
        assert all(any(f["rule"] == "aws-access-token" for f in r["findings"]) and r["screen_us"] for r in records), records


def test_a_large_body_that_is_no_json_is_refused(test):
    with FakeModel() as model, one_worker(test, model) as p:
        with start(p, large()[:-1]) as c:
            assert c.response().status == 400
            assert c.chat("and goes on").status == 200
        assert len(model.requests) == 1


def test_the_client_may_leave_meanwhile(test):
    with FakeModel() as model, one_worker(test, model) as p, p.client() as small:
        for how in ("reset", "close"):
            c = start(p, large(6 << 20))
            assert small.chat("the loop has come round").status == 200
            getattr(c, how)()
            assert small.chat("still here").status == 200
        gone = [r for r in p.outcomes(6) if r["error"] == "client_gone"]
        assert len(gone) == 2 and all("attempts" not in r for r in gone), gone
        until("nothing open", lambda: b"\nprivet_requests_in_flight 0\n" in p.admin_get("/metrics").body)


def test_a_reload_does_not_reach_what_is_being_screened(test):
    with FakeModel() as model, one_worker(test, model) as p, p.client() as small:
        with start(p, large(6 << 20)) as c:
            assert small.chat("the loop has come round").status == 200
            p.config["policies"]["default"]["request"]["secrets"] = "allow"
            p.write()
            p.signal(signal.SIGHUP)
            assert c.response().status == 400
            until("the reload", lambda: p.events("reloaded"))
            until("the new rules", lambda: small.chat(MARK).status == 200)
        assert privet.until("records", lambda: [r["snapshot"] for r in p.records("outcome") if r["error"] == "blocked"])[0] == 1


def test_a_drain_waits_for_it(test):
    with FakeModel() as model, one_worker(test, model) as p, p.client() as small:
        with start(p, large(6 << 20)) as c:
            assert small.chat("the loop has come round").status == 200
            p.signal(signal.SIGTERM)
            r = c.response()
            assert r.status == 400, r
        p.stop()


def test_a_cut_does_not(test):
    """The threads end, and what they had in hand is freed (the leak checker looks on in a SAN build)."""
    with FakeModel() as model, one_worker(test, model, {"limits": {"drain_timeout": "0s"}}) as p, p.client() as small:
        held = [start(p, large(3 << 20)) for _ in range(3)]
        assert small.chat("the loop has come round").status == 200
        t = time.monotonic()
        p.stop()
        assert time.monotonic() - t < 20
        for c in held:
            c.close()


SLOW = "password="  # almost a secret at every byte: some half a microsecond each


def chat_body(text):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()


def test_what_takes_too_long_is_refused(test):
    with FakeModel() as model, one_worker(test, model, {"limits": {"screen_time": "1ms"}}) as p:
        with start(p, chat_body(SLOW * ((4 << 20) // len(SLOW)))) as c:
            r = c.response()
            assert r.status == 503 and r.json()["error"]["code"] == "not_scanned", r
            assert c.chat("and goes on").status == 200
        assert len(model.requests) == 1
        assert p.outcomes(2)[0]["error"] == "not_scanned"
        assert p.events("screening_too_long")


def test_a_small_body_that_is_hard_leaves_the_worker(test):
    """After a few milliseconds of computing: what was done is done again, with the same result."""
    with FakeModel() as model, one_worker(test, model, {"logging": {"level": "debug"}}) as p, p.client() as c:
        assert c.chat("easy " * 20000).status == 200
        assert not p.events("screening_hard")
        with start(p, chat_body(SLOW * (100 * 1024 // len(SLOW)) + " " + MARK)) as hard:
            assert hard.response().status in (400, 503)
        assert p.events("screening_hard")
        assert len(model.requests) == 1


def test_a_head_that_is_hard_is_refused(test):
    """Fields are screened on the worker: all of them together have a few milliseconds, which no honest head needs."""
    with FakeModel() as model, one_worker(test, model) as p, p.client() as c:
        body = chat_body("x")
        easy = {"X-Note-%d" % i: "all is well, and there is much to say about it. " * 20 for i in range(25)}
        assert c.request("POST", "/v1/chat/completions", body, dict(easy, **{"Content-Type": "application/json"})).status == 200
        hard = {"X-Note-%d" % i: "key=" * 600 + str(i) for i in range(11)}
        r = c.request("POST", "/v1/chat/completions", body, dict(hard, **{"Content-Type": "application/json"}))
        assert r.status == 503 and r.json()["error"]["code"] == "not_scanned", r
        assert c.chat("and goes on").status == 200
        assert len(model.requests) == 2


def test_a_large_list_of_addresses_is_screened(test):
    rows = 16 * 1024 * 1024 // 32
    text = "".join("user%07d.name@corp%03d.example,\n" % (i, i % 977) for i in range(rows))
    with FakeModel() as model, Privet(test, {"workers": 1}, backends={"m": model.url}) as p:
        with start(p, chat_body(text)) as c:
            r = c.response()
            assert r.status == 200 and r.field("x-privet-findings") == "EMAIL_ADDRESS=%d" % rows, r
        sent = json.loads(model.last().body)["messages"][0]["content"]
        assert sent.startswith("<EMAIL_ADDRESS_1>,") and sent.endswith("<EMAIL_ADDRESS_%d>,\n" % rows), sent[-40:]
        assert "@" not in sent


def test_a_cut_ends_what_is_being_screened(test):
    """Some ten seconds of computing that nobody waits for any more."""
    body = chat_body("1-" * (24 << 20))
    with FakeModel() as model, one_worker(test, model, {"limits": {"drain_timeout": "0s"}}) as p, p.client() as small:
        with start(p, body):
            assert small.chat("the loop has come round").status == 200
            t = time.monotonic()
            p.stop()
            assert time.monotonic() - t < 5
        assert not p.events("screening_stuck")


Report.main(globals())
