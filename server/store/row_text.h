/* Compact JSON for one column of an audit row, without an allocation. Text that does not fit is a
 * mistake of ours: the bound covers the longest event. Names come from the checked configuration
 * and our own tables and need no escape. */
#ifndef PITWALL_STORE_ROW_TEXT_H
#define PITWALL_STORE_ROW_TEXT_H

#include "engine.h"

enum { ROW_TEXT_BYTES = 8192 };

struct row_text {
    size_t length;
    char bytes[ROW_TEXT_BYTES];
};

void row_open(struct row_text *text);
const char *row_close(struct row_text *text);
void row_string(struct row_text *text, const char *name, const char *value); /* NULL: null */
void row_integer(struct row_text *text, const char *name, int64_t value);
void row_bool(struct row_text *text, const char *name, bool value);
void row_decimal(struct row_text *text, const char *name, int64_t units, uint32_t scale);
/* An id or a ns: decimal digits as a string. */
void row_id(struct row_text *text, const char *name, uint64_t id);
void row_limit(struct row_text *text, const char *name, enum limit_id id, int64_t value);

/* Price in 1e-8 ticks, size in lots, as plain decimals; out has DECIMAL_TEXT_MAX bytes. */
void price_print(char *out, const struct instrument *instrument, int64_t price_ticks);
void average_print(char *out, const struct instrument *instrument, int64_t price_e8_ticks);
void qty_print(char *out, const struct instrument *instrument, int64_t lots);

#endif
