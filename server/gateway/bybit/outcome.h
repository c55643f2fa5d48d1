/* What an answer of Bybit to a request means, and what follows from it.
 *
 * Two tables: a code has a class (codes.def), and a class with the kind of request has a deed. What
 * is not in the first is UNKNOWN, and an unknown outcome is never taken for a refusal: the order
 * may be there. Pure, any thread.
 *
 *            NEW                 AMEND               CANCEL
 *   DONE     wait for stream     wait for stream     wait for stream
 *   REFUSED  VENUE_REJECT        AMEND_REJECT        CANCEL_REJECT
 *   VOID     VENUE_REJECT        AMEND_REJECT        again, with a fresh stamp
 *   LIMITED  VENUE_REJECT        AMEND_REJECT        again, when the limit allows
 *   BANNED   VENUE_REJECT        AMEND_REJECT        again, when the ban is over
 *   UNSENT   VENUE_REJECT        AMEND_REJECT        again
 *   THERE    DUPLICATE_ID        TIMEOUT             TIMEOUT
 *   ABSENT   TIMEOUT             AMEND_REJECT, ask   ask: it may be filled or cancelled
 *   UNKNOWN  TIMEOUT             TIMEOUT             TIMEOUT
 *
 * VOID is a refusal of this one attempt, and says that the clock is to be looked at. */
#ifndef PITWALL_GATEWAY_BYBIT_OUTCOME_H
#define PITWALL_GATEWAY_BYBIT_OUTCOME_H

#include "gateway/gateway.h"

enum bybit_class {
    BYBIT_DONE,
    BYBIT_REFUSED,
    BYBIT_VOID,    /* it came outside the receive window */
    BYBIT_LIMITED, /* too often; the limit's reset says when again */
    BYBIT_BANNED,
    BYBIT_UNSENT, /* no byte of it left */
    BYBIT_THERE,  /* it has it already */
    BYBIT_ABSENT, /* it has no such order, or no longer */
    BYBIT_UNKNOWN,
    BYBIT_CLASS_COUNT
};
enum bybit_class bybit_class_of(int64_t code);
/* Of an answer whose body is no answer of the API: by HTTP status alone, 0 for none at all. */
enum bybit_class bybit_class_of_http(int http_status, bool never_sent);
const char *bybit_class_name(enum bybit_class class); /* "refused" */
const char *bybit_code_says(int64_t code);            /* "not in the table" */
/* Why it was not taken; REFUSAL_NONE: it was, or what became of it is not known. */
enum refusal bybit_refusal_of(int64_t code, enum bybit_class class);

struct bybit_code {
    int64_t number;
    enum bybit_class class;
    enum refusal refusal;
    const char *says;
};
/* The table, for tests and pages; NULL behind its end. */
const struct bybit_code *bybit_code_row(uint32_t at);

enum bybit_deed { BYBIT_WAIT, BYBIT_REPORT, BYBIT_AGAIN, BYBIT_ASK, BYBIT_REPORT_AND_ASK };
struct bybit_outcome {
    enum bybit_deed deed;
    enum report report; /* of the two deeds that report */
};
/* Of a new order, an amend or a cancel. */
struct bybit_outcome bybit_outcome_of(enum order_message_kind kind, enum bybit_class class);

#endif
