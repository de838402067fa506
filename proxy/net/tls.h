/* TLS contexts (OpenSSL): sane versions and ciphers, session resumption, ALPN "http/1.1" for servers; verification
 * on, with no switch to turn it off, for clients. SSL_OP_CLEANSE_PLAINTEXT is set, SSL_OP_IGNORE_UNEXPECTED_EOF never.
 * TLS 1.2 offers AEAD suites with forward secrecy only. */
#ifndef PRIVET_NET_TLS_H
#define PRIVET_NET_TLS_H

#include "proxy/base/err.h"
#include "proxy/base/mem.h"

#include <openssl/ssl.h>

struct tls_server_opts {
    const char *certificate, *key; /* PEM files; the certificate file may hold the chain */
    const char *client_ca;         /* NULL: no client certificates asked for. Else they are required and verified */
    int min_version;               /* TLS1_2_VERSION or TLS1_3_VERSION */
};
struct tls_client_opts {
    const char *ca;  /* PEM bundle; NULL: the system's */
    const char *pin; /* "sha256//BASE64" of the public key, beside verification; NULL: none */
};

/* NULL on failure: *why is then a message for the operator (a literal or OpenSSL's own reason; static or thread-local). */
SSL_CTX *tls_server_ctx(const struct tls_server_opts *o, const char **why) MUST_CHECK;
SSL_CTX *tls_client_ctx(const struct tls_client_opts *o, const char **why) MUST_CHECK;

/* Before a client handshake on an SSL of a tls_client_ctx: SNI (names only), the name or address that the certificate
 * must carry, and the session of the last connection to the same host, where there is one. ERR_UP_TLS if host cannot
 * be checked. For conn.c. */
enum err tls_client_prepare(SSL *ssl, const char *host) MUST_CHECK;

#endif
