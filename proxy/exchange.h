/* One client connection and the exchanges on it, one after the other: the state machine of a request, which alone sees
 * both sides. Read exchange.c first. */
#ifndef PRIVET_EXCHANGE_H
#define PRIVET_EXCHANGE_H

#include <openssl/ssl.h>
#include <stddef.h>

struct worker;
struct config_listener;

/* Takes over an accepted socket (closed here on failure). tls is NULL on a plain listener. */
void exchange_accept(struct worker *w, int fd, SSL_CTX *tls);
/* Draining: closes idle connections; exchanges under way go on to their end with "Connection: close". */
void exchange_drain(struct worker *w);
/* Cuts whatever is left. */
void exchange_cut(struct worker *w);

#endif
