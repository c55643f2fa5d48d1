#include "store/export.h"

#include "store/item.h"
#include "store/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS = 200, PIECE_BYTES = 256 * 1024 };

struct export
{
    sqlite3 *db;
    struct store_query query;
    enum export_format format;
    char *text[4]; /* the filters' texts, ours */
    char *bytes;
    size_t used, size;
    bool begun, ended, full;
};

bool export_format_read(const char *text, enum export_format *format)
{
    if (strcmp(text, "csv") != 0 && strcmp(text, "ndjson") != 0)
        return false;
    *format = text[0] == 'c' ? EXPORT_CSV : EXPORT_NDJSON;
    return true;
}

static bool put(struct export *export, const char *bytes, size_t length)
{
    if (export->used + length > export->size) {
        size_t size = 2 * (export->used + length);
        char *more = realloc(export->bytes, size);

        if (!more)
            return false;
        export->bytes = more;
        export->size = size;
    }
    memcpy(export->bytes + export->used, bytes, length);
    export->used += length;
    return true;
}

static bool put_text(struct export *export, const char *text)
{
    return put(export, text, strlen(text));
}

/* --- CSV --- */

static bool is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static bool put_field(struct export *export, const char *text)
{
    bool well = true;

    if (is_formula(text))
        well = put(export, "'", 1);
    return well && put_text(export, text);
}

static bool put_quoted(struct export *export, const char *text)
{
    bool well = put(export, "\"", 1) && (!is_formula(text) || put(export, "'", 1));

    for (; *text != '\0' && well; text++)
        well = put(export, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    return well && put(export, "\"", 1);
}

static bool put_hash(struct export *export, sqlite3_stmt *row, int column)
{
    const unsigned char *bytes = sqlite3_column_blob(row, column);
    char text[3];
    bool well = true;

    for (int i = 0; bytes && i < sqlite3_column_bytes(row, column) && well; i++) {
        (void)snprintf(text, sizeof text, "%02x", bytes[i]);
        well = put(export, text, 2);
    }
    return well;
}

static bool put_csv(struct export *export, sqlite3_stmt *row)
{
    bool well = true;

    for (int column = 0; column < ITEM_COLUMN_COUNT - 1 && well; column++) {
        const char *text = column_text(row, column);

        if (text)
            well = strpbrk(text, "\",\r\n") ? put_quoted(export, text) : put_field(export, text);
        well = well && put(export, ",", 1);
    }
    return well && put_hash(export, row, ITEM_COLUMN_COUNT - 1) && put(export, "\r\n", 2);
}

/* --- a piece --- */

static bool put_ndjson(struct export *export, sqlite3_stmt *row)
{
    json_t *item = item_of(row);
    char *line = json_dumps(item, JSON_COMPACT);
    bool well = line && put_text(export, line) && put(export, "\n", 1);

    free(line);
    json_decref(item);
    return well;
}

/* A piece that is large enough ends the page. */
static bool put_row(void *ctx, sqlite3_stmt *row)
{
    struct export *export = ctx;
    bool well;

    if (export->used >= PIECE_BYTES)
        return false;
    well = export->format == EXPORT_CSV ? put_csv(export, row) : put_ndjson(export, row);
    export->full |= !well;
    return well;
}

static enum status read_page(struct export *export, struct err *err)
{
    struct query_page page;
    enum status status = query_rows(export->db, &export->query, put_row, export, &page, err);

    if (status == OK && export->full)
        status = err_set(err, ERR_INTERNAL, "out of memory");
    export->ended = page.next == 0;
    export->query.after_seq = page.next;
    return status;
}

enum status export_next(struct export *export, const char **bytes, size_t *length, struct err *err)
{
    static const char names[] =
        "seq,at_ns,actor,person,role,kind,scope,old,new,reason,request_id,hash\r\n";
    enum status status = OK;

    export->used = 0;
    if (!export->begun && export->format == EXPORT_CSV && !put_text(export, names))
        status = err_set(err, ERR_INTERNAL, "out of memory");
    export->begun = true;
    /* A page may come to nothing, where filters match seldom. */
    while (status == OK && export->used == 0 && !export->ended)
        status = read_page(export, err);
    *bytes = export->bytes;
    *length = export->used;
    return status;
}

/* --- open --- */

static const char *copy(struct export *export, int at, const char *text)
{
    export->text[at] = text ? strdup(text) : NULL;
    return export->text[at];
}

/* Where it ends: behind the newest row of now. */
static enum status take_end(struct export *export, struct err *err)
{
    sqlite3_stmt *row;

    if (sqlite3_prepare_v2(export->db, "SELECT coalesce(max(seq), 0) + 1 FROM audit", -1, &row,
                           NULL) != SQLITE_OK)
        return database_fail(export->db, "read", err);
    if (sqlite3_step(row) == SQLITE_ROW)
        export->query.before_seq = (uint64_t)sqlite3_column_int64(row, 0);
    return sqlite3_finalize(row) == SQLITE_OK ? OK : database_fail(export->db, "read", err);
}

enum status export_open(struct export **opened, const char *dir, const struct store_query *query,
                        enum export_format format, struct err *err)
{
    struct export *export;
    enum status status = query_check(query, err);

    *opened = NULL;
    if (status != OK)
        return status;
    export = calloc(1, sizeof *export);
    if (!export)
        return err_set(err, ERR_INTERNAL, "out of memory");
    export->format = format;
    export->query = *query;
    export->query.actor = copy(export, 0, query->actor);
    export->query.kind = copy(export, 1, query->kind);
    export->query.scope = copy(export, 2, query->scope);
    export->query.q = copy(export, 3, query->q);
    export->query.oldest_first = true;
    export->query.after_seq = 0;
    export->query.limit = PAGE_ROWS;
    status = database_open_reader(dir, &export->db, err);
    if (status == OK)
        status = take_end(export, err);
    if (status != OK) {
        export_close(export);
        return status;
    }
    *opened = export;
    return OK;
}

void export_close(struct export *export)
{
    if (!export)
        return;
    sqlite3_close(export->db);
    for (size_t i = 0; i < sizeof export->text / sizeof *export->text; i++)
        free(export->text[i]);
    free(export->bytes);
    free(export);
}
