/* How each settlement currency becomes the reporting one.
 *
 *   the reporting currency itself      1
 *   engine.rates names it              that, fixed
 *   two dollar stablecoins             1 to each other
 *   a coin                             the mark of an instrument that quotes it: a linear one whose
 *                                      own currency has a fixed rate of 1 (spot before USD-M before
 *                                      others), else the inverse contract that settles in it
 * A currency that none of these reaches is refused: its PnL could not be counted. */
#include "config/parts.h"

#include "thread/log.h"

#include <string.h>

static bool is_dollar(const char *name)
{
    static const char *const dollars[] = {"USDT", "USDC", "BUSD", "USD"};

    for (size_t at = 0; at < sizeof dollars / sizeof dollars[0]; at++)
        if (strcmp(dollars[at], name) == 0)
            return true;
    return false;
}

static enum status read_rates(struct config *config, struct yaml_file *file, struct err *err)
{
    static const struct value_row row = {
        "engine.rates",           VALUE_RATIO, offsetof(struct currency, rate_e8), sizeof(int64_t),
        "0.00000001..1000000000", "1"};
    const yaml_node_t *engine = yaml_find(file, yaml_file_root(file), "engine");
    const yaml_node_t *rates = NULL;
    struct yaml_pair pair;
    enum status status;

    if (engine && engine->type == YAML_MAPPING_NODE)
        rates = yaml_find(file, engine, "rates");
    if (!rates)
        return OK;
    status = yaml_check_map(file, rates, "engine.rates", err);
    for (uint32_t at = 0; status == OK && yaml_map_at(file, rates, at, &pair); at++) {
        struct currency scratch;
        uint16_t number = 0;

        status = value_read_node(file, &row, pair.value, &scratch, err);
        while (number < config->currencies && strcmp(config->currency[number].name, pair.key) != 0)
            number++;
        if (status == OK && number < config->currencies) {
            config->currency[number].fixed = true;
            config->currency[number].rate_e8 = scratch.rate_e8;
        }
    }
    return status;
}

/* How good an instrument is as the rate of a coin; 0: not at all. */
static int fitness(const struct config *config, const struct instrument *row, uint16_t coin)
{
    const struct currency *quote = &config->currency[row->currency];
    const char *symbol = strchr(row->name, ':') + 1;
    size_t length = strlen(config->currency[coin].name);
    bool quotes_coin = strncmp(symbol, config->currency[coin].name, length) == 0;

    if (row->inverse)
        return row->currency == coin ? 1 : 0;
    if (!quotes_coin || !quote->fixed || quote->rate_e8 != RATIO_ONE_E8 ||
        strcmp(symbol + length, quote->name) != 0)
        return 0;
    if (strncmp(row->name, "binance-spot:", 13) == 0)
        return 4;
    return strncmp(row->name, "binance-usdm:", 13) == 0 ? 3 : 2;
}

static bool find_rate_instrument(struct config *config, uint16_t coin)
{
    int best = 0;

    for (uint16_t at = 0; at < config->instruments; at++) {
        int fit = fitness(config, &config->instrument[at], coin);

        if (fit > best) {
            best = fit;
            config->currency[coin].rate_instrument = at;
        }
    }
    return best > 0;
}

static const char *user_of(const struct config *config, uint16_t currency)
{
    for (uint16_t at = 0; at < config->instruments; at++)
        if (config->instrument[at].currency == currency)
            return config->instrument[at].name;
    return "engine.reporting_currency";
}

enum status currencies_read(struct config *config, struct yaml_file *file, struct err *err)
{
    const char *reporting = config->money.reporting_currency;
    enum status status;

    if (!name_is_fit(reporting, false))
        return err_format(err, ERR_CONFIG, "%s:1: engine.reporting_currency '%s' is not a name",
                          file->path, reporting);
    config->reporting = currency_number(config, reporting);
    if (config->reporting == MAX_CURRENCIES)
        return err_format(err, ERR_CONFIG, "%s:1: more than %d currencies", file->path,
                          MAX_CURRENCIES);
    status = read_rates(config, file, err);
    for (uint16_t at = 0; at < config->currencies; at++) {
        struct currency *currency = &config->currency[at];
        bool is_one = at == config->reporting ||
                      (!currency->fixed && is_dollar(currency->name) && is_dollar(reporting));

        if (is_one) {
            currency->fixed = true;
            currency->rate_e8 = RATIO_ONE_E8;
        }
    }
    for (uint16_t at = 0; status == OK && at < config->currencies; at++)
        if (!config->currency[at].fixed && !find_rate_instrument(config, at))
            status =
                err_format(err, ERR_CONFIG,
                           "%s:1: currency %s of %s has no price in %s: add an instrument that "
                           "quotes it, or engine.rates",
                           file->path, config->currency[at].name, user_of(config, at), reporting);
    return status;
}
