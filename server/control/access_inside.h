/* What the files of access share: the tables, and look-ups in them. Functions whose name ends in
 * _locked want access->lock held; they neither wait nor allocate. */
#ifndef PITWALL_CONTROL_ACCESS_INSIDE_H
#define PITWALL_CONTROL_ACCESS_INSIDE_H

#include "control/access_db.h"
#include "control/people.h"
#include "control/sessions.h"
#include "control/throttle.h"
#include "control/tokens.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define SECOND_NS 1000000000LL
#define DAY_NS (86400 * SECOND_NS)

enum { SESSIONS_MAX = 512, SESSIONS_OF_USER = 16, TICKETS_MAX = 128 };
enum { PASSWORD_LENGTH_MAX = 256, LOGIN_ADDRESS_MAX = 64 };

/* Times are steady (access_now). */
struct session {
    char key[SHA256_HEX_MAX]; /* empty: free */
    char user[MAX_NAME];
    char csrf[SECRET_TEXT_MAX];
    char address[LOGIN_ADDRESS_MAX]; /* where it was made */
    uint64_t number;                 /* what people call it; no secret */
    int64_t made_ns, expires_ns, reauth_until_ns;
    /* Last log-in or write: a page that only polls is nobody sitting there. Written by readers. */
    _Atomic int64_t acted_ns;
};

struct ticket {
    char key[SHA256_HEX_MAX]; /* empty: free */
    uint64_t whose;           /* a hash of the person's name */
    int64_t expires_ns;
    struct actor actor;
};

enum { TOKEN_HINTS = 4096 };

struct access {
    /* Everything below but db. Who only looks takes it with access_read(): a listener's thread
     * that does not go on must not keep a kill by another from being known. */
    pthread_rwlock_t lock;
    pthread_mutex_t writer; /* db; taken before lock where both are */
    struct access_db *db;
    char dir[CONFIG_TEXT_MAX];
    int64_t real_ns, mono_ns; /* at the opening */
    int64_t passed_ns;        /* access_pass_time */
    uint64_t sessions;        /* made so far */
    uint64_t version;         /* of users, the highest so far: it never falls */
    uint32_t user_count, token_count;
    struct user user[USERS_MAX];
    struct token token[TOKENS_MAX];
    _Atomic uint16_t token_hint[TOKEN_HINTS]; /* see find_token_key_locked */
    struct session session[SESSIONS_MAX];
    struct ticket ticket[TICKETS_MAX];
    struct throttle throttle;
};

static inline void access_read(struct access *access)
{
    int error = pthread_rwlock_rdlock(&access->lock);

    assert(error == 0);
}

static inline void access_write(struct access *access)
{
    int error = pthread_rwlock_wrlock(&access->lock);

    assert(error == 0);
}

static inline void access_done(struct access *access)
{
    pthread_rwlock_unlock(&access->lock);
}

/* The steady clock, and a time of it as the wall clock of now would say it. */
int64_t access_now(const struct access *access);
int64_t access_outward(const struct access *access, int64_t steady_ns);
/* For tests: time goes by. */
void access_pass_time(struct access *access, int64_t ns);

struct list_row {
    uint64_t number;
    const void *row;
};
/* {"items","next"}: that part of the rows, each as `show` has it. Reorders them. */
json_t *list_part_json(struct list_row *rows, uint32_t count, struct list_part part,
                       json_t *(*show)(const void *ctx, const void *row), const void *ctx);

void copy_text(char *out, size_t size, const char *text);

struct user *find_user_locked(struct access *access, const char *name);
struct session *find_session_locked(struct access *access, const char *key, int64_t now_ns);
/* All sessions of the user but that of `keep` (a key; NULL: all). */
void end_sessions_locked(struct access *access, const char *user, const char *keep);
void actor_of_session_locked(const struct access *access, const struct user *user,
                             const struct session *session, struct actor *actor);
/* Until when that session may what, as the wall clock of now says it. */
void session_until_locked(const struct access *access, const struct session *session,
                          struct actor *actor);
/* NULL: none of that key that stands, or whose person may nothing any more. */
const struct token *find_token_key_locked(struct access *access, const char *key, int64_t now_ns);
void actor_of_token_locked(struct access *access, const struct token *token, struct actor *actor);
/* The highest role of the person's enabled accounts (ROLE_NONE: none); false: no account. */
bool person_role_locked(const struct access *access, const char *person, enum role *role);
/* May a new user or token be called that? Those who read a name go by it, so that it is nobody
 * else's, in whatever case. ERR_CONFLICT, ERR_OUT_OF_RANGE. */
enum status name_free_locked(struct access *access, const char *name, struct err *err);
/* NULL: no token of that name, in whatever case, stands. */
const struct token *find_token_name_locked(struct access *access, const char *name, int64_t now_ns);
/* Ends the tokens of a person in memory; tokens_store_ended() then writes them. */
void end_tokens_locked(struct access *access, const char *person, int64_t now_ns);
/* With the writer's lock held. */
enum status tokens_store_ended(struct access *access, const char *person, int64_t since_ns,
                               struct err *err);

/* Writes the user to disk, then to the table. ERR_CONFLICT (new, and there is one already). */
enum status store_user(struct access *access, struct user *user, bool is_new, struct err *err);
/* Puts a changed copy back; a code that a log-in has used since it was taken stays used. */
void user_put_locked(struct access *access, struct user *user);
/* Makes a user of a hash that is there already. */
enum status password_check(const char *name, const char *password, struct err *err);
enum status user_make(struct access *access, const char *name, const char *person, enum role role,
                      const char *password, bool must_change, struct err *err);

#endif
