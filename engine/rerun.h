/* Running again what was recorded, and proving that it comes out the same.
 *
 * Records of the engine's lane go in, in their order; a second engine gets the inputs among them,
 * sees what the first one saw (INPUT_SEEN), and everything it says is compared with the records to
 * the byte. A run begins with INPUT_START, which holds all that the engine came up with; what comes
 * before the first one is passed over. A run that was cut off in the middle of a step has said a
 * part of what the step says: that is no difference.
 *
 * One thread; no system call, no heap: the memory is the caller's (some 60 MiB, of which only what
 * the configuration needs is touched). About as fast as the engine. */
#ifndef PITWALL_RERUN_H
#define PITWALL_RERUN_H

#include "base/lane.h"

struct engine;

enum rerun_result {
    RERUN_FINE,
    RERUN_DIFFERS, /* the engine says something else than it did */
    RERUN_CANNOT   /* what is there cannot be run again: another build, market data left out */
};

struct rerun_options {
    const uint8_t *build; /* 32 bytes; NULL: whoever recorded it */
    bool inputs_only; /* events are passed over: what is compared is what was seen, and hashes */
};

struct rerun_counts {
    uint64_t runs, inputs, events;
    uint64_t gaps; /* runs that stopped recording for want of room: they are compared up to there */
};

struct rerun;

size_t rerun_size(void); /* 128-byte aligned memory */
struct rerun *rerun_init(void *memory, const struct rerun_options *options);

/* The next record. An input is run when the next one comes, or by rerun_run(). */
enum rerun_result rerun_take(struct rerun *rerun, const struct lane_record *record,
                             const void *payload);
/* Runs the input that waits; `cut`: the records of its step may end early. */
enum rerun_result rerun_run(struct rerun *rerun, bool cut);

/* NULL before the first INPUT_START. Of the state before the input that waits. */
struct engine *rerun_engine(struct rerun *rerun);
/* The input that waits; 0: none. */
uint16_t rerun_waiting(const struct rerun *rerun, const void **payload, size_t *length,
                       int64_t *now_ns);
struct rerun_counts rerun_counts(const struct rerun *rerun);
/* After a result that is not FINE: which record, and why, for people. */
const char *rerun_says(const struct rerun *rerun, uint64_t *seq);

#endif
