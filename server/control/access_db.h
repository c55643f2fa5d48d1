/* DIR/access.db: users and tokens on disk. One connection, one caller at a time (access.c's
 * writing lock); a small_db. */
#ifndef PITWALL_CONTROL_ACCESS_DB_H
#define PITWALL_CONTROL_ACCESS_DB_H

#include "control/secret.h"
#include "control/totp.h"

enum { USERS_MAX = 256, TOKENS_MAX = 1024 };

struct user {
    char name[MAX_NAME], person[MAX_NAME];
    char hash[PASSWORD_HASH_MAX];
    enum role role;
    bool must_change, disabled;
    bool totp_on;                    /* the second factor is wanted at log-in */
    uint8_t totp[TOTP_SECRET_BYTES]; /* its secret; while off, perhaps one to be confirmed */
    int64_t totp_step;               /* the last one used */
    uint64_t version;                /* a new one with every change, never one that was */
    int64_t created_ns;
    char created_by[MAX_NAME]; /* who asked for it; empty: made before this was kept */
};

struct token {
    char name[MAX_NAME], person[MAX_NAME];
    char key[SHA256_HEX_MAX];
    enum role role;
    uint32_t scopes;
    int64_t created_ns, expires_ns, revoked_ns; /* revoked_ns 0: it stands */
};

struct access_db;

enum status access_db_open(struct access_db **db, const char *dir, struct err *err);
void access_db_close(struct access_db *db);
/* Reads everything: more users than there is room for are refused, of tokens those that no longer
 * stand are left out first. */
enum status access_db_load(struct access_db *db, struct user *users, uint32_t *user_count,
                           struct token *tokens, uint32_t *token_count, struct err *err);
/* The highest version that any user has had, also one that is removed. */
enum status access_db_version(struct access_db *db, uint64_t *version, struct err *err);
/* Inserts, or changes the row of that name (user) or key (token). Durable when it returns OK;
 * as are the others. */
enum status access_db_put_user(struct access_db *db, const struct user *user, struct err *err);
enum status access_db_delete_user(struct access_db *db, const char *name, struct err *err);
enum status access_db_put_token(struct access_db *db, const struct token *token, struct err *err);
/* Inserts, and in the same write removes the token whose place it takes (key; empty: none). */
enum status access_db_add_token(struct access_db *db, const struct token *token,
                                const char *instead, struct err *err);

#endif
