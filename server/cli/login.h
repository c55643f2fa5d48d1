/* A person's session for one command: log in, act, log out. Neither the owner of the Unix socket
 * nor a token is a person. Main thread. */
#ifndef PITWALL_CLI_LOGIN_H
#define PITWALL_CLI_LOGIN_H

#include "cli/client.h"

enum { LOGIN_SECRET_MAX = 300, LOGIN_URL_MAX = 300 };

/* How to find out who it is: a name and files, or the terminal for what is NULL. */
struct login_how {
    const char *user, *password_file, *totp_file;
};

struct login {
    struct client_target person; /* calls go by this */
    char user[128], password[LOGIN_SECRET_MAX];
    char url[LOGIN_URL_MAX], cookie[CLI_COOKIE_MAX], csrf[128];
    const char *totp_file;
};

/* Logs in at the address of target, or the one that the server of target->dir listens at.
 * ERR_NEEDS_PERSON: nobody to ask. On failure there is nothing to end. */
enum status login_begin(struct login *login, const struct client_target *target,
                        const struct login_how *how, struct err *err);
/* Confirms once more who sits there. */
enum status login_again(struct login *login, struct err *err);
/* As client_call() by the person; where the log-in is too old, it is confirmed, once. */
enum status login_call(struct login *login, const char *method, const char *path,
                       const json_t *body, struct client_answer *answer, struct err *err);
/* As cli_target_check(), but a person who logs in needs no token. */
const char *login_target_check(const struct client_target *target);
/* Logs out; secrets are wiped. */
void login_end(struct login *login);

#endif
