#include "config/settings.h"

#include "thread/log.h"

#include <string.h>

enum { NS_DECIMALS_OF_MS = 6, MONEY_DECIMALS = 8 };

#define FIELD_SIZE(type, field) sizeof(((type *)0)->field)

static const struct value_row setting_rows[] = {
#define SETTING(path, TYPE, field, range, fallback, change, says)                                  \
    {path,  VALUE_##TYPE, offsetof(struct config, field), FIELD_SIZE(struct config, field),        \
     range, fallback},
#include "tables/settings.def"
#undef SETTING
};

static const struct setting_text setting_texts[] = {
#define SETTING(path, TYPE, field, range, fallback, change, says)                                  \
    {path, #TYPE, range, fallback, #change, says},
#include "tables/settings.def"
#undef SETTING
};

enum { SETTINGS = sizeof setting_rows / sizeof setting_rows[0] };

uint32_t config_settings(const struct setting_text **rows)
{
    *rows = setting_texts;
    return SETTINGS;
}

/* The place of `text` among "a|b|c"; -1: not there. */
static int choice_of(const char *choices, const char *text)
{
    size_t length = strlen(text);
    int place = 0;

    for (const char *at = choices; at; place++) {
        const char *end = strchr(at, '|');
        size_t here = end ? (size_t)(end - at) : strlen(at);

        if (here == length && memcmp(at, text, length) == 0)
            return place;
        at = end ? end + 1 : NULL;
    }
    return -1;
}

static bool size_parse(const char *text, size_t length, int64_t *value)
{
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{" KiB", 10}, {" MiB", 20}, {" GiB", 30}};
    int shift = 0;

    for (size_t at = 0; at < sizeof units / sizeof units[0]; at++)
        if (length > 4 && memcmp(text + length - 4, units[at].unit, 4) == 0) {
            shift = units[at].shift;
            length -= 4;
            break;
        }
    if (!decimal_parse(text, length, 0, value) || *value < 0 || *value > INT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

static bool number_parse(enum value_type type, const char *text, size_t length, int64_t *value)
{
    switch (type) {
    case VALUE_SIZE:
    case VALUE_BYTES:
        return size_parse(text, length, value);
    case VALUE_MONEY:
    case VALUE_RATIO:
        return decimal_parse(text, length, MONEY_DECIMALS, value);
    case VALUE_MS:
        return decimal_parse(text, length, NS_DECIMALS_OF_MS, value);
    default:
        return decimal_parse(text, length, 0, value);
    }
}

static const char *number_says(enum value_type type)
{
    switch (type) {
    case VALUE_SIZE:
    case VALUE_BYTES:
        return "a number of bytes, such as 8 MiB";
    case VALUE_MONEY:
    case VALUE_RATIO:
        return "a decimal of at most 8 places";
    case VALUE_MS:
        return "milliseconds, a decimal of at most 6 places";
    default:
        return "a whole number";
    }
}

static void store_number(const struct value_row *row, int64_t value, void *target)
{
    uint8_t *field = (uint8_t *)target + row->offset;
    int32_t narrow = (int32_t)value;
    bool truth = value != 0;

    if (row->size == sizeof value)
        memcpy(field, &value, sizeof value);
    else if (row->size == sizeof narrow)
        memcpy(field, &narrow, sizeof narrow);
    else
        memcpy(field, &truth, sizeof truth);
}

static enum status read_number(const struct value_row *row, const char *text, void *target,
                               struct err *err)
{
    const char *dots = strstr(row->range, "..");
    int64_t low;
    int64_t high;
    int64_t value;

    assert(dots && number_parse(row->type, row->range, (size_t)(dots - row->range), &low) &&
           number_parse(row->type, dots + 2, strlen(dots + 2), &high));
    if (!number_parse(row->type, text, strlen(text), &value))
        return err_format(err, ERR_CONFIG, "%s: '%s' is not %s", row->path, text,
                          number_says(row->type));
    if (value < low || value > high)
        return err_format(err, ERR_CONFIG, "%s: %s is outside %s", row->path, text, row->range);
    if (row->type == VALUE_SIZE && (value & (value - 1)) != 0)
        return err_format(err, ERR_CONFIG, "%s: %s is not a power of two", row->path, text);
    store_number(row, value, target);
    return OK;
}

static enum status read_text(const struct value_row *row, const char *text, void *target,
                             struct err *err)
{
    size_t length = strlen(text);

    if (row->range[0] != '\0' && choice_of(row->range, text) < 0)
        return err_format(err, ERR_CONFIG, "%s: '%s' is none of %s", row->path, text, row->range);
    if (length >= row->size)
        return err_format(err, ERR_CONFIG, "%s: longer than %zu characters", row->path,
                          row->size - 1);
    memcpy((uint8_t *)target + row->offset, text, length + 1);
    return OK;
}

enum status value_read(const struct value_row *row, const char *text, void *target, struct err *err)
{
    int place;

    if (row->type == VALUE_TEXT)
        return read_text(row, text, target, err);
    if (row->type != VALUE_CHOICE && row->type != VALUE_BOOL)
        return read_number(row, text, target, err);
    place = choice_of(row->type == VALUE_BOOL ? "false|true" : row->range, text);
    if (place < 0)
        return err_format(err, ERR_CONFIG, "%s: '%s' is none of %s", row->path, text, row->range);
    store_number(row, place, target);
    return OK;
}

enum status value_read_node(struct yaml_file *file, const struct value_row *row,
                            const yaml_node_t *node, void *target, struct err *err)
{
    const char *text = yaml_text(node);
    bool must_be_plain = row->type == VALUE_INTEGER || row->type == VALUE_BOOL;
    struct err inner;

    if (!text)
        return yaml_refuse(file, node, err, "%s must be one value, not a map or a list", row->path);
    if (yaml_is_null(node) && row->type != VALUE_TEXT)
        return yaml_refuse(file, node, err, "%s: a value is missing", row->path);
    if (must_be_plain && !yaml_is_plain(node))
        return yaml_refuse(file, node, err, "%s: \"%s\" in quotes is a text; wanted %s", row->path,
                           text, row->type == VALUE_BOOL ? "true or false" : "a whole number");
    if (value_read(row, text, target, &inner) != OK)
        return yaml_refuse(file, node, err, "%s", inner.text);
    return OK;
}

void settings_default(struct config *config)
{
    struct err err;

    for (uint32_t at = 0; at < SETTINGS; at++)
        assert(value_read(&setting_rows[at], setting_rows[at].fallback, config, &err) == OK);
}

/* "engine" of "engine.core": a section is known by the rows that begin with it. */
static bool is_section(const char *key)
{
    size_t length = strlen(key);

    for (uint32_t at = 0; at < SETTINGS; at++)
        if (strncmp(setting_rows[at].path, key, length) == 0 &&
            setting_rows[at].path[length] == '.')
            return true;
    return strcmp(key, "audit") == 0;
}

static bool has_own_parser(const char *key)
{
    return choice_of("venues|instruments|strategies|limits|caps|triggers|recorded", key) >= 0;
}

static const struct value_row *setting_find(const char *path)
{
    for (uint32_t at = 0; at < SETTINGS; at++)
        if (strcmp(setting_rows[at].path, path) == 0)
            return &setting_rows[at];
    return NULL;
}

static enum status read_section(struct config *config, struct yaml_file *file,
                                const struct yaml_pair *section, struct err *err)
{
    struct yaml_pair pair;
    enum status status = OK;

    if (yaml_is_null(section->value))
        return OK; /* all its keys commented out */
    status = yaml_check_map(file, section->value, section->key, err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, section->value, at, &pair); at++) {
        char path[128];
        const struct value_row *row;

        if (strcmp(section->key, "engine") == 0 && strcmp(pair.key, "rates") == 0)
            continue; /* currencies.c */
        (void)snprintf(path, sizeof path, "%s.%s", section->key, pair.key);
        row = setting_find(path);
        status = row ? value_read_node(file, row, pair.value, config, err)
                     : yaml_refuse(file, pair.key_node, err, "unknown key '%s'", path);
    }
    return status;
}

enum status settings_read(struct config *config, struct yaml_file *file, struct err *err)
{
    const yaml_node_t *root = yaml_file_root(file);
    struct yaml_pair pair;
    enum status status = OK;

    for (uint32_t at = 0; status == OK && yaml_map_at(file, root, at, &pair); at++) {
        const struct value_row *row = setting_find(pair.key);

        if (row && !strchr(pair.key, '.'))
            status = value_read_node(file, row, pair.value, config, err);
        else if (is_section(pair.key))
            status = read_section(config, file, &pair, err);
        else if (!has_own_parser(pair.key))
            status = yaml_refuse(file, pair.key_node, err, "unknown key '%s'", pair.key);
    }
    return status;
}
