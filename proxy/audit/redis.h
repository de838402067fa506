/* Ships the synced lines of journals to Redis, on the audit thread's event base.
 *
 * Each journal has a stream `PREFIX:audit:INSTANCE:wN`; an entry's id is "<seq>-1", its fields are event, id and line
 * (the whole line, so that the chain can be checked there too). Each request id has a hash `PREFIX:request:ID` with the
 * members of its intent and outcome, which expires. Where to go on is read from Redis at every connection (the
 * stream's last id): what a Redis lost when it was killed is sent again, and what it has is refused by the stream
 * itself, as ids only go up. One batch is under way at a time, inside MULTI/EXEC: a refusal in the middle (out of
 * memory, read-only) would otherwise leave a hole that no later entry could fill.
 *
 * Any error or a second of silence closes the connection; it is tried again with growing pauses. Nothing here blocks,
 * and the password is never logged. hiredis 0.14 has no TLS: a stunnel or a unix socket, then. */
#ifndef PRIVET_AUDIT_REDIS_H
#define PRIVET_AUDIT_REDIS_H

#include "proxy/audit/segment.h"

#include <event2/event.h>

struct redis_url {
    char host[256]; /* "" for a unix socket */
    uint16_t port;
    char path[108]; /* of the unix socket */
    char user[128], password[512];
    unsigned db;
};
/* redis://[[user]:password@]host[:port][/db] or unix:///path[?db=n]; %XX in user and password. Wipe it after use. */
enum err redis_url_parse(const char *url, struct redis_url *out) MUST_CHECK;

struct shipper;
struct ship_opts {
    struct event_base *base;
    int dir;
    const char *url, *prefix;
    uint64_t maxlen, ttl_ms; /* 0: no limit */
};
enum err shipper_new(const struct ship_opts *o, struct shipper **out, const char **why) MUST_CHECK;
void shipper_free(struct shipper *s);
/* One more journal; before the first run. Journals are counted from 0. */
enum err shipper_add(struct shipper *s, const struct segment_name *journal) MUST_CHECK;
/* How far journal i is synced; then shipper_run sends what is new. */
void shipper_synced(struct shipper *s, size_t i, const struct head *head);
void shipper_run(struct shipper *s);
/* All that is synced is in Redis. */
bool shipper_done(const struct shipper *s);
/* Redis has every line of journal i's segments below this number. */
uint32_t shipper_segment(const struct shipper *s, size_t i);
/* The process ends: if Redis is away it is tried once more, at once. */
void shipper_last(struct shipper *s);
/* Called on the audit thread whenever shipper_done becomes true, and when the last try failed. */
void shipper_on_done(struct shipper *s, void (*fn)(void *arg), void *arg);
/* Thread-safe. */
uint64_t shipper_shipped(const struct shipper *s);
bool shipper_up(const struct shipper *s);

#endif
