/* What the engine sees in a step that no input tells it: the kill page, room on the order rings,
 * the state of the journal. Others write there at any moment, so a step that is run again would see
 * something else.
 *
 * Therefore each such look goes through here, is numbered within its step, and leaves a record
 * (INPUT_SEEN) when it saw something new. A replay has a script of those records: what a look shall
 * see is put in place just before it looks. Between two looks the engine goes by what it has taken
 * over, never by the page itself.
 *
 * Engine thread. A look costs an increment and a test more than a plain read. */
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
    struct seen_looks {
        uint32_t of[SEEN_KINDS];
    } looks;           /* in this step */
    uint32_t full;     /* bit per gateway whose ring was full at the last look of this step */
    uint32_t storage;  /* SEEN_SUSPECT, SEEN_NO_ROOM: what the journal was at the step's begin */
    uint64_t doorbell; /* of the page as taken over */
    struct kill_page *page;
    struct seen_script *script; /* replay only; else NULL */
    struct lane *events;
    int64_t now_ns;
    uint64_t room_wanted;      /* less in the journal is SEEN_NO_ROOM */
    uint64_t word[MAX_SCOPES]; /* of the page as taken over */
};

/* Takes over the page as it is. */
void seen_init(struct seen *seen, struct kill_page *page, struct lane *events,
               uint64_t room_wanted);

/* Replay: what the next look of that kind shall see, if the script has it. */
void seen_play(struct seen *seen, enum seen_kind kind);
void seen_record(struct seen *seen, enum seen_kind kind, uint16_t which, uint64_t value);

static inline void seen_look(struct seen *seen, enum seen_kind kind)
{
    seen->looks.of[kind]++;
    if (seen->script)
        seen_play(seen, kind);
}

/* A step begins: looks at the journal. */
static inline void seen_begin(struct seen *seen, int64_t now_ns)
{
    uint32_t before = seen->storage;

    seen->now_ns = now_ns;
    seen->looks = (struct seen_looks){0};
    seen->full = 0;
    seen_look(seen, SEEN_STORAGE);
    if (!seen->script)
        seen->storage = (lane_is_suspect(seen->events) ? SEEN_SUSPECT : 0) |
                        (lane_has_room(seen->events, seen->room_wanted) ? 0 : SEEN_NO_ROOM);
    if (seen->storage != before)
        seen_record(seen, SEEN_STORAGE, 0, seen->storage);
}

/* Looks at the doorbell; true: it has moved, and seen_take_page() is due. */
static inline bool seen_page_moved(struct seen *seen)
{
    seen_look(seen, SEEN_PAGE);
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
static inline void *seen_reserve(struct seen *seen, struct ring *ring, uint16_t gateway,
                                 size_t length)
{
    uint32_t before = seen->full;
    void *place = NULL;

    seen_look(seen, SEEN_FULL);
    if (!(seen->script && (seen->full & 1U << gateway)))
        place = ring_reserve(ring, length);
    if (!seen->script)
        seen->full = place ? before & ~(1U << gateway) : before | 1U << gateway;
    if (seen->full != before)
        seen_record(seen, SEEN_FULL, gateway, !place);
    return place;
}

#endif
