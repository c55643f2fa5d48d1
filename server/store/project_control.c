/* Control-lane records: one row each, and who asked for which command or kill. */
#include "store/projection.h"

#include <stdlib.h>
#include <string.h>

static const char *member_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* Compact JSON, or NULL for null and absence; freed by the caller. */
static char *member_json(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (!value || json_is_null(value))
        return NULL;
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static bool put_actor(struct projection *projection, int kind, uint64_t id, const json_t *fact)
{
    const char *at_ns = member_text(json_object_get(fact, "new"), "at_ns");
    sqlite3_stmt *put = projection->put_actor;

    sqlite3_bind_int(put, 1, kind);
    statement_id(put, 2, id);
    statement_text(put, 3, member_text(fact, "actor"));
    statement_text(put, 4, member_text(fact, "person"));
    statement_text(put, 5, member_text(fact, "role"));
    statement_text(put, 6, member_text(fact, "reason"));
    statement_text(put, 7, member_text(fact, "request_id"));
    if (kind == 1 && at_ns)
        sqlite3_bind_int64(put, 8, strtoll(at_ns, NULL, 10));
    else
        sqlite3_bind_null(put, 8);
    return statement_run(put);
}

/* A kill is recorded after it was done: the state that it left gets its name now. */
static bool put_kill(struct projection *projection, const json_t *fact)
{
    const char *text = member_text(json_object_get(fact, "new"), "incident");
    sqlite3_stmt *name = projection->name_state;
    uint64_t incident;

    if (!text || !incident_parse(text, &incident))
        return true;
    statement_id(name, 1, incident);
    statement_text(name, 2, member_text(fact, "actor"));
    statement_text(name, 3, member_text(fact, "reason"));
    return put_actor(projection, 1, incident, fact) && statement_run(name);
}

static bool append_fact(struct projection *projection, const struct lane_record *record,
                        const json_t *fact)
{
    char *old_value = member_json(fact, "old"), *new_value = member_json(fact, "new");
    const char *kind = member_text(fact, "kind");
    struct audit_row row = {
        .at_ns = record->at_ns,
        .actor = member_text(fact, "actor"),
        .person = member_text(fact, "person"),
        .role = member_text(fact, "role"),
        .kind = kind ? kind : "refused",
        .scope = member_text(fact, "scope"),
        .old_value = old_value,
        .new_value = new_value,
        .reason = member_text(fact, "reason"),
        .request_id = member_text(fact, "request_id"),
        .lane = JOURNAL_CONTROL,
        .lane_seq = record->commit,
    };
    bool well = audit_append(&projection->audit, &row);

    free(old_value);
    free(new_value);
    return well;
}

/* A record that cannot be read is still a row: the trail says that there was one. */
static bool append_unreadable(struct projection *projection, const struct lane_record *record)
{
    struct audit_row row = {.at_ns = record->at_ns,
                            .kind = "storage",
                            .reason = "unreadable control record",
                            .lane = JOURNAL_CONTROL,
                            .lane_seq = record->commit};

    return audit_append(&projection->audit, &row);
}

bool projection_control(struct projection *projection, const struct lane_record *record,
                        const void *payload)
{
    json_t *fact = json_loadb(payload, record->length, 0, NULL);
    const char *kind = member_text(fact, "kind");
    bool well;

    if (!json_is_object(fact)) {
        json_decref(fact);
        return append_unreadable(projection, record);
    }
    well = append_fact(projection, record, fact);
    if (well && record->cause != 0)
        well = put_actor(projection, 0, record->cause, fact);
    if (well && kind && strcmp(kind, "kill") == 0)
        well = put_kill(projection, fact);
    json_decref(fact);
    return well;
}
