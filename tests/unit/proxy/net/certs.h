/* Certificates made on the spot: a CA and leaves under it, as PEM files in a new directory. */
#ifndef TESTS_UNIT_PROXY_NET_CERTS_H
#define TESTS_UNIT_PROXY_NET_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct certs {
    char dir[64];
    char ca[96], crt[96], key[96];       /* localhost, 127.0.0.1 */
    char other_ca[96];                   /* a CA that signed nothing of ours */
    char client_crt[96], client_key[96]; /* CN=batch,O=Example */
    char pin[64], wrong_pin[64];
};

static X509 *cert_make(const char *cn, const char *org, const char *san, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME *n = X509_get_subject_name(x);
    if (org) X509_NAME_add_entry_by_txt(n, "O", MBSTRING_ASC, (const unsigned char *)org, -1, -1, 0);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : n);
    X509V3_CTX v;
    X509V3_set_ctx_nodb(&v);
    X509V3_set_ctx(&v, issuer ? issuer : x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    if (san) {
        e = X509V3_EXT_conf_nid(NULL, &v, NID_subject_alt_name, san);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256());
    return x;
}

static void cert_write(const char *path, X509 *x, EVP_PKEY *key)
{
    FILE *f = fopen(path, "w");
    if (!f) abort();
    if (x) PEM_write_X509(f, x);
    if (key) PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

static void certs_make(struct certs *c)
{
    strcpy(c->dir, "/tmp/privet-certs-XXXXXX");
    if (!mkdtemp(c->dir)) abort();
    snprintf(c->ca, sizeof c->ca, "%s/ca.pem", c->dir);
    snprintf(c->other_ca, sizeof c->other_ca, "%s/other-ca.pem", c->dir);
    snprintf(c->crt, sizeof c->crt, "%s/server.pem", c->dir);
    snprintf(c->key, sizeof c->key, "%s/server.key", c->dir);
    snprintf(c->client_crt, sizeof c->client_crt, "%s/client.pem", c->dir);
    snprintf(c->client_key, sizeof c->client_key, "%s/client.key", c->dir);
    EVP_PKEY *cak = EVP_EC_gen("P-256"), *ok = EVP_EC_gen("P-256"), *sk = EVP_EC_gen("P-256"), *ck = EVP_EC_gen("P-256");
    X509 *ca = cert_make("Test CA", NULL, NULL, cak, NULL, NULL), *other = cert_make("Other CA", NULL, NULL, ok, NULL, NULL);
    X509 *s = cert_make("localhost", NULL, "DNS:localhost,IP:127.0.0.1", sk, ca, cak);
    X509 *cl = cert_make("batch", "Example", NULL, ck, ca, cak);
    cert_write(c->ca, ca, NULL);
    cert_write(c->other_ca, other, NULL);
    cert_write(c->crt, s, NULL);
    cert_write(c->key, NULL, sk);
    cert_write(c->client_crt, cl, NULL);
    cert_write(c->client_key, NULL, ck);
    unsigned char *der = NULL, sum[32], b64[48];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(s), &der);
    SHA256(der, (size_t)n, sum);
    EVP_EncodeBlock(b64, sum, 32);
    snprintf(c->pin, sizeof c->pin, "sha256//%s", (char *)b64);
    sum[5] ^= 1;
    EVP_EncodeBlock(b64, sum, 32);
    snprintf(c->wrong_pin, sizeof c->wrong_pin, "sha256//%s", (char *)b64);
    OPENSSL_free(der);
    X509_free(ca), X509_free(other), X509_free(s), X509_free(cl);
    EVP_PKEY_free(cak), EVP_PKEY_free(ok), EVP_PKEY_free(sk), EVP_PKEY_free(ck);
}

static void certs_remove(const struct certs *c)
{
    const char *f[] = {c->ca, c->other_ca, c->crt, c->key, c->client_crt, c->client_key};
    for (size_t i = 0; i < sizeof f / sizeof f[0]; i++) remove(f[i]);
    remove(c->dir);
}

#endif
