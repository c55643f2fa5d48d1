#include "config/settings.h"

#include "thread/log.h"

#include <string.h>

enum { NS_DECIMALS_OF_MS = 6, MONEY_DECIMALS = 8 };

#define FIELD_SIZE(type, field) sizeof(((type *)0)->field)

static const struct value_row setting_rows[] = {
#define SETTING(path, TYPE, field, range, fallback, change, looser, says)                          \
    {path,  VALUE_##TYPE, offsetof(struct config, field), FIELD_SIZE(struct config, field),        \
     range, fallback},
#include "tables/settings.def"
#undef SETTING
};

static const struct setting_text setting_texts[] = {
#define SETTING(path, TYPE, field, range, fallback, change, looser, says)                          \
    {path, #TYPE, range, fallback, #change, says},
#include "tables/settings.def"
#undef SETTING
};

static const struct {
    enum setting_change change;
    enum setting_looser looser;
} setting_rules[] = {
#define SETTING(path, TYPE, field, range, fallback, change, looser, says)                          \
    {SETTING_##change, LOOSER_##looser},
#include "tables/settings.def"
#undef SETTING
};

enum { SETTINGS = sizeof setting_rows / sizeof setting_rows[0] };
_Static_assert((int)SETTINGS <= (int)SETTINGS_MAX, "config.from_file has a place for each");

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
    return choice_of("venues|instruments|strategies|limits|caps|first_day|triggers|recorded",
                     key) >= 0;
}

int setting_number(const char *path)
{
    for (int at = 0; at < SETTINGS; at++)
        if (strcmp(setting_rows[at].path, path) == 0)
            return at;
    return SETTINGS_NONE;
}

static enum status read_setting(struct config *config, struct yaml_file *file, int number,
                                const yaml_node_t *node, struct err *err)
{
    config->from_file[number] = true;
    return value_read_node(file, &setting_rows[number], node, config, err);
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
        int number;

        if (strcmp(section->key, "engine") == 0 && strcmp(pair.key, "rates") == 0)
            continue; /* currencies.c */
        (void)snprintf(path, sizeof path, "%s.%s", section->key, pair.key);
        number = setting_number(path);
        status = number != SETTINGS_NONE
                     ? read_setting(config, file, number, pair.value, err)
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
        int number = setting_number(pair.key);

        if (number != SETTINGS_NONE && !strchr(pair.key, '.'))
            status = read_setting(config, file, number, pair.value, err);
        else if (is_section(pair.key))
            status = read_section(config, file, &pair, err);
        else if (!has_own_parser(pair.key))
            status = yaml_refuse(file, pair.key_node, err, "unknown key '%s'", pair.key);
    }
    return status;
}

/* --- one setting at a time, by number: what the API reads and changes --- */

static const struct value_row *row_of(int number)
{
    assert(number >= 0 && number < SETTINGS);
    return &setting_rows[number];
}

enum setting_change setting_change(int number)
{
    (void)row_of(number); /* asserts */
    return setting_rules[number].change;
}

enum setting_looser setting_looser(int number)
{
    (void)row_of(number); /* asserts */
    return setting_rules[number].looser;
}

const char *setting_looser_name(int number)
{
    static const char *const names[] = {"up", "down", "either", "neither", "file"};

    return names[setting_looser(number)];
}

static int64_t load_number(const struct value_row *row, const struct config *config)
{
    const uint8_t *field = (const uint8_t *)config + row->offset;
    int64_t value = 0;
    int32_t narrow = 0;
    bool truth = false;

    if (row->size == sizeof value) {
        memcpy(&value, field, sizeof value);
        return value;
    }
    if (row->size == sizeof narrow) {
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    }
    memcpy(&truth, field, sizeof truth);
    return truth;
}

static void print_choice(const char *choices, int64_t place, char out[CONFIG_TEXT_MAX])
{
    for (; place > 0; place--)
        choices = strchr(choices, '|') + 1;
    (void)snprintf(out, CONFIG_TEXT_MAX, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void print_bytes(int64_t bytes, char out[CONFIG_TEXT_MAX])
{
    static const char *const units[] = {"", " KiB", " MiB", " GiB"};
    unsigned unit = 0;

    while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(out, CONFIG_TEXT_MAX, "%lld%s", (long long)bytes, units[unit]);
}

static void print_decimal(int64_t value, uint32_t scale, char out[CONFIG_TEXT_MAX])
{
    out[decimal_print(out, value, scale, true)] = '\0';
}

void setting_print(int number, const struct config *config, char out[CONFIG_TEXT_MAX])
{
    const struct value_row *row = row_of(number);
    int64_t value = row->type == VALUE_TEXT ? 0 : load_number(row, config);

    switch (row->type) {
    case VALUE_TEXT:
        (void)snprintf(out, CONFIG_TEXT_MAX, "%s", (const char *)config + row->offset);
        break;
    case VALUE_CHOICE:
    case VALUE_BOOL:
        print_choice(row->type == VALUE_BOOL ? "false|true" : row->range, value, out);
        break;
    case VALUE_SIZE:
    case VALUE_BYTES:
        print_bytes(value, out);
        break;
    case VALUE_MONEY:
    case VALUE_RATIO:
        print_decimal(value, MONEY_DECIMALS, out);
        break;
    case VALUE_MS:
        print_decimal(value, NS_DECIMALS_OF_MS, out);
        break;
    case VALUE_INTEGER:
        (void)snprintf(out, CONFIG_TEXT_MAX, "%lld", (long long)value);
        break;
    }
}

enum status setting_read(int number, const char *text, struct config *config, struct err *err)
{
    return value_read(row_of(number), text, config, err);
}

bool setting_loosens(int number, const struct config *from, const struct config *to)
{
    const struct value_row *row = row_of(number);
    char before[CONFIG_TEXT_MAX];
    char after[CONFIG_TEXT_MAX];

    setting_print(number, from, before);
    setting_print(number, to, after);
    switch (setting_rules[number].looser) {
    case LOOSER_UP:
        return load_number(row, to) > load_number(row, from);
    case LOOSER_DOWN:
        return load_number(row, to) < load_number(row, from);
    case LOOSER_NEITHER:
        return false;
    case LOOSER_EITHER:
    case LOOSER_FILE:
        break;
    }
    return strcmp(before, after) != 0;
}
