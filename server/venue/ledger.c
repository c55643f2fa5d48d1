#include "venue/ledger.h"

#include "thread/log.h"
#include "venue/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct venue_ledger {
    int fd; /* -1: closed after a failed write */
    uint64_t seq;
    struct text line;
};

/* What follows the last line feed was torn. */
static enum status cut_torn_line(int fd, const char *path, struct err *err)
{
    off_t size = lseek(fd, 0, SEEK_END);
    off_t whole = size;
    char last = '\n';

    while (whole > 0 && pread(fd, &last, 1, whole - 1) == 1 && last != '\n')
        whole--;
    if (whole == size || size < 0) /* a pipe, say, has no end */
        return OK;
    log_line(LOG_WARN, "ledger", "torn line cut off", "bytes=%lld", (long long)(size - whole));
    return ftruncate(fd, whole) == 0
               ? OK
               : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
}

enum status venue_ledger_open(struct venue_ledger **opened, const char *path, struct err *err)
{
    struct venue_ledger *ledger = calloc(1, sizeof *ledger);
    enum status status;

    if (!ledger)
        return err_set(err, ERR_INTERNAL, "no memory for the ledger");
    ledger->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    status = ledger->fd >= 0 ? cut_torn_line(ledger->fd, path, err)
                             : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    if (status != OK) {
        venue_ledger_close(ledger);
        return status;
    }
    *opened = ledger;
    return OK;
}

void venue_ledger_close(struct venue_ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->fd >= 0 && close(ledger->fd) != 0)
        log_line(LOG_ERROR, "ledger", "close failed", NULL);
    text_free(&ledger->line);
    free(ledger);
}

static void put_text(struct text *line, const char *key, const char *value)
{
    text_put(line, ",\"%s\":", key);
    if (value && *value)
        text_json(line, value);
    else
        text_put(line, "null");
}

static void put_body(struct text *line, const struct venue_ledger_line *given)
{
    text_put(line, ",\"body\":");
    if (!given->body) {
        text_put(line, "null");
    } else if (given->body_is_json && given->body_length > 0) {
        size_t from = line->length;

        text_add(line, given->body, given->body_length);
        for (size_t at = from; at < line->length; at++) /* one line is one line */
            if (line->at[at] == '\n' || line->at[at] == '\r')
                line->at[at] = ' ';
    } else {
        text_json(line, given->body_length ? given->body : "");
    }
}

static void write_whole(struct venue_ledger *ledger)
{
    const struct text *line = &ledger->line;
    ssize_t written;

    do
        written = write(ledger->fd, line->at, line->length);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)line->length)
        return;
    log_line(LOG_ERROR, "ledger", "write failed, ledger closed", "errno=%d lines=%" PRIu64, errno,
             ledger->seq);
    close(ledger->fd);
    ledger->fd = -1;
}

void venue_ledger_write(struct venue_ledger *ledger, const struct venue_ledger_line *given)
{
    struct text *line;

    if (!ledger || ledger->fd < 0)
        return;
    line = &ledger->line;
    text_clear(line);
    text_put(line,
             "{\"seq\":%" PRIu64 ",\"at_ns\":\"%" PRId64 "\",\"conn\":%" PRIu64
             ",\"dir\":\"%s\",\"kind\":\"%s\",\"account\":",
             ++ledger->seq, given->at_ns, given->conn, given->is_out ? "out" : "in", given->kind);
    if (given->account)
        text_put(line, "\"%" PRIu64 "\"", given->account);
    else
        text_put(line, "null");
    put_text(line, "order_link_id", given->order_link_id);
    put_text(line, "order_id", given->order_id);
    put_text(line, "symbol", given->symbol);
    put_text(line, "side", given->side);
    put_text(line, "qty", given->qty);
    put_text(line, "price", given->price);
    put_text(line, "status", given->status);
    put_text(line, "exec_id", given->exec_id);
    put_body(line, given);
    text_put(line, "}\n");
    write_whole(ledger);
}
