/* A session of one instrument for a matching engine: 5,000,000 orders and cancels, always the same.
 *
 * From xorshift64* with seed 0x9E3779B97F4A7C15, one draw for each choice:
 *   - the first 12,000 messages, and any while fewer than 8,000 orders rest, are passive orders;
 *     else of 1,000 messages 500 are passive orders, 455 cancels, 45 aggressive orders;
 *   - a passive order is a bid or an ask of 1..100 lots; 90 % lie 1 tick from mid and further while
 *     a chance of 0.8 holds, at most 20; the rest 21..200 ticks, all the same. It never crosses;
 *   - an aggressive order of 1..150 lots goes 0..3 ticks through the opposite touch; what is left
 *     rests;
 *   - of the cancels 60 % draw one of the newest 512 ids, and if that no longer rests, as the other
 *     40 % do, one of all that rest;
 *   - mid steps one tick up or down at one message in 64 and stays within the touch.
 * Ids count from 1. The session that this describes traded 542,856 times, 16,607,551 lots; the
 * description leaves the order of the draws open, so shares and depth agree with it and single
 * trades do not: what this one trades stands below. */
#ifndef PITWALL_CLI_WORKLOAD_H
#define PITWALL_CLI_WORKLOAD_H

#include "engine.h"

enum { WORKLOAD_MESSAGES = 5000000, WORKLOAD_RESTING_MAX = 16384 };

/* What a correct engine makes of all messages, and what the messages are. */
#define WORKLOAD_CHECKSUM 0x12f6d6480db6f7e6ULL
#define WORKLOAD_TRADES 534516ULL
#define WORKLOAD_VOLUME_LOTS 16388232ULL

enum workload_kind { WORKLOAD_NEW, WORKLOAD_CANCEL };

struct workload_message {
    uint64_t id; /* of a cancel: the order's */
    uint32_t price_ticks;
    uint16_t lots;
    uint8_t kind, side;
};

/* The first `count` messages. False: no memory. */
bool workload_make(struct workload_message *messages, uint32_t count);
/* FNV-1a, eight bytes at a time. */
uint64_t workload_checksum(const struct workload_message *messages, uint32_t count);
/* Puts in place of the ids in cancels those that an exchange with ids of its own gives. False: no
 * memory. */
bool workload_rename(struct workload_message *messages, uint32_t count);

#endif
