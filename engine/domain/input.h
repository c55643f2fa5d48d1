/* Inputs: what went into the engine, recorded beside its events so that it can be run again.
 *
 * Each is a record of the engine's lane, written by the engine's thread just before the call that
 * it stands for: what the call emits follows it. A record's kind is a number below, its time the
 * engine's `now`, its cause 0. The payload is the struct of the call as it lies in memory: it is
 * read by the build that wrote it (struct input_start says which), all but INPUT_NAMES, INPUT_CARRY
 * and INPUT_SEEN, which every later build reads too.
 *
 *   INPUT_PART       bytes; an input of more than INPUT_PART_MAX bytes is cut into pieces, all but
 *                    the last of this kind. Pieces without their last never took effect
 *   INPUT_NAMES      struct input_names
 *   INPUT_START      struct input_start; the pieces before it are struct engine_config
 *   INPUT_CARRY      a row of carry.h
 *   INPUT_MARKET     struct market_update
 *   INPUT_EXECUTION  struct execution
 *   INPUT_COMMAND    struct command
 *   INPUT_SEEN       struct input_seen
 *   the others       nothing */
#ifndef PITWALL_DOMAIN_INPUT_H
#define PITWALL_DOMAIN_INPUT_H

#include "domain/scope.h"

enum { INPUT_FIRST = 128, INPUT_PART_MAX = 8192 };

enum input_kind {
    INPUT_BEFORE = INPUT_FIRST - 1,
#define INPUT(ID, ...) ID,
#include "tables/inputs.def"
#undef INPUT
    INPUT_END
};

const char *input_name(enum input_kind kind); /* "market" */

static inline bool input_is_one(uint16_t record_kind)
{
    return record_kind >= INPUT_FIRST && record_kind < INPUT_END;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* The names behind the numbers of the run that follows. */
struct input_names {
    uint16_t venues, strategies, instruments;
    uint16_t enabled; /* a bit for each strategy that the configuration switches on */
    char venue[MAX_VENUES][MAX_NAME];        /* "sim" */
    char strategy[MAX_STRATEGIES][MAX_NAME]; /* "maker" */
    struct input_instrument {
        char name[MAX_NAME]; /* "sim:BTCUSDT" */
        char currency[16];   /* settlement */
        int64_t tick_units, lot_units;
        uint32_t price_decimals, qty_decimals;
        uint16_t venue;
        uint8_t reserved[6];
    } instrument[MAX_INSTRUMENTS];
};

struct input_start {
    uint8_t build[32];         /* SHA-256 of the program */
    uint8_t config[32];        /* SHA-256 of the configuration file */
    uint64_t config_bytes;     /* of the struct engine_config before it */
    uint64_t ticket, doorbell; /* of the kill page, as the engine finds it */
    uint64_t word[MAX_SCOPES], cleared[MAX_SCOPES];
};

/* What a step reads that is no input of it: others write there at any moment. The looks of each
 * kind are numbered within a step, from 1; one is recorded when it saw something else than the look
 * before. A look that is not recorded saw the same. */
enum seen_kind {
    SEEN_PAGE,    /* kill page: value is the doorbell, words follow as (scope, word) pairs */
    SEEN_TICKET,  /* the generation that the engine drew for a kill of its own */
    SEEN_FULL,    /* no room on the order ring of gateway `which` */
    SEEN_STORAGE, /* value: 0 the journal takes all; else bits SEEN_SUSPECT, SEEN_NO_ROOM */
    SEEN_KINDS
};
enum { SEEN_SUSPECT = 1, SEEN_NO_ROOM = 2 };

struct input_seen {
    uint64_t value;
    uint32_t look;
    uint16_t kind, which;
    uint16_t count; /* pairs that follow */
    uint8_t reserved[6];
    struct seen_word {
        uint64_t word;
        uint16_t scope;
        uint8_t reserved[6];
    } words[];
};

#pragma GCC diagnostic pop

#endif
