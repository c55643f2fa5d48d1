/* A strategy that was switched on in mode live, and its first day: 24 hours in which its limits
 * stay at or below a ceiling.
 *
 * Kept (keep.h, kind "armed", key the strategy's name) before the strategy is switched on, and for
 * ever after, so that it is known which strategies two people have switched on in this directory:
 *
 *   {"at_ns","by","proposer","approval","left_ns","noted_ns","ceiling":{limit:value}}
 *
 * Times are wall clock as text, values held units as text, left_ns what was left when last noted;
 * 0: the day is over, and the audit was told.
 *
 * The ceiling. Of a limit that the configuration names in `first_day`: that value. Of any other
 * what stands in the strategy's own scope when it is armed: so nothing is loosened on that day.
 * What the scope leaves to the firm has no ceiling of its own; what nobody set denied, and stays
 * so.
 *
 * When it ends. The monotonic clock counts while the program runs, so no step of the wall clock
 * shortens the day; the wall clock counts the time that it was down. One that stands before
 * noted_ns was set back meanwhile, and nothing is taken off: a longer day only restricts.
 *
 * Pure functions; control thread and tests. */
#ifndef PITWALL_CONTROL_FIRST_DAY_H
#define PITWALL_CONTROL_FIRST_DAY_H

#include "control/limits.h"
#include "control/timebox.h"

#define FIRST_DAY_NS (24 * 3600 * 1000000000LL)

struct first_day {
    int64_t at_ns;                         /* when it was armed, wall clock; 0: never */
    char by[MAX_NAME], proposer[MAX_NAME]; /* who approved, who proposed */
    char approval[32];
    struct limits ceiling;     /* LIMIT_UNSET: none of that limit */
    int64_t left_ns, noted_ns; /* as last kept */
    int64_t noted_mono_ns;     /* of this run, as the next */
    int64_t mono_until_ns;
    int64_t until_ns; /* wall clock, for people: moves only with a step of the clock */
};

/* `named` is what the configuration says, `stands` what the scope holds, `firm` what the firm's
 * does. */
void first_day_ceiling(struct limits *ceiling, const struct limits *named,
                       const struct limits *stands, const struct limits *firm);
/* What the scope must hold; true when that is not what stands. Never looser in any limit. */
bool first_day_holds_down(const struct first_day *day, const struct limits *stands,
                          const struct limits *firm, struct limits *next);

void first_day_start(struct first_day *day, struct instant now);
/* After a restart, of one that was read. */
void first_day_resume(struct first_day *day, struct instant now);
/* At most 0: it is over. */
int64_t first_day_left_ns(const struct first_day *day, struct instant now);
/* To be noted again: a minute has passed, or the wall clock has been set. */
bool first_day_is_due(const struct first_day *day, struct instant now);
/* Notes what is left, to be kept. */
void first_day_note(struct first_day *day, struct instant now);

/* As it is kept, and back. ERR_DAMAGED: what is missing would be a day without its ceiling. A limit
 * that is not known any more is left out. */
json_t *first_day_kept(const struct first_day *day);
enum status first_day_read(struct first_day *day, const char *strategy, const json_t *kept,
                           struct err *err);

/* {"at_ns","by","first_day_until_ns"}; the last null when the day is over. Of one that was never
 * armed json null. */
json_t *first_day_armed_json(const struct first_day *day, struct instant now);
/* {"until_ns","ceiling":{name:value}}, or json null when there is none now. */
json_t *first_day_json(const struct first_day *day, struct instant now);
/* "2026-01-31T12:00:00Z" */
void first_day_until(const struct first_day *day, char out[32]);

#endif
