/* Requests to Bybit's REST interface: signed, classified by the code of the answer.
 *
 * Every request carries what it is about, so that its answer needs no memory of the caller's. A
 * request is not made while the venue bans us. A venue bans an address for what it asks, so all
 * requests have a budget, of which a share is kept for cancels: at most 210 questions and 300
 * requests in five seconds, of the 600 that it takes. What an answer says of a limit (10006, or
 * X-Bapi-Limit-Status of 0) holds questions until the limit's reset; cancels have their own wait
 * (orders.h). Gateway's thread. */
#ifndef PITWALL_GATEWAY_BYBIT_REST_H
#define PITWALL_GATEWAY_BYBIT_REST_H

#include "gateway/bybit/outcome.h"
#include "gateway/bybit/pace.h"
#include "gateway/net/net.h"

#include <jansson.h>

enum { BYBIT_CALLS_MAX = 64, BYBIT_PATH_MAX = 512, BYBIT_REST_PER_S = 60 };

struct bybit;
struct bybit_about {
    uint64_t order_id;
    uint32_t amend_no;
    uint32_t number; /* as the caller likes */
};
struct bybit_reply {
    enum bybit_class class;
    int64_t code;
    const json_t *result;         /* an object when class is BYBIT_DONE; valid during the call */
    int64_t sent_ns, received_ns; /* real clock */
    int64_t time_ms;              /* the venue's, of the answer; 0: not told */
    int64_t reset_ms;             /* of the rate limit, by the venue's clock; -1: not said */
    const char *says;
};
typedef void (*bybit_reply_fn)(struct bybit *bybit, struct bybit_about about,
                               const struct bybit_reply *reply);

struct bybit_call {
    struct bybit *bybit;
    bybit_reply_fn done; /* NULL: free */
    struct bybit_about about;
    int64_t sent_ns;
    bool is_question;
};
struct bybit_rest {
    struct bybit_pace pace;
    struct bybit_call call[BYBIT_CALLS_MAX];
};

void bybit_rest_init(struct bybit_rest *rest);
/* False: it was not made, and `done` is not called: banned, held, or too many are under way.
 * `query` is without the question mark. */
bool bybit_get(struct bybit *bybit, const char *path, const char *query, bool is_signed,
               bybit_reply_fn done, struct bybit_about about);
bool bybit_post(struct bybit *bybit, const char *path, const char *body, bybit_reply_fn done,
                struct bybit_about about);
/* The rows of result.list; NULL: the answer has none, so it is none. */
const json_t *bybit_rows(const struct bybit_reply *reply);
/* The cursor of the next page, which goes back as it came; empty: this was the last. False: it is
 * none that could stand in a query. */
enum { BYBIT_CURSOR_MAX = 256 };
bool bybit_cursor(const struct bybit_reply *reply, char cursor[BYBIT_CURSOR_MAX]);

#endif
