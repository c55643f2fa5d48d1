/* People: accounts, their roles, their passwords and their second factor.
 *
 * An account belongs to a person; several may be one person's, and then count as one wherever two
 * people are wanted. Each has a version that every change raises (the ETag). A change of role,
 * person, or whether it is disabled ends the account's sessions: whoever it is logs in anew, with a
 * new id. The last enabled admin stays what it is (ERR_CONFLICT).
 *
 * Those that hash a password take about 60 ms and 64 MiB: only on the thread for that. */
#ifndef PITWALL_CONTROL_PEOPLE_H
#define PITWALL_CONTROL_PEOPLE_H

#include "control/access.h"

struct user; /* access_db.h */

enum { TOTP_TEXT_MAX = 40, TOTP_URI_MAX = 256 };

/* What somebody wants of an account; what is not named stays. */
struct user_change {
    bool has_role, has_person, has_disabled, has_must_change;
    enum role role;
    char person[MAX_NAME];
    bool disabled, must_change;
};

/* Of a user, person or token: 1 to 47 of a-z A-Z 0-9 . _ -; else ERR_OUT_OF_RANGE. */
enum status name_check(const char *name, struct err *err);
/* Of a person that an account is to have: nor one of the program's own names. */
enum status person_check(const char *person, struct err *err);

/* On the machine. Nobody's name is that of a user or of a token that stands, in whatever case
 * (ERR_CONFLICT), nor one that the program goes by (ERR_OUT_OF_RANGE). `person` NULL: the name. */
enum status access_user_create(struct access *access, const char *name, const char *role,
                               const char *person, const char *password, struct err *err);
/* The same in two steps, for an account that a second person must grant: a user with its hash (the
 * caller wipes it, and says who asked: created_by), then the place in the table. */
enum status access_user_prepare(struct access *access, const char *name, const char *role,
                                const char *person, const char *password, bool must_change,
                                struct user *user, struct err *err);
enum status access_user_add(struct access *access, struct user *user, struct err *err);

enum status access_user_get(struct access *access, const char *name, struct user *user,
                            struct err *err);
/* Does it give more than the account has: a higher role, role risk (it alone approves), another
 * person, or an account above viewer enabled again? */
bool user_change_grants(const struct user *user, const struct user_change *change);
void user_change_fill(struct user *user, const struct user_change *change);
/* `base` 0: whatever the version. Ends the tokens of a person whose last account moves to another.
 * ERR_STALE_VERSION, ERR_CONFLICT, ERR_NOT_FOUND; ERR_IO: what only takes away holds in memory. */
enum status access_user_change(struct access *access, const char *name, uint64_t base,
                               const struct user_change *change, struct err *err);
/* Ends sessions; of a person's last account the tokens too. Gone in memory, whatever the disk
 * then says (ERR_IO). */
enum status access_user_delete(struct access *access, const char *name, uint64_t base,
                               struct err *err);

/* Hashes. At least 12 characters, not the old one, not the user's name; ends the user's other
 * sessions. ERR_BAD_CREDENTIALS when `old_password` is wrong. ERR_THROTTLED. */
enum status access_change_password(struct access *access, const struct actor *actor,
                                   const char *old_password, const char *new_password,
                                   int *retry_after_s, struct err *err);

/* The second factor (totp.h): a secret to be confirmed by a code before it counts. `secret` and
 * `uri` are shown once. ERR_CONFLICT: one is on already. */
enum status access_totp_begin(struct access *access, const struct actor *actor,
                              char secret[TOTP_TEXT_MAX], char uri[TOTP_URI_MAX], struct err *err);
enum status access_totp_confirm(struct access *access, const struct actor *actor, const char *code,
                                int *retry_after_s, struct err *err);
/* ERR_NOT_FOUND: there is none. */
enum status access_totp_remove(struct access *access, const char *user, struct err *err);

/* List object, the newest first, without hashes. */
json_t *access_users(struct access *access, struct list_part part);
json_t *user_json(const struct user *user);

#endif
