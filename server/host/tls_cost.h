/* What TLS costs on this core: both ends in one thread, bytes handed over in memory, so that
 * neither a socket nor the kernel is measured. Any thread. */
#ifndef PITWALL_HOST_TLS_COST_H
#define PITWALL_HOST_TLS_COST_H

#include "engine.h"

struct tls_cost {
    int64_t handshake_ns; /* both ends, the least of some */
    int64_t record_ns;    /* 1 KiB sealed and opened, the mean */
};

/* False: OpenSSL would not. */
bool tls_cost(struct tls_cost *out);

#endif
