#include "store/item.h"

#include <stdio.h>

static json_t *value_of(const char *text)
{
    json_t *value;

    if (!text)
        return json_null();
    value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value ? value : json_string(text); /* a damaged row is shown as it is */
}

static json_t *text_of(sqlite3_stmt *row, int column)
{
    const char *text = column_text(row, column);

    return text ? json_string(text) : json_null();
}

static json_t *hash_of(sqlite3_stmt *row, int column)
{
    const uint8_t *bytes = sqlite3_column_blob(row, column);
    int length = sqlite3_column_bytes(row, column);
    char text[65] = "";

    for (int i = 0; bytes && i < length && i < 32; i++)
        (void)snprintf(text + (size_t)(2 * i), 3, "%02x", bytes[i]);
    return json_string(text);
}

json_t *item_of(sqlite3_stmt *row)
{
    char at_ns[24];

    (void)snprintf(at_ns, sizeof at_ns, "%lld", (long long)sqlite3_column_int64(row, 1));
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "seq",
                     (json_int_t)sqlite3_column_int64(row, 0), "at_ns", at_ns, "actor",
                     text_of(row, 2), "person", text_of(row, 3), "role", text_of(row, 4), "kind",
                     text_of(row, 5), "scope", text_of(row, 6), "old",
                     value_of(column_text(row, 7)), "new", value_of(column_text(row, 8)), "reason",
                     text_of(row, 9), "request_id", text_of(row, 10), "hash", hash_of(row, 11));
}
