/* What the files of the exchange share: exchange.c (the state machine), exchange_send.c (heads and errors written),
 * exchange_record.c (caller, ids, records, metrics), exchange_screen.c (screening, here or elsewhere). Nobody else includes this. */
#ifndef PRIVET_EXCHANGE_PRIVATE_H
#define PRIVET_EXCHANGE_PRIVATE_H

#include "filters/api/answer.h"
#include "filters/screen.h"
#include "proxy/audit/metrics.h"
#include "proxy/audit/record.h"
#include "proxy/exchange.h"
#include "proxy/http/body.h"
#include "proxy/http/head.h"
#include "proxy/net/conn.h"
#include "proxy/route/upstream.h"
#include "proxy/snapshot.h"
#include "proxy/worker.h"

enum x_state {
    X_BODY,    /* the request's head is understood; its body is arriving */
    X_SCREEN,  /* the request is whole; its text is being screened */
    X_CONNECT, /* screened and recorded; waiting for a connection to the target */
    X_HEAD,    /* sent, or being sent; waiting for the head of the answer */
    X_HOLD,    /* the answer is arriving and may still be given up for another target: nothing has gone to the client */
    X_RELAY,   /* committed: the client gets the answer as it comes */
    X_DONE,    /* recorded */
    X_STATES
};

/* How an answer's body is handled. */
enum x_mode {
    MODE_RAW,    /* as it comes */
    MODE_WHOLE,  /* collected, read, restored, sent with a length */
    MODE_STREAM, /* server-sent events, one by one */
};

struct exchange;
struct screenjob;

/* How long a screening may compute, on one thread after the other. */
struct x_meter {
    struct meter m;
    const struct screenjob *job; /* that may become unwanted meanwhile; or NULL */
    uint64_t limit, used, since; /* ns of CPU; since: when this thread took it up, 0: it was not asked yet */
};

struct client { /* one client connection */
    struct worker *w;
    struct conn *conn;
    struct exchange *x;
    struct client *next, **prev;
    size_t head_seen;
    uint64_t out_mark; /* bytes it had taken when the limit for its reading was last set */
    bool head_begun;   /* part of a head has come, and its deadline runs */
    bool served;       /* a request has come on it */
    bool closing;      /* no further request is read */
    bool cut;          /* ends by a reset: nothing else would tell that the answer is not whole */
    bool eof;          /* the client ended its side */
    bool stepping;     /* client_step is on the stack */
};

struct exchange {
    struct client *c;
    struct worker *w;
    struct snapshot *snap;
    enum x_state state;

    /* The request. */
    struct buf head_mem;
    struct http_body framing;
    struct buf body;
    const struct endpoint *ep;
    const struct config_policy *policy_config;
    const struct policy *policy;
    const struct config_client *caller; /* NULL: nobody in particular */
    bool keep_alive, expect_continue, unscreened, body_whole;
    struct screening sc;
    bool screened;
    struct x_job *job;     /* screening goes on elsewhere, and has the body */
    uint64_t screen_start; /* mono ns */
    struct x_meter head_meter;
    struct slice send; /* the bytes for every target: body, or sc.body */

    /* Routing. */
    const struct route *route;
    struct route_plan plan;
    size_t plan_at;
    uint64_t attempts_until; /* mono ns */

    /* The attempt under way. */
    struct upstream_req *connecting;
    struct conn *up;
    bool up_reused, up_answered;
    uint64_t attempt_start, attempt_until; /* mono ns; until: the target's total limit, 0: none */
    size_t send_off;                       /* of the request body */
    struct slice part[3];                  /* the request body with the target's model in place */
    size_t part_at;
    size_t up_seen;
    unsigned interim; /* 1xx heads skipped */
    struct buf up_head_mem;
    struct http_body up_framing;
    enum x_mode mode;
    struct answer *answer;
    struct buf hold; /* MODE_WHOLE: the body so far */
    struct buf out;  /* what waits to be sent to the client */
    struct event *hold_timer;

    /* The answer to the client. */
    bool committed;   /* the head has gone out */
    bool chunked;     /* the body goes in chunks */
    bool no_body;     /* HEAD, 204, 304 */
    bool until_close; /* the body ends with the connection */
    int status;

    /* The record. */
    uint64_t start, first_byte; /* mono ns */
    bool intent_written;
    bool model_hidden;     /* the model's name holds what must not be written down */
    struct buf saw_answer; /* logging: redacted: the answer as the model gave it */
    struct audit_record rec;

    /* Last, because what is before them is cleared for each request and these are not, nor the record's findings. */
    char findings_header[512];
    char served[160];
    struct audit_kept kept;
    struct http_head head;    /* slices into head_mem */
    struct http_head up_head; /* slices into up_head_mem */
};

/* exchange.c: the body has been screened; x->sc is filled. x may be gone afterwards. */
void x_screened(struct exchange *x, enum err e);

/* exchange_screen.c. True: screened, with *e. False: the result comes by x_screened (x may be gone
 * already). */
bool x_screen(struct exchange *x, enum err *e) MUST_CHECK;
/* The clock is read when there is much to do only. A paused meter goes on with the next screening, on any thread. */
void x_meter_start(struct x_meter *m, uint64_t limit_ns, const struct screenjob *j);
void x_meter_pause(struct x_meter *m);
/* Nobody waits for it any more. */
void x_screen_cancel(struct exchange *x);
/* At a worker's end. */
void x_screen_fini(void);

/* exchange_record.c */
enum err x_identify(struct exchange *x); /* caller and policy */
void x_request_id(struct exchange *x);
void x_vet_id(struct exchange *x); /* once the policy is known */
void x_record_start(struct exchange *x);
enum err x_record_intent(struct exchange *x); /* before the first byte goes upstream */
void x_record_attempt(struct exchange *x, const struct target *t, enum err e, int status);
void x_record_end(struct exchange *x, enum err e);
uint64_t x_dice(struct worker *w);
enum err x_screen_head(struct exchange *x);       /* query and fields */
void x_findings(struct exchange *x);              /* header and record rows from sc */
void x_vet_model(struct exchange *x, enum err e); /* after screening, with its result */

/* exchange_send.c. Each queues bytes and flushes nothing. */
enum err x_send_upstream_head(struct exchange *x) MUST_CHECK;
/* length: -1 chunked, -2 no body and no length field. */
enum err x_send_answer_head(struct exchange *x, int64_t length) MUST_CHECK;
enum err x_send_error(struct exchange *x, enum err e) MUST_CHECK;
enum err x_send_chunk(struct exchange *x, struct slice data) MUST_CHECK;

#endif
