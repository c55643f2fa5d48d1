/* Access: people, tokens, sessions, and who may do what.
 *
 * Users and tokens live in DIR/access.db (own SQLite file, one writing connection, opened by the
 * running server or, when none runs, by the verb that holds the directory's lock). Passwords as
 * argon2id (libsodium, 64 MiB, t=2); tokens and session ids only as SHA-256. Roles viewer < trader
 * < risk < admin; scopes of tokens: metrics, kill, audit-read.
 *
 * The file is read once, at the opening; look-ups use fixed tables in memory, so that the log-in
 * of a kill never waits for a disk. Sessions and tickets live in memory only: a restart logs
 * everybody out. Bounds: 256 users, 1,024 tokens, 16 sessions a user (the oldest goes).
 *
 * Any control-plane thread. One lock for the tables, held for a look-up and never while hashing or
 * writing; another for the writer. Hashing takes ~60 ms and 64 MiB: only on the worker pool, at
 * most one at a time. (libsodium maps and unmaps those 64 MiB itself: a log-in costs the engine's
 * core one TLB flush.) */
#ifndef PITWALL_CONTROL_ACCESS_H
#define PITWALL_CONTROL_ACCESS_H

#include "config/config.h"

#include <jansson.h>

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_TRADER, ROLE_RISK, ROLE_ADMIN };
enum { TOKEN_SCOPE_METRICS = 1, TOKEN_SCOPE_KILL = 2, TOKEN_SCOPE_AUDIT_READ = 4 };
enum { SECRET_TEXT_MAX = 80 }; /* a session id, token or CSRF value as text */

/* Who is asking. */
struct actor {
    char name[MAX_NAME];   /* user or token name */
    char person[MAX_NAME]; /* the person behind it; of a token the token's name */
    enum role role;
    uint32_t scopes; /* of a token */
    bool is_session; /* a person's session, not a token */
    bool is_local;   /* the Unix socket: the directory's owner, role admin */
    bool must_change_password;
    int64_t reauth_until_ns, expires_ns;
    char csrf[SECRET_TEXT_MAX];
    char session_key[SECRET_TEXT_MAX]; /* hash that names the session; for log-out and streams */
};

struct access;

enum status access_open(struct access **access, const char *dir, struct err *err);
void access_close(struct access *access);

/* Makes the demo's users, or `admin` alone with a forced change, when there are no users yet:
 * writes DIR/first-login (0600) and gives its JSON in *printed (new reference). Else *printed is
 * NULL. Main thread, at start; about 60 ms a user. */
enum status access_first_run(struct access *access, const char *dir, bool demo, json_t **printed,
                             struct err *err);

/* Worker thread. Checks the password in equal time for unknown users, throttles by account and
 * address (ERR_THROTTLED; *retry_after_s), and makes a session; `session` receives the cookie's
 * value. With the `session_key` of a session of the same user it renews that session's
 * re-authentication instead: `session` is then empty and the browser's cookie stays as it is.
 * `session_key` may be NULL or empty. */
enum status access_login(struct access *access, const char *user, const char *password,
                         const char *address, const char *session_key, struct actor *actor,
                         char session[SECRET_TEXT_MAX], int *retry_after_s, struct err *err);
void access_logout(struct access *access, const char *session_key);
/* Worker thread. At least 12 characters, not the old one, not the user's name; ends the user's
 * other sessions. ERR_BAD_CREDENTIALS when `old_password` is wrong. */
enum status access_change_password(struct access *access, const struct actor *actor,
                                   const char *old_password, const char *new_password,
                                   struct err *err);

/* Cheap: a hash and a look-up. ERR_UNAUTHENTICATED when unknown, expired or revoked. */
enum status access_by_session(struct access *access, const char *session, struct actor *actor);
enum status access_by_token(struct access *access, const char *token, struct actor *actor);
/* True while the session or token behind an open stream still stands. */
bool access_still_valid(struct access *access, const struct actor *actor);

/* One-use tickets for the stream, 30 s. */
void access_ticket_make(struct access *access, const struct actor *actor,
                        char ticket[SECRET_TEXT_MAX], int64_t *expires_ns);
enum status access_ticket_use(struct access *access, const char *ticket, struct actor *actor);

/* Names are 1 to 47 of a-z A-Z 0-9 . _ - and unique (ERR_CONFLICT); an expired or revoked token's
 * name may be used again. */
enum status access_user_create(struct access *access, const char *name, const char *role,
                               const char *password, struct err *err);
/* `role` or `scope` is NULL. days 0: 90 days. */
enum status access_token_create(struct access *access, const char *name, const char *role,
                                const char *scope, int days, char token[SECRET_TEXT_MAX],
                                struct err *err);
enum status access_token_revoke(struct access *access, const char *name, struct err *err);
json_t *access_users(struct access *access);  /* list object, no hashes */
json_t *access_tokens(struct access *access); /* list object */

const char *role_name(enum role role);
enum role role_find(const char *name); /* ROLE_NONE: there is none of that name */

#endif
