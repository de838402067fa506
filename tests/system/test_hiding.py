#!/usr/bin/env python3
"""Where secrets hide: every trick of lib/hiding.py and pairs of them, through `privet scan` and through the proxy; what the
model saw holds no part of a value, and nothing else is changed."""
import base64
import json
import os
import random
import re
import sys

import privet
from privet import FakeModel, Privet

sys.path.insert(0, privet.LIB)
import hiding  # noqa: E402

SEED = os.environ.get("PRIVET_HIDING_SEED", "tests")
LEAST, LEAST_PAIRS = .95, .89
SHORT = 25      # samples of a trick are few: one miss more than the share allows is chance
RULES = os.path.join(privet.ROOT, "config", "rules")


def below(rows, least):
    """Tricks that miss more than they may, with room for chance."""
    return {k: "%d of %d" % (hit, n) for k, (n, hit, _) in rows.items() if n - hit > (1 - least) * n + (2 if n > SHORT else 1)}


def test_each_trick_in_text(test):
    samples = hiding.singles(SEED, 1, list(hiding.KINDS), list(hiding.TRICKS))
    results = [s.judge(f) for s, f in zip(samples, hiding.scan(test.binary, samples, RULES))]
    low = below(hiding.table(samples, results, lambda s: s.tricks[0]), LEAST)
    assert not low, low
    over = sum(o > 0 for _, o in results)
    assert over < .02 * len(samples), over


def test_two_tricks_in_text(test):
    samples = hiding.pairs(SEED, 1500, list(hiding.KINDS), list(hiding.TRICKS))
    results = [s.judge(f) for s, f in zip(samples, hiding.scan(test.binary, samples, RULES))]
    hit = sum(h for h, _ in results) / len(results)
    assert hit >= LEAST_PAIRS, hit


def test_nothing_else(test):
    """A broken value that is all of a text, however short that is."""
    class Text:
        def __init__(self, text):
            self.text = text
    r = random.Random(SEED)
    samples = [Text("BSN " + v[:at] + "\n" + v[at:]) for v in (hiding.bsn(r) for _ in range(20)) for at in (3, 4, 5, 6)]
    assert hiding.scan(test.binary, [Text("203.\n77.42.62")], RULES)[0], "digits of an address are no date"
    whole = [s for s, found in zip(samples, hiding.scan(test.binary, samples, RULES)) if len(s.text) not in [f["end"] for f in found]]
    assert len(whole) <= 4, [s.text for s in whole]


# ---- through the proxy ---------------------------------------------------------------------------------------------

def in_content(s):
    return {"messages": [{"role": "user", "content": s}]}


def in_parts(s, n=2):
    at = [len(s) * i // n for i in range(n + 1)]
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": s[a:b]} for a, b in zip(at, at[1:])]}]}


def round_image(s):
    part = [{"type": "text", "text": x} for x in (s[:len(s) // 2], s[len(s) // 2:])]
    return {"messages": [{"role": "user", "content": [part[0], {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}, part[1]]}]}


def in_tool_call(s):
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"note": s, "n": [1, {"deep": s}]})}}
    return {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": "done"}]}


def in_tool_result(s):
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]},
                         {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({"rows": [json.dumps({"x": s})]})}]}


def in_tools(s):
    tool = {"type": "function", "function": {"name": "f", "description": s, "parameters": {"type": "object", "properties": {"a": {"type": "string", "default": s}}}}}
    return {"messages": [{"role": "user", "content": "hi"}], "tools": [tool]}


def in_metadata(s):
    return {"messages": [{"role": "user", "content": "hi"}], "metadata": {"note": s}}


def in_key(s):
    return {"messages": [{"role": "user", "content": "hi"}], "metadata": {s: "note"}}


def in_name(s):
    return {"messages": [{"role": "user", "name": s, "content": "hi"}]}


PLACES = [in_content, in_tool_call, in_tool_result, in_tools, in_metadata, in_key, in_name]


def strings(value):
    """Every string of a JSON value, and of JSON inside its strings."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from strings(k)
            yield from strings(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings(v)
    elif isinstance(value, str):
        inner = None
        if value[:1] in "{[" and value[1:]:
            try:
                inner = json.loads(value)
            except ValueError:
                pass
        if inner is not None:
            yield from strings(inner)
        else:
            yield value


def seen(body, sample, joined=False):
    """Whether what the model saw still holds the value as it was hidden, or has it cut short."""
    texts = list(strings(body))
    if joined:
        texts = ["".join(texts)]
    for text in texts:
        rest = re.sub(r"\[REDACTED:[^\]]*\]", "\0", text)
        for s, k in merged(sample.cells):
            if k == "V" and len(s) >= 6 and s in rest:
                return True
    return False


def merged(cells):
    out = []
    for s, k in cells:
        if out and out[-1][1] == k:
            out[-1] = (out[-1][0] + s, k)
        else:
            out.append((s, k))
    return out


def test_through_the_proxy(test):
    r = random.Random(SEED)
    config = {"policies": {"default": {"request": {"secrets": "redact", "pii": "redact"}}}}
    missed, count, damaged = [], 0, []
    with FakeModel("text fine") as model, Privet(test, config, {"m": model.url}) as p, p.client() as c:
        for trick in hiding.TRICKS:
            for kind in r.sample([k for k in hiding.KINDS if hiding.applies(k, trick)], 6):
                s = hiding.sample(SEED + "-proxy", kind, (trick,))
                place = r.choice(PLACES)
                body = dict({"model": "m"}, **place(s.text))
                before = len(model.requests)
                answer = c.post_json("/v1/chat/completions", body)
                assert answer.status in (200, 400), answer
                count += 1
                if answer.status == 400:
                    continue    # what cannot be rewritten is refused
                assert len(model.requests) == before + 1
                saw = json.loads(model.last().body)
                if seen(saw, s):
                    missed.append((trick, kind, place.__name__))
                if place is in_content and not saw["messages"][0]["content"].startswith(s.cells[0][0]):
                    damaged.append((trick, kind))
    assert len(missed) <= .06 * count, (len(missed), count, missed[:20])
    assert len(damaged) <= .02 * count, damaged


def test_split_over_parts(test):
    config = {"policies": {"default": {"request": {"secrets": "redact", "pii": "redact"}}}}
    missed, count = [], 0
    with FakeModel("text fine") as model, Privet(test, config, {"m": model.url}) as p, p.client() as c:
        for kind in hiding.KINDS:
            if kind in hiding.LONG:
                continue
            for n, body in (2, in_parts), (3, lambda t: in_parts(t, 3)), (4, round_image):
                s = hiding.sample(SEED + "-parts%d" % n, kind, ("plain",))
                assert c.post_json("/v1/chat/completions", dict({"model": "m"}, **body(s.text))).status == 200
                saw = "".join(x.get("text", "") for x in json.loads(model.last().body)["messages"][0]["content"])
                count += 1
                if "".join(t for t, k in s.cells if k == "V") in saw:
                    missed.append((kind, n))
    assert len(missed) <= .05 * count, missed


def pem(rng, kind, size):
    """A block in PEM's form, in lines of 64."""
    data = base64.b64encode(rng.randbytes(size)).decode()
    lines = [data[i:i + 64] for i in range(0, len(data), 64)]
    return "\n".join(["-----BEGIN %s-----" % kind] + lines + ["-----END %s-----" % kind]) + "\n", lines


def test_a_key_split_over_parts(test):
    config = {"policies": {"default": {"request": {"secrets": "redact"}}}}
    rng = random.Random(SEED + "-pem")
    with FakeModel("text fine") as model, Privet(test, config, {"m": model.url}) as p, p.client() as c:
        for kind in "RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "CERTIFICATE", "PUBLIC KEY":
            for size in 600, 1700, 3400:
                text, lines = pem(rng, kind, size)
                for share in .3, .5, .7:
                    at = int(len(text) * share)
                    for body in ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Look:\n" + text[:at]},
                                                                            {"type": "text", "text": text[at:] + "\nDone?"}]}]},
                                 in_content("This is the rest:\n" + text[at:])):
                        assert c.post_json("/v1/chat/completions", dict({"model": "m"}, **body)).status == 200
                        content = json.loads(model.last().body)["messages"][0]["content"]
                        saw = content if isinstance(content, str) else "".join(x["text"] for x in content)
                        left = [line for line in lines if len(line) > 8 and line in saw]
                        sent = body["messages"][0]["content"]
                        if "PRIVATE" in kind:
                            assert not left, (kind, size, share, len(left), len(lines))
                        else:
                            assert saw == (sent if isinstance(sent, str) else "".join(x["text"] for x in sent)), (kind, saw)


if __name__ == "__main__":
    privet.Report.main(globals())
