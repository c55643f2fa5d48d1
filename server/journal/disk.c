#include "journal/hot.h"

#include "journal/crc32c.h"
#include "thread/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = {'P', 'W', 'J', 'N', 'L', '1', 0, 0};

const char *disk_lane_name(enum journal_lane lane)
{
    return lane == JOURNAL_ENGINE ? "engine" : "control";
}

enum status chain_open(struct chain *chain, struct err *err)
{
    *chain = (struct chain){.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL), .ctx = EVP_MD_CTX_new()};
    if (!chain->sha256 || !chain->ctx) {
        chain_close(chain);
        return err_set(err, ERR_INTERNAL, "SHA-256 is not available");
    }
    return OK;
}

void chain_close(struct chain *chain)
{
    EVP_MD_CTX_free(chain->ctx);
    EVP_MD_free(chain->sha256);
    chain->ctx = NULL;
    chain->sha256 = NULL;
}

bool chain_next(struct chain *chain, const void *bytes, size_t length)
{
    return EVP_DigestInit_ex2(chain->ctx, chain->sha256, NULL) == 1 &&
           EVP_DigestUpdate(chain->ctx, chain->value, CHAIN_BYTES) == 1 &&
           EVP_DigestUpdate(chain->ctx, bytes, length) == 1 &&
           EVP_DigestFinal_ex(chain->ctx, chain->value, NULL) == 1;
}

void disk_path(char path[DISK_PATH_MAX], const char *dir, enum journal_lane lane, uint64_t first)
{
    (void)snprintf(path, DISK_PATH_MAX, "%s/journal/%s-%020" PRIu64 ".jnl", dir,
                   disk_lane_name(lane), first);
}

static int compare_firsts(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

static bool first_of(const char *name, enum journal_lane lane, uint64_t *first)
{
    const char *lane_name = disk_lane_name(lane);
    size_t length = strlen(lane_name);
    char *end;

    if (strncmp(name, lane_name, length) != 0 || name[length] != '-')
        return false;
    *first = strtoull(name + length + 1, &end, 10);
    return end == name + length + 21 && strcmp(end, ".jnl") == 0;
}

enum status disk_list(const char *dir, enum journal_lane lane, uint64_t **firsts, uint32_t *count,
                      struct err *err)
{
    char path[DISK_PATH_MAX];
    struct dirent *entry;
    DIR *folder;
    uint64_t first;

    *firsts = NULL;
    *count = 0;
    (void)snprintf(path, sizeof path, "%s/journal", dir);
    folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? OK : err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    while ((entry = readdir(folder)) != NULL) {
        uint64_t *more;

        if (!first_of(entry->d_name, lane, &first))
            continue;
        more = realloc(*firsts, (*count + 1) * sizeof first);
        if (!more) {
            (void)closedir(folder);
            free(*firsts);
            *firsts = NULL;
            return err_set(err, ERR_INTERNAL, "out of memory");
        }
        *firsts = more;
        (*firsts)[(*count)++] = first;
    }
    (void)closedir(folder);
    if (*count > 0)
        qsort(*firsts, *count, sizeof first, compare_firsts);
    return OK;
}

/* Header and CRC of the record at `bytes`, without the chain. */
static enum disk_result check_record(const uint8_t *bytes, uint64_t left, uint64_t expected_seq,
                                     uint64_t *size)
{
    struct lane_record record;
    uint64_t body;
    uint32_t crc[2];

    if (left == 0)
        return DISK_END;
    if (left < sizeof record)
        return DISK_TORN;
    memcpy(&record, bytes, sizeof record);
    if (atomic_load_explicit(&record.commit, memory_order_relaxed) != expected_seq ||
        record.length > LANE_RECORD_MAX)
        return DISK_BAD;
    body = disk_padded(record.length);
    *size = body + DISK_TAIL_BYTES;
    if (left < *size)
        return DISK_TORN;
    memcpy(crc, bytes + body, sizeof crc);
    return crc32c(0, bytes, body) == crc[0] && crc[1] == 0 ? DISK_RECORD : DISK_BAD;
}

enum disk_result disk_check(struct chain *chain, const uint8_t *bytes, uint64_t left,
                            uint64_t expected_seq, uint64_t *size)
{
    enum disk_result result = check_record(bytes, left, expected_seq, size);
    uint8_t before[CHAIN_BYTES];

    if (result != DISK_RECORD)
        return result;
    memcpy(before, chain->value, CHAIN_BYTES);
    if (chain_next(chain, bytes, *size - DISK_TAIL_BYTES) &&
        memcmp(chain->value, bytes + *size - CHAIN_BYTES, CHAIN_BYTES) == 0)
        return DISK_RECORD;
    memcpy(chain->value, before, CHAIN_BYTES);
    return DISK_BAD;
}

bool disk_record_follows(const uint8_t *bytes, uint64_t at, uint64_t length, uint64_t seq)
{
    for (uint64_t place = (at + 7) & ~7ULL; place + sizeof(struct lane_record) <= length;
         place += 8) {
        uint64_t here;
        uint64_t size;

        memcpy(&here, bytes + place, sizeof here);
        if (here > seq && here - seq < length / DISK_TAIL_BYTES &&
            check_record(bytes + place, length - place, here, &size) == DISK_RECORD)
            return true;
    }
    return false;
}

/* Walks the mapped file; *at is where the first record begins that is not whole. */
static enum status scan(struct disk_writer *writer, const uint8_t *bytes, uint64_t length,
                        uint64_t *at, const char *path, struct err *err)
{
    struct disk_header header;
    enum disk_result result;
    uint64_t size;

    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.magic, magic, sizeof magic) != 0 || header.version != DISK_VERSION ||
        header.lane != (uint32_t)writer->lane)
        return err_format(err, ERR_DAMAGED, "%s: not a journal file of version %d", path,
                          DISK_VERSION);
    memcpy(writer->chain.value, header.chain, CHAIN_BYTES);
    writer->last_seq = header.first_seq - 1;
    *at = sizeof header;
    while ((result = disk_check(&writer->chain, bytes + *at, length - *at, writer->last_seq + 1,
                                &size)) == DISK_RECORD) {
        *at += size;
        writer->last_seq++;
    }
    if (result == DISK_END || !disk_record_follows(bytes, *at + 8, length, writer->last_seq))
        return OK;
    return err_format(err, ERR_DAMAGED,
                      "%s: record %" PRIu64 " is damaged, and whole ones follow: "
                      "not a torn tail; `pitwall journal verify` tells more",
                      path, writer->last_seq + 1);
}

static enum status recover_file(struct disk_writer *writer, const char *path, uint64_t length,
                                char says[ERR_TEXT_MAX], struct err *err)
{
    void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, writer->fd, 0);
    uint64_t at = length;
    enum status status;

    if (bytes == MAP_FAILED)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    status = scan(writer, bytes, length, &at, path, err);
    (void)munmap(bytes, length);
    if (status != OK || at == length)
        return status;
    if (ftruncate(writer->fd, (off_t)at) != 0 || fdatasync(writer->fd) != 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    journal_say(says,
                "%s lane: a torn tail of %" PRIu64 " bytes after sequence %" PRIu64 " was cut",
                disk_lane_name(writer->lane), length - at, writer->last_seq);
    writer->file_bytes = (int64_t)at;
    return OK;
}

/* What an earlier process wrote and did not sync is synced before it counts, and then read from the
 * disk, not from what the kernel has kept in memory: pages that it failed to write look clean. */
static enum status settle_file(const struct disk_writer *writer, const char *path, struct err *err)
{
    if (fdatasync(writer->fd) != 0)
        return err_format(err, ERR_IO, "%s: fdatasync: %s", path, strerror(errno));
    (void)posix_fadvise(writer->fd, 0, 0, POSIX_FADV_DONTNEED);
    return OK;
}

/* A file that a crash left without a whole header holds nothing: it goes, the one before it is
 * the last. */
static enum status open_last(struct disk_writer *writer, const uint64_t *firsts, uint32_t count,
                             char says[ERR_TEXT_MAX], struct err *err)
{
    assert(count == 0 || firsts);
    while (count > 0) {
        char path[DISK_PATH_MAX];
        struct stat info;

        disk_path(path, writer->dir, writer->lane, firsts[--count]);
        writer->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
        if (writer->fd < 0 || fstat(writer->fd, &info) != 0)
            return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
        writer->file_bytes = info.st_size;
        writer->file_first = firsts[count];
        if (info.st_size >= (off_t)sizeof(struct disk_header)) {
            enum status status = settle_file(writer, path, err);

            return status == OK ? recover_file(writer, path, (uint64_t)info.st_size, says, err)
                                : status;
        }
        (void)close(writer->fd);
        writer->fd = -1;
        writer->file_first = 0;
        writer->file_bytes = 0;
        if (unlink(path) != 0)
            return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    }
    return OK;
}

/* All that was appended is on the disk: a failure goes back no further. */
static void mark_synced(struct disk_writer *writer)
{
    writer->written_seq = writer->synced_seq = writer->last_seq;
    writer->synced_bytes = writer->file_bytes;
    writer->lost = 0;
    memcpy(writer->synced_chain, writer->chain.value, CHAIN_BYTES);
}

enum status disk_open(struct disk_writer *writer, const char *dir, enum journal_lane lane,
                      char says[ERR_TEXT_MAX], struct err *err)
{
    uint64_t *firsts;
    uint32_t count;
    enum status status;

    *writer =
        (struct disk_writer){.dir = dir, .lane = lane, .fd = -1, .file_limit = DISK_FILE_BYTES};
    writer->buffer = malloc(DISK_BUFFER);
    if (!writer->buffer)
        return err_set(err, ERR_INTERNAL, "out of memory");
    memset(writer->buffer, 0, DISK_BUFFER); /* faults now, not in the middle of a burst */
    status = chain_open(&writer->chain, err);
    if (status == OK)
        status = disk_list(dir, lane, &firsts, &count, err);
    if (status == OK) {
        status = open_last(writer, firsts, count, says, err);
        free(firsts);
    }
    mark_synced(writer);
    if (status != OK)
        disk_close(writer);
    return status;
}

void disk_close(struct disk_writer *writer)
{
    if (writer->fd >= 0)
        (void)close(writer->fd);
    writer->fd = -1;
    chain_close(&writer->chain);
    free(writer->buffer);
    writer->buffer = NULL;
}

static enum status storage_fails(struct disk_writer *writer, const char *what, int code,
                                 struct err *err)
{
    writer->failed_errno = code;
    return err_format(err, ERR_STORAGE, "journal of the %s lane: %s: %s",
                      disk_lane_name(writer->lane), what, strerror(code));
}

static enum status write_all(struct disk_writer *writer, const void *bytes, size_t length,
                             struct err *err)
{
    const uint8_t *at = bytes;

    while (length > 0) {
        ssize_t done = write(writer->fd, at, length);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return storage_fails(writer, "write", done < 0 ? errno : ENOSPC, err);
        at += done;
        length -= (size_t)done;
    }
    return OK;
}

static enum status sync_folder(struct disk_writer *writer, struct err *err)
{
    char path[DISK_PATH_MAX];
    int code;
    int fd;
    bool well;

    (void)snprintf(path, sizeof path, "%s/journal", writer->dir);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    well = fd >= 0 && fsync(fd) == 0;
    code = errno;
    if (fd >= 0)
        (void)close(fd);
    return well ? OK : storage_fails(writer, "its folder cannot be synced", code, err);
}

static enum status write_header(struct disk_writer *writer, uint64_t first_seq, struct err *err)
{
    struct disk_header header = {.version = DISK_VERSION,
                                 .lane = (uint32_t)writer->lane,
                                 .first_seq = first_seq,
                                 .lost = writer->lost};

    memcpy(header.magic, magic, sizeof magic);
    memcpy(header.chain, writer->chain.value, CHAIN_BYTES);
    writer->file_bytes = sizeof header;
    return write_all(writer, &header, sizeof header, err);
}

static enum status begin_file(struct disk_writer *writer, uint64_t first_seq, struct err *err)
{
    char path[DISK_PATH_MAX];
    enum status status;

    if (writer->fd >= 0) {
        status = disk_sync(writer, err);
        if (status != OK)
            return status;
        (void)close(writer->fd);
    }
    disk_path(path, writer->dir, writer->lane, first_seq);
    writer->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd < 0)
        return storage_fails(writer, "a new file", errno, err);
    writer->file_first = first_seq;
    writer->synced_bytes = 0;
    status = write_header(writer, first_seq, err);
    return status == OK ? sync_folder(writer, err) : status;
}

enum status disk_append(struct disk_writer *writer, const struct lane_record *record,
                        const void *payload, struct err *err)
{
    uint64_t body = disk_padded(record->length);
    uint64_t seq = atomic_load_explicit(&record->commit, memory_order_relaxed);
    enum status status = OK;
    uint8_t *at;
    uint32_t crc[2] = {0};

    assert(seq == writer->last_seq + 1);
    if (writer->used + body + DISK_TAIL_BYTES > DISK_BUFFER)
        status = disk_write(writer, err);
    if (status == OK && (writer->fd < 0 || writer->file_bytes >= writer->file_limit)) {
        status = disk_write(writer, err);
        if (status == OK)
            status = begin_file(writer, seq, err);
    }
    if (status != OK)
        return status;
    at = writer->buffer + writer->used;
    memset(at + body - 8, 0, 8); /* the padding; of an empty payload overwritten at once */
    memcpy(at, record, sizeof *record);
    memcpy(at + sizeof *record, payload, record->length);
    crc[0] = crc32c(0, at, body);
    if (!chain_next(&writer->chain, at, body))
        return err_set(err, ERR_STORAGE, "SHA-256 failed");
    memcpy(at + body, crc, sizeof crc);
    memcpy(at + body + sizeof crc, writer->chain.value, CHAIN_BYTES);
    writer->used += body + DISK_TAIL_BYTES;
    writer->file_bytes += (int64_t)(body + DISK_TAIL_BYTES);
    writer->last_seq = seq;
    return OK;
}

enum status disk_write(struct disk_writer *writer, struct err *err)
{
    enum status status = OK;

    if (writer->used > 0)
        status = write_all(writer, writer->buffer, writer->used, err);
    if (status != OK)
        return status;
    writer->used = 0;
    writer->written_seq = writer->last_seq;
    return OK;
}

enum status disk_sync(struct disk_writer *writer, struct err *err)
{
    if (writer->synced_seq == writer->written_seq)
        return OK;
    if (fdatasync(writer->fd) != 0)
        return storage_fails(writer, "fdatasync", errno, err);
    assert(writer->used == 0);
    mark_synced(writer);
    return OK;
}

/* Cuts the file in use back to its last sync; away with it when that was before its header. */
static enum status cut_file(const struct disk_writer *writer, struct err *err)
{
    char path[DISK_PATH_MAX];
    bool well;
    int fd;

    disk_path(path, writer->dir, writer->lane, writer->file_first);
    if (writer->synced_bytes == 0) {
        if (unlink(path) != 0 && errno != ENOENT)
            return err_format(err, ERR_STORAGE, "%s: %s", path, strerror(errno));
        return OK;
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    well = fd >= 0 && ftruncate(fd, (off_t)writer->synced_bytes) == 0 && fsync(fd) == 0;
    if (!well)
        (void)err_format(err, ERR_STORAGE, "%s: cannot be cut: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return well ? OK : err->status;
}

enum status disk_rewind(struct disk_writer *writer, struct err *err)
{
    enum status status = OK;

    if (writer->fd >= 0)
        (void)close(writer->fd);
    writer->fd = -1;
    writer->used = 0;
    if (writer->file_first != 0)
        status = cut_file(writer, err);
    if (status != OK)
        return status;
    writer->file_first = 0;
    writer->file_bytes = writer->synced_bytes = 0;
    writer->last_seq = writer->written_seq = writer->synced_seq;
    memcpy(writer->chain.value, writer->synced_chain, CHAIN_BYTES);
    return OK;
}

bool disk_is_gone(const struct disk_writer *writer)
{
    struct stat info;

    return writer->fd >= 0 && (fstat(writer->fd, &info) != 0 || info.st_nlink == 0);
}

enum status disk_skip_to(struct disk_writer *writer, uint64_t seq, struct err *err)
{
    assert(writer->used == 0 && seq >= writer->last_seq);
    if (seq == writer->last_seq)
        return OK;
    if (writer->fd >= 0)
        (void)close(writer->fd);
    writer->fd = -1;
    writer->lost = seq - writer->last_seq;
    writer->last_seq = writer->written_seq = writer->synced_seq = seq;
    return begin_file(writer, seq + 1, err);
}
