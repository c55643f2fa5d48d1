/* The net that the gateway of this target has: none. A socket that it drops is down until the
 * story lets it stand again. */
#include "gateway/net/net.h"

enum status net_open(struct net **opened, const struct net_config *config, struct err *err)
{
    (void)config;
    *opened = NULL;
    return err_set(err, ERR_UNAVAILABLE, "there is no net");
}

uint32_t net_poll(struct net *net)
{
    (void)net;
    return 0;
}

void net_close(struct net *net)
{
    (void)net;
}

enum status net_socket_open(struct net *net, struct net_socket **socket,
                            const struct net_socket_config *config, struct err *err)
{
    (void)net;
    (void)config;
    *socket = NULL;
    return err_set(err, ERR_UNAVAILABLE, "there is no net");
}

void net_socket_close(struct net_socket *socket)
{
    (void)socket;
}

void net_socket_drop(struct net_socket *socket, int64_t wait_ns)
{
    (void)socket;
    assert(wait_ns >= 0);
}

uint64_t net_socket_connects(const struct net_socket *socket)
{
    (void)socket;
    return 1;
}

bool net_send(struct net_socket *socket, uint64_t epoch, const char *text, size_t length)
{
    (void)socket;
    (void)epoch;
    (void)text;
    return length > 0;
}

bool net_send_now(struct net_socket *socket, uint64_t epoch, char *text, size_t length)
{
    return net_send(socket, epoch, text, length);
}

bool net_socket_is_drained(const struct net_socket *socket)
{
    (void)socket;
    return true;
}

bool net_request(struct net *net, const struct net_request *request)
{
    (void)net;
    (void)request;
    return false;
}
