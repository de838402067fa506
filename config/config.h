/* The configuration an operator writes (design: privet.yaml), as C values. Every key but listeners, backends and
 * routes has a default. Unknown keys are errors with FILE:LINE:COL and the nearest known key; keys that are planned
 * and not built are errors that say so: nothing is silently ignored. ${NAME} expands from the environment; "file:NAME"
 * reads a credential (an absolute path, or a name under $CREDENTIALS_DIRECTORY, or beside the configuration file).
 *
 * The schema table (schema.c) has one row for each key: name, type, default, bounds, help, reloadable. Strings are
 * owned by the configuration and live as long as it does. Times are milliseconds, sizes bytes. */
#ifndef PRIVET_CONFIG_CONFIG_H
#define PRIVET_CONFIG_CONFIG_H

#include "proxy/base/buf.h"
#include "proxy/base/slice.h"

struct config_pos { /* where a value was written; line 0: a default */
    unsigned line, col;
};

struct config_strings {
    char **v;
    size_t n;
};

struct config_listener {
    char *address; /* "host:port", "[v6]:port" */
    char *host;
    uint16_t port; /* 0: any free port */
    bool tls;
    char *certificate, *key, *client_ca;
    int min_version; /* 12 or 13 */
    bool allow_plaintext;
    struct config_pos pos;
};

struct config_client {
    char *name;
    char *key_hash;    /* lower-case hex of SHA-256 of the key, or NULL */
    char *tls_subject; /* or NULL */
    char *policy;      /* default "default" */
    char *purpose;
    struct config_strings models; /* globs; empty: all */
    struct config_pos pos;
};

enum config_endpoints { ENDPOINTS_BLOCK, ENDPOINTS_SCAN, ENDPOINTS_PASS };
enum config_logging { LOGGING_NONE, LOGGING_METADATA, LOGGING_REDACTED, LOGGING_FULL };
enum config_on_error { ON_ERROR_BLOCK, ON_ERROR_FLAG, ON_ERROR_ALLOW };

struct config_rule_action {
    char *rule;   /* a rule id or an entity type; "*" at the end is allowed */
    char *action; /* name of an action row, see filters/policy.h */
    struct config_pos pos;
};

/* A policy with `extends` already applied. */
struct config_policy {
    char *name;
    bool observe;                                            /* mode: observe */
    char *secrets, *pii, *injection;                         /* action names; defaults redact, tokenize, flag */
    char *injection_low, *injection_medium, *injection_high; /* flag | reroute | block; default flag */
    char *opaque;                                            /* allow | block */
    struct config_rule_action *rules;
    size_t rule_count;
    struct config_strings allow;               /* values, "re:...", "rule:...", "at:..." */
    struct config_strings dictionaries;        /* names under filters.dictionaries */
    bool restore_text, restore_tool_arguments; /* defaults true */
    struct config_strings never_tools;         /* globs of tool names whose arguments are not restored */
    enum config_endpoints unknown;             /* default block */
    enum config_logging logging;               /* default metadata */
    enum config_on_error on_filter_error;      /* default block */
    bool findings_header;                      /* x-privet-findings; default true */
    struct config_pos pos;
};

struct config_dictionary {
    char *name;
    char *file;   /* plain terms, one a line; or NULL */
    char *hashed; /* fingerprints made by `privet dictionary hash`; or NULL */
    char *key;    /* the key's bytes they were made with; NULL for plain terms */
    size_t key_len;
    struct config_pos pos;
};

struct config_timeouts {                       /* ms; 0: none */
    uint32_t connect, first_byte, idle, total; /* defaults 5s, 60s, 60s, 10m */
};

enum config_hosting { HOSTING_SELF, HOSTING_MANAGED, HOSTING_HOSTED };

struct config_backend {
    char *name;
    char *url; /* "http://host:port/base", "https://...", or "builtin:echo" */
    bool builtin_echo, https;
    char *host;
    uint16_t port;
    char *base_path; /* without a trailing slash; "" if none */
    char *dialect;   /* "openai" (more rows later) */
    enum config_hosting hosting;
    char *key; /* the secret itself, after ${} and file: ; NULL: no key is sent */
    bool key_passthrough;
    struct config_timeouts timeouts;
    char *tls_ca, *tls_pin;
    uint32_t connections; /* most idle connections kept per worker; default 32 */
    struct config_pos pos;
};

/* An external recogniser: Presidio analyzer's REST protocol. */
struct config_detector {
    struct config_backend http;     /* where it is; first: values are set as a backend's. `name` is its name */
    uint32_t timeout;               /* ms for a whole call; default 300ms */
    enum config_on_error on_error;  /* default block */
    char *language;                 /* default "en" */
    struct config_strings entities; /* types it knows beside Presidio's own */
    uint32_t min_score;             /* thousandths; default 0.5 */
    uint64_t text_bytes;            /* most text of one request; more is an error of the detector */
    bool batch;                     /* several texts as a list; else joined into one */
};
#define CONFIG_DETECTORS_MAX 8u

struct config_target {
    uint16_t backend; /* index */
    char *model;      /* NULL: keep the caller's */
    uint32_t weight;  /* of a split; 0 elsewhere */
};

/* Bits of config_route.fallback_on and the names they have in the file. */
enum {
    FB_CONNECT = 1,
    FB_FIRST_BYTE = 2,
    FB_IDLE = 4,
    FB_TOTAL = 8,
    FB_429 = 16,
    FB_5XX = 32,
    FB_REFUSAL = 64,
    FB_CONTENT_FILTER = 128,
    FB_CONTEXT_LENGTH = 256,
    FB_MALFORMED = 512
};

struct config_route {
    char *name;
    struct config_strings match_models; /* globs; empty: every model */
    struct config_target *split;        /* at least one (`target: x` is a split of one) */
    size_t split_count;
    struct config_target *fallback;
    size_t fallback_count;
    uint32_t fallback_on;            /* FB_ bits; default connect, first_byte, idle, 429, 5xx, malformed */
    struct config_target *sensitive; /* or NULL */
    uint32_t attempts;               /* default 3: all targets and retries together */
    uint32_t retry_total;            /* ms; default 60s: one deadline for a request's attempts up to the first byte sent */
    uint32_t breaker_failures, breaker_within, breaker_open; /* 5, 30s, 15s */
    struct config_pos pos;
};

struct config_audit {
    char *directory;  /* NULL: no journal (only where no `audit:` section is given) */
    uint64_t segment; /* bytes; default 64MiB */
    uint64_t retain;  /* ms; default 90d */
    uint32_t sync;    /* ms between fsyncs; default 100 */
    char *chain_key;  /* the key's bytes; NULL: a key file is made in the directory */
    size_t chain_key_len;
    char *redis_url;       /* NULL: no Redis. redis://[:password@]host:port/db or unix:///path?db=0 */
    uint64_t redis_maxlen; /* default 1000000 */
    uint64_t redis_ttl;    /* ms; default 7d */
    char *redis_prefix;    /* default "privet" */
};

struct config {
    char *path; /* as given */
    struct config_listener *listeners;
    size_t listener_count;
    char *admin_host; /* NULL: no admin listener */
    uint16_t admin_port;
    uint32_t workers; /* 0: auto */
    struct {
        uint64_t header_bytes, body_bytes, answer_bytes, event_bytes;             /* 32KiB, 64MiB, 64MiB, 8MiB */
        uint32_t client_header_timeout, client_body_timeout, client_idle_timeout; /* 10s, 30s, 75s */
        uint32_t drain_timeout;                                                   /* 30s */
        uint64_t connections;                                                     /* 20000 */
        uint32_t json_depth;                                                      /* 128 */
        uint32_t screen_time;   /* ms of CPU for each MiB of a body; default 250ms */
        uint32_t refusal_hold;  /* ms a stream's opening may be held; default 2s */
        uint32_t refusal_bytes; /* bytes of text that may be held; default 400 */
    } limits;
    struct config_client *clients;
    size_t client_count;
    struct config_policy *policies; /* at least "default" */
    size_t policy_count;
    struct {
        struct config_strings packs; /* default secrets, pii, injection; a path has a '/' */
        char *rules_dir; /* where named packs are: $PRIVET_RULES, else beside the file in rules/, else share/privet/rules */
        struct config_dictionary *dictionaries;
        size_t dictionary_count;
        uint32_t decode_base64, decode_hex, decode_percent; /* 3 each */
        struct config_detector *detectors;
        size_t detector_count;
    } filters;
    struct config_backend *backends;
    size_t backend_count;
    struct config_route *routes;
    size_t route_count;
    struct {
        int level; /* enum log_level */
        bool json;
    } logging;
    struct config_audit audit;
};

/* Mistakes, as `privet check` prints them: "FILE:LINE:COL: message\n" each, every one in one run, in file order. */
struct config_report {
    struct buf text;
    size_t count;
};
void config_report_add(struct config_report *r, const char *file, struct config_pos pos, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads and checks the file. NULL if there is any mistake (they are in the report) or memory is out. Checks what needs
 * no network: names refer to something, files can be read, bounds hold. */
struct config *config_load(const char *path, struct config_report *report) MUST_CHECK;
void config_free(struct config *c);
/* The defaults alone, with the shipped packs and the policy `default`: for commands that work without a file
 * (scan, rules). No listeners, backends or routes. NULL if memory is out. */
struct config *config_standard(void) MUST_CHECK;

int config_policy_index(const struct config *c, const char *name); /* -1 if there is none */
int config_backend_index(const struct config *c, struct slice name);

/* The known word nearest to `word` by edit distance (at most a third of its length, at least 1), or NULL. */
const char *config_nearest(const char *word, const char *const *known, size_t n);

/* Every key with type, default, bounds and help: `privet help config`. */
enum err config_print_schema(struct buf *out) MUST_CHECK;

#endif
