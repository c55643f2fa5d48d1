/* Access: who is asking.
 *
 *   access.h    roles, who a session or a token is, whether they still stand
 *   people.h    users: making, changing, removing, passwords, the second factor
 *   sessions.h  log-in, log-out, what is open, one-use tickets
 *   tokens.h    tokens of programs
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
 * Time is steady: the wall clock as it was at the opening, carried on by the monotonic one, so that
 * a step of the wall clock neither ends nor lengthens anything. What an actor carries is told on
 * the wall clock of now.
 *
 * Any control-plane thread. One lock for the tables, shared by who only looks, held for a look-up
 * and never while hashing or writing; another for the writer. */
#ifndef PITWALL_CONTROL_ACCESS_H
#define PITWALL_CONTROL_ACCESS_H

#include "config/config.h"

#include <jansson.h>

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_TRADER, ROLE_RISK, ROLE_ADMIN };
enum { TOKEN_SCOPE_METRICS = 1, TOKEN_SCOPE_KILL = 2, TOKEN_SCOPE_AUDIT_READ = 4 };
const char *token_scope_name(uint32_t scopes); /* of the first; a token has one */
enum { SECRET_TEXT_MAX = 80 };                 /* a session id, token or CSRF value as text */

/* Who is asking. */
struct actor {
    char name[MAX_NAME];   /* user or token name */
    char person[MAX_NAME]; /* the person behind it; of a token who made it, or its name */
    enum role role;        /* of a token never above that of the person's accounts */
    uint32_t scopes;       /* of a token, as far as its person may do it too */
    bool is_session;       /* a person's session, not a token */
    bool is_local;         /* the Unix socket: the directory's owner, role admin */
    bool must_change_password;
    /* Of a session: confirmed until; may write until, unless confirmed again; over. */
    int64_t reauth_until_ns, awake_until_ns, expires_ns;
    uint64_t session; /* its public number */
    char csrf[SECRET_TEXT_MAX];
    char session_key[SECRET_TEXT_MAX]; /* hash that names the session; for log-out and streams */
};

/* How it asked. */
enum actor_by { BY_TOKEN, BY_SESSION, BY_LOCAL };
enum actor_by actor_by(const struct actor *actor);
const char *actor_by_name(enum actor_by by); /* token, session, local */

/* What is kept of who asked for something that is done later: the account or the token itself, not
 * the session, and no secret. */
struct origin {
    char name[MAX_NAME], person[MAX_NAME];
    enum actor_by by;
    enum role role;
    int64_t created_ns;        /* of the account */
    char key[SECRET_TEXT_MAX]; /* of the token: its hash */
};

struct access;

enum status access_open(struct access **access, const char *dir, struct err *err);
void access_close(struct access *access);

/* Makes the demo's users, or `admin` alone with a forced change, when there are no users yet:
 * writes DIR/first-login (0600) and gives its JSON in *printed (new reference). Else *printed is
 * NULL. Main thread, at start; about 60 ms a user. */
enum status access_first_run(struct access *access, const char *dir, bool demo, json_t **printed,
                             struct err *err);

/* Cheap: a hash and a look-up. ERR_UNAUTHENTICATED when unknown, expired or revoked, or when the
 * account is disabled. */
enum status access_by_session(struct access *access, const char *session, struct actor *actor);
enum status access_by_token(struct access *access, const char *token, struct actor *actor);
/* True while the session or token behind an open stream (or a job that waited) still stands, with
 * the role it came with. */
bool access_still_valid(struct access *access, const struct actor *actor);
/* The same of a request that waited for its thread: ERR_UNAUTHENTICATED. */
enum status access_look_again(struct access *access, const struct actor *actor, struct err *err);

/* The same, and what the session must be is read again: it may have been confirmed since. */
enum status access_renew(struct access *access, struct actor *actor, struct err *err);

/* `access` NULL (tests): nobody is looked up. */
void access_origin(struct access *access, const struct actor *actor, struct origin *origin);
/* False once the account or token is gone, disabled, another person's, or of a lower role. */
bool access_origin_stands(struct access *access, const struct origin *origin);

/* Which part of a list that is ordered by a number, highest first: at most so many of those below
 * `before` (0: from the highest on). Their numbers stay, so what is removed or made between two
 * pages neither hides nor repeats anything. */
struct list_part {
    uint64_t before;
    uint32_t most;
};
#define LIST_WHOLE ((struct list_part){.most = UINT32_MAX})

json_t *access_ns_json(int64_t ns); /* a time as a string */
const char *role_name(enum role role);
enum role role_find(const char *name); /* ROLE_NONE: there is none of that name */

#endif
