/* Time boxes: raised limits that return by themselves.
 *
 * A box is one approved raise: which limits of which scope, to what, and what they go back to.
 * It is kept (keep.h, kind "timebox", key the approval's id) before the raise is commanded, so
 * that no raise is ever in force without its box:
 *
 *   {"scope","limits":{name:{"value","back_to"}},"set_ns","until_ns","left_ns","noted_ns"}
 *
 * Values are held units as text, times wall clock as text, left_ns what was left when last
 * noted.
 *
 * When it ends. Two clocks run, and the first that comes to its end decides: the wall clock at
 * until_ns, and the monotonic clock after the whole duration. So a wall clock that is set
 * forward ends it early, and one that is set back does not make it longer. Over a restart the
 * wall clock counts the time that the program was down; one that stands before noted_ns has been
 * set back while it was, nobody knows for how long, and the box is over at once. What was left
 * when last noted (every minute) is never given again.
 *
 * What it goes back to. Per limit the tighter of what stood before and what stands now: a return
 * never loosens, and what was tightened meanwhile stays. Where a later box, still running, holds
 * the same limit, two people have decided on that until it ends too: the limit stays at most
 * where that one put it, and that one goes back to the tighter of both. A later raise that was
 * approved to stay ends the box of the limits that it names.
 *
 * Pure functions but for keeping; control thread and tests. */
#ifndef PITWALL_CONTROL_TIMEBOX_H
#define PITWALL_CONTROL_TIMEBOX_H

#include "config/config.h"
#include "control/keep.h"
#include "control/limits.h"

enum { TIMEBOXES_MAX = 64 };

struct timebox {
    uint64_t approval; /* its number; 0: this place is free. The larger the later. */
    uint16_t scope;
    bool named[LIMIT_COUNT];
    struct limits value, back_to; /* of those named; never LIMIT_UNSET */
    int64_t set_ns, until_ns;     /* wall clock */
    int64_t mono_until_ns;        /* of this run */
    int64_t left_ns, noted_ns;    /* as last kept; noted_ns wall clock */
};

struct timeboxes {
    struct timebox row[TIMEBOXES_MAX];
};

/* What one clock says, and what the other. */
struct instant {
    int64_t wall_ns, mono_ns;
};

/* The limits of `change` that are looser than `now`, to go back to it. False: none is. `firm` as in
 * limits_loosen(). Not started. */
bool timebox_make(struct timebox *box, const struct limits_change *change, const struct limits *now,
                  const struct limits *firm);
void timebox_start(struct timebox *box, int64_t duration_ns, struct instant now);
/* After a restart, of one that was read. */
void timebox_resume(struct timebox *box, struct instant now);
/* Notes what is left, to be kept. */
void timebox_note(struct timebox *box, struct instant now);
/* At most 0: it is over. */
int64_t timebox_left_ns(const struct timebox *box, struct instant now);

/* A copy in a free place; NULL: there is none. */
struct timebox *timeboxes_add(struct timeboxes *boxes, const struct timebox *box);
bool timeboxes_due(const struct timeboxes *boxes, uint16_t scope, struct instant now);
/* What the scope must hold once its boxes that are over have returned; true when that is not what
 * stands. Never looser in any limit. */
bool timeboxes_return(const struct timeboxes *boxes, uint16_t scope, struct instant now,
                      const struct limits *stands, struct limits *next);
/* Those that run on take over what `over` goes back to; true for a row that has changed. */
void timeboxes_hand_over(struct timeboxes *boxes, const struct timebox *over, struct instant now,
                         bool changed[TIMEBOXES_MAX]);

/* As it is kept, and back. ERR_NOT_FOUND: its scope or a limit is not known any more. */
json_t *timebox_kept(const struct timebox *box, const char *scope);
enum status timebox_read(struct timebox *box, const struct config *config, const char *key,
                         const json_t *kept, struct err *err);
/* [{"name","value","back_to","until_ns","approval"}] of a scope, appended to `rows`. */
void timebox_show(const struct timebox *box, json_t *rows, struct instant now);

#endif
