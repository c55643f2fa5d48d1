/* The table by which events are printed knows every byte of every event. */
#include "cli/record_fields.h"

#include <criterion/criterion.h>
#include <string.h>

/* Marks what the rows of an event cover; a byte in two rows is a mistake as well. */
static void cover(uint16_t kind, uint8_t *seen, uint32_t bytes)
{
    const struct field_row *rows;
    uint32_t count = record_field_rows(&rows);

    for (uint32_t at = 0; at < count; at++) {
        if (rows[at].kind != kind)
            continue;
        cr_assert_leq(rows[at].offset + rows[at].size, bytes);
        for (uint32_t byte = rows[at].offset; byte < (uint32_t)rows[at].offset + rows[at].size;
             byte++)
            cr_assert_eq(seen[byte]++, 0, "%s of event %u stands there twice", rows[at].name, kind);
    }
}

Test(journal_fields, every_byte_of_every_event_is_in_the_table)
{
    for (uint16_t kind = EVENT_NONE + 1; kind < EVENT_COUNT; kind++) {
        uint32_t bytes = record_event_bytes(kind);
        uint8_t seen[LANE_RECORD_MAX] = {0};

        cr_assert_gt(bytes, 0);
        cover(kind, seen, bytes);
        for (uint32_t byte = 0; byte < bytes; byte++)
            cr_assert_eq(seen[byte], 1, "byte %u of %s is in no row of event_fields.def", byte,
                         event_name((enum event_kind)kind));
    }
}

Test(journal_fields, every_event_prints_its_fields)
{
    const struct field_row *rows;
    uint32_t count = record_field_rows(&rows);

    for (uint16_t kind = EVENT_NONE + 1; kind < EVENT_COUNT; kind++) {
        uint8_t payload[LANE_RECORD_MAX] = {0};
        struct lane_record record = {.kind = kind, .length = record_event_bytes(kind)};
        json_t *fields = record_fields(JOURNAL_ENGINE, &record, payload);

        for (uint32_t at = 0; at < count; at++) {
            if (rows[at].kind == kind && rows[at].format != FIELD_NOTHING)
                cr_assert_not_null(json_object_get(fields, rows[at].name), "%s of %s",
                                   rows[at].name, event_name((enum event_kind)kind));
        }
        cr_assert_gt(json_object_size(fields), 0);
        json_decref(fields);
    }
}

static void expect(json_t *fields, const char *name, json_t *value)
{
    char *is = json_dumps(json_object_get(fields, name), JSON_ENCODE_ANY);

    cr_assert(json_equal(json_object_get(fields, name), value), "%s is %s", name, is);
    free(is);
    json_decref(value);
}

Test(journal_fields, a_fill_in_words)
{
    struct event_fill fill = {.order_id = 0x3cb00001,
                              .exec_id = UINT64_MAX,
                              .price_ticks = -3,
                              .qty_lots = 20,
                              .fee_e8 = -5,
                              .venue_ns = 1795690994756647557,
                              .instrument = 2,
                              .strategy = 1,
                              .side = SIDE_SELL,
                              .maker = 1,
                              .expected = 1};
    struct lane_record record = {.kind = EVENT_FILL, .length = sizeof fill};
    json_t *fields = record_fields(JOURNAL_ENGINE, &record, &fill);
    char id[ORDER_ID_TEXT_MAX];

    order_id_print(id, fill.order_id);
    expect(fields, "order_id", json_string(id));
    expect(fields, "exec_id", json_string("18446744073709551615"));
    expect(fields, "price_ticks", json_integer(-3));
    expect(fields, "fee_e8", json_integer(-5));
    expect(fields, "venue_ns", json_string("1795690994756647557"));
    expect(fields, "side", json_string("sell"));
    expect(fields, "maker", json_true());
    json_decref(fields);
}

Test(journal_fields, what_an_older_build_did_not_write_is_left_out)
{
    struct event_position position = {.lots = 4, .funding_e8 = 9};
    struct lane_record record = {.kind = EVENT_POSITION,
                                 .length = offsetof(struct event_position, rebate_e8)};
    json_t *fields = record_fields(JOURNAL_ENGINE, &record, &position);

    expect(fields, "lots", json_integer(4));
    cr_assert_null(json_object_get(fields, "funding_e8"));
    json_decref(fields);
}

Test(journal_fields, inputs_and_what_is_not_known)
{
    struct execution execution = {.report = REPORT_FILL_PART, .qty_lots = 3, .price_ticks = 77};
    struct lane_record record = {.kind = INPUT_EXECUTION, .length = sizeof execution};
    char text[KIND_TEXT_MAX];
    json_t *fields = record_fields(JOURNAL_ENGINE, &record, &execution);

    expect(fields, "report", json_string(report_name(REPORT_FILL_PART)));
    expect(fields, "price_ticks", json_integer(77));
    json_decref(fields);
    cr_assert_str_eq(record_kind_name(JOURNAL_ENGINE, INPUT_MARKET, text), "market");
    cr_assert_str_eq(record_kind_name(JOURNAL_ENGINE, 99, text), "?99");
    record.kind = 99;
    fields = record_fields(JOURNAL_ENGINE, &record, &execution);
    expect(fields, "bytes", json_integer(sizeof execution));
    json_decref(fields);
}
