/* A journal record in words: what `pitwall journal dump` and `follow` print. Events by
 * tables/event_fields.def, inputs by their main fields. Pure, but for the heap; any thread. */
#ifndef PITWALL_CLI_RECORD_FIELDS_H
#define PITWALL_CLI_RECORD_FIELDS_H

#include "journal/journal.h"

#include <jansson.h>

/* How a field is printed; see the table. */
enum field_format {
    FIELD_NUMBER,
    FIELD_NUMBERS,
    FIELD_NS,
    FIELD_ID,
    FIELD_HEX,
    FIELD_ORDER,
    FIELD_INCIDENT,
    FIELD_INDEX,
    FIELD_TRUTH,
    FIELD_LIMITS,
    FIELD_FLAGS,
    FIELD_SIDE,
    FIELD_TYPE,
    FIELD_TIF,
    FIELD_ORDER_STATE,
    FIELD_REPORT,
    FIELD_DENIAL,
    FIELD_TRADING,
    FIELD_BOOK,
    FIELD_TRIGGER,
    FIELD_ACTION,
    FIELD_STATUS,
    FIELD_REFUSAL,
    FIELD_NOTHING
};

struct field_row {
    const char *name;
    uint16_t kind; /* of the event */
    uint16_t offset, size;
    uint8_t element; /* bytes of a number */
    bool is_signed;
    enum field_format format;
};

/* All rows; and the bytes of an event's payload, 0 when there is no such event. */
uint32_t record_field_rows(const struct field_row **rows);
uint32_t record_event_bytes(uint16_t kind);

/* "fill", "market", "control"; "?77" for one that this build does not know. `out` is used for the
 * last. */
enum { KIND_TEXT_MAX = 16 };
const char *record_kind_name(enum journal_lane lane, uint16_t kind, char out[KIND_TEXT_MAX]);

/* The fields in their order, as JSON (new reference): ids, hashes and ns as text. Of a record that
 * an older build wrote those that it has. */
json_t *record_fields(enum journal_lane lane, const struct lane_record *record,
                      const void *payload);

#endif
