/* The parsers of config_load(), in the order in which it calls them; each reads one part of the
 * file into `config` and refuses with file and line. Main thread. */
#ifndef PITWALL_CONFIG_PARTS_H
#define PITWALL_CONFIG_PARTS_H

#include "config/settings.h"
#include "gateway/feed.h"

/* lists.c: venues and instruments of the file. */
enum status lists_read(struct config *config, struct yaml_file *file, struct err *err);
/* Letters, digits and . _ - (and one colon inside, with_colon); not empty, fits MAX_NAME. */
bool name_is_fit(const char *name, bool with_colon);
/* The number of a currency, made when it is new; MAX_CURRENCIES when there is no room. */
uint16_t currency_number(struct config *config, const char *name);
/* The rows of instrument_settings.def: their fallbacks; one key (ERR_NOT_FOUND: none of them); and
 * what no row can tell by itself. */
void instrument_defaults(struct instrument *row);
enum status instrument_setting_read(struct yaml_file *file, const struct yaml_pair *pair,
                                    struct instrument *row, struct err *err);
enum status instrument_check(struct yaml_file *file, const yaml_node_t *node,
                             const struct instrument *row, struct err *err);

/* venues.c: an entry of the list; the rows of venue_settings.def, their fallbacks; by its name;
 * and, of the whole list, what no entry can tell by itself: it fills rest and stream too. */
enum status venue_read(struct config *config, struct yaml_file *file, const yaml_node_t *item,
                       struct err *err);
void venue_defaults(struct venue_settings *settings);
bool config_venue_find(const struct config *config, const char *name, size_t length,
                       uint16_t *venue);
enum status venues_check(struct config *config, struct yaml_file *file, struct err *err);

/* strategies.c */
enum status strategies_read(struct config *config, struct yaml_file *file, struct err *err);
/* Parameters in a map, into *params. `recorded`: an instrument that is not there is none, as limits
 * of such are left out. */
enum status strategy_params_read(const struct config *config, struct yaml_file *file,
                                 const yaml_node_t *map, enum strategy_kind kind, bool recorded,
                                 struct strategy_params *params, struct err *err);
/* What no single value can tell, in every strategy; refused at the list itself. */
enum status strategies_check(const struct config *config, struct yaml_file *file, struct err *err);
bool strategy_find(const struct config *config, const char *name, uint16_t *strategy);

/* limits.c: caps, then limits and first_day, which caps bound. */
enum status limits_read(struct config *config, struct yaml_file *file, struct err *err);
/* {name: value}; with caps, a value that is looser than its cap is refused. */
enum status limits_map_read(struct yaml_file *file, const yaml_node_t *map,
                            const struct limits *caps, struct limits *limits, struct err *err);
/* A cap on a limit that the scope does not set is that limit. */
void limits_fill_from_caps(struct config *config);

/* triggers.c */
enum status triggers_read(struct config *config, struct yaml_file *file, struct err *err);

/* recorded.c: checks the `recorded:` map; with a recording puts its venues and instruments in the
 * place of the file's, which have been read and checked, and applies the map to them. */
enum status recorded_read(struct config *config, struct yaml_file *file,
                          const struct feed_instruments *recorded, struct err *err);

/* currencies.c: how each settlement currency becomes the reporting one. */
enum status currencies_read(struct config *config, struct yaml_file *file, struct err *err);

#endif
