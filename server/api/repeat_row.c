#include "api/repeat_row.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[REPEAT_STATES] = {"", "begun", "answered", "unknown",
                                                       "not_kept"};

void repeat_free(struct repeat *row)
{
    if (row->text)
        sodium_memzero(row->text, row->text_length);
    free(row->text);
    *row = (struct repeat){.state = REPEAT_FREE};
}

bool repeat_set_text(struct repeat *row, const char *text, size_t length)
{
    row->text = malloc(length + 1);
    if (!row->text)
        return false;
    memcpy(row->text, text ? text : "", length);
    row->text[length] = '\0';
    row->text_length = length;
    return true;
}

/* --- as control.db holds it --- */

static const char *const stored_types[] = {"application/json", "application/problem+json"};

const char *repeat_type(const char *text)
{
    for (size_t at = 0; text && at < sizeof stored_types / sizeof stored_types[0]; at++)
        if (strcmp(text, stored_types[at]) == 0)
            return stored_types[at];
    return NULL;
}

void repeat_key(char out[REPEAT_KEY_MAX], const struct repeat *row)
{
    sodium_bin2hex(out, REPEAT_KEY_MAX, row->owner, REPEAT_OWNER_BYTES);
    sodium_bin2hex(out + REPEAT_OWNER_HEX, REPEAT_KEY_MAX - REPEAT_OWNER_HEX, row->who,
                   REPEAT_HASH_BYTES);
}

static bool unhex(uint8_t hash[REPEAT_HASH_BYTES], const char *text)
{
    size_t length = 0;

    return text &&
           sodium_hex2bin(hash, REPEAT_HASH_BYTES, text, strlen(text), NULL, &length, NULL) == 0 &&
           length == REPEAT_HASH_BYTES;
}

/* The row as control.db holds it; an answer joins only where it is REPEAT_ANSWERED. */
json_t *repeat_json(const struct repeat *row, const char *does)
{
    char what[REPEAT_KEY_MAX];
    char at[24];
    json_t *json;

    sodium_bin2hex(what, sizeof what, row->what, REPEAT_HASH_BYTES);
    (void)snprintf(at, sizeof at, "%" PRId64, row->at_ns);
    json = json_pack("{s:s, s:s, s:o, s:s, s:s, s:i}", "state", state_names[row->state], "does",
                     does, "what", row->names_body ? json_string(what) : json_null(), "at_ns", at,
                     "request_id", row->request_id, "http", row->http_code);
    if (json && row->state == REPEAT_ANSWERED)
        json_object_update_new(json, json_pack("{s:s, s:s, s:s, s:s}", "text", row->text, "type",
                                               row->content_type, "etag", row->etag, "location",
                                               row->location));
    return json;
}

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text ? text : "";
}

static void row_read_answer(struct repeat *row, const json_t *json)
{
    const char *text = json_string_value(json_object_get(json, "text"));

    row->content_type = repeat_type(text_of(json, "type"));
    (void)snprintf(row->etag, sizeof row->etag, "%s", text_of(json, "etag"));
    (void)snprintf(row->location, sizeof row->location, "%s", text_of(json, "location"));
    if (!text || !row->content_type || !repeat_set_text(row, text, strlen(text)))
        row->state = REPEAT_NOT_KEPT; /* rather than a wrong one */
}

/* A begun one whose end is not there is one whose end nobody knows. */
void repeat_read(struct repeat *row, const json_t *json)
{
    const char *state = text_of(json, "state");

    row->at_ns = strtoll(text_of(json, "at_ns"), NULL, 10);
    row->names_body = unhex(row->what, json_string_value(json_object_get(json, "what")));
    row->http_code = (int)json_integer_value(json_object_get(json, "http"));
    (void)snprintf(row->request_id, sizeof row->request_id, "%s", text_of(json, "request_id"));
    row->state = REPEAT_UNKNOWN;
    if (strcmp(state, state_names[REPEAT_NOT_KEPT]) == 0)
        row->state = REPEAT_NOT_KEPT;
    if (strcmp(state, state_names[REPEAT_ANSWERED]) == 0) {
        row->state = REPEAT_ANSWERED;
        row_read_answer(row, json);
    }
}

/* --- the hashes of a request --- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* A person stays the same over log-ins; a token is its secret: one made anew is another, whatever
 * its name. */
static void hash_owner(const struct actor *actor, uint8_t out[REPEAT_HASH_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, REPEAT_HASH_BYTES);
    hash_text(&state, actor->is_session ? "session" : actor->is_local ? "local" : "token");
    hash_text(&state, actor->is_session || actor->is_local ? actor->name : actor->session_key);
    hash_text(&state, actor->person);
    crypto_generichash_final(&state, out, REPEAT_HASH_BYTES);
}

static void hash_who(const struct exchange *exchange, const char *key, struct repeat_asked *asked)
{
    crypto_generichash_state state;
    uint8_t owner[REPEAT_HASH_BYTES];

    hash_owner(&exchange->request.actor, owner);
    memcpy(asked->owner, owner, REPEAT_OWNER_BYTES);
    crypto_generichash_init(&state, NULL, 0, REPEAT_HASH_BYTES);
    crypto_generichash_update(&state, owner, REPEAT_HASH_BYTES);
    hash_text(&state, key);
    hash_text(&state, exchange->request.method);
    hash_text(&state, exchange->route->path);
    for (uint32_t i = 0; i < ROUTE_ARGS; i++)
        hash_text(&state, or_empty(exchange->request.arg[i]));
    crypto_generichash_final(&state, asked->who, REPEAT_HASH_BYTES);
}

static void hash_what(const struct exchange *exchange, struct repeat_asked *asked)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, REPEAT_HASH_BYTES);
    hash_text(&state, or_empty(header(exchange, "If-Match")));
    for (uint32_t i = 0; i < exchange->arg_count; i++) {
        hash_text(&state, or_empty(exchange->args[i].name));
        hash_text(&state, or_empty(exchange->args[i].value));
    }
    hash_text(&state, ""); /* no argument has an empty name: here they end */
    crypto_generichash_update(&state, (const unsigned char *)or_empty(exchange->body),
                              exchange->body_length);
    crypto_generichash_final(&state, asked->what, REPEAT_HASH_BYTES);
}

void repeat_ask(const struct exchange *exchange, const char *key, struct repeat_asked *asked)
{
    hash_who(exchange, key, asked);
    hash_what(exchange, asked);
}
