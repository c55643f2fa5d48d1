/* The audit store on a real journal, as a test of the store starts and stops it. */
#ifndef TESTS_UNIT_STORE_RUNNING_H
#define TESTS_UNIT_STORE_RUNNING_H

#include "unit/store/desk.h"

struct running {
    struct journal *journal;
    struct store *store;
    struct store_saved *saved;
};

/* OK, or what refused it. No assertion: a child that is killed calls it too. */
enum status running_open(struct running *running, struct desk *desk, struct err *err);
void running_start(struct running *running, struct desk *desk); /* asserts */
void running_stop(struct running *running);

struct lane *running_lane(const struct running *running, enum journal_lane lane);
/* What a start writes before the engine speaks. */
void running_names(const struct running *running, const struct desk *desk);
void running_order(const struct running *running, uint64_t id);
/* A record of a person, with the engine sequence that it has seen. */
void running_control(const struct running *running, uint64_t engine_seq, const char *reason);
/* Until the trail has so many rows. */
void running_wait(const struct running *running, uint64_t rows);

#endif
