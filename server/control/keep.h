/* Keep: small facts of the control plane that must outlive a restart, in DIR/control.db.
 *
 * A fact is a JSON object under a kind ("timebox", "setting", "repeat", ...) and a key; each kind
 * belongs to one part of control/ or api/, which also says in its header what the object holds.
 * What is kept here is what the control plane itself has promised to do or to remember; what
 * happened is in the journal. Durable when a write returns OK, which takes a sync (about a
 * millisecond, or as long as the disk takes): never on a listener's thread, and nothing that a kill
 * waits for. Any thread; one lock. */
#ifndef PITWALL_CONTROL_KEEP_H
#define PITWALL_CONTROL_KEEP_H

#include "engine.h"

#include <jansson.h>

struct keep;

enum status keep_open(struct keep **keep, const char *dir, struct err *err);
void keep_close(struct keep *keep);

/* Inserts or replaces; a replaced fact is the newest of its kind again. The value is borrowed. */
enum status keep_put(struct keep *keep, const char *kind, const char *key, const json_t *value,
                     struct err *err);
/* The same value under two kinds: both, or neither. */
enum status keep_put_both(struct keep *keep, const char *const kind[2], const char *const key[2],
                          const json_t *value, struct err *err);
/* Inserts only: ERR_CONFLICT when a fact of that kind and key is there, which then stays. */
enum status keep_add(struct keep *keep, const char *kind, const char *key, const json_t *value,
                     struct err *err);
/* *value is a new reference. ERR_NOT_FOUND, ERR_DAMAGED. */
enum status keep_get(struct keep *keep, const char *kind, const char *key, json_t **value,
                     struct err *err);
/* How many facts of the kind have a key (of ASCII) that begins so; walks them in an index. */
enum status keep_count(struct keep *keep, const char *kind, const char *begin, uint32_t *count,
                       struct err *err);
/* Of one that is not there: OK. */
enum status keep_delete(struct keep *keep, const char *kind, const char *key, struct err *err);
/* Removes all but the newest `most` of the kind. */
enum status keep_trim(struct keep *keep, const char *kind, uint32_t most, struct err *err);
/* Of the oldest `most` of the kind, removes those whose member "at_ns" (a number as text) is below
 * before_ns. */
enum status keep_trim_before(struct keep *keep, const char *kind, int64_t before_ns, uint32_t most,
                             struct err *err);
/* Calls each for each fact of the kind, oldest first; it must not call keep_*. ERR_DAMAGED when a
 * value is no JSON object. */
enum status keep_each(struct keep *keep, const char *kind,
                      void (*each)(void *ctx, const char *key, const json_t *value), void *ctx,
                      struct err *err);

#endif
