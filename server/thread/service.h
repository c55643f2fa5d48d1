/* What a service manager is told (systemd's protocol: datagrams to $NOTIFY_SOCKET).
 *
 * READY=1 when the program is ready, STOPPING=1 when it begins to stop, STATUS= for people, and
 * WATCHDOG=1 as long as the *engine* beats: whoever feeds it is not the point, a frozen engine must
 * starve it. A start that reads a long journal asks for more time as it gets on, and only then:
 * one that hangs is ended by the manager's own limit. Without $NOTIFY_SOCKET nothing is said.
 *
 * Written here rather than linked: it is one datagram, and libsystemd would bring five more
 * libraries into the process that holds the keys. Main thread; never blocks, never fails: what the
 * manager does not hear, it acts upon by itself. */
#ifndef PITWALL_THREAD_SERVICE_H
#define PITWALL_THREAD_SERVICE_H

#include "engine.h"

struct service {
    int fd;                      /* -1: no manager */
    int64_t feed_ns;             /* the least time between two feedings; 0: no watchdog */
    int64_t fed_ns, fed_beat_ns; /* monotonic; the beat that it stood for */
    bool is_starving;            /* told, since the last beat */
};

/* Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID. A socket that cannot be reached is
 * said in the log: the manager would wait for READY and then end us. */
void service_open(struct service *service);

/* More time for a start that gets on: EXTEND_TIMEOUT_USEC, a minute from now, and what it does, at
 * the first call and every five seconds then. At each step of what may take long (a record that was
 * read); cheap. `what` is words for people, `done` how far it is. Main thread; before service_open
 * and after service_started nothing is said, so that others may use what calls it. */
void service_progress(const char *what, uint64_t done);
void service_started(void);

/* `text` is lines of NAME=VALUE, as sd_notify(3) has them. */
void service_say(const struct service *service, const char *text);

/* At each look, some ten times a second: feeds if `beat_ns`, the time of the engine's last beat,
 * has moved since the last feeding, and four times in each of the watchdog's periods at most. */
void service_feed(struct service *service, int64_t beat_ns, int64_t mono_ns);

#endif
