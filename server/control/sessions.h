/* Sessions: log-in, log-out, what is open; and the one-use tickets of the stream.
 *
 * A session id is 256 bits, made at each log-in and kept only as its SHA-256. It ends 12 hours
 * after the log-in; it may write until 30 minutes after the last write or log-in, and do what is
 * dangerous until 5 minutes after the last log-in (routes.def says what is). */
#ifndef PITWALL_CONTROL_SESSIONS_H
#define PITWALL_CONTROL_SESSIONS_H

#include "control/access.h"

struct login {
    const char *user, *password;
    const char *totp; /* NULL: none sent */
    const char *address;
    const char *session_key; /* of the session it is sent in; NULL or empty: none */
};

/* Hashes: on the thread for that. Checks the password in equal time for unknown users, throttles
 * by account and address (ERR_THROTTLED; *retry_after_s), and makes a session; `session` receives
 * the cookie's value. Within a session of the same user it renews that session's re-authentication
 * instead: `session` is then empty and the browser's cookie stays as it is. ERR_TOTP_REQUIRED: the
 * password is right, the second factor is missing. */
enum status access_login(struct access *access, const struct login *login, struct actor *actor,
                         char session[SECRET_TEXT_MAX], int *retry_after_s, struct err *err);
void access_logout(struct access *access, const char *session_key);
/* A write has come in that session: somebody sits there. */
void access_session_acted(struct access *access, const struct actor *actor);

/* List object of the sessions of `user` (NULL: of all), newest first; `own` marks the caller's. */
json_t *access_sessions(struct access *access, const char *user, uint64_t own,
                        struct list_part part);
/* Ends session `number`; of `user` alone unless NULL. *whose is the account then.
 * ERR_NOT_FOUND. */
enum status access_session_end(struct access *access, const char *user, uint64_t number,
                               char whose[MAX_NAME], struct err *err);
/* Ends all of `user`; returns how many. */
uint32_t access_sessions_end(struct access *access, const char *user);

/* One-use tickets for the stream, 30 s. When all places are taken, the oldest of the person who has
 * the most goes. */
void access_ticket_make(struct access *access, const struct actor *actor,
                        char ticket[SECRET_TEXT_MAX], int64_t *expires_ns);
enum status access_ticket_use(struct access *access, const char *ticket, struct actor *actor);

#endif
