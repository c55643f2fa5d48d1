/* Records the public frames that a gateway uses, beside its trading: venue setting `record`.
 *
 * The gateway copies each frame into a ring (8 MiB) and goes on; a thread of its own drains it
 * every 5 ms, packs and writes by recorder.h, and flushes at least once a second, so that what is
 * older survives a SIGKILL. A new file begins at each start, and with the first frame of a UTC day;
 * the chain of the books goes on in it. A frame that finds the ring full is dropped and counted;
 * the thread says so at most once a second, and a reader sees the gap in `u`. When something cannot
 * be written (a full disk) the recording ends, which is said once, and nothing else is touched.
 *
 * Memory is taken at the opening; the files' at their first frame. */
#ifndef PITWALL_GATEWAY_BYBIT_RECORD_THREAD_H
#define PITWALL_GATEWAY_BYBIT_RECORD_THREAD_H

#include "gateway/bybit/bybit.h"
#include "gateway/bybit/market.h"
#include "gateway/bybit/recorder.h"

enum { RECORD_RING_BYTES = 8 << 20 };

struct record_thread;

/* What a gateway or feed does at its opening: *record stays NULL when config->record is empty; else
 * as the two below. */
enum status record_thread_begin(struct record_thread **record, const struct bybit_config *config,
                                const struct bybit_listing *listings, uint16_t count,
                                struct err *err);

/* Without the thread: record_thread_start(), or whoever calls record_thread_turn(). ERR_CONFIG: the
 * folder cannot be made or written. `config` is copied, with its names. */
enum status record_thread_open(struct record_thread **record,
                               const struct bybit_recorder_config *config, struct err *err);
enum status record_thread_start(struct record_thread *record, struct err *err);
/* Writes what is in the ring, ends the thread and the files. NULL: nothing. */
void record_thread_close(struct record_thread *record);

/* Gateway's thread: a copy of the frame, no system call. */
void record_thread_take(struct record_thread *record, int64_t received_ns, const char *text,
                        size_t length);
/* The thread's: what is in the ring, then a flush when a second has passed. False: the recording
 * has ended. */
bool record_thread_turn(struct record_thread *record, int64_t mono_ns);

/* Any thread. */
uint64_t record_thread_dropped(const struct record_thread *record);
bool record_thread_has_failed(const struct record_thread *record);

#endif
