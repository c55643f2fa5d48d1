/* What a run is about, for the audit: the engine knows neither modes nor hosts. Of sim and replay
 * the hash of the configuration says enough. */
#include "control/inside.h"

static json_t *venue_fact(const struct config *config, uint16_t venue)
{
    const struct venue_settings *settings = &config->venue_settings[venue];

    if (settings->kind == GATEWAY_SIMULATED)
        return json_pack("{s:s,s:s}", "venue", config->venue[venue], "gateway", "simulated");
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "venue", config->venue[venue], "gateway", "bybit-v5",
                     "environment", settings->environment, "rest", settings->rest, "stream",
                     settings->stream);
}

void control_note_mode(struct control *control)
{
    const struct config *config = control->from.config;
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    struct control_fact fact = {.kind = "start", .scope = "firm"};
    json_t *venues = json_array();

    if (config->mode != MODE_PAPER && config->mode != MODE_LIVE) {
        json_decref(venues);
        return;
    }
    for (uint16_t at = 0; at < config->venues; at++)
        json_array_append_new(venues, venue_fact(config, at));
    fact.new_value = json_pack("{s:s,s:b,s:o}", "mode", mode_name(config->mode), "simulated_fills",
                               config->mode == MODE_PAPER, "venues", venues);
    control_note(control, &actor, &fact);
}
