/* An answer that is made while it is sent: each piece on a worker, while the connection sleeps, so
 * that neither the listener's thread nor memory carries the whole. */
#include "api/exchange.h"

#include "api/workers.h"
#include "store/export.h"
#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

struct pieces {
    struct http *http;
    struct actor actor;
    struct MHD_Connection *connection;
    struct export *export;
    uint64_t who;
    const char *bytes;
    size_t length, sent;
    bool ended, failed;
};

/* On a worker, the connection suspended: the pieces are its until it resumes. */
static void make_piece(void *job)
{
    struct pieces *pieces = job;
    struct http *http = pieces->http;
    struct err err;
    char why[160];

    pieces->sent = 0;
    if (!access_still_valid(http->sources.access, &pieces->actor)) {
        log_line(LOG_WARN, "api", "an export broke off", "why=\"its session or token has ended\"");
        pieces->failed = true;
    } else if (export_next(pieces->export, &pieces->bytes, &pieces->length, &err) != OK) {
        log_line(LOG_WARN, "api", "an export broke off", "why=%s",
                 log_escape(why, sizeof why, err.text));
        pieces->failed = true;
    }
    pieces->ended = pieces->length == 0;
    MHD_resume_connection(pieces->connection); /* from here on the pieces may be gone */
    atomic_fetch_sub(&http->away, 1);
}

/* A listener that is being stopped, workers that are full or the asker's share of them, and a
 * session or token that has ended, end the answer: the client sees that the last chunk is missing.
 */
static ssize_t send_for_piece(struct pieces *pieces)
{
    struct http *http = pieces->http;

    atomic_fetch_add(&http->away, 1);
    MHD_suspend_connection(pieces->connection);
    if (!atomic_load(&http->stopping) &&
        workers_submit(http->workers, 0, pieces->who, make_piece, pieces) == PLACE_TAKEN)
        return 0;
    pieces->failed = true;
    MHD_resume_connection(pieces->connection);
    atomic_fetch_sub(&http->away, 1);
    return 0;
}

static ssize_t read_pieces(void *ctx, uint64_t at, char *out, size_t most)
{
    struct pieces *pieces = ctx;
    size_t left = pieces->length - pieces->sent;

    (void)at;
    if (pieces->failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (pieces->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0)
        return send_for_piece(pieces);
    left = left < most ? left : most;
    memcpy(out, pieces->bytes + pieces->sent, left);
    pieces->sent += left;
    return (ssize_t)left;
}

static void free_pieces(void *ctx)
{
    struct pieces *pieces = ctx;

    export_close(pieces->export);
    free(pieces);
}

struct MHD_Response *pieces_response(struct exchange *exchange)
{
    enum { BLOCK = 32 * 1024 };
    struct pieces *pieces = calloc(1, sizeof *pieces);
    struct MHD_Response *response;

    if (!pieces)
        return NULL;
    *pieces = (struct pieces){.http = exchange->listener->http,
                              .actor = exchange->request.actor,
                              .connection = exchange->connection,
                              .export = exchange->reply.pieces,
                              .who = exchange_who(exchange)};
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_pieces, pieces,
                                                 free_pieces);
    if (response)
        exchange->reply.pieces = NULL; /* now the response's */
    else
        free(pieces);
    return response;
}
