#include "gateway/simulated/owed.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
    struct owed *owed;
    const struct instrument *rows;
    owed_fn is_news;
    void *ctx;
    uint32_t room, unread;
};

/* --- a line --- */

static const char *member(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text ? text : "";
}

static bool read_id(const char *text, uint64_t *id)
{
    char *end;

    errno = 0;
    *id = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

/* Of a decimal, how many steps it is. */
static bool read_steps(const char *text, uint32_t decimals, int64_t step, int64_t *count)
{
    int64_t units;

    if (!decimal_parse(text, strlen(text), decimals, &units) || units <= 0 || units % step != 0)
        return false;
    *count = units / step;
    return true;
}

static bool read_fee(const json_t *line, struct execution *fill)
{
    const json_t *body = json_object_get(line, "body");
    const char *fee = member(body, "fee");

    fill->maker = json_is_true(json_object_get(body, "maker"));
    return decimal_parse(fee, strlen(fee), 8, &fill->fee_e8);
}

static bool read_side(const char *text, uint8_t *side)
{
    *side = strcmp(text, side_name(SIDE_SELL)) == 0 ? SIDE_SELL : SIDE_BUY;
    return strcmp(text, side_name((enum side) * side)) == 0;
}

/* The figures of a fill whose instrument is known. */
static bool read_figures(const struct search *search, const json_t *line, struct execution *fill)
{
    const struct instrument *row = &search->rows[fill->instrument];
    const char *colon = strchr(row->name, ':');
    uint64_t at_ns;

    if (strcmp(member(line, "symbol"), colon ? colon + 1 : row->name) != 0 ||
        !read_id(member(line, "at_ns"), &at_ns) || at_ns > INT64_MAX ||
        !read_side(member(line, "side"), &fill->side) || !read_fee(line, fill) ||
        !read_steps(member(line, "price"), row->price_decimals, row->tick_units,
                    &fill->price_ticks) ||
        !read_steps(member(line, "qty"), row->qty_decimals, row->lot_units, &fill->qty_lots) ||
        fill->price_ticks > MAX_PRICE_TICKS || fill->qty_lots > MAX_LOTS)
        return false;
    fill->venue_ns = fill->received_ns = (int64_t)at_ns;
    return true;
}

/* --- what is owed --- */

static bool is_listed(const struct owed *owed, uint64_t exec_id)
{
    for (uint32_t at = 0; at < owed->count; at++)
        if (owed->fill[at].exec_id == exec_id)
            return true;
    return false;
}

static enum status list(struct search *search, const struct execution *fill, struct err *err)
{
    struct owed *owed = search->owed;

    if (is_listed(owed, fill->exec_id))
        return OK;
    if (owed->count == search->room) {
        uint32_t room = search->room == 0 ? 64 : 2 * search->room;
        struct execution *grown = realloc(owed->fill, room * sizeof *grown);

        if (!grown)
            return err_set(err, ERR_INTERNAL, "no memory for what the ledger owes");
        owed->fill = grown;
        search->room = room;
    }
    owed->fill[owed->count++] = *fill;
    return OK;
}

/* What others did in our account has no id of ours, and is not asked for. */
static enum status take(struct search *search, const json_t *line, struct err *err)
{
    struct execution fill = {.report = REPORT_FILL_PART};
    uint64_t order_id, exec_id;

    if (strcmp(member(line, "dir"), "out") != 0 || strcmp(member(line, "kind"), "fill") != 0)
        return OK;
    if (!order_id_parse(member(line, "order_link_id"), &order_id) ||
        !read_id(member(line, "exec_id"), &exec_id) ||
        !search->is_news(search->ctx, order_id, exec_id, &fill))
        return OK;
    fill.order_id = order_id;
    fill.exec_id = exec_id;
    if (read_figures(search, line, &fill))
        return list(search, &fill, err);
    search->unread++;
    return OK;
}

/* Looking for the word costs a tenth of reading the line. */
static enum status take_text(struct search *search, const char *text, size_t length,
                             struct err *err)
{
    static const char word[] = "\"fill\"";
    json_t *line;
    enum status status;

    if (!memmem(text, length, word, sizeof word - 1))
        return OK;
    line = json_loadb(text, length, 0, NULL);
    search->unread += !json_is_object(line);
    status = take(search, line, err);
    json_decref(line);
    return status;
}

/* --- the file --- */

/* The last bytes; NULL with OK: there are none. The caller frees it. */
static enum status read_end(const char *path, char **text, size_t *length, bool *is_whole,
                            struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    ssize_t got = 0;

    *text = NULL;
    if (fd < 0)
        return errno == ENOENT ? OK
                               : err_format(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0) {
        *is_whole = stat.st_size <= OWED_REACH;
        *text = malloc(OWED_REACH);
        got = *text ? pread(fd, *text, OWED_REACH, *is_whole ? 0 : stat.st_size - OWED_REACH) : -1;
    }
    close(fd);
    *length = got > 0 ? (size_t)got : 0;
    return got >= 0 ? OK : err_format(err, ERR_IO, "%s: its end cannot be read", path);
}

static enum status search_text(struct search *search, const char *text, size_t length,
                               bool is_whole, struct err *err)
{
    const char *end = text + length;
    const char *line = is_whole ? text : memchr(text, '\n', length);
    enum status status = OK;

    if (line && !is_whole)
        line++;
    while (status == OK && line && line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));

        if (!stop)
            break; /* torn: nobody has heard of it */
        status = take_text(search, line, (size_t)(stop - line), err);
        line = stop + 1;
    }
    return status;
}

enum status owed_read(struct owed *owed, const char *path, const struct instrument *rows,
                      owed_fn is_news, void *ctx, struct err *err)
{
    struct search search = {.owed = owed, .rows = rows, .is_news = is_news, .ctx = ctx};
    char *text;
    size_t length = 0;
    bool is_whole = false;
    enum status status = read_end(path, &text, &length, &is_whole, err);

    *owed = (struct owed){0};
    if (status == OK && text)
        status = search_text(&search, text, length, is_whole, err);
    free(text);
    if (owed->count > 0 || search.unread > 0)
        log_line(LOG_WARN, "gateway", "the ledger has executions that were never heard of",
                 "count=%" PRIu32 " unread=%" PRIu32, owed->count, search.unread);
    return status;
}
