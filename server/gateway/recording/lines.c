#include "gateway/recording/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { INPUT_BYTES = 1 << 16, CHUNK_BYTES = 1 << 16 };

struct lines {
    int fd;
    bool packed, inside_member, source_ended, ended;
    bool skipping;           /* inside a line that is too long */
    const char *file_damage; /* to be said at the end */
    const char *damage;      /* said last */
    uint64_t number;
    size_t at, scanned, filled; /* in buffer */
    z_stream unpacker;
    uint8_t input[INPUT_BYTES];
    char buffer[LINES_MAX + CHUNK_BYTES + LINES_PADDING];
};

struct lines *lines_create(void)
{
    struct lines *lines = malloc(sizeof *lines);

    if (!lines)
        return NULL;
    lines->fd = -1;
    lines->unpacker = (z_stream){0};
    if (inflateInit2(&lines->unpacker, MAX_WBITS + 16) != Z_OK) { /* + 16: gzip frames only */
        free(lines);
        return NULL;
    }
    return lines;
}

static void close_file(struct lines *lines)
{
    if (lines->fd >= 0)
        close(lines->fd);
    lines->fd = -1;
}

void lines_destroy(struct lines *lines)
{
    if (!lines)
        return;
    close_file(lines);
    inflateEnd(&lines->unpacker);
    free(lines);
}

/* Reads more packed (or plain) bytes into `to`; 0 at the end or when reading failed. */
static size_t read_some(struct lines *lines, void *to, size_t room)
{
    ssize_t got;

    do
        got = read(lines->fd, to, room);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return (size_t)got;
    lines->source_ended = true;
    if (got < 0)
        lines->file_damage = "cannot be read to its end";
    return 0;
}

static bool has_input(struct lines *lines)
{
    if (lines->unpacker.avail_in == 0 && !lines->source_ended) {
        lines->unpacker.next_in = lines->input;
        lines->unpacker.avail_in = (uInt)read_some(lines, lines->input, INPUT_BYTES);
    }
    return lines->unpacker.avail_in > 0;
}

static void end_with(struct lines *lines, const char *damage)
{
    lines->ended = true;
    if (damage && !lines->file_damage)
        lines->file_damage = damage;
}

/* Between members: another one, padding with zeros (tapes do that), or the end. */
static bool begin_member(struct lines *lines)
{
    while (has_input(lines) && *lines->unpacker.next_in == 0) {
        lines->unpacker.next_in++;
        lines->unpacker.avail_in--;
    }
    if (!has_input(lines))
        end_with(lines, NULL);
    else if (*lines->unpacker.next_in != 0x1f)
        end_with(lines, "something else follows the gzip data");
    else
        lines->inside_member = inflateReset(&lines->unpacker) == Z_OK;
    return lines->inside_member;
}

static void unpack(struct lines *lines, size_t room)
{
    lines->unpacker.next_out = (uint8_t *)lines->buffer + lines->filled;
    lines->unpacker.avail_out = (uInt)room;
    while (lines->unpacker.avail_out > 0 && !lines->ended) {
        int answer;

        if (!lines->inside_member && !begin_member(lines))
            break;
        if (!has_input(lines)) {
            end_with(lines, "cut gzip: the file ends in the middle");
            break;
        }
        answer = inflate(&lines->unpacker, Z_NO_FLUSH);
        if (answer == Z_STREAM_END)
            lines->inside_member = false;
        else if (answer != Z_OK)
            end_with(lines, "damaged gzip: the rest cannot be unpacked");
    }
    lines->filled += room - lines->unpacker.avail_out;
}

static void fill(struct lines *lines)
{
    memmove(lines->buffer, lines->buffer + lines->at, lines->filled - lines->at);
    lines->scanned -= lines->at;
    lines->filled -= lines->at;
    lines->at = 0;
    if (lines->packed) {
        unpack(lines, CHUNK_BYTES);
        return;
    }
    if (lines->unpacker.avail_in > 0) { /* what was read to tell plain from packed */
        memcpy(lines->buffer + lines->filled, lines->input, lines->unpacker.avail_in);
        lines->filled += lines->unpacker.avail_in;
        lines->unpacker.avail_in = 0;
        return;
    }
    lines->filled += read_some(lines, lines->buffer + lines->filled, CHUNK_BYTES);
    lines->ended = lines->source_ended;
}

enum status lines_open(struct lines *lines, const char *path, struct err *err)
{
    close_file(lines);
    lines->packed = lines->inside_member = lines->source_ended = lines->ended = false;
    lines->skipping = false;
    lines->file_damage = lines->damage = NULL;
    lines->number = 0;
    lines->at = lines->scanned = lines->filled = 0;
    lines->unpacker.avail_in = 0;
    lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (lines->fd < 0) {
        err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, strerror(errno));
        return err_wrap(err, err->status, path);
    }
    lines->packed = has_input(lines) && lines->input[0] == 0x1f;
    if (lines->file_damage) {
        err_set(err, ERR_IO, strerror(errno));
        return err_wrap(err, ERR_IO, path);
    }
    return OK;
}

static enum lines_result bad(struct lines *lines, const char *why)
{
    lines->damage = why;
    return LINES_BAD;
}

static enum lines_result give(struct lines *lines, size_t end, const char **text, size_t *length)
{
    *text = lines->buffer + lines->at;
    *length = end - lines->at;
    if (*length > 0 && (*text)[*length - 1] == '\r')
        --*length;
    return LINES_LINE;
}

/* The last line need not have an end, unless the file is damaged: then it may be cut. */
static enum lines_result give_last(struct lines *lines, const char **text, size_t *length)
{
    size_t start = lines->at;

    lines->at = lines->scanned = lines->filled;
    if (lines->file_damage || lines->skipping) {
        const char *why = lines->file_damage ? lines->file_damage : "line longer than 1 MiB";

        lines->number += start < lines->filled;
        lines->file_damage = NULL;
        lines->skipping = false;
        return bad(lines, why);
    }
    if (start == lines->filled)
        return LINES_END;
    lines->number++;
    lines->at = start;
    lines->buffer[lines->filled] = '\0';
    give(lines, lines->filled, text, length);
    lines->at = lines->filled;
    return LINES_LINE;
}

/* The line that ends at `end`, where its newline is; false: nothing to give, look further. */
static bool take_line(struct lines *lines, size_t end, const char **text, size_t *length,
                      enum lines_result *result)
{
    bool too_long = lines->skipping || end - lines->at > LINES_MAX;

    lines->number++;
    *result = too_long ? bad(lines, "line longer than 1 MiB") : give(lines, end, text, length);
    lines->skipping = false;
    lines->at = lines->scanned = end + 1;
    return too_long || *length > 0;
}

enum lines_result lines_next(struct lines *lines, const char **text, size_t *length)
{
    enum lines_result result;

    for (;;) {
        const char *from = lines->buffer + lines->scanned;
        const char *end = memchr(from, '\n', lines->filled - lines->scanned);

        if (end) {
            if (take_line(lines, (size_t)(end - lines->buffer), text, length, &result))
                return result;
            continue;
        }
        lines->scanned = lines->filled;
        if (lines->ended)
            return give_last(lines, text, length);
        if (lines->filled - lines->at > LINES_MAX) {
            lines->skipping = true;
            lines->at = lines->filled;
        }
        fill(lines);
    }
}

uint64_t lines_number(const struct lines *lines)
{
    return lines->number;
}

const char *lines_damage(const struct lines *lines)
{
    return lines->damage;
}
