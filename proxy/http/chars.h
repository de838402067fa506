/* Which bytes may stand where in HTTP/1.x and in URIs: one table of classes, a bit for each. */
#ifndef PRIVET_HTTP_CHARS_H
#define PRIVET_HTTP_CHARS_H

#include "proxy/base/slice.h"

enum {
    HC_TOKEN = 1,  /* tchar, RFC 9110 5.6.2 */
    HC_VALUE = 2,  /* field content: VCHAR, SP, HTAB, obs-text */
    HC_PATH = 4,   /* pchar and '/', RFC 3986 3.3, without '%' */
    HC_QUERY = 8,  /* HC_PATH and '?' */
    HC_HOST = 16,  /* unreserved: the part of reg-name that names hosts */
    HC_QUOTED = 32 /* qdtext, RFC 9110 5.6.4: HC_VALUE without '"' and '\' */
};

extern const uint8_t http_class[256];

static inline bool http_is(char c, unsigned classes) { return (http_class[(unsigned char)c] & classes) != 0; }
/* True if s is not empty and every byte is of a class. */
static inline bool http_all(struct slice s, unsigned classes)
{
    for (size_t i = 0; i < s.n; i++)
        if (!http_is(s.p[i], classes)) return false;
    return s.n > 0;
}
/* The value of a hexadecimal digit, or -1. */
static inline int http_hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
