/* The disk form of a lane: files DIR/journal/<lane>-<first sequence>.jnl, described in journal.h.
 * Inside this folder only. */
#ifndef PITWALL_JOURNAL_DISK_H
#define PITWALL_JOURNAL_DISK_H

#include "journal/journal.h"

#include <openssl/evp.h>

enum { CHAIN_BYTES = 32, DISK_PATH_MAX = 512, DISK_TAIL_BYTES = 8 + CHAIN_BYTES };
#define DISK_VERSION 1
#define DISK_FILE_BYTES (64LL << 20) /* a new file is begun above, unless told otherwise */

struct disk_header {
    char magic[8];
    uint32_t version, lane;
    uint64_t first_seq;
    uint8_t chain[CHAIN_BYTES]; /* before the first record */
    uint64_t lost;              /* sequences before first_seq that a power loss took */
};
_Static_assert(sizeof(struct disk_header) == 64, "the header is 64 bytes on disk");

/* The digest is fetched once: a fetch for each record costs more than the hash. */
struct chain {
    EVP_MD *sha256;
    EVP_MD_CTX *ctx;
    uint8_t value[CHAIN_BYTES];
};

enum status chain_open(struct chain *chain, struct err *err);
void chain_close(struct chain *chain);
/* value = SHA-256(value || bytes). */
bool chain_next(struct chain *chain, const void *bytes, size_t length);

const char *disk_lane_name(enum journal_lane lane);
void disk_path(char path[DISK_PATH_MAX], const char *dir, enum journal_lane lane, uint64_t first);
/* First sequences of a lane's files, ascending; the caller frees. */
enum status disk_list(const char *dir, enum journal_lane lane, uint64_t **firsts, uint32_t *count,
                      struct err *err);

static inline uint64_t disk_padded(uint32_t length)
{
    return sizeof(struct lane_record) + (((uint64_t)length + 7) & ~7ULL);
}

/* One record with its tail at `bytes`, `left` bytes to the end of the file. */
enum disk_result { DISK_RECORD, DISK_END, DISK_TORN, DISK_BAD };
enum disk_result disk_check(struct chain *chain, const uint8_t *bytes, uint64_t left,
                            uint64_t expected_seq, uint64_t *size);
/* True when a whole record of a sequence above `seq` follows somewhere behind `at`: then what is
 * bad is damage in the middle, not a torn tail. */
bool disk_record_follows(const uint8_t *bytes, uint64_t at, uint64_t length, uint64_t seq);

/* The writing end of one lane. One thread: main during recovery, then the persister.
 *
 * After a failed write or sync nothing behind the last sync is believed any more, whatever the
 * kernel says: disk_rewind() cuts the file back to there, and the records come again, out of
 * memory, into a new file. */
struct disk_writer {
    const char *dir;
    enum journal_lane lane;
    int fd;
    int64_t file_limit; /* a new file is begun above */
    int64_t file_bytes;
    uint64_t last_seq;    /* appended, maybe only to the buffer */
    uint64_t written_seq; /* handed to the kernel */
    uint64_t synced_seq;
    uint64_t lost; /* for the header of the next file; kept until that is synced */
    struct chain chain;
    int failed_errno;                  /* of the last write or sync that failed */
    uint64_t file_first;               /* first sequence of the file in use; 0: none */
    int64_t synced_bytes;              /* of it; 0: not even its header */
    uint8_t synced_chain[CHAIN_BYTES]; /* at synced_seq */
    uint8_t *buffer;
    size_t used;
};

enum { DISK_BUFFER = 1 << 20 };

/* Finds the last record, cuts a torn tail and says so in `says` (appended). ERR_DAMAGED: damage
 * that is not a torn tail. */
enum status disk_open(struct disk_writer *writer, const char *dir, enum journal_lane lane,
                      char says[ERR_TEXT_MAX], struct err *err);
void disk_close(struct disk_writer *writer);
enum status disk_append(struct disk_writer *writer, const struct lane_record *record,
                        const void *payload, struct err *err);
enum status disk_write(struct disk_writer *writer, struct err *err); /* the buffer, to the kernel */
enum status disk_sync(struct disk_writer *writer, struct err *err);  /* the kernel's, to the disk */
/* After either has failed: back to the last sync, for another try. An error: the unsynced tail is
 * still there, so nothing may be appended; to be called again. */
enum status disk_rewind(struct disk_writer *writer, struct err *err);
/* Somebody has removed the file in use: what is written to it is nowhere. */
bool disk_is_gone(const struct disk_writer *writer);
/* Sequences up to `seq` are lost for good; the next file says so. */
enum status disk_skip_to(struct disk_writer *writer, uint64_t seq, struct err *err);

#endif
