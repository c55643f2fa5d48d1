/* The audit trail: pages, proof, export, the report of a day. */
#include "api/exchange.h"

#include "store/export.h"
#include "store/report.h"
#include "thread/clock.h"

#include <stdlib.h>
#include <string.h>

static enum status ns_parse(const struct request *request, const char *name, int64_t *ns,
                            struct err *err)
{
    const char *text = request_query(request, name);
    size_t digits = text ? strspn(text, "0123456789") : 0;

    *ns = 0;
    if (!text)
        return OK;
    if (digits == 0 || digits > 18 + 1 || text[digits] || strtoull(text, NULL, 10) > INT64_MAX) {
        err_set(err, ERR_MALFORMED, name);
        err_add(err, " must be nanoseconds since the epoch");
        return ERR_MALFORMED;
    }
    *ns = strtoll(text, NULL, 10);
    return OK;
}

static enum status filters_read(struct request *request, struct store_query *query, struct err *err)
{
    enum status status;

    *query = (struct store_query){.actor = request_query(request, "actor"),
                                  .kind = request_query(request, "kind"),
                                  .scope = request_query(request, "scope"),
                                  .q = request_query(request, "q")};
    status = ns_parse(request, "from", &query->from_ns, err);
    return status == OK ? ns_parse(request, "to", &query->to_ns, err) : status;
}

enum status handle_audit_get(struct request *request, struct reply *reply)
{
    struct store_query query;
    enum status status = filters_read(request, &query, &reply->err);

    if (status == OK)
        status = request_page(request, &query.limit, &query.before_seq, &reply->err);
    if (status == OK)
        status = store_audit_query(request->http->sources.store, &query, &reply->json, &reply->err);
    return status;
}

enum status handle_audit_verify(struct request *request, struct reply *reply)
{
    return store_audit_verify(request->http->sources.store, &reply->json, &reply->err);
}

/* Who took the trail away is in it, before the first byte leaves. While the disk is in trouble the
 * trail can be read all the same: the record waits in memory. ERR_UNAVAILABLE: there is none. */
static enum status export_note(struct request *request, const char *format, struct err *err)
{
    static const char *const filters[] = {"from", "to", "actor", "kind", "scope", "q"};
    json_t *how = json_pack("{s:s}", "format", format);
    enum status status;

    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        const char *value = request_query(request, filters[i]);

        if (value)
            json_object_set_new(how, filters[i], json_string(value));
    }
    status = control_note_durable(request->control, &request->actor,
                                  &(struct control_fact){.kind = "export",
                                                         .reason = "audit",
                                                         .request_id = request->request_id,
                                                         .new_value = how},
                                  err);
    return status == ERR_STORAGE ? OK : status;
}

enum status handle_audit_export(struct request *request, struct reply *reply)
{
    const char *name = request_query(request, "format");
    enum export_format format = EXPORT_CSV;
    struct store_query query;
    enum status status;

    if (name && !export_format_read(name, &format))
        return err_set(&reply->err, ERR_MALFORMED, "format must be csv or ndjson");
    status = filters_read(request, &query, &reply->err);
    if (status == OK)
        status =
            export_open(&reply->pieces, request->http->sources.dir, &query, format, &reply->err);
    if (status == OK)
        status = export_note(request, format == EXPORT_CSV ? "csv" : "ndjson", &reply->err);
    if (status != OK)
        return status;
    reply->type = format == EXPORT_CSV ? "text/csv; charset=utf-8" : "application/x-ndjson";
    reply->file = format == EXPORT_CSV ? "attachment; filename=\"pitwall-audit.csv\""
                                       : "attachment; filename=\"pitwall-audit.ndjson\"";
    return OK;
}

/* An export by the CLI reads the directory itself; it says so here while a server runs. */
enum status handle_local_export_post(struct request *request, struct reply *reply)
{
    const char *format = NULL;
    enum status status = body_unpack(request, &reply->err, "{s:s}", "format", &format);

    if (status == OK)
        status = export_note(request, format, &reply->err);
    if (status != OK)
        return status;
    reply->json = json_object();
    reply->http = 201;
    return OK;
}

enum status handle_audit_report(struct request *request, struct reply *reply)
{
    const struct http_sources *sources = &request->http->sources;
    struct report_day day = {.roll_hour = sources->config->money.day_roll_hour};
    const char *text = request_query(request, "day");
    enum status status = report_day_read(&day, text, clock_real_ns(), &reply->err);

    return status == OK ? report_make(sources->dir, &day, NULL, &reply->json, &reply->err) : status;
}
