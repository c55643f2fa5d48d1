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

/* The rows of settings.def by number, 0 to config_settings() - 1. */
enum { SETTINGS_NONE = -1 };
enum setting_change { SETTING_LIVE, SETTING_NEEDS_HALT, SETTING_NEEDS_RESTART };
enum setting_looser { LOOSER_UP, LOOSER_DOWN, LOOSER_EITHER, LOOSER_NEITHER, LOOSER_FILE };
int setting_number(const char *path); /* SETTINGS_NONE: there is no such path */
enum setting_change setting_change(int number);
enum setting_looser setting_looser(int number);
const char *setting_looser_name(int number); /* "up" */
/* The value as the file would have it: "20", "8 MiB", "info". */
void setting_print(int number, const struct config *config, char out[CONFIG_TEXT_MAX]);
/* Reads it from such a text, as from the file; err without file and line. */
enum status setting_read(int number, const char *text, struct config *config, struct err *err);
/* True when the API wants a second person to go from one to the other. */
bool setting_loosens(int number, const struct config *from, const struct config *to);

void settings_default(struct config *config);
/* Reads every scalar of the file; keys that have a parser of their own are passed over. */
enum status settings_read(struct config *config, struct yaml_file *file, struct err *err);

#endif
