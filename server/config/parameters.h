/* A strategy's parameter as people write it, in the file, in REST and in the database; the rows are
 * engine/tables/parameters.def. INTEGER and MS are whole numbers, RATIO a decimal, INSTRUMENT the
 * name of
 * an instrument or "none". Any thread: configuration and rows are read-only. */
#ifndef PITWALL_CONFIG_PARAMETERS_H
#define PITWALL_CONFIG_PARAMETERS_H

#include "config/config.h"

enum { PARAMETER_TEXT_MAX = MAX_NAME + 1 };

/* OK, ERR_MALFORMED (not of its type) or ERR_OUT_OF_RANGE (outside its bounds; an instrument that
 * is not there); err says which parameter and what would be right. */
enum status parameter_parse(const struct config *config, enum parameter_id id, const char *text,
                            int64_t *value, struct err *err);
/* ERR_OUT_OF_RANGE with the bounds, or OK. */
enum status parameter_check(enum parameter_id id, int64_t value, struct err *err);
/* The value as parameter_parse() reads it; `other` names the instrument of that number. */
void parameter_print(enum parameter_id id, int64_t value, const char *other,
                     char out[PARAMETER_TEXT_MAX]);
/* The name of the instrument that an INSTRUMENT names; "none" for the rest. */
const char *parameter_other(const struct config *config, enum parameter_id id, int64_t value);
const char *parameter_type_name(
    enum parameter_type type); /* "integer" "ms" "decimal" "instrument" */

const char *parameter_looser_name(
    enum parameter_looser looser); /* "up" "down" "either" "neither" */

/* The parameters of a kind of strategy, by name: "a, b, c". */
void parameters_known(enum strategy_kind kind, char *out, size_t size);

/* Whole: what is wrong with a strategy's parameters in all its instruments; OK: nothing. */
enum status parameters_check(const struct config *config, uint16_t strategy,
                             const struct strategy_params params[MAX_INSTRUMENTS], struct err *err);

#endif
