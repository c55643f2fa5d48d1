/* Writes public frames of Bybit as recordings (gateway/recording reads them): one gzip file a
 * symbol, `<ns> <frame>` a line, named bybit-<category>_<symbol>_<start>.gz and made at
 * its first frame. Nothing is overwritten: a second one of that second is named .._<start>-2.gz.
 *
 * One thread. A line costs some 10 us of packing. */
#ifndef PITWALL_GATEWAY_BYBIT_RECORDER_H
#define PITWALL_GATEWAY_BYBIT_RECORDER_H

#include "engine.h"

struct bybit_recorder;

struct bybit_recorder_config {
    const char *folder; /* made when it is not there */
    bool is_spot;
    const char *const *symbols; /* copied */
    uint16_t count;             /* at most MAX_INSTRUMENTS */
    int64_t start_ns;           /* real clock: in the names */
};

/* ERR_CONFIG: a symbol that is none; ERR_IO: the folder cannot be made or written. */
enum status bybit_recorder_open(struct bybit_recorder **recorder,
                                const struct bybit_recorder_config *config, struct err *err);
/* False: it has no topic of these symbols (a reply), is too long for a reader, or could not be
 * written, which bybit_recorder_flush() and _close() say. */
bool bybit_recorder_write(struct bybit_recorder *recorder, int64_t received_ns, const char *text,
                          size_t length);
/* What is written so far can be read after a SIGKILL; it costs some bytes of packing. ERR_IO: a
 * file cannot be written any more. */
enum status bybit_recorder_flush(struct bybit_recorder *recorder, struct err *err);
/* ERR_IO: something of it is not on the disk. */
enum status bybit_recorder_close(struct bybit_recorder *recorder, struct err *err);

#endif
