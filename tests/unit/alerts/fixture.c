#include "unit/alerts/fixture.h"

#include <criterion/criterion.h>

#include "config/settings.h"

#include <string.h>

static struct config config;
static struct alert_inputs inputs;
static struct alert_look look;

static void name_things(void)
{
    settings_default(&config);
    config.engine.idle = IDLE_SPIN; /* on a machine of few cores it would park */
    config.venues = 2;
    strcpy(config.venue[SIM], "sim");
    strcpy(config.venue[BYBIT], "bybit-linear");
    config.venue_settings[BYBIT].kind = GATEWAY_BYBIT;
    config.instruments = 2;
    strcpy(config.instrument[0].name, "sim:BTCUSDT");
    strcpy(config.instrument[1].name, "bybit-linear:ETHUSDT");
    config.instrument[1].venue = BYBIT;
    config.strategies = 2;
    strcpy(config.strategy[0].name, "manual");
    strcpy(config.strategy[1].name, "maker");
    config.scopes = (struct scope_map){2, 2, 2};
}

struct alert_inputs *well_inputs(void)
{
    memset(&config, 0, sizeof config);
    memset(&inputs, 0, sizeof inputs);
    name_things();
    inputs.config = &config;
    inputs.gateways = 2;
    for (int scope = 0; scope < MAX_SCOPES; scope++)
        for (int limit = 0; limit < LIMIT_COUNT; limit++)
            inputs.scope[scope].used_e8[limit] = ALERT_NONE;
    for (int venue = 0; venue < MAX_VENUES; venue++) {
        inputs.venue[venue].state = "READY";
        inputs.venue[venue].clock_offset_ms = venue == SIM ? ALERT_NONE : 3;
        inputs.venue[venue].sent_long = inputs.venue[venue].filled_long = ALERT_NONE;
    }
    for (int at = 0; at < MAX_INSTRUMENTS; at++)
        inputs.instrument[at].why = "no update comes";
    inputs.disk_free_e8 = 50000000;
    inputs.certificate_days = ALERT_NONE;
    return &inputs;
}

uint32_t judged(const struct alert_inputs *in, enum alert_id alert, enum alert_verdict verdict)
{
    uint32_t count = 0;

    alert_look(in, &look);
    for (uint32_t at = 0; at < look.count; at++)
        count += look.sample[at].alert == alert && look.sample[at].verdict == verdict;
    return count;
}

const struct alert_sample *sample_of(enum alert_id alert)
{
    for (uint32_t at = 0; at < look.count; at++)
        if (look.sample[at].alert == alert)
            return &look.sample[at];
    return NULL;
}

const struct alert_look *latest_look(void)
{
    return &look;
}
