/* Reading a lane from its files, whole or from a sequence on. Plain reads into a buffer, no
 * mapping: it runs beside a trading engine. */
#include "journal/disk.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BUFFER = 1 << 18 };

struct journal_reader {
    char dir[CONFIG_TEXT_MAX];
    enum journal_lane lane;
    uint64_t *firsts;
    uint32_t count, next_file;
    int fd;
    uint64_t next_seq, from_seq;
    bool first_file;
    struct chain chain;
    uint64_t used, filled; /* of the buffer */
    bool at_end;           /* the file has no more bytes */
    _Alignas(8) uint8_t buffer[READ_BUFFER];
};

/* Keeps the unread rest and fills up behind it. */
static enum status fill(struct journal_reader *reader, struct err *err)
{
    memmove(reader->buffer, reader->buffer + reader->used, reader->filled - reader->used);
    reader->filled -= reader->used;
    reader->used = 0;
    while (reader->filled < READ_BUFFER) {
        ssize_t done =
            read(reader->fd, reader->buffer + reader->filled, READ_BUFFER - reader->filled);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_format(err, ERR_IO, "journal of the %s lane: %s",
                              disk_lane_name(reader->lane), strerror(errno));
        reader->at_end = done == 0;
        if (done == 0)
            break;
        reader->filled += (uint64_t)done;
    }
    return OK;
}

static enum status check_header(struct journal_reader *reader, const char *path, struct err *err)
{
    struct disk_header header;
    uint64_t first = reader->firsts[reader->next_file - 1];

    memcpy(&header, reader->buffer, sizeof header);
    if (memcmp(header.magic, "PWJNL1\0\0", sizeof header.magic) != 0 ||
        header.version != DISK_VERSION || header.first_seq != first)
        return err_format(err, ERR_DAMAGED, "%s: sequence %" PRIu64 ": the file's head is damaged",
                          path, first);
    if (!reader->first_file && header.first_seq - header.lost != reader->next_seq)
        return err_format(err, ERR_DAMAGED, "%s: sequence %" PRIu64 " is missing", path,
                          reader->next_seq);
    if (!reader->first_file && memcmp(header.chain, reader->chain.value, CHAIN_BYTES) != 0)
        return err_format(err, ERR_DAMAGED, "%s: sequence %" PRIu64 ": the chain does not join",
                          path, first);
    memcpy(reader->chain.value, header.chain, CHAIN_BYTES);
    reader->next_seq = header.first_seq;
    reader->first_file = false;
    reader->used = sizeof header;
    return OK;
}

/* ERR_NOT_FOUND: there is no further file (or only the empty beginning of one). */
static enum status open_next(struct journal_reader *reader, struct err *err)
{
    char path[DISK_PATH_MAX];
    enum status status;

    if (reader->next_file == reader->count)
        return ERR_NOT_FOUND;
    if (reader->fd >= 0)
        (void)close(reader->fd);
    disk_path(path, reader->dir, reader->lane, reader->firsts[reader->next_file++]);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    reader->used = reader->filled = 0;
    if (reader->fd < 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    status = fill(reader, err);
    if (status != OK)
        return status;
    if (reader->filled < sizeof(struct disk_header)) {
        reader->used = reader->filled;
        return ERR_NOT_FOUND;
    }
    return check_header(reader, path, err);
}

static bool is_last_file(const struct journal_reader *reader)
{
    return reader->next_file == reader->count;
}

enum status journal_reader_open(struct journal_reader **reader, const char *dir,
                                enum journal_lane lane, uint64_t from_seq, struct err *err)
{
    struct journal_reader *fresh = calloc(1, sizeof *fresh);
    enum status status;

    if (!fresh)
        return err_set(err, ERR_INTERNAL, "out of memory");
    (void)snprintf(fresh->dir, sizeof fresh->dir, "%s", dir);
    fresh->lane = lane;
    fresh->from_seq = from_seq;
    fresh->fd = -1;
    fresh->first_file = true;
    status = chain_open(&fresh->chain, err);
    if (status == OK)
        status = disk_list(dir, lane, &fresh->firsts, &fresh->count, err);
    if (status != OK) {
        journal_reader_close(fresh);
        return status;
    }
    while (fresh->next_file + 1 < fresh->count && fresh->firsts[fresh->next_file + 1] <= from_seq)
        fresh->next_file++;
    *reader = fresh;
    return OK;
}

/* The next record in the buffer, of whatever sequence. */
static enum status step(struct journal_reader *reader, const uint8_t **at, struct err *err)
{
    enum disk_result result = DISK_END;
    uint64_t size = 0;

    if (reader->fd >= 0) {
        if (reader->filled - reader->used < LANE_RECORD_MAX + DISK_TAIL_BYTES + 64 &&
            fill(reader, err) != OK)
            return err->status;
        result = disk_check(&reader->chain, reader->buffer + reader->used,
                            reader->filled - reader->used, reader->next_seq, &size);
    }
    if (result == DISK_RECORD) {
        *at = reader->buffer + reader->used;
        reader->used += size;
        reader->next_seq++;
        return OK;
    }
    /* What is short at the very end is being written, or torn: the end, for now. */
    if (result != DISK_BAD && is_last_file(reader) && reader->fd >= 0)
        return ERR_NOT_FOUND;
    if (result != DISK_END)
        return err_format(err, ERR_DAMAGED, "%s lane: sequence %" PRIu64 " is damaged",
                          disk_lane_name(reader->lane), reader->next_seq);
    enum status status = open_next(reader, err);

    return status == OK ? step(reader, at, err) : status;
}

enum status journal_reader_next(struct journal_reader *reader, struct lane_record *record,
                                const void **payload, struct err *err)
{
    const uint8_t *at = NULL;

    for (;;) {
        enum status status = step(reader, &at, err);

        if (status != OK)
            return status;
        if (reader->next_seq - 1 < reader->from_seq)
            continue;
        assert(at);
        memcpy(record, at, sizeof *record);
        *payload = at + sizeof *record;
        return OK;
    }
}

const uint8_t *journal_reader_chain(const struct journal_reader *reader)
{
    return reader->chain.value;
}

void journal_reader_close(struct journal_reader *reader)
{
    if (reader->fd >= 0)
        (void)close(reader->fd);
    chain_close(&reader->chain);
    free(reader->firsts);
    free(reader);
}
