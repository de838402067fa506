/* Telling systemd (or whoever set NOTIFY_SOCKET) how the service is: sd_notify(3)'s protocol, without libsystemd.
 * Where nobody asked, every call does nothing. For the main thread. */
#ifndef PRIVET_NOTIFY_H
#define PRIVET_NOTIFY_H

#include <stdint.h>

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes them from the environment. */
void notify_start(void);
/* One datagram of lines "NAME=VALUE"; a literal or formatted from our own words. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void notify_stop(void);
/* How often WATCHDOG=1 must come, in ms; 0: never. */
unsigned notify_watchdog_ms(void);
/* "RELOADING=1" with the time systemd wants with it. */
void notify_reloading(void);

#endif
