/* The connection to Redis: down, resolving, connecting, greeting (AUTH, SELECT, where to go on), then one batch of
 * lines after the other.
 *
 *   DOWN --pause--> RESOLVING --> CONNECTING --> GREETING --> IDLE <--> SENDING
 *     ^______________ any error, or TIMEOUT without a reply __________________|
 */
#include "proxy/audit/redis.h"
#include "proxy/audit/cargo.h"
#include "proxy/base/clock.h"
#include "proxy/base/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <hiredis/async.h>
#include <hiredis/sds.h>
#include <hiredis/hiredis.h>
#include <hiredis/adapters/libevent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#define TIMEOUT_MS    1000u
#define RESOLVE_MS    5000u
#define PAUSE_FIRST   50u /* ms; doubled up to PAUSE_MOST */
#define PAUSE_MOST    2000u
#define BATCH_LINES   128u
#define BATCH_BYTES   (256u * 1024u)
#define COMMAND_MAX   (16u * 1024u * 1024u) /* above the longest line twice */
#define SAVE_EVERY_NS (1 * S_NS)
#define REASON_MAX    24u

enum state { DOWN, RESOLVING, CONNECTING, GREETING, IDLE, SENDING };

struct shipper {
    struct ship_opts o;
    struct redis_url url;
    char prefix[128];
    struct cargo *cargo;
    size_t cargo_count, first; /* first: whose turn it is in the next batch */
    enum state state;
    redisAsyncContext *ac;
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *asking;
    struct event *timer; /* the pause while DOWN, else the time limit */
    uint32_t pause_ms;
    unsigned tries;              /* which address of a name comes next */
    size_t greeted;              /* replies of the greeting still to come */
    size_t batch;                /* lines in the one under way */
    char reason[REASON_MAX + 1]; /* the first word of an error */
    char said[REASON_MAX + 1];   /* the reason that was logged last */
    bool said_down, said_aof, said_hash;
    bool last; /* no further try after this one */
    struct buf command;
    uint64_t save_at;
    void (*on_done)(void *arg);
    void *on_done_arg;
    _Atomic uint64_t shipped;
    _Atomic bool up;
};

/* --- states and time --- */

static void arm(struct shipper *s, unsigned ms)
{
    struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    evtimer_add(s->timer, &t);
}

static void set_state(struct shipper *s, enum state to)
{
    s->state = to;
    if (to < IDLE) atomic_store_explicit(&s->up, false, memory_order_relaxed);
    if (to == IDLE) evtimer_del(s->timer);
    else arm(s, to == DOWN ? s->pause_ms : to == RESOLVING ? RESOLVE_MS : TIMEOUT_MS);
}

static void count_shipped(struct shipper *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->cargo_count; i++) sum += s->cargo[i].acked;
    atomic_store_explicit(&s->shipped, sum, memory_order_relaxed);
}

/* Whatever went wrong: the connection goes, and after a pause everything is asked anew. */
static void down(struct shipper *s, const char *reason)
{
    redisAsyncContext *ac = s->ac;
    if (s->state == DOWN) return;
    s->ac = NULL; /* the callbacks hiredis makes while it frees know by this that they are late */
    s->batch = 0;
    if (!s->said_down || strncmp(s->said, reason, REASON_MAX) != 0)
        log_event(LOG_WARN, "audit_redis_down", LOG_NAME("reason", reason), LOG_U64("retry_ms", s->pause_ms));
    s->said_down = true;
    snprintf(s->said, sizeof s->said, "%s", reason);
    set_state(s, DOWN);
    s->pause_ms = 2 * s->pause_ms < PAUSE_MOST ? 2 * s->pause_ms : PAUSE_MOST;
    s->tries++;
    if (s->asking) evdns_getaddrinfo_cancel(s->asking);
    s->asking = NULL;
    if (ac) redisAsyncFree(ac);
    if (s->last && s->on_done) s->on_done(s->on_done_arg);
}

/* The error's code: its first word, capitals only, so that nothing else of it is logged. */
static void take_reason(struct shipper *s, const redisReply *r)
{
    if (s->reason[0] || !r || r->type != REDIS_REPLY_ERROR) return;
    size_t n = 0;
    while (n < (size_t)r->len && n < REASON_MAX && r->str[n] >= 'A' && r->str[n] <= 'Z') n++;
    memcpy(s->reason, n ? r->str : "ERR", n ? n : 3);
    s->reason[n ? n : 3] = 0;
}

/* Redis took a batch, or has all there is: only now it counts as up. One that greets and refuses does not. */
static void proved(struct shipper *s)
{
    s->pause_ms = PAUSE_FIRST;
    if (s->said_down) log_event(LOG_INFO, "audit_redis_up");
    s->said_down = false;
    atomic_store_explicit(&s->up, true, memory_order_relaxed);
}

static bool is_error(const redisReply *r) { return !r || r->type == REDIS_REPLY_ERROR; }

/* --- commands: RESP arrays of bulk strings, without printf, as a line has some fifty of them --- */

static char *put_size(char *p, char kind, size_t n)
{
    char d[20];
    size_t i = sizeof d;
    do d[--i] = (char)('0' + n % 10);
    while (n /= 10);
    *p++ = kind;
    memcpy(p, d + i, sizeof d - i);
    p += sizeof d - i;
    *p++ = '\r';
    *p++ = '\n';
    return p;
}

static void command_start(struct shipper *s, size_t args, enum err *e)
{
    buf_truncate(&s->command, 0);
    if (!*e) *e = buf_reserve(&s->command, 32);
    if (!*e) buf_commit(&s->command, (size_t)(put_size(buf_tail(&s->command), '*', args) - buf_tail(&s->command)));
}

static void arg(struct shipper *s, struct slice v, enum err *e)
{
    struct buf *b = &s->command;
    if (!*e && buf_room(b) < v.n + 32) *e = buf_reserve(b, v.n + 32);
    if (*e) return;
    char *start = buf_tail(b), *p = put_size(start, '$', v.n);
    if (v.n) memcpy(p, v.p, v.n);
    p += v.n;
    *p++ = '\r';
    *p++ = '\n';
    buf_commit(b, (size_t)(p - start));
}

static void arg_u64(struct shipper *s, uint64_t v, const char *tail, enum err *e)
{
    char d[32];
    int n = snprintf(d, sizeof d, "%llu%s", (unsigned long long)v, tail);
    arg(s, slice_of(d, (size_t)n), e);
}

static void arg_key(struct shipper *s, const char *kind, struct slice name, enum err *e)
{
    char key[400];
    int n = snprintf(key, sizeof key, "%s:%s:%.*s", s->prefix, kind, (int)name.n, name.p);
    if (n < 0 || (size_t)n >= sizeof key) *e = ERR_LIMIT;
    else arg(s, slice_of(key, (size_t)n), e);
}

/* "1a2b3c4d.w0" as a key's end: "1a2b3c4d:w0". */
static void arg_stream(struct shipper *s, const struct cargo *c, enum err *e)
{
    char name[SEGMENT_FILE_MAX];
    snprintf(name, sizeof name, "%s", c->label);
    name[8] = ':';
    arg_key(s, "audit", slice_str(name), e);
}

static bool issue(struct shipper *s, redisCallbackFn *fn, void *with, enum err e)
{
    if (e) return false;
    struct slice c = buf_slice(&s->command);
    return redisAsyncFormattedCommand(s->ac, fn, with, c.p, c.n) == REDIS_OK;
}

/* --- a batch --- */

static void on_queued(redisAsyncContext *ac, void *reply, void *with)
{
    struct shipper *s = ac->data;
    (void)with;
    if (ac != s->ac) return;
    arm(s, TIMEOUT_MS);
    take_reason(s, reply); /* EXEC will fail: its answer decides */
}

static bool is_there_already(const redisReply *r)
{
    return r->type == REDIS_REPLY_ERROR && strstr(r->str, "equal or smaller") != NULL;
}

/* EXEC's answer: three for each line. False if a line is not there. */
static bool batch_is_in(struct shipper *s, const redisReply *r)
{
    if (!r || r->type != REDIS_REPLY_ARRAY || r->elements < s->batch || r->elements % s->batch) return false;
    size_t each = r->elements / s->batch;
    for (size_t i = 0; i < r->elements; i++) {
        const redisReply *one = r->element[i];
        if (one->type != REDIS_REPLY_ERROR || (i % each == 0 && is_there_already(one))) continue;
        take_reason(s, one);
        if (i % each == 0) return false;
        if (!s->said_hash) log_event(LOG_WARN, "audit_redis_request_not_stored", LOG_NAME("reason", s->reason));
        s->said_hash = true; /* a key of another type, say: the stream has the line */
        s->reason[0] = 0;
    }
    return true;
}

static void on_exec(redisAsyncContext *ac, void *reply, void *with)
{
    struct shipper *s = ac->data;
    (void)with;
    if (ac != s->ac) return;
    take_reason(s, reply);
    if (!batch_is_in(s, reply)) {
        down(s, s->reason[0] ? s->reason : "EXEC");
        return;
    }
    s->reason[0] = 0;
    s->batch = 0;
    proved(s);
    for (size_t i = 0; i < s->cargo_count; i++) cargo_ack(&s->cargo[i]);
    count_shipped(s);
    set_state(s, IDLE);
    shipper_run(s);
}

/* The members of a line as fields of the request's hash. */
static bool send_hash(struct shipper *s, const struct line *l, struct slice id)
{
    struct slice key, value;
    size_t fields = 2;
    enum err e = ERR_OK;
    for (size_t at = 0; line_member(l->record, &at, &key, &value);) fields++;
    command_start(s, 2 + 2 * fields, &e);
    arg(s, SLICE("HSET"), &e);
    arg_key(s, "request", id, &e);
    for (size_t at = 0; line_member(l->record, &at, &key, &value);) {
        arg(s, key, &e);
        if (value.n >= 2 && value.p[0] == '"') value = slice_of(value.p + 1, value.n - 2);
        arg(s, value, &e);
    }
    bool outcome = slice_eq(line_get(l->record, "event"), SLICE("outcome"));
    arg(s, SLICE("journal"), &e);
    arg(s, l->journal, &e);
    arg(s, outcome ? SLICE("outcome_seq") : SLICE("intent_seq"), &e);
    arg_u64(s, l->seq, "", &e);
    return issue(s, on_queued, NULL, e);
}

static bool send_expire(struct shipper *s, struct slice id)
{
    enum err e = ERR_OK;
    command_start(s, 3, &e);
    arg(s, SLICE("PEXPIRE"), &e);
    arg_key(s, "request", id, &e);
    arg_u64(s, s->o.ttl_ms, "", &e);
    return issue(s, on_queued, NULL, e);
}

static bool send_line(struct shipper *s, const struct cargo *c, const struct line *l)
{
    enum err e = ERR_OK;
    struct slice id = line_get(l->record, "id");
    command_start(s, s->o.maxlen ? 12 : 9, &e);
    arg(s, SLICE("XADD"), &e);
    arg_stream(s, c, &e);
    if (s->o.maxlen) {
        arg(s, SLICE("MAXLEN"), &e);
        arg(s, SLICE("~"), &e);
        arg_u64(s, s->o.maxlen, "", &e);
    }
    arg_u64(s, l->seq, "-1", &e);
    arg(s, SLICE("event"), &e);
    arg(s, line_get(l->record, "event"), &e);
    arg(s, SLICE("id"), &e);
    arg(s, id, &e);
    arg(s, SLICE("line"), &e);
    arg(s, l->all, &e);
    return issue(s, on_queued, NULL, e) && send_hash(s, l, id) && (!s->o.ttl_ms || send_expire(s, id));
}

static bool send_word(struct shipper *s, const char *word, redisCallbackFn *fn)
{
    enum err e = ERR_OK;
    command_start(s, 1, &e);
    arg(s, slice_str(word), &e);
    return issue(s, fn, NULL, e);
}

/* Takes lines of all journals in turn. False if something failed; s->batch says how many lines went out. */
static bool fill_batch(struct shipper *s)
{
    size_t bytes = 0;
    for (size_t k = 0; k < s->cargo_count; k++) {
        struct cargo *c = &s->cargo[(s->first + k) % s->cargo_count];
        struct line l;
        while (!c->stuck && s->batch < BATCH_LINES && bytes < BATCH_BYTES) {
            enum err e = cargo_next(c, &l);
            if (e == ERR_AGAIN) break;
            if (e)
                log_event(LOG_ERROR, "audit_segment_not_readable", LOG_NAME("journal", c->label),
                          LOG_U64("segment", c->name.number));
            if (e || (s->batch == 0 && !send_word(s, "MULTI", on_queued)) || !send_line(s, c, &l)) return false;
            bytes += l.all.n;
            s->batch++;
        }
    }
    s->first = s->cargo_count ? (s->first + 1) % s->cargo_count : 0;
    return s->batch == 0 || send_word(s, "EXEC", on_exec);
}

void shipper_run(struct shipper *s)
{
    if (s->state != IDLE) return;
    uint64_t now = clock_mono_ns();
    if (now >= s->save_at) {
        for (size_t i = 0; i < s->cargo_count; i++) cargo_save(&s->cargo[i]);
        s->save_at = now + SAVE_EVERY_NS;
    }
    set_state(s, SENDING);
    if (!fill_batch(s)) {
        down(s, "send");
    } else if (s->batch == 0) {
        set_state(s, IDLE);
        proved(s);
        if (s->on_done && shipper_done(s)) s->on_done(s->on_done_arg);
    }
}

/* --- greeting --- */

static void greeting_one_less(struct shipper *s)
{
    arm(s, TIMEOUT_MS);
    assert(s->greeted > 0);
    if (--s->greeted > 0) return;
    count_shipped(s);
    set_state(s, IDLE);
    shipper_run(s);
}

static void on_must_be_ok(redisAsyncContext *ac, void *reply, void *with)
{
    struct shipper *s = ac->data;
    (void)with;
    if (ac != s->ac) return;
    take_reason(s, reply);
    if (is_error(reply)) down(s, s->reason[0] ? s->reason : "greeting");
    else greeting_one_less(s);
}

/* Without its append-only file a killed Redis loses what came since its last snapshot: it is sent again, if this
 * process still has it, but an operator should know. */
static void on_appendonly(redisAsyncContext *ac, void *reply, void *with)
{
    struct shipper *s = ac->data;
    const redisReply *r = reply;
    (void)with;
    if (ac != s->ac) return;
    if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && r->element[1]->type == REDIS_REPLY_STRING &&
        strcmp(r->element[1]->str, "no") == 0 && !s->said_aof) {
        s->said_aof = true;
        log_event(LOG_WARN, "audit_redis_appendonly_off");
    }
    greeting_one_less(s); /* a Redis that hides its configuration is none the worse */
}

/* The seq in "12-1"; 0 for anything else. */
static uint64_t seq_of(const redisReply *r)
{
    uint64_t seq = 0;
    if (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS) return 0;
    struct slice s = slice_of(r->str, (size_t)r->len);
    s.n = slice_find(s, '-');
    return slice_u64(s, UINT64_MAX - 1, &seq) ? seq : 0;
}

static uint64_t last_generated(const redisReply *r)
{
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2)
        if (r->element[i]->type == REDIS_REPLY_STRING && strcmp(r->element[i]->str, "last-generated-id") == 0)
            return seq_of(r->element[i + 1]);
    return 0;
}

/* Where journal `with` goes on: after the stream's last id. */
static void on_stream(redisAsyncContext *ac, void *reply, void *with)
{
    struct shipper *s = ac->data;
    struct cargo *c = with;
    const redisReply *r = reply;
    if (ac != s->ac) return;
    if (!r || (r->type == REDIS_REPLY_ERROR && !strstr(r->str, "no such key"))) {
        take_reason(s, r);
        down(s, s->reason[0] ? s->reason : "XINFO");
        return;
    }
    uint64_t last = last_generated(r);
    if (last > c->head.seq) { /* a journal put back from a backup: its lines would be taken for those that are there */
        if (!c->stuck)
            log_event(LOG_ERROR, "audit_redis_ahead", LOG_NAME("journal", c->label), LOG_U64("redis_seq", last),
                      LOG_U64("journal_seq", c->head.seq));
        c->stuck = true;
        last = c->head.seq;
    }
    if (s->o.maxlen && c->head.seq - last > s->o.maxlen) last = c->head.seq - s->o.maxlen; /* it would be trimmed at once */
    if (cargo_seek(c, last + 1)) {
        down(s, "journal");
        return;
    }
    greeting_one_less(s);
}

/* What hiredis has not sent yet lies in memory of its own, which it does not wipe. On a fresh connection there is room for
 * a password: it goes out at once, from there, and nothing of it stays. */
static bool send_and_wipe(struct shipper *s)
{
    sds out = s->ac->c.obuf;
    size_t n = sdslen(out);
    ssize_t sent = send(s->ac->c.fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    mem_wipe(out, n);
    sdsclear(out);
    return sent >= 0 && (size_t)sent == n;
}

static bool send_auth(struct shipper *s)
{
    enum err e = ERR_OK;
    if (!s->url.password[0] && !s->url.user[0]) return true;
    s->greeted++;
    command_start(s, s->url.user[0] ? 3 : 2, &e);
    arg(s, SLICE("AUTH"), &e);
    if (s->url.user[0]) arg(s, slice_str(s->url.user), &e);
    arg(s, slice_str(s->url.password), &e);
    bool ok = issue(s, on_must_be_ok, NULL, e);
    buf_free(&s->command); /* wiped: it held the password */
    return ok && send_and_wipe(s);
}

static bool send_select(struct shipper *s)
{
    enum err e = ERR_OK;
    if (s->url.db == 0) return true;
    s->greeted++;
    command_start(s, 2, &e);
    arg(s, SLICE("SELECT"), &e);
    arg_u64(s, s->url.db, "", &e);
    return issue(s, on_must_be_ok, NULL, e);
}

static bool send_greeting(struct shipper *s)
{
    enum err e = ERR_OK;
    s->greeted = 0;
    if (!send_auth(s) || !send_select(s)) return false;
    s->greeted++;
    command_start(s, 3, &e);
    arg(s, SLICE("CONFIG"), &e);
    arg(s, SLICE("GET"), &e);
    arg(s, SLICE("appendonly"), &e);
    if (!issue(s, on_appendonly, NULL, e)) return false;
    for (size_t i = 0; i < s->cargo_count; i++) {
        s->greeted++;
        command_start(s, 3, &e);
        arg(s, SLICE("XINFO"), &e);
        arg(s, SLICE("STREAM"), &e);
        arg_stream(s, &s->cargo[i], &e);
        if (!issue(s, on_stream, &s->cargo[i], e)) return false;
    }
    return true;
}

/* --- connecting --- */

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct shipper *s = ac->data;
    if (ac != s->ac) return;
    if (status != REDIS_OK) {
        s->ac = NULL; /* hiredis frees it */
        down(s, "connect");
        return;
    }
    s->reason[0] = 0;
    set_state(s, GREETING);
    if (!send_greeting(s)) arm(s, 0); /* hiredis must not be made to free its context in this callback */
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct shipper *s = ac->data;
    (void)status;
    if (ac != s->ac) return;
    s->ac = NULL;
    down(s, "closed");
}

static void attach(struct shipper *s, redisAsyncContext *ac)
{
    s->ac = ac;
    if (!ac) {
        down(s, "memory");
        return;
    }
    ac->data = s;
    if (ac->err || redisLibeventAttach(ac, s->o.base) != REDIS_OK) {
        down(s, "connect");
        return;
    }
    set_state(s, CONNECTING);
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
}

static void on_address(int err, struct evutil_addrinfo *list, void *with)
{
    struct shipper *s = with;
    char text[64] = "";
    unsigned n = 0, i = 0;
    if (err == EVUTIL_EAI_CANCEL) return;
    s->asking = NULL;
    for (const struct evutil_addrinfo *a = list; !err && a; a = a->ai_next) n++;
    for (const struct evutil_addrinfo *a = list; n && a; a = a->ai_next) {
        if (i++ != s->tries % n) continue;
        const void *addr = a->ai_family == AF_INET6
                               ? (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr
                               : (const void *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
        if (!evutil_inet_ntop(a->ai_family, addr, text, sizeof text)) text[0] = 0;
    }
    if (list) evutil_freeaddrinfo(list);
    if (s->state != RESOLVING) return;
    if (text[0]) attach(s, redisAsyncConnect(text, s->url.port));
    else down(s, "resolve");
}

static void resolve(struct shipper *s)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    unsigned char literal[16];
    if (evutil_inet_pton(AF_INET, s->url.host, literal) == 1 || evutil_inet_pton(AF_INET6, s->url.host, literal) == 1) {
        attach(s, redisAsyncConnect(s->url.host, s->url.port));
        return;
    }
    if (!s->dns) {
        s->dns = evdns_base_new(s->o.base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        /* A missing file leaves the resolver on this machine, as resolv.conf(5) says; hosts(5) is read too. */
        if (s->dns) (void)evdns_base_resolv_conf_parse(s->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    }
    if (!s->dns) {
        down(s, "resolve");
        return;
    }
    struct evdns_getaddrinfo_request *q = evdns_getaddrinfo(s->dns, s->url.host, NULL, &hints, on_address, s);
    if (q) s->asking = q; /* else it was answered at once */
}

static void on_time(evutil_socket_t fd, short what, void *with)
{
    struct shipper *s = with;
    (void)fd, (void)what;
    if (s->state != DOWN) {
        down(s, "timeout");
        return;
    }
    set_state(s, RESOLVING);
    if (s->url.path[0]) attach(s, redisAsyncConnectUnix(s->url.path));
    else resolve(s);
}

void shipper_last(struct shipper *s)
{
    s->last = true;
    if (s->state == DOWN) on_time(-1, 0, s);
}

/* --- the outside --- */

enum err shipper_new(const struct ship_opts *o, struct shipper **out, const char **why)
{
    struct shipper *s = mem_zalloc(sizeof *s);
    *out = NULL;
    *why = "out of memory";
    if (!s) return ERR_MEMORY;
    s->o = *o;
    s->o.url = NULL;
    s->command = buf_make(COMMAND_MAX);
    s->pause_ms = PAUSE_FIRST;
    s->timer = evtimer_new(o->base, on_time, s);
    s->cargo = mem_zalloc(JOURNALS_MAX * sizeof *s->cargo);
    int n = snprintf(s->prefix, sizeof s->prefix, "%s", o->prefix && *o->prefix ? o->prefix : "privet");
    enum err e = s->timer && s->cargo ? ERR_OK : ERR_MEMORY;
    if (!e && (redis_url_parse(o->url, &s->url) || n < 0 || (size_t)n >= sizeof s->prefix)) {
        *why = "the Redis URL or prefix is not one this build can use";
        e = ERR_IO;
    }
    if (e) {
        shipper_free(s);
        return e;
    }
    arm(s, 0); /* DOWN: the timer opens the first connection, on the audit thread */
    *out = s;
    return ERR_OK;
}

void shipper_free(struct shipper *s)
{
    if (!s) return;
    bool asked = s->asking != NULL;
    s->said_down = true;
    snprintf(s->said, sizeof s->said, "stop"); /* not worth a word */
    if (s->timer) {
        down(s, "stop");
        evtimer_del(s->timer);
    }
    if (asked) event_base_loop(s->o.base, EVLOOP_NONBLOCK); /* evdns answers a cancelled request later, and frees it then */
    for (size_t i = 0; i < s->cargo_count; i++) cargo_close(&s->cargo[i]);
    if (s->timer) event_free(s->timer);
    if (s->dns) evdns_base_free(s->dns, 0);
    buf_free(&s->command);
    mem_free(s->cargo);
    mem_free(s); /* wiped, and the password with it */
}

enum err shipper_add(struct shipper *s, const struct segment_name *journal)
{
    assert(s->cargo_count < JOURNALS_MAX && s->ac == NULL);
    enum err e = cargo_open(&s->cargo[s->cargo_count], s->o.dir, journal);
    if (!e) s->cargo_count++;
    return e;
}

void shipper_synced(struct shipper *s, size_t i, const struct head *head)
{
    assert(i < s->cargo_count);
    s->cargo[i].head = *head;
}

bool shipper_done(const struct shipper *s)
{
    for (size_t i = 0; i < s->cargo_count; i++)
        if (!s->cargo[i].stuck && s->cargo[i].acked < s->cargo[i].head.seq) return false;
    return s->state == IDLE;
}

uint32_t shipper_segment(const struct shipper *s, size_t i)
{
    const struct cargo *c = &s->cargo[i];
    return c->stuck || c->acked == 0 || c->mark.seq != c->acked ? 0 : c->mark.segment;
}

void shipper_on_done(struct shipper *s, void (*fn)(void *arg), void *with)
{
    s->on_done = fn;
    s->on_done_arg = with;
}

uint64_t shipper_shipped(const struct shipper *s) { return atomic_load_explicit(&s->shipped, memory_order_relaxed); }
bool shipper_up(const struct shipper *s) { return atomic_load_explicit(&s->up, memory_order_relaxed); }
