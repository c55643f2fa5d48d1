#include "gateway/bybit/outcome.h"

static const struct bybit_code codes[] = {
#define CODE(number, CLASS, WHY, says) {number, BYBIT_##CLASS, REFUSAL_##WHY, says},
#include "gateway/bybit/codes.def"
#undef CODE
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

const struct bybit_code *bybit_code_row(uint32_t at)
{
    return at < CODE_COUNT ? &codes[at] : NULL;
}

static const struct bybit_code *find(int64_t code)
{
    for (uint32_t at = 0; at < CODE_COUNT; at++)
        if (codes[at].number == code)
            return &codes[at];
    return NULL;
}

enum bybit_class bybit_class_of(int64_t code)
{
    const struct bybit_code *row = find(code);

    return row ? row->class : BYBIT_UNKNOWN;
}

enum refusal bybit_refusal_of(int64_t code, enum bybit_class class)
{
    /* Of an answer without a code of the API's: HTTP's status made the class. */
    static const uint8_t by_class[BYBIT_CLASS_COUNT] = {
        [BYBIT_REFUSED] = REFUSAL_OTHER, [BYBIT_VOID] = REFUSAL_CLOCK,
        [BYBIT_LIMITED] = REFUSAL_RATE,  [BYBIT_BANNED] = REFUSAL_BANNED,
        [BYBIT_ABSENT] = REFUSAL_LATE,
    };
    const struct bybit_code *row = find(code);

    return row ? row->refusal : (enum refusal)by_class[class];
}

const char *bybit_code_says(int64_t code)
{
    const struct bybit_code *row = find(code);

    return row ? row->says : "not in the table";
}

enum bybit_class bybit_class_of_http(int http_status, bool never_sent)
{
    switch (http_status) {
    case 0:
        return never_sent ? BYBIT_UNSENT : BYBIT_UNKNOWN;
    case 401:
    case 404:
        return BYBIT_REFUSED;
    case 403:
    case 418:
        return BYBIT_BANNED;
    case 429:
        return BYBIT_LIMITED;
    default:
        return BYBIT_UNKNOWN;
    }
}

const char *bybit_class_name(enum bybit_class class)
{
    static const char *const names[BYBIT_CLASS_COUNT] = {
        [BYBIT_DONE] = "done",       [BYBIT_REFUSED] = "refused", [BYBIT_VOID] = "void",
        [BYBIT_LIMITED] = "limited", [BYBIT_BANNED] = "banned",   [BYBIT_UNSENT] = "unsent",
        [BYBIT_THERE] = "there",     [BYBIT_ABSENT] = "absent",   [BYBIT_UNKNOWN] = "unknown",
    };

    assert(class < BYBIT_CLASS_COUNT);
    return names[class];
}

enum { NEW, AMEND, CANCEL, KINDS };

#define SAY(what)                                                                                  \
    {                                                                                              \
        BYBIT_REPORT, REPORT_##what                                                                \
    }
static const struct bybit_outcome outcomes[BYBIT_CLASS_COUNT][KINDS] = {
    [BYBIT_DONE] = {{BYBIT_WAIT, 0}, {BYBIT_WAIT, 0}, {BYBIT_WAIT, 0}},
    [BYBIT_REFUSED] = {SAY(VENUE_REJECT), SAY(AMEND_REJECT), SAY(CANCEL_REJECT)},
    [BYBIT_VOID] = {SAY(VENUE_REJECT), SAY(AMEND_REJECT), {BYBIT_AGAIN, 0}},
    [BYBIT_LIMITED] = {SAY(VENUE_REJECT), SAY(AMEND_REJECT), {BYBIT_AGAIN, 0}},
    [BYBIT_BANNED] = {SAY(VENUE_REJECT), SAY(AMEND_REJECT), {BYBIT_AGAIN, 0}},
    [BYBIT_UNSENT] = {SAY(VENUE_REJECT), SAY(AMEND_REJECT), {BYBIT_AGAIN, 0}},
    [BYBIT_THERE] = {SAY(DUPLICATE_ID), SAY(TIMEOUT), SAY(TIMEOUT)},
    [BYBIT_ABSENT] = {SAY(TIMEOUT), {BYBIT_REPORT_AND_ASK, REPORT_AMEND_REJECT}, {BYBIT_ASK, 0}},
    [BYBIT_UNKNOWN] = {SAY(TIMEOUT), SAY(TIMEOUT), SAY(TIMEOUT)},
};
#undef SAY

struct bybit_outcome bybit_outcome_of(enum order_message_kind kind, enum bybit_class class)
{
    assert(kind != ORDER_MESSAGE_QUERY && class < BYBIT_CLASS_COUNT);
    return outcomes[class][kind == ORDER_MESSAGE_NEW     ? NEW
                           : kind == ORDER_MESSAGE_AMEND ? AMEND
                                                         : CANCEL];
}
