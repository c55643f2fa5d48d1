/* What no file tells: asked of the kernel by calls. */
#include "host/audit.h"

#include "host/inside.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

/* Whether something keeps the clock right (chrony, ntpd, systemd-timesyncd): the kernel says so. */
static void add_clock(struct host_audit *audit)
{
    struct host_row *row =
        host_add(audit, "clock", "synchronised", "yes",
                 "start chrony or systemd-timesyncd: venues refuse orders by a wrong clock");
    struct timex clock = {0};
    int state = adjtimex(&clock);

    if (state < 0)
        return;
    row->verdict = state == TIME_ERROR || (clock.status & STA_UNSYNC) ? HOST_FAIL : HOST_OK;
    (void)snprintf(row->found, HOST_FOUND_MAX, "%s, within %ld us",
                   row->verdict == HOST_OK ? "yes" : "no", clock.maxerror);
}

static void add_told(struct host_audit *audit, const char *area, const char *name, int value,
                     const char *unit)
{
    struct host_row *row = host_add(audit, area, name, "reported", "");

    row->verdict = HOST_OK;
    (void)snprintf(row->found, HOST_FOUND_MAX, "%d%s", value, unit);
}

/* A NIC that waits before it interrupts adds that wait to every packet. Loopback has none. */
static void add_nic(const char *name, int fd, struct host_row *row)
{
    struct ethtool_coalesce coalesce = {.cmd = ETHTOOL_GCOALESCE};
    struct ifreq request = {.ifr_data = (char *)&coalesce};
    size_t used = strlen(row->found);
    bool waits;

    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(fd, SIOCETHTOOL, &request) != 0)
        return;
    waits = coalesce.use_adaptive_rx_coalesce || coalesce.rx_coalesce_usecs > 0;
    if (waits || row->verdict == HOST_UNKNOWN)
        row->verdict = waits ? HOST_WARN : HOST_OK;
    (void)snprintf(row->found + used, HOST_FOUND_MAX - used, "%s%s: rx %u us%s", used ? "; " : "",
                   name, coalesce.rx_coalesce_usecs,
                   coalesce.use_adaptive_rx_coalesce ? ", adaptive" : "");
}

static void add_coalescing(struct host_audit *audit)
{
    struct host_row *row =
        host_add(audit, "interrupts", "coalescing", "rx 0 us, not adaptive",
                 "ethtool -C NIC adaptive-rx off rx-usecs 0: else each packet waits so long");
    struct if_nameindex *names = if_nameindex();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (struct if_nameindex *at = names; fd >= 0 && at && at->if_index != 0; at++)
        if (strcmp(at->if_name, "lo") != 0)
            add_nic(at->if_name, fd, row);
    if (names)
        if_freenameindex(names);
    if (fd >= 0)
        close(fd);
}

void host_calls(struct host_audit *audit)
{
    add_clock(audit);
    add_coalescing(audit);
    add_told(audit, "scheduler", "nice", getpriority(PRIO_PROCESS, 0), "");
    add_told(audit, "scheduler", "timer_slack", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), " ns");
}
