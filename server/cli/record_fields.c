#include "cli/record_fields.h"

#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEMBER(event, member) (((struct event_##event *)0)->member)
#define ROW(event, member, FORMAT, element_bytes, signed_is)                                       \
    {.name = #member,                                                                              \
     .kind = KIND_##event,                                                                         \
     .offset = offsetof(struct event_##event, member),                                             \
     .size = sizeof(MEMBER(event, member)),                                                        \
     .element = (element_bytes),                                                                   \
     .is_signed = (signed_is),                                                                     \
     .format = FIELD_##FORMAT},
#define FIELD_OF(event, member, FORMAT) ROW(event, member, FORMAT, 0, false)
#define FIELD_AS_NUMBER(event, member, FORMAT)                                                     \
    ROW(event, member, FORMAT, sizeof(MEMBER(event, member)),                                      \
        (__typeof__(MEMBER(event, member)))-1 < 1)
#define FIELD_AS_ARRAY(event, member)                                                              \
    ROW(event, member, NUMBERS, sizeof(MEMBER(event, member)[0]), true)
#define SHAPE_NUMBER FIELD_AS_NUMBER
#define SHAPE_NUMBERS(event, member, FORMAT) FIELD_AS_ARRAY(event, member)
#define SHAPE_NS FIELD_AS_NUMBER
#define SHAPE_ID FIELD_AS_NUMBER
#define SHAPE_HEX FIELD_OF
#define SHAPE_ORDER FIELD_OF
#define SHAPE_INCIDENT FIELD_OF
#define SHAPE_INDEX FIELD_OF
#define SHAPE_TRUTH FIELD_OF
#define SHAPE_LIMITS FIELD_OF
#define SHAPE_FLAGS FIELD_OF
#define SHAPE_SIDE FIELD_OF
#define SHAPE_TYPE FIELD_OF
#define SHAPE_TIF FIELD_OF
#define SHAPE_ORDER_STATE FIELD_OF
#define SHAPE_REPORT FIELD_OF
#define SHAPE_DENIAL FIELD_OF
#define SHAPE_TRADING FIELD_OF
#define SHAPE_BOOK FIELD_OF
#define SHAPE_TRIGGER FIELD_OF
#define SHAPE_ACTION FIELD_OF
#define SHAPE_STATUS FIELD_OF
#define SHAPE_REFUSAL FIELD_OF
#define SHAPE_NOTHING FIELD_OF
#define FIELD(event, member, FORMAT) SHAPE_##FORMAT(event, member, FORMAT)
#define VERDICT(event)                                                                             \
    FIELD(event, verdict.generation, NUMBER)                                                       \
    FIELD_AS_ARRAY(event, verdict.wide)                                                            \
    FIELD_AS_ARRAY(event, verdict.count)                                                           \
    FIELD(event, verdict.mid_twice_ticks, NUMBER)                                                  \
    FIELD(event, verdict.book_age_ns, NUMBER)                                                      \
    FIELD(event, verdict.venue_age_ns, NUMBER)                                                     \
    FIELD(event, verdict.rate_age_ns, NUMBER)                                                      \
    FIELD(event, verdict.required_e8, NUMBER)                                                      \
    FIELD(event, verdict.available_e8, NUMBER)                                                     \
    FIELD(event, verdict.limit, NUMBER)                                                            \
    FIELD(event, verdict.refused, NUMBER)                                                          \
    FIELD(event, verdict.scope, INDEX)                                                             \
    FIELD(event, verdict.denial, DENIAL)                                                           \
    FIELD(event, verdict.denied_by, NUMBER)                                                        \
    FIELD(event, verdict.line, NUMBER)                                                             \
    FIELD(event, verdict.reserved, NOTHING)

enum {
#define EVENT(ID, name) KIND_##name = ID,
#include "tables/events.def"
#undef EVENT
};

static const struct field_row rows[] = {
#include "tables/event_fields.def"
};

uint32_t record_field_rows(const struct field_row **out)
{
    *out = rows;
    return sizeof rows / sizeof rows[0];
}

uint32_t record_event_bytes(uint16_t kind)
{
    static const uint32_t bytes[EVENT_COUNT] = {
#define EVENT(ID, name) [ID] = sizeof(struct event_##name),
#include "tables/events.def"
#undef EVENT
    };

    return kind < EVENT_COUNT ? bytes[kind] : 0;
}

const char *record_kind_name(enum journal_lane lane, uint16_t kind, char out[KIND_TEXT_MAX])
{
    if (lane == JOURNAL_CONTROL && kind == 1)
        return "control";
    if (lane == JOURNAL_ENGINE && kind > EVENT_NONE && kind < EVENT_COUNT)
        return event_name((enum event_kind)kind);
    if (lane == JOURNAL_ENGINE && input_is_one(kind))
        return input_name((enum input_kind)kind);
    (void)snprintf(out, KIND_TEXT_MAX, "?%u", kind);
    return out;
}

/* --- values --- */

static uint64_t unsigned_of(const void *at, uint32_t bytes)
{
    uint64_t value = 0;

    memcpy(&value, at, bytes); /* little endian, as the journal is */
    return value;
}

static int64_t signed_of(const void *at, uint32_t bytes)
{
    int narrow = 64 - 8 * (int)bytes;

    return (int64_t)(unsigned_of(at, bytes) << narrow) >> narrow;
}

static json_t *number(const void *at, uint32_t bytes, bool is_signed)
{
    uint64_t value = unsigned_of(at, bytes);
    char text[24];

    if (is_signed)
        return json_integer((json_int_t)signed_of(at, bytes));
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *numbers(const void *at, const struct field_row *row)
{
    json_t *list = json_array();

    for (uint32_t place = 0; place < row->size; place += row->element)
        json_array_append_new(list,
                              number((const uint8_t *)at + place, row->element, row->is_signed));
    return list;
}

static json_t *limits_of(const void *at)
{
    json_t *set = json_object();
    struct limits limits;

    memcpy(&limits, at, sizeof limits);
    for (uint32_t id = 0; id < LIMIT_COUNT; id++) {
        if (limits.value[id] == LIMIT_UNSET)
            continue;
        json_object_set_new(set, limit_row((enum limit_id)id)->name,
                            limits.value[id] == LIMIT_DENY
                                ? json_string("deny")
                                : json_integer((json_int_t)limits.value[id]));
    }
    return set;
}

static json_t *flags_of(uint64_t flags)
{
    static const char *const names[] = {"post_only", "reduce_only", "exit", "external", "exit_own"};
    char text[64] = "";

    for (uint32_t bit = 0; bit < sizeof names / sizeof names[0]; bit++) {
        if ((flags >> bit & 1) == 0)
            continue;
        if (text[0] != '\0')
            strcat(text, "+");
        strcat(text, names[bit]); /* all of them fit */
    }
    return json_string(text[0] != '\0' ? text : "none");
}

static const char *refusal_name(uint64_t refusal)
{
    static const char *const names[] = {[FLATTEN_FINE] = "none",
                                        [FLATTEN_NOT_KILLED] = "not_killed",
                                        [FLATTEN_FULL] = "full",
                                        [FLATTEN_GAVE_UP] = "gave_up"};

    return refusal < sizeof names / sizeof names[0] ? names[refusal] : NULL;
}

/* NULL: not one of those with names, or a number that this build has no name for. */
static const char *name_of(enum field_format format, uint64_t value)
{
    switch (format) {
    case FIELD_SIDE:
        return value <= SIDE_SELL ? side_name((enum side)value) : NULL;
    case FIELD_TYPE:
        return value <= TYPE_MARKET ? order_type_name((enum order_type)value) : NULL;
    case FIELD_TIF:
        return value <= TIF_FOK ? tif_name((enum tif)value) : NULL;
    case FIELD_ORDER_STATE:
        return value < ORDER_STATE_COUNT ? order_state_name((enum order_state)value) : NULL;
    case FIELD_REPORT:
        return value < REPORT_COUNT ? report_name((enum report)value) : NULL;
    case FIELD_DENIAL:
        if (value == DENIAL_NONE)
            return "none";
        return value < DENIAL_COUNT ? denial_name((enum denial)value) : NULL;
    case FIELD_TRADING:
        return value <= STATE_HALTED ? trading_state_name((enum trading_state)value) : NULL;
    case FIELD_BOOK:
        return value <= BOOK_ENDED ? book_status_name((enum book_status)value) : NULL;
    case FIELD_TRIGGER:
        return value < TRIGGER_COUNT ? trigger_name((enum trigger_id)value) : NULL;
    case FIELD_ACTION:
        return value < TRIGGER_ACTIONS ? trigger_action_name((enum trigger_action)value) : NULL;
    case FIELD_STATUS:
        return value < STATUS_COUNT ? status_code((enum status)value) : NULL;
    case FIELD_REFUSAL:
        return refusal_name(value);
    default:
        return NULL;
    }
}

static json_t *named(enum field_format format, uint64_t value)
{
    const char *name = name_of(format, value);
    char text[24];

    (void)snprintf(text, sizeof text, "?%" PRIu64, value);
    return json_string(name ? name : text);
}

static json_t *id_of(enum field_format format, uint64_t value)
{
    char text[ORDER_ID_TEXT_MAX + INCIDENT_TEXT_MAX];

    if (value == 0)
        return json_null();
    if (format == FIELD_ORDER)
        order_id_print(text, value);
    else if (format == FIELD_INCIDENT)
        incident_print(text, value);
    else
        (void)snprintf(text, sizeof text, "%016" PRIx64, value);
    return json_string(text);
}

static json_t *ns_of(const void *at)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, signed_of(at, sizeof(int64_t)));
    return json_string(text);
}

static json_t *plain_id_of(uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *value_of(const struct field_row *row, const void *at)
{
    switch (row->format) {
    case FIELD_NUMBER:
        return number(at, row->size, row->is_signed);
    case FIELD_NUMBERS:
        return numbers(at, row);
    case FIELD_NS:
        return ns_of(at);
    case FIELD_ID:
        return plain_id_of(unsigned_of(at, row->size));
    case FIELD_HEX:
    case FIELD_ORDER:
    case FIELD_INCIDENT:
        return id_of(row->format, unsigned_of(at, row->size));
    case FIELD_INDEX:
        return unsigned_of(at, row->size) == UINT16_MAX ? json_null()
                                                        : number(at, row->size, false);
    case FIELD_TRUTH:
        return json_boolean(unsigned_of(at, row->size) != 0);
    case FIELD_LIMITS:
        return limits_of(at);
    case FIELD_FLAGS:
        return flags_of(unsigned_of(at, row->size));
    default:
        return named(row->format, unsigned_of(at, row->size));
    }
}

static json_t *event_fields(const struct lane_record *record, const uint8_t *payload)
{
    json_t *fields = json_object();

    for (uint32_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        const struct field_row *row = &rows[at];

        if (row->kind == record->kind && row->format != FIELD_NOTHING &&
            row->offset + row->size <= record->length)
            json_object_set_new(fields, row->name, value_of(row, payload + row->offset));
    }
    return fields;
}

/* --- inputs --- */

static const char *market_kind_name(uint8_t kind)
{
    static const char *const names[] = {
        [MARKET_SNAPSHOT] = "snapshot", [MARKET_DELTA] = "delta", [MARKET_TRADE] = "trade",
        [MARKET_TICKER] = "ticker",     [MARKET_LOST] = "lost",   [MARKET_ENDED] = "ended",
        [MARKET_MARK] = "mark"};

    return kind < sizeof names / sizeof names[0] && names[kind] ? names[kind] : "?";
}

static const char *command_name(uint8_t kind)
{
    static const char *const names[COMMAND_COUNT] = {
#define COMMAND(ID, name) [ID] = #name,
#include "tables/commands.def"
#undef COMMAND
    };

    return kind < COMMAND_COUNT && names[kind] ? names[kind] : "?";
}

static json_t *market_fields(const struct market_update *update)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:I, s:I}", "update",
                     market_kind_name(update->kind), "instrument", (int)update->instrument, "flags",
                     (int)update->flags, "bids", (int)update->bid_count, "asks",
                     (int)update->ask_count, "received_ns", ns_of(&update->received_ns), "venue_ns",
                     ns_of(&update->venue_ns), "prev_update_id", (json_int_t)update->prev_update_id,
                     "update_id", (json_int_t)update->update_id);
}

static json_t *execution_fields(const struct execution *execution)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:i, s:i, s:i, s:I, s:o, s:o}", "report",
                     named(FIELD_REPORT, execution->report), "order_id",
                     id_of(FIELD_ORDER, execution->order_id), "exec_id",
                     plain_id_of(execution->exec_id), "side", named(FIELD_SIDE, execution->side),
                     "price_ticks", (json_int_t)execution->price_ticks, "qty_lots",
                     (json_int_t)execution->qty_lots, "maker", (int)execution->maker, "instrument",
                     (int)execution->instrument, "strategy", (int)execution->strategy, "amend_no",
                     (int)execution->amend_no, "fee_e8", (json_int_t)execution->fee_e8, "venue_ns",
                     ns_of(&execution->venue_ns), "received_ns", ns_of(&execution->received_ns));
}

static json_t *command_fields(const struct command *command)
{
    return json_pack("{s:s, s:o}", "command", command_name(command->kind), "command_id",
                     number(&command->id, sizeof command->id, false));
}

static json_t *seen_fields(const struct input_seen *seen)
{
    static const char *const names[SEEN_KINDS] = {[SEEN_PAGE] = "page",
                                                  [SEEN_TICKET] = "ticket",
                                                  [SEEN_FULL] = "full",
                                                  [SEEN_STORAGE] = "storage"};

    return json_pack("{s:s, s:o, s:I, s:i, s:i}", "seen",
                     seen->kind < SEEN_KINDS ? names[seen->kind] : "?", "value",
                     number(&seen->value, sizeof seen->value, false), "look",
                     (json_int_t)seen->look, "which", (int)seen->which, "words", (int)seen->count);
}

/* Copied out: a payload is not aligned for all of these. NULL: it is none, or too short. */
static json_t *input_fields(const struct lane_record *record, const void *payload)
{
    union {
        struct market_update market;
        struct execution execution;
        struct command command;
        struct input_seen seen;
    } input = {0};
    uint32_t length = record->length < sizeof input ? record->length : (uint32_t)sizeof input;

    memcpy(&input, payload, length);
    if (record->kind == INPUT_MARKET && length >= sizeof input.market)
        return market_fields(&input.market);
    if (record->kind == INPUT_EXECUTION && length >= sizeof input.execution)
        return execution_fields(&input.execution);
    if (record->kind == INPUT_COMMAND && length >= offsetof(struct command, kind) + 1)
        return command_fields(&input.command);
    if (record->kind == INPUT_SEEN && length >= sizeof input.seen)
        return seen_fields(&input.seen);
    return NULL;
}

json_t *record_fields(enum journal_lane lane, const struct lane_record *record, const void *payload)
{
    json_t *fields = NULL;

    if (lane == JOURNAL_CONTROL)
        fields = json_loadb(payload, record->length, 0, NULL);
    else if (record_event_bytes(record->kind) != 0)
        return event_fields(record, payload);
    else
        fields = input_fields(record, payload);
    if (json_is_object(fields))
        return fields;
    json_decref(fields);
    return json_pack("{s:I}", "bytes", (json_int_t)record->length);
}
