/* Scalar settings by table: server/tables/settings.def. */
#ifndef PITWALL_CONFIG_SETTINGS_H
#define PITWALL_CONFIG_SETTINGS_H

#include "config/config.h"
#include "config/yaml_file.h"

enum value_type {
    VALUE_CHOICE,
    VALUE_TEXT,
    VALUE_INTEGER,
    VALUE_SIZE,
    VALUE_BYTES,
    VALUE_MONEY,
    VALUE_RATIO,
    VALUE_MS,
    VALUE_BOOL
};

/* One row, as the generic reader sees it. */
struct value_row {
    const char *path;
    enum value_type type;
    size_t offset, size; /* of the field in its struct */
    const char *range, *fallback;
};

/* Reads `text` into the row's field of `target`; err says what is wrong, without file and line. */
enum status value_read(const struct value_row *row, const char *text, void *target,
                       struct err *err);
/* The same from a node, with file and line; a quoted number is a text and refused as one. */
enum status value_read_node(struct yaml_file *file, const struct value_row *row,
                            const yaml_node_t *node, void *target, struct err *err);

void settings_default(struct config *config);
/* Reads every scalar of the file; keys that have a parser of their own are passed over. */
enum status settings_read(struct config *config, struct yaml_file *file, struct err *err);

#endif
