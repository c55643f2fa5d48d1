#include "journal/snapshot.h"

#include "thread/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST_BYTES = 32, SNAPSHOT_VERSION = 1, ROW_HEAD_BYTES = 8 };

static const char magic[8] = {'P', 'W', 'S', 'N', 'A', 'P', '1', 0};

static void path_of(char path[DISK_PATH_MAX], const char *dir, uint64_t seq)
{
    (void)snprintf(path, DISK_PATH_MAX, "%s/journal/snapshot-%020" PRIu64 ".snp", dir, seq);
}

static bool digest(const void *bytes, size_t length, uint8_t out[DIGEST_BYTES])
{
    return EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) == 1;
}

static uint64_t padded(uint64_t length)
{
    return (length + 7) & ~7ULL;
}

/* --- writing --- */

struct packing {
    uint8_t *bytes;
    uint64_t used;
    uint32_t rows;
};

static bool pack_row(void *ctx, const void *row, uint32_t length)
{
    struct packing *packing = ctx;
    uint64_t end = packing->used + ROW_HEAD_BYTES + padded(length);

    if (end + DIGEST_BYTES > SNAPSHOT_BYTES_MAX)
        return false;
    memset(packing->bytes + packing->used, 0, end - packing->used);
    memcpy(packing->bytes + packing->used, &length, sizeof length);
    memcpy(packing->bytes + packing->used + ROW_HEAD_BYTES, row, length);
    packing->used = end;
    packing->rows++;
    return true;
}

static bool pack(struct packing *packing, const struct carry *carry, uint64_t seq,
                 const uint8_t chain[CHAIN_BYTES])
{
    struct snapshot_head head = {.version = SNAPSHOT_VERSION, .seq = seq};

    packing->used = sizeof head;
    if (!carry_each(carry, pack_row, packing))
        return false;
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.chain, chain, CHAIN_BYTES);
    head.rows = packing->rows;
    head.bytes = packing->used - sizeof head;
    memcpy(packing->bytes, &head, sizeof head);
    if (!digest(packing->bytes, packing->used, packing->bytes + packing->used))
        return false;
    packing->used += DIGEST_BYTES;
    return true;
}

static enum status sync_folder(const char *dir, struct err *err)
{
    char path[DISK_PATH_MAX];
    int fd;
    bool well;

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    well = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return well ? OK : err_format(err, ERR_STORAGE, "%s: cannot be synced", path);
}

static enum status write_file(const char *dir, uint64_t seq, const struct packing *packing,
                              struct err *err)
{
    char path[DISK_PATH_MAX];
    char fresh[DISK_PATH_MAX];
    uint64_t done = 0;
    bool well = true;
    int fd;

    path_of(path, dir, seq);
    (void)snprintf(fresh, sizeof fresh, "%s/journal/.snapshot.new", dir);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_format(err, ERR_STORAGE, "%s: %s", fresh, strerror(errno));
    while (well && done < packing->used) {
        ssize_t wrote = write(fd, packing->bytes + done, packing->used - done);

        well = wrote > 0 || (wrote < 0 && errno == EINTR);
        done += wrote > 0 ? (uint64_t)wrote : 0;
    }
    well = well && fsync(fd) == 0;
    if (close(fd) != 0 || !well || rename(fresh, path) != 0)
        return err_format(err, ERR_STORAGE, "%s: %s", path, strerror(errno));
    return sync_folder(dir, err);
}

static void remove_old(const char *dir)
{
    uint64_t seqs[64];
    uint32_t count = snapshot_list(dir, seqs, sizeof seqs / sizeof seqs[0]);
    char path[DISK_PATH_MAX];

    for (uint32_t at = SNAPSHOTS_KEPT; at < count; at++) {
        path_of(path, dir, seqs[at]);
        (void)unlink(path); /* one too many does no harm */
    }
}

enum status snapshot_write(const char *dir, const struct carry *carry, uint64_t seq,
                           const uint8_t chain[CHAIN_BYTES], uint8_t *scratch, struct err *err)
{
    struct packing packing = {.bytes = scratch};
    enum status status;

    if (!pack(&packing, carry, seq, chain))
        return err_set(err, ERR_STORAGE, "snapshot: it is too large");
    status = write_file(dir, seq, &packing, err);
    if (status == OK)
        remove_old(dir);
    return status;
}

/* --- reading --- */

static bool seq_of(const char *name, uint64_t *seq)
{
    static const char before[] = "snapshot-";
    char *end;

    if (strncmp(name, before, sizeof before - 1) != 0)
        return false;
    *seq = strtoull(name + sizeof before - 1, &end, 10);
    return strcmp(end, ".snp") == 0;
}

/* Puts a sequence in its place among those found, newest first. */
static uint32_t insert(uint64_t *seqs, uint32_t count, uint32_t most, uint64_t seq)
{
    uint32_t at = count < most ? count : most - 1;

    if (count == most && seqs[at] > seq)
        return count;
    for (; at > 0 && seqs[at - 1] < seq; at--)
        seqs[at] = seqs[at - 1];
    seqs[at] = seq;
    return count < most ? count + 1 : count;
}

uint32_t snapshot_list(const char *dir, uint64_t *seqs, uint32_t most)
{
    char path[DISK_PATH_MAX];
    struct dirent *entry;
    uint32_t count = 0;
    uint64_t seq;
    DIR *folder;

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    folder = opendir(path);
    if (!folder)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        if (seq_of(entry->d_name, &seq))
            count = insert(seqs, count, most, seq);
    (void)closedir(folder);
    return count;
}

static bool read_file(const char *path, uint8_t *bytes, uint64_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t done = 1;

    *length = 0;
    while (fd >= 0 && done > 0 && *length < SNAPSHOT_BYTES_MAX) {
        done = read(fd, bytes + *length, SNAPSHOT_BYTES_MAX - *length);
        *length += done > 0 ? (uint64_t)done : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 && done == 0;
}

static bool is_whole(const uint8_t *bytes, uint64_t length, uint64_t seq,
                     struct snapshot_head *head)
{
    uint8_t found[DIGEST_BYTES];

    if (length < sizeof *head + DIGEST_BYTES)
        return false;
    memcpy(head, bytes, sizeof *head);
    return memcmp(head->magic, magic, sizeof magic) == 0 && head->version == SNAPSHOT_VERSION &&
           head->seq == seq && head->bytes == length - sizeof *head - DIGEST_BYTES &&
           digest(bytes, length - DIGEST_BYTES, found) &&
           memcmp(found, bytes + length - DIGEST_BYTES, DIGEST_BYTES) == 0;
}

static bool unpack(const uint8_t *rows, const struct snapshot_head *head, struct carry *carry)
{
    uint64_t at = 0;

    for (uint32_t row = 0; row < head->rows; row++) {
        uint32_t length;

        if (head->bytes - at < ROW_HEAD_BYTES)
            return false;
        memcpy(&length, rows + at, sizeof length);
        at += ROW_HEAD_BYTES;
        if (length > INPUT_PART_MAX || padded(length) > head->bytes - at ||
            !carry_put(carry, rows + at, length))
            return false;
        at += padded(length);
    }
    return at == head->bytes && carry_names(carry) != NULL;
}

enum status snapshot_read(const char *dir, uint64_t seq, struct carry *carry,
                          uint8_t chain[CHAIN_BYTES], uint8_t *scratch, struct err *err)
{
    char path[DISK_PATH_MAX];
    struct snapshot_head head;
    enum status status = OK;
    uint64_t length;

    path_of(path, dir, seq);
    if (!read_file(path, scratch, &length) || !is_whole(scratch, length, seq, &head) ||
        !unpack(scratch + sizeof head, &head, carry))
        status = err_format(err, ERR_DAMAGED, "snapshot %" PRIu64 " is damaged", seq);
    else
        memcpy(chain, head.chain, CHAIN_BYTES);
    return status;
}
