#include "cli/login.h"

#include "cli/ask.h"
#include "thread/log.h"

#include <stdio.h>
#include <string.h>

enum { CODE_MAX = 16 };

static enum status no_person(struct err *err)
{
    return err_set(err, ERR_NEEDS_PERSON,
                   "this needs a person: the owner of the Unix socket is none, and neither is a "
                   "token. Say --user NAME and --password-file FILE, or call it at a terminal");
}

/* run.json of a directory says where its server listens. */
static enum status find_url(struct login *login, const struct client_target *target,
                            struct err *err)
{
    char path[CLI_PATH_MAX];
    json_t *run;
    const char *url;

    if (target->url) {
        snprintf(login->url, sizeof login->url, "%s", target->url);
        return OK;
    }
    snprintf(path, sizeof path, "%s/run.json", target->dir);
    run = json_load_file(path, 0, NULL);
    url = json_string_value(json_object_get(run, "url"));
    snprintf(login->url, sizeof login->url, "%s", url ? url : "");
    json_decref(run);
    if (!client_is_server_there(target->dir) || login->url[0] == '\0')
        return err_format(err, ERR_UNAVAILABLE, "no server runs in %s", target->dir);
    return OK;
}

static enum status find_person(struct login *login, const struct login_how *how, struct err *err)
{
    char question[160];

    if (how->user)
        snprintf(login->user, sizeof login->user, "%s", how->user);
    else if (how->password_file || !ask_terminal("User: ", false, login->user, sizeof login->user))
        return no_person(err);
    if (how->password_file)
        return cli_read_secret(how->password_file, false, login->password, sizeof login->password,
                               err);
    snprintf(question, sizeof question, "Password of %s: ", login->user);
    if (!ask_terminal(question, true, login->password, sizeof login->password))
        return no_person(err);
    return OK;
}

static enum status find_code(const struct login *login, char code[CODE_MAX], struct err *err)
{
    if (login->totp_file)
        return cli_read_secret(login->totp_file, false, code, CODE_MAX, err);
    if (!ask_terminal("One-time code: ", true, code, CODE_MAX))
        return err_set(err, ERR_NEEDS_PERSON, "a one-time code is wanted: --totp-file FILE");
    return OK;
}

/* `wants_code`: the log-in lacks the second factor. */
static enum status post_session(struct login *login, const char *code, bool *wants_code,
                                struct err *err)
{
    struct client_answer answer;
    json_t *body =
        json_pack("{s:s,s:s,s:s*}", "user", login->user, "password", login->password, "totp", code);
    enum status status;

    if (!body)
        return err_set(err, ERR_USAGE, "the user or the password is not UTF-8");
    status = client_call(&login->person, "POST", "/api/v1/session", body, NULL, &answer, err);
    if (status == OK && answer.cookie[0] != '\0')
        snprintf(login->cookie, sizeof login->cookie, "%s", answer.cookie);
    if (status == OK)
        snprintf(login->csrf, sizeof login->csrf, "%s", cli_text(answer.json, "csrf"));
    *wants_code = !code && strcmp(cli_text(answer.json, "code"), "totp_required") == 0;
    explicit_bzero(answer.cookie, sizeof answer.cookie);
    json_decref(answer.json);
    json_decref(body);
    return status;
}

enum status login_again(struct login *login, struct err *err)
{
    char code[CODE_MAX];
    bool wants_code = false;
    enum status status = post_session(login, NULL, &wants_code, err);

    if (!wants_code)
        return status;
    status = find_code(login, code, err);
    if (status == OK)
        status = post_session(login, code, &wants_code, err);
    explicit_bzero(code, sizeof code);
    return status;
}

enum status login_begin(struct login *login, const struct client_target *target,
                        const struct login_how *how, struct err *err)
{
    enum status status;

    *login = (struct login){.totp_file = how->totp_file};
    status = find_url(login, target, err);
    if (status == OK)
        status = find_person(login, how, err);
    if (status == OK) {
        login->person = (struct client_target){.url = login->url,
                                               .dir = target->dir,
                                               .ca_file = target->ca_file,
                                               .cert_file = target->cert_file,
                                               .key_file = target->key_file,
                                               .json = target->json};
        status = login_again(login, err);
    }
    if (status == OK && login->cookie[0] == '\0')
        status = err_set(err, ERR_UNAVAILABLE, "the server gave no session");
    if (status != OK) {
        explicit_bzero(login, sizeof *login);
        return status;
    }
    login->person.cookie = login->cookie;
    login->person.csrf = login->csrf;
    return OK;
}

void login_end(struct login *login)
{
    struct client_answer answer;
    struct err err;

    if (client_call(&login->person, "DELETE", "/api/v1/session", NULL, NULL, &answer, &err) != OK)
        fprintf(stderr, "pitwall: the session was not ended: %s\n", err.text);
    json_decref(answer.json);
    explicit_bzero(login, sizeof *login);
}

enum status login_call(struct login *login, const char *method, const char *path,
                       const json_t *body, struct client_answer *answer, struct err *err)
{
    enum status status = client_call(&login->person, method, path, body, NULL, answer, err);

    if (status != ERR_REAUTH_REQUIRED || login_again(login, err) != OK)
        return status;
    json_decref(answer->json);
    return client_call(&login->person, method, path, body, NULL, answer, err);
}

const char *login_target_check(const struct client_target *target)
{
    struct client_target with = *target;

    if (with.url && !with.token_file)
        with.token_file = "none";
    /* Over a directory the log-in goes to the address in DIR/run.json, which may be https. */
    if (with.dir && !with.url && !with.cert_file == !with.key_file)
        with.cert_file = with.key_file = with.ca_file = NULL;
    return cli_target_check(&with);
}
