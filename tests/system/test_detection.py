#!/usr/bin/env python3
"""Recall on fresh samples: secrets in the shapes people paste, numbers, names and addresses of many countries, made anew
from a seed. Floors by group, below what is reached: a rule that is lost shows here."""
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import day_samples  # noqa: E402
import identity_samples  # noqa: E402
import name_samples  # noqa: E402
import person_samples  # noqa: E402
import secret_places  # noqa: E402
import secret_samples  # noqa: E402
from privet import Report  # noqa: E402

SEED = 20261123
SECRETS = {"token bare": .97, "token in prose": .97, "token in files": .98, "named in files": .97, "named in prose": .93,
           "every shape": .98, "password in files": .97, "password in URLs": .95, "password in prose": .93,
           "generated passwords quoted": .93, "generated passwords bare": .70, "private keys": 1.0,
           "unknown kinds bare": .80, "unknown kinds in prose": .95, "unknown kinds in files": .95,
           "makers unnamed, handed over": .97, "makers unnamed, weakly": .85, "makers unnamed, alone": .95,
           "passwords beside users": .93, "passwords beside their name": .93, "passwords for tools": .94, "tokens for tools": .95, "tokens with a structure": .98}
PLACES = {"tokens in places": .97, "held by places": .99, "passwords in places": .97, "passwords handed over": .96, "passwords said": .96,
          "short passwords said": .98, "codes and seeds": .98}
SECRET_TYPES = {"API_KEY_OR_TOKEN", "PASSWORD", "PRIVATE_KEY", "JWT", "URL_OR_DB_CREDENTIALS", "SECRET", "SEED_PHRASE"}
HARMLESS_MOST = .002
PERSONS = {"numbers in forms": .97, "numbers in prose": .96, "telephones": .97, "names": .90, "addresses": .75, "other data": .93,
           "numbers written otherwise": .95, "names elsewhere": .75, "addresses and telephones elsewhere": .93, "documents of the world": .94}
IDENTITIES = {"numbers behind their names": .96, "numbers behind their names at home": .95, "numbers in sentences": .97, "numbers in keys": .96,
              "numbers in tables": .90, "numbers before their names": .80}
DAYS = {"days of birth": .94, "days of a life": .92, "telephones of the world": .95}
CONTEXTS = {"names held by their context": .86, "names at home": .86, "addresses of the world": .85}


def scan(t, rows):
    path = t.path("samples.jsonl")
    with open(path, "w", encoding="utf-8") as f:
        for i, (_, _, text, _) in enumerate(rows):
            f.write(json.dumps({"id": str(i), "text": text}) + "\n")
    done = subprocess.run([t.binary, "scan", "--format", "jsonl", "--rules", "secrets,pii", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-500:]
    found = {}
    for line in done.stdout.decode().splitlines():
        r = json.loads(line)
        found[int(r["id"])] = r["spans"]
    return found


def covered(text, value, spans):
    data, sought = text.encode(), value.encode()
    at = data.index(sought)
    hidden = set()
    for s in spans:
        hidden.update(range(s["start"], s["end"]))
    return all(i in hidden for i in range(at, at + len(sought)))


def recall(t, rows, floors):
    """Every group is wholly covered as often as its floor says. Kinds are named, values never."""
    found, total, missed = scan(t, rows), {}, {}
    for i, (group, kind, text, value) in enumerate(rows):
        total[group] = total.get(group, 0) + 1
        if not covered(text, value, found.get(i, [])):
            missed.setdefault(group, []).append(kind)
    assert set(total) == set(floors), "groups without a floor: %s" % (set(total) ^ set(floors))
    low = ["%s %.3f < %.2f (%s)" % (g, 1 - len(missed.get(g, [])) / total[g], floor, ", ".join(missed[g][:12]))
           for g, floor in floors.items() if 1 - len(missed.get(g, [])) / total[g] < floor]
    assert not low, "; ".join(low)
    return sum(total.values())


def test_secrets(t):
    rows = list(secret_samples.samples(SEED, 3))
    assert len({k.split("/")[0] for g, k, _, _ in rows if g.startswith(("token", "named"))}) >= 220
    assert recall(t, rows, SECRETS) >= 1500


def test_harmless(t):
    """What stands in the same places and is no secret is left alone."""
    rows = [(which, kind, text, "") for which, kind, text in secret_samples.harmless_samples(random.Random(SEED), 1)]
    found = scan(t, rows)
    wrong = ["%s/%s" % (rows[i][0], rows[i][1]) for i, spans in sorted(found.items()) if any(s["type"] in SECRET_TYPES for s in spans)]
    assert len(wrong) <= len(rows) * HARMLESS_MOST, "%d of %d: %s" % (len(wrong), len(rows), ", ".join(wrong[:40]))


def test_places(t):
    assert recall(t, list(secret_places.place_samples(random.Random(SEED), 2)), PLACES) >= 1900


def test_harmless_places(t):
    """Words in the same places are left alone."""
    rows = [(group, kind, text, "") for group, kind, text in secret_places.harmless_places(random.Random(SEED))]
    found = scan(t, rows)
    wrong = [rows[i][1] for i, spans in sorted(found.items()) if any(s["type"] in SECRET_TYPES for s in spans)]
    assert len(wrong) <= len(rows) * HARMLESS_MOST, "%d of %d: %s" % (len(wrong), len(rows), ", ".join(wrong[:40]))


def test_personal_data(t):
    assert recall(t, list(person_samples.samples(SEED, 4)), PERSONS) >= 600


def test_identity_numbers(t):
    """Three hundred and more kinds of numbers of the world, beside what they are called."""
    assert recall(t, list(identity_samples.samples(SEED, 8)), IDENTITIES) >= 2500


def test_days_and_telephones(t):
    assert recall(t, list(day_samples.samples(SEED)), DAYS) >= 2000


def test_names_and_addresses(t):
    assert recall(t, list(name_samples.samples(SEED)), CONTEXTS) >= 1500


if __name__ == "__main__":
    sys.exit(Report.main(globals()))
