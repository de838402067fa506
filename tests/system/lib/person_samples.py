"""Fresh samples of personal data, made from a seed: numbers with the check digits of their countries, in forms, tables,
JSON, chat and in the prose of the language; names and addresses as people write them. Nobody is meant.
A sample is (group, kind, text, value)."""
import hashlib
import random

DIGITS = '0123456789'
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'


def digits(rng, n):
    return ''.join(rng.choice(DIGITS) for _ in range(n))


def some(rng, n):
    """Digits that are no run and no repetition."""
    while True:
        s = digits(rng, n)
        if s[0] != '0' and len(set(s)) > min(3, n - 1):
            return s


def letters(rng, n, alphabet=LETTERS):
    return ''.join(rng.choice(alphabet) for _ in range(n))


def date(rng, first=1950, last=2003):
    return rng.randrange(first, last), rng.randrange(1, 13), rng.randrange(1, 28)


def luhn(s):
    total = sum(sum(divmod(int(c) * 2, 10)) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(s)))
    return str(-total % 10)


def weighted(s, weights):
    return sum(int(c) * w for c, w in zip(s, weights))


def until(make):
    while True:
        v = make()
        if v:
            return v


def us_ssn(rng):
    return '%03d-%02d-%04d' % (rng.randrange(101, 665), rng.randrange(11, 99), rng.randrange(1001, 9999))


def us_itin(rng):
    return '9%02d-%02d-%04d' % (rng.randrange(0, 99), rng.choice([70, 75, 80, 82, 88]), rng.randrange(1001, 9999))


def ca_sin(rng):
    s = rng.choice('12345679') + digits(rng, 7)
    s += luhn(s)
    return '%s %s %s' % (s[:3], s[3:6], s[6:])


def uk_nhs(rng):
    def make():
        s = rng.choice('467') + digits(rng, 8)
        c = 11 - weighted(s, range(10, 1, -1)) % 11
        return None if c == 10 else s + str(c % 11)
    s = until(make)
    return '%s %s %s' % (s[:3], s[3:6], s[6:])


def uk_nino(rng):
    return '%s %s %s %s %s' % (rng.choice(['AB', 'CE', 'JK', 'LM', 'PX', 'SR', 'YZ']), digits(rng, 2), digits(rng, 2), digits(rng, 2), rng.choice('ABCD'))


def ie_pps(rng):
    s = some(rng, 7)
    return s + 'WABCDEFGHIJKLMNOPQRSTUV'[weighted(s, range(8, 1, -1)) % 23]


def iso7064_11_10(s):
    p = 10
    for c in s:
        p = (p + int(c)) % 10 or 10
        p = p * 2 % 11
    return str((11 - p) % 10)


def de_tax(rng):
    pool = rng.sample(DIGITS, 9)
    pool.append(rng.choice(pool))
    while True:
        rng.shuffle(pool)
        s = ''.join(pool)
        if s[0] != '0' and not any(s[i] == s[i + 1] == s[i + 2] for i in range(8)):
            s += iso7064_11_10(s)
            return '%s %s %s %s' % (s[:2], s[2:5], s[5:8], s[8:])


def de_social(rng):
    y, m, d = date(rng)
    a = '%s%02d%02d%02d%s%s' % (rng.choice(['12', '15', '65', '53', '24']), d, m, y % 100, '', '')
    letter, serial = rng.choice(LETTERS), digits(rng, 2)
    full = a + '%02d' % (ord(letter) - 64) + serial
    total = sum(sum(divmod(int(c) * w, 10)) for c, w in zip(full, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)))
    return a + letter + serial + str(total % 10)


def at_svnr(rng):
    def make():
        y, m, d = date(rng)
        n, born = some(rng, 3), '%02d%02d%02d' % (d, m, y % 100)
        c = (weighted(n, (3, 7, 9)) + weighted(born, (5, 8, 4, 2, 1, 6))) % 11
        return None if c == 10 else '%s%d %s' % (n, c, born)
    return until(make)


def ch_ahv(rng):
    s = '756' + digits(rng, 9)
    c = -sum(int(x) * (3 if i % 2 else 1) for i, x in enumerate(s)) % 10
    s += str(c)
    return '%s.%s.%s.%s' % (s[:3], s[3:7], s[7:11], s[11:])


def fr_nir(rng):
    y, m, _ = date(rng)
    s = '%s%02d%02d%02d%03d%03d' % (rng.choice('12'), y % 100, m, rng.randrange(1, 95), rng.randrange(1, 600), rng.randrange(1, 900))
    return '%s %s %s %s %s %s %02d' % (s[0], s[1:3], s[3:5], s[5:7], s[7:10], s[10:], 97 - int(s) % 97)


def es_nif(rng):
    s = some(rng, 8)
    return s + 'TRWAGMYFPDXBNJZSQVHLCKE'[int(s) % 23]


def es_nie(rng):
    k, s = rng.randrange(3), digits(rng, 7)
    return 'XYZ'[k] + s + 'TRWAGMYFPDXBNJZSQVHLCKE'[int(str(k) + s) % 23]


def pt_nif(rng):
    s = rng.choice('12') + digits(rng, 7)
    c = 11 - weighted(s, range(9, 1, -1)) % 11
    return s + str(0 if c > 9 else c)


def it_cf(rng):
    odd = dict(zip('0123456789', (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)))
    odd.update(zip(LETTERS, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)))
    y, m, d = date(rng)
    s = letters(rng, 6, 'BCDFGLMNPRSTV') + '%02d%s%02d%s%03d' % (y % 100, 'ABCDEHLMPRST'[m - 1], d + rng.choice([0, 40]), rng.choice('ABCDFGHL'), rng.randrange(100, 900))
    even = lambda c: int(c) if c in DIGITS else ord(c) - 65
    return s + LETTERS[sum(odd[c] if i % 2 == 0 else even(c) for i, c in enumerate(s)) % 26]


def nl_bsn(rng):
    def make():
        s = some(rng, 8)
        c = weighted(s, range(9, 1, -1)) % 11
        return None if c == 10 else s + str(c)
    return until(make)


def be_nn(rng):
    y, m, d = date(rng)
    s = '%02d%02d%02d%03d' % (y % 100, m, d, rng.randrange(1, 997))
    c = 97 - int(('2' if y >= 2000 else '') + s) % 97
    return '%s.%s.%s-%s.%02d' % (s[:2], s[2:4], s[4:6], s[6:], c)


def pl_pesel(rng):
    y, m, d = date(rng)
    s = '%02d%02d%02d%s' % (y % 100, m + (20 if y >= 2000 else 0), d, digits(rng, 4))
    return s + str(-weighted(s, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def se_pnr(rng):
    y, m, d = date(rng)
    s = '%02d%02d%02d%03d' % (y % 100, m, d, rng.randrange(1, 980))
    return '%s-%s%s' % (s[:6], s[6:], luhn(s))


def no_fnr(rng):
    def make():
        y, m, d = date(rng, 1950, 1999)
        s = '%02d%02d%02d%03d' % (d, m, y % 100, rng.randrange(100, 499))
        a = -weighted(s, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        b = -(weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3)) + 2 * a) % 11
        return None if 10 in (a, b) else '%s %s%d%d' % (s[:6], s[6:], a, b)
    return until(make)


def dk_cpr(rng):
    def make():
        y, m, d = date(rng, 1950, 1999)
        s = '%02d%02d%02d%03d' % (d, m, y % 100, rng.randrange(1, 399))
        c = -weighted(s, (4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        return None if c == 10 else '%s-%s%d' % (s[:6], s[6:], c)
    return until(make)


def fi_hetu(rng):
    y, m, d = date(rng, 1950, 1999)
    s, n = '%02d%02d%02d' % (d, m, y % 100), '%03d' % rng.randrange(2, 899)
    return '%s-%s%s' % (s, n, '0123456789ABCDEFHJKLMNPRSTUVWXY'[int(s + n) % 31])


def cz_rc(rng):
    def make():
        y, m, d = date(rng, 1960, 1999)
        s = '%02d%02d%02d%03d' % (y % 100, m + rng.choice([0, 50]), d, rng.randrange(1, 999))
        c = int(s) % 11
        return None if c == 10 else '%s/%s%d' % (s[:6], s[6:], c)
    return until(make)


def ro_cnp(rng):
    y, m, d = date(rng, 1950, 1999)
    s = '%s%02d%02d%02d%02d%03d' % (rng.choice('12'), y % 100, m, d, rng.randrange(1, 46), rng.randrange(1, 999))
    c = weighted(s, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return s + str(1 if c == 10 else c)


def bg_egn(rng):
    y, m, d = date(rng, 1950, 1999)
    s = '%02d%02d%02d%03d' % (y % 100, m, d, rng.randrange(1, 999))
    return s + str(weighted(s, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10)


def hr_oib(rng):
    s = some(rng, 10)
    return s + iso7064_11_10(s)


def gr_amka(rng):
    y, m, d = date(rng)
    s = '%02d%02d%02d%s' % (d, m, y % 100, digits(rng, 4))
    return s + luhn(s)


def lt_asmens(rng):
    y, m, d = date(rng, 1950, 1999)
    s = '%s%02d%02d%02d%03d' % (rng.choice('34'), y % 100, m, d, rng.randrange(1, 999))
    c = weighted(s, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if c == 10:
        c = weighted(s, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return s + str(c)


def ua_rntrc(rng):
    s = rng.choice('23') + digits(rng, 8)
    return s + str(weighted(s, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10)


def ru_inn(rng):
    s = rng.choice(['77', '50', '78']) + digits(rng, 8)
    s += str(weighted(s, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)
    return s + str(weighted(s, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)


def ru_snils(rng):
    s = '1' + digits(rng, 8)
    return '%s-%s-%s %02d' % (s[:3], s[3:6], s[6:], weighted(s, range(9, 0, -1)) % 101 % 100)


def tr_tckn(rng):
    s = some(rng, 9)
    a = (7 * sum(map(int, s[0::2])) - sum(map(int, s[1::2]))) % 10
    return s + str(a) + str((sum(map(int, s)) + a) % 10)


def il_id(rng):
    s = rng.choice('0235') + digits(rng, 7)
    return s + luhn(s)


def za_id(rng):
    y, m, d = date(rng)
    s = '%02d%02d%02d%04d08' % (y % 100, m, d, rng.randrange(0, 9999))
    return s + luhn(s)


def au_tfn(rng):
    def make():
        s = some(rng, 8)
        c = next((c for c in range(10) if (weighted(s, (1, 4, 3, 7, 5, 8, 6, 9)) + 10 * c) % 11 == 0), None)
        return None if c is None else '%s %s %s%d' % (s[:3], s[3:6], s[6:], c)
    return until(make)


def au_abn(rng):
    s = some(rng, 9)
    n = '11' + s
    c = 99 - weighted(n[2:], (3, 5, 7, 9, 11, 13, 15, 17, 19)) % 89
    c = c if c <= 99 and c >= 11 else c - 89 if c > 99 else c + 89
    for c in range(11, 100):
        t = '%02d' % c + s
        if (weighted(t, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0:
            return '%s %s %s %s' % (t[:2], t[2:5], t[5:8], t[8:])
    return au_abn(rng)


def au_medicare(rng):
    s = rng.choice('23456') + digits(rng, 7)
    s += str(weighted(s, (1, 3, 7, 9, 1, 3, 7, 9)) % 10) + '1'
    return '%s %s %s' % (s[:4], s[4:9], s[9:])


def nz_ird(rng):
    def make():
        s = '0' + str(rng.randrange(49091850 // 10, 13000000))[:7]
        c = -weighted(s, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        return None if c == 10 else '%s-%s-%s' % (s[1:3], s[3:6], s[6:] + str(c))
    return until(make)


VERHOEFF_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
              [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
              [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
VERHOEFF_P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2], [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
              [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1], [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]


def in_aadhaar(rng):
    s = rng.choice('23456789') + digits(rng, 10)
    for last in DIGITS:
        c = 0
        for i, x in enumerate(reversed(s + last)):
            c = VERHOEFF_D[c][VERHOEFF_P[i % 8][int(x)]]
        if c == 0:
            t = s + last
            return '%s %s %s' % (t[:4], t[4:8], t[8:])


def in_pan(rng):
    return letters(rng, 3) + 'P' + letters(rng, 1) + some(rng, 4) + letters(rng, 1)


def sg_nric(rng):
    p, s = rng.choice('ST'), digits(rng, 7)
    return p + s + 'JZIHGFEDCBA'[(weighted(s, (2, 7, 6, 5, 4, 3, 2)) + (4 if p == 'T' else 0)) % 11]


def kr_rrn(rng):
    y, m, d = date(rng, 1950, 1999)
    s = '%02d%02d%02d%s%s' % (y % 100, m, d, rng.choice('12'), digits(rng, 5))
    return '%s-%s%d' % (s[:6], s[6:], (11 - weighted(s, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10)


def jp_my_number(rng):
    s = some(rng, 11)
    c = 11 - weighted(s, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return s + str(0 if c > 9 else c)


def cn_id(rng):
    y, m, d = date(rng)
    s = '%s%04d%02d%02d%s' % (rng.choice(['110105', '310115', '440305', '510104', '330106']), y, m, d, digits(rng, 3))
    return s + '10X98765432'[weighted(s, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11]


def hk_id(rng):
    p, s = rng.choice('ACDGKPRYZ'), digits(rng, 6)
    c = -(36 * 9 + (ord(p) - 55) * 8 + weighted(s, (7, 6, 5, 4, 3, 2))) % 11
    return '%s%s(%s)' % (p, s, '0123456789A'[c])


def tw_id(rng):
    codes = dict(zip('ABCDEFGHJKLMNPQRSTUVXYWZIO', range(10, 36)))
    p, s = rng.choice('ABCDEFGH'), rng.choice('12') + digits(rng, 7)
    n = codes[p]
    return p + s + str(-(n // 10 + n % 10 * 9 + weighted(s, (8, 7, 6, 5, 4, 3, 2, 1))) % 10)


def th_id(rng):
    s = rng.choice('123') + digits(rng, 11)
    c = (11 - weighted(s, range(13, 1, -1)) % 11) % 10
    t = s + str(c)
    return '%s-%s-%s-%s-%s' % (t[0], t[1:5], t[5:10], t[10:12], t[12])


def my_nric(rng):
    y, m, d = date(rng)
    return '%02d%02d%02d-%02d-%s' % (y % 100, m, d, rng.choice([1, 3, 7, 10, 14]), some(rng, 4))


def br_cpf(rng):
    s = some(rng, 9)
    for n in (10, 11):
        c = weighted(s, range(n, 1, -1)) * 10 % 11
        s += str(c % 10)
    return '%s.%s.%s-%s' % (s[:3], s[3:6], s[6:9], s[9:])


def br_cnpj(rng):
    s = some(rng, 8) + '0001'
    for w in ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)):
        c = weighted(s, w) % 11
        s += str(0 if c < 2 else 11 - c)
    return '%s.%s.%s/%s-%s' % (s[:2], s[2:5], s[5:8], s[8:12], s[12:])


def mx_curp(rng):
    y, m, d = date(rng, 1950, 1999)
    s = letters(rng, 1, 'BCGLMR') + rng.choice('AEIOU') + letters(rng, 2, 'BCGLMRS') + '%02d%02d%02d' % (y % 100, m, d) + rng.choice('HM') + \
        rng.choice(['DF', 'JC', 'NL', 'MC', 'PL']) + letters(rng, 3, 'BCDFGLMNRS') + '0'
    values = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
    return s + str(-sum(values.index(c) * (18 - i) for i, c in enumerate(s)) % 10)


def ar_cuit(rng):
    def make():
        s = rng.choice(['20', '27', '23']) + some(rng, 8)
        c = 11 - weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        return None if c == 10 else '%s-%s-%d' % (s[:2], s[2:], c % 11)
    return until(make)


def cl_rut(rng):
    s = str(rng.randrange(5000000, 24999999))
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(s)))
    return '{:,}'.format(int(s)).replace(',', '.') + '-' + '0123456789K0'[(11 - total % 11) % 12 if total % 11 else 0]


def vin(rng):
    alphabet = 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789'
    value = dict(zip('ABCDEFGHJKLMNPRSTUVWXYZ', '12345678123457923456789'))
    s = list('1HG' + letters(rng, 5, alphabet) + '0' + letters(rng, 2, 'ABCDEFGH') + digits(rng, 6))
    total = sum(int(value.get(c, c)) * w for c, w in zip(s, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)))
    s[8] = '0123456789X'[total % 11]
    return ''.join(s)


IBANS = {'DE': 'n18', 'FR': 'n10a11n2', 'GB': 'l4n14', 'ES': 'n20', 'IT': 'l1n10a12', 'NL': 'l4n10', 'BE': 'n12', 'AT': 'n16', 'CH': 'n5a12', 'PL': 'n24', 'PT': 'n21', 'SE': 'n20', 'NO': 'n11', 'DK': 'n14', 'FI': 'n14', 'IE': 'l4n14', 'CZ': 'n20', 'RO': 'l4a16', 'HU': 'n24', 'GR': 'n7a16', 'TR': 'n6a16', 'SA': 'n2a18', 'AE': 'n19', 'IL': 'n19', 'BR': 'n23l1a1', 'UA': 'n6a19'}


def iban(rng):
    import re
    country = rng.choice(sorted(IBANS))
    body = ''.join(letters(rng, int(n), {'n': DIGITS, 'l': LETTERS, 'a': DIGITS}[k]) for k, n in re.findall(r'([nla])(\d+)', IBANS[country]))
    c = 98 - int(''.join(str(int(x, 36)) for x in body + country + '00')) % 97
    s = country + '%02d' % c + body
    return ' '.join(s[i:i + 4] for i in range(0, len(s), 4)) if rng.random() < .5 else s


def card(rng):
    prefix, n = rng.choice([('4', 16), ('51', 16), ('55', 16), ('2221', 16), ('34', 15), ('37', 15), ('6011', 16), ('3528', 16), ('62', 16), ('36', 14)])
    s = prefix + digits(rng, n - len(prefix) - 1)
    s += luhn(s)
    if n != 16 or rng.random() < .4:
        return s
    sep = rng.choice([' ', '-'])
    return sep.join(s[i:i + 4] for i in range(0, 16, 4))


def imei(rng):
    s = '35' + digits(rng, 12)
    return s + luhn(s)


def bitcoin(rng):
    raw = b'\0' + bytes(rng.randrange(256) for _ in range(20))
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    n, out = int.from_bytes(raw, 'big'), ''
    while n:
        n, r = divmod(n, 58)
        out = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'[r] + out
    return '1' + out


def aba(rng):
    s = '0' + rng.choice('12') + digits(rng, 6)
    return s + str(-weighted(s, (3, 7, 1, 3, 7, 1, 3, 7)) % 10)


def npi(rng):
    s = '1' + digits(rng, 8)
    return s + luhn('80840' + s)


def ipv4(rng):
    return '%d.%d.%d.%d' % (rng.choice([18, 52, 81, 93, 141, 185, 203]), rng.randrange(1, 254), rng.randrange(1, 254), rng.randrange(1, 254))


def ipv6(rng):
    return '2a0%d:%x:%x::%x' % (rng.randrange(1, 9), rng.randrange(16, 65535), rng.randrange(16, 65535), rng.randrange(1, 65535))


def mac(rng):
    sep = rng.choice(':-')
    return sep.join('%02x' % rng.randrange(256) for _ in range(6))


MONTHS = 'January February March April May June July August September October November December'.split()


def born(rng):
    y, m, d = date(rng)
    return rng.choice(['%04d-%02d-%02d' % (y, m, d), '%02d/%02d/%04d' % (m, d, y), '%d %s %d' % (d, MONTHS[m - 1], y), '%s %d, %d' % (MONTHS[m - 1], d, y), '%02d.%02d.%04d' % (d, m, y)])


def zh_born(rng):
    return '%d年%d月%d日' % date(rng)


def email(rng):
    return '%s.%s@%s' % (rng.choice('anna marco li.wei jürgen o.brien sofia'.split()).replace('ü', 'ue'), rng.choice('smith rossi garcia kim dupont'.split()), rng.choice(['example.org', 'mail.example.com', 'firma.de', 'empresa.com.br', 'company.co.uk']))


# kind | maker | label in English | key in JSON | sentence in a language of the country ("..." many, separated by " || ")
IDS = [
    ('us-ssn', us_ssn, 'social security number', 'ssn', 'SSN {v} || my social is {v}'),
    ('us-itin', us_itin, 'ITIN', 'itin', 'My ITIN is {v}'),
    ('ca-sin', ca_sin, 'social insurance number', 'sin', 'Mon NAS est {v}'),
    ('uk-nhs', uk_nhs, 'NHS number', 'nhs_number', 'NHS No. {v}'),
    ('uk-nino', uk_nino, 'national insurance number', 'nino', 'NI number {v}'),
    ('ie-pps', ie_pps, 'PPS number', 'pps', 'PPSN {v}'),
    ('de-tax', de_tax, 'tax id', 'steuer_id', 'Meine Steuer-ID ist {v}, bitte prüfen. || Steuerliche Identifikationsnummer: {v}'),
    ('de-social', de_social, 'social security number', 'sozialversicherungsnummer', 'Meine Sozialversicherungsnummer lautet {v}.'),
    ('at-svnr', at_svnr, 'social insurance number', 'svnr', 'Meine SVNR ist {v}.'),
    ('ch-ahv', ch_ahv, 'AHV number', 'ahv', 'AHV-Nr. {v}'),
    ('fr-nir', fr_nir, 'social security number', 'nir', 'Mon numéro de sécurité sociale est le {v}.'),
    ('es-nif', es_nif, 'national id', 'dni', 'Mi DNI es {v}, gracias. || con NIF {v}'),
    ('es-nie', es_nie, 'NIE', 'nie', 'Mi NIE es {v}.'),
    ('pt-nif', pt_nif, 'tax number', 'nif', 'O meu NIF é {v}. || Contribuinte n.º {v}'),
    ('it-cf', it_cf, 'tax code', 'codice_fiscale', 'Il mio codice fiscale è {v}.'),
    ('nl-bsn', nl_bsn, 'citizen service number', 'bsn', 'Mijn BSN is {v}. || burgerservicenummer {v}'),
    ('be-nn', be_nn, 'national number', 'rijksregisternummer', 'Mijn rijksregisternummer is {v}. || Mon numéro national est {v}'),
    ('pl-pesel', pl_pesel, 'PESEL', 'pesel', 'Mój PESEL to {v}.'),
    ('se-pnr', se_pnr, 'personal identity number', 'personnummer', 'Mitt personnummer är {v}.'),
    ('no-fnr', no_fnr, 'national identity number', 'fodselsnummer', 'Fødselsnummeret mitt er {v}.'),
    ('dk-cpr', dk_cpr, 'CPR number', 'cpr', 'Mit CPR-nummer er {v}.'),
    ('fi-hetu', fi_hetu, 'personal identity code', 'hetu', 'Henkilötunnukseni on {v}.'),
    ('cz-rc', cz_rc, 'birth number', 'rodne_cislo', 'Moje rodné číslo je {v}.'),
    ('ro-cnp', ro_cnp, 'CNP', 'cnp', 'CNP-ul meu este {v}.'),
    ('bg-egn', bg_egn, 'EGN', 'egn', 'Моето ЕГН е {v}.'),
    ('hr-oib', hr_oib, 'OIB', 'oib', 'Moj OIB je {v}.'),
    ('gr-amka', gr_amka, 'AMKA', 'amka', 'Ο ΑΜΚΑ μου είναι {v}.'),
    ('lt-asmens', lt_asmens, 'personal code', 'asmens_kodas', 'Mano asmens kodas {v}.'),
    ('ua-rntrc', ua_rntrc, 'tax number', 'ipn', 'Мій ІПН {v}. || РНОКПП: {v}'),
    ('ru-inn', ru_inn, 'INN', 'inn', 'Мой ИНН {v}.'),
    ('ru-snils', ru_snils, 'SNILS', 'snils', 'СНИЛС {v}'),
    ('tr-tckn', tr_tckn, 'Turkish ID number', 'tckn', 'TC kimlik numaram {v}.'),
    ('il-id', il_id, 'Israeli ID number', 'teudat_zehut', 'תעודת זהות {v} || מספר הזהות שלי הוא {v}'),
    ('za-id', za_id, 'South African ID number', 'sa_id_number', 'My ID number is {v}'),
    ('au-tfn', au_tfn, 'tax file number', 'tfn', 'TFN {v}'),
    ('au-abn', au_abn, 'ABN', 'abn', 'ABN {v}'),
    ('au-medicare', au_medicare, 'Medicare number', 'medicare', 'Medicare card {v}'),
    ('nz-ird', nz_ird, 'IRD number', 'ird', 'IRD {v}'),
    ('in-aadhaar', in_aadhaar, 'Aadhaar number', 'aadhaar', 'मेरा आधार नंबर {v} है || Aadhaar: {v}'),
    ('in-pan', in_pan, 'PAN', 'pan', 'My PAN card number is {v}'),
    ('sg-nric', sg_nric, 'NRIC', 'nric', 'NRIC {v}'),
    ('kr-rrn', kr_rrn, 'resident registration number', 'rrn', '제 주민등록번호는 {v}입니다.'),
    ('jp-my-number', jp_my_number, 'My Number', 'my_number', '私のマイナンバーは{v}です。 || 個人番号：{v}'),
    ('cn-id', cn_id, 'identity card number', 'id_card', '我的身份证号是{v}，请帮我填表 || 身份证：{v}'),
    ('hk-id', hk_id, 'HKID', 'hkid', '香港身份證號碼：{v}'),
    ('tw-id', tw_id, 'national id', 'national_id', '身分證字號：{v}'),
    ('th-id', th_id, 'Thai ID', 'thai_id', 'เลขประจำตัวประชาชน {v}'),
    ('my-nric', my_nric, 'MyKad number', 'mykad', 'No. kad pengenalan saya {v}'),
    ('br-cpf', br_cpf, 'CPF', 'cpf', 'Meu CPF é {v}.'),
    ('br-cnpj', br_cnpj, 'CNPJ', 'cnpj', 'CNPJ da empresa: {v}'),
    ('mx-curp', mx_curp, 'CURP', 'curp', 'Mi CURP es {v}.'),
    ('ar-cuit', ar_cuit, 'CUIT', 'cuit', 'Mi CUIT es {v}.'),
    ('cl-rut', cl_rut, 'RUT', 'rut', 'Mi RUT es {v}.'),
    ('vin', vin, 'VIN', 'vin', 'Fahrgestellnummer {v}'),
    ('iban', iban, 'IBAN', 'iban', 'Bitte überweisen Sie auf {v}. || Mon IBAN : {v} || 请转到 {v}'),
    ('card', card, 'credit card number', 'card_number', 'My card {v} was charged twice. || 我的卡号是{v} || Meine Kreditkarte {v} wurde belastet. || карта {v}'),
    ('imei', imei, 'IMEI', 'imei', 'IMEI des Telefons: {v}'),
    ('bitcoin', bitcoin, 'bitcoin address', 'btc_address', 'send it to {v} please'),
    ('aba', aba, 'routing number', 'routing_number', 'routing {v}, account 88123456'),
    ('npi', npi, 'NPI', 'npi', 'NPI: {v}'),
    ('ipv4', ipv4, 'IP address', 'client_ip', 'the login came from {v} last night'),
    ('ipv6', ipv6, 'IPv6 address', 'ip', 'my router has {v} now'),
    ('mac', mac, 'MAC address', 'mac', 'the device {v} is unknown'),
    ('email', email, 'e-mail', 'email', 'write to {v}, please || 我的邮箱是{v}，谢谢 || schreib an {v}.'),
    ('dob', born, 'date of birth', 'date_of_birth', 'She was born on {v}. || Geburtsdatum: {v} || Né le {v}, || Fecha de nacimiento: {v}'),
    ('dob-zh', zh_born, 'birthday', 'birthday', '我是{v}出生的 || 出生日期：{v}'),
]
FORMS = {
    'form': '{L}: {v}\n', 'form-upper': '{U}: {v}', 'chat': 'Hi, my {l} is {v}, is that format right?', 'chat-here': 'here is my {l}: {v}', 'json': '{"name": "A. B.", "{k}": "{v}"}', 'json-nested': '{"customer":{"{k}":"{v}","tier":2}}',
    'csv': 'id;{k};note\n17;{v};ok\n', 'table': '| {L} | {v} |', 'yaml': 'person:\n  {k}: {v}\n', 'xml': '<{k}>{v}</{k}>', 'sql': "UPDATE people SET {k} = '{v}' WHERE id = 7;", 'equals': '{k}={v}', 'paren': 'the applicant ({l} {v}) asked again', 'bold': '**{L}:** {v}',
}

PHONES = [
    'us|(415) {3}-{4}|call me at {v}', 'us|212-{3}-{4}|Phone: {v}', 'us|+1 650 {3} {4}|my cell is {v}', 'uk|+44 7{3} {6}|my mobile is {v}', 'uk|020 7{3} {4}|Tel: {v}', 'uk|07{3} {6}|text me on {v}', 'de|+49 151 {8}|ruf mich an: {v}', 'de|030 {7}|Telefon: {v}', 'de|0171/{7}|Handy: {v}',
    'fr|06 {2} {2} {2} {2}|mon portable est le {v}', 'fr|+33 6 {2} {2} {2} {2}|Tél. : {v}', 'es|+34 6{2} {3} {3}|mi móvil es {v}', 'es|91 {3} {2} {2}|teléfono {v}', 'it|+39 347 {7}|il mio cellulare è {v}', 'it|06 {4} {4}|tel. {v}', 'pt|+351 91{1} {3} {3}|o meu telemóvel é {v}', 'nl|06-{8}|bel me op {v}', 'nl|+31 6 {8}|mobiel: {v}', 'be|+32 47{1} {2} {2} {2}|gsm: {v}',
    'ch|+41 79 {3} {2} {2}|Natel {v}', 'at|+43 664 {7}|Mobil: {v}', 'pl|+48 6{2} {3} {3}|mój numer {v}', 'pl|6{2} {3} {3}|telefon: {v}', 'se|070-{3} {2} {2}|ring mig på {v}', 'no|+47 9{2} {2} {3}|mobil {v}', 'dk|+45 {2} {2} {2} {2}|mobil: {v}', 'fi|+358 40 {7}|puhelin {v}', 'cz|+420 7{2} {3} {3}|telefon {v}', 'ru|+7 916 {3}-{2}-{2}|мой телефон {v}', 'ru|8 (495) {3}-{2}-{2}|телефон: {v}', 'ua|+380 67 {3} {2} {2}|мій номер {v}',
    'tr|+90 532 {3} {2} {2}|telefonum {v}', 'il|054-{7}|הטלפון שלי {v}', 'ae|+971 50 {3} {4}|mobile {v}', 'in|+91 98{3} {5}|my number is {v}', 'in|9{4}{5}|Mobile: {v}', 'cn|138{8}|我的手机号是{v}，有事打我', 'cn|+86 139 {4} {4}|手机：{v}', 'cn|010-8{7}|电话：{v}', 'hk|+852 9{3} {4}|電話：{v}', 'tw|09{2}-{3}-{3}|手機：{v}', 'jp|090-{4}-{4}|電話番号は{v}です', 'jp|03-{4}-{4}|TEL: {v}', 'kr|010-{4}-{4}|제 번호는 {v}입니다', 'sg|+65 9{3} {4}|hp {v}',
    'au|+61 4{2} {3} {3}|mobile {v}', 'au|(02) 9{3} {4}|Phone: {v}', 'nz|+64 21 {3} {4}|cell {v}', 'br|(11) 9{4}-{4}|meu celular é {v}', 'br|+55 21 9{4}-{4}|WhatsApp: {v}', 'mx|+52 55 {4} {4}|mi celular es {v}', 'ar|+54 9 11 {4}-{4}|mi cel es {v}', 'cl|+56 9 {4} {4}|fono {v}', 'co|+57 310 {3} {4}|celular: {v}', 'za|+27 82 {3} {4}|cell: {v}', 'ng|+234 803 {3} {4}|call {v}', 'th|08{1}-{3}-{4}|โทร {v}', 'vn|+84 90 {3} {4}|số điện thoại {v}', 'id|+62 812-{4}-{4}|WA {v}', 'ph|+63 917 {3} {4}|text {v}', 'my|+60 12-{3} {4}|no. tel {v}',
]

NAMES = {
    'en': ['Margaret Holloway', 'Desmond Fairchild', 'Priya Raman', "Sean O'Connell"], 'de': ['Annegret Lindemann', 'Jürgen Pfeiffer'], 'fr': ['Élodie Marchand', 'Jean-Luc Perrin'], 'es': ['Lucía Fernández Ortega', 'Joaquín Salcedo'], 'it': ['Giulia Ferrante', 'Matteo Colombo'], 'pt': ['Beatriz Carvalho', 'Tiago Moreira'],
    'nl': ['Marieke van Dijk', 'Sander Bakker'], 'pl': ['Małgorzata Kowalczyk', 'Tomasz Zieliński'], 'ru': ['Анна Кузнецова', 'Дмитрий Соколов'], 'zh': ['王建国', '李晓梅', '欧阳文静', '陈志强'], 'ja': ['佐藤健一', '鈴木美咲'], 'ko': ['김민수', '박지영'], 'sv': ['Ingrid Lindqvist'], 'tr': ['Ayşe Yılmaz'],
}
NAME_SHAPES = {
    'en': ['My name is {v} and I need help.', 'Dear {v},\n\nthank you for your letter.', 'Best regards,\n{v}\nSales', 'Kind regards,\n\n{v}', 'Name: {v}\nOrder: 7', 'Full name: {v}', 'Mr. {v} called this morning.', 'Dr. {v} will see you.', 'Patient: {v}, admitted yesterday', 'Customer name: {v}', 'I am {v} from the support team.', '{"full_name": "{v}"}', '{"customer": {"name": "{v}", "age": 4}}', 'Hi {v}, how are you?', 'Signed by {v} on Monday', 'From: {v} <x@example.org>', 'Contact person: {v}', "This is {v} speaking."],
    'de': ['Ich heiße {v} und brauche Hilfe.', 'Mein Name ist {v}.', 'Sehr geehrte Frau {v},\n\nvielen Dank', 'Mit freundlichen Grüßen\n{v}', 'Herr {v} hat angerufen.', 'Name: {v}', 'Ansprechpartner: {v}'], 'fr': ["Je m'appelle {v}.", 'Mon nom est {v}.', 'Madame {v} a téléphoné.', 'Cordialement,\n{v}', 'Nom : {v}', 'Cher Monsieur {v},'], 'es': ['Me llamo {v} y necesito ayuda.', 'Mi nombre es {v}.', 'Estimado Sr. {v}:', 'Saludos cordiales,\n{v}', 'Nombre: {v}'],
    'it': ['Mi chiamo {v}.', 'Il mio nome è {v}.', 'Gentile Sig. {v},', 'Cordiali saluti,\n{v}', 'Nome e cognome: {v}'], 'pt': ['Meu nome é {v}.', 'Chamo-me {v}.', 'Prezado Sr. {v},', 'Atenciosamente,\n{v}', 'Nome: {v}'], 'nl': ['Mijn naam is {v}.', 'Ik heet {v}.', 'Beste {v},', 'Met vriendelijke groet,\n{v}', 'Naam: {v}'], 'pl': ['Nazywam się {v}.', 'Pan {v} dzwonił.', 'Z poważaniem,\n{v}', 'Imię i nazwisko: {v}'],
    'ru': ['Меня зовут {v}.', 'С уважением,\n{v}', 'ФИО: {v}', 'Уважаемый {v}!'], 'zh': ['我叫{v}，想咨询一下', '姓名：{v}', '我是{v}', '联系人：{v}，电话见下', '{v}先生来电', '收件人：{v}', '患者{v}，女，45岁', '尊敬的{v}女士：'], 'ja': ['私の名前は{v}です。', '{v}様', '氏名：{v}', '担当者：{v}'], 'ko': ['제 이름은 {v}입니다.', '이름: {v}', '{v} 님께', '성명: {v}'], 'sv': ['Jag heter {v}.', 'Med vänliga hälsningar\n{v}', 'Namn: {v}'], 'tr': ['Benim adım {v}.', 'Saygılarımla,\n{v}', 'Ad Soyad: {v}'],
}
ADDRESSES = {
    'us': ['1482 Maple Ridge Drive, Austin, TX 78704', '77 W 45th St Apt 12B, New York, NY 10036', '9021 Elm Avenue, Springfield, IL 62701', 'P.O. Box 3321, Boise, ID 83701'], 'uk': ['14 Rosebery Avenue, London EC1R 4TD', '3 Mill Lane, Cambridge CB2 1RX', 'Flat 2, 118 High Street, Leeds LS1 4HR'], 'de': ['Lindenstraße 14, 10969 Berlin', 'Am Alten Markt 3, 50667 Köln', 'Goethestr. 27b, 80336 München'], 'fr': ['12 rue de la République, 69002 Lyon', '45 bis avenue Victor Hugo, 75116 Paris'], 'es': ['Calle Mayor 15, 3º B, 28013 Madrid', 'Avenida Diagonal 420, 08037 Barcelona'],
    'it': ['Via Garibaldi 22, 20121 Milano', 'Piazza San Marco 8, 30124 Venezia'], 'nl': ['Keizersgracht 241, 1016 EA Amsterdam', 'Dorpsstraat 12, 3511 AB Utrecht'], 'pt': ['Rua Augusta 120, 1100-053 Lisboa'], 'br': ['Rua das Flores, 312, São Paulo - SP, 01310-100', 'Avenida Paulista, 1578, São Paulo'], 'pl': ['ul. Marszałkowska 84, 00-514 Warszawa'], 'se': ['Drottninggatan 71, 111 36 Stockholm'], 'ru': ['ул. Ленина, д. 15, кв. 42, Москва', 'г. Казань, ул. Баумана, дом 7'], 'zh': ['北京市朝阳区建国路88号院3号楼1202室', '上海市浦东新区张江路500弄12号', '广东省深圳市南山区科技园南路15号'], 'ja': ['東京都渋谷区神宮前1-2-3', '〒150-0001 東京都渋谷区神宮前4丁目12-10'], 'ko': ['서울특별시 강남구 테헤란로 152', '부산광역시 해운대구 센텀중앙로 90'], 'au': ['24 Collins Street, Melbourne VIC 3000'], 'ca': ['310 Queen Street West, Toronto, ON M5V 2A1'], 'in': ['12, MG Road, Bengaluru 560001'], 'tr': ['Atatürk Caddesi No: 12, 34367 İstanbul'],
}
ADDRESS_SHAPES = ['I live at {v}.', 'Address: {v}\n', 'Please ship it to {v}, thanks.', '{"address": "{v}"}', 'Our office moved to {v} in May.']
OTHERS = [
    ('passport', 'Passport No: C{8}', 'C{8}'), ('passport', 'Reisepass C{8}F', 'C{8}F'), ('passport', '护照号码：E{8}', 'E{8}'), ('passport', 'my passport number is {9}', '{9}'), ('driver', "driver's license D{7}", 'D{7}'), ('driver', 'Führerschein-Nr. B072RRE2I55', 'B072RRE2I55'), ('mrn', 'MRN: {8}', '{8}'), ('mrn', 'medical record number {7}', '{7}'), ('mrn', 'Patient ID: P-{6}', 'P-{6}'), ('plate', 'Kennzeichen B-MX {4}', 'B-MX {4}'), ('plate', 'license plate 7ABC{3}', '7ABC{3}'), ('plate', '车牌京A{5}', '京A{5}'),
    ('plate', 'my car, reg AB12 CDE,', 'AB12 CDE'), ('employee', 'Employee ID: E{5}', 'E{5}'), ('account', 'account number {10}', '{10}'), ('account', 'Kontonummer: {9}', '{9}'), ('geo', 'we met at 48.20{4}, 16.37{4}', '48.20{4}, 16.37{4}'), ('age', 'I am 43 years old', '43 years old'), ('age', 'Alter: 51', '51'), ('cvv', 'cvv 4{2}', '4{2}'), ('pin', 'my PIN is 7{3}', '7{3}'), ('swift', 'SWIFT/BIC: DEUTDEFF500', 'DEUTDEFF500'), ('url', 'https://x.example.org/u/anna?session=8f3kd92jfk39dk20', '8f3kd92jfk39dk20'), ('handle', 'my Instagram is @anna.lind_93', 'anna.lind_93'), ('wechat', '微信号：wxid_ab{6}', 'wxid_ab{6}'), ('qq', 'QQ：{9}', '{9}'),
    ('site', 'My website is https://www.anna-lindemann.de/', 'https://www.anna-lindemann.de/'), ('insurance', 'Versicherungsnummer A{9}', 'A{9}'), ('health', 'policy number HX{8}', 'HX{8}'), ('tracking', 'tracking number 1Z999AA10123456784', '1Z999AA10123456784'), ('loopback', 'ip: 127.0.0.1', '127.0.0.1'), ('student', 'student number s{7}', 's{7}'), ('appointment', 'appointment on 14/03/2026 with her doctor', '14/03/2026'), ('admitted', 'admitted 2026-02-11, discharged later', '2026-02-11'),
]


def put(template, **parts):
    for key, value in parts.items():
        template = template.replace('{%s}' % key, value)
    return template


def pattern(rng, text):
    """{4}: four digits; the same for the text and the value within it."""
    for n in range(1, 14):
        while '{%d}' % n in text:
            text = text.replace('{%d}' % n, some(rng, n), 1)
    return text


def id_samples(rng, each):
    shapes = sorted(FORMS)
    for kind, make, label, key, prose in IDS:
        for _ in range(each):
            v, which = make(rng), rng.choice(shapes)
            yield 'numbers in forms', kind + '/' + which, put(FORMS[which], v=v, l=label, L=label[0].upper() + label[1:], U=label.upper(), k=key), v
        for sentence in prose.split(' || '):
            v = make(rng)
            yield 'numbers in prose', kind, put(sentence, v=v), v


def phone_samples(rng, each):
    for row in PHONES:
        country, form, prose = row.split('|')
        for i in range(each):
            v = pattern(rng, form)
            yield 'telephones', country, prose.replace('{v}', v) if i % 2 == 0 else '{"phone": "%s"}' % v, v


def name_samples(rng, each):
    for language, shapes in sorted(NAME_SHAPES.items()):
        for shape in shapes:
            v = rng.choice(NAMES[language])
            if 'Frau' in shape or 'Herr' in shape or 'Madame' in shape or 'Monsieur' in shape or 'Sr.' in shape or 'Sig.' in shape or 'Pan ' in shape or 'Mr.' in shape:
                v = v.split(' ', 1)[1] if ' ' in v else v
            yield 'names', language + '/' + shape[:16], shape.replace('{v}', v), v
    del each


def address_samples(rng, each):
    for country, rows in sorted(ADDRESSES.items()):
        for v in rows:
            shape = rng.choice(ADDRESS_SHAPES)
            yield 'addresses', country, shape.replace('{v}', v), v
    del each


def other_samples(rng, each):
    for kind, text, value in OTHERS:
        state = rng.getstate()
        text = pattern(rng, text)
        rng.setstate(state)
        value = pattern(rng, value)
        if value in text:
            yield 'other data', kind, text, value
    del each


def plain(make):
    return lambda rng: ''.join(c for c in make(rng) if c.isalnum())


# The same as others write it: without groups, with short labels, in other orders. "||" between the texts.
VARIANTS = [
    ('ssn-bare',plain(us_ssn),'my ssn {v} please||SSN# {v}||Social Security No. {v}||soc sec number: {v}||"ssn":"{v}"'),
    ('ssn',us_ssn,'Patient SSN on file: {v}.||SS# {v}||taxpayer {v}||employee 17, {v}, active'),
    ('nir-bare',plain(fr_nir),'n° sécu : {v}||NIR {v}||numéro de sécu {v}||"numeroSecu": "{v}"'),
    ('de-tax-bare',plain(de_tax),'IdNr. {v}||Steuer-IdNr.: {v}||Identifikationsnummer {v}||"steuerId": "{v}"'),
    ('nl',nl_bsn,'mijn sofinummer {v}||BSN-nummer: {v}||"bsnNummer": {v}'),
    ('es',es_nif,'N.I.F.: {v}||titular con DNI {v}||documento {v}'),
    ('pt',pt_nif,'NIF: {v}||contribuinte {v}||número fiscal {v}'),
    ('it',lambda r:it_cf(r).lower(),'cod. fisc. {v}||C.F. {v}'),
    ('pesel',pl_pesel,'nr PESEL {v}||PESEL:{v}'),
    ('se12',lambda r:'19'+se_pnr(r),'pnr {v}||personnr: {v}||född {v}'),
    ('no-bare',plain(no_fnr),'fnr {v}||personnummer {v}||fødselsnr. {v}'),
    ('dk-bare',plain(dk_cpr),'CPR {v}||cpr.nr. {v}||personnummer: {v}'),
    ('fi',fi_hetu,'hetu {v}||henkilötunnus: {v}||sotu {v}'),
    ('ahv-bare',plain(ch_ahv),'AVS {v}||numéro AVS {v}||AHV {v}'),
    ('svnr-bare',plain(at_svnr),'SV-Nummer {v}||Versicherungsnummer {v}'),
    ('be-bare',plain(be_nn),'NISS {v}||INSZ-nummer {v}||registre national {v}'),
    ('cpf-bare',plain(br_cpf),'cpf {v}||CPF nº {v}||"cpf": "{v}"'),
    ('cnpj-bare',plain(br_cnpj),'cnpj {v}||CNPJ nº {v}'),
    ('cuit-bare',plain(ar_cuit),'CUIL {v}||cuit {v}'),
    ('rut-bare',lambda r:cl_rut(r).replace('.',''),'rut {v}||RUN {v}||cédula {v}'),
    ('aadhaar-bare',plain(in_aadhaar),'aadhar no {v}||Aadhaar card {v}||uid {v}||आधार {v}'),
    ('pan',in_pan,'PAN No. {v}||pan: {v}||permanent account number {v}'),
    ('nhs-bare',plain(uk_nhs),'NHS no {v}||nhs number is {v}||"nhsNumber": "{v}"'),
    ('nino-bare',plain(uk_nino),'NINO {v}||national insurance {v}||NI: {v}'),
    ('sin-bare',plain(ca_sin),'SIN {v}||social insurance {v}||NAS : {v}'),
    ('tfn-bare',plain(au_tfn),'tfn {v}||tax file no {v}'),
    ('medicare-bare',plain(au_medicare),'medicare no {v}||Medicare: {v}'),
    ('abn-bare',plain(au_abn),'ABN: {v}||abn {v}'),
    ('cn-id-low',lambda r:cn_id(r).lower(),'身份证号码 {v}||证件号{v}||身份證字號{v}||idcard={v}'),
    ('hk-bare',plain(hk_id),'HKID {v}||身份證 {v}'),
    ('rrn-bare',plain(kr_rrn),'주민번호 {v}||주민등록번호: {v}'),
    ('myn',lambda r:(lambda s:s[:4]+'-'+s[4:8]+'-'+s[8:])(jp_my_number(r)),'マイナンバー：{v}||個人番号は{v}です'),
    ('tckn',tr_tckn,'T.C. kimlik no: {v}||TCKN {v}||kimlik numarası {v}'),
    ('za',za_id,'SA ID {v}||identity number {v}||ID no: {v}'),
    ('snils-bare',plain(ru_snils),'снилс {v}||СНИЛС: {v}'),
    ('inn',ru_inn,'инн {v}||ИНН: {v}'),
    ('egn',bg_egn,'ЕГН: {v}||егн {v}'),
    ('cnp',ro_cnp,'CNP: {v}||cod numeric personal {v}'),
    ('oib',hr_oib,'OIB: {v}||osobni identifikacijski broj {v}'),
    ('iban-low',lambda r:iban(r).replace(' ','').lower(),'iban {v}||konto {v}'),
    ('iban',iban,'überweise auf {v} bitte||payable to {v}||Kontoverbindung: {v}||收款账户 {v}'),
    ('amex',lambda r:(lambda s:s[:4]+' '+s[4:10]+' '+s[10:])((lambda p:p+luhn(p))('37'+digits(r,12))),'amex {v}||card {v} exp 04/29'),
    ('card-dots',lambda r:(lambda s:'.'.join(s[i:i+4] for i in range(0,16,4)))((lambda p:p+luhn(p))('4'+digits(r,14))),'my visa {v}||cc: {v}'),
    ('card-json',lambda r:(lambda p:p+luhn(p))('5'+r.choice('12345')+digits(r,13)),'{"number":"{v}","cvc":"123"}||pan={v}||kreditkort {v}||tarjeta {v}||carte bancaire {v}||信用卡{v}'),
    ('dob2',lambda r:'%d/%d/%02d'%((lambda y,m,d:(m,d,y%100))(*date(r))),'DOB {v}||born {v}'),
    ('dob3',lambda r:'%02d-%s-%04d'%((lambda y,m,d:(d,MONTHS[m-1][:3],y))(*date(r))),'DOB: {v}||date of birth {v}'),
    ('dob4',lambda r:'%04d%02d%02d'%date(r),'出生日期 {v}||birthdate={v}||"dateOfBirth":"{v}"'),
    ('dob5',lambda r:'%d. %s %d'%((lambda y,m,d:(d,['Januar','Februar','März','April','Mai','Juni','Juli','August','September','Oktober','November','Dezember'][m-1],y))(*date(r))),'geboren am {v}||geb. {v}'),
    ('dob6',lambda r:'%d de %s de %d'%((lambda y,m,d:(d,'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split()[m-1],y))(*date(r))),'nací el {v}||nacida el {v}'),
    ('mac-dot',lambda r:'.'.join('%04x'%r.randrange(4096,65535) for _ in range(3)),'mac {v}||HWaddr {v}'),
    ('ipv6-full',lambda r:':'.join('%x'%r.randrange(4096,65535) for _ in range(8)),'from {v}||addr {v}'),
    ('email-odd',lambda r:'%s_%d+x@sub.%s.co.jp'%(r.choice(['a.b','kim','o']),r.randrange(9,999),r.choice(['ab','mail-1'])),'to: {v}||<{v}>||邮箱{v}||e-mail={v}'),
    ('email-at',lambda r:'%s [at] example [dot] org'%r.choice(['anna','bob.k']),'write {v}||mail me: {v}'),
]
NAMED_SO = ['Hi Priya Raman,','Thanks, Priya Raman','CC: Priya Raman','Met with Priya Raman yesterday.','"firstName": "Priya", "lastName": "Raman"','employee_name: Priya Raman','Interview with Priya Raman, 3pm','Ms Priya Raman','Priya Raman (HR) called','Attendees: Priya Raman','Reported by Priya Raman','user Priya Raman complained','account holder is Priya Raman','Sincerely yours,\nPriya Raman','Passenger: RAMAN/PRIYA MS','regards\nPriya Raman','my colleague Priya Raman','my wife Priya Raman said','She is called Priya Raman.','Invoice to: Priya Raman','Ship to: Priya Raman','Attn: Priya Raman','Tenant: Priya Raman','Dear Ms. Priya Raman,','To whom it concerns: Priya Raman']
ADDRESSES_SO = ['{"street":"14 Rosebery Avenue","city":"London"}|14 Rosebery Avenue','Ship to:\nPriya Raman\n1482 Maple Ridge Drive\nAustin, TX 78704|1482 Maple Ridge Drive\nAustin, TX 78704','wohnhaft Lindenstraße 14, 10969 Berlin|Lindenstraße 14, 10969 Berlin','Adresse : 12 rue de la République, 69002 Lyon|12 rue de la République, 69002 Lyon','Dirección: Calle Mayor 15, 28013 Madrid|Calle Mayor 15, 28013 Madrid','Indirizzo: Via Garibaldi 22, 20121 Milano|Via Garibaldi 22, 20121 Milano','地址：江苏省南京市鼓楼区中山路321号|江苏省南京市鼓楼区中山路321号','住所：大阪府大阪市北区梅田3-1-3|大阪府大阪市北区梅田3-1-3','주소: 서울특별시 종로구 세종대로 209|서울특별시 종로구 세종대로 209','Endereço: Rua das Flores, 312|Rua das Flores, 312','Adres: ul. Długa 5, 31-147 Kraków|ul. Długa 5, 31-147 Kraków','Adress: Storgatan 12, 411 24 Göteborg|Storgatan 12, 411 24 Göteborg','адрес: г. Москва, ул. Тверская, д. 7|ул. Тверская, д. 7','He lives on 221B Baker Street.|221B Baker Street','address: Flat 4, 29 King Street, Manchester M2 6AF|29 King Street, Manchester M2 6AF','寄到成都市武侯区人民南路四段9号|成都市武侯区人民南路四段9号']
PHONES_SO = ['ph. 4155550132|4155550132','call 415.555.0132 x22|415.555.0132','(+44) 20 7946 0958|20 7946 0958','0049 151 12345678|0049 151 12345678','tel:+1-415-555-0132|+1-415-555-0132','whatsapp +55 11 98765-4321|+55 11 98765-4321','手机13812345678|13812345678','电话 021-62345678 转 12|021-62345678','phone=+919812345678|+919812345678','"mobile": "07700900123"|07700900123','Fax 030/1234567|030/1234567','sms an 0151-23456789|0151-23456789','тел. 89161234567|89161234567','携帯 09012345678|09012345678','연락처 01012345678|01012345678','contact: 98765 43210|98765 43210']


# Numbers and days of many countries beside what they are called there, most without a check digit: text|value, one a line.
DOCUMENTS = """\
Numéro de passeport : 19FV38214|19FV38214
passport no. C01X00T47 issued in Munich|C01X00T47
Reisepass-Nr. C3JK47VX2|C3JK47VX2
pasaporte PAB482913|PAB482913
passaporto YB4829137|YB4829137
Паспорт серия 4510 номер 382914|382914
паспорт 45 10 382914|45 10 382914
паспорт громадянина AB 482913|AB 482913
护照号：E58293714|E58293714
护照EA3829147|EA3829147
여권번호 M38291472|M38291472
旅券番号 TK3829147|TK3829147
Indian passport J8369854|J8369854
港澳通行证 C82913746|C82913746
台胞证 05829137|05829137
回乡证H08291374|H08291374
驾驶证号 330106198203142719|330106198203142719
运転免許証番号 309182736450|309182736450
運転免許証番号：309182736450|309182736450
driver's licence number MORGA753116SM9IJ|MORGA753116SM9IJ
DL: D1234562 (California)|D1234562
driving license no DL-1420110012345|DL-1420110012345
permis de conduire n° 12AB34567|12AB34567
patente di guida U1A82B374C|U1A82B374C
carnet de conducir 48291374K|48291374K
rijbewijsnummer 5829137461|5829137461
body körkort 19821103-4419|19821103-4419
CNH 04829137461|04829137461
cédula de ciudadanía 1.032.482.913|1.032.482.913
C.C. 52829137 de Bogotá|52829137
mi cédula es V-18.482.913|V-18.482.913
DNI 38.291.374|38.291.374
DNI peruano 48291374|48291374
RUC 20482913746|20482913746
cédula uruguaya 3.829.137-4|3.829.137-4
cédula 1-0829-0374 Costa Rica|1-0829-0374
DPI 2382 91374 0101|2382 91374 0101
CURP: GOMC820314HDFRRL09|GOMC820314HDFRRL09
INE clave de elector GMRRCL82031409H300|GMRRCL82031409H300
NSS 48 82 91 3746 5|48 82 91 3746 5
RG 38.291.374-6|38.291.374-6
título de eleitor 3829 1374 6501|3829 1374 6501
PIS 120.38291.37-4|120.38291.37-4
NIS 12038291374|12038291374
CNS 898 0000 0004 3208|898 0000 0004 3208
cartão SUS 700 5082 9137 4601|700 5082 9137 4601
NIK: 3273014503820001|3273014503820001
KTP saya 3273014503820001|3273014503820001
CCCD 079082003829|079082003829
số CMND 382913746|382913746
SSS No. 34-8291374-6|34-8291374-6
PhilHealth 12-082913746-5|12-082913746-5
TIN 482-913-746-000|482-913-746-000
NRIC of the Malaysian: 820314-10-5829|820314-10-5829
CNIC 35202-8291374-6|35202-8291374-6
NID 1982 3829 1374|1982 3829 1374
national ID number 8203141234 Bangladesh|8203141234
NIC 823140382V|823140382V
Iqama 2382913746|2382913746
رقم الهوية 1082913746|1082913746
Emirates ID 784-1982-3829137-4|784-1982-3829137-4
رقم الإقامة 2382913746|2382913746
الرقم القومي 28203140102374|28203140102374
کد ملی 0082913746|0082913746
کد ملی: ۰۰۸۲۹۱۳۷۴۶|۰۰۸۲۹۱۳۷۴۶
QID 28235608291|28235608291
civil ID 282031403829|282031403829
CPR (Bahrain) 820314382|820314382
NIN 38291374650|38291374650
BVN 22382913746|22382913746
Ghana card GHA-382913746-5|GHA-382913746-5
KRA PIN A008291374Z|A008291374Z
Kenyan ID 28291374|28291374
Huduma number 38291374|38291374
NIDA 19820314-38291-37465-01|19820314-38291-37465-01
NIN CM82031409HJKL|CM82031409HJKL
numéro CNI 1 382 1982 03829|1 382 1982 03829
carte nationale d'identité 880692310285|880692310285
CIN AB829137|AB829137
Personalausweis L01X00T47|L01X00T47
Ausweisnummer T220001293|T220001293
numer dowodu ABS829137|ABS829137
dowód osobisty ABS 829137|ABS 829137
občanský průkaz 203829137|203829137
číslo OP 203829137|203829137
carta d'identità CA82913AB|CA82913AB
tessera sanitaria 80380000382913746501|80380000382913746501
osobna iskaznica 108291374|108291374
carte d'identitate seria RX nr. 829137|829137
СТС 77 38 291374|77 38 291374
полис ОМС 7748291374650382|7748291374650382
лична карта 648291374|648291374
ЛНЧ 1008291374|1008291374
ΑΔΤ ΑΚ 829137|ΑΚ 829137
ΑΦΜ 094259216|094259216
kennitala 120174-3399|120174-3399
asmens kodas 38203143829|38203143829
isikukood 38203140382|38203140382
személyi igazolvány száma 829137AB|829137AB
TAJ szám 082 913 746|082 913 746
adóazonosító jel 8382913746|8382913746
EMŠO 1403982500382|1403982500382
JMBG 1403982710382|1403982710382
lična karta 008291374|008291374
ИИН 820314300382|820314300382
ID-kaart AA0829137|AA0829137
Medicare Number 1EG4-TE5-MK73|1EG4-TE5-MK73
MBI: 1EG4TE5MK73|1EG4TE5MK73
Medicaid ID 82913746A|82913746A
A-Number A082913746|A082913746
alien registration number A 082 913 746|A 082 913 746
USCIS# 082-913-746|082-913-746
visa number 20193829137|20193829137
I-94 number 38291374A65|38291374A65
EIN 82-9137465|82-9137465
FEIN: 829137465|829137465
DEA# BM1234563|BM1234563
NPI 1234567893|1234567893
OHIP 8291-374-650-XK|8291-374-650-XK
RAMQ TREM82031412|TREM82031412
health card number 9829 137 465|9829 137 465
PHN 9876543217|9876543217
MRN 00829137|00829137
Chart # 829137|829137
member ID XGA829137465|XGA829137465
group number 0829137, member id W829137465|W829137465
policy # HO-829137-46|HO-829137-46
claim number CLM-2024-829137|CLM-2024-829137
patient no. 829137|829137
Krankenversichertennummer A829137465|A829137465
Rentenversicherungsnummer 65140382L014|65140382L014
Steuernummer 143/382/91374|143/382/91374
St.-Nr. 21/815/08150|21/815/08150
USt-IdNr. DE136695976|DE136695976
NHI ZAA0067|ZAA0067
CRN 204 829 137 K|204 829 137 K
Centrelink 204829137K|204829137K
ABA routing: 021000021|021000021
Account no: 829137465|829137465
acct 8291374650|8291374650
checking account 8291374650 at Chase|8291374650
sort code 20-38-29, account 82913746|82913746
BSB 062-000 acc 12829137|12829137
Konto 0382913746|0382913746
Kontonr.: 382913746|382913746
BLZ 37040044|37040044
IBAN DE89370400440532013000|DE89370400440532013000
BIC COBADEFFXXX|COBADEFFXXX
Swift code: DEUTDEFF|DEUTDEFF
CLABE 032180000118359719|032180000118359719
CBU 0170099220000067797370|0170099220000067797370
RIB 30004 00382 00008291374 65|30004 00382 00008291374 65
IFSC SBIN0005943|SBIN0005943
UPI id anna.r@okhdfcbank|anna.r@okhdfcbank
pay me at paypal.me/annalind|paypal.me/annalind
开户行：招商银行 账号 6214830138291374|6214830138291374
CVC2: 382|382
card security code 3829|3829
OTP is 829137|829137
verification code: 829137|829137
验证码 829137|829137
PIN 4829|4829
my PIN code is 4829|4829
2FA code 829 137|829 137
VIN WVWZZZ1JZ3W386752|WVWZZZ1JZ3W386752
plate number ABC-1234|ABC-1234
Kennzeichen: M-AB 1234|M-AB 1234
immatriculée AB-123-CD|AB-123-CD
matrícula 1234 BCD|1234 BCD
targa AB123CD|AB123CD
kenteken 12-ABC-3|12-ABC-3
номер машины А123ВС77|А123ВС77
госномер А 123 ВС 777|А 123 ВС 777
车牌号沪A12345|沪A12345
粤B·D12345的车主|粤B·D12345
registration KA-01-AB-1234|KA-01-AB-1234
차량번호 12가 3456|12가 3456
IMEI 490154203237518|490154203237518
student ID 20198291|20198291
学号 2019829137|2019829137
工号 A82913|A82913
社保号 829137465|829137465
医保卡号 8291374650|8291374650
employee no. 82913|82913
staff id: EMP-08291|EMP-08291
customer number 82913746|82913746
Kundennummer 82913746|82913746
order for account # 8291-3746-50|8291-3746-50
booking reference X7K9QZ|X7K9QZ
PNR: X7K9QZ|X7K9QZ
born 14.3.82|14.3.82
born on the 14th of March, 1982|14th of March, 1982
birthday: March 14|March 14
my birthday is 14 March|14 March
DOB 3/14/82|3/14/82
d.o.b. 14-03-1982|14-03-1982
geb. am 14.03.1982|14.03.1982
né en 1982|1982
née le 14 mars 1982|14 mars 1982
nacido el 14 de marzo de 1982|14 de marzo de 1982
nato il 14/03/1982|14/03/1982
urodzony 14.03.1982|14.03.1982
ur. 14.03.1982 r.|14.03.1982
дата рождения 14.03.1982|14.03.1982
родился 14 марта 1982 года|14 марта 1982
生于1982年3月14日|1982年3月14日
生年月日：昭和57年3月14日|昭和57年3月14日
1982年生まれ|1982
생년월일 820314|820314
생년월일: 1982.03.14|1982.03.14
doğum tarihi 14.03.1982|14.03.1982
geboren op 14 maart 1982|14 maart 1982
född 1982-03-14|1982-03-14
syntynyt 14.3.1982|14.3.1982
narozen 14. března 1982|14. března 1982
született 1982. március 14.|1982. március 14
născut la 14 martie 1982|14 martie 1982
תאריך לידה 14/03/1982|14/03/1982
تاريخ الميلاد 14/03/1982|14/03/1982
जन्म तिथि 14/03/1982|14/03/1982
วันเกิด 14/03/2525|14/03/2525
ngày sinh 14/03/1982|14/03/1982
tanggal lahir 14-03-1982|14-03-1982
lahir di Bandung, 14 Maret 1982|14 Maret 1982
she turned 43 in March|43
I'm 43|43
43-year-old woman|43
a 43 y/o male|43
aged 43|43
43 ans|43
43 Jahre alt|43
edad: 43|43
年龄：43|43
今年43岁|43
43歳の男性|43
43세 여성|43
43 лет|43
last login from 93.184.216.34:51123|93.184.216.34
X-Forwarded-For: 93.184.216.34, 10.1.2.3|93.184.216.34
client 2001:db8:85a3::8a2e:370:7334|2001:db8:85a3::8a2e:370:7334
host [2a02:8108:8ac0:1e00::1]:443|2a02:8108:8ac0:1e00::1
00-1B-63-84-45-E6|00-1B-63-84-45-E6
001B638445E6 is the MAC|001B638445E6
lat 52.520008, lon 13.404954|52.520008
52°31'12.0"N 13°24'18.0"E|52°31'12.0"N 13°24'18.0"E
geo:52.520008,13.404954|52.520008,13.404954
https://maps.google.com/?q=52.520008,13.404954|52.520008,13.404954
{"lat": 52.520008, "lng": 13.404954}|52.520008
0x52908400098527886E0F7030069857D2E4169EE7|0x52908400098527886E0F7030069857D2E4169EE7
bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4|bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4
LTC wallet LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz|LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz
DOGE D7Y55Lkq8nHvJ1y4xK2mZ6Fhb8xwH3tQ9q|D7Y55Lkq8nHvJ1y4xK2mZ6Fhb8xwH3tQ9q
TRX TJRabPrwbZy45sbavfcjinPJC18kjpRTv8|TJRabPrwbZy45sbavfcjinPJC18kjpRTv8
skype: live:anna.lind_3|live:anna.lind_3
@anna_lind93 on Twitter|anna_lind93
IG: @anna.lind|anna.lind
LinkedIn: linkedin.com/in/anna-lindemann-82913|linkedin.com/in/anna-lindemann-82913
ssh alindemann@93.184.216.34|93.184.216.34
"""


def variant_samples(rng, each):
    for kind, make, texts in VARIANTS:
        for text in texts.split('||'):
            v = make(rng)
            yield 'numbers written otherwise', kind, text.replace('{v}', v), v
    for text in NAMED_SO:
        yield 'names elsewhere', text[:16], text, 'Priya Raman' if 'Priya Raman' in text else 'RAMAN/PRIYA' if 'RAMAN' in text else 'Raman'
    for row in ADDRESSES_SO + PHONES_SO:
        text, v = row.split('|')
        yield 'addresses and telephones elsewhere', text[:12], text, v
    del each


def document_samples(rng, each):
    for row in DOCUMENTS.splitlines():
        text, v = row.rsplit('|', 1)
        yield 'documents of the world', text[:12], text, v
    del rng, each


def samples(seed=1, each=3):
    rng = random.Random(seed)
    for family in (id_samples, phone_samples, name_samples, address_samples, other_samples, variant_samples, document_samples):
        yield from family(rng, each)
