#include "thread/service.h"

#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STEPS_A_LOOK = 1024 }; /* the clock is not read for each record */
static const int64_t progress_every_ns = 5 * 1000000000LL;

/* The manager while we start, as there is one for a process; the main thread's. */
static struct {
    const struct service *service; /* NULL: not starting */
    uint32_t steps;
    int64_t said_ns; /* monotonic; 0: not yet */
} starting;

/* Connected, so that each word is one send; -1 and a line in the log when that fails. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (length < sizeof address.sun_path)
        memcpy(address.sun_path, path, length);
    if (path[0] == '@') /* in no file system: a 0 in front */
        address.sun_path[0] = '\0';
    if (fd >= 0 && length < sizeof address.sun_path &&
        connect(fd, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0)
        return fd;
    log_line(LOG_ERROR, "service", "the service manager cannot be told", "errno=%d", errno);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The manager's period in ns; 0: none, or it is another process's. */
static int64_t period_of(const char *usec, const char *pid)
{
    char *end;
    long long period = usec ? strtoll(usec, &end, 10) : 0;

    if (!usec || end == usec || *end != '\0' || period <= 0 || period > INT64_MAX / 1000)
        return 0;
    return pid && strtol(pid, NULL, 10) != getpid() ? 0 : period * 1000;
}

void service_open(struct service *service)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *service = (struct service){.fd = -1};
    if (!path || path[0] == '\0')
        return;
    service->fd = connect_to(path);
    starting.service = service;
    starting.steps = 0;
    starting.said_ns = 0;
    service->feed_ns = period_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID")) / 4;
}

void service_say(const struct service *service, const char *text)
{
    if (service->fd >= 0 && send(service->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        log_line(LOG_WARN, "service", "the service manager did not hear", "errno=%d", errno);
}

void service_progress(const char *what, uint64_t done)
{
    char text[160];
    int64_t now_ns;

    if (!starting.service || starting.steps++ % STEPS_A_LOOK != 0)
        return;
    now_ns = clock_mono_ns();
    if (starting.said_ns != 0 && now_ns - starting.said_ns < progress_every_ns)
        return;
    starting.said_ns = now_ns;
    (void)snprintf(text, sizeof text,
                   "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=starting: %s, record %" PRIu64, what,
                   done);
    service_say(starting.service, text);
}

void service_started(void)
{
    starting.service = NULL;
}

void service_feed(struct service *service, int64_t beat_ns, int64_t mono_ns)
{
    if (service->feed_ns == 0 || mono_ns - service->fed_ns < service->feed_ns)
        return;
    if (beat_ns == service->fed_beat_ns) {
        if (!service->is_starving)
            service_say(service, "STATUS=the engine does not beat: the watchdog is not fed");
        service->is_starving = true;
        return;
    }
    service_say(service,
                service->is_starving ? "STATUS=the engine beats again\nWATCHDOG=1" : "WATCHDOG=1");
    service->is_starving = false;
    service->fed_beat_ns = beat_ns;
    service->fed_ns = mono_ns;
}
