/* Takes a Redis URL apart. The configuration has checked it; here nothing is trusted again. */
#include "proxy/audit/redis.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX decoded, with a NUL; false if it does not fit, or a NUL or a bad escape is in it. */
static bool decode(struct slice s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++, n++) {
        int c = (unsigned char)s.p[i];
        if (c == '%') {
            int h = i + 2 < s.n ? hex(s.p[i + 1]) : -1, l = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
            if (h < 0 || l < 0) return false;
            c = h * 16 + l;
            i += 2;
        }
        if (c == 0 || n + 1 >= size) return false;
        out[n] = (char)c;
    }
    out[n] = 0;
    return true;
}

static bool take_db(struct slice s, struct redis_url *out)
{
    uint64_t db = 0;
    if (s.n && !slice_u64(s, 1000000, &db)) return false;
    out->db = (unsigned)db;
    return true;
}

static bool take_host(struct slice s, struct redis_url *out)
{
    uint64_t port = 6379;
    size_t colon;
    struct slice host = s, rest = SLICE_NONE;
    if (s.n && s.p[0] == '[') { /* [v6]:port */
        size_t end = slice_find(s, ']');
        if (end == s.n) return false;
        host = slice_of(s.p + 1, end - 1);
        rest = slice_of(s.p + end + 1, s.n - end - 1);
    } else if ((colon = slice_find(s, ':')) < s.n) {
        host = slice_of(s.p, colon);
        rest = slice_of(s.p + colon, s.n - colon);
    }
    if (rest.n && (rest.p[0] != ':' || !slice_u64(slice_of(rest.p + 1, rest.n - 1), 65535, &port) || port == 0)) return false;
    out->port = (uint16_t)port;
    return host.n && decode(host, out->host, sizeof out->host);
}

static bool take_user(struct slice s, struct redis_url *out)
{
    size_t colon = slice_find(s, ':');
    if (colon == s.n) return decode(s, out->password, sizeof out->password); /* redis://secret@host, as some write it */
    return decode(slice_of(s.p, colon), out->user, sizeof out->user) &&
           decode(slice_of(s.p + colon + 1, s.n - colon - 1), out->password, sizeof out->password);
}

static bool parse_tcp(struct slice s, struct redis_url *out)
{
    size_t slash = slice_find(s, '/'), at = 0;
    struct slice authority = slice_of(s.p, slash);
    if (slash < s.n && !take_db(slice_of(s.p + slash + 1, s.n - slash - 1), out)) return false;
    for (size_t i = 0; i < authority.n; i++)
        if (authority.p[i] == '@') at = i + 1; /* the last one: a password may hold one */
    if (at && !take_user(slice_of(authority.p, at - 1), out)) return false;
    return take_host(slice_of(authority.p + at, authority.n - at), out);
}

static bool parse_unix(struct slice s, struct redis_url *out)
{
    size_t q = slice_find(s, '?');
    struct slice query = slice_of(s.p + q, s.n - q);
    if (q < 2 || s.p[0] != '/') return false;
    if (query.n && (!slice_starts(query, SLICE("?db=")) || !take_db(slice_of(query.p + 4, query.n - 4), out))) return false;
    return decode(slice_of(s.p, q), out->path, sizeof out->path);
}

enum err redis_url_parse(const char *url, struct redis_url *out)
{
    struct slice s = slice_str(url);
    bool ok = false;
    *out = (struct redis_url){.db = 0};
    if (slice_starts(s, SLICE("redis://"))) ok = parse_tcp(slice_of(s.p + 8, s.n - 8), out);
    else if (slice_starts(s, SLICE("unix://"))) ok = parse_unix(slice_of(s.p + 7, s.n - 7), out);
    return ok ? ERR_OK : ERR_SHAPE;
}
