/* ws://, wss://, http:// and https:// addresses, taken apart. Pure. */
#ifndef PITWALL_GATEWAY_NET_URL_H
#define PITWALL_GATEWAY_NET_URL_H

#include "gateway/net/net.h"

struct url {
    bool tls, is_ws;
    char host[NET_URL_MAX];      /* of an IPv6 literal without its brackets */
    char authority[NET_URL_MAX]; /* as it goes into the Host header: the port only if unusual */
    uint16_t port;
    char path[NET_URL_MAX]; /* with its query; "/" when there is none */
};

/* NULL: fine; else what is wrong with it, for a person. User names in it are refused. */
const char *url_parse(struct url *url, const char *text);

#endif
