#include "control/access_inside.h"

#include "thread/log.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_DAYS_MAX = 3650 };

static const char *const scope_names[] = {"metrics", "kill", "audit-read"}; /* by bit */
enum { TOKEN_SCOPES = sizeof scope_names / sizeof scope_names[0] };

static uint32_t token_scope_find(const char *name)
{
    for (int bit = 0; bit < TOKEN_SCOPES; bit++)
        if (strcmp(name, scope_names[bit]) == 0)
            return 1U << bit;
    return 0;
}

const char *token_scope_name(uint32_t scopes)
{
    for (int bit = 0; bit < TOKEN_SCOPES; bit++)
        if (scopes & 1U << bit)
            return scope_names[bit];
    return "none";
}

static bool token_stands(const struct token *token, int64_t now_ns)
{
    return token->revoked_ns == 0 && now_ns < token->expires_ns;
}

/* The standing token of that name. */
static struct token *find_token(struct access *access, const char *name, int64_t now_ns)
{
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcmp(access->token[i].name, name) == 0 && token_stands(&access->token[i], now_ns))
            return &access->token[i];
    return NULL;
}

const struct token *find_token_name_locked(struct access *access, const char *name, int64_t now_ns)
{
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcasecmp(access->token[i].name, name) == 0 && token_stands(&access->token[i], now_ns))
            return &access->token[i];
    return NULL;
}

/* Every request asks this. Where a key like it was found last is tried before the walk over all;
 * nothing has to be kept in step, because it counts only when the whole key is equal. */
static const struct token *find_key(struct access *access, const char *key)
{
    char bits[4] = {0};
    _Atomic uint16_t *hint;
    uint16_t at;

    memcpy(bits, key, strnlen(key, sizeof bits - 1)); /* keys are SHA-256 in hexadecimal */
    hint = &access->token_hint[strtoul(bits, NULL, 16) % TOKEN_HINTS];
    at = atomic_load_explicit(hint, memory_order_relaxed);
    if (at < access->token_count && strcmp(access->token[at].key, key) == 0)
        return &access->token[at];
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcmp(access->token[i].key, key) == 0) {
            atomic_store_explicit(hint, (uint16_t)i, memory_order_relaxed);
            return &access->token[i];
        }
    return NULL;
}

const struct token *find_token_key_locked(struct access *access, const char *key, int64_t now_ns)
{
    const struct token *token = find_key(access, key);
    enum role role;

    if (!token || !token_stands(token, now_ns))
        return NULL;
    return person_role_locked(access, token->person, &role) && role == ROLE_NONE ? NULL : token;
}

/* What a person of that role may also do without a token. A scrape that goes on tells a viewer
 * nothing new, and its end would blind whoever watches. */
static uint32_t scopes_of(enum role role)
{
    uint32_t scopes = role >= ROLE_VIEWER ? TOKEN_SCOPE_METRICS : 0;

    if (role >= ROLE_TRADER)
        scopes |= TOKEN_SCOPE_KILL;
    if (role >= ROLE_RISK)
        scopes |= TOKEN_SCOPE_AUDIT_READ;
    return scopes;
}

void actor_of_token_locked(struct access *access, const struct token *token, struct actor *actor)
{
    enum role role;

    *actor = (struct actor){.role = token->role,
                            .scopes = token->scopes,
                            .expires_ns = access_outward(access, token->expires_ns)};
    if (person_role_locked(access, token->person, &role)) {
        actor->role = role < token->role ? role : token->role;
        actor->scopes &= scopes_of(role);
    }
    copy_text(actor->name, sizeof actor->name, token->name);
    copy_text(actor->person, sizeof actor->person, token->person);
    copy_text(actor->session_key, sizeof actor->session_key, token->key);
}

/* The place for a new token: behind the others, or that of one that no longer stands. */
static struct token *token_place(struct access *access, int64_t now_ns)
{
    if (access->token_count < TOKENS_MAX)
        return &access->token[access->token_count];
    for (uint32_t i = 0; i < TOKENS_MAX; i++)
        if (!token_stands(&access->token[i], now_ns))
            return &access->token[i];
    return NULL;
}

/* The writer's lock keeps the place; until the disk has the token the table is as it was. */
static enum status store_new_token(struct access *access, const struct token *token,
                                   struct err *err)
{
    struct token *place = NULL;
    enum status status = OK;

    pthread_mutex_lock(&access->writer);
    access_read(access);
    status = name_free_locked(access, token->name, err);
    if (status == OK && !(place = token_place(access, token->created_ns)))
        status = err_format(err, ERR_UNAVAILABLE, "no room for more than %d tokens", TOKENS_MAX);
    access_done(access);
    if (place && (status = access_db_add_token(access->db, token, place->key, err)) == OK) {
        access_write(access);
        *place = *token;
        access->token_count += place == &access->token[access->token_count];
        access_done(access);
    }
    pthread_mutex_unlock(&access->writer);
    return status;
}

static enum status wish_check(const struct token_wish *wish, struct token *token, struct err *err)
{
    const char *person = wish->person ? wish->person : wish->name;
    enum status status;

    if ((status = name_check(wish->name, err)) != OK || (status = name_check(person, err)) != OK)
        return status;
    if ((wish->role == NULL) == (wish->scope == NULL))
        return err_set(err, ERR_MALFORMED, "a token has either a role or a scope");
    if (wish->role && (token->role = role_find(wish->role)) == ROLE_NONE)
        return err_set(err, ERR_OUT_OF_RANGE, "roles are viewer, trader, risk, admin");
    if (wish->scope && (token->scopes = token_scope_find(wish->scope)) == 0)
        return err_set(err, ERR_OUT_OF_RANGE, "scopes are metrics, kill, audit-read");
    if (wish->days < 1 || wish->days > TOKEN_DAYS_MAX)
        return err_format(err, ERR_OUT_OF_RANGE, "a token lives 1 to %d days", TOKEN_DAYS_MAX);
    copy_text(token->name, sizeof token->name, wish->name);
    copy_text(token->person, sizeof token->person, person);
    return OK;
}

enum status access_token_check(struct access *access, const struct token_wish *wish,
                               struct err *err)
{
    struct token token = {0};
    enum status status = wish_check(wish, &token, err);

    if (status != OK)
        return status;
    access_read(access);
    status = name_free_locked(access, token.name, err);
    access_done(access);
    return status;
}

enum status access_token_create(struct access *access, const struct token_wish *wish,
                                char secret[SECRET_TEXT_MAX], struct err *err)
{
    struct token token = {.created_ns = access_now(access)};
    enum status status = wish_check(wish, &token, err);

    if (status != OK)
        return status;
    token.expires_ns = token.created_ns + wish->days * DAY_NS;
    secret_make(secret, "pw_");
    secret_key(secret, token.key);
    return store_new_token(access, &token, err);
}

enum status access_token_revoke(struct access *access, const char *name, struct err *err)
{
    int64_t now_ns = access_now(access);
    struct token copy = {0};
    struct token *token;

    pthread_mutex_lock(&access->writer);
    access_write(access);
    if ((token = find_token(access, name, now_ns))) {
        token->revoked_ns = now_ns;
        copy = *token;
    }
    access_done(access);
    if (token)
        err->status = access_db_put_token(access->db, &copy, err);
    pthread_mutex_unlock(&access->writer);
    return token ? err->status : err_format(err, ERR_NOT_FOUND, "there is no token %s", name);
}

void end_tokens_locked(struct access *access, const char *person, int64_t now_ns)
{
    for (uint32_t i = 0; i < access->token_count; i++)
        if (strcmp(access->token[i].person, person) == 0 && token_stands(&access->token[i], now_ns))
            access->token[i].revoked_ns = now_ns;
}

/* The writer's lock keeps the table's rows where they are. */
enum status tokens_store_ended(struct access *access, const char *person, int64_t since_ns,
                               struct err *err)
{
    enum status status = OK;

    for (uint32_t i = 0; status == OK && i < access->token_count; i++)
        if (strcmp(access->token[i].person, person) == 0 && access->token[i].revoked_ns == since_ns)
            status = access_db_put_token(access->db, &access->token[i], err);
    return status;
}

struct tokens_shown {
    const struct access *access;
    int64_t now_ns;
};

static json_t *token_json(const void *ctx, const void *row)
{
    const struct tokens_shown *shown = ctx;
    const struct access *access = shown->access;
    const struct token *token = row;
    const char *scope = NULL;

    for (int bit = 0; bit < TOKEN_SCOPES; bit++)
        if (token->scopes & 1U << bit)
            scope = scope_names[bit];
    return json_pack(
        "{s:s,s:s,s:s?,s:s?,s:o,s:o,s:s}", "name", token->name, "person", token->person, "role",
        token->role == ROLE_NONE ? NULL : role_name(token->role), "scope", scope, "created_ns",
        access_ns_json(access_outward(access, token->created_ns)), "expires_ns",
        access_ns_json(access_outward(access, token->expires_ns)), "state",
        token->revoked_ns != 0              ? "revoked"
        : shown->now_ns < token->expires_ns ? "valid"
                                            : "expired");
}

json_t *access_tokens(struct access *access, struct list_part part)
{
    struct tokens_shown shown = {access, access_now(access)};
    struct list_row rows[TOKENS_MAX];
    uint32_t count = 0;
    json_t *list;

    access_read(access);
    for (uint32_t i = 0; i < access->token_count; i++)
        if (access->token[i].name[0] != '\0')
            rows[count++] =
                (struct list_row){(uint64_t)access->token[i].created_ns, &access->token[i]};
    list = list_part_json(rows, count, part, token_json, &shown);
    access_done(access);
    return list;
}
