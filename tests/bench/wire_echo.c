#include "wire_echo.h"

#include "gateway/net/net.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

enum { READ_BYTES = 32768, SAYS_MAX = 256 }; /* as gateway/net/inside.h */

struct wire_echo {
    struct lws_context *context;
    const char *says;
    bool returns;
    uint32_t up;
    uint64_t received;
};

static int opened(struct wire_echo *echo, struct lws *wsi)
{
    unsigned char text[LWS_PRE + SAYS_MAX];
    size_t length = echo->says ? strlen(echo->says) : 0;

    echo->up++;
    if (length == 0)
        return 0;
    assert(length < SAYS_MAX);
    memcpy(text + LWS_PRE, echo->says, length);
    return lws_write(wsi, text + LWS_PRE, length, LWS_WRITE_TEXT) < 0 ? -1 : 0;
}

/* The received text has room for a header in front of it. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t length)
{
    struct wire_echo *echo = lws_context_user(lws_get_context(wsi));

    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return opened(echo, wsi);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        echo->received += lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
        return echo->returns && lws_write(wsi, in, length, LWS_WRITE_TEXT) < 0 ? -1 : 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        echo->up--;
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "echo", .callback = on_event, .rx_buffer_size = READ_BYTES},
    {0},
};

struct wire_echo *wire_echo_open(uint16_t port, const char *path, uint32_t sockets,
                                 const char *says, bool returns)
{
    struct wire_echo *echo = calloc(1, sizeof *echo);
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                             .protocols = protocols,
                                             .gid = -1,
                                             .uid = -1,
                                             .pt_serv_buf_size = READ_BYTES,
                                             .user = echo};
    struct lws_client_connect_info to = {.address = "127.0.0.1",
                                         .port = port,
                                         .path = path,
                                         .host = "127.0.0.1",
                                         .local_protocol_name = "echo"};

    if (!echo)
        return NULL;
    echo->says = says;
    echo->returns = returns;
    lws_set_log_level(0, NULL);
    echo->context = lws_create_context(&info);
    to.context = echo->context;
    for (uint32_t at = 0; echo->context && at < sockets; at++)
        lws_client_connect_via_info(&to);
    if (echo->context)
        return echo;
    free(echo);
    return NULL;
}

void wire_echo_close(struct wire_echo *echo)
{
    if (!echo)
        return;
    lws_context_destroy(echo->context);
    free(echo);
}

void wire_echo_poll(struct wire_echo *echo)
{
    lws_service(echo->context, -1);
}

uint32_t wire_echo_up(const struct wire_echo *echo)
{
    return echo->up;
}

uint64_t wire_echo_received(const struct wire_echo *echo)
{
    return echo->received;
}
