#include "scenario/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANE_BYTES = 1 << 23, RING_BYTES = 1 << 20 };

static const char *const instrument_names[RIG_INSTRUMENTS] = {"BTCUSDT", "ETHUSDT"};
static const char *const strategy_names[RIG_STRATEGIES] = {"manual", "maker", "momentum"};
static const struct scope_map scopes = {1, RIG_STRATEGIES, RIG_INSTRUMENTS};

/* ---- names ------------------------------------------------------------------------------ */

static bool find(const char *const *names, uint16_t count, const char *name, uint16_t *index)
{
    for (*index = 0; *index < count; ++*index)
        if (strcmp(names[*index], name) == 0)
            return true;
    return false;
}

bool rig_instrument_find(const char *name, uint16_t *instrument)
{
    return find(instrument_names, RIG_INSTRUMENTS, name, instrument);
}

bool rig_strategy_find(const char *name, uint16_t *strategy)
{
    return find(strategy_names, RIG_STRATEGIES, name, strategy);
}

bool rig_scope_find(const char *name, uint16_t *scope)
{
    uint16_t index;

    if (strcmp(name, "firm") == 0) {
        *scope = scope_of_firm();
        return true;
    }
    if (strcmp(name, "venue/sim") == 0) {
        *scope = scope_of_venue(scopes, 0);
        return true;
    }
    if (strncmp(name, "strategy/", 9) == 0 && rig_strategy_find(name + 9, &index)) {
        *scope = scope_of_strategy(scopes, index);
        return true;
    }
    if (strncmp(name, "instrument/", 11) == 0 && rig_instrument_find(name + 11, &index)) {
        *scope = scope_of_instrument(scopes, index);
        return true;
    }
    return false;
}

/* ---- making ----------------------------------------------------------------------------- */

static void *must_alloc(size_t size)
{
    void *memory = aligned_alloc(CACHE_LINES_APART, (size + 127) & ~(size_t)127);

    if (!memory) {
        fputs("scenario: out of memory\n", stderr);
        exit(70);
    }
    memset(memory, 0, size);
    return memory;
}

static void set_wide_limits(struct engine_config *config)
{
    for (uint16_t scope = 0; scope < MAX_SCOPES; scope++)
        for (unsigned id = 0; id < LIMIT_COUNT; id++)
            config->limits[scope].value[id] = config->caps[scope].value[id] = LIMIT_UNSET;
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        const struct limit_row *row = limit_row((enum limit_id)id);

        config->limits[0].value[id] = row->sense == LIMIT_MOST ? row->max : row->min;
    }
}

struct rig *rig_make(void)
{
    struct rig *rig = must_alloc(sizeof *rig);
    struct engine_config *config = &rig->config;

    rig->now_ns = 1723161600000000000;
    config->scopes = scopes;
    config->gateways = 1;
    config->currencies = 1;
    config->currency[0] = (struct currency){.name = "USDT", .fixed = true, .rate_e8 = MONEY_ONE_E8};
    config->epoch = 1;
    config->capital_e8 = 1000000 * MONEY_ONE_E8;
    config->day_start_ns = rig->now_ns;
    for (uint16_t at = 0; at < RIG_INSTRUMENTS; at++) {
        config->instrument[at] =
            (struct instrument){.tick_units = 1, .lot_units = 1, .tick_value_e8 = MONEY_ONE_E8};
        snprintf(config->instrument[at].name, MAX_NAME, "sim:%s", instrument_names[at]);
    }
    config->strategy[1].kind = STRATEGY_KIND_MAKER;
    config->strategy[2].kind = STRATEGY_KIND_MOMENTUM;
    for (unsigned strategy = 0; strategy < RIG_STRATEGIES; strategy++)
        for (unsigned at = 0; at < RIG_INSTRUMENTS; at++)
            config->strategy[strategy].instruments[at] = true;
    set_wide_limits(config);
    return rig;
}

static bool take_report(void *ctx, const struct execution *execution)
{
    struct rig *rig = ctx;

    engine_execution(rig->engine, execution, rig->now_ns);
    return true;
}

static void start_venue(struct rig *rig)
{
    struct sim_config config = {.seed = 1,
                                .order_latency_ns = rig->order_latency_ns,
                                .ack_latency_ns = rig->ack_latency_ns,
                                .faults = rig->faults,
                                .fault_count = rig->fault_count,
                                .instruments = RIG_INSTRUMENTS,
                                .instrument_rows = rig->config.instrument};

    rig->sim = must_alloc(sim_size(&config));
    sim_init(rig->sim, &config, take_report, rig);
}

void rig_start(struct rig *rig)
{
    struct engine_io io = {.events = &rig->lane, .orders = {&rig->orders_ring}};

    start_venue(rig);
    lane_init(&rig->lane, must_alloc(sizeof(struct lane_shared)), must_alloc(LANE_BYTES),
              LANE_BYTES, 0, 0);
    lane_reader_init(&rig->reader, &rig->lane, true);
    ring_init(&rig->orders_ring, must_alloc(RING_BYTES), RING_BYTES);
    io.kill = rig->kill = must_alloc(sizeof *rig->kill);
    rig->engine = engine_init(must_alloc(engine_size(&rig->config)), &rig->config, io, rig->now_ns);
    rig_settle(rig);
    rig_forget(rig);
}

void rig_free(struct rig *rig)
{
    if (rig->engine) {
        free(rig->lane.shared);
        free(rig->lane.bytes);
        free(rig->orders_ring.bytes);
        free(rig->kill);
        free(rig->engine);
        free(rig->sim);
    }
    free(rig);
}

/* ---- what the engine says --------------------------------------------------------------- */

struct rig_order *rig_order_find(struct rig *rig, uint64_t id)
{
    for (uint32_t at = rig->order_count; at-- > 0;)
        if (rig->orders[at].id == id)
            return &rig->orders[at];
    return NULL;
}

static struct rig_order *add_order(struct rig *rig, uint64_t id)
{
    if (rig->order_count == RIG_ORDERS_MAX) {
        fputs("scenario: the story has too many orders\n", stderr);
        exit(70);
    }
    rig->orders[rig->order_count] = (struct rig_order){.id = id};
    return &rig->orders[rig->order_count++];
}

static void hear_sent(struct rig *rig, const struct event_order_sent *event)
{
    *add_order(rig, event->order_id) = (struct rig_order){.id = event->order_id,
                                                          .state = ORDER_PENDING_NEW,
                                                          .side = event->side,
                                                          .instrument = event->instrument,
                                                          .strategy = event->strategy,
                                                          .price_ticks = event->price_ticks,
                                                          .qty_lots = event->qty_lots,
                                                          .leaves_lots = event->qty_lots,
                                                          .verdict = event->verdict};
    rig->sent++;
}

static void hear_denied(struct rig *rig, const struct event_order_denied *event)
{
    *add_order(rig, event->order_id) = (struct rig_order){.id = event->order_id,
                                                          .denied = true,
                                                          .side = event->side,
                                                          .instrument = event->instrument,
                                                          .strategy = event->strategy,
                                                          .price_ticks = event->price_ticks,
                                                          .qty_lots = event->qty_lots,
                                                          .verdict = event->verdict};
}

static void hear_order_state(struct rig *rig, const struct event_order_state *event)
{
    struct rig_order *order = rig_order_find(rig, event->order_id);

    if (!order)
        return;
    order->state = event->state;
    order->filled_lots = event->filled_lots;
    order->leaves_lots = event->leaves_lots;
    order->killed_unsent = order->killed_unsent || event->report == REPORT_KILLED_UNSENT;
}

static void hear_amend(struct rig *rig, const struct event_order_amend *event)
{
    struct rig_order *order = rig_order_find(rig, event->order_id);

    if (order)
        order->state = ORDER_PENDING_AMEND;
}

/* The payload is copied out of the lane by length: a struct may be padded. */
static void hear(struct rig *rig, const struct lane_record *header, const void *payload)
{
    union {
#define EVENT(ID, name) struct event_##name name;
#include "tables/events.def"
#undef EVENT
    } event;

    memset(&event, 0, sizeof event);
    memcpy(&event, payload, header->length < sizeof event ? header->length : sizeof event);
    rig->events[header->kind]++;
    switch (header->kind) {
    case EVENT_ORDER_SENT:
        hear_sent(rig, &event.order_sent);
        break;
    case EVENT_ORDER_DENIED:
        hear_denied(rig, &event.order_denied);
        break;
    case EVENT_ORDER_AMEND:
        hear_amend(rig, &event.order_amend);
        break;
    case EVENT_ORDER_STATE:
        hear_order_state(rig, &event.order_state);
        break;
    case EVENT_POSITION:
        if (event.position.strategy == UINT16_MAX)
            rig->positions[event.position.instrument] = event.position;
        break;
    case EVENT_LIMITS_APPLIED:
        rig->limits[event.limits_applied.scope] =
            (struct command_set_limits){.base = event.limits_applied.generation,
                                        .scope = event.limits_applied.scope,
                                        .limits = event.limits_applied.limits};
        break;
    case EVENT_STATE_CHANGED:
        rig->states[event.state_changed.scope] =
            (struct command_set_state){.base = event.state_changed.version,
                                       .clears = event.state_changed.incident,
                                       .scope = event.state_changed.scope,
                                       .state = event.state_changed.state};
        break;
    case EVENT_KILL_PROGRESS:
        rig->progress = event.kill_progress;
        break;
    case EVENT_BOOK_STATUS:
        rig->book_status[event.book_status.instrument] = event.book_status.status;
        break;
    case EVENT_COMMAND_DONE:
        rig->done = event.command_done;
        break;
    default:
        break;
    }
}

static void hear_all(struct rig *rig)
{
    static uint8_t payload[LANE_RECORD_MAX];
    struct lane_record header;
    enum lane_result result;

    while ((result = lane_read(&rig->reader, &header, payload)) == LANE_RECORD)
        hear(rig, &header, payload);
    if (result == LANE_OVERRUN) {
        fputs("scenario: the event lane was overrun\n", stderr);
        exit(70);
    }
}

void rig_forget(struct rig *rig)
{
    memset(rig->events, 0, sizeof rig->events);
    rig->cancel_count = 0;
}

/* ---- the wire, as the gateway does it --------------------------------------------------- */

static void send_back(struct rig *rig, const struct order_message *message)
{
    struct execution unsent = {.report = REPORT_KILLED_UNSENT,
                               .side = message->side,
                               .instrument = message->instrument,
                               .strategy = message->strategy,
                               .order_id = message->order_id,
                               .received_ns = rig->now_ns};

    engine_execution(rig->engine, &unsent, rig->now_ns);
}

static void pass_on(struct rig *rig, const struct order_message *message)
{
    if (message->kind == ORDER_MESSAGE_CANCEL && rig->cancel_count < RIG_MESSAGES_MAX)
        rig->cancels[rig->cancel_count++] = message->order_id;
    if (message->kind == ORDER_MESSAGE_NEW && kill_page_blocks(rig->kill, message->scopes))
        send_back(rig, message);
    else if (!rig->venue_silent)
        sim_order(rig->sim, message, rig->now_ns);
}

static bool pass_orders(struct rig *rig)
{
    struct order_message message;
    const void *slot;
    size_t length;
    bool any = false;

    while (!rig->gateway_stopped && (slot = ring_peek(&rig->orders_ring, &length)) != NULL) {
        memcpy(&message, slot, sizeof message);
        ring_release(&rig->orders_ring);
        pass_on(rig, &message);
        any = true;
    }
    return any;
}

void rig_settle(struct rig *rig)
{
    do {
        engine_publish_kill(rig->engine, engine_kill(rig->engine, rig->now_ns), rig->now_ns);
        sim_advance(rig->sim, rig->now_ns);
    } while (pass_orders(rig) || sim_next_ns(rig->sim) <= rig->now_ns);
    hear_all(rig);
}

/* ---- inputs ----------------------------------------------------------------------------- */

void rig_market(struct rig *rig, const struct market_update *update)
{
    sim_market(rig->sim, update, rig->now_ns);
    engine_market(rig->engine, update, rig->now_ns);
    rig_settle(rig);
}

void rig_execution(struct rig *rig, const struct execution *execution)
{
    engine_execution(rig->engine, execution, rig->now_ns);
    rig_settle(rig);
}

struct event_command_done rig_command(struct rig *rig, struct command command)
{
    command.id = ++rig->commands;
    engine_command(rig->engine, &command, rig->now_ns);
    rig_settle(rig);
    return rig->done;
}

void rig_kill(struct rig *rig, uint16_t scope)
{
    kill_page_set(rig->kill, scope);
    rig_settle(rig);
}

/* By at most a millisecond a step, and never past what the venue has due. */
void rig_advance(struct rig *rig, int64_t by_ns)
{
    int64_t until_ns = rig->now_ns + by_ns;

    while (rig->now_ns < until_ns) {
        int64_t next_ns = rig->now_ns + 1000000;
        int64_t due_ns = sim_next_ns(rig->sim);

        next_ns = due_ns > rig->now_ns && due_ns < next_ns ? due_ns : next_ns;
        rig->now_ns = next_ns < until_ns ? next_ns : until_ns;
        engine_timer(rig->engine, rig->now_ns);
        rig_settle(rig);
    }
}
