/* Bodies of HTTP/1.x messages: takes the framing off, piece by piece, wherever the bytes were cut.
 * Chunk extensions are dropped and limited; trailers are checked, limited and dropped, and one that only a head may
 * hold (framing, routing, credentials, content) is an error. Strict as the head parser is: CRLF only, at most 16 hex
 * digits (no overflow), no white space round a size or an extension's parts. */
#ifndef PRIVET_HTTP_BODY_H
#define PRIVET_HTTP_BODY_H

#include "proxy/http/head.h"

#define HTTP_OVERHEAD_MAX 8192u /* bytes of size lines, extensions and trailers that data has not paid for */

struct http_body {
    enum http_framing_kind kind;
    int state;
    uint64_t left;     /* bytes left of the length or of the chunk */
    uint64_t total;    /* data bytes given out so far */
    uint64_t max;      /* more data bytes than this is an error */
    uint32_t overhead; /* bytes of size lines and trailers; each chunk pays for 16 of them and 2 for each data byte */
    uint8_t digits;    /* of the chunk size */
    uint8_t name_n;    /* bytes of the trailer's name; those that fit are kept, to know it */
    char name[22];
    bool done;
};

void http_body_start(struct http_body *b, struct http_framing f, uint64_t max);

/* Takes bytes from `in` and gives the next piece of data, which points into `in` (*data may be empty). *used bytes of
 * `in` are done with. Call again while *used > 0 and !b->done. Errors: ERR_FRAMING, ERR_BODY_TOO_LARGE; the message
 * and its connection are lost then. (The exchange maps them to the ERR_UP_ ones for answers.) */
enum err http_body_next(struct http_body *b, struct slice in, size_t *used, struct slice *data) MUST_CHECK;

/* The peer ended its side: ERR_OK if the message was whole (done, or HTTP_UNTIL_CLOSE, which is then done),
 * else ERR_CLIENT_EOF. */
enum err http_body_eof(struct http_body *b) MUST_CHECK;

/* Writes one chunk head ("1a\r\n"): at most 18 bytes. */
size_t http_chunk_head(char out[20], size_t n);
#define HTTP_CHUNK_END  SLICE("\r\n")
#define HTTP_LAST_CHUNK SLICE("0\r\n\r\n")

#endif
