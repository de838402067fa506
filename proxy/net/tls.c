/* TLS contexts for listeners and backends, and what a client must check before it trusts a server.
 * Everything an OpenSSL default leaves open is decided here, so that no caller has a switch to get wrong. */
#include "proxy/net/tls.h"
#include "proxy/base/slice.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TLS12_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS13_SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
/* P-384 last: never chosen where one of the others will do, but a certificate with such a key needs it in TLS 1.2. */
#define TLS_GROUPS   "X25519:P-256:P-384"
#define PIN_PREFIX   "sha256//"
#define SESSION_HOST 256

/* What a client context keeps beside OpenSSL's own: the pin, and the last session of its backend. Contexts are shared
 * by the workers, so the session is behind a lock; it is touched once for each new connection. */
struct client_extra {
    bool pinned;
    unsigned char pin[SHA256_DIGEST_LENGTH];
    pthread_mutex_t lock;
    SSL_SESSION *session;
    char host[SESSION_HOST]; /* whose session it is: a resumed handshake does not check the name again */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ctx_extra = -1, ssl_host = -1;

static void extra_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    struct client_extra *x = ptr;
    if (!x) return;
    SSL_SESSION_free(x->session);
    pthread_mutex_destroy(&x->lock);
    mem_free(x);
}

static void host_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    mem_free(ptr);
}

static void make_indexes(void)
{
    ctx_extra = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, extra_free);
    ssl_host = SSL_get_ex_new_index(0, NULL, NULL, NULL, host_free);
}

/* OpenSSL's reason for the first thing that went wrong, or `other`. Clears the queue. */
static const char *reason(const char *other)
{
    static _Thread_local char text[256];
    unsigned long e = ERR_peek_error();
    const char *r = e ? ERR_reason_error_string(e) : NULL;
    if (r) snprintf(text, sizeof text, "%s: %s", other, r);
    else snprintf(text, sizeof text, "%s", other);
    ERR_clear_error();
    return text;
}

static bool common(SSL_CTX *ctx)
{
    /* Renegotiation has no use in HTTP and costs handshakes at the peer's whim; compression leaks lengths. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    /* Not SSL_MODE_RELEASE_BUFFERS: it wipes and frees 16 KiB after each record. conn.c does so when it is idle. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* One recv for a record instead of one for its five byte header and one for the rest. */
    SSL_CTX_set_read_ahead(ctx, 1);
    return SSL_CTX_set_cipher_list(ctx, TLS12_SUITES) == 1 && SSL_CTX_set_ciphersuites(ctx, TLS13_SUITES) == 1 &&
           SSL_CTX_set1_groups_list(ctx, TLS_GROUPS) == 1;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned inlen,
                       void *arg)
{
    (void)ssl, (void)arg;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *pick;
    if (SSL_select_next_proto(&pick, outlen, ours, sizeof ours - 1, in, inlen) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2: no protocol in common */
    *out = pick;
    return SSL_TLSEXT_ERR_OK;
}

/* Client certificates: asked for, required, verified against this file alone. */
static const char *require_clients(SSL_CTX *ctx, const char *file)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (!names) return "cannot read client_ca";
    SSL_CTX_set_client_CA_list(ctx, names);
    if (SSL_CTX_load_verify_file(ctx, file) != 1) return "cannot read client_ca";
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return NULL;
}

static const char *server_setup(SSL_CTX *ctx, const struct tls_server_opts *o)
{
    static const unsigned char sid[] = "privet";
    if (!common(ctx)) return "cannot set cipher suites";
    if (SSL_CTX_set_min_proto_version(ctx, o->min_version) != 1) return "cannot set min_version";
    /* ChaCha20 first where the client puts it first: it has no AES instructions. */
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* Tickets resume a session without anything kept or locked here, on any worker. One is enough for a client that
     * gets a new one with every connection. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_timeout(ctx, 6 * 3600);
    if (SSL_CTX_set_session_id_context(ctx, sid, sizeof sid - 1) != 1) return "cannot set session context";
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1) return "cannot read certificate";
    if (SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1) return "cannot read key";
    if (SSL_CTX_check_private_key(ctx) != 1) return "key and certificate do not belong together";
    return o->client_ca ? require_clients(ctx, o->client_ca) : NULL;
}

/* Keys of tickets, by what they were made for: a reload makes a new context of the same files, and sessions go on. What
 * a ticket holds was verified under one certificate and one client_ca: others have other keys. */
#define TICKETS_KEPT 16u
#define TICKET_KEYS  80u
static struct ticket_keys {
    unsigned char of[SHA256_DIGEST_LENGTH], keys[TICKET_KEYS];
    bool used;
} kept_tickets[TICKETS_KEPT];
static unsigned kept_next;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static bool digest_of(const SSL_CTX *ctx, const char *client_ca, unsigned char out[SHA256_DIGEST_LENGTH])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    BIO *file = client_ca ? BIO_new_file(client_ca, "r") : NULL;
    unsigned char part[4096], leaf[SHA256_DIGEST_LENGTH];
    unsigned n = 0;
    int got = 0;
    bool ok = md && (!client_ca || file) && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              X509_digest(SSL_CTX_get0_certificate(ctx), EVP_sha256(), leaf, &n) == 1 && EVP_DigestUpdate(md, leaf, n) == 1;
    while (ok && file && (got = BIO_read(file, part, sizeof part)) > 0) ok = EVP_DigestUpdate(md, part, (size_t)got) == 1;
    ok = ok && EVP_DigestFinal_ex(md, out, NULL) == 1;
    BIO_free(file);
    EVP_MD_CTX_free(md);
    return ok;
}

/* False only costs full handshakes. */
static bool take_ticket_keys(SSL_CTX *ctx, const char *client_ca)
{
    unsigned char of[SHA256_DIGEST_LENGTH];
    struct ticket_keys *t = NULL;
    if (!digest_of(ctx, client_ca, of)) return false;
    pthread_mutex_lock(&kept_lock);
    for (unsigned i = 0; i < TICKETS_KEPT && !t; i++)
        if (kept_tickets[i].used && memcmp(kept_tickets[i].of, of, sizeof of) == 0) t = &kept_tickets[i];
    bool ok = t && SSL_CTX_set_tlsext_ticket_keys(ctx, t->keys, TICKET_KEYS) == 1;
    if (!t) {
        t = &kept_tickets[kept_next++ % TICKETS_KEPT];
        memcpy(t->of, of, sizeof of);
        t->used = ok = SSL_CTX_get_tlsext_ticket_keys(ctx, t->keys, TICKET_KEYS) == 1;
    }
    pthread_mutex_unlock(&kept_lock);
    return ok;
}

SSL_CTX *tls_server_ctx(const struct tls_server_opts *o, const char **why)
{
    assert(o->min_version == TLS1_2_VERSION || o->min_version == TLS1_3_VERSION);
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    const char *bad = ctx ? server_setup(ctx, o) : "out of memory";
    if (!bad) {
        if (!take_ticket_keys(ctx, o->client_ca)) ERR_clear_error();
        return ctx;
    }
    *why = reason(bad);
    SSL_CTX_free(ctx);
    return NULL;
}

static bool parse_pin(const char *text, unsigned char out[SHA256_DIGEST_LENGTH])
{
    /* 32 bytes are 44 characters with one '='; OpenSSL's decoder counts the padding as a zero byte. */
    unsigned char raw[33];
    size_t n = strlen(PIN_PREFIX);
    if (strncmp(text, PIN_PREFIX, n) != 0) return false;
    text += n;
    if (strlen(text) != 44 || text[43] != '=' || text[42] == '=') return false;
    if (EVP_DecodeBlock(raw, (const unsigned char *)text, 44) != 33) return false;
    memcpy(out, raw, SHA256_DIGEST_LENGTH);
    return true;
}

/* The chain, the name and the times by OpenSSL; then the pin on the leaf's public key, where there is one. */
static int verify_with_pin(X509_STORE_CTX *sc, void *arg)
{
    const struct client_extra *x = arg;
    unsigned char sum[SHA256_DIGEST_LENGTH], *der = NULL;
    if (X509_verify_cert(sc) != 1) return 0;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(X509_STORE_CTX_get0_cert(sc)), &der);
    bool ok = n > 0 && SHA256(der, (size_t)n, sum) && CRYPTO_memcmp(sum, x->pin, sizeof sum) == 0;
    OPENSSL_free(der);
    if (!ok) X509_STORE_CTX_set_error(sc, X509_V_ERR_APPLICATION_VERIFICATION);
    return ok;
}

/* Keeps the newest session; OpenSSL calls this only on connections whose handshake was verified. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct client_extra *x = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_extra);
    const char *host = SSL_get_ex_data(ssl, ssl_host);
    if (!host || strlen(host) >= SESSION_HOST || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
    pthread_mutex_lock(&x->lock);
    SSL_SESSION *old = x->session;
    x->session = session;
    memcpy(x->host, host, strlen(host) + 1);
    pthread_mutex_unlock(&x->lock);
    SSL_SESSION_free(old);
    return 1; /* the reference is ours now */
}

static const char *client_setup(SSL_CTX *ctx, const struct tls_client_opts *o)
{
    struct client_extra *x = mem_zalloc(sizeof *x);
    if (!x || pthread_mutex_init(&x->lock, NULL) != 0) {
        mem_free(x);
        return "out of memory";
    }
    if (SSL_CTX_set_ex_data(ctx, ctx_extra, x) != 1) {
        extra_free(NULL, x, NULL, 0, 0, NULL);
        return "out of memory";
    }
    if (!common(ctx)) return "cannot set cipher suites";
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) return "cannot set version";
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (o->pin) {
        if (!parse_pin(o->pin, x->pin)) return "pin must be sha256// and the base64 of 32 bytes";
        x->pinned = true;
        SSL_CTX_set_cert_verify_callback(ctx, verify_with_pin, x);
    }
    if (o->ca ? SSL_CTX_load_verify_file(ctx, o->ca) != 1 : SSL_CTX_set_default_verify_paths(ctx) != 1) return "cannot read ca";
    if (SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x08http/1.1", 9) != 0) return "out of memory";
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    return NULL;
}

SSL_CTX *tls_client_ctx(const struct tls_client_opts *o, const char **why)
{
    pthread_once(&once, make_indexes);
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    const char *bad = ctx ? client_setup(ctx, o) : "out of memory";
    if (!bad) return ctx;
    *why = reason(bad);
    SSL_CTX_free(ctx);
    return NULL;
}

static bool is_address(const char *host)
{
    unsigned char raw[16];
    return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

static void offer_session(SSL *ssl, struct client_extra *x, const char *host)
{
    pthread_mutex_lock(&x->lock);
    SSL_SESSION *s = x->session && strcmp(x->host, host) == 0 && SSL_SESSION_is_resumable(x->session) ? x->session : NULL;
    if (s) SSL_SESSION_up_ref(s);
    pthread_mutex_unlock(&x->lock);
    if (!s) return;
    (void)SSL_set_session(ssl, s); /* a refusal only costs a full handshake */
    SSL_SESSION_free(s);
}

enum err tls_client_prepare(SSL *ssl, const char *host)
{
    struct client_extra *x = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_extra);
    assert(x && "a context of tls_client_ctx");
    size_t n = strlen(host);
    if (n && host[n - 1] == '.') n--; /* a rooted name is the same name */
    char *name = mem_strndup(host, n);
    if (!name) return ERR_MEMORY;
    if (SSL_set_ex_data(ssl, ssl_host, name) != 1) {
        mem_free(name);
        return ERR_MEMORY;
    }
    if (n == 0) return ERR_UP_TLS; /* nothing to check against is no check */
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    if (is_address(name)) {
        if (X509_VERIFY_PARAM_set1_ip_asc(p, name) != 1) return ERR_UP_TLS;
    } else {
        X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (SSL_set1_host(ssl, name) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1) return ERR_UP_TLS;
    }
    offer_session(ssl, x, name);
    return ERR_OK;
}
