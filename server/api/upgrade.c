/* The WebSocket handshake (RFC 6455, section 4.2): checked strictly, a one-use ticket taken, then
 * the socket goes to the stream's thread. */
#include "api/exchange.h"
#include "control/sessions.h"

#include "stream/stream.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

static const char websocket_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum { KEY_LENGTH = 24, ACCEPT_MAX = 32 };

/* True when the comma-separated header names `word`. */
static bool lists(const char *text, const char *word)
{
    size_t length = strlen(word);

    while (text && *text) {
        text += strspn(text, " \t,");
        size_t here = strcspn(text, " \t,");
        if (here == length && strncasecmp(text, word, length) == 0)
            return true;
        text += here;
    }
    return false;
}

static enum status handshake_check(struct exchange *exchange)
{
    const char *key = header(exchange, "Sec-WebSocket-Key");
    const char *version = header(exchange, "Sec-WebSocket-Version");
    struct err *err = &exchange->reply.err;

    if (!lists(header(exchange, MHD_HTTP_HEADER_UPGRADE), "websocket") ||
        !lists(header(exchange, MHD_HTTP_HEADER_CONNECTION), "upgrade"))
        return err_set(err, ERR_MALFORMED, "this address speaks WebSocket only");
    if (!version || strcmp(version, "13") != 0)
        return err_set(err, ERR_MALFORMED, "Sec-WebSocket-Version must be 13");
    if (!key || strlen(key) != KEY_LENGTH)
        return err_set(err, ERR_MALFORMED, "Sec-WebSocket-Key must be 16 bytes in base64");
    return OK;
}

static enum status ticket_check(struct exchange *exchange)
{
    const char *ticket = request_query(&exchange->request, "ticket");

    exchange->has_credentials = ticket != NULL;
    if (!ticket ||
        access_ticket_use(exchange->request.access, ticket, &exchange->request.actor) != OK)
        return err_set(&exchange->reply.err, ERR_UNAUTHENTICATED,
                       "no ticket, or used, or older than 30 s");
    return OK;
}

static void accept_value(const char *key, char accept[ACCEPT_MAX])
{
    char text[KEY_LENGTH + sizeof websocket_guid];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    memcpy(text, key, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, websocket_guid, sizeof websocket_guid);
    EVP_Digest(text, strlen(text), digest, &length, EVP_sha1(), NULL);
    sodium_bin2base64(accept, ACCEPT_MAX, digest, length, sodium_base64_VARIANT_ORIGINAL);
}

/* Listener's thread. The exchange lives until the stream closes the handle. */
static void on_upgrade(void *ctx, struct MHD_Connection *connection, void *slot, const char *extra,
                       size_t extra_length, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    struct exchange *exchange = ctx;

    (void)connection;
    (void)slot;
    stream_adopt(exchange->listener->http->sources.stream, handle, fd, extra, extra_length,
                 &exchange->request.actor);
}

enum MHD_Result upgrade_answer(struct exchange *exchange)
{
    enum status status = handshake_check(exchange);
    struct MHD_Response *response;
    char accept[ACCEPT_MAX];
    enum MHD_Result result;

    if (status == OK)
        status = ticket_check(exchange);
    if (status != OK) {
        reply_finish(exchange, status);
        return reply_send(exchange);
    }
    response = MHD_create_response_for_upgrade(on_upgrade, exchange);
    if (!response)
        return MHD_NO;
    accept_value(header(exchange, "Sec-WebSocket-Key"), accept);
    MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, "websocket");
    MHD_add_response_header(response, "Sec-WebSocket-Accept", accept);
    reply_count(exchange, MHD_HTTP_SWITCHING_PROTOCOLS);
    exchange->phase = PHASE_ANSWERED;
    result = MHD_queue_response(exchange->connection, MHD_HTTP_SWITCHING_PROTOCOLS, response);
    MHD_destroy_response(response);
    return result;
}
