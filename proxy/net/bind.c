/* Listening sockets from an address and a port. */
#include "proxy/net/bind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

void bind_name(const char *host, uint16_t port, char *out, size_t n)
{
    snprintf(out, n, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static int bind_one(const struct addrinfo *a, uint16_t *port, bool share, const char **why)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof ss;
    int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *why = "socket";
    if (fd < 0) return -1;
    memcpy(&ss, a->ai_addr, a->ai_addrlen);
    if (a->ai_family == AF_INET6) ((struct sockaddr_in6 *)&ss)->sin6_port = htons(*port);
    else ((struct sockaddr_in *)&ss)->sin_port = htons(*port);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6) /* "::" and "0.0.0.0" are two listeners */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if ((share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, (struct sockaddr *)&ss, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&ss, &n) != 0) {
        *why = strerrordesc_np(errno);
        close(fd);
        return -1;
    }
    *port = ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port : ((struct sockaddr_in *)&ss)->sin_port);
    return fd;
}

int bind_listen(const char *host, uint16_t *port, bool share, const char **why)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    int e = getaddrinfo(host, NULL, &hints, &list);
    if (e != 0) {
        *why = gai_strerror(e);
        return -1;
    }
    int fd = bind_one(list, port, share, why);
    freeaddrinfo(list);
    return fd;
}
