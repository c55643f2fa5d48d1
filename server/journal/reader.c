/* Reading a lane from its files, whole or from a sequence on. Plain reads into a buffer, no
 * mapping: it runs beside a trading engine. */
#include "journal/disk.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
        header.version != DISK_VERSION || header.lane != (uint32_t)reader->lane ||
        header.first_seq != first)
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
    if (reader->fd < 0 && errno == ENOENT)
        return err_format(err, ERR_REMOVED, "%s: removed before it was read", path);
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

/* What stands before the first file is lost, and its header says so, or removed. */
static enum status check_begin(const struct journal_reader *reader, struct err *err)
{
    struct disk_header header = {0};
    uint64_t first = reader->firsts[0];
    char path[DISK_PATH_MAX];
    int fd;

    disk_path(path, reader->dir, reader->lane, first);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
            header.lost = 0;
        (void)close(fd);
    }
    if (header.lost < first && reader->from_seq >= first - header.lost)
        return OK;
    return err_format(err, ERR_REMOVED,
                      "sequences %" PRIu64 " to %" PRIu64 " of the %s lane were removed, the first "
                      "that is there is %" PRIu64,
                      reader->from_seq, first - 1, disk_lane_name(reader->lane), first);
}

enum status journal_first_seq(const char *dir, enum journal_lane lane, uint64_t *first,
                              struct err *err)
{
    uint64_t *firsts;
    uint32_t count;
    enum status status = disk_list(dir, lane, &firsts, &count, err);

    if (status != OK)
        return status;
    *first = count > 0 ? firsts[0] : 0;
    free(firsts);
    return OK;
}

/* Stands before the file that holds from_seq. */
static void stand(struct journal_reader *reader)
{
    reader->next_file = 0;
    reader->first_file = true;
    while (reader->next_file + 1 < reader->count &&
           reader->firsts[reader->next_file + 1] <= reader->from_seq)
        reader->next_file++;
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
    status = chain_open(&fresh->chain, err);
    if (status == OK)
        status = disk_list(dir, lane, &fresh->firsts, &fresh->count, err);
    if (status != OK) {
        journal_reader_close(fresh);
        return status;
    }
    if (fresh->count > 0 && from_seq != 0 && from_seq < fresh->firsts[0])
        status = check_begin(fresh, err);
    if (status != OK) {
        journal_reader_close(fresh);
        return status;
    }
    stand(fresh);
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

/* The file in use is gone, or was cut back behind us. */
static bool has_changed(const struct journal_reader *reader)
{
    struct stat info;

    return reader->fd >= 0 && (fstat(reader->fd, &info) != 0 || info.st_nlink == 0 ||
                               info.st_size < lseek(reader->fd, 0, SEEK_CUR));
}

enum status journal_reader_again(struct journal_reader *reader, struct err *err)
{
    uint64_t *firsts;
    uint32_t count;
    enum status status = disk_list(reader->dir, reader->lane, &firsts, &count, err);

    if (status != OK)
        return status;
    if (reader->count > 0 && count > 0 && firsts[count - 1] == reader->firsts[reader->count - 1] &&
        !has_changed(reader)) {
        free(firsts);
        return OK;
    }
    free(reader->firsts);
    reader->firsts = firsts;
    reader->count = count;
    if (reader->fd >= 0)
        (void)close(reader->fd);
    reader->fd = -1;
    reader->used = reader->filled = 0;
    if (reader->next_seq > reader->from_seq)
        reader->from_seq = reader->next_seq;
    stand(reader);
    return count > 0 && reader->from_seq != 0 && reader->from_seq < firsts[0]
               ? check_begin(reader, err)
               : OK;
}

uint64_t journal_reader_left(const struct journal_reader *reader)
{
    return reader->filled - reader->used;
}

uint64_t journal_reader_next_seq(const struct journal_reader *reader)
{
    return reader->next_seq;
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
