/* What the service manager hears, and that only an engine that beats feeds its watchdog. */
#include "thread/service.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MS 1000000LL

static int manager;
static struct service service;

/* A socket in no file system, as some managers have it. */
static void begin(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int length = snprintf(name, sizeof name, "@pitwall-service-%d", getpid());

    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, name, (size_t)length);
    address.sun_path[0] = '\0';
    cr_assert_eq(bind(manager, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                 0);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "400000", 1);
    unsetenv("WATCHDOG_PID");
    service_open(&service);
}

static void end(void)
{
    close(manager);
    close(service.fd);
}

static const char *heard(void)
{
    static char text[256];
    ssize_t got = recv(manager, text, sizeof text - 1, 0);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

Test(service, without_a_manager_nothing_is_said)
{
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "400000", 1);
    service_open(&service);
    cr_assert_eq(service.fd, -1);
    service_say(&service, "READY=1");
    service_feed(&service, 1, 1000 * MS);
}

Test(service, what_is_said_is_heard, .init = begin, .fini = end)
{
    service_say(&service, "READY=1\nSTATUS=sim");
    cr_assert_str_eq(heard(), "READY=1\nSTATUS=sim");
}

Test(service, an_engine_that_beats_feeds_four_times_a_period, .init = begin, .fini = end)
{
    int64_t now = 5000 * MS;
    int fed = 0;

    for (int64_t at = 0; at < 400; at += 10) {
        service_feed(&service, now + at * MS, now + at * MS);
        fed += strcmp(heard(), "WATCHDOG=1") == 0;
    }
    cr_assert_eq(fed, 4);
}

Test(service, an_engine_that_does_not_beat_starves_it_and_says_so_once, .init = begin, .fini = end)
{
    int64_t beat = 5000 * MS;

    service_feed(&service, beat, 5000 * MS);
    cr_assert_str_eq(heard(), "WATCHDOG=1");
    service_feed(&service, beat, 5100 * MS);
    cr_assert_str_eq(heard(), "STATUS=the engine does not beat: the watchdog is not fed");
    for (int64_t at = 5200; at < 9000; at += 100)
        service_feed(&service, beat, at * MS);
    cr_assert_str_eq(heard(), "");
    service_feed(&service, beat + 1, 9000 * MS);
    cr_assert_str_eq(heard(), "STATUS=the engine beats again\nWATCHDOG=1");
}

Test(service, a_start_that_gets_on_asks_for_more_time_and_one_that_hangs_does_not, .init = begin,
     .fini = end)
{
    service_progress("reading the journal", 7);
    cr_assert_str_eq(heard(), "EXTEND_TIMEOUT_USEC=60000000\n"
                              "STATUS=starting: reading the journal, record 7");
    for (uint64_t at = 8; at < 100000; at++) /* far less than five seconds */
        service_progress("reading the journal", at);
    cr_assert_str_eq(heard(), "");
    service_open(&service); /* another start */
    service_started();
    service_progress("reading the journal", 1);
    cr_assert_str_eq(heard(), "");
}

Test(service, a_watchdog_of_another_process_is_not_fed, .init = begin, .fini = end)
{
    close(service.fd);
    setenv("WATCHDOG_PID", "1", 1);
    service_open(&service);
    service_feed(&service, 1, 1000 * MS);
    cr_assert_str_eq(heard(), "");
    unsetenv("WATCHDOG_PID");
}

Test(service, a_period_that_is_no_number_is_none, .init = begin, .fini = end)
{
    close(service.fd);
    setenv("WATCHDOG_USEC", "soon", 1);
    service_open(&service);
    cr_assert_eq(service.feed_ns, 0);
}
