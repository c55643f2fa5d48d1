/* One row of repeats.h: what became of a keyed write, as memory and as control.db hold it, and the
 * hashes by which a request finds it. Belongs to repeats.c; plain data, no thread of its own. */
#ifndef PITWALL_API_REPEAT_ROW_H
#define PITWALL_API_REPEAT_ROW_H

#include "api/exchange.h"

enum { REPEAT_HASH_BYTES = 32, REPEAT_OWNER_BYTES = 8, REPEAT_OWNER_HEX = 2 * REPEAT_OWNER_BYTES };
enum { REPEAT_KEY_MAX = REPEAT_OWNER_HEX + 2 * REPEAT_HASH_BYTES + 1 };

/* See repeats.h. */
enum repeat_state {
    REPEAT_FREE,
    REPEAT_RUNNING,
    REPEAT_ANSWERED,
    REPEAT_UNKNOWN,
    REPEAT_NOT_KEPT,
    REPEAT_STATES
};

struct repeat {
    enum repeat_state state;
    bool names_body;                   /* `what` is known */
    bool is_stored;                    /* control.db has it too: its place may be taken */
    uint8_t owner[REPEAT_OWNER_BYTES]; /* the first of the hash of who asks */
    uint8_t who[REPEAT_HASH_BYTES];    /* of who asks, key, method, path */
    uint8_t what[REPEAT_HASH_BYTES];   /* of If-Match, the query, the body */
    int64_t at_ns;
    char request_id[REQUEST_ID_MAX]; /* of the first try */
    int http_code;
    char *text; /* of ANSWERED */
    size_t text_length;
    const char *content_type;
    char etag[32], location[128];
};

/* The hashes of a request; see struct repeat. */
struct repeat_asked {
    uint8_t owner[REPEAT_OWNER_BYTES], who[REPEAT_HASH_BYTES], what[REPEAT_HASH_BYTES];
};

/* Frees the text, which is wiped, and makes the row FREE. */
void repeat_free(struct repeat *row);
/* False: out of memory. */
bool repeat_set_text(struct repeat *row, const char *text, size_t length);

/* The type of an answer that can be stored, as a constant; NULL: it cannot. */
const char *repeat_type(const char *text);
/* The row's key in control.db. It begins with its owner, so that those of one can be counted. */
void repeat_key(char out[REPEAT_KEY_MAX], const struct repeat *row);
/* The row as control.db holds it; new reference, NULL: out of memory. `does`: for who reads it. */
json_t *repeat_json(const struct repeat *row, const char *does);
/* The rest of a row whose owner and who are set; what is begun there is UNKNOWN. */
void repeat_read(struct repeat *row, const json_t *json);

/* The hashes of a request with this Idempotency-Key. */
void repeat_ask(const struct exchange *exchange, const char *key, struct repeat_asked *asked);

#endif
