"""Fresh identity, tax, account, licence, insurance and other numbers of the world beside what they are called, in English and at
home, in the places people paste: forms, keys, tables, code, mail, behind or before the value. Made from a seed, with the check
digits where there are any; nobody is meant. A sample is (group, kind, text, value)."""
import random
import re

import person_samples


def fill(r, f):
    out = ''
    i = 0
    for c in f:
        if c == '#':
            out += r.choice('0123456789')
        elif c == '~':
            out += r.choice('123456789')
        elif c == '@':
            out += r.choice('ABCDEFGHJKLMNPRSTUVWXYZ')
        elif c == '%':
            out += r.choice('ABCDEFGHJKLMNPRTUVWXYZ0123456789')
        else:
            out += c
    return out


def mod97be(r):
    s = '0' + person_samples.digits(r, 7)
    c = 97 - int(s) % 97
    return 'BE' + s + '%02d' % c


def orcid(r):
    s = '0000000' + str(r.choice([1, 2, 3])) + person_samples.digits(r, 7)
    p = 0
    for c in s:
        p = (p + int(c)) * 2 % 11
    k = (12 - p) % 11
    s += 'X' if k == 10 else str(k)
    return '-'.join((s[i:i + 4] for i in range(0, 16, 4)))


def ddmmyy(r):
    y, m, d = person_samples.date(r)
    return '%02d%02d%02d' % (d, m, y % 100)


def yymmdd(r):
    y, m, d = person_samples.date(r)
    return '%02d%02d%02d' % (y % 100, m, d)


def regon(r):
    while True:
        s = person_samples.some(r, 8)
        c = person_samples.weighted(s, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10
        return s + str(c)


def nip(r):
    while True:
        s = person_samples.some(r, 9)
        c = person_samples.weighted(s, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
        if c < 10:
            s += str(c)
            return '%s-%s-%s-%s' % (s[:3], s[3:6], s[6:8], s[8:])


def siren(r):
    s = person_samples.some(r, 8)
    s += person_samples.luhn(s)
    return '%s %s %s' % (s[:3], s[3:6], s[6:])


def siret(r):
    s = person_samples.some(r, 8)
    s += person_samples.luhn(s)
    s += '000' + person_samples.digits(r, 1)
    return s + person_samples.luhn(s)


def gstin(r):
    al = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    s = '%02d' % r.randrange(1, 37) + fill(r, '@@@') + 'P' + fill(r, '@####@') + '1Z'
    t = 0
    for i, c in enumerate(s):
        p = al.index(c) * (1 if i % 2 == 0 else 2)
        t += p // 36 + p % 36
    return s + al[-t % 36]


def kvnr(r):
    l = r.choice(person_samples.LETTERS)
    s = person_samples.digits(r, 8)
    full = '%02d' % (ord(l) - 64) + s
    t = sum((sum(divmod(int(c) * (1 + i % 2), 10)) for i, c in enumerate(full)))
    return l + s + str(t % 10)


def dea(r):
    s = person_samples.digits(r, 6)
    c = (int(s[0]) + int(s[2]) + int(s[4]) + 2 * (int(s[1]) + int(s[3]) + int(s[5]))) % 10
    return r.choice('ABFM') + r.choice(person_samples.LETTERS) + s + str(c)


def mbi(r):
    L = 'ACDEFGHJKMNPQRTUVWXY'
    A = L + '0123456789'
    return r.choice('123456789') + r.choice(L) + r.choice(A) + r.choice('0123456789') + '-' + r.choice(L) + r.choice(A) + r.choice('0123456789') + '-' + r.choice(L) + r.choice(L) + person_samples.digits(r, 2)


def uscc(r):
    al = '0123456789ABCDEFGHJKLMNPQRTUWXY'
    s = '91' + r.choice(['310115', '440305', '110108']) + ''.join((r.choice(al) for _ in range(9)))
    w = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    t = sum((al.index(c) * x for c, x in zip(s, w)))
    return s + al[(31 - t % 31) % 31]


def ogrn(r):
    s = '1' + person_samples.digits(r, 11)
    return s + str(int(s) % 11 % 10)


def inn10(r):
    s = '77' + person_samples.digits(r, 7)
    return s + str(person_samples.weighted(s, (2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10)


def kziin(r):
    while True:
        s = yymmdd(r) + r.choice('34') + person_samples.digits(r, 4)
        c = person_samples.weighted(s, range(1, 12)) % 11
        if c < 10:
            return s + str(c)


def jmbg(r):
    while True:
        y, m, d = person_samples.date(r)
        s = '%02d%02d%03d' % (d, m, y % 1000) + r.choice(['71', '50', '33', '41']) + person_samples.digits(r, 3)
        c = 11 - person_samples.weighted(s, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if c < 10:
            return s + str(c)
        if c == 11:
            return s + '0'


def vkn(r):
    s = person_samples.some(r, 9)
    t = 0
    for i, c in enumerate(s):
        a = (int(c) + 9 - i) % 10
        t += 0 if a == 0 else a * 2 ** (9 - i) % 9 or 9
    return s + str(-t % 10)


def dnum(r):
    while True:
        y, m, d = person_samples.date(r, 1950, 1999)
        s = '%02d%02d%02d%03d' % (d + 40, m, y % 100, r.randrange(100, 499))
        a = -person_samples.weighted(s, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
        b = -(person_samples.weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3)) + 2 * a) % 11
        if 10 not in (a, b):
            return s + str(a) + str(b)


def coord(r):
    y, m, d = person_samples.date(r)
    s = '%02d%02d%02d%03d' % (y % 100, m, d + 60, r.randrange(1, 980))
    return s[:6] + '-' + s[6:] + person_samples.luhn(s)


def nokonto(r):
    while True:
        s = person_samples.some(r, 10)
        c = -person_samples.weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if c < 10:
            s += str(c)
            return s[:4] + '.' + s[4:6] + '.' + s[6:]


def noorg(r):
    while True:
        s = '9' + person_samples.digits(r, 7)
        c = -person_samples.weighted(s, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if c < 10:
            s += str(c)
            return '%s %s %s' % (s[:3], s[3:6], s[6:])


def pis(r):
    while True:
        s = '1' + person_samples.digits(r, 9)
        c = 11 - person_samples.weighted(s, (3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
        c = 0 if c > 9 else c
        s += str(c)
        return '%s.%s.%s-%s' % (s[:3], s[3:8], s[8:10], s[10])


def cbu(r):
    a = person_samples.some(r, 7)
    a += str(-person_samples.weighted(a, (7, 1, 3, 9, 7, 1, 3)) % 10)
    b = person_samples.digits(r, 13)
    b += str(-person_samples.weighted(b, (3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3)) % 10)
    return a + b


def clabe(r):
    s = '0' + person_samples.some(r, 16)
    return s + str(-person_samples.weighted(s, (3, 7, 1) * 6) % 10)


def ec(r):
    s = '17' + r.choice('012345') + person_samples.digits(r, 6)
    return s + person_samples.luhn(s)


def ruc_pe(r):
    while True:
        s = '10' + person_samples.some(r, 8)
        c = 11 - person_samples.weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
        return s + str(c % 10)


def upn(r):
    s = '8' + person_samples.digits(r, 2) + '0' + person_samples.digits(r, 8)
    al = 'ABCDEFGHJKLMNPQRTUVWXYZ'
    return al[person_samples.weighted(s, range(2, 14)) % 23] + s


def ihi(r):
    s = '80036' + '0' + person_samples.digits(r, 9)
    s += person_samples.luhn(s)
    return ' '.join((s[i:i + 4] for i in range(0, 16, 4)))


def rpps(r):
    s = '10' + person_samples.digits(r, 8)
    return s + person_samples.luhn(s)


def thid(r):
    return person_samples.th_id(r)


def be_eid(r):
    s = person_samples.some(r, 10)
    return '%s-%s-%02d' % (s[:3], s[3:], int(s) % 97 or 97)


def by(r):
    return r.choice('34') + ddmmyy(r) + fill(r, '@###PB#')


def zareg(r):
    return '%d/%s/07' % (r.randrange(1995, 2023), person_samples.digits(r, 6))


def frtva(r):
    s = person_samples.some(r, 8)
    s += person_samples.luhn(s)
    return 'FR%02d%s' % ((12 + 3 * (int(s) % 97)) % 97, s)


def eth(r):
    return '0x' + ''.join((r.choice('0123456789abcdef') for _ in range(40)))


def ddmmyychi(r):
    while True:
        s = ddmmyy(r) + person_samples.digits(r, 3)
        c = 11 - person_samples.weighted(s, range(10, 1, -1)) % 11
        c %= 11
        if c < 10:
            return s + str(c)


def ch_uid(r):
    while True:
        s = person_samples.some(r, 8)
        c = -person_samples.weighted(s, (5, 4, 3, 2, 7, 6, 5, 4)) % 11
        if c < 10:
            s += str(c)
            return 'CHE-%s.%s.%s' % (s[:3], s[3:6], s[6:])


def es_nss(r):
    s = '28' + person_samples.some(r, 8)
    return s + '%02d' % (int(s) % 97)


def es_cif(r):
    s = person_samples.digits(r, 7)
    t = sum((int(c) for c in s[1::2])) + sum((sum(divmod(int(c) * 2, 10)) for c in s[0::2]))
    return 'B' + s + str(-t % 10)


def it_piva(r):
    s = '0' + person_samples.digits(r, 9)
    return s + person_samples.luhn(s)


def lu(r):
    y, m, d = person_samples.date(r)
    s = '%04d%02d%02d%s' % (y, m, d, person_samples.digits(r, 3))
    s1 = s + person_samples.luhn(s)
    D, Q = (person_samples.VERHOEFF_D, person_samples.VERHOEFF_P)
    c = 0
    for i, ch in enumerate(reversed(s)):
        c = D[c][Q[(i + 1) % 8][int(ch)]]
    inv = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]
    return s1 + str(inv[c])


def pl_dowod(r):
    while True:
        l = fill(r, '@@@')
        d = person_samples.digits(r, 5)
        v = [ord(c) - 55 for c in l]
        t = 7 * v[0] + 3 * v[1] + v[2] + 7 * int(d[0]) + 3 * int(d[1]) + int(d[2]) + 7 * int(d[3]) + 3 * int(d[4])
        return None or l + str(t % 10 * 9 % 10 if False else next((c for c in range(10) if (7 * v[0] + 3 * v[1] + v[2] + 9 * c + 7 * int(d[0]) + 3 * int(d[1]) + int(d[2]) + 7 * int(d[3]) + 3 * int(d[4])) % 10 == 0))) + d


def cz_ico(r):
    s = person_samples.some(r, 7)
    c = (11 - person_samples.weighted(s, (8, 7, 6, 5, 4, 3, 2)) % 11) % 10
    return s + str(c)


def hu_ado(r):
    while True:
        s = '8' + person_samples.digits(r, 8)
        c = person_samples.weighted(s, range(1, 10)) % 11
        if c < 10:
            return s + str(c)


def hu_taj(r):
    s = person_samples.digits(r, 8)
    s += str(person_samples.weighted(s, (3, 7) * 4) % 10)
    return '%s %s %s' % (s[:3], s[3:6], s[6:])


def si_dav(r):
    while True:
        s = person_samples.some(r, 7)
        c = 11 - person_samples.weighted(s, (8, 7, 6, 5, 4, 3, 2)) % 11
        if c < 11:
            return s + str(c % 10)


def rs_pib(r):
    s = '10' + person_samples.digits(r, 6)
    return s + person_samples.iso7064_11_10(s)


def gr_afm(r):
    s = '0' + person_samples.digits(r, 7)
    return s + str(sum((int(c) * 2 ** (8 - i) for i, c in enumerate(s))) % 11 % 10)


def lv(r):
    while True:
        y, m, d = person_samples.date(r, 1950, 1999)
        s = '%02d%02d%02d1%s' % (d, m, y % 100, person_samples.digits(r, 3))
        c = (1 + person_samples.weighted(s, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11
        if c < 10:
            return s[:6] + '-' + s[6:] + str(c)


def fi_y(r):
    while True:
        s = person_samples.some(r, 7)
        c = -person_samples.weighted(s, (7, 9, 10, 5, 8, 4, 2)) % 11
        if c < 10:
            return s + '-' + str(c)


def se_org(r):
    s = '55' + person_samples.digits(r, 1) + '6'[:0] + str(r.randrange(20, 99)) + person_samples.digits(r, 4)
    s += person_samples.luhn(s)
    return s[:6] + '-' + s[6:]


def se_bg(r):
    s = person_samples.some(r, 7)
    s += person_samples.luhn(s)
    return s[:4] + '-' + s[4:]


def dk_cvr(r):
    while True:
        s = person_samples.some(r, 7)
        c = -person_samples.weighted(s, (2, 7, 6, 5, 4, 3, 2)) % 11
        if c < 10:
            return s + str(c)


def is_kt(r):
    while True:
        y, m, d = person_samples.date(r, 1950, 1999)
        s = '%02d%02d%02d%02d' % (d, m, y % 100, r.randrange(20, 99))
        c = -person_samples.weighted(s, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if c < 10:
            return s[:6] + '-' + s[6:] + str(c) + '9'


def edrpou(r):
    while True:
        s = '3' + person_samples.digits(r, 6)
        n = int(s) * 10
        w = (1, 2, 3, 4, 5, 6, 7) if n < 30000000 or n > 60000000 else (7, 1, 2, 3, 4, 5, 6)
        c = person_samples.weighted(s, w) % 11
        if c < 10:
            return s + str(c)


def unzr(r):
    y, m, d = person_samples.date(r)
    return '%04d%02d%02d-%s' % (y, m, d, person_samples.digits(r, 5))


def ir_melli(r):
    s = '0' + person_samples.digits(r, 8)
    c = person_samples.weighted(s, range(10, 1, -1)) % 11
    return s + str(c if c < 2 else 11 - c)


def ir_card(r):
    s = '603799' + person_samples.digits(r, 9)
    s += person_samples.luhn(s)
    return '-'.join((s[i:i + 4] for i in range(0, 16, 4)))


def cn_perm(r):
    return fill(r, 'USA3101') + yymmdd(r) + person_samples.digits(r, 2)


def cn_bank(r):
    s = '62' + person_samples.digits(r, 16)
    return s + person_samples.luhn(s)


def tw_arc(r):
    return 'A8' + person_samples.digits(r, 8)


def tw_ubn(r):
    while True:
        s = person_samples.some(r, 8)
        t = sum((sum(divmod(int(c) * w, 10)) for c, w in zip(s, (1, 2, 1, 2, 1, 2, 4, 1))))
        if t % 5 == 0:
            return s


def jp_corp(r):
    s = person_samples.some(r, 12)
    t = sum((int(c) * (1 + i % 2) for i, c in enumerate(reversed(s))))
    return str(9 - t % 9) + s


def kr_brn(r):
    s = person_samples.some(r, 9)
    t = person_samples.weighted(s, (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(s[8]) * 5 // 10
    s += str(-t % 10)
    return '%s-%s-%s' % (s[:3], s[3:5], s[5:])


def kr_frn(r):
    return yymmdd(r) + '-' + r.choice('56') + person_samples.digits(r, 6)


def vn_mst(r):
    while True:
        s = '0' + person_samples.digits(r, 8)
        c = 10 - person_samples.weighted(s, (31, 29, 23, 19, 17, 13, 7, 5, 3)) % 11
        if c < 10:
            return s + str(c)


def sg_uen(r):
    s = person_samples.some(r, 8)
    w = (10, 4, 9, 3, 8, 2, 7, 1)
    return s + 'XMKECAWLJDB'[person_samples.weighted(s, w) % 11]


def au_acn(r):
    s = person_samples.digits(r, 8)
    c = -person_samples.weighted(s, range(8, 0, -1)) % 10
    s += str(c)
    return '%s %s %s' % (s[:3], s[3:6], s[6:])


def nz_nhi(r):
    al = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
    while True:
        l = ''.join((r.choice(al) for _ in range(3)))
        d = person_samples.digits(r, 3)
        t = sum(((al.index(c) + 1) * w for c, w in zip(l, (7, 6, 5)))) + sum((int(c) * w for c, w in zip(d, (4, 3, 2))))
        if t % 11 == 0:
            continue
        c = 11 - t % 11
        return l + d + str(c % 10)


def cnpj_an(r):
    s = fill(r, '%%%%%%%%%%%%'[:8]) + '0001'
    for _ in range(2):
        w = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2] if len(s) == 12 else [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
        t = sum(((ord(c) - 48) * x for c, x in zip(s, w))) % 11
        s += str(0 if t < 2 else 11 - t)
    return '%s.%s.%s/%s-%s' % (s[:2], s[2:5], s[5:8], s[8:12], s[12:])


def mx_rfc(r):
    s = fill(r, '@@@@') + yymmdd(r) + fill(r, '%%')
    al = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ'
    t = sum((al.index(c) * (13 - i) for i, c in enumerate(s))) % 11
    c = 11 - t
    return s + ('0' if c == 11 else 'A' if c == 10 else str(c))


def co_nit(r):
    s = '9' + person_samples.digits(r, 8)
    t = person_samples.weighted(s[::-1], (3, 7, 13, 17, 19, 23, 29, 37, 41)) % 11
    c = t if t < 2 else 11 - t
    return '%s.%s.%s-%d' % (s[:3], s[3:6], s[6:], c)


def ecruc(r):
    return ec(r) + '001'


def cu_ni(r):
    return yymmdd(r) + person_samples.digits(r, 5)


def iccid(r):
    s = '8949' + person_samples.digits(r, 14)
    return s + person_samples.luhn(s)


def lei(r):
    s = '5493' + '00' + fill(r, '%' * 12)
    n = int(''.join((str(int(c, 36)) for c in s + '00')))
    return s + '%02d' % (98 - n % 97)


def b58(raw, al='123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'):
    import hashlib
    raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
    n = int.from_bytes(raw, 'big')
    o = ''
    while n:
        n, x = divmod(n, 58)
        o = al[x] + o
    return al[0] * (len(raw) - len(raw.lstrip(b'\x00'))) + o


def rb(r, n):
    return bytes((r.randrange(256) for _ in range(n)))


def trx(r):
    return b58(b'A' + rb(r, 20))


def xrp(r):
    return b58(b'\x00' + rb(r, 20), 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz')


def sol(r):
    n = int.from_bytes(rb(r, 32), 'big')
    al = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
    o = ''
    while n:
        n, x = divmod(n, 58)
        o = al[x] + o
    return o


def blood(r):
    return r.choice(['O+', 'A-', 'AB+', 'B-', 'O-'])


def de_vat(r):
    return 'DE' + (lambda s: s + person_samples.iso7064_11_10(s))(person_samples.some(r, 8))


def do_ced(r):
    s = '0' + person_samples.some(r, 9)
    s += person_samples.luhn(s)
    return s[:3] + '-' + s[3:10] + '-' + s[10]


# kind | what it is called in English | at home, if not so | its form: # digit, ~ digit but 0, @ letter, % either; or =maker
KINDS = """\
us-ein|EIN;employer identification number;federal tax ID||##-#######
us-atin|ATIN||9##-93-####
us-ptin|PTIN||P########
us-mbi|Medicare number;MBI;Medicare beneficiary identifier||=mbi
us-dea|DEA number;DEA registration||=dea
us-npi|NPI;national provider identifier||=person_samples.npi
us-passport|US passport number;passport no;passport||#########
us-passport-x|passport number;passport book number||@########
us-anumber|alien number;A-number;USCIS number||A#########
us-medicaid|Medicaid ID;Medicaid number||@@#####@
us-dl-ca|California driver's license;driver license number;drivers license||@#######
us-dl-fl|driver's license number;DL number||@###-###-##-###-#
us-dl-ny|NY driver license;driver's license no||### ### ###
us-dl-il|Illinois driver's license;driver license||@###-####-####
us-dl-nj|driver license number||@#### ##### #####
us-aba|routing number;ABA number;ABA routing||=person_samples.aba
us-account|bank account number;checking account;account number||~#########
us-mrn|MRN;medical record number||########
us-member|member ID;insurance member ID;subscriber ID||@@@#########
us-rx|prescription number;Rx number||~######
us-plate|license plate;plate number||#@@@###
ca-bn|business number;CRA business number||######### RT0001
ca-ohip|OHIP number;Ontario health card|carte santé|####-###-###-@@
ca-bcphn|BC PHN;personal health number||9### ### ###
ca-ramq|RAMQ number|numéro d'assurance maladie;NAM|@@@@ #### ####
ca-passport|Canadian passport;passport number|numéro de passeport|@@######
ca-pr|PR card number;UCI number||##-####-####
ca-dl|Ontario driver's licence;driver's licence number||@####-#####-#####
uk-utr|UTR;unique taxpayer reference||##### #####
uk-chi|CHI number||=ddmmyychi
uk-upn|UPN;unique pupil number||=upn
uk-company|company number;Companies House number||0#######
uk-vat|VAT number;VAT registration number||GB #########
uk-passport|UK passport number;passport number||5########
uk-dl|UK driving licence;driving licence number||@@@@@6#####@@9@@
uk-sort|sort code||##-##-##
uk-plate|registration number;number plate;vehicle reg||@@## @@@
uk-postcode|postcode;post code||@@## #@@
ie-passport|Irish passport;passport number||P@#######
ie-eircode|Eircode||@## %%%%
ie-vat|Irish VAT number;VAT number||IE#######@@
de-kvnr|health insurance number|Krankenversichertennummer;KVNR;Versichertennummer|=kvnr
de-perso|identity card number;ID card number|Personalausweisnummer;Ausweisnummer|L%%%%%%%%
de-pass|German passport number;passport number|Reisepassnummer;Reisepass Nr.|C%%%%%%%#
de-lanr|LANR|lebenslange Arztnummer;Arztnummer|~########
de-bsnr|BSNR|Betriebsstättennummer|~########
de-ik|IK number|Institutionskennzeichen;IK-Nummer|10#######
de-kfz|license plate;car registration|Kennzeichen;Kfz-Kennzeichen|M-@@ ####
de-hr|commercial register number|Handelsregister;HRB|HRB ######
de-wid|business identification number|Wirtschafts-Identifikationsnummer;W-IdNr.|DE#########-00001
de-stnr|tax number|Steuernummer;St.-Nr.|##/###/#####
de-vat|VAT ID|USt-IdNr.;Umsatzsteuer-Identifikationsnummer|=de_vat
de-fs|driving licence number|Führerscheinnummer;Führerschein-Nr.|@###%%%%#%#
de-telematik|Telematik ID|Telematik-ID|1-##############
de-konto|account number|Kontonummer;Kto-Nr.;Kto.|~#########
de-blz|bank code|BLZ;Bankleitzahl|~## ### ##
de-plz|postcode;ZIP code|PLZ;Postleitzahl|1####
at-uid|VAT number|UID-Nummer;UID|ATU########
at-fn|company register number|Firmenbuchnummer;FN|FN ######@
at-passport|Austrian passport;passport number|Reisepassnummer|@ #######
at-stnr|tax number|Steuernummer;Abgabenkontonummer|## ###/####
at-zvr|ZVR number|ZVR-Zahl;ZVR|#########
ch-uid|company number;UID|UID;numéro IDE|=ch_uid
ch-passport|Swiss passport;passport number|Passnummer;numéro de passeport|X#######
ch-card|insurance card number|Versichertenkartennummer;numéro de carte d'assuré|80756##############
fr-nif|tax number|numéro fiscal;SPI|## ## ### ### ###
fr-siren|SIREN|SIREN;numéro SIREN|=siren
fr-siret|SIRET|SIRET;n° SIRET|=siret
fr-tva|VAT number|numéro de TVA;TVA intracommunautaire|=frtva
fr-cni|identity card number|numéro de CNI;carte d'identité n°;carte nationale d'identité|############
fr-cni-new|French ID card number|numéro de carte d'identité|%%%%%%%%#
fr-passport|French passport;passport number|passeport n°;numéro de passeport|##@@#####
fr-ine|national student number|INE;numéro INE|#########@@
fr-rpps|RPPS number|RPPS;numéro RPPS|=rpps
fr-adeli|ADELI number|numéro ADELI;ADELI|#########
fr-finess|FINESS number|FINESS;n° FINESS|#########
fr-permis|driving licence number|permis de conduire n°;numéro de permis|############
fr-plate|license plate|plaque d'immatriculation;immatriculation|@@-###-@@
fr-caf|CAF number|numéro allocataire;n° allocataire CAF|#######
es-nss|social security number|número de la Seguridad Social;NUSS;NSS|=es_nss
es-cif|company tax ID|CIF|=es_cif
es-pasaporte|Spanish passport;passport number|pasaporte;número de pasaporte|@@@######
es-cip|health card number|tarjeta sanitaria;CIP|@@@@##########
es-plate|license plate|matrícula|#### @@@
es-catastral|cadastral reference|referencia catastral|#######@@####@####@@
es-colegiado|collegiate number|número de colegiado;nº colegiado|##/##/#####
it-piva|VAT number|partita IVA;P.IVA;P. IVA|=it_piva
it-cie|identity card number|carta d'identità n.;CIE;numero carta d'identità|CA#####@@
it-pass|Italian passport;passport number|passaporto n.;numero di passaporto|YA#######
it-patente|driving licence number|patente n.;numero patente|U1######@@
it-ts|health card number|tessera sanitaria n.;numero tessera sanitaria|80380##############
it-targa|license plate|targa|@@ ###@@
pt-niss|social security number|NISS;número de segurança social|1##########
pt-cc|citizen card number|número de cartão de cidadão;CC|######## # @@#
pt-utente|health number|número de utente;utente SNS|#########
pt-passport|Portuguese passport;passport number|passaporte n.º;número de passaporte|@@######
pt-plate|license plate|matrícula|@@-##-@@
nl-btw|VAT number|btw-nummer;btw-id|NL#########B0#
nl-kvk|chamber of commerce number;KvK number|KvK-nummer;KvK|########
nl-pass|Dutch passport number;document number|paspoortnummer;documentnummer|N@%%%%%%#
nl-rijbewijs|driving licence number|rijbewijsnummer;rijbewijs|##########
nl-big|BIG number|BIG-nummer|###########
nl-plate|license plate|kenteken|@@-###-@
nl-postcode|postcode|postcode|#### @@
be-vat|VAT number;company number|btw-nummer;ondernemingsnummer;numéro d'entreprise|=mod97be
be-eid|identity card number|identiteitskaartnummer;numéro de carte d'identité|=be_eid
be-plate|license plate|nummerplaat;plaque|1-@@@-###
lu-id|Luxembourg ID;national identification number|matricule;numéro de matricule|=lu
lu-tva|VAT number|numéro TVA|LU########
pl-regon|REGON|REGON;numer REGON|=regon
pl-nip|tax number|NIP;numer NIP|=nip
pl-krs|KRS number|KRS;numer KRS|0000######
pl-dowod|identity card number|dowód osobisty;seria i numer dowodu;nr dowodu|=pl_dowod
pl-paszport|Polish passport;passport number|numer paszportu;paszport|E@#######
pl-pwz|medical licence number|numer PWZ;PWZ|~######
pl-plate|license plate|numer rejestracyjny;tablica rejestracyjna|@@ #####
cz-ico|company number|IČO;IČ|=cz_ico
cz-dic|VAT number|DIČ|CZ########
cz-op|identity card number|číslo OP;číslo občanského průkazu|#########
cz-pas|Czech passport;passport number|číslo pasu;cestovní pas|########
cz-bank|account number|číslo účtu;č. ú.|######-##########/0100
sk-ico|company number|IČO|########
sk-op|identity card number|číslo OP;číslo občianskeho preukazu|@@######
hu-adoazonosito|tax identification number|adóazonosító jel;adóazonosító|=hu_ado
hu-taj|social security number|TAJ szám;TAJ|=hu_taj
hu-adoszam|tax number|adószám|########-2-##
hu-szem|identity card number|személyi igazolvány szám;szig. szám|######@@
hu-cegj|company registration number|cégjegyzékszám|##-##-######
ro-cui|company tax code|CUI;CIF;cod fiscal|RO########
ro-ci|identity card|CI seria;buletin seria|RX ######
bg-lnch|foreigner number|ЛНЧ|##########
bg-eik|company number|ЕИК;БУЛСТАТ|#########
bg-lk|identity card number|лична карта №;номер на лична карта|#########
hr-mbo|health insurance number|MBO;matični broj osiguranika|#########
hr-oi|identity card number|broj osobne iskaznice;osobna iskaznica|#########
si-emso|EMŠO|EMŠO|=jmbg
si-davcna|tax number|davčna številka|=si_dav
si-trr|account number|TRR|SI56 #### #### #### ###
rs-jmbg|JMBG|JMBG;ЈМБГ|=jmbg
rs-pib|tax number|PIB;ПИБ|=rs_pib
rs-mb|company number|matični broj;МБ|########
mk-embg|EMBG|ЕМБГ|=jmbg
ba-jib|JIB|JIB|4############
al-nid|Albanian ID number|NID;numri personal|@########@
gr-afm|tax number|ΑΦΜ;Α.Φ.Μ.|=gr_afm
gr-adt|identity card number|ΑΔΤ;αριθμός ταυτότητας|ΑΒ ######
gr-passport|Greek passport;passport number|αριθμός διαβατηρίου|A@#######
cy-tic|tax number|ΑΦΤ;TIC|########@
cy-id|Cyprus ID|αριθμός ταυτότητας;ΑΔΤ|#######
ee-ik|personal identification code|isikukood|=person_samples.lt_asmens
ee-reg|company registration number|registrikood|1#######
lv-pk|personal code|personas kods|=lv
lv-reg|registration number|reģistrācijas numurs;reģ. nr.|4##########
lt-imone|company code|įmonės kodas|3########
fi-ytunnus|business ID|Y-tunnus|=fi_y
fi-passi|Finnish passport;passport number|passin numero|FP#######
fi-plate|license plate|rekisterinumero;rekisteritunnus|@@@-###
se-coord|coordination number|samordningsnummer|=coord
se-org|organisation number|organisationsnummer;org.nr|=se_org
se-vat|VAT number|momsregistreringsnummer;momsnr|SE##########01
se-bg|bankgiro|bankgiro;BG|=se_bg
se-plate|license plate|registreringsnummer;regnr|@@@ ###
se-pass|Swedish passport;passport number|passnummer|########
no-dnr|D number|D-nummer;d-nr|=dnum
no-org|organisation number|organisasjonsnummer;org.nr.|=noorg
no-konto|account number|kontonummer;konto|=nokonto
no-pass|Norwegian passport;passport number|passnummer|########
no-plate|license plate|registreringsnummer;skiltnummer|@@ #####
dk-cvr|CVR number|CVR-nummer;CVR|=dk_cvr
dk-pass|Danish passport;passport number|pasnummer|#########
dk-konto|account number|kontonummer;reg.nr. og konto|#### ##########
is-kt|Icelandic ID|kennitala;kt.|=is_kt
ru-inn10|company tax number|ИНН|=inn10
ru-ogrn|OGRN|ОГРН|=ogrn
ru-kpp|KPP|КПП|77##01001
ru-rs|account number|р/с;расчетный счет|40817810############
ru-passport|Russian passport;passport series and number|паспорт;паспорт РФ;серия и номер паспорта|45 ## ######
ru-zagran|international passport|загранпаспорт|7# #######
ru-vu|driving licence number|водительское удостоверение;ВУ|## ## ######
ru-oms|health insurance number|полис ОМС;номер полиса|~###############
ru-kpp2|subdivision code|код подразделения|77#-0##
ru-gos|license plate|госномер;гос. номер|А###ВС77
ua-edrpou|company number|ЄДРПОУ;код ЄДРПОУ|=edrpou
ua-pass|Ukrainian passport;passport number|паспорт серія;паспорт|КА ######
ua-idcard|ID card number|ID-картка;номер ID-картки|#########
ua-unzr|UNZR|УНЗР|=unzr
by-id|Belarus personal number|идентификационный номер;личный номер|=by
by-unp|tax number|УНП|~########
by-pass|Belarusian passport;passport number|паспорт|MP#######
kz-iin|IIN|ИИН;ЖСН|=kziin
uz-pinfl|PINFL|ПИНФЛ;JSHSHIR|3#############
uz-pass|Uzbek passport;passport number|паспорт серия;pasport|AA #######
ge-id|Georgian ID;personal number|პირადი ნომერი|01#########
am-id|Armenian social card;public service number|ՀԾՀ|##########
az-voen|tax number|VÖEN|##########
md-idnp|IDNP|IDNP|2############
tr-vkn|tax number|vergi kimlik no;vergi numarası;VKN|=vkn
tr-pass|Turkish passport;passport number|pasaport no;pasaport numarası|U########
tr-plate|license plate|plaka|34 @@@ ###
tr-ehliyet|driving licence number|ehliyet no;sürücü belgesi no|######
tr-sgk|social security number|SGK no;SSK sicil no|#############
il-passport|Israeli passport;passport number|מספר דרכון;דרכון|########
il-company|company number|ח.פ.;מספר חברה|51#######
il-license|driving licence number|רישיון נהיגה|#######
za-tax|income tax number;SARS tax number||0#########
za-passport|South African passport;passport number||A########
za-company|company registration number||=zareg
za-traffic|traffic register number||####@@@@####
za-plate|license plate||@@ ## @@ GP
ng-nin|NIN;national identification number||###########
ng-bvn|BVN;bank verification number||22#########
ng-tin|TIN||########-0001
ng-plate|license plate;plate number||@@@-###@@
ng-nuban|account number;NUBAN||##########
ke-id|national ID;ID number||########
ke-pin|KRA PIN||A#########@
ke-nhif|NHIF number;NSSF number||########
gh-card|Ghana card number;Ghana card||GHA-#########-#
gh-tin|TIN||P00########
eg-nid|national ID|الرقم القومي;رقم البطاقة|2######01##### 
ma-cin|CIN;national ID|CIN;رقم البطاقة الوطنية|@@######
dz-nin|NIN|NIN;رقم التعريف الوطني|##################
tn-cin|CIN|CIN;رقم بطاقة التعريف|########
et-tin|TIN||##########
tz-nida|NIDA number||19#########-#####-#####-##
ug-nin|NIN||CM##########@@
rw-nid|national ID|indangamuntu|1 19## 8 ####### # ##
zm-nrc|NRC number;NRC||######/##/1
zw-id|national ID||63-######@##
ci-cni|national ID|numéro CNI;CNI|CI#########
sn-cni|national ID|CNI;NIN|1 ### #### #####
ao-bi|identity card|bilhete de identidade;BI|#########LA###
mz-bi|identity card|BI n.º;bilhete de identidade|############@
mu-nid|national ID||@############@
ae-eid|Emirates ID|رقم الهوية|784-19##-#######-#
ae-trn|TRN;tax registration number||100############
sa-iqama|Iqama number;national ID|رقم الإقامة;رقم الهوية|2#########
sa-vat|VAT number|الرقم الضريبي|3#############3
qa-qid|QID;Qatar ID|الرقم الشخصي|28###########0
kw-cid|civil ID|الرقم المدني|2############0
bh-cpr|CPR number|الرقم الشخصي|#########
om-id|civil number|الرقم المدني|########
jo-nid|national number|الرقم الوطني|9#########
iq-nid|national ID|رقم البطاقة الوطنية|############
ir-melli|national code|کد ملی;شماره ملی|=ir_melli
ir-sheba|sheba|شماره شبا;شبا|IR########################
ir-card|card number|شماره کارت|=ir_card
in-vid|Aadhaar VID;virtual ID||9### #### #### ####
in-gstin|GSTIN;GST number|जीएसटी नंबर|=gstin
in-voter|voter ID;EPIC number|मतदाता पहचान पत्र|@@@#######
in-passport|Indian passport;passport number|पासपोर्ट नंबर|@~######
in-dl|driving licence number;DL number|ड्राइविंग लाइसेंस|MH1420##00#####
in-vehicle|vehicle registration;vehicle number|गाड़ी नंबर|MH 12 @@ ####
in-ifsc|IFSC;IFSC code||HDFC0######
in-uan|UAN;UAN number||10##########
in-esic|ESIC number;ESI number||##########
in-abha|ABHA number;health ID||91-####-####-####
in-ration|ration card number|राशन कार्ड|############
in-acct|bank account number;a/c no|खाता संख्या|~###########
pk-ntn|NTN||#######-#
pk-cnic|CNIC;CNIC number|شناختی کارڈ نمبر|35202-#######-#
bd-nid|NID;national ID|জাতীয় পরিচয়পত্র নম্বর;এনআইডি|##########
bd-tin|TIN;e-TIN||############
lk-nic|NIC;NIC number||199#########
np-citizen|citizenship number|नागरिकता नं|##-##-##-#####
cn-passport|passport number;Chinese passport|护照号码;护照号|E@#######
cn-uscc|unified social credit code|统一社会信用代码|=uscc
cn-hkpermit|HK permit|港澳通行证号;往来港澳通行证|C########
cn-twpermit|Taiwan compatriot permit|台胞证号码|########
cn-foreigner|permanent residence card|外国人永久居留身份证;永久居留证号|=cn_perm
cn-bank|bank card;card number|银行卡号;卡号|=cn_bank
cn-bankacct|bank account|银行账号;账号|1100#############
cn-social|social security number|社保号;社会保障号码|=person_samples.cn_id
cn-gjj|housing fund account|公积金账号|############
cn-driver|driver license|驾驶证号;驾照号|=person_samples.cn_id
cn-plate|license plate|车牌号;车牌|粤B#####
cn-plate-nev|license plate|车牌号|沪AD#####
cn-tax|taxpayer number|纳税人识别号|=uscc
cn-student|student number|学号;学籍号|20########
cn-train|ticket number|订单号;取票号|E#########
hk-passport|HKSAR passport;passport number|特區護照;護照號碼|K########
hk-br|business registration number|商業登記號碼|########-000
mo-id|Macau ID|澳門身份證;澳門居民身份證|1######(#)
tw-arc|ARC number|居留證號;統一證號|=tw_arc
tw-ubn|company tax ID|統一編號;統編|=tw_ubn
tw-nhi|NHI card number|健保卡號|############
tw-passport|Taiwanese passport;passport number|護照號碼|3########
tw-plate|license plate|車牌號碼|@@@-####
jp-passport|Japanese passport;passport number|旅券番号;パスポート番号|T@#######
jp-licence|driving licence number|運転免許証番号;免許証番号|30##########
jp-zairyu|residence card number|在留カード番号;在留カード|@@########@@
jp-corp|corporate number|法人番号|=jp_corp
jp-nenkin|pension number|基礎年金番号|####-######
jp-hoken|health insurance number|保険者番号;被保険者番号|########
jp-kouza|account number|口座番号|#######
jp-plate|license plate|ナンバープレート;車両番号|品川 330 あ ##-##
kr-passport|Korean passport;passport number|여권번호|M###@####
kr-dl|driving licence number|운전면허번호;면허번호|11-##-######-##
kr-brn|business registration number|사업자등록번호;사업자번호|=kr_brn
kr-corp|corporate registration number|법인등록번호|110111-#######
kr-frn|foreigner registration number|외국인등록번호|=kr_frn
kr-acct|account number|계좌번호|###-###-######
kr-plate|license plate|차량번호|##가 ####
kr-health|health insurance number|건강보험증번호|8##########
th-id|Thai ID|เลขบัตรประชาชน;เลขประจำตัวประชาชน|=thid
th-passport|Thai passport;passport number|หนังสือเดินทาง|AA#######
th-tax|tax ID|เลขประจำตัวผู้เสียภาษี|0############
th-bank|account number|เลขที่บัญชี|###-#-#####-#
vn-cccd|citizen ID|số CCCD;căn cước công dân|0###########
vn-cmnd|ID card|CMND;chứng minh nhân dân|#########
vn-mst|tax code|mã số thuế;MST|=vn_mst
vn-bhxh|social insurance number|số BHXH;mã số BHXH|##########
vn-passport|Vietnamese passport;passport number|số hộ chiếu;hộ chiếu|@#######
vn-stk|account number|số tài khoản;STK|#############
vn-plate|license plate|biển số xe;biển số|51F-###.##
id-nik|NIK;ID card number|NIK;nomor KTP|327301450382####
id-npwp|tax number|NPWP|##.###.###.#-###.###
id-sim|driving licence number|nomor SIM;SIM|############
id-bpjs|health insurance number|nomor BPJS;BPJS|000##########
id-paspor|Indonesian passport;passport number|nomor paspor;paspor|@#######
id-rek|account number|nomor rekening;no. rekening|##########
id-kk|family card number|nomor KK;kartu keluarga|327301##########
id-plate|license plate|plat nomor;nopol|B #### @@@
my-nric|NRIC;IC number|no. kad pengenalan;no. IC|=person_samples.my_nric
my-passport|Malaysian passport;passport number|no. pasport|A########
my-epf|EPF number;KWSP number|no. KWSP|########
my-ssm|company registration number|no. SSM|20##01######
my-tax|income tax number;TIN|no. cukai pendapatan|SG ##########
my-plate|license plate|nombor plat|@@@ ####
my-bank|account number|no. akaun|############
ph-tin|TIN||###-###-###-000
ph-sss|SSS number;SSS no||##-#######-#
ph-philhealth|PhilHealth number;PhilHealth ID||##-#########-#
ph-pagibig|Pag-IBIG number;Pag-IBIG MID||####-####-####
ph-umid|UMID;CRN||####-#######-#
ph-psn|PhilSys number;PSN;national ID||####-####-####-####
ph-passport|Philippine passport;passport number||P#######@
ph-dl|driver's license number||@##-##-######
ph-plate|plate number||@@@ ####
ph-prc|PRC license number||#######
sg-uen|UEN||=sg_uen
sg-passport|Singapore passport;passport number||K#######@
sg-plate|vehicle number;plate number||S@@####@
sg-cpf|CPF account number||=person_samples.sg_nric
au-acn|ACN;Australian company number||=au_acn
au-ihi|IHI;individual healthcare identifier||=ihi
au-passport|Australian passport;passport number||PA#######
au-dl|driver licence number;NSW driver licence||########
au-crn|CRN;Centrelink reference number||### ### ###@
au-dva|DVA number;DVA file number||N@@######
au-bsb|BSB||###-###
au-plate|rego;registration plate||@@@ ##@
nz-nhi|NHI;NHI number||=nz_nhi
nz-nzbn|NZBN||94290########
nz-passport|New Zealand passport;passport number||L@######
nz-bank|bank account;bank account number||##-####-#######-00
nz-dl|driver licence number||@@######
br-rg|RG|RG;identidade|##.###.###-#
br-cnh|driving licence number|CNH;número da CNH|###########
br-pis|PIS number|PIS;PIS/PASEP;NIT|=pis
br-titulo|voter ID|título de eleitor|############
br-cns|health card number|CNS;cartão SUS|7## #### #### ####
br-passport|Brazilian passport;passport number|passaporte;número do passaporte|@@######
br-plate|license plate|placa|@@@#@##
br-renavam|RENAVAM|RENAVAM|###########
br-crm|medical licence number|CRM;CRM/SP|######
br-oab|bar number|OAB;OAB/SP|###.###
br-cep|postcode|CEP|#####-###
br-cnpj-an|CNPJ|CNPJ|=cnpj_an
br-conta|bank account|conta corrente;agência e conta|#####-#
br-ie|state registration|inscrição estadual|###.###.###.###
mx-rfc|RFC|RFC|=mx_rfc
mx-nss|social security number|NSS;número de seguridad social|###########
mx-ine|voter key|clave de elector|@@@@@@######09H###
mx-clabe|CLABE|CLABE;CLABE interbancaria|=clabe
mx-pasaporte|Mexican passport;passport number|pasaporte;número de pasaporte|G########
mx-cedula|professional licence|cédula profesional|########
mx-placa|license plate|placas|@@@-##-##
ar-dni|DNI|DNI;documento|##.###.###
ar-cbu|CBU|CBU|=cbu
ar-pasaporte|Argentine passport;passport number|pasaporte|AA@######
ar-patente|license plate|patente|@@ ### @@
cl-pasaporte|Chilean passport;passport number|pasaporte|F########
cl-patente|license plate|patente|@@@@-##
co-cc|citizen card|cédula de ciudadanía;C.C.;CC|#.###.###.###
co-ti|identity card|tarjeta de identidad;T.I.|10########
co-ce|foreigner card|cédula de extranjería;C.E.|######
co-nit|NIT|NIT|=co_nit
co-placa|license plate|placa|@@@ ###
pe-dni|DNI|DNI|########
pe-ruc|RUC|RUC|=ruc_pe
pe-ce|foreigner card|carné de extranjería;CE|#########
ec-ci|identity card|cédula;CI|=ec
ec-ruc|RUC|RUC|=ecruc
ve-ci|identity card|cédula;C.I.|V-##.###.###
ve-rif|RIF|RIF|J-########-#
uy-ci|identity card|cédula de identidad;CI|#.###.###-#
py-ci|identity card|cédula de identidad;CI|#.###.###
py-ruc|RUC|RUC|########-#
bo-ci|identity card|carnet de identidad;CI|####### LP
cr-id|identity card|cédula de identidad|#-####-####
cr-dimex|DIMEX|DIMEX|1###########
gt-dpi|DPI|DPI;CUI|#### ##### 0101
gt-nit|NIT|NIT|#######-#
sv-nit|NIT|NIT|0###-######-###-#
hn-dni|identity card|DNI;identidad|0801-19##-#####
hn-rtn|RTN|RTN|0801##########
ni-ced|identity card|cédula|001-######-####@
pa-ced|identity card|cédula|8-###-####
do-ced|identity card|cédula|=do_ced
do-rnc|RNC|RNC|1########
cu-ni|identity number|carné de identidad|=cu_ni
orcid|ORCID;ORCID iD||=orcid
imei|IMEI||=person_samples.imei
imsi|IMSI||310260#########
iccid|ICCID;SIM number||=iccid
meid|MEID||A10000########
lei|LEI||=lei
vin|VIN;chassis number|Fahrgestellnummer;numéro de châssis;numero di telaio;número de chasis|=person_samples.vin
iban|IBAN|Bankverbindung;compte bancaire;cuenta bancaria;conto corrente|=person_samples.iban
bic|BIC;SWIFT code|code BIC|DEUTDEFF###
card|credit card;card number|Kreditkartennummer;numéro de carte;número de tarjeta;numero di carta|=person_samples.card
cvv|CVV;CVC;security code|Prüfziffer;cryptogramme|###
eth|Ethereum address;wallet address||=eth
trx|Tron address||=trx
sol|Solana address;wallet||=sol
xrp|XRP address||=xrp
ip|IP address;client IP||=person_samples.ipv4
ipv6|IPv6 address||=person_samples.ipv6
mac|MAC address||=person_samples.mac
blood|blood type;blood group|Blutgruppe;groupe sanguin;grupo sanguíneo|=blood
employee|employee ID;staff number|Personalnummer;matricule;número de empleado|E#####
student|student ID;matriculation number|Matrikelnummer;numéro étudiant|########
policy|policy number;insurance policy number|Versicherungsscheinnummer;numéro de police;número de póliza|PL-#######
claim|claim number|Schadennummer;numéro de sinistre|CL########
customer|customer number;customer ID|Kundennummer;numéro client;número de cliente|1#######
loyalty|frequent flyer number;loyalty number|Vielfliegernummer|@@#########
"""
PLACES = {
    'label': '{N}: {v}',
    'label-nl': '{N} {v}',
    'my': 'My {e} is {v}.',
    'lower': 'hey can you check if this {e} is right? {v}',
    'json': '{"id": 17, "{k}": "{v}", "active": true}',
    'camel': '{"user":{"{c}":"{v}"}}',
    'csv': 'id,{k},city\n41,{v},Leeds\n42,,York\n',
    'yaml': 'person:\n  {k}: {v}\n  active: true\n',
    'sql': "INSERT INTO people (id, {k}, ok) VALUES (41, '{v}', 1);",
    'html': '<tr><td>{E}</td><td>{v}</td></tr>',
    'quote': '> {E}: {v}\n> thanks',
    'kv': 'level=info msg="stored" {k}="{v}" took=3ms',
    'url': 'https://app.example.org/p?{k}={v}&x=1',
    'md': '| Name | {E} |\n|---|---|\n| A. | {v} |',
    'attr': '<person {k}="{v}" />',
    'py': "create_user({k}='{v}')",
    'nextline': '{E}\n{v}\n',
    'behind': 'we have {v} as the {e}',
    'hash': '{E}# {v}',
    'no': '{E} No. {v}',
    'dash': '{E} - {v}',
    'bold': '- **{E}**: `{v}`',
    'tsv': 'name\t{k}\nA\t{v}\n',
    'env': '{K}={v}',
    'say': 'the {e} he gave was {v}, could be wrong',
    'native-my': '{n}: {v}',
    'native-tight': '{N}:{v}',
    'native-paren': '({N} {v})',
}
GROUPS = {'label': 'numbers behind their names', 'native': 'numbers behind their names at home', 'csv': 'numbers in tables', 'tsv': 'numbers in tables',
          'md': 'numbers in tables', 'html': 'numbers in tables', 'sql': 'numbers in tables', 'behind': 'numbers before their names',
          'json': 'numbers in keys', 'camel': 'numbers in keys', 'yaml': 'numbers in keys', 'attr': 'numbers in keys', 'py': 'numbers in keys',
          'env': 'numbers in keys', 'kv': 'numbers in keys', 'url': 'numbers in keys'}


def maker(form):
    if form.startswith('=person_samples.'):
        return getattr(person_samples, form.split('.')[1])
    return globals()[form[1:]] if form.startswith('=') else lambda r: fill(r, form)


def camel(s):
    w = [x for x in re.split(r'[^\w]+', s) if x]
    return w[0].lower() + ''.join(x[:1].upper() + x[1:] for x in w[1:])


def samples(seed, each):
    r = random.Random(seed)
    for line in KINDS.strip().splitlines():
        kind, english, home, form = line.split('|', 3)
        english = english.split(';')
        home = home.split(';') if home else english
        for place in r.sample(sorted(PLACES), each):
            v, e, n = maker(form)(r).strip(), r.choice(english), r.choice(home)
            if place == 'url':
                v = v.replace(' ', '%20')
            label, key = r.choice(english + home) if place in ('html', 'md') else e, re.sub(r'[^\w]+', '_', e.lower()).strip('_')
            text = PLACES[place]
            for a, b in {'v': v, 'e': e, 'E': label[0].upper() + label[1:], 'N': n, 'n': n.lower() if n.isascii() and not n.isupper() else n, 'k': key,
                         'K': key.upper(), 'c': camel(e)}.items():
                text = text.replace('{%s}' % a, b)
            yield GROUPS.get(place, GROUPS.get(place.split('-')[0], 'numbers in sentences')), kind + '/' + place, text, v
