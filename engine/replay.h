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
#ifndef PITWALL_REPLAY_H
#define PITWALL_REPLAY_H

#include "engine.h"

enum replay_result {
    REPLAY_FINE,
    REPLAY_DIFFERS, /* the engine says something else than it did */
    REPLAY_CANNOT   /* what is there cannot be run again: another build, market data left out */
};

struct replay_options {
    const uint8_t *build; /* 32 bytes; NULL: whoever recorded it */
    bool inputs_only; /* events are passed over: what is compared is what was seen, and hashes */
};

struct replay_counts {
    uint64_t runs, inputs, events;
};

struct replay;

size_t replay_size(void); /* 128-byte aligned memory */
struct replay *replay_init(void *memory, const struct replay_options *options);

/* The next record. An input is run when the next one comes, or by replay_run(). */
enum replay_result replay_take(struct replay *replay, const struct lane_record *record,
                               const void *payload);
/* Runs the input that waits; `cut`: the records of its step may end early. */
enum replay_result replay_run(struct replay *replay, bool cut);

/* NULL before the first INPUT_START. Of the state before the input that waits. */
struct engine *replay_engine(struct replay *replay);
/* The input that waits; 0: none. */
uint16_t replay_waiting(const struct replay *replay, const void **payload, size_t *length,
                        int64_t *now_ns);
struct replay_counts replay_counts(const struct replay *replay);
/* After a result that is not FINE: which record, and why, for people. */
const char *replay_says(const struct replay *replay, uint64_t *seq);

#endif
