#include "thread/clock.h"
#include "thread/log.h"
#include "venue/conn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct venue_frame *conn_frame(const char *head, size_t head_length, const char *body,
                               size_t length)
{
    struct venue_frame *frame = malloc(sizeof *frame + head_length + length);

    assert(frame);
    frame->refs = 1;
    frame->length = head_length + length;
    memcpy(frame->bytes, head, head_length);
    memcpy(frame->bytes + head_length, body, length);
    return frame;
}

struct venue_frame *venue_frame_text(const char *text, size_t length)
{
    char head[WIRE_FRAME_HEAD_MAX];

    return conn_frame(head, wire_frame_head(head, WIRE_TEXT, length), text, length);
}

void venue_frame_drop(struct venue_frame *frame)
{
    if (--frame->refs == 0)
        free(frame);
}

static void put_aside(struct venue_conn *conn, struct out *out)
{
    struct out **at = &conn->aside;

    while (*at && (*at)->due_ns <= out->due_ns)
        at = &(*at)->next;
    out->next = *at;
    *at = out;
}

static void put_last(struct venue_conn *conn, struct out *out)
{
    if (conn->last)
        conn->last->next = out;
    else
        conn->first = out;
    conn->last = out;
}

void conn_queue(struct venue_conn *conn, struct venue_frame *frame,
                const struct venue_delivery *how)
{
    struct out *out = calloc(1, sizeof *out);

    assert(out);
    if (how)
        out->how = *how;
    out->frame = frame;
    frame->refs++;
    out->due_ns = out->how.delay_ns ? clock_real_ns() + out->how.delay_ns : 0;
    out->end = out->how.percent ? frame->length * out->how.percent / 100 : frame->length;
    conn->queued += frame->length;
    if (out->how.aside)
        put_aside(conn, out);
    else
        put_last(conn, out);
}

void venue_conn_send(struct venue_conn *conn, struct venue_frame *frame,
                     const struct venue_delivery *how)
{
    char peer[96];

    if (conn->closing || conn->dead || conn->silent)
        return;
    conn_queue(conn, frame, how);
    if (conn->queued > CONN_QUEUE_MAX) {
        log_line(LOG_WARN, "venue", "peer does not read, closed", "conn=%" PRIu64 " peer=%s",
                 conn->no, log_escape(peer, sizeof peer, conn->peer));
        conn_reset(conn);
    }
    conn_flush(conn, clock_real_ns());
}

void venue_conn_answer(struct venue_conn *conn, int status, const char *headers, const char *body,
                       size_t length, const struct venue_delivery *how)
{
    char head[1024];
    struct venue_frame *frame;
    int put;

    if (!conn->answering || conn->dead)
        return;
    put = snprintf(head, sizeof head,
                   "HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\n"
                   "Content-Length: %zu\r\nConnection: %s\r\n%s\r\n",
                   status, wire_status_text(status), length,
                   conn->keep_alive ? "keep-alive" : "close", headers);
    assert(put > 0 && put < (int)sizeof head);
    frame = conn_frame(head, (size_t)put, body, length);
    conn->answering = false;
    conn->since_ns = clock_real_ns();
    venue_conn_send(conn, frame, how);
    venue_frame_drop(frame);
    if (!conn->keep_alive)
        venue_conn_close(conn, false);
}

/* Takes the first of a list off. */
static void shift(struct venue_conn *conn, struct out **list)
{
    struct out *out = *list;

    *list = out->next;
    if (conn->last == out)
        conn->last = NULL;
    conn->queued -= out->frame->length;
    venue_frame_drop(out->frame);
    free(out);
}

static void due_at(struct venue_conn *conn, int64_t at_ns)
{
    if (at_ns < conn->server->due_ns)
        conn->server->due_ns = at_ns;
}

/* Fills the staging area with what of `list` may leave now; *after: what the last one wants. */
static size_t gather(struct venue_conn *conn, struct out **list, int64_t now_ns, char *staging,
                     size_t room, uint8_t *after)
{
    size_t filled = 0;

    while (*list && *after == VENUE_AFTER_NOTHING && filled < room) {
        struct out *out = *list;
        size_t most = out->how.trickle_ns ? 1 : out->end - out->sent;

        if (out->due_ns > now_ns) {
            due_at(conn, out->due_ns);
            break;
        }
        if (most > room - filled)
            most = room - filled;
        memcpy(staging + filled, out->frame->bytes + out->sent, most);
        out->sent += most;
        filled += most;
        if (out->how.trickle_ns)
            out->due_ns = now_ns + out->how.trickle_ns;
        if (out->sent < out->end)
            continue;
        *after = out->how.after;
        shift(conn, list);
    }
    return filled;
}

static void act(struct venue_conn *conn, uint8_t after)
{
    if (after == VENUE_AFTER_CLOSE)
        conn->closing = true;
    else if (after == VENUE_AFTER_SILENCE)
        conn->silent = true;
    else if (after == VENUE_AFTER_RESET)
        conn_reset(conn);
}

void conn_flush(struct venue_conn *conn, int64_t now_ns)
{
    static unsigned char staging[LWS_PRE + CONN_STAGING];
    char *bytes = (char *)staging + LWS_PRE;

    while (!conn->silent && (conn->first || conn->aside)) {
        uint8_t after = VENUE_AFTER_NOTHING;
        size_t filled;

        if (lws_partial_buffered(conn->wsi)) {
            lws_callback_on_writable(conn->wsi);
            return;
        }
        filled = gather(conn, &conn->aside, now_ns, bytes, CONN_STAGING, &after);
        if (after == VENUE_AFTER_NOTHING)
            filled +=
                gather(conn, &conn->first, now_ns, bytes + filled, CONN_STAGING - filled, &after);
        if (filled == 0 && after == VENUE_AFTER_NOTHING)
            break;
        if (filled && lws_write(conn->wsi, staging + LWS_PRE, filled, LWS_WRITE_RAW) < 0)
            conn->closing = true;
        act(conn, after);
    }
    if (conn->closing && !conn->first && !lws_partial_buffered(conn->wsi))
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    else if (conn->closing)
        lws_callback_on_writable(conn->wsi);
}
