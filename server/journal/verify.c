/* `journal verify`: goes through all files of a lane and finds the first sequence that is not whole
 * where it belongs. Shares with the writer the layout (disk.h), CRC and SHA-256, and no code that
 * decides. Plain reads into a buffer: it runs beside a trading engine. */
#include "journal/disk.h"

#include "journal/crc32c.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERIFY_BUFFER = 1 << 20, RECORD_SPACE = LANE_RECORD_MAX + DISK_TAIL_BYTES + 64 };
/* A server may cut and begin anew the file that is just read: believed when seen twice. */
enum { VERIFY_TRIES = 3 };

_Static_assert((int)JOURNAL_HASH_BYTES == (int)CHAIN_BYTES, "a head is a value of the chain");

struct verifier {
    const char *dir;
    enum journal_lane lane;
    struct journal_report *report;
    const struct journal_head *noted;
    struct chain chain;
    uint64_t next_seq;
    bool is_first_file, is_last_file;
    int fd;
    uint64_t used, filled;
    uint8_t *buffer;
};

const char *journal_lane_name(enum journal_lane lane)
{
    return disk_lane_name(lane);
}

__attribute__((format(printf, 3, 4))) static void bad(struct verifier *verifier, uint64_t seq,
                                                      const char *format, ...)
{
    va_list values;

    if (verifier->report->first_bad_seq != 0)
        return;
    verifier->report->first_bad_seq = seq;
    va_start(values, format);
    (void)vsnprintf(verifier->report->why, sizeof verifier->report->why, format, values);
    va_end(values);
}

static bool is_bad(const struct verifier *verifier)
{
    return verifier->report->first_bad_seq != 0;
}

/* At least `wanted` bytes from the present place on, or all that the file has. */
static enum status fill(struct verifier *verifier, uint64_t wanted, struct err *err)
{
    if (verifier->filled - verifier->used >= wanted)
        return OK;
    memmove(verifier->buffer, verifier->buffer + verifier->used, verifier->filled - verifier->used);
    verifier->filled -= verifier->used;
    verifier->used = 0;
    while (verifier->filled < VERIFY_BUFFER) {
        ssize_t done = read(verifier->fd, verifier->buffer + verifier->filled,
                            VERIFY_BUFFER - verifier->filled);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_format(err, ERR_IO, "journal of the %s lane: %s",
                              disk_lane_name(verifier->lane), strerror(errno));
        if (done == 0)
            break;
        verifier->filled += (uint64_t)done;
    }
    return OK;
}

static const uint8_t *here(const struct verifier *verifier)
{
    return verifier->buffer + verifier->used;
}

static uint64_t left(const struct verifier *verifier)
{
    return verifier->filled - verifier->used;
}

/* --- file headers --- */

static bool is_zero(const uint8_t *bytes, uint64_t length)
{
    for (uint64_t at = 0; at < length; at++) {
        if (bytes[at] != 0)
            return false;
    }
    return true;
}

/* NULL, or what is wrong with it. */
static const char *header_problem(const struct verifier *verifier, const struct disk_header *header,
                                  uint64_t named)
{
    if (memcmp(header->magic, "PWJNL1\0\0", sizeof header->magic) != 0 ||
        header->version != DISK_VERSION || header->lane != (uint32_t)verifier->lane)
        return "the file's header is damaged";
    if (header->first_seq != named || header->lost >= header->first_seq)
        return "the file's header tells another sequence than its name";
    if (verifier->is_first_file)
        return header->first_seq - header->lost == 1 && !is_zero(header->chain, CHAIN_BYTES)
                   ? "the chain does not begin with nothing"
                   : NULL;
    if (header->first_seq - header->lost > verifier->next_seq)
        return "it is missing";
    if (header->first_seq - header->lost < verifier->next_seq)
        return "it is there twice";
    return memcmp(header->chain, verifier->chain.value, CHAIN_BYTES) != 0
               ? "the chain of the file does not join that of the file before it"
               : NULL;
}

static void check_header(struct verifier *verifier, uint64_t named)
{
    struct disk_header header;
    const char *problem;
    uint64_t expected = verifier->is_first_file ? named : verifier->next_seq;

    memcpy(&header, here(verifier), sizeof header);
    problem = header_problem(verifier, &header, named);
    if (problem) {
        bad(verifier, expected, "%s", problem);
        return;
    }
    memcpy(verifier->chain.value, header.chain, CHAIN_BYTES);
    verifier->next_seq = header.first_seq;
    verifier->report->lost += header.lost;
    verifier->is_first_file = false;
    verifier->used += sizeof header;
}

/* --- records --- */

/* NULL: it is whole; else what is wrong. */
static const char *record_problem(struct verifier *verifier, uint64_t *size)
{
    const uint8_t *bytes = here(verifier);
    struct lane_record record;
    uint64_t body;
    uint32_t check[2];

    memcpy(&record, bytes, sizeof record);
    if (atomic_load_explicit(&record.commit, memory_order_relaxed) != verifier->next_seq)
        return "another sequence stands in its place";
    if (record.length > LANE_RECORD_MAX)
        return "its length cannot be";
    body = disk_padded(record.length);
    *size = body + DISK_TAIL_BYTES;
    if (left(verifier) < *size)
        return "it is cut short";
    memcpy(check, bytes + body, sizeof check);
    if (crc32c(0, bytes, body) != check[0] || check[1] != 0)
        return "its checksum does not fit";
    if (!chain_next(&verifier->chain, bytes, body) ||
        memcmp(verifier->chain.value, bytes + *size - CHAIN_BYTES, CHAIN_BYTES) != 0)
        return "the chain breaks";
    return NULL;
}

/* The rest would be a whole record if its head told another length: then it is no torn one. */
static bool is_whole_but_for_its_length(const uint8_t *bytes, uint64_t length)
{
    _Alignas(8) uint8_t copy[RECORD_SPACE];
    uint64_t body = length - DISK_TAIL_BYTES;
    uint32_t crc;

    if (length < sizeof(struct lane_record) + DISK_TAIL_BYTES || length > sizeof copy ||
        body % 8 != 0)
        return false;
    memcpy(copy, bytes, length);
    memcpy(&crc, bytes + body, sizeof crc);
    for (uint32_t pad = 0; pad < 8 && pad <= body - sizeof(struct lane_record); pad++) {
        uint32_t told = (uint32_t)(body - sizeof(struct lane_record)) - pad;

        memcpy(copy + offsetof(struct lane_record, length), &told, sizeof told);
        if (crc32c(0, copy, body) == crc)
            return true;
    }
    return false;
}

/* What stands at the very end and is no whole record. A writer that is at work, or was stopped in
 * the middle, leaves the beginning of the next record, or zeros where a power loss took it. */
static bool is_torn(const struct verifier *verifier)
{
    const uint8_t *bytes = here(verifier);
    uint64_t rest = left(verifier);
    struct lane_record record;

    if (!verifier->is_last_file || rest > RECORD_SPACE)
        return false;
    if (rest < sizeof record || is_zero(bytes, rest))
        return true;
    memcpy(&record, bytes, sizeof record);
    return atomic_load_explicit(&record.commit, memory_order_relaxed) == verifier->next_seq &&
           record.length <= LANE_RECORD_MAX &&
           rest < disk_padded(record.length) + DISK_TAIL_BYTES &&
           !is_whole_but_for_its_length(bytes, rest) &&
           !disk_record_follows(bytes, 8, rest, verifier->next_seq - 1);
}

static void take_record(struct verifier *verifier, uint64_t size)
{
    struct journal_report *report = verifier->report;

    if (report->records++ == 0)
        report->first_seq = verifier->next_seq;
    report->head.seq = verifier->next_seq++;
    memcpy(report->head.hash, verifier->chain.value, CHAIN_BYTES);
    verifier->used += size;
    if (verifier->noted->seq == report->head.seq &&
        memcmp(verifier->noted->hash, report->head.hash, CHAIN_BYTES) != 0)
        bad(verifier, report->head.seq, "its hash is not the one that was noted");
}

static enum status check_records(struct verifier *verifier, struct err *err)
{
    enum status status;

    while ((status = fill(verifier, RECORD_SPACE, err)) == OK && left(verifier) > 0 &&
           !is_bad(verifier)) {
        const char *problem = "it is cut short";
        uint64_t size = 0;

        if (left(verifier) >= sizeof(struct lane_record))
            problem = record_problem(verifier, &size);
        if (!problem) {
            take_record(verifier, size);
            continue;
        }
        if (is_torn(verifier))
            verifier->report->torn_bytes = left(verifier);
        else
            bad(verifier, verifier->next_seq, "%s", problem);
        return OK;
    }
    return status;
}

/* --- files --- */

static enum status check_file(struct verifier *verifier, uint64_t first, struct err *err)
{
    char path[DISK_PATH_MAX];
    struct stat info;
    enum status status;

    disk_path(path, verifier->dir, verifier->lane, first);
    verifier->used = verifier->filled = 0;
    verifier->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (verifier->fd < 0)
        return errno == ENOENT ? ERR_REMOVED
                               : err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(verifier->fd, &info) == 0)
        verifier->report->bytes += (uint64_t)info.st_size;
    status = fill(verifier, sizeof(struct disk_header), err);
    if (status == OK && left(verifier) >= sizeof(struct disk_header))
        check_header(verifier, first);
    else if (status == OK && verifier->is_last_file)
        verifier->report->torn_bytes = left(verifier);
    else if (status == OK)
        bad(verifier, verifier->is_first_file ? first : verifier->next_seq,
            "the file is cut short");
    if (status == OK && !is_bad(verifier) && left(verifier) > verifier->report->torn_bytes)
        status = check_records(verifier, err);
    (void)close(verifier->fd);
    return status;
}

/* What the lane's hot file says was synced; 0: it says nothing. */
static uint64_t synced_by_memory(const char *dir, enum journal_lane lane)
{
    struct lane_shared shared;
    char path[DISK_PATH_MAX];
    ssize_t done;
    int fd;

    (void)snprintf(path, sizeof path, "%s/hot-%s.lane", dir, disk_lane_name(lane));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    done = pread(fd, &shared, sizeof shared, 0);
    (void)close(fd);
    return done == (ssize_t)sizeof shared && shared.magic == LANE_MAGIC
               ? atomic_load(&shared.gate_seq[JOURNAL_GATE_PERSISTER])
               : 0;
}

static void check_end(struct verifier *verifier, uint64_t synced)
{
    uint64_t last = verifier->next_seq - 1;

    if (verifier->noted->seq > last)
        bad(verifier, last + 1, "it is missing: sequence %" PRIu64 " was noted",
            verifier->noted->seq);
    if (synced > last)
        bad(verifier, last + 1, "it is missing: memory says that %" PRIu64 " was on the disk",
            synced);
}

static enum status check_lane(struct verifier *verifier, struct err *err)
{
    uint64_t synced = synced_by_memory(verifier->dir, verifier->lane);
    uint64_t *firsts;
    uint32_t count;
    enum status status = disk_list(verifier->dir, verifier->lane, &firsts, &count, err);

    *verifier->report = (struct journal_report){0};
    memset(verifier->chain.value, 0, CHAIN_BYTES);
    verifier->is_first_file = true;
    verifier->next_seq = 1;
    for (uint32_t at = 0; status == OK && at < count && !is_bad(verifier); at++) {
        verifier->is_last_file = at + 1 == count;
        status = check_file(verifier, firsts[at], err);
    }
    free(firsts);
    if (status == OK)
        check_end(verifier, synced);
    return status;
}

static enum status check_until_sure(struct verifier *verifier, struct err *err)
{
    uint64_t bad_before = 0;
    enum status status = OK;

    for (int tries = 0; tries < VERIFY_TRIES; tries++) {
        status = check_lane(verifier, err);
        if (status == ERR_REMOVED)
            continue; /* by retention, while it was read */
        if (status != OK || !is_bad(verifier) || verifier->report->first_bad_seq == bad_before)
            return status;
        bad_before = verifier->report->first_bad_seq;
    }
    return status == ERR_REMOVED
               ? err_set(err, ERR_REMOVED, "files are being removed faster than they can be read")
               : status;
}

enum status journal_verify(const char *dir, enum journal_lane lane,
                           const struct journal_head *noted, struct journal_report *report,
                           struct err *err)
{
    static const struct journal_head none = {0};
    struct verifier verifier = {
        .dir = dir, .lane = lane, .report = report, .noted = noted ? noted : &none, .fd = -1};
    enum status status = chain_open(&verifier.chain, err);

    verifier.buffer = malloc(VERIFY_BUFFER);
    if (status == OK && !verifier.buffer)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    if (status == OK)
        status = check_until_sure(&verifier, err);
    free(verifier.buffer);
    chain_close(&verifier.chain);
    return status;
}
