/* Tokens of programs: 256 bits, kept only as SHA-256, shown once.
 *
 * A token has a role or one scope, and an end. It belongs to a person: who made it, or, made on
 * the machine without saying whose, to nobody but itself. Where that person has accounts, the
 * token's role is never above theirs, nor a scope more than they may, and it ends with them. */
#ifndef PITWALL_CONTROL_TOKENS_H
#define PITWALL_CONTROL_TOKENS_H

#include "control/access.h"

enum { TOKEN_DAYS = 90 }; /* where nobody says how long */

struct token_wish {
    const char *name;
    const char *role, *scope; /* one of them is NULL */
    const char *person;       /* NULL: the token's name */
    json_int_t days;
};

/* Could it be made? The answers of access_token_create(), which looks again; nothing changes. */
enum status access_token_check(struct access *access, const struct token_wish *wish,
                               struct err *err);
/* An expired or revoked token's name may be used again; else ERR_CONFLICT. */
enum status access_token_create(struct access *access, const struct token_wish *wish,
                                char token[SECRET_TEXT_MAX], struct err *err);
/* Ends in memory at once, whatever the disk then says (ERR_IO). */
enum status access_token_revoke(struct access *access, const char *name, struct err *err);
json_t *access_tokens(struct access *access, struct list_part part); /* list object, newest first */

#endif
