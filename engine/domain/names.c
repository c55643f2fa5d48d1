/* Names of enumerations, from their tables, and the text of order ids. */
#include "base/assert.h"
#include "domain/event.h"
#include "domain/input.h"

const char *side_name(enum side side)
{
    return side == SIDE_BUY ? "buy" : "sell";
}

const char *order_type_name(enum order_type type)
{
    return type == TYPE_LIMIT ? "limit" : "market";
}

const char *tif_name(enum tif tif)
{
    return tif == TIF_GTC ? "GTC" : tif == TIF_IOC ? "IOC" : "FOK";
}

const char *order_state_name(enum order_state state)
{
    static const char *const names[ORDER_STATE_COUNT] = {
#define ORDER_STATE(ID, ...) #ID,
#include "tables/order_states.def"
#undef ORDER_STATE
    };

    assert((unsigned)state < ORDER_STATE_COUNT);
    return names[state];
}

bool order_state_is_terminal(enum order_state state)
{
    static const bool terminal[ORDER_STATE_COUNT] = {
#define ORDER_STATE(ID, ends, ...) ends,
#include "tables/order_states.def"
#undef ORDER_STATE
    };

    assert((unsigned)state < ORDER_STATE_COUNT);
    return terminal[state];
}

const char *report_name(enum report report)
{
    static const char *const names[REPORT_COUNT] = {
#define REPORT(ID, ...) #ID,
#include "tables/reports.def"
#undef REPORT
    };

    assert((unsigned)report < REPORT_COUNT);
    return names[report];
}

const char *trading_state_name(enum trading_state state)
{
    return state == STATE_ACTIVE ? "ACTIVE" : state == STATE_REDUCING ? "REDUCING" : "HALTED";
}

static char *print_hex(char *out, uint32_t value, int least_digits)
{
    int digits = 8;

    while (digits > least_digits && (value >> (4 * (digits - 1))) == 0)
        digits--;
    while (digits-- > 0)
        *out++ = "0123456789ABCDEF"[(value >> (4 * digits)) & 15];
    return out;
}

/* ISO/IEC 7064, MOD 37,36, over letters and digits; finds every wrong digit and every swap of two
 * neighbours. */
static char check_character(const char *text, const char *end)
{
    uint32_t product = 36;
    uint32_t check;

    for (; text != end; text++) {
        uint32_t value = *text >= 'A' ? (uint32_t)(*text - 'A' + 10) : (uint32_t)(*text - '0');
        uint32_t sum = (product + value) % 36;

        if (*text == '-')
            continue;
        product = 2 * (sum == 0 ? 36 : sum) % 37;
    }
    check = (37 - product) % 36;
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[check];
}

void order_id_print(char *out, uint64_t id)
{
    const char *start = out;

    *out++ = 'P';
    *out++ = 'W';
    out = print_hex(out, (uint32_t)(id >> 32), 1);
    *out++ = '-';
    out = print_hex(out, (uint32_t)id, 1);
    out[0] = check_character(start, out);
    out[1] = '\0';
}

/* Reads 1 to 8 upper-case hexadecimal digits up to `end`; false when that is not what is there. */
static bool parse_hex(const char *text, const char *end, uint32_t *value)
{
    int digits = 0;

    *value = 0;
    for (; text != end; text++, digits++) {
        uint32_t digit = *text >= '0' && *text <= '9'   ? (uint32_t)(*text - '0')
                         : *text >= 'A' && *text <= 'F' ? (uint32_t)(*text - 'A' + 10)
                                                        : 16;

        if (digit == 16 || digits == 8)
            return false;
        *value = *value << 4 | digit;
    }
    return digits > 0;
}

bool order_id_parse(const char *text, uint64_t *id)
{
    uint32_t prefix;
    uint32_t counter;
    size_t length = 0;
    size_t dash = 0;

    while (text[length] != '\0' && length < ORDER_ID_TEXT_MAX) {
        if (text[length] == '-')
            dash = length;
        length++;
    }
    if (length < 6 || length == ORDER_ID_TEXT_MAX || dash < 3 || text[0] != 'P' || text[1] != 'W' ||
        !parse_hex(text + 2, text + dash, &prefix) ||
        !parse_hex(text + dash + 1, text + length - 1, &counter) ||
        text[length - 1] != check_character(text, text + length - 1))
        return false;
    *id = (uint64_t)prefix << 32 | counter;
    return true;
}

const char *event_name(enum event_kind kind)
{
    static const char *const names[EVENT_COUNT] = {
        "none",
#define EVENT(ID, name) #name,
#include "tables/events.def"
#undef EVENT
    };

    assert((unsigned)kind < EVENT_COUNT);
    return names[kind];
}

const char *book_status_name(enum book_status status)
{
    static const char *const names[] = {"empty", "ok", "gap", "crossed", "full", "lost", "ended"};

    assert((unsigned)status < sizeof names / sizeof names[0]);
    return names[status];
}

const char *input_name(enum input_kind kind)
{
    switch (kind) {
#define INPUT(ID, name, says)                                                                      \
    case ID:                                                                                       \
        return #name;
#include "tables/inputs.def"
#undef INPUT
    default:
        return "?";
    }
}
