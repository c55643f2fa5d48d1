#include "config/parameters.h"

#include "thread/log.h"

#include <stdio.h>
#include <string.h>

#define MS_NS 1000000LL
enum { RATIO_DECIMALS = 8 };

const char *parameter_type_name(enum parameter_type type)
{
    static const char *const names[] = {"integer", "ms", "decimal", "instrument"};

    assert((unsigned)type < sizeof names / sizeof names[0]);
    return names[type];
}

const char *parameter_looser_name(enum parameter_looser looser)
{
    static const char *const names[] = {"up", "down", "either", "neither"};

    assert((unsigned)looser < sizeof names / sizeof names[0]);
    return names[looser];
}

const char *parameter_other(const struct config *config, enum parameter_id id, int64_t value)
{
    if (parameter_row(id)->type != PARAMETER_INSTRUMENT || value < 0 ||
        value >= config->instruments)
        return "none";
    return config->instrument[value].name;
}

void parameter_print(enum parameter_id id, int64_t value, const char *other,
                     char out[PARAMETER_TEXT_MAX])
{
    char text[DECIMAL_TEXT_MAX];

    switch (parameter_row(id)->type) {
    case PARAMETER_INSTRUMENT:
        (void)snprintf(out, PARAMETER_TEXT_MAX, "%s", value == NO_INSTRUMENT ? "none" : other);
        return;
    case PARAMETER_RATIO:
        (void)decimal_print(text, value, RATIO_DECIMALS, true);
        break;
    case PARAMETER_MS:
        (void)decimal_print(text, value / MS_NS, 0, true);
        break;
    case PARAMETER_INTEGER:
        (void)decimal_print(text, value, 0, true);
        break;
    }
    (void)snprintf(out, PARAMETER_TEXT_MAX, "%s", text);
}

enum status parameter_check(enum parameter_id id, int64_t value, struct err *err)
{
    const struct parameter_row *row = parameter_row(id);
    char least[PARAMETER_TEXT_MAX];
    char most[PARAMETER_TEXT_MAX];

    if (value >= row->min && value <= row->max)
        return OK;
    parameter_print(id, row->min, "none", least);
    parameter_print(id, row->max, "none", most);
    return err_format(err, ERR_OUT_OF_RANGE, "%s must be from %s to %s", row->name, least, most);
}

static enum status other_parse(const struct config *config, const struct parameter_row *row,
                               const char *text, int64_t *value, struct err *err)
{
    uint16_t instrument;

    *value = NO_INSTRUMENT;
    if (strcmp(text, "none") == 0)
        return OK;
    if (!config_instrument_find(config, text, &instrument))
        return err_format(err, ERR_OUT_OF_RANGE, "%s: there is no instrument \"%.64s\"", row->name,
                          text);
    *value = instrument;
    return OK;
}

enum status parameter_parse(const struct config *config, enum parameter_id id, const char *text,
                            int64_t *value, struct err *err)
{
    const struct parameter_row *row = parameter_row(id);
    bool is_ratio = row->type == PARAMETER_RATIO;

    if (row->type == PARAMETER_INSTRUMENT)
        return other_parse(config, row, text, value, err);
    if (!decimal_parse(text, strlen(text), is_ratio ? RATIO_DECIMALS : 0, value))
        return err_format(err, ERR_MALFORMED, "%s: '%.64s' is not %s", row->name, text,
                          is_ratio ? "a decimal of at most 8 places" : "a whole number");
    if (row->type == PARAMETER_MS) {
        if (*value > INT64_MAX / MS_NS || *value < 0)
            *value = row->max / MS_NS + 1; /* outside, whatever it is */
        *value *= MS_NS;
    }
    return parameter_check(id, *value, err);
}

void parameters_known(enum strategy_kind kind, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (int id = 0; id < PARAMETER_COUNT; id++)
        if (parameter_is_of((enum parameter_id)id, kind) && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                     parameter_row((enum parameter_id)id)->name);
}

enum status parameters_check(const struct config *config, uint16_t strategy,
                             const struct strategy_params params[MAX_INSTRUMENTS], struct err *err)
{
    struct strategy_setup setup = {.kind = config->strategy[strategy].kind,
                                   .instruments = config->instruments,
                                   .trades = config->strategy[strategy].instruments,
                                   .params = params,
                                   .rows = config->instrument};
    uint16_t where = 0;
    const char *fault = strategy_fault(&setup, &where);

    if (!fault)
        return OK;
    return err_format(err, ERR_OUT_OF_RANGE, "%s in %s: %s", config->strategy[strategy].name,
                      config->instrument[where].name, fault);
}
