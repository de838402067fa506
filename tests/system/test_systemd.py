#!/usr/bin/env python3
"""The systemd unit: systemd-analyze finds nothing wrong, and its sandbox is as tight as promised."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNIT = os.path.join(ROOT, "systemd", "privet.service")
EXPOSURE_MAX = 1.5


def run(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=60)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def unit_is_clean(folder):
    status, out = run("systemd-analyze", "verify", "--man=no", os.path.join(folder, "privet.service"))
    mine = [line for line in out.splitlines() if "privet.service" in line]
    return "" if status == 0 and not mine else "status %d: %s" % (status, out[:500])


def sandbox_is_tight(folder):
    status, out = run("systemd-analyze", "security", "--no-pager", "--offline=true", os.path.join(folder, "privet.service"))
    m = re.search(r"Overall exposure level[^:]*: ([0-9.]+)", out)
    if not m:
        return "no verdict (status %d): %s" % (status, out[-300:])
    return "" if float(m.group(1)) <= EXPOSURE_MAX else "exposure %s" % m.group(1)


def jit_is_possible(folder):
    with open(UNIT) as f:
        settings = [line for line in f if line.startswith("MemoryDenyWriteExecute")]
    return "set: PCRE2 would silently interpret" if settings else ""


def users_are_sound(folder):
    status, out = run("systemd-sysusers", "--dry-run", os.path.join(ROOT, "systemd", "privet.sysusers"))
    return "" if status == 0 else out[:300]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    binary = os.path.abspath(os.path.join(parser.parse_args().build, "privet"))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(UNIT) as f:  # the program is where it was built, not where it would be installed
            text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=" + binary, f.read())
        with open(os.path.join(folder, "privet.service"), "w") as f:
            f.write(text)
        for tool, test in (("systemd-analyze", unit_is_clean), ("systemd-analyze", sandbox_is_tight),
                           ("systemd-sysusers", users_are_sound), (None, jit_is_possible)):
            if tool and not shutil.which(tool):
                print("SKIP %s %s is not installed" % (test.__name__, tool))
                continue
            why = test(folder)
            failed += bool(why)
            print("FAIL %s %s" % (test.__name__, why) if why else "PASS " + test.__name__)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
