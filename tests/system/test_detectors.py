#!/usr/bin/env python3
"""External detectors: a fake Presidio analyzer looks at the text too, and what it finds is masked as what we find."""
import base64
import http.server
import json
import re
import signal
import ssl
import subprocess
import threading
import time

import privet
from privet import FakeModel, Privet, Report, until

NAMES = re.compile("Ada Lovelace|Grace Hopper|李小龍")
NAME = "Ada Lovelace"


class Analyzer:
    """Speaks as presidio-analyzer does: offsets in code points, a list for a list. `behaviour` as its words say."""

    def __init__(self, behaviour="find", tls=None, kind="PERSON", words=NAMES, score=0.85):
        self.behaviour, self.kind, self.words, self.score = behaviour, kind, words, score
        self.requests, self.connections, self.lock, self.over = [], set(), threading.Lock(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.serve(self)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *unused: None  # we hang up on it where it is late
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = "%s://%s:%d/analyze" % ("https" if tls else "http", "localhost" if tls else "127.0.0.1", self.server.server_port)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def spans(self, text):
        return [{"entity_type": self.kind, "start": m.start(), "end": m.end(), "score": self.score, "analysis_explanation": None}
                for m in self.words.finditer(text)]

    def serve(self, h):
        body = json.loads(h.rfile.read(int(h.headers["Content-Length"])))
        with self.lock:
            self.requests.append(body)
            self.connections.add(h.client_address)
        text = body["text"]
        spans = [self.spans(t) for t in text] if isinstance(text, list) else self.spans(text)
        status, out = 200, json.dumps(spans).encode()
        if self.behaviour == "hang":
            self.over.wait(60)
        if self.behaviour == "500":
            status, out = 500, b'{"error": "no model"}'
        if self.behaviour == "garbage":
            out = b"[{"
        if self.behaviour == "beyond":
            out = b'[{"entity_type":"PERSON","start":0,"end":99999,"score":1.0}]'
        if self.behaviour == "object":
            out = b'{"entity_type":"PERSON"}'
        if self.behaviour == "large":
            out = b"[" + b" " * (9 << 20) + b"]"
        if self.behaviour == "close":
            h.close_connection = True
            return
        h.send_response(status)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", str(len(out)))
        h.end_headers()
        h.wfile.write(out)

    def texts(self):
        with self.lock:
            return [t for r in self.requests for t in (r["text"] if isinstance(r["text"], list) else [r["text"]])]


def config(*detectors, **policy):
    return {"filters": {"packs": ["secrets", "pii"], "detectors": list(detectors)},
            "policies": {"default": {"request": {"secrets": "redact", "pii": "tokenize", **policy}}}}


def detector(a, **more):
    return {"name": "presidio", "url": a.url, "timeout": "20s", **more}


def sent(model):
    return json.loads(model.last().body)["messages"]


def metric(p, name):
    m = re.search(r"^%s (\S+)$" % name, p.admin_get("/metrics").body.decode(), re.M)
    return float(m.group(1))


def test_names_come_back_masked_and_go_out_restored(test):
    with Analyzer() as a, FakeModel() as model, Privet(test, config(detector(a)), {"m": model.url}) as p, p.client() as c:
        for before in ("", "héllo ", "日本語のテキスト ", "\U0001F600\U0001F468\u200d\U0001F469 ", 'quo"te\\back\n\t', "e\u0301 Ｆｕｌｌ ｗｉｄｔｈ "):
            r = c.chat(before + "send it to " + NAME + " today")
            assert r.status == 200 and NAME in r.text, r
            got = sent(model)[0]["content"]
            assert got.endswith("send it to <PERSON_1> today") and NAME not in got, (before, got)
        r = c.chat("ask 李小龍, or Grace Hopper; her mail is grace@navy.example.com")
        assert r.status == 200 and "李小龍" in r.text and "grace@navy.example.com" in r.text, r
        assert sent(model)[0]["content"] == "ask <PERSON_1>, or <PERSON_2>; her mail is <EMAIL_ADDRESS_1>", sent(model)
        assert r.field("x-privet-findings") and "PERSON=2" in r.field("x-privet-findings"), r.fields
        privet.assert_not_in(model.seen(), NAME, "the model's view")
        record = p.outcomes(7)[-1]
        assert any(f["rule"] == "presidio:PERSON" and f["type"] == "PERSON" and f["count"] == 2 for f in record["findings"]), record
        assert all(r["language"] == "en" and abs(r["score_threshold"] - 0.5) < 1e-9 for r in a.requests), a.requests
        assert len(a.connections) <= 2, a.connections  # kept: at most one a worker
        assert metric(p, "privet_detector_calls_total") == 7 and metric(p, "privet_detector_failures_total") == 0
        for where in (p.errors(), json.dumps(p.records())):
            privet.assert_not_in(where.encode(), NAME, "log and records")


def many(c):
    """A body with text in many places; -> what the model saw of it."""
    return c.post_json("/v1/chat/completions", {"model": "m", "messages": [
        {"role": "system", "content": "You are " + NAME},
        {"role": "user", "content": [{"type": "text", "text": "Ünïcode then Grace Hopper"}, {"type": "text", "text": "nobody"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": {
            "name": "mail", "arguments": json.dumps({"to": NAME, "note": "say \"hi\" to 李小龍", "Grace Hopper": 1})}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "no"}]})


def test_every_text_is_shown_and_every_place_comes_back(test):
    for batch in (True, False):
        with Analyzer() as a, FakeModel("text ok") as model, \
                Privet(test, config(detector(a, batch=batch)), {"m": model.url}, name="batch%d" % batch) as p, p.client() as c:
            r = many(c)
            assert r.status == 200, r
            m = sent(model)
            assert m[0]["content"] == "You are <PERSON_1>" and m[1]["content"][0]["text"] == "Ünïcode then <PERSON_2>", m
            arguments = json.loads(m[2]["tool_calls"][0]["function"]["arguments"])
            assert arguments == {"to": "<PERSON_1>", "note": "say \"hi\" to <PERSON_3>", "Grace Hopper": 1}, arguments
            assert len(a.requests) == 1 and isinstance(a.requests[0]["text"], list) == batch, a.requests
            assert not any("Grace Hopper\":" in t or "call_1" in t or "mail" == t for t in a.texts()), a.texts()


def test_hidden_text_is_shown_too(test):
    with Analyzer() as a, FakeModel("text ok") as model, Privet(test, config(detector(a)), {"m": model.url}) as p, p.client() as c:
        hidden = base64.b64encode(("the contact is " + NAME + ", as ever").encode()).decode()
        assert c.chat("decode this: " + hidden).status == 200
        assert hidden not in sent(model)[0]["content"], sent(model)
        assert c.chat("ask Ada\u200b Love\u200blace").status == 200
        assert "lace" not in sent(model)[0]["content"], sent(model)


def test_what_it_fails_at_is_what_on_error_says(test):
    for behaviour in ("500", "garbage", "beyond", "object", "close", "large", "hang"):
        for on_error, status in (("block", 503), ("flag", 200), ("allow", 200)):
            name = behaviour + "-" + on_error
            with Analyzer(behaviour) as a, FakeModel() as model, \
                    Privet(test, config(detector(a, on_error=on_error, timeout="400ms" if behaviour == "hang" else "20s")),
                           {"m": model.url}, name=name) as p, p.client() as c:
                t = time.monotonic()
                r = c.chat("mail ada@navy.example.com")
                assert r.status == status, (name, r)
                assert time.monotonic() - t < 10
                assert len(model.requests) == (status == 200), name
                if status == 200:
                    assert sent(model)[0]["content"] == "mail <EMAIL_ADDRESS_1>", (name, sent(model))
                record = p.outcomes(1)[0]
                assert record.get("detectors_failed", 0) == (on_error == "flag"), (name, record)
                assert record["error"] == ("not_scanned" if status == 503 else "ok"), (name, record)
                assert metric(p, "privet_detector_failures_total") == 1, name
                privet.assert_not_in(p.errors().encode(), "ada@navy", "the log")


def test_nobody_there(test):
    a = Analyzer()
    with a:
        pass
    for on_error, status in (("block", 503), ("flag", 200)):
        with FakeModel() as model, Privet(test, config(detector(a, on_error=on_error)), {"m": model.url}, name=on_error) as p, p.client() as c:
            assert c.chat("hello").status == status
            assert c.chat("hello").status == status  # the connection goes on
            assert len(p.events("detector_failed")) >= 1


def test_observe_never_refuses_for_it(test):
    with Analyzer("500") as a, FakeModel() as model:
        settings = config(detector(a))
        settings["policies"]["default"]["mode"] = "observe"
        with Privet(test, settings, {"m": model.url}) as p, p.client() as c:
            assert c.chat(NAME).status == 200 and sent(model)[0]["content"] == NAME
            assert p.outcomes(1)[0]["detectors_failed"] == 1


def test_several_detectors(test):
    staff = re.compile(r"\bE-\d{4}\b")
    with Analyzer() as one, Analyzer(kind="EMPLOYEE_ID", words=staff) as two, Analyzer(kind="WHATEVER", words=re.compile("zebra")) as three, \
            FakeModel("text ok") as model:
        settings = config(detector(one), {"name": "staff", "url": two.url, "timeout": "20s", "entities": ["EMPLOYEE_ID"]},
                          {"name": "odd", "url": three.url, "timeout": "20s", "on_error": "flag"},
                          rules={"EMPLOYEE_ID": "mask", "odd:OTHER": "redact"})
        with Privet(test, settings, {"m": model.url}) as p, p.client() as c:
            assert c.chat(NAME + " is E-1234 and has a zebra").status == 200
            got = sent(model)[0]["content"]
            assert got.startswith("<PERSON_1> is ") and "E-1234" not in got and "zebra" not in got and "[REDACTED:odd:OTHER]" in got, got
            three.behaviour = "500"
            assert c.chat("a zebra, and " + NAME).status == 200
            assert sent(model)[0]["content"] == "a zebra, and <PERSON_1>", sent(model)
            two.behaviour = "500"
            assert c.chat("a zebra, and " + NAME).status == 503


def test_policies_decide_by_type(test):
    for action, status, text in (("block", 400, None), ("flag", 200, NAME), ("allow", 200, NAME), ("redact", 200, "[REDACTED:presidio:PERSON]")):
        with Analyzer() as a, FakeModel("text ok") as model, \
                Privet(test, config(detector(a), rules={"PERSON": action}), {"m": model.url}, name=action) as p, p.client() as c:
            assert c.chat("call " + NAME).status == status
            assert not text or sent(model)[0]["content"] == "call " + text, sent(model)
    with Analyzer() as a, FakeModel("text ok") as model, \
            Privet(test, config(detector(a), pii="allow"), {"m": model.url}) as p, p.client() as c:
        assert c.chat("call " + NAME).status == 200
        assert not a.requests  # nothing it finds would matter
    with Analyzer(score=0.4) as a, FakeModel("text ok") as model, \
            Privet(test, config(detector(a)), {"m": model.url}, name="unsure") as p, p.client() as c:
        assert c.chat("call " + NAME).status == 200 and sent(model)[0]["content"] == "call " + NAME


def test_it_waits_without_holding_others_up(test):
    with Analyzer("hang") as a, FakeModel() as model:
        settings = config(detector(a, timeout="20s"))
        settings["workers"] = 1
        with Privet(test, settings, {"m": model.url}) as p, p.client() as slow, p.client() as quick:
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x " + NAME}]}).encode()
            slow.send(slow.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body)
            until("the analyzer is asked", lambda: a.requests)
            assert quick.get("/v1/models").status == 200  # nothing to show: not asked
            slow.reset()
            until("the end", lambda: [r for r in p.records("outcome") if r["error"] == "client_gone"])
            assert not any(m.target.startswith("/v1/chat") for m in model.requests)


def test_a_cut_ends_it(test):
    with Analyzer("hang") as a, FakeModel() as model:
        settings = config(detector(a, timeout="50s"))
        settings["limits"] = {"drain_timeout": "0s"}
        with Privet(test, settings, {"m": model.url}) as p, p.client() as c:
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": NAME}]}).encode()
            c.send(c.head_bytes("POST", "/v1/chat/completions", {"Content-Type": "application/json"}, len(body)) + body)
            until("the analyzer is asked", lambda: a.requests)
            p.stop()


def test_large_bodies(test):
    with Analyzer() as a, FakeModel("text ok") as model, \
            Privet(test, config(detector(a, on_error="flag")), {"m": model.url}) as p, p.client() as c:
        filler = "an ordinary sentence, no more. "
        assert c.chat(filler * 20000 + NAME).status == 200
        assert sent(model)[0]["content"].endswith("more. <PERSON_1>")
        assert c.chat(filler * 60000 + NAME).status == 200  # more than text_bytes: not shown
        assert sent(model)[0]["content"].endswith(NAME) and len(a.requests) == 1
        assert p.outcomes(2)[1]["detectors_failed"] == 1


def test_over_tls(test):
    pem, key = privet.make_certificate(test.folder, "analyzer")
    with Analyzer(tls=(pem, key)) as a, FakeModel("text ok") as model:
        with Privet(test, config(detector(a, tls={"ca": pem})), {"m": model.url}) as p, p.client() as c:
            for _ in range(3):
                assert c.chat("call " + NAME).status == 200 and sent(model)[0]["content"] == "call <PERSON_1>"
        with Privet(test, config(detector(a)), {"m": model.url}, name="unknown-ca") as p, p.client() as c:
            assert c.chat("call " + NAME).status == 503


def test_a_kept_connection_that_closed_is_replaced(test):
    with Analyzer() as a, FakeModel("text ok") as model:
        settings = config(detector(a))
        settings["workers"] = 1
        with Privet(test, settings, {"m": model.url}) as p, p.client() as c:
            assert c.chat("call " + NAME).status == 200
            a.server.RequestHandlerClass.timeout = 0.01  # connections from now on are closed when idle
            for _ in range(5):
                assert c.chat("call " + NAME).status == 200
            assert sent(model)[0]["content"] == "call <PERSON_1>"


def test_reload_takes_detectors_in_and_out(test):
    with Analyzer() as a, FakeModel("text ok") as model:
        settings = config()
        settings["filters"].pop("detectors")
        with Privet(test, settings, {"m": model.url}) as p, p.client() as c:
            assert c.chat(NAME).status == 200 and not a.requests
            p.config["filters"]["detectors"] = [detector(a)]
            p.write()
            p.signal(signal.SIGHUP)
            until("the new detector", lambda: c.chat(NAME).status == 200 and sent(model)[0]["content"] == "<PERSON_1>")


def test_mistakes_are_named(test):
    p = Privet(test, config({"name": "a", "url": "builtin:echo"}, {"name": "a", "url": "http://127.0.0.1:1", "on_error": "pass"},
                            {"name": "b", "url": "http://127.0.0.1:1", "key": "passthrough"}), {"m": "http://127.0.0.1:1"})
    done = subprocess.run([test.binary, "check", "-c", p.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=p.environment)
    said = done.stdout.decode()
    assert done.returncode == 1, said
    for words in ("builtin:echo", "on_error: unknown `pass`", "name: `a` is used twice", "key: callers' keys are not for detectors"):
        assert words in said, (words, said)


Report.main(globals())
