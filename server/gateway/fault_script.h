/* Fault scripts of the simulated venues: JSON lines
 *   {"on":KIND,"nth":N|"every":N|"p":P,"symbol"?,"do":VERB,"ms"?,"code"?,"times"?}
 * one rule a line; empty lines and lines that begin with # are passed over.
 *
 *   on      what the rule counts: tables/fault_kinds.def; of the venue on the wire:
 *           server/venue/fault_kinds.def
 *   nth     fires on the n-th of them (and the `times` - 1 after it); every: on each n-th; p: on
 *           each with that probability, by the seed
 *   symbol  counts only this instrument's: "BTCUSDT", or "sim:BTCUSDT" when two venues have it
 *   do      fault_verbs.def, likewise; ms, code: its parameters, lots among them
 *   times   fires at most so often
 *
 * Main thread, at start. */
#ifndef PITWALL_GATEWAY_FAULT_SCRIPT_H
#define PITWALL_GATEWAY_FAULT_SCRIPT_H

#include "engine.h"

/* What a venue's script may say: its own kinds, verbs and symbols. */
struct fault_words {
    void *ctx;
    /* Fills *rule with kind, verb and its defaults, on any instrument; or says what is wrong. */
    enum status (*begin)(void *ctx, const char *on, const char *does, struct fault_rule *rule,
                         struct err *err);
    /* How many instruments have that name; *instrument: the last of them. */
    uint32_t (*find)(void *ctx, const char *symbol, uint16_t *instrument);
    /* The least `code` of the rule's verb. */
    int64_t (*code_low)(const struct fault_rule *rule);
};

/* One line. ERR_CONFIG: err says what is wrong. */
enum status fault_script_line(const char *text, const struct fault_words *words,
                              struct fault_rule *rule, struct err *err);
/* ERR_CONFIG: err reads `FILE:LINE: what is wrong`; ERR_IO: it cannot be read. */
enum status fault_script_file(const char *path, const struct fault_words *words,
                              struct fault_rule rules[FAULT_RULES_MAX], uint32_t *count,
                              struct err *err);

/* A file in the words of the in-process venue.
 * ERR_CONFIG: err reads `FILE:LINE: what is wrong`; ERR_IO: it cannot be read. */
enum status fault_script_read(const char *path, const struct instrument *instruments,
                              uint16_t instrument_count, struct fault_rule rules[FAULT_RULES_MAX],
                              uint32_t *count, struct err *err);

#endif
