/* The server: starts the workers and their listeners, handles signals (SIGHUP: build a whole new snapshot and swap it,
 * or keep the old one; SIGTERM/SIGINT: drain, a second one cuts), talks to systemd (READY=1, RELOADING=1, STOPPING=1,
 * WATCHDOG=1), and runs the admin listener on a thread of its own base. */
#ifndef PRIVET_SERVER_H
#define PRIVET_SERVER_H

struct config;

/* Serves until it is told to stop. `path` is the configuration file, read again at SIGHUP. Returns the process's exit
 * status: 0 after a clean drain, 1 after a failure that was logged. Prints "listening ADDRESS:PORT [tls]" for each
 * listener and "admin ADDRESS:PORT" on standard output, one line each, with the real port (port 0 is allowed), then
 * "ready": tests and `make demo` read these. */
int server_run(const char *path);

#endif
