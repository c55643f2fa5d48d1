/* Fault scripts of the simulated venue: JSON lines
 *   {"on":KIND,"nth":N|"every":N|"p":P,"symbol"?,"do":VERB,"ms"?,"code"?,"times"?}
 * one rule a line; empty lines and lines that begin with # are passed over.
 *
 *   on      what the rule counts: tables/fault_kinds.def
 *   nth     fires on the n-th of them (and the `times` - 1 after it); every: on each n-th; p: on
 *           each with that probability, by the seed
 *   symbol  counts only this instrument's: "BTCUSDT", or "sim:BTCUSDT" when two venues have it
 *   do      tables/fault_verbs.def; ms, code: its parameters, lots among them
 *   times   fires at most so often
 *
 * Main thread, at start. */
#ifndef PITWALL_GATEWAY_FAULT_SCRIPT_H
#define PITWALL_GATEWAY_FAULT_SCRIPT_H

#include "engine.h"

/* ERR_CONFIG: err reads `FILE:LINE: what is wrong`; ERR_IO: it cannot be read. */
enum status fault_script_read(const char *path, const struct instrument *instruments,
                              uint16_t instrument_count, struct fault_rule rules[FAULT_RULES_MAX],
                              uint32_t *count, struct err *err);

#endif
