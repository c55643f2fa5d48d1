/* What handlers do with what they have read, in the fuzz target's place: nothing, but what they
 * hand on must be whole. The linker puts these where the handlers call (--wrap). */
#include "alerts/alerts.h"
#include "control/inside.h"
#include "control/people.h"
#include "control/sessions.h"
#include "control/tokens.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum status __wrap_control_kill(struct control *control, const struct actor *actor,
                                const char *scope, const char *reason, bool flatten,
                                int64_t read_ns, const char *request_id, json_t **receipt,
                                struct err *err);
enum status __wrap_control_may_give(struct control *control, struct err *err);
void __wrap_control_note(struct control *control, const struct actor *actor,
                         const struct control_fact *fact);
enum status __wrap_access_login(struct access *access, const struct login *login,
                                struct actor *actor, char session[SECRET_TEXT_MAX],
                                int *retry_after_s, struct err *err);
enum status __wrap_access_change_password(struct access *access, const struct actor *actor,
                                          const char *old_password, const char *new_password,
                                          int *retry_after_s, struct err *err);
enum status __wrap_access_user_prepare(struct access *access, const char *name, const char *role,
                                       const char *person, const char *password, bool must_change,
                                       struct user *user, struct err *err);
enum status __wrap_access_user_get(struct access *access, const char *name, struct user *user,
                                   struct err *err);
enum status __wrap_access_totp_confirm(struct access *access, const struct actor *actor,
                                       const char *code, int *retry_after_s, struct err *err);
enum status __wrap_access_token_create(struct access *access, const struct token_wish *wish,
                                       char token[SECRET_TEXT_MAX], struct err *err);
enum status __wrap_alerts_note(struct alerts *alerts, const struct actor *actor, const char *note,
                               const char *request_id, json_t **reply, struct err *err);
enum status __wrap_alerts_acknowledge(struct alerts *alerts, const struct actor *actor,
                                      const char *id, const char *note, const char *request_id,
                                      json_t **reply, struct err *err);

/* The reason of a kill reaches the audit as it is, or cut between two characters, but for marks
 * that would have it read otherwise. */
enum status __wrap_control_kill(struct control *control, const struct actor *actor,
                                const char *scope, const char *reason, bool flatten,
                                int64_t read_ns, const char *request_id, json_t **receipt,
                                struct err *err)
{
    char kept[REASON_MAX];
    json_t *record;

    (void)control, (void)flatten, (void)read_ns, (void)request_id, (void)receipt;
    assert(scope && reason && reason[0] && strlen(reason) <= REASON_MAX);
    text_copy_plain(kept, sizeof kept, reason);
    record = json_string(kept);
    assert(record && text_is_plain(kept));
    assert(strlen(kept) + 4 > strlen(reason));
    for (size_t at = 0; kept[at]; at++)
        assert(kept[at] == reason[at] || kept[at] == '?');
    json_decref(record);
    assert(actor != NULL);
    return err_set(err, ERR_UNKNOWN_SCOPE, "stands in");
}

enum status __wrap_control_may_give(struct control *control, struct err *err)
{
    (void)control, (void)err;
    return OK;
}

/* Every fact can be written down. */
void __wrap_control_note(struct control *control, const struct actor *actor,
                         const struct control_fact *fact)
{
    json_t *record = record_make(actor, fact);

    (void)control;
    assert(record != NULL);
    json_decref(record);
}

enum status __wrap_access_login(struct access *access, const struct login *login,
                                struct actor *actor, char session[SECRET_TEXT_MAX],
                                int *retry_after_s, struct err *err)
{
    (void)access, (void)actor, (void)session, (void)retry_after_s;
    assert(login->user && login->password);
    return err_set(err, ERR_BAD_CREDENTIALS, "stands in");
}

enum status __wrap_access_change_password(struct access *access, const struct actor *actor,
                                          const char *old_password, const char *new_password,
                                          int *retry_after_s, struct err *err)
{
    (void)access, (void)actor, (void)retry_after_s;
    assert(old_password && new_password);
    return err_set(err, ERR_BAD_CREDENTIALS, "stands in");
}

enum status __wrap_access_user_prepare(struct access *access, const char *name, const char *role,
                                       const char *person, const char *password, bool must_change,
                                       struct user *user, struct err *err)
{
    (void)access, (void)person, (void)must_change, (void)user;
    assert(name && role && password);
    return name_check(name, err) == OK ? err_set(err, ERR_CONFLICT, "stands in") : err->status;
}

enum status __wrap_access_user_get(struct access *access, const char *name, struct user *user,
                                   struct err *err)
{
    (void)access, (void)user;
    assert(name != NULL);
    return err_set(err, ERR_NOT_FOUND, "stands in");
}

enum status __wrap_access_totp_confirm(struct access *access, const struct actor *actor,
                                       const char *code, int *retry_after_s, struct err *err)
{
    (void)access, (void)actor, (void)retry_after_s;
    assert(code != NULL);
    return err_set(err, ERR_BAD_CREDENTIALS, "stands in");
}

enum status __wrap_access_token_create(struct access *access, const struct token_wish *wish,
                                       char token[SECRET_TEXT_MAX], struct err *err)
{
    (void)access, (void)token;
    assert(wish->name && !wish->role != !wish->scope);
    return err_set(err, ERR_CONFLICT, "stands in");
}

enum status __wrap_alerts_note(struct alerts *alerts, const struct actor *actor, const char *note,
                               const char *request_id, json_t **reply, struct err *err)
{
    (void)alerts, (void)actor, (void)request_id, (void)reply;
    assert(note != NULL);
    return err_set(err, ERR_STORAGE, "stands in");
}

enum status __wrap_alerts_acknowledge(struct alerts *alerts, const struct actor *actor,
                                      const char *id, const char *note, const char *request_id,
                                      json_t **reply, struct err *err)
{
    (void)alerts, (void)actor, (void)request_id, (void)reply;
    assert(id && note);
    return err_set(err, ERR_NOT_FOUND, "stands in");
}
