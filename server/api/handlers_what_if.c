/* POST /api/v1/limits/what-if: the orders of the last minutes, judged by other limits. On a worker:
 * it reads the journal from the disk; the engine is not asked. */
#include "api/exchange.h"

#include "control/limits.h"
#include "journal/journal.h"
#include "thread/clock.h"
#include "thread/log.h"
#include "view/what_if.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTES_MAX = 1440, MINUTES_USUAL = 60 };
#define MINUTE_NS 60000000000LL

static enum status propose_scope(const struct config *config, const char *name,
                                 const json_t *limits, struct what_if *what_if, struct err *err)
{
    struct limits_change change = {0};
    uint16_t scope;
    enum status status;

    if (!config_scope_find(config, name, &scope))
        return err_format(err, ERR_UNKNOWN_SCOPE, "there is no scope \"%.64s\"", name);
    status = limits_values_parse(limits, &change, err);
    for (int id = 0; status == OK && id < LIMIT_COUNT; id++)
        if (change.named[id])
            what_if_propose(what_if, scope, (enum limit_id)id, change.asked.value[id]);
    return status;
}

static enum status propose(const struct config *config, json_t *scopes, struct what_if *what_if,
                           struct err *err)
{
    const char *name;
    json_t *limits;
    enum status status = OK;

    if (!json_is_object(scopes) || json_object_size(scopes) == 0)
        return err_set(err, ERR_MALFORMED,
                       "\"limits\" must be an object {scope: {limit: value}} that names a scope");
    json_object_foreach(scopes, name, limits)
    {
        if (status == OK)
            status = propose_scope(config, name, limits, what_if, err);
    }
    return status;
}

/* *from_ns: what is judged begins here, at since_ns or with the journal. */
static enum status judge_journal(const char *dir, struct what_if *what_if, int64_t *from_ns,
                                 struct err *err)
{
    bool is_first = true;
    struct journal_reader *reader;
    struct lane_record record;
    const void *payload;
    uint64_t seq;
    enum status status = journal_find(dir, JOURNAL_ENGINE, what_if->since_ns, &seq, err);

    if (status == OK)
        status = journal_reader_open(&reader, dir, JOURNAL_ENGINE, seq, err);
    if (status != OK)
        return status;
    while ((status = journal_reader_next(reader, &record, &payload, err)) == OK) {
        if (is_first && record.at_ns > *from_ns)
            *from_ns = record.at_ns;
        is_first = false;
        what_if_take(what_if, &record, payload);
    }
    journal_reader_close(reader);
    return status == ERR_NOT_FOUND ? OK : status;
}

/* Limits that are older than what is read stand as they do now. */
static void take_limits_in_force(struct view *view, const struct config *config,
                                 struct what_if *what_if)
{
    for (uint16_t scope = 0; scope < scope_count(config->scopes); scope++) {
        struct limits limits;
        uint64_t generation;

        view_limits(view, scope, &limits, &generation);
        what_if_in_force(what_if, scope, &limits);
    }
}

/* What a scope uses of one limit at present: of what is in force, and of what is proposed. */
static json_t *present_limit(enum limit_id id, int64_t now, int64_t proposed, int64_t measured)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "in_force", limit_value_json(id, now), "used_percent",
                     view_used_percent(id, now, measured), "proposed",
                     limit_value_json(id, proposed), "would_use_percent",
                     view_used_percent(id, proposed, measured));
}

/* {scope: {limit: ..}} of what the proposal names. */
static json_t *present_use(struct view *view, const struct config *config,
                           const struct what_if *what_if)
{
    struct view_use uses[MAX_SCOPES];
    json_t *present = json_object();

    view_limit_use(view, uses);
    for (uint16_t scope = 0; scope < scope_count(config->scopes); scope++) {
        json_t *of_scope = json_object();
        char name[SCOPE_TEXT_MAX];
        struct limits limits;
        uint64_t generation;

        view_limits(view, scope, &limits, &generation);
        for (int id = 0; id < LIMIT_COUNT; id++)
            if (what_if->named[scope][id])
                json_object_set_new(of_scope, limit_row((enum limit_id)id)->name,
                                    present_limit((enum limit_id)id, limits.value[id],
                                                  what_if->proposed[scope].value[id],
                                                  uses[scope].measured[id]));
        config_scope_name(config, scope, name);
        if (json_object_size(of_scope) > 0)
            json_object_set(present, name, of_scope);
        json_decref(of_scope);
    }
    return present;
}

/* Begun ones count; never more than was asked for. */
static json_int_t minutes_seen(int64_t from_ns, int64_t now_ns, json_int_t asked)
{
    int64_t minutes = (now_ns - from_ns + MINUTE_NS - 1) / MINUTE_NS;

    return minutes < 1 ? 1 : minutes < asked ? minutes : asked;
}

enum status handle_limits_what_if(struct request *request, struct reply *reply)
{
    const struct http_sources *from = &request->http->sources;
    struct what_if *what_if;
    struct input_names names;
    json_t *scopes = NULL;
    json_int_t minutes = MINUTES_USUAL;
    int64_t now_ns = clock_real_ns(), from_ns;
    enum status status =
        body_unpack(request, &reply->err, "{s:o, s?I}", "limits", &scopes, "minutes", &minutes);

    if (status != OK)
        return status;
    if (minutes < 1 || minutes > MINUTES_MAX)
        return err_set(&reply->err, ERR_OUT_OF_RANGE, "minutes must be from 1 to 1440");
    what_if = malloc(sizeof *what_if);
    if (!what_if)
        return err_set(&reply->err, ERR_INTERNAL, "out of memory");
    config_names(from->config, &names);
    from_ns = now_ns - minutes * MINUTE_NS;
    what_if_init(what_if, &names, from_ns);
    status = propose(from->config, scopes, what_if, &reply->err);
    if (status == OK) {
        take_limits_in_force(from->view, from->config, what_if);
        status = judge_journal(from->dir, what_if, &from_ns, &reply->err);
    }
    if (status == OK) {
        reply->json = what_if_json(what_if);
        json_object_set_new(reply->json, "minutes",
                            json_integer(minutes_seen(from_ns, now_ns, minutes)));
        json_object_set_new(reply->json, "minutes_asked", json_integer(minutes));
        json_object_set_new(reply->json, "present", present_use(from->view, from->config, what_if));
    }
    free(what_if);
    return status;
}
