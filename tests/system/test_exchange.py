#!/usr/bin/env python3
"""The exchange, from outside: what a client gets, what a model sees and what is written down, when all goes well and
when a target times out, fails, refuses, lies about its framing or is cut, and when the client leaves."""
import json
import socket
import threading
import time

import privet
from privet import FakeModel, Privet, canary_email, canary_key, until


def journal(p):
    """Every line of the journal, as values."""
    import glob
    lines = []
    for name in sorted(glob.glob(p.journal + "/*.jsonl")):
        for raw in open(name, "rb").read().split(b"\n"):
            raw = raw.strip(b"\0")
            if raw.startswith(b"{"):
                lines.append(json.loads(raw))
    return lines


def outcomes(p):
    return [x for x in journal(p) if x.get("event") == "outcome"]


def two(test, first="echo", second="text from the second", **route):
    a, b = FakeModel(first), FakeModel(second)
    config = {"routes": [dict({"name": "all", "match": {"model": "*"}, "target": "a", "fallback": ["b/second-model"],
                               "fallback_on": ["connect", "first_byte", "idle", "total", "429", "5xx", "refusal", "content_filter",
                                               "context_length", "malformed"]}, **route)]}
    timeouts = {"connect": "1s", "first_byte": "400ms", "idle": "400ms", "total": "5s"}
    backends = {"a": {"url": a.url, "timeouts": timeouts}, "b": {"url": b.url, "timeouts": timeouts}}
    return a, b, Privet(test, config, backends, name=first.replace(" ", "-"))


def test_whole_and_streamed_round_trip(test):
    key, mail = canary_key(), canary_email()
    with FakeModel() as model, Privet(test, backends={"m": model.url}) as p:
        for tls in (False, True):
            with p.client(tls) as c:
                r = c.chat("mail %s with %s" % (mail, key))
                assert r.status == 200 and mail in r.text, r
                assert key not in r.text and "[REDACTED:aws-access-token]" in r.text, r.text
                assert "EMAIL_ADDRESS=1" in r.field("x-privet-findings") and "aws-access-token=1" in r.field("x-privet-findings")
                assert r.field("x-request-id") and r.field("x-privet-attempts") == "1"
                status, fields, events = c.chat_stream("again %s and %s and %s" % (mail, mail, key))
                text = "".join(map(privet.delta_text, events))
                assert status == 200 and text.count(mail) == 2, text
        privet.assert_not_in(model.seen(), mail, "what the model saw")
        privet.assert_not_in(model.seen(), key, "what the model saw")
        assert b"<EMAIL_ADDRESS_1>" in model.seen()
    privet.assert_in_no_file(p.journal, mail, key)
    privet.assert_not_in(p.errors(), mail, "the log")


def test_the_other_target_gets_the_same_scrubbed_bytes(test):
    mail = canary_email()
    for fault, reason in (("status 503", "5xx"), ("status 429", "429"), ("hang", "first_byte"), ("reset", "closed"), ("close", "closed"),
                          ("refuse", "refusal"), ("content_filter", "content_filter"), ("length", "context_length"), ("malformed", "malformed"),
                          ("badhead", "malformed"), ("stall", "idle"), ("cut", "closed")):
        a, b, p = two(test, fault, "echo")
        with a, b, p:
            for stream in (False, True):
                if stream and fault in ("length", "malformed", "content_filter", "cut", "stall"):
                    continue
                with p.client() as c:
                    if stream:
                        status, _, events = c.chat_stream("to " + mail)
                        text = "".join(map(privet.delta_text, events))
                    else:
                        r = c.chat("to " + mail)
                        status, text = r.status, r.text if r.status == 200 else r.body
                        assert r.field("x-privet-attempts") == "2", (fault, r)
                    assert status == 200 and text == "to " + mail, (fault, stream, status, text)
                first, second = json.loads(a.last().body), json.loads(b.last().body)
                assert second.pop("model") == "second-model" and first.pop("model") == "m" and first == second, (fault, first, second)
            o = until("an outcome", lambda: outcomes(p))[0]
            assert [x["reason"] for x in o["attempts"]] == [reason, "ok"], (fault, o["attempts"])
        privet.assert_not_in(b.seen(), mail, "the second model's view")


def test_all_targets_failed_tells_the_client_not_to_retry(test):
    a, b, p = two(test, "status 500", "status 503")
    with a, b, p, p.client() as c:
        r = c.chat("x")
        assert r.status == 503 and r.field("x-should-retry") == "false" and r.field("x-privet-attempts") == "2", r
        assert "error" in r.json()
    a, b, p = two(test, "hang", "hang")
    with a, b, p, p.client() as c:
        r = c.chat("x")
        assert r.status == 504 and r.json()["error"]["code"] == "upstream_timeout" and r.field("x-should-retry") == "false", r


def test_one_deadline_for_all_attempts(test):
    a, b, p = two(test, "hang", "hang", retries={"attempts": 3, "total": "300ms"})
    with a, b, p, p.client() as c:
        t = time.monotonic()
        r = c.chat("x")
        assert r.status == 504 and time.monotonic() - t < 2 and r.field("x-privet-attempts") == "1", (r, time.monotonic() - t)


def test_the_deadline_covers_connecting(test):
    """Two targets that take the connection and never answer the handshake: their own limit is ten seconds each."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        url = "https://127.0.0.1:%d" % silent.getsockname()[1]
        slow = {"url": url, "timeouts": {"connect": "10s", "first_byte": "10s", "idle": "10s", "total": "30s"}}
        hasty = dict(slow, timeouts=dict(slow["timeouts"], total="200ms"))
        for first, attempts in ((slow, 1), (hasty, 2)):
            config = {"routes": [{"name": "all", "match": {"model": "*"}, "target": "a", "fallback": ["b"],
                                  "fallback_on": ["connect"], "retries": {"attempts": 3, "total": "500ms"}}]}
            with Privet(test, config, {"a": first, "b": slow}, name="connecting%d" % attempts) as p, p.client() as c:
                t = time.monotonic()
                r = c.chat("x")
                took = time.monotonic() - t
                assert r.status in (502, 504) and took < 4 and r.field("x-privet-attempts") == str(attempts), (r, took)


def test_a_slow_upload_leaves_the_attempts_their_time(test):
    with FakeModel() as model:
        config = {"routes": [{"name": "all", "match": {"model": "*"}, "target": "a", "retries": {"attempts": 3, "total": "400ms"}}]}
        with Privet(test, config, {"a": model.url}) as p, p.client() as c:
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]}).encode()
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body[:-1])
            time.sleep(0.6)  # the very thing: it takes longer than all attempts may
            c.send(body[-1:])
            assert c.response().status == 200


def test_no_fallback_once_something_went_out(test):
    a, b, p = two(test, "cut")
    with a, b, p, p.client() as c:
        status, _, events = c.chat_stream("one two three four five six seven")
        got = []
        try:
            for e in events:
                got.append(e)
        except privet.Closed as x:
            got.append(x)
        assert status == 200 and isinstance(got[-1], privet.Closed), got
        assert any("error" in e for e in got[:-1] if isinstance(e, str)), got
        assert not b.requests


def test_a_stream_without_its_end_mark_is_never_a_clean_end(test):
    with FakeModel("truncate") as model, Privet(test, backends={"m": model.url}) as p, p.client() as c:
        status, _, events = c.chat_stream("one two three four five six seven")
        try:
            got = list(events)
            clean = True
        except privet.Closed:
            clean = False
        assert not clean, got
        o = until("an outcome", lambda: outcomes(p))[-1]
        assert o["truncated"] and o["error"] == "truncated", o


def test_client_gone_cancels_the_target_at_once(test):
    body = b'{"model":"m","messages":[]}'
    for behaviour in ("hang", "stall"):  # before the answer's head, and in mid-stream
        with FakeModel(behaviour) as model, Privet(test, backends={"m": model.url}, name=behaviour) as p:
            for i, (tls, how) in enumerate(((False, "reset"), (False, "close"), (True, "reset"), (True, "close"))):
                c = p.client(tls)
                b = body if behaviour == "hang" else b'{"model":"m","stream":true,"messages":[{"role":"user","content":"one two three four five six"}]}'
                c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(b)) + b)
                until("the request", lambda: len(model.requests) > i)
                if behaviour == "stall":
                    c.read_head()
                getattr(c, how)()
                until("the cancel of a %s over %s" % (how, "TLS" if tls else "plain"),
                      lambda: sum(x["error"] == "client_gone" for x in outcomes(p)) > i, 3)


def test_half_close_still_gets_its_answer(test):
    with FakeModel("late 300") as model, Privet(test, backends={"m": model.url}) as p, p.client() as c:
        body = b'{"model":"m","messages":[{"role":"user","content":"hello"}]}'
        c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body)
        c.half_close()
        r = c.response()
        assert r.status == 200 and r.text == "hello", r
        assert c.closed()


def test_pipelined_requests_are_answered_in_order(test):
    with FakeModel() as model, Privet(test, backends={"m": model.url}) as p, p.client() as c:
        for i in range(12):
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "n%d" % i}]}).encode()
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body)
        for i in range(12):
            assert c.response().text == "n%d" % i


def test_refusals_of_our_own_have_the_dialects_shape(test):
    with FakeModel() as model, Privet(test, backends={"m": model.url}) as p:
        for send, status, code in (
                (lambda c: c.request("POST", "/v1/chat/completions", b"{", {"Content-Type": "application/json"}), 400, "invalid_json"),
                (lambda c: c.request("POST", "/v1/chat/completions", b'{"a":1,"a":2}', {"Content-Type": "application/json"}), 400, "duplicate_key"),
                (lambda c: c.request("POST", "/v1/chat/completions", b"\x1f\x8b", {"Content-Type": "application/json", "Content-Encoding": "gzip"}), 415, "unsupported_media_type"),
                (lambda c: c.request("POST", "/v1/chat/completions", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}), 415, "unsupported_media_type"),
                (lambda c: c.request("POST", "/v1/nothing", b"{}", {"Content-Type": "application/json"}), 404, "unknown_endpoint"),
                (lambda c: c.get("/v2/models"), 404, "unknown_endpoint"),
                (lambda c: c.request("DELETE", "/v1/chat/completions"), 405, "method_not_allowed")):
            with p.client() as c:
                r = send(c)
                assert r.status == status and r.json()["error"]["code"] == code, (status, code, r, r.body)
                assert set(r.json()["error"]) == {"message", "type", "param", "code"} and r.field("x-request-id"), r.body
        assert not model.requests


def test_policies(test):
    key, mail = canary_key(), canary_email()
    for policy, check in (
            ({"request": {"secrets": "block"}}, lambda r, m: r.status == 400 and r.json()["error"]["code"] == "content_blocked" and not m.requests),
            ({"request": {"pii": "mask"}}, lambda r, m: r.status == 200 and mail not in r.text),
            ({"request": {"pii": "hash"}}, lambda r, m: r.status == 200 and "[HASH:" in r.text and mail not in r.text),
            ({"request": {"rules": {"EMAIL_ADDRESS": "flag"}}}, lambda r, m: r.status == 200 and mail.encode() in m.seen()),
            ({"request": {"allow": [mail]}}, lambda r, m: r.status == 200 and mail.encode() in m.seen()),
            ({"mode": "observe"}, lambda r, m: r.status == 200 and key.encode() in m.seen() and "aws-access-token=1" in r.field("x-privet-findings")),
            ({"response": {"restore": {"text": False}}}, lambda r, m: r.status == 200 and "<EMAIL_ADDRESS_1>" in r.text)):
        with FakeModel() as model, Privet(test, {"policies": {"default": policy}}, {"m": model.url}) as p, p.client() as c:
            r = c.chat("mail %s with %s" % (mail, key))
            assert check(r, model), (policy, r, r.body)


def test_reroute_goes_to_the_sensitive_target_alone(test):
    with FakeModel() as usual, FakeModel("text safe") as safe:
        config = {"policies": {"default": {"request": {"pii": "reroute"}}},
                  "routes": [{"name": "all", "match": {"model": "*"}, "target": "usual", "sensitive": "safe"}]}
        with Privet(test, config, {"usual": usual.url, "safe": safe.url}) as p, p.client() as c:
            assert c.chat("nothing here").text == "nothing here"
            assert c.chat("write to " + canary_email()).text == "safe"
            assert len(usual.requests) == 1 and len(safe.requests) == 1


def test_callers_are_known_by_key_and_held_to_their_policy(test):
    import hashlib
    key = "pk-test-0123456789"
    config = {"clients": [{"name": "bot", "key_hash": "sha256:" + hashlib.sha256(key.encode()).hexdigest(), "policy": "strict", "models": ["chat-*"]}],
              "policies": {"strict": {"request": {"secrets": "block"}}}}
    with FakeModel() as model, Privet(test, config, {"m": {"url": model.url, "key": "upstream-key"}}) as p, p.client() as c:
        assert c.chat("x", model="chat-1").status == 401
        with p.client() as d:
            assert d.chat("x", model="chat-1", headers={"Authorization": "Bearer " + key}).status == 200
            assert dict(model.last().fields)["authorization"] == "Bearer upstream-key"
            assert d.chat("x", model="other", headers={"Authorization": "Bearer " + key}).status == 403
            assert d.chat("x " + canary_key(), model="chat-1", headers={"Authorization": "Bearer " + key}).status == 400
        assert key.encode() not in model.seen()
    privet.assert_in_no_file(p.journal, key)


def test_heads_queries_and_ids_cannot_carry_a_secret(test):
    key = canary_key()
    with FakeModel() as model, Privet(test, backends={"m": model.url}) as p, p.client() as c:
        assert c.get("/v1/models?x=" + key).status == 400
        with p.client() as d:
            for _ in range(2):  # the second time what was clean is known, and nothing else
                r = d.get("/v1/models", {"X-Note": key, "X-Request-Id": key, "X-Fine": "yes", "User-Agent": "probe/1.0 (" + key + ")",
                                         "Accept-Language": "en, " + key, "X-Stainless-Lang": key})
            assert r.status == 200 and r.field("x-request-id") != key, r
            assert dict(model.last().fields).get("x-fine") == "yes"
        privet.assert_not_in(model.seen(), key, "what the model saw")
    privet.assert_in_no_file(p.journal, key)


def test_logging_redacted_keeps_what_the_model_saw(test):
    key, mail = canary_key(), canary_email()
    with FakeModel() as model, Privet(test, {"policies": {"default": {"logging": "redacted"}}}, {"m": model.url}) as p, p.client() as c:
        assert mail in c.chat("mail %s with %s" % (mail, key)).text
        text = json.dumps(until("both lines", lambda: len(journal(p)) >= 3 and journal(p)))
        assert "<EMAIL_ADDRESS_1>" in text and "[REDACTED:aws-access-token]" in text
    privet.assert_in_no_file(p.journal, mail, key)


def test_extra_bytes_behind_an_answer_poison_the_connection(test):
    """A server that answers twice must not answer the next caller's question."""
    s = socket.create_server(("127.0.0.1", 0))
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

    def serve():
        while True:
            c, _ = s.accept()
            data = c.recv(65536)
            if b"first" in data:
                c.sendall(answer + answer.replace(b"{}", b"[]"))
            else:
                c.sendall(answer.replace(b"Length: 2", b"Length: 9").replace(b"{}", b'{"ok": 1}'))
    threading.Thread(target=serve, daemon=True).start()
    with Privet(test, {"workers": 1}, {"m": "http://127.0.0.1:%d" % s.getsockname()[1]}) as p, p.client() as c:
        assert c.chat("first").body == b"{}"
        assert c.chat("second").body == b'{"ok": 1}'
    s.close()


def test_reload_and_drain(test):
    with FakeModel("slow 20") as model, Privet(test, backends={"m": model.url}) as p:
        c = p.client()
        status, _, events = c.chat_stream("a longer text that takes its time to be said, word by word")
        next(events)
        p.write("listeners: 7\n")
        p.signal(1)
        until("the refusal of the bad file", lambda: "listeners" in p.errors())
        with p.client() as d:
            assert d.chat("x").status == 200
        p.config["policies"] = {"default": {"request": {"secrets": "block"}}}
        p.write()
        p.signal(1)
        with p.client() as d:
            until("the new policy", lambda: d.chat("x " + canary_key()).status == 400)
        p.process.terminate()
        text = "".join(map(privet.delta_text, events))
        assert text.endswith("word by word"), text


def test_probes(test):
    with FakeModel() as model, Privet(test, backends={"m": model.url}) as p:
        assert p.admin_get("/healthz").status == 200 and p.admin_get("/readyz").status == 200
        with p.client() as c:
            c.chat("write to " + canary_email())
        m = p.admin_get("/metrics").body.decode()
        assert "privet_requests_total 1" in m and 'privet_findings_total{class="pii",action="tokenize"} 1' in m, m[:3000]
        assert p.admin_get("/nothing").status == 404


if __name__ == "__main__":
    privet.Report.main(globals())
