/* The notify protocol: datagrams of lines to a unix socket, whose name may be abstract. */
#include "proxy/notify.h"
#include "proxy/base/clock.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int sock = -1;
static unsigned watchdog_ms;

static void connect_to(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || n >= sizeof a.sun_path) return;
    memcpy(a.sun_path, path, n);
    if (path[0] == '@') a.sun_path[0] = 0; /* abstract */
    sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock < 0) return;
    if (connect(sock, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0) return;
    close(sock);
    sock = -1;
}

void notify_start(void)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (path) connect_to(path);
    if (usec && (!pid || strtoll(pid, NULL, 10) == getpid())) {
        unsigned long long us = strtoull(usec, NULL, 10);
        if (us >= 1000) watchdog_ms = us / 1000 > 3600000 ? 3600000 : (unsigned)(us / 1000);
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_send(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (sock < 0) return;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n <= 0 || (size_t)n >= sizeof text) return;
    (void)!send(sock, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT); /* a manager that is gone stops nothing */
}

void notify_reloading(void) { notify_send("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(clock_mono_ns() / 1000)); }

unsigned notify_watchdog_ms(void) { return watchdog_ms; }

void notify_stop(void)
{
    if (sock >= 0) close(sock);
    sock = -1;
    watchdog_ms = 0;
}
