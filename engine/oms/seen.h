/* What the engine sees in a step that no input tells it: the kill page, room on the order rings,
 * the state of the journal. Others write there at any moment, so a step that is run again would see
 * something else.
 *
 * Therefore each such look goes through here, is numbered within its step, and leaves a record
 * (INPUT_SEEN) when it saw something new. A replay has a script of those records: what a look shall
 * see is put in place just before it looks. Between two looks the engine goes by what it has taken
 * over, never by the page itself.
 *
 * Engine thread. A look costs one load more than a plain read. */
#ifndef PITWALL_OMS_SEEN_H
#define PITWALL_OMS_SEEN_H

#include "base/lane.h"
#include "domain/input.h"
#include "domain/kill_page.h"

/* Looks of one step, in the order of the lane. The rows belong to the caller. */
enum { SEEN_SCRIPT_MAX = 1024 };
struct seen_script {
    uint32_t count, at; /* at: rows that have been played */
    const struct input_seen *row[SEEN_SCRIPT_MAX];
};

struct seen {
    uint32_t looks[SEEN_KINDS]; /* in this step */
    uint64_t doorbell;          /* of the page as taken over */
    struct kill_page *page;
    struct seen_script *script; /* replay only; else NULL */
    struct lane *events;
    int64_t now_ns;
    uint32_t storage; /* SEEN_SUSPECT, SEEN_NO_ROOM: what the journal was at the step's begin */
    bool full[MAX_GATEWAYS];
    uint64_t word[MAX_SCOPES]; /* of the page as taken over */
};

/* Takes over the page as it is. */
void seen_init(struct seen *seen, struct kill_page *page, struct lane *events);
/* A step begins: looks at the journal. */
void seen_begin(struct seen *seen, int64_t now_ns);

/* Replay: what the next look of that kind shall see, if the script has it. */
void seen_play(struct seen *seen, enum seen_kind kind);

/* Looks at the doorbell; true: it has moved, and seen_take_page() is due. */
static inline bool seen_page_moved(struct seen *seen)
{
    seen->looks[SEEN_PAGE]++;
    if (seen->script)
        seen_play(seen, SEEN_PAGE);
    return kill_page_doorbell(seen->page) != seen->doorbell;
}

void seen_take_page(struct seen *seen);

/* As taken over: a kill that nobody has cleared. Only the engine clears. */
static inline bool seen_is_killed(const struct seen *seen, uint16_t scope)
{
    return seen->word[scope] >
           atomic_load_explicit(&seen->page->cleared[scope], memory_order_relaxed);
}

/* The engine kills by itself. Returns the generation; the page has not been looked at again. */
uint64_t seen_kill(struct seen *seen, uint16_t scope);

/* Room for a message on a gateway's ring; NULL: it is full. */
void *seen_reserve(struct seen *seen, struct ring *ring, uint16_t gateway, size_t length);

#endif
