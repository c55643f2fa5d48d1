#include "journal/hot.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOOT_AT = 2048, BOOT_BYTES = 64 }; /* in the first page, behind struct lane_shared */

/* No lane comes so far; a number above was never given. */
#define SEQ_MAX (1ULL << 62)

_Static_assert(sizeof(struct lane_shared) <= BOOT_AT, "the lane's head fits its half page");

/* Which boot of the machine wrote the file. After another one (a power loss, maybe) the pages of
 * the mapping may be of different ages, so what lies there is not trusted. */
static void read_boot(char boot[BOOT_BYTES])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    memset(boot, 0, BOOT_BYTES);
    if (fd < 0)
        return;
    if (read(fd, boot, BOOT_BYTES - 1) < 0)
        boot[0] = '\0';
    (void)close(fd);
}

static bool is_of_this_boot(const void *mapping)
{
    char boot[BOOT_BYTES];

    read_boot(boot);
    return memcmp((const uint8_t *)mapping + BOOT_AT, boot, BOOT_BYTES) == 0;
}

void journal_say(char says[ERR_TEXT_MAX], const char *format, ...)
{
    size_t used = strlen(says);
    va_list values;

    if (used > 0 && used + 3 < ERR_TEXT_MAX) {
        memcpy(says + used, "; ", 3);
        used += 2;
    }
    va_start(values, format);
    (void)vsnprintf(says + used, ERR_TEXT_MAX - used, format, values);
    va_end(values);
}

/* Where a reader that lost its place begins: at the persister's gate, with whatever sequence lies
 * there. (Position and sequence of a gate are two stores, so only the position is trusted; the
 * writer zeroed the next commit word before each commit, so what lies there is this lap's.) */
static void stand_at_gate(struct lane_reader *reader, struct lane *lane)
{
    uint64_t at = atomic_load(&lane->shared->gate[JOURNAL_GATE_PERSISTER]);
    const struct lane_record *record =
        (const struct lane_record *)(const void *)(lane->bytes + (at & (lane->capacity - 1)));

    *reader = (struct lane_reader){.lane = lane, .read_at = at};
    reader->next_seq = atomic_load(&record->commit);
}

/* What a lane's writer can have left at the reader's place. Nothing guards these bytes but us: a
 * length that nobody wrote would be copied over whatever lies behind the buffers. */
static bool is_plausible(const struct lane_reader *reader)
{
    const struct lane *lane = reader->lane;
    uint64_t at = reader->read_at & (lane->capacity - 1);
    uint64_t left = lane->capacity - at;
    const struct lane_record *record = (const struct lane_record *)(const void *)(lane->bytes + at);

    if (record->kind == LANE_PAD)
        return left < LANE_RECORD_MAX + sizeof *record;
    return record->length <= LANE_RECORD_MAX - sizeof *record &&
           disk_padded(record->length) + sizeof *record <= left;
}

/* OK: a record; ERR_NOT_FOUND: none is there; ERR_DAMAGED: what nobody wrote. */
static enum status read_tail(struct lane_reader *reader, uint64_t from, struct lane_record *record,
                             void *payload)
{
    const struct lane *lane = reader->lane;

    for (;;) {
        uint64_t at = reader->read_at & (lane->capacity - 1);
        const struct lane_record *here =
            (const struct lane_record *)(const void *)(lane->bytes + at);

        if (atomic_load(&here->commit) != reader->next_seq)
            return ERR_NOT_FOUND;
        if (!is_plausible(reader) || reader->read_at - from >= lane->capacity)
            return ERR_DAMAGED;
        if (here->kind != LANE_PAD)
            return lane_read(reader, record, payload) == LANE_RECORD ? OK : ERR_DAMAGED;
        reader->read_at += lane->capacity - at;
    }
}

/* Where the persister and the writer stood can be true: within a lap of each other, at a record. */
static bool is_head_plausible(const struct lane *lane)
{
    uint64_t gate = atomic_load(&lane->shared->gate[JOURNAL_GATE_PERSISTER]);
    uint64_t claimed = atomic_load(&lane->shared->claimed);

    return (gate & 7) == 0 &&
           lane->capacity - (gate & (lane->capacity - 1)) >= sizeof(struct lane_record) &&
           claimed - gate <= lane->capacity;
}

static enum status tell_lost(struct disk_writer *writer, uint64_t newest, char says[ERR_TEXT_MAX],
                             struct err *err)
{
    journal_say(says,
                "%s lane: sequences %" PRIu64 " to %" PRIu64 " are lost (power loss, or a "
                "file was removed)",
                disk_lane_name(writer->lane), writer->last_seq + 1, newest);
    return disk_skip_to(writer, newest, err);
}

static enum status copy_tail(struct lane *lane, struct disk_writer *writer, uint64_t *copied,
                             bool *damaged, char says[ERR_TEXT_MAX], struct err *err)
{
    static _Alignas(8) uint8_t payload[LANE_RECORD_MAX];
    enum status found = ERR_NOT_FOUND;
    struct lane_reader reader;
    uint64_t from;
    struct lane_record record;
    enum status status = OK;

    *copied = 0;
    *damaged = !is_head_plausible(lane);
    if (*damaged)
        return OK;
    stand_at_gate(&reader, lane);
    from = reader.read_at;
    *damaged = reader.next_seq > SEQ_MAX;
    if (reader.next_seq == 0 || *damaged)
        return OK;
    if (reader.next_seq > writer->last_seq + 1) {
        status = tell_lost(writer, reader.next_seq - 1, says, err);
        if (status != OK)
            return status;
    }
    while (status == OK && (found = read_tail(&reader, from, &record, payload)) == OK) {
        if (atomic_load(&record.commit) <= writer->last_seq)
            continue; /* written, the gate had not moved yet */
        status = disk_append(writer, &record, payload, err);
        (*copied)++;
    }
    *damaged = found == ERR_DAMAGED;
    if (status == OK)
        status = disk_write(writer, err);
    return status == OK ? disk_sync(writer, err) : status;
}

/* Sequences that the lane has given away, so that none is given twice. */
static uint64_t newest_given(const struct lane_shared *shared)
{
    uint64_t newest = atomic_load(&shared->head_seq);

    for (uint32_t gate = 0; gate < JOURNAL_GATES; gate++) {
        uint64_t seen = atomic_load(&shared->gate_seq[gate]);

        newest = seen > newest ? seen : newest;
    }
    return newest;
}

static enum status recover_mapped(void *mapping, uint64_t bytes, struct disk_writer *writer,
                                  char says[ERR_TEXT_MAX], struct err *err)
{
    struct lane lane = {.shared = mapping,
                        .bytes = (uint8_t *)mapping + HOT_HEADER_BYTES,
                        .capacity = bytes - HOT_HEADER_BYTES,
                        .gates = JOURNAL_GATES};
    const char *name = disk_lane_name(writer->lane);
    bool damaged = false;
    uint64_t copied = 0;
    uint64_t newest;
    enum status status;

    if (lane.shared->magic != LANE_MAGIC || lane.shared->capacity != lane.capacity ||
        (lane.capacity & (lane.capacity - 1)) != 0) {
        journal_say(says, "%s lane: the hot file was never in use", name);
        return OK;
    }
    status = is_of_this_boot(mapping) ? copy_tail(&lane, writer, &copied, &damaged, says, err) : OK;
    if (status != OK)
        return status;
    if (copied > 0)
        journal_say(says,
                    "%s lane: %" PRIu64 " records recovered from memory, up to sequence %" PRIu64,
                    name, copied, writer->last_seq);
    newest = newest_given(lane.shared);
    /* Nobody knows what stood there: at least one is missing, so that the start is not sure. */
    if (damaged || newest > SEQ_MAX) {
        journal_say(says, "%s lane: the hot file is damaged", name);
        newest = newest > writer->last_seq && newest <= SEQ_MAX ? newest : writer->last_seq + 1;
    }
    return newest > writer->last_seq ? tell_lost(writer, newest, says, err) : OK;
}

enum status hot_recover(const char *path, struct disk_writer *writer, char says[ERR_TEXT_MAX],
                        struct err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat info;
    void *mapping;
    enum status status;

    if (fd < 0)
        return errno == ENOENT ? OK : err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || info.st_size < HOT_HEADER_BYTES + 4 * LANE_RECORD_MAX) {
        (void)close(fd);
        journal_say(says, "%s lane: the hot file is too short to hold anything",
                    disk_lane_name(writer->lane));
        return OK;
    }
    mapping = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (mapping == MAP_FAILED)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    status = recover_mapped(mapping, (uint64_t)info.st_size, writer, says, err);
    (void)munmap(mapping, (size_t)info.st_size);
    return status;
}

static enum status take_file(const char *path, size_t bytes, int *fd, struct err *err)
{
    struct stat info;
    int code;

    if (stat(path, &info) == 0 && info.st_size != (off_t)bytes && unlink(path) != 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    code = posix_fallocate(*fd, 0, (off_t)bytes);
    if (code == 0)
        return OK;
    (void)close(*fd);
    return err_format(err, ERR_IO, "%s: %zu bytes: %s", path, bytes, strerror(code));
}

enum status hot_open(struct hot *hot, const char *path, uint64_t capacity, uint64_t last_seq,
                     struct err *err)
{
    size_t bytes = HOT_HEADER_BYTES + (size_t)capacity;
    char boot[BOOT_BYTES];
    int fd = -1;
    enum status status = take_file(path, bytes, &fd, err);

    if (status != OK)
        return status;
    hot->mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (hot->mapping == MAP_FAILED)
        return err_format(err, ERR_IO, "%s: %s", path, strerror(errno));
    hot->mapped_bytes = bytes;
    /* Recovered by now. Written, not read: a page that was only read faults again at its first
     * store. The bytes go first: a crash in between finds nothing at the old gate. */
    memset((uint8_t *)hot->mapping + HOT_HEADER_BYTES, 0, (size_t)capacity);
    read_boot(boot);
    memcpy((uint8_t *)hot->mapping + BOOT_AT, boot, BOOT_BYTES);
    lane_init(&hot->lane, hot->mapping, (uint8_t *)hot->mapping + HOT_HEADER_BYTES, capacity,
              JOURNAL_GATES, last_seq);
    return OK;
}

void hot_close(struct hot *hot)
{
    if (hot->mapping)
        (void)munmap(hot->mapping, hot->mapped_bytes);
    hot->mapping = NULL;
}
