#include "cli/client.h"

#include "thread/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 8 << 20,
    HEAD_MAX = 4096,
    TOKEN_MAX = 256,
    CREDENTIALS_MAX = 640,
    PATIENCE_MS = 10000,
    PAGES_MAX = 64
};

static enum status connect_to(const struct client_target *target, struct transport *to,
                              struct err *err)
{
    int patience_ms = target->patience_ms ? target->patience_ms : PATIENCE_MS;

    char pinned[CLI_PATH_MAX];
    struct transport_papers papers = {target->ca_file, target->cert_file, target->key_file};

    if (!target->url)
        return transport_local(to, target->dir, patience_ms, err);
    if (papers.key_file && cli_check_secret(papers.key_file, target->is_token_lax, err) != OK)
        return err->status;
    /* A directory beside the address: it is that server, by the certificate that it made. */
    snprintf(pinned, sizeof pinned, "%s/tls/cert.pem", target->dir ? target->dir : "");
    if (!papers.ca_file && target->dir && access(pinned, R_OK) == 0)
        papers.ca_file = pinned;
    return transport_url(to, target->url, &papers, patience_ms, err);
}

/* ---------------------------------------------------------------------------------- call */

struct call {
    const char *method, *path, *body, *if_match;
};

/* "Authorization: ..", or the session of a person; nothing over the socket. */
static enum status credentials(const struct client_target *target, char out[CREDENTIALS_MAX],
                               struct err *err)
{
    char token[TOKEN_MAX];
    enum status status;

    out[0] = '\0';
    if (target->cookie)
        snprintf(out, CREDENTIALS_MAX, "Cookie: %s\r\nX-CSRF-Token: %s\r\n", target->cookie,
                 target->csrf ? target->csrf : "");
    if (target->cookie || !target->url || !target->token_file)
        return OK;
    status = cli_read_secret(target->token_file, target->is_token_lax, token, sizeof token, err);
    if (status == OK)
        snprintf(out, CREDENTIALS_MAX, "Authorization: Bearer %s\r\n", token);
    explicit_bzero(token, sizeof token);
    return status;
}

static enum status make_head(const struct client_target *target, const struct call *call,
                             char head[HEAD_MAX], struct err *err)
{
    struct url_parts url = {.authority = "localhost"};
    char who[CREDENTIALS_MAX], match[64] = "";
    enum status status = credentials(target, who, err);
    int length;

    if (status != OK)
        return status;
    if (target->url && !url_cut(target->url, &url))
        return err_format(err, ERR_USAGE, "%s: not an address", target->url);
    if (call->if_match)
        snprintf(match, sizeof match, "If-Match: \"%.40s\"\r\n", call->if_match);
    length = snprintf(head, HEAD_MAX,
                      "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%s%s"
                      "Content-Length: %zu\r\n\r\n",
                      call->method, call->path, url.authority, match, who,
                      call->body ? "Content-Type: application/json\r\n" : "",
                      call->body ? strlen(call->body) : 0);
    explicit_bzero(who, sizeof who);
    if (length < 0 || length >= HEAD_MAX)
        return err_set(err, ERR_USAGE, "the request is too long");
    return OK;
}

/* Everything until the server closes; *text is the caller's, closed by NUL. */
static enum status receive_all(struct transport *from, char **text, struct err *err)
{
    size_t used = 0, size = 16384;
    ssize_t received;

    *text = malloc(size);
    if (!*text)
        return err_set(err, ERR_INTERNAL, "no memory");
    do {
        if (used + 1 >= size) {
            char *larger = size >= ANSWER_MAX ? NULL : realloc(*text, size *= 2);

            if (!larger)
                return err_set(err, ERR_UNAVAILABLE, "the answer is too large");
            *text = larger;
        }
        received = transport_receive(from, *text + used, size - used - 1);
        if (received < 0)
            return transport_say(from, err);
        used += (size_t)received;
    } while (received > 0);
    (*text)[used] = '\0';
    return OK;
}

/* A code that another version of the server has is judged by its HTTP status. */
static enum status status_of_problem(const char *code, int http)
{
    for (int status = 1; code && status < STATUS_COUNT; status++)
        if (strcmp(code, status_code((enum status)status)) == 0)
            return (enum status)status;
    if (http == 401 || http == 403)
        return http == 401 ? ERR_UNAUTHENTICATED : ERR_FORBIDDEN;
    if (http == 400 || http == 404 || http == 405)
        return http == 404 ? ERR_NOT_FOUND : ERR_MALFORMED;
    return http >= 500 ? ERR_UNAVAILABLE : ERR_DENIED; /* a denial's code is its reason */
}

static void read_cookie(const char *head, const char *body, struct client_answer *answer)
{
    const char *at = strcasestr(head, "\r\nSet-Cookie: ");

    if (!at || at >= body)
        return;
    at += strlen("\r\nSet-Cookie: ");
    snprintf(answer->cookie, sizeof answer->cookie, "%.*s", (int)strcspn(at, ";\r\n"), at);
}

static enum status read_answer(const char *text, bool is_raw, struct client_answer *answer,
                               struct err *err)
{
    const char *body = strstr(text, "\r\n\r\n");
    const char *detail, *code;

    answer->http = strncmp(text, "HTTP/1.", 7) == 0 && strlen(text) > 9
                       ? (int)strtol(text + 9, NULL, 10) /* "HTTP/1.1 200 OK" */
                       : 0;
    if (answer->http < 100 || answer->http > 599 || !body)
        return err_set(err, ERR_UNAVAILABLE, "what answers there is not a Pitwall server");
    read_cookie(text, body, answer);
    if (body[4] != '\0')
        answer->json = json_loads(body + 4, JSON_DECODE_ANY, NULL);
    if (!is_raw || answer->http >= 400)
        text_tame_json(answer->json);
    if (answer->http < 400)
        return answer->json || body[4] == '\0'
                   ? OK
                   : err_set(err, ERR_UNAVAILABLE, "the answer is cut off, or not JSON");
    detail = json_string_value(json_object_get(answer->json, "detail"));
    code = json_string_value(json_object_get(answer->json, "code"));
    if (!code)
        return err_format(err, status_of_problem(NULL, answer->http),
                          "what answers there says HTTP %d, and not why", answer->http);
    return err_format(err, status_of_problem(code, answer->http), "%s",
                      detail && detail[0] ? detail : cli_text(answer->json, "title"));
}

static enum status exchange(const struct client_target *target, const struct call *call,
                            char **received, struct err *err)
{
    char head[HEAD_MAX];
    struct transport to;
    enum status status = make_head(target, call, head, err);

    if (status == OK)
        status = connect_to(target, &to, err);
    if (status == OK) {
        if (transport_send(&to, head, strlen(head)) &&
            transport_send(&to, call->body ? call->body : "", call->body ? strlen(call->body) : 0))
            status = receive_all(&to, received, err);
        else
            status = transport_say(&to, err);
        transport_close(&to);
    }
    explicit_bzero(head, sizeof head);
    return status;
}

enum status client_call(const struct client_target *target, const char *method, const char *path,
                        const json_t *body, const char *if_match, struct client_answer *answer,
                        struct err *err)
{
    char *sent = body ? json_dumps(body, JSON_COMPACT) : NULL;
    char *received = NULL;
    const struct call call = {method, path, sent, if_match};
    enum status status;

    *answer = (struct client_answer){0};
    status = exchange(target, &call, &received, err);
    if (status == OK && received)
        status = read_answer(received, target->json, answer, err);
    if (received)
        explicit_bzero(received, strlen(received)); /* may hold a session */
    if (sent)
        explicit_bzero(sent, strlen(sent)); /* may hold a password */
    free(received);
    free(sent);
    return status;
}

/* ---------------------------------------------------------------------------------- paths */

static size_t add_encoded(char *out, size_t size, const char *text, const char *more)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~";
    size_t used = 0;

    for (; *text != '\0' && used + 4 < size; text++)
        used += (size_t)snprintf(out + used, size - used,
                                 strchr(plain, *text) || strchr(more, *text) ? "%c" : "%%%02X",
                                 (unsigned char)*text);
    return used;
}

void cli_path(char out[CLI_PATH_MAX], const char *prefix, const char *scope)
{
    size_t used = (size_t)snprintf(out, CLI_PATH_MAX, "%s", prefix);

    add_encoded(out + used, CLI_PATH_MAX - used, scope, ":/");
}

void cli_path_add(char *path, size_t size, const char *name, const char *value)
{
    size_t used = strlen(path);

    if (!value || used + strlen(name) + 3 > size)
        return;
    used += (size_t)snprintf(path + used, size - used, "&%s=", name);
    add_encoded(path + used, size - used, value, "");
}

/* --------------------------------------------------------------------------- whole lists */

static enum status add_page(const struct client_target *target, const char *path, json_t *list,
                            struct err *err)
{
    struct client_answer more;
    char page[CLI_PATH_MAX];
    enum status status;

    snprintf(page, sizeof page, "%s", path);
    cli_path_add(page, sizeof page, "cursor", cli_text(list, "next"));
    status = client_call(target, "GET", page, NULL, NULL, &more, err);
    if (status == OK && (json_array_extend(json_object_get(list, "items"),
                                           json_object_get(more.json, "items")) != 0 ||
                         json_object_set(list, "next", json_object_get(more.json, "next")) != 0))
        status = err_set(err, ERR_UNAVAILABLE, "what answers there gives no list");
    json_decref(more.json);
    return status;
}

enum status client_call_all(const struct client_target *target, const char *path,
                            struct client_answer *answer, struct err *err)
{
    enum status status = client_call(target, "GET", path, NULL, NULL, answer, err);

    for (int page = 1; status == OK && json_is_string(json_object_get(answer->json, "next"));
         page++)
        status = page < PAGES_MAX ? add_page(target, path, answer->json, err)
                                  : err_set(err, ERR_UNAVAILABLE, "the list has no end");
    return status;
}
