/* A connection: one socket, plain or TLS, on plain libevent events with OpenSSL driven directly (no bufferevents:
 * they cost 5 of 22 us a request and report a bare FIN in ways that hide truncation).
 *
 * States: CONNECTING -> HANDSHAKE -> OPEN -> (peer ended) -> CLOSED. Input waits in conn_in() until the owner consumes
 * it; buffers are pooled blocks, held only while bytes wait in them. Everything runs on the connection's worker thread.
 *
 * Back-pressure: conn_pause stops reading; a full input buffer stops it by itself until bytes are consumed.
 * on_drain comes once when the output queue falls to CONN_LOW after it was above it.
 *
 * Callbacks may call conn_free on their own connection; the connection then touches nothing of itself afterwards.
 * conn never calls back after conn_free. on_open comes after conn_accept (plain too) and conn_connect, never after
 * conn_adopt, and always before on_data.
 *
 * A failed write is no end yet: what the peer sent before it went away is read first, then CONN_RESET comes. An end
 * (EOF, TRUNCATED) keeps the write side. CONN_TIMEOUT changes nothing by itself: the owner may still answer, set another
 * deadline, or free. After RESET, REFUSED and the TLS failures the connection is dead and only waits for conn_free. */
#ifndef PRIVET_NET_CONN_H
#define PRIVET_NET_CONN_H

#include "proxy/base/buf.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

struct worker;
struct conn;

#define CONN_LOW  (64u * 1024)  /* output bytes under which a stopped producer goes on */
#define CONN_HIGH (256u * 1024) /* ... above which a producer should stop (advisory: conn_out_len) */

enum conn_end {
    CONN_EOF,        /* the peer ended its sending side (FIN or close_notify); writing may still work */
    CONN_TRUNCATED,  /* TLS: FIN without close_notify. Framing decides whether the message was whole */
    CONN_RESET,      /* reset or another socket error: the connection is dead */
    CONN_TIMEOUT,    /* the deadline passed */
    CONN_REFUSED,    /* connect failed */
    CONN_TLS_ERROR,  /* handshake or record failure */
    CONN_TLS_VERIFY, /* the peer's certificate was not accepted */
};

struct conn_ops {
    void (*on_open)(void *arg);                   /* connected and handshaken. May be NULL */
    void (*on_data)(void *arg);                   /* conn_in() has new bytes */
    void (*on_end)(void *arg, enum conn_end why); /* at most once for EOF/TRUNCATED, at most once for the others */
    void (*on_drain)(void *arg);                  /* output fell to CONN_LOW or below. May be NULL */
};

struct conn_limits {
    size_t in_max;  /* most input bytes that wait unconsumed (at least one TLS record: 16 KiB) */
    size_t out_max; /* most output bytes that wait: conn_write beyond it fails with ERR_LIMIT */
};

/* An accepted socket (non-blocking, TCP_NODELAY set here). tls NULL: plain. NULL on failure; the fd is closed then. */
struct conn *conn_accept(struct worker *w, int fd, SSL_CTX *tls, struct conn_limits lim, const struct conn_ops *ops,
                         void *arg) MUST_CHECK;
/* Starts to connect to addr. tls NULL: plain; else verification is on, with SNI and name check for `host`
 * (a name or an IP literal). The result comes by on_open or on_end, never from inside this call. */
struct conn *conn_connect(struct worker *w, const struct sockaddr *addr, socklen_t addr_len, SSL_CTX *tls, const char *host,
                          struct conn_limits lim, const struct conn_ops *ops, void *arg) MUST_CHECK;
/* A connection over an already connected fd (a socketpair end): open at once. */
struct conn *conn_adopt(struct worker *w, int fd, struct conn_limits lim, const struct conn_ops *ops, void *arg) MUST_CHECK;

/* Closes and frees, with SSL_shutdown first where TLS is open and nothing failed. Unwritten output is dropped. */
void conn_free(struct conn *c);
/* Writes what waits, then closes and frees by itself (lingering for at most CONN_LINGER_MS so that the last answer is
 * not lost to a reset). No callbacks any more. */
#define CONN_LINGER_MS 2000
void conn_finish(struct conn *c);
/* Ends it by a reset (TLS: without close_notify), behind what the socket has taken: for a message whose end would be the
 * connection's, and which is not whole. */
void conn_abort(struct conn *c);
/* Cuts the lingering ones of a worker, at its end. */
void conn_cut_lingering(struct worker *w);
/* ... and gives back what conn keeps in the worker. Every other connection must be freed. */
void conn_fini(struct worker *w);
/* Changes the owner, for pooled connections. */
void conn_set_owner(struct conn *c, const struct conn_ops *ops, void *arg);

/* What waits. Slices into it live until the owner's callback returns, or for as long as the connection is paused: a read
 * may move the bytes. */
struct slice conn_in(const struct conn *c);
/* n bytes of conn_in are done with. Slices into them are dead. */
void conn_consume(struct conn *c, size_t n);

/* Queues bytes (copied); conn_flush writes. ERR_LIMIT past out_max, ERR_IO if the connection is dead. */
enum err conn_write(struct conn *c, struct slice s) MUST_CHECK;
/* Writes as much as the socket takes now; the rest goes as it becomes writable. Errors come by on_end, never from
 * inside this call. */
void conn_flush(struct conn *c);
/* The same at the end of this turn of the loop, together with the others': peers that share a core are woken once for
 * all of it. Large output, or that of too many connections, goes at once. conn_free drops what has not gone yet. */
void conn_flush_soon(struct conn *c);
size_t conn_out_len(const struct conn *c);
/* True if output waits because the socket is full. */
bool conn_is_stuck(const struct conn *c);
/* Bytes that the peer's system has acknowledged, TLS's own among them: how far a slow reader got. */
uint64_t conn_taken(const struct conn *c);
/* True if the peer's system has acknowledged nothing of what was sent since conn_mark: nobody there has seen a byte. */
void conn_mark(struct conn *c);
bool conn_unheard(const struct conn *c);

void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/* on_end(CONN_TIMEOUT) after ms from now; 0 clears. One deadline; a new one replaces it. Cheap: the timer is re-armed
 * lazily. */
void conn_deadline(struct conn *c, unsigned ms);

bool conn_is_open(const struct conn *c);
bool conn_is_tls(const struct conn *c);
/* True if it is open and nothing waits: not here, and not in the socket. */
bool conn_is_quiet(const struct conn *c);
/* True if the peer ended its side and nothing can be read any more. */
bool conn_at_eof(const struct conn *c);
/* "address:port" of the peer, for logs and records; lives as long as the connection. */
const char *conn_peer(const struct conn *c);
/* The verified client certificate's subject (RFC 2253) into out, or false. */
bool conn_tls_subject(const struct conn *c, char *out, size_t n);

#endif
