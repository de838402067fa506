#!/usr/bin/env python3
"""Raw HTTP/1 and JSON cases through the real binary, plain and over TLS, with a strict recording backend behind it:
nothing malformed, nothing smuggled and no secret may reach the backend; what is right must reach it byte for byte."""
import argparse
import os
import shutil
import sys
import tempfile
import threading

import privet

sys.path.insert(0, privet.LIB)
import run_h1  # noqa: E402
import run_json  # noqa: E402

SUITE = os.path.join(privet.SHARED, "cases", "json")  # third-party files: not in this repository
CONFIG = {"policies": {"default": {"endpoints": {"unknown": "scan"}}}, "logging": {"level": "warn"}, "workers": 1}


def options(p, tls, **more):
    """What the runners' command lines would give."""
    values = dict(addr=p.tls if tls else p.plain, tls=tls, insecure=False, cafile=p.certificate[0], host="proxy.test", only=None,
                  kind=None, policy=True, verbose=False, no_victim=False, path=None, get_path=None, add=[], timeout=2.5,
                  dir=os.path.join(privet.CORPUS, "h1"), mode="redact", suite=False, suite_dir=None, chunked=False)
    values.update(more)
    return argparse.Namespace(**values)


def h1(tls):
    def run(p, backend, test):
        results, _ = run_h1.suite(options(p, tls), backend, quiet=True)
        assert len(results) > 260, "only %d cases" % len(results)
        return [(r["id"], r["verdict"] in ("PASS", "OKRFC"), "%s: want %s, got %s %s, backend %s: %s" % (
            r["verdict"], r["expect"], r.get("obs"), r.get("statuses"), r.get("backend"), "; ".join(r["detail"]))) for r in results]
    return run


def json_cases(tls=False, chunked=False):
    def run(p, backend, test):
        a = options(p, tls, chunked=chunked, timeout=15.0, dir=os.path.join(privet.CORPUS, "json"))
        results, _ = run_json.suite(a, backend, quiet=True)
        assert len(results) > 90, "only %d cases" % len(results)
        return json_verdicts(results)
    return run


def json_suite(p, backend, test):
    if not os.path.exists(os.path.join(SUITE, "suite.json")):
        raise privet.Skip("the parser suite (third-party, ../shared/cases/json) is not here")
    results, _ = run_json.suite(options(p, False, suite="only", suite_dir=SUITE, timeout=15.0), backend, quiet=True)
    return json_verdicts(results)


def json_verdicts(results):
    return [(r["id"], r["verdict"] in ("PASS", "OK"), "%s: want %s, got %s %s: %s" % (
        r["verdict"], r["expect"], r["obs"], r["status"], "; ".join(r["detail"]))) for r in results]


def run_part(name, part, a, base, report):
    """One part against a proxy and a backend of its own; a line for each case."""
    test = privet.Test(a.build, os.path.join(base, name.replace("/", "-")), "cases/" + name)

    def go(t):
        backend = run_h1.Backend(("127.0.0.1", 0))
        with privet.Privet(t, CONFIG, backends={"backend": "http://127.0.0.1:%d" % backend.addr[1]}) as p:
            for case, good, why in part(p, backend, t):
                report.say("PASS" if good else "FAIL", "cases/%s/%s" % (name, case), "" if good else why)
    report.run(test, go)


PARTS = (("h1", h1(False)), ("h1-tls", h1(True)), ("json", json_cases()), ("json-tls", json_cases(tls=True)),
         ("json-chunked", json_cases(chunked=True)), ("json-suite", json_suite))


def main():
    a, report = privet.arguments(), privet.Report()
    base = tempfile.mkdtemp(prefix="privet-cases-")
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        wanted = [x for x in PARTS if not a.only or a.only == x[0]]
        gate = threading.Semaphore(3)  # most of a case's time is waiting

        def one(name, part):
            with gate:
                run_part(name, part, a, base, report)
        threads = [threading.Thread(target=one, args=x) for x in wanted]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        if not a.keep:
            shutil.rmtree(base, ignore_errors=True)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
