/* The hot part of a lane: a file of one page for struct lane_shared and then the lane's bytes,
 * mapped shared, so that the kernel keeps what was committed when the process is killed. Inside
 * this folder only; main thread, at open. */
#ifndef PITWALL_JOURNAL_HOT_H
#define PITWALL_JOURNAL_HOT_H

#include "journal/disk.h"

enum { HOT_HEADER_BYTES = 4096 };

struct hot {
    void *mapping;
    size_t mapped_bytes;
    struct lane lane;
};

/* Appends to `writer` what the hot file holds beyond it, and says so. A hot file that is older than
 * the disk, or does not join it (after a power loss), is told and left out; sequences that may have
 * been seen by others are then skipped, never given twice. */
enum status hot_recover(const char *path, struct disk_writer *writer, char says[ERR_TEXT_MAX],
                        struct err *err);

/* Makes or takes over the file (posix_fallocate: a full disk is told now, not by SIGBUS in the
 * engine), maps it, writes every page once, starts the lane after the writer's last sequence. */
enum status hot_open(struct hot *hot, const char *path, uint64_t capacity, uint64_t last_seq,
                     struct err *err);
void hot_close(struct hot *hot);

/* Appends a sentence to what the recovery says. */
void journal_say(char says[ERR_TEXT_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
