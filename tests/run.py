#!/usr/bin/env python3
"""Runs the tests and sums them up.

  run.py [--build DIR] [unit] [system] [FILTER...]

unit: every cmocka program of tests/unit, as it was built under DIR. system: every tests/system/test_*.py, one after
the other; each prints "PASS name", "FAIL name why" or "SKIP name why" and is killed after its time. A FILTER keeps the
programs whose path holds it. Output is shown only where something failed. The last line is the sum.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNIT_TIMEOUT, SYSTEM_TIMEOUT = 180, 300
SHOWN_LINES = 120


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def line(self):
        text = "%d passed, %d failed" % (self.passed, self.failed)
        return text + (", %d skipped" % self.skipped if self.skipped else "")


def run_command(command, timeout, env=None):
    """-> (exit status, None if it took too long; output; seconds)."""
    start = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, status = child.communicate(timeout=timeout)[0], child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # the test and the servers it started
        output, status = child.communicate()[0], None
    return status, output.decode("utf-8", "replace"), time.monotonic() - start


def count_tap(output):
    """cmocka's TAP: "ok 1 - name", "not ok 2 - name", "not ok 3 # SKIP name", "1..3" (a plan for each group)."""
    passed = failed = skipped = 0
    for line in output.splitlines():
        m = re.match(r"(not )?ok (\d+)\b(.*)", line)
        if not m:
            continue
        if re.match(r"\s*#\s*skip", m.group(3), re.I):  # cmocka writes "not ok" before it
            skipped += 1
        elif m.group(1):
            failed += 1
        else:
            passed += 1
    planned = sum(int(n) for n in re.findall(r"^1\.\.(\d+)\s*$", output, re.M))
    return passed, failed, skipped, planned


def judge_unit(status, output):
    """-> (passed, failed, skipped, why it is not well, or "")."""
    passed, failed, skipped, planned = count_tap(output)
    why = "%d failed" % failed if failed else ""
    if status is None:
        why = "did not end within %d s" % UNIT_TIMEOUT
    elif status < 0:
        why = "killed by signal %d" % -status
    elif status and not failed:
        why = "exit status %d without a failed test" % status
    elif passed + failed + skipped != planned:
        why = "%d tests planned, %d reported" % (planned, passed + failed + skipped)
    elif planned == 0:
        why = "no test reported"
    ended = status is not None and status >= 0
    return passed, failed + (1 if why and (not failed or not ended) else 0), skipped, why


def judge_system(status, output):
    kinds = [m.group(1) for m in re.finditer(r"^(PASS|FAIL|SKIP) \S", output, re.M)]
    passed, failed, skipped = kinds.count("PASS"), kinds.count("FAIL"), kinds.count("SKIP")
    why = "%d failed" % failed if failed else ""
    if status is None:
        why = "did not end within %d s" % SYSTEM_TIMEOUT
    elif status < 0:
        why = "killed by signal %d" % -status
    elif status and not failed:
        why = "exit status %d without a FAIL line" % status
    elif not kinds:
        why = "no PASS, FAIL or SKIP line"
    ended = status is not None and status >= 0
    return passed, failed + (1 if why and (not failed or not ended) else 0), skipped, why


def report(name, verdict, output, seconds, total):
    passed, failed, skipped, why = verdict
    total.add(passed, failed, skipped)
    if failed:
        lines = [x for x in output.splitlines() if not re.match(r"PASS |ok \d", x)]
        print("---- %s: %s" % (name, why))
        if len(lines) > SHOWN_LINES:
            print("     (the last %d of %d lines)" % (SHOWN_LINES, len(lines)))
        print("\n".join(lines[-SHOWN_LINES:]))
        print("----")
    note = "FAILED" if failed else "ok"
    print("%-7s %-52s %4d passed%s  %.1f s" % (note, name, passed, ", %d skipped" % skipped if skipped else "", seconds))
    for line in output.splitlines():
        if line.startswith("SKIP "):
            print("        " + line)
    sys.stdout.flush()


def wanted(name, filters):
    return not filters or any(f in name for f in filters)


def run_units(build, filters, total):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    names = sorted(os.path.relpath(p, ROOT)[:-2] for p in glob.glob(ROOT + "/tests/unit/**/*.c", recursive=True))
    names = [n for n in names if wanted(n, filters)]

    def one(name):
        program = os.path.join(build, name)
        if not os.access(program, os.X_OK):
            return name, (0, 1, 0, "not built"), program + " is not there", 0.0
        status, output, seconds = run_command([program], UNIT_TIMEOUT, env)
        return name, judge_unit(status, output), output, seconds

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, verdict, output, seconds in pool.map(one, names):
            report(name, verdict, output, seconds, total)


def run_systems(build, filters, total):
    for path in sorted(glob.glob(ROOT + "/tests/system/test_*.py")):
        name = os.path.relpath(path, ROOT)
        if not wanted(name, filters):
            continue
        status, output, seconds = run_command([sys.executable, path, "--build", build], SYSTEM_TIMEOUT)
        report(name, judge_system(status, output), output, seconds, total)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("words", nargs="*", metavar="unit|system|FILTER")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")
    build = arguments.build if os.path.isabs(arguments.build) else os.path.join(ROOT, arguments.build)
    suites = [w for w in arguments.words if w in ("unit", "system")] or ["unit", "system"]
    filters = [w for w in arguments.words if w not in ("unit", "system")]
    total = Sum()
    if "unit" in suites:
        run_units(build, filters, total)
    if "system" in suites:
        run_systems(build, filters, total)
    if total.passed + total.failed == 0:
        print("nothing ran")
        total.failed = 1
    print(total.line())
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
