#!/usr/bin/env python3
"""Hides secrets and personal data in every way that is known, and says what of them was not found.

  hiding.py --build build [--seed N] [--count N] [--pairs N] [--trick RE] [--kind RE] [--misses N]

A sample is a row of cells (text, class): V is of the value and must be covered, N may be, O must not be. Kinds make a
value, tricks rewrite cells, and two tricks may follow each other. What `privet scan` finds is compared byte by byte.
Everything comes from the seed."""
import argparse, base64, collections, json, os, random, re, string, subprocess, sys, tempfile

ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
B32 = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"


def pick(r, alphabet, n):
    """n of the alphabet, of some variety: a key of one letter is none."""
    for _ in range(100):
        s = "".join(r.choice(alphabet) for _ in range(n))
        mixed = n < 10 or len({c.isdigit() for c in s}) == len({c.isdigit() for c in alphabet})
        if len(set(s)) >= min(n, len(alphabet)) // 3 and mixed:
            break
    return s


# ---- kinds: (before, value, after), what stands round the value may be masked with it if it is marked N ------------

def luhn(digits):
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return str(total * 9 % 10)


def card(r, head, n, groups):
    d = head + pick(r, string.digits, n - 1 - len(head))
    d += luhn(d)
    sep, at, out = r.choice([" ", "-", ""]), 0, []
    for g in groups:
        out.append(d[at:at + g])
        at += g
    return sep.join(out)


def iban(r, country, bban, spaced):
    moved = "".join(str(int(c, 36)) for c in bban + country) + "00"
    s = country + "%02d" % (98 - int(moved) % 97) + bban
    return " ".join(s[i:i + 4] for i in range(0, len(s), 4)) if spaced else s


def weighted(digits, weights):
    return sum(int(d) * w for d, w in zip(digits, weights))


def cpf(r):
    d = pick(r, string.digits, 9)
    for n in (10, 11):
        d += str(weighted(d, range(n, 1, -1)) * 10 % 11 % 10)
    return "%s.%s.%s-%s" % (d[:3], d[3:6], d[6:9], d[9:])


def cn_id(r):
    d = r.choice(["110105", "310115", "440305", "330106"]) + "19%02d%02d%02d" % (r.randint(50, 99), r.randint(1, 12), r.randint(1, 28))
    d += pick(r, string.digits, 3)
    return d + "10X98765432"[weighted(d, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11]


def nhs(r):
    while True:
        d = "4" + pick(r, string.digits, 8)
        c = 11 - weighted(d, range(10, 1, -1)) % 11
        if c != 10:
            d += str(c % 11)
            return "%s %s %s" % (d[:3], d[3:6], d[6:])


def bsn(r):
    while True:
        d = "1" + pick(r, string.digits, 8)
        if (weighted(d[:8], range(9, 1, -1)) - int(d[8])) % 11 == 0:
            return d


def pesel(r):
    d = "%02d%02d%02d" % (r.randint(50, 99), r.randint(1, 12), r.randint(1, 28)) + pick(r, string.digits, 4)
    return d + str(-weighted(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def nif(r):
    n = r.randint(10000000, 99999999)
    return "%d%s" % (n, "TRWAGMYFPDXBNJZSQVHLCKE"[n % 23])


def nir(r):
    d = "%d%02d%02d75%03d%03d" % (r.randint(1, 2), r.randint(50, 99), r.randint(1, 12), r.randint(1, 600), r.randint(1, 600))
    return d + "%02d" % (97 - int(d) % 97)


def aadhaar(r):
    d_table = [[(i + j) % 5 if i < 5 and j < 5 else 0 for j in range(10)] for i in range(10)]
    for i in range(10):
        for j in range(10):
            a, b = i % 5, j % 5
            d_table[i][j] = [(a + b) % 5, 5 + (a + b) % 5, 5 + (a - b) % 5, (a - b) % 5][(i > 4) * 2 + (j > 4)]
    p, perm = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]], []
    for _ in range(6):
        p.append([p[-1][x] for x in p[1]])
    d = str(r.randint(2, 9)) + pick(r, string.digits, 10)
    for c in range(10):
        k = 0
        for i, x in enumerate(reversed(d + str(c))):
            k = d_table[k][p[i % 8][int(x)]]
        if k == 0:
            d += str(c)
            return "%s %s %s" % (d[:4], d[4:8], d[8:])
    raise AssertionError("Verhoeff")


def base58check(r, version):
    import hashlib
    raw = bytes([version]) + bytes(r.randrange(256) for _ in range(20))
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    n, out = int.from_bytes(raw, "big"), ""
    while n:
        n, k = divmod(n, 58)
        out = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[k] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def b64u(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(r):
    head = b64u(json.dumps({"alg": r.choice(["HS256", "RS256"]), "typ": "JWT"}).encode())
    body = b64u(json.dumps({"sub": pick(r, string.digits, 10), "iat": r.randint(1600000000, 1700000000), "role": r.choice(["admin", "user"])}).encode())
    return "%s.%s.%s" % (head, body, b64u(bytes(r.randrange(256) for _ in range(32))))


def pem(r):
    body = base64.b64encode(bytes([0x30, 0x82]) + bytes(r.randrange(256) for _ in range(r.choice([180, 320])))).decode()
    lines = "\n".join(body[i:i + 64] for i in range(0, len(body), 64))
    kind = r.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"])
    return [("-----BEGIN %s-----\n" % kind, "N"), (lines, "V"), ("\n-----END %s-----" % kind, "N")]


FIRST = "maria jan peter olga chen lucas anna yusuf priya kofi".split()
LAST = "kovacs meyer tanaka silva novak okafor rossi jensen dubois ivanova".split()


def mail(r):
    return "%s%s%s@%s.%s" % (r.choice(FIRST), r.choice([".", "_", ""]), r.choice(LAST) + r.choice(["", str(r.randint(1, 99))]),
                             r.choice(["acme-corp", "northwind", "mailbox", "contoso", "uni-bremen", "shop24"]),
                             r.choice(["com", "org", "de", "co.uk", "io", "fr"]))


def words(r):
    return "%s%s%s%s" % (r.choice(["Tiger", "Winter", "Blue", "River", "Falcon"]), r.choice("!_$#"), pick(r, ALNUM, 5), r.randint(10, 99))


def password(r):
    while True:
        p = pick(r, ALNUM, 6) + r.choice("!#$") + pick(r, ALNUM, 5)
        if re.search("[0-9]", p):
            return p


def phone(r, shape):
    return "".join(str(r.randint(2, 9)) if c == "#" else c for c in shape)


def plain(label, make):
    return lambda r: [(r.choice(label) if isinstance(label, (list, tuple)) else label, "O"), (make(r), "V")]


def url(head, make, tail):
    return lambda r: [(head, "N"), (make(r), "V"), (tail, "N")]


KINDS = {
    # tokens with a prefix
    "github-pat": plain("", lambda r: "ghp_" + pick(r, ALNUM, 36)),
    "github-fine": plain("", lambda r: "github_pat_" + pick(r, ALNUM, 22) + "_" + pick(r, ALNUM, 59)),
    "gitlab": plain("", lambda r: "glpat-" + pick(r, ALNUM, 20)),
    "anthropic": plain("", lambda r: "sk-ant-api03-" + pick(r, ALNUM + "-_", 93).replace("--", "a-") + "AA"),
    "openai": plain("", lambda r: "sk-proj-" + pick(r, ALNUM, 74) + "T3BlbkFJ" + pick(r, ALNUM, 74)),
    "openai-old": plain("", lambda r: "sk-" + pick(r, ALNUM, 20) + "T3BlbkFJ" + pick(r, ALNUM, 20)),
    "huggingface": plain("", lambda r: "hf_" + pick(r, string.ascii_letters, 34)),
    "aws-id": plain("", lambda r: r.choice(["AKIA", "ASIA"]) + pick(r, B32, 16)),
    "aws-secret": plain(["AWS_SECRET_ACCESS_KEY=", "aws_secret_access_key = "], lambda r: pick(r, ALNUM + "+/", 40)),
    "slack": plain("", lambda r: "xoxb-%s-%s-%s" % (pick(r, string.digits, 12), pick(r, string.digits, 12), pick(r, ALNUM, 24))),
    "sendgrid": plain("", lambda r: "SG.%s.%s" % (pick(r, ALNUM, 22), pick(r, ALNUM, 43))),
    "stripe": plain("", lambda r: r.choice(["sk_live_", "rk_live_"]) + pick(r, ALNUM, 24)),
    "google": plain("", lambda r: "AIza" + pick(r, ALNUM, 35)),
    "npm": plain("", lambda r: "npm_" + pick(r, ALNUM, 36)),
    "pypi": plain("", lambda r: "pypi-AgEIcHlwaS5vcmc" + pick(r, ALNUM, 100)),
    "digitalocean": plain("", lambda r: "dop_v1_" + pick(r, HEX, 64)),
    "shopify": plain("", lambda r: "shpat_" + pick(r, HEX, 32)),
    "databricks": plain("", lambda r: "dapi" + pick(r, HEX, 32)),
    "doppler": plain("", lambda r: "dp.pt." + pick(r, ALNUM, 43)),
    "linear": plain("", lambda r: "lin_api_" + pick(r, ALNUM, 40)),
    "telegram": plain("", lambda r: pick(r, "123456789", 10) + ":AA" + pick(r, ALNUM, 33)),
    "age": plain("", lambda r: "AGE-SECRET-KEY-1" + pick(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    "slack-hook": plain("", lambda r: "https://hooks.slack.com/services/T%s/B%s/%s" % (pick(r, B32, 8), pick(r, B32, 8), pick(r, ALNUM, 24))),
    "jwt": plain(["", "Authorization: Bearer "], jwt),
    "pem": pem,
    # known by what stands before them
    "postgres": url("postgres://app:", lambda r: pick(r, ALNUM, 14), "@db.internal:5432/main"),
    "mongodb": url("mongodb+srv://svc:", lambda r: pick(r, ALNUM, 16), "@cluster0.ab1cd.mongodb.net/prod"),
    "redis": url("redis://:", lambda r: pick(r, ALNUM, 18), "@cache.local:6379/0"),
    "basic-url": url("https://deploy:", lambda r: pick(r, ALNUM, 14), "@registry.acme-corp.com/v2/"),
    "azure": url("DefaultEndpointsProtocol=https;AccountName=stprod;AccountKey=", lambda r: base64.b64encode(bytes(r.randrange(256) for _ in range(64))).decode(), ";EndpointSuffix=core.windows.net"),
    "password": plain(["password: ", "password = ", "DB_PASSWORD=", "my password is ", "passwd: "], password),
    "password-word": plain(["password: ", "Password is "], words),
    "api-key": plain(["api_key = ", "API_KEY=", "x-api-key: "], lambda r: pick(r, ALNUM, 32)),
    "secret-hex": plain(["client_secret=", "secret_key: "], lambda r: pick(r, HEX, 40)),
    # money
    "visa": plain("", lambda r: card(r, "4", 16, (4, 4, 4, 4))),
    "mastercard": plain(["card ", ""], lambda r: card(r, r.choice(["51", "52", "53", "54", "55"]), 16, (4, 4, 4, 4))),
    "amex": plain("card ", lambda r: card(r, "37", 15, (4, 6, 5))),
    "iban-de": plain(["IBAN ", ""], lambda r: iban(r, "DE", pick(r, string.digits, 18), r.random() < .5)),
    "iban-gb": plain("IBAN: ", lambda r: iban(r, "GB", r.choice(["NWBK", "BARC", "MIDL"]) + pick(r, string.digits, 14), r.random() < .5)),
    "iban-fr": plain("", lambda r: iban(r, "FR", pick(r, string.digits, 23), r.random() < .5)),
    "btc": plain(["", "wallet "], lambda r: base58check(r, r.choice([0, 5]))),
    "eth": plain(["", "address "], lambda r: "0x" + pick(r, HEX, 40)),
    # people
    "email": plain(["", "mail "], mail),
    "phone-us": plain(["call ", "phone: "], lambda r: phone(r, r.choice(["+1 (415) 5##-####", "+1 212 5## ####", "415-5##-####"]))),
    "phone-de": plain(["Tel. ", "call "], lambda r: phone(r, r.choice(["+49 30 #######", "+49 171 #######"]))),
    "phone-uk": plain(["phone ", "call "], lambda r: phone(r, "+44 20 7### ####")),
    "phone-fr": plain(["", "tel: "], lambda r: phone(r, "+33 6 ## ## ## ##")),
    "ssn": plain(["SSN ", "SSN: ", "social security number "], lambda r: "%03d-%02d-%04d" % (r.choice([123, 219, 457, 512, 601]), r.randint(10, 98), r.randint(1000, 9998))),
    "nhs": plain("NHS number ", nhs),
    "bsn": plain("BSN ", bsn),
    "pesel": plain("PESEL ", pesel),
    "nif": plain(["DNI ", "NIF: "], nif),
    "nir": plain(["NIR ", "num\u00e9ro de s\u00e9curit\u00e9 sociale "], nir),
    "cpf": plain(["CPF ", ""], cpf),
    "aadhaar": plain("Aadhaar ", aadhaar),
    "cn-id": plain(["\u8eab\u4efd\u8bc1\u53f7\uff1a", ""], cn_id),
    # machines
    "ipv4": plain(["host ", "from "], lambda r: "%d.%d.%d.%d" % (r.choice([81, 93, 185, 203]), r.randint(1, 250), r.randint(1, 250), r.randint(2, 250))),
    "ipv6": plain(["", "from "], lambda r: "2a%02x:%x:%x:%x::%x:%x" % (r.randint(1, 255), r.randint(256, 65535), r.randint(4096, 65535), r.randint(256, 65535), r.randint(16, 65535), r.randint(1, 65535))),
    "mac": plain(["MAC ", "", "device "], lambda r: ":".join("%02x" % x for x in [r.choice([0, 0x3c, 0xa4]), *[r.randint(1, 255) for _ in range(5)]])),
}
LONG = {"pem", "openai", "pypi", "jwt", "anthropic"}   # not written letter by letter

# ---- cells ---------------------------------------------------------------------------------------------------------


def chars(cells):
    return [(c, k) for s, k in cells for c in s]


def text_of(cells):
    return "".join(s for s, _ in cells)


def value_range(cells):
    at = [i for i, (_, k) in enumerate(cells) if k == "V"]
    return at[0], at[-1] + 1


def parted(r, cells, whole):
    """-> (before, what the trick is played on, behind): the value, or all of it."""
    cells = chars(cells)
    if whole:
        return [], cells, []
    a, b = value_range(cells)
    return cells[:a], cells[a:b], cells[b:]


def each(f):
    """A trick that rewrites characters one by one: f(r, c) gives its text or None."""
    def trick(r, cells):
        a, run, b = parted(r, cells, r.random() < .3)
        return a + [(s if s is not None else c, k) for c, k in run for s in [f(r, c)]] + b
    return trick


def between(mark, rate=1.0, only=None):
    """A trick that puts something between the characters of the value; `mark` is text or f(r)."""
    def trick(r, cells):
        a, run, b = parted(r, cells, False)
        p = r.choice([rate, .3, .12])
        out, put = [], False
        for i, (c, k) in enumerate(run):
            last = i + 1 == len(run)
            out.append((c, k))
            if not last and c not in "\n" and (r.random() < p or (not put and i == len(run) // 2)):
                out.append((mark(r) if callable(mark) else mark, "N"))
                put = True
        return a + out + b
    return trick


def after(mark):
    """As between, and also behind the last character, which it belongs to."""
    def trick(r, cells):
        a, run, b = parted(r, cells, False)
        out = []
        for c, k in run:
            out.append((c, k))
            if c not in " \n":
                out.append((mark(r) if callable(mark) else mark, "N"))
        return a + out + b
    return trick


def cut(breaks, pieces=(2, 3, 4)):
    """A trick that cuts the value in some places; in a value of groups or lines between them too."""
    def trick(r, cells):
        a, run, b = parted(r, cells, False)
        n = min(r.choice(pieces) - 1, max(1, (len(run) - 4) // 4))
        lo, hi = 2, len(run) - 2
        at, tries = set(), 0
        while len(at) < n and tries < 100:
            tries += 1
            x = r.randint(lo, hi)
            if all(abs(x - y) >= 3 for y in at) and run[x][0] not in " \n" and run[x - 1][0] not in " \n":
                at.add(x)
        mark = breaks(r) if callable(breaks) else breaks
        out = []
        for i, cell in enumerate(run):
            if i in at:
                out.append((mark, "N"))
            out.append(cell)
        return a + out + b
    return trick


MARGINS = [lambda n: "%d: " % n, lambda n: "%4d  " % n, lambda n: "%d\t" % n, lambda n: "[INFO] ", lambda n: "2026-11-23 10:15:%02d " % (n % 60),
           lambda n: "2026-11-23T10:15:10.%03dZ app[%d]: " % (n, 400 + n), lambda n: "> ", lambda n: "| ", lambda n: "# ", lambda n: "* ", lambda n: "// ",
           lambda n: "+", lambda n: "; ", lambda n: "-- ", lambda n: "%d | " % n, lambda n: "    # "]


def margin(r, cells):
    """All that is said stands in lines that each begin alike: numbered, stamped with a time, quoted, a comment's."""
    form, n = r.choice(MARGINS), r.choice([8, 9, 41, 98, 99, 118])
    run, line = chars(cells), n
    out, (a, b), pieces = [("\n" + form(n), "O")], value_range(run), r.choice([2, 2, 3])
    at = {a + (b - a) * i // pieces + r.randint(-2, 2) for i in range(1, pieces)}
    for i, (c, k) in enumerate(run):
        if i in at or c == "\n":
            line += 1
            out.append(("\n" + form(line), "N"))
        if c != "\n":
            out.append((c, k))
    return out + [("\n" + form(line + 1), "O")]


def escaped(r, cells):
    """As Markdown's writers do it: a backslash before signs."""
    signs = r.choice(["_", "_*", "_-.+!#", "_-.+!#*@=&$~"])
    return [("\\" + c if c in signs else c, k) for c, k in chars(cells)]


def wrapped(width, end):
    def trick(r, cells):
        a, run, b = parted(r, cells, False)
        w, out = width(r) if callable(width) else width, []
        for i, cell in enumerate(run):
            if i and i % w == 0:
                out.append((end, "N"))
            out.append(cell)
        return a + out + b
    return trick


def emphasis(r, cells):
    a, run, b = parted(r, cells, False)
    mark = r.choice(["*", "**", "`", "~~", "***"])
    i = r.randint(1, max(1, len(run) // 3))
    k = r.randint(i + 1, len(run) - 1)
    return a + run[:i] + [(mark, "N")] + run[i:k] + [(mark, "N")] + run[k:] + b


def every_third(r, cells):
    a, run, b = parted(r, cells, False)
    mark, out = r.choice(["*", "**", "`"]), []
    for i, cell in enumerate(run):
        m = i % 3 == 2 and cell[0] not in " \n"
        out += [(mark, "N"), cell, (mark, "N")] if m else [cell]
    return a + out + b


def html_tags(r, cells):
    a, run, b = parted(r, cells, False)
    t = r.choice(["b", "i", "em", "span", "strong"])
    i = r.randint(1, max(1, len(run) // 3))
    k = r.randint(i + 1, len(run) - 1)
    return a + run[:i] + [("<%s>" % t, "N")] + run[i:k] + [("</%s>" % t, "N")] + run[k:] + b


def literals(r, cells):
    a, run, b = parted(r, cells, False)
    q = r.choice("\"'")
    mark = q + r.choice([" + ", "+", "\n  ", " . ", " \\\n  ", " & "]) + q
    return [(q, "N")] + a + cut(mark, (2, 3))(r, run) + b + [(q, "N")]


def run_of(encode, whole=.6):
    """A trick that writes the run in another alphabet: one unit. encode(r, bytes) gives text."""
    def trick(r, cells):
        a, run, b = parted(r, cells, r.random() < whole)
        s = encode(r, text_of(run).encode())
        head, body = re.match("(?s)(0x|data:[^,]*,|Basic |b64:|enc=)?(.*)", s).groups()
        body, tail = re.match("(?s)(.*?)(=*)$", body).groups()
        return a + [(head or "", "N"), (body, "V"), (tail, "N")] + b
    return trick


def unit(write, some=True):
    """A trick that writes characters as escapes: write(r, c)."""
    def trick(r, cells):
        a, run, b = parted(r, cells, r.random() < .3)
        p = r.choice([1.0, 1.0, .5, .2]) if some else 1.0
        n = r.randrange(len(run))
        return a + [(write(r, c) if i == n or r.random() < p else c, k) for i, (c, k) in enumerate(run)] + b
    return trick


def utf8_units(form):
    return lambda r, c: "".join(form(r, x) for x in c.encode())


def lines_of(s, w, end):
    return end.join(s[i:i + w] for i in range(0, len(s), w))


def base64_of(r, data):
    return base64.b64encode(data).decode()


def json_in(depth):
    def trick(r, cells):
        """The run as JSON text in JSON text; cells stay cells, as escapes are units."""
        out = chars(cells)
        for _ in range(depth):
            out = [(json.dumps(c, ensure_ascii=False)[1:-1], k) for c, k in chars(out)] if False else \
                  [(json.dumps(c, ensure_ascii=False)[1:-1], k) for c, k in out]
            out = [('{"note": "', "O")] + out + [('", "n": 1}', "O")]
        return out
    return trick


def math(start, low=None, digit=None):
    def f(r, c):
        if "A" <= c <= "Z":
            return chr(start + ord(c) - 65)
        if "a" <= c <= "z":
            return chr((low or start + 26) + ord(c) - 97)
        if "0" <= c <= "9" and digit:
            return chr(digit + ord(c) - 48)
    return f


def full(r, c):
    return chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " and r.random() < .3 else None


LIKES = dict(zip("ABEKMHOPCTYXSIJaeopcyxsij", "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
                 "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458"))
GREEK = dict(zip("ABEZHIKMNOPTYXov", "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd"))
ARMENIAN = dict(zip("OSUghnouqj", "\u0555\u054f\u054d\u0581\u0570\u0578\u0585\u057d\u0566\u0575"))
CHEROKEE = dict(zip("ABCDEGHIJKLMPRSTVWZ", "\u13aa\u13f4\u13df\u13a0\u13ac\u13c0\u13bb\u13c6\u13ab\u13e6\u13de\u13b7\u13e2\u13a1\u13da\u13a2\u13d9\u13b3\u13c3"))
LISU = dict(zip("BPDTGKJCZFMNLSRVHWXYAEIOU", "\ua4d0\ua4d1\ua4d3\ua4d4\ua4d6\ua4d7\ua4d9\ua4da\ua4dc\ua4dd\ua4df\ua4e0\ua4e1\ua4e2\ua4e3"
                "\ua4e6\ua4e7\ua4ea\ua4eb\ua4ec\ua4ee\ua4f0\ua4f2\ua4f3\ua4f4"))
ZEROS = ["\u0660", "\u06f0", "\u0966", "\u09e6", "\u0e50", "\uff10", "\u17e0", "\u1040", "\U0001e950", "\U00011136", "\U0001f101"]
BLANKS = "\u00a0\u2007\u2009\u202f\u3000\u2002\u205f\u2003"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\u2043\u02d7\u1806"


def likes(table):
    def trick(r, cells):
        a, run, b = parted(r, cells, False)
        p = r.choice([1, .5, .2])
        return a + [(table[c] if c in table and r.random() < p else c, k) for c, k in run] + b
    return trick


def digits(r, cells):
    zero = r.choice(ZEROS)
    return each(lambda r, c: chr(ord(zero) + int(c)) if c in string.digits else None)(r, cells)


def marks(r, cells):
    names = {"@": ["\uff20", "\ufe6b"], ".": ["\uff0e", "\u3002", "\u2024", "\ufe52", "\uff61"], ":": ["\uff1a", "\ufe55", "\u2236"],
             "-": list(DASHES), "_": ["\uff3f", "\ufe4d"], "/": ["\uff0f", "\u2044", "\u2215"], "+": ["\uff0b", "\ufe62"], " ": list(BLANKS)}
    return each(lambda r, c: r.choice(names[c]) if c in names else None)(r, cells)


def tags_in(r):
    return "".join(chr(0xE0000 + ord(c)) for c in r.choice(["a", "go", "send it"]))


def entity(r, c):
    named = {"&": "&amp;", "@": "&commat;", ".": "&period;", ":": "&colon;", "/": "&sol;", "_": "&lowbar;", "+": "&plus;", "=": "&equals;", " ": "&nbsp;"}
    if c in named and r.random() < .5:
        return named[c]
    return r.choice(["&#%d;" % ord(c), "&#x%x;" % ord(c), "&#x%X;" % ord(c), "&#%04d;" % ord(c)])


def spaced_hex(sep, prefix=""):
    return lambda r, d: sep.join(prefix + (r.choice(["%02x", "%02x"]) % x) for x in d)


ZW = "\u200b\u200c\u200d\u2060\ufeff"
BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"

TRICKS = {
    "plain": lambda r, cells: chars(cells),
    # what is not seen
    "zero-width": between(lambda r: r.choice(ZW)),
    "zero-width-many": between(lambda r: "".join(r.choice(ZW) for _ in range(r.randint(2, 5)))),
    "bidi": between(lambda r: r.choice(BIDI)),
    "bidi-override": lambda r, cells: (lambda a, run, b: a + [("\u202e", "N")] + run + [("\u202c", "N")] + b)(*parted(r, cells, False)),
    "soft-hyphen": between("\u00ad"),
    "variation": between(lambda r: r.choice("\ufe00\ufe0e\ufe0f\U000e0101")),
    "joiners": between(lambda r: r.choice("\u034f\u115f\u3164\u180e\u2800\u2063")),
    "combining": after(lambda r: r.choice("\u0332\u0336\u0301\u0323\u20e3")),
    "tags": between(tags_in, .3),
    "nul": between("\0", .3),
    "controls": between(lambda r: r.choice("\x01\x02\x07\x08\x0b\x0c\x0e\x1e\x1f\x7f\x80\x9f")),
    "ignorable": between(lambda r: r.choice("\u2065\ufff9\ufffc\ufffd\uffff\ue000\U000e0080\U000e0fff\U0001d173\U0001bca0\U00013430")),
    "combining-others": between(lambda r: r.choice("\u1ab0\u1dc4\ufe20\u20e5")),
    "ansi": between(lambda r: r.choice(["\x1b[0m", "\x1b[31m", "\x1b[1;4m"]), .3),
    # other letters
    "full-width": each(full),
    "full-width-digits": each(lambda r, c: chr(ord(c) + 0xFEE0) if c in string.digits else None),
    "marks": marks,
    "digits": digits,
    "math-bold": each(math(0x1D400, digit=0x1D7CE)),
    "math-sans": each(math(0x1D5A0, digit=0x1D7E2)),
    "math-mono": each(math(0x1D670, digit=0x1D7F6)),
    "math-double": each(math(0x1D538 if False else 0x1D56C, digit=0x1D7D8)),
    "outlined": each(lambda r, c: chr(0x1CCD6 + ord(c) - 65) if "A" <= c <= "Z" else chr(0x1CCF0 + int(c)) if c in string.digits else None),
    "circled": each(lambda r, c: chr(0x24B6 + ord(c) - 65) if "A" <= c <= "Z" else chr(0x24D0 + ord(c) - 97) if "a" <= c <= "z"
                    else "\u24ea" if c == "0" else chr(0x2460 + ord(c) - 49) if "1" <= c <= "9" else None),
    "superscript": each(lambda r, c: "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[int(c)] if c in string.digits else None),
    "cyrillic": likes(LIKES),
    "greek": likes(GREEK),
    "armenian": likes(ARMENIAN),
    "cherokee": likes(CHEROKEE),
    "lisu": likes(LISU),
    "blanks": each(lambda r, c: r.choice(BLANKS) if c == " " else None),
    "dashes": each(lambda r, c: r.choice(DASHES) if c == "-" else None),
    # cut
    "line-break": cut("\n"),
    "line-separator": cut(lambda r: r.choice("\u2028\u2029\x85")),
    "line-break-indent": cut(lambda r: r.choice(["\n    ", "\r\n  ", "\n\t", "\r\n", "\n        "])),
    "line-break-quote": cut(lambda r: r.choice(["\n> ", "\n>> ", "\r\n> ", "\n  > "])),
    "line-break-list": cut(lambda r: r.choice(["\n- ", "\n* ", "\n  - "]), (2,)),
    "line-break-hash": cut(lambda r: r.choice(["\n# ", "\n// ", "\n * ", "\n+", "\n| "]), (2, 3)),
    "margin": margin,
    "continuation": cut(lambda r: r.choice(["\\\n", "\\\n  ", " \\\n"])),
    "hyphenation": cut(lambda r: r.choice(["-\n", "-\n  "]), (2,)),
    "wrapped": wrapped(lambda r: r.choice([10, 16, 20]), "\n"),
    "emphasis": emphasis,
    "emphasis-third": every_third,
    "html-tags": html_tags,
    "br": cut(lambda r: r.choice(["<br>", "<br/>", "<wbr>", "<br />\n"])),
    "literals": literals,
    "comments": cut(lambda r: r.choice(["<!-- -->", "<!---->", "<!-- x -->", "<!--more-->"])),
    "soft-break": cut(lambda r: r.choice(["=\n", "=\r\n"])),
    # escapes
    "u-escape": unit(lambda r, c: r.choice(["\\u%04x", "\\u%04X"]) % ord(c)),
    "u-brace": unit(lambda r, c: "\\u{%x}" % ord(c)),
    "x-brace": unit(lambda r, c: "\\x{%x}" % ord(c)),
    "U-escape": unit(lambda r, c: "\\U%08x" % ord(c)),
    "x-escape": unit(utf8_units(lambda r, b: "\\x%02x" % b)),
    "octal": unit(utf8_units(lambda r, b: "\\%03o" % b)),
    "entities": unit(entity),
    "escaped": escaped,
    "unseen-entities": between(lambda r: r.choice(["&zwnj;", "&zwj;", "&ZeroWidthSpace;", "&shy;", "&lrm;", "&rlm;", "&NoBreak;", "&#8203;", "&#x200b;", "&#173;"])),
    "percent": unit(utf8_units(lambda r, b: r.choice(["%%%02x", "%%%02X"]) % b)),
    "percent-twice": unit(utf8_units(lambda r, b: "%%25%02x" % b)),
    "percent-u": unit(lambda r, c: "%%u%04x" % ord(c)),
    "quoted-printable": unit(utf8_units(lambda r, b: "=%02X" % b)),
    "json": json_in(1),
    "json-deep": lambda r, cells: json_in(r.choice([2, 3]))(r, cells),
    # alphabets
    "base64": run_of(base64_of),
    "base64-nopad": run_of(lambda r, d: base64_of(r, d).rstrip("=")),
    "base64url": run_of(lambda r, d: base64.urlsafe_b64encode(d).decode()),
    "base64-twice": run_of(lambda r, d: base64_of(r, base64_of(r, d).encode())),
    "base64-lines": run_of(lambda r, d: lines_of(base64_of(r, d), r.choice([64, 76, 32, 20]), r.choice(["\n", "\r\n", "\n  "]))),
    "base64-utf16": run_of(lambda r, d: base64_of(r, d.decode().encode(r.choice(["utf-16-le", "utf-16-be", "utf-16"])))),
    "base64-json": run_of(lambda r, d: base64_of(r, json.dumps({"user": "x", "data": d.decode()}).encode())),
    "base64-prose": run_of(lambda r, d: base64_of(r, b"Hello, please use " + d + b" for the build. Thanks!")),
    "base64-prefixed": run_of(lambda r, d: r.choice(["data:text/plain;base64,", "data:application/json;charset=utf-8;base64,", "Basic ", "b64:", "enc="]) + base64_of(r, d)),
    "data-percent": lambda r, cells: [("data:text/plain,", "N")] + [(c if c in ALNUM and r.random() < .5 else "".join("%%%02X" % x for x in c.encode()), k)
                                                                  for c, k in chars(cells)],
    "hex": run_of(lambda r, d: d.hex()),
    "hex-upper": run_of(lambda r, d: d.hex().upper()),
    "hex-0x": run_of(lambda r, d: "0x" + d.hex()),
    "hex-spaces": run_of(spaced_hex(" ")),
    "hex-colons": run_of(lambda r, d: r.choice([":", "-"]).join("%02X" % x for x in d)),
    "hex-list": run_of(lambda r, d: r.choice([", ", ",", " "]).join("0x%02x" % x for x in d)),
    "hex-fours": run_of(lambda r, d: (lambda s: " ".join(s[i:i + 2].hex() for i in range(0, len(s), 2)))(b"please use " + d), 1),
    "hex-lines": run_of(lambda r, d: lines_of(d.hex(), r.choice([32, 64]), "\n")),
    "hex-after-word": lambda r, cells: [(r.choice(["see: ", "code: ", "be ", "24: "]), "O")] + TRICKS["hex-spaces"](r, chars(cells)),
    "hex-utf16": run_of(lambda r, d: d.decode().encode("utf-16-le").hex()),
    "hex-twice": run_of(lambda r, d: d.hex().encode().hex()),
    "base32": run_of(lambda r, d: (lambda s: s if r.random() < .6 else s.lower().rstrip("="))(base64.b32encode(d).decode()), .9),
    "codes": run_of(lambda r, d: r.choice([", ", ",", " "]).join(str(x) for x in d), 1),
    "base64-of-hex": run_of(lambda r, d: base64_of(r, d.hex().encode())),
    "hex-of-base64": run_of(lambda r, d: base64_of(r, d).encode().hex()),
}

# Pairs that nobody can read back, or where the second finds nothing to do.
RUNS = {k for k in TRICKS if k.startswith(("base", "hex", "data-", "codes"))}
FIRST_ONLY = {"blanks", "dashes", "marks", "digits", "full-width-digits", "superscript", "circled", "cyrillic", "greek", "armenian", "cherokee"}
SKIP = {("plain", "plain")}

FRAMES = [("", ""), ("Please use ", " for the build today."), ("The value in question was ", "\nand nothing else. Thanks."),
          ("config:\n  ", "\n  retries: 3\n"), ("I got this from ops (", ") yesterday"), ("Hallo Team,\n\n", "\n\nViele Gr\u00fc\u00dfe"),
          ("log line 42 | ", " | status ok"), ("\u8bf7\u770b\u8fd9\u4e2a ", " \u8c22\u8c22")]


class Sample:
    def __init__(self, kind, tricks, cells):
        self.kind, self.tricks, self.cells = kind, tricks, cells
        self.text = text_of(cells)
        self.spans = collections.defaultdict(list)
        at = 0
        for s, k in cells:
            n = len(s.encode())
            self.spans[k].append((at, at + n))
            at += n

    def judge(self, found):
        """-> (value wholly covered, bytes masked that are nobody's)."""
        covered = bytearray(len(self.text.encode()))
        for s in found:
            covered[s["start"]:s["end"]] = b"\1" * (s["end"] - s["start"])
        missed = sum(1 for a, b in self.spans["V"] for i in range(a, b) if not covered[i])
        return missed == 0, sum(covered[i] for a, b in self.spans["O"] for i in range(a, b))


def sample(seed, kind, tricks):
    r = random.Random("%s %s %s" % (seed, kind, tricks))
    cells = KINDS[kind](r)
    for t in tricks:
        cells = TRICKS[t](r, cells)
    before, behind = r.choice(FRAMES)
    return Sample(kind, tricks, [(before, "O")] + cells + [(behind, "O")])


def applies(kind, trick):
    if trick == "base64-prefixed" and kind in ("postgres", "mongodb", "redis", "basic-url"):
        return False    # nobody writes a data URL as the password of a URL
    if trick == "escaped" and kind == "pem":
        return False    # what is escaped is read line by line
    if trick in ("blanks", "dashes", "marks") or kind == "pem" and trick in ("emphasis-third", "literals", "combining", "br", "html-tags"):
        return trick in ("marks",) or kind != "pem"
    return True


def singles(seed, count, kinds, tricks):
    return [sample("%s-%d" % (seed, n), k, (t,)) for t in tricks for k in kinds if applies(k, t) for n in range(count)]


def pairs(seed, count, kinds, tricks):
    r, out = random.Random("%s pairs" % seed), []
    names = [t for t in tricks if t != "plain"]
    while len(out) < count:
        a, b = r.choice(names), r.choice(names)
        k = r.choice(kinds)
        if a == b or (a in RUNS and b in FIRST_ONLY) or not applies(k, a) or not applies(k, b):
            continue
        out.append(sample("%s-%d" % (seed, len(out)), k, (a, b)))
    return out


def scan(binary, samples, rules, more=()):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as f:
        for i, s in enumerate(samples):
            f.write(json.dumps({"id": i, "text": s.text}) + "\n")
    try:
        done = subprocess.run([binary, "scan", "--format", "jsonl", *more, f.name], stdout=subprocess.PIPE, timeout=600,
                              env={"PRIVET_RULES": rules, **os.environ}, check=True)
    finally:
        os.unlink(f.name)
    return [json.loads(line)["spans"] for line in done.stdout.splitlines()]


def table(samples, results, key):
    rows = collections.defaultdict(lambda: [0, 0, 0])
    for s, (hit, over) in zip(samples, results):
        row = rows[key(s)]
        row[0] += 1
        row[1] += hit
        row[2] += over > 0
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default="build")
    p.add_argument("--seed", default="1")
    p.add_argument("--count", type=int, default=2)
    p.add_argument("--pairs", type=int, default=0)
    p.add_argument("--trick", default="")
    p.add_argument("--kind", default="")
    p.add_argument("--misses", type=int, default=0)
    p.add_argument("--over", type=int, default=0)
    p.add_argument("--by", default="trick")
    a = p.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    kinds = [k for k in KINDS if re.search(a.kind, k)]
    tricks = [t for t in TRICKS if re.search(a.trick, t)]
    todo = pairs(a.seed, a.pairs, kinds, tricks) if a.pairs else singles(a.seed, a.count, kinds, tricks)
    found = scan(os.path.join(a.build, "privet"), todo, os.path.join(root, "config", "rules"))
    results = [s.judge(f) for s, f in zip(todo, found)]
    keys = {"trick": lambda s: "+".join(s.tricks), "kind": lambda s: s.kind, "first": lambda s: s.tricks[0], "last": lambda s: s.tricks[-1]}
    for name, (n, hit, over) in sorted(table(todo, results, keys[a.by]).items(), key=lambda x: (x[1][1] / x[1][0], x[0])):
        print("%-40s %5d  %.3f  over %d" % (name, n, hit / n, over))
    print("all %d: %.4f, over in %d" % (len(todo), sum(h for h, _ in results) / len(todo), sum(o > 0 for _, o in results)))
    left = a.misses
    for s, f, (hit, over) in zip(todo, found, results):
        if left and not hit:
            left -= 1
            print("MISS", s.kind, s.tricks, repr(s.text), [(s.text.encode()[x["start"]:x["end"]].decode("utf-8", "replace"), x["rule"]) for x in f])
    left = a.over
    for s, f, (hit, over) in zip(todo, found, results):
        if left and over:
            left -= 1
            print("OVER", s.kind, s.tricks, repr(s.text), [(s.text.encode()[x["start"]:x["end"]].decode("utf-8", "replace"), x["rule"]) for x in f])


if __name__ == "__main__":
    main()
