/* Networks: addresses, mailboxes, coordinates, dates. Parsers, not patterns: they say no to version numbers and times. */
#include "filters/detect/valid.h"

#include <stdlib.h>

static bool octets(struct slice v, unsigned o[4])
{
    size_t i = 0;
    for (unsigned k = 0; k < 4; k++) {
        size_t from = i;
        o[k] = 0;
        while (i < v.n && i - from < 3 && v.p[i] >= '0' && v.p[i] <= '9') o[k] = o[k] * 10 + (unsigned)(v.p[i++] - '0');
        if (i == from || o[k] > 255 || (i - from > 1 && v.p[from] == '0')) return false;
        if (k < 3 && (i >= v.n || v.p[i++] != '.')) return false;
    }
    return i == v.n;
}

static bool ipv4_ok(struct slice v)
{
    unsigned o[4];
    size_t slash = slice_find(v, '/');
    if (slash < v.n) {
        uint64_t bits;
        if (!slice_u64(slice_of(v.p + slash + 1, v.n - slash - 1), 32, &bits)) return false;
        v.n = slash;
    }
    return octets(v, o);
}

/* An address that may point at somebody: no "this network", loopback, netmask, broadcast or version number. */
static bool ipv4_host_ok(struct slice v)
{
    unsigned o[4];
    size_t slash = slice_find(v, '/');
    if (!ipv4_ok(v)) return false;
    if (!octets(slice_of(v.p, slash), o)) return false;
    if (o[0] == 0 || o[0] == 127 || o[0] == 255) return false;
    if (o[0] < 10 && o[1] < 10 && o[2] < 10 && o[3] < 10) return false; /* 1.2.3.4, 8.8.8.8: versions and examples */
    return !(o[1] == 0 && o[2] == 0 && o[3] == 0);
}

/* RFC 4291: eight groups, one "::", an IPv4 tail, a zone or a prefix length. */
static bool ipv6_ok(struct slice v)
{
    unsigned groups = 0, o[4];
    bool gap = false;
    size_t i = 0, end = slice_find(v, '/');
    if (end < v.n) {
        uint64_t bits;
        if (!slice_u64(slice_of(v.p + end + 1, v.n - end - 1), 128, &bits)) return false;
        v.n = end;
    }
    v.n = slice_find(v, '%');
    if (v.n < 2) return false;
    if (v.p[0] == ':' && v.p[1] != ':') return false;
    while (i < v.n) {
        if (v.p[i] == ':' && i + 1 < v.n && v.p[i + 1] == ':') {
            if (gap) return false;
            gap = true;
            i += 2;
            continue;
        }
        if (i > 0 && v.p[i] == ':' && v.p[i - 1] != ':') i++;
        size_t from = i;
        while (i < v.n && i - from < 4 && ((v.p[i] >= '0' && v.p[i] <= '9') || ((v.p[i] | 32) >= 'a' && (v.p[i] | 32) <= 'f')))
            i++;
        if (i == from) return false;
        if (i < v.n && v.p[i] == '.') {
            if (!octets(slice_of(v.p + from, v.n - from), o)) return false;
            groups += 2;
            i = v.n;
        } else {
            if (i < v.n && v.p[i] != ':') return false;
            groups++;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

/* Enough of an address to be one: not "::", not a time, not two short groups of a C++ name. */
static bool ipv6_host_ok(struct slice v)
{
    unsigned digits = 0, colons = 0;
    if (!ipv6_ok(v)) return false;
    for (size_t i = 0; i < v.n && v.p[i] != '/' && v.p[i] != '%'; i++) {
        if (v.p[i] == ':') colons++;
        else digits++;
    }
    return colons >= 2 && digits >= 5;
}

static bool mac_ok(struct slice v)
{
    char s[VALID_MAX + 1];
    unsigned n = 0, zero = 0;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if (c == ':' || c == '-' || c == '.') continue;
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f')) || n == VALID_MAX) return false;
        zero += c == '0';
        s[n++] = c;
    }
    return (n == 12 || n == 16) && zero < n && s[0];
}

/* Names of files that look like top-level domains in "icon@2x.png". */
static const char not_tld[] =
    " png jpg jpeg gif svg webp ico css js mjs jsx ts tsx vue json yaml yml toml xml html htm txt md rst log lock csv "
    "tsv sql py pyc java class jar go rb php c h cc cpp hpp rs swift kt zip gz tgz tar bz2 xz exe dll so o a pdf doc "
    "docx xls xlsx ppt pptx mp3 mp4 wav ttf woff woff2 service socket timer target local localdomain internal lan git ";

static bool email_ok(struct slice v)
{
    size_t at = v.n;
    while (at > 0 && v.p[at - 1] != '@') at--;
    if (at < 2 || at - 1 > 64 || v.n > 254) return false;
    struct slice host = slice_of(v.p + at, v.n - at);
    size_t dot = host.n;
    while (dot > 0 && host.p[dot - 1] != '.') dot--;
    if (dot < 2 || host.p[0] == '.' || host.p[0] == '-' || v.p[0] == '.' || v.p[at - 2] == '.') return false;
    for (size_t i = 1; i < host.n; i++)
        if (host.p[i] == '.' && host.p[i - 1] == '.') return false;
    size_t tld = host.n - dot;
    if (tld < 2 || tld > 24) return false;
    char key[32] = " ";
    for (size_t i = 0; i < tld; i++) {
        unsigned char c = (unsigned char)host.p[dot + i];
        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && c < 0x80 && !(tld > 4 && (c == '-' || (c >= '0' && c <= '9')))) return false;
        key[1 + i] = (char)(c < 0x80 ? c | 32 : c);
    }
    key[1 + tld] = ' ';
    key[2 + tld] = 0;
    return strstr(not_tld, key) == NULL;
}

/* Dates: numbers in one of the usual orders; a month's name is taken at its word. */
static bool date_ok(struct slice v)
{
    unsigned f[3] = {0, 0, 0}, len[3] = {0, 0, 0}, k = 0;
    bool word = false;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if (c >= '0' && c <= '9') {
            if (k == 3 || len[k] == 8) return false;
            f[k] = f[k] * 10 + (unsigned)(c - '0');
            len[k]++;
        } else {
            word |= (c & 0x80) != 0 || ((c | 32) >= 'a' && (c | 32) <= 'z');
            if (k < 3 && len[k]) k++;
        }
    }
    if (k < 3 && len[k]) k++;
    if (k == 1 && len[0] == 8)
        return valid_ymd(f[0] / 10000, f[0] / 100 % 100, f[0] % 100) || valid_ymd(f[0] % 10000, f[0] / 100 % 100 % 13, 1);
    if (k == 3 && len[0] == 4) return valid_ymd(f[0], f[1], f[2]);
    if (k == 3 && len[2] == 4) return valid_ymd(f[2], f[1], f[0]) || valid_ymd(f[2], f[0], f[1]);
    if (k == 3 && len[0] <= 2 && len[1] <= 2 && len[2] == 2)
        return valid_yymmdd(f[2], f[1], f[0]) || valid_yymmdd(f[2], f[0], f[1]) || valid_yymmdd(f[0], f[1], f[2]);
    return word && k >= 1 && k <= 3 && f[0] > 0;
}

/* A date of somebody's birth: between 1900 and 2035. */
static bool date_birth_ok(struct slice v)
{
    if (!date_ok(v)) return false;
    for (size_t i = 0; i + 4 <= v.n; i++) {
        if (!valid_is_digits(v.p + i, 4) || (i > 0 && valid_is_digits(v.p + i - 1, 1))) continue;
        uint64_t y = valid_number(v.p + i, 4);
        return y >= 1880 && y <= 2035;
    }
    return true;
}

/* "latitude, longitude" with at least three decimals each. */
static bool coordinates_ok(struct slice v)
{
    char s[VALID_MAX + 1], *end;
    if (v.n == 0 || v.n > VALID_MAX) return false;
    memcpy(s, v.p, v.n);
    s[v.n] = 0;
    double lat = strtod(s, &end);
    if (end == s || lat < -90 || lat > 90) return false;
    while (*end && !((*end >= '0' && *end <= '9') || *end == '-' || *end == '+')) end++;
    char *from = end;
    double lon = strtod(from, &end);
    return end != from && lon >= -180 && lon <= 180 && !(lat == 0 && lon == 0);
}

const struct validator valid_net[] = {
    {"ipv4", ipv4_ok, "RFC 791, RFC 6943", VALID_LIST("192.168.1.1", "10.0.0.0/8", "255.255.255.0"),
     VALID_LIST("256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4/33", "")},
    {"ipv4_host", ipv4_host_ok, "RFC 6890 less what names no host", VALID_LIST("192.168.1.101", "203.0.113.9/24", "8.8.43.1"),
     VALID_LIST("127.0.0.1", "0.0.0.0", "255.255.255.0", "1.2.3.4", "10.0.0.0", "2.0.0.1", "")},
    {"ipv6", ipv6_ok, "RFC 4291 § 2.2",
     VALID_LIST("::", "::1", "2001:db8::1", "684D:1111:222:3333:4444:5555:6:77", "::ffff:192.0.2.1", "fe80::1%eth0",
                "2001:db8::/32"),
     VALID_LIST("1:2:3", "12:34:56", ":::", "2001:db8:::1", "g::1", "1:2:3:4:5:6:7:8:9", ":1:2:3:4:5:6:7", "")},
    {"ipv6_host", ipv6_host_ok, "RFC 4291 less what names no host",
     VALID_LIST("2001:db8::1", "fe80::202:b3ff:fe1e:8329", "::ffff:192.0.2.1"),
     VALID_LIST("::", "::1", "a::b", "12:34:56", "std::")},
    {"mac", mac_ok, "IEEE 802, EUI-48 and EUI-64",
     VALID_LIST("D0-50-99-84-A2-A0", "0102.0304.05ab", "70:f1:f5:75:bd:8a", "FF:FF:FF:FF:FF:FF:FF:FF"),
     VALID_LIST("00:00:00:00:00:00", "70:f1:f5:75:bd", "70:f1:f5:75:bd:8g", "")},
    {"email", email_ok, "RFC 5321 § 4.5.3, RFC 1034",
     VALID_LIST("j.doe@example.com", "maria+news@mail.example.co.uk", "用户@例子.公司", "a@b.xn--p1ai"),
     VALID_LIST("icon@2x.png", "a@b", "@b.com", ".a@b.com", "a@b..com", "lodash@4.17.21", "a@-b.com", "")},
    {"date", date_ok, "Gregorian calendar, ISO 8601 and common orders",
     VALID_LIST("2024-02-29", "29.02.2024", "12/31/1999", "May 22, 1999", "19880104", "1988年1月4日", "5/21/21"),
     VALID_LIST("2023-02-29", "32.01.2024", "13/31/1999", "1.2.3.4", "", "x")},
    {"date_birth", date_birth_ok, "Gregorian calendar, 1880 to 2035", VALID_LIST("1988/09/21", "04.01.1988"),
     VALID_LIST("1788/09/21", "2188-01-01", "")},
    {"coordinates", coordinates_ok, "ISO 6709, ranges", VALID_LIST("-49.519542, -138.244349", "13.485125,-151.207180"),
     VALID_LIST("91.0000, 10.0000", "45.1, 190.1", "x", "")},
    VALID_END,
};
