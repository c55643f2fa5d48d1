#include "cli/client.h"

#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 8 << 20, HEAD_MAX = 2048, HOST_MAX = 256, TOKEN_MAX = 256, PATIENCE_S = 10 };

/* ------------------------------------------------------------------------------- options */

static const struct cli_option *find_option(const struct cli_option *options, const char *name)
{
    for (; options->name; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

const char *cli_options_read(int argc, char **argv, struct client_target *target,
                             const struct cli_option *options)
{
    const struct cli_option common[] = {{"--data", &target->dir, NULL},
                                        {"--url", &target->url, NULL},
                                        {"--token-file", &target->token_file, NULL},
                                        {"--json", NULL, &target->json},
                                        {NULL, NULL, NULL}};
    static char problem[128];

    for (int i = 0; i < argc; i++) {
        const struct cli_option *option = find_option(options, argv[i]);

        if (!option)
            option = find_option(common, argv[i]);
        if (!option) {
            snprintf(problem, sizeof problem, "unknown argument %.80s", argv[i]);
            return problem;
        }
        if (option->flag) {
            *option->flag = true;
        } else if (i + 1 == argc || argv[i + 1][0] == '\0') {
            snprintf(problem, sizeof problem, "%.80s needs a value", argv[i]);
            return problem;
        } else {
            assert(option->value); /* a row has a value or a flag */
            *option->value = argv[++i];
        }
    }
    return NULL;
}

const char *cli_target_check(const struct client_target *target)
{
    if (!target->dir == !target->url)
        return "say where the server is: either --data DIR or --url URL";
    if (target->url && strncmp(target->url, "http://", 7) != 0)
        return "--url must begin with http://";
    if (target->url && !target->token_file)
        return "--url needs --token-file";
    return NULL;
}

/* ------------------------------------------------------------------------------- connect */

/* By a descriptor of the directory: a path longer than sun_path holds works too. */
static int connect_local(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = -1;

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control.sock", dir_fd);
    if (dir_fd >= 0 && fd >= 0)
        connected = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (dir_fd >= 0)
        close(dir_fd);
    if (connected == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* "http://[::1]:8080/" into host and port. */
static bool cut_url(const char *url, char host[HOST_MAX], char port[8])
{
    const char *at = url + strlen("http://");
    const char *end = at + strcspn(at, "/");
    const char *colon = end;
    size_t length;

    while (colon > at && colon[-1] != ':' && colon[-1] != ']')
        colon--;
    if (colon > at && colon[-1] == ':') {
        length = (size_t)(end - colon);
        if (length == 0 || length > 5 || strspn(colon, "0123456789") != length)
            return false;
        snprintf(port, 8, "%.*s", (int)length, colon);
        end = colon - 1;
    } else {
        snprintf(port, 8, "80");
    }
    if (*at == '[' && end > at && end[-1] == ']') {
        at++;
        end--;
    }
    length = (size_t)(end - at);
    if (length == 0 || length >= HOST_MAX)
        return false;
    snprintf(host, HOST_MAX, "%.*s", (int)length, at);
    return true;
}

static int connect_url(const char *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char host[HOST_MAX], port[8];
    int fd = -1;

    if (!cut_url(url, host, port) || getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

bool client_is_server_there(const char *dir)
{
    int fd = connect_local(dir);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static enum status connect_to(const struct client_target *target, int *fd, struct err *err)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    *fd = target->dir ? connect_local(target->dir) : connect_url(target->url);
    if (*fd < 0 && target->dir)
        return err_format(err, ERR_UNAVAILABLE, "no server runs in %s", target->dir);
    if (*fd < 0)
        return err_format(err, ERR_UNAVAILABLE, "nobody answers at %s", target->url);
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return OK;
}

/* ---------------------------------------------------------------------------------- call */

static bool send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        text += sent;
        length -= (size_t)sent;
    }
    return true;
}

static enum status send_request(int fd, const struct client_target *target, const char *method,
                                const char *path, const char *body, const char *if_match,
                                struct err *err)
{
    char head[HEAD_MAX], token[TOKEN_MAX] = "", match[64] = "", host[HOST_MAX] = "localhost";
    size_t body_length = body ? strlen(body) : 0;
    int length;

    if (target->url) {
        enum status status = cli_read_secret(target->token_file, token, sizeof token, err);
        const char *authority = target->url + strlen("http://");

        if (status != OK)
            return status;
        snprintf(host, sizeof host, "%.*s", (int)strcspn(authority, "/"), authority);
    }
    if (if_match)
        snprintf(match, sizeof match, "If-Match: \"%.40s\"\r\n", if_match);
    length = snprintf(head, sizeof head,
                      "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s%s%s%s%s"
                      "Content-Length: %zu\r\n\r\n",
                      method, path, host, match, token[0] ? "Authorization: Bearer " : "", token,
                      token[0] ? "\r\n" : "", body ? "Content-Type: application/json\r\n" : "",
                      body_length);
    explicit_bzero(token, sizeof token);
    if (length < 0 || (size_t)length >= sizeof head)
        return err_set(err, ERR_USAGE, "the request is too long");
    if (!send_all(fd, head, (size_t)length) || !send_all(fd, body ? body : "", body_length))
        return err_set(err, ERR_UNAVAILABLE, "the server closed the connection");
    return OK;
}

/* Everything until the server closes; *text is the caller's, closed by NUL. */
static enum status receive_all(int fd, char **text, struct err *err)
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
        received = recv(fd, *text + used, size - used - 1, 0);
        if (received < 0)
            return err_set(err, ERR_UNAVAILABLE, "the server does not answer");
        used += (size_t)received;
    } while (received > 0);
    (*text)[used] = '\0';
    return OK;
}

static enum status status_of_code(const char *code)
{
    for (int status = 0; code && status < STATUS_COUNT; status++)
        if (strcmp(code, status_code((enum status)status)) == 0)
            return (enum status)status;
    return ERR_DENIED; /* a denial carries its reason as code */
}

static enum status read_answer(const char *text, struct client_answer *answer, struct err *err)
{
    const char *body = strstr(text, "\r\n\r\n");
    const char *detail;

    answer->http = strncmp(text, "HTTP/1.", 7) == 0 && strlen(text) > 9
                       ? (int)strtol(text + 9, NULL, 10) /* "HTTP/1.1 200 OK" */
                       : 0;
    if (answer->http < 100 || answer->http > 599 || !body)
        return err_set(err, ERR_UNAVAILABLE, "what answers there is not a Pitwall server");
    if (body[4] != '\0')
        answer->json = json_loads(body + 4, JSON_DECODE_ANY, NULL);
    if (answer->http < 400)
        return OK;
    detail = json_string_value(json_object_get(answer->json, "detail"));
    return err_format(err, status_of_code(json_string_value(json_object_get(answer->json, "code"))),
                      "%s", detail && detail[0] ? detail : cli_text(answer->json, "title"));
}

enum status client_call(const struct client_target *target, const char *method, const char *path,
                        const json_t *body, const char *if_match, struct client_answer *answer,
                        struct err *err)
{
    char *sent = body ? json_dumps(body, JSON_COMPACT) : NULL;
    char *received = NULL;
    enum status status;
    int fd;

    *answer = (struct client_answer){0};
    status = connect_to(target, &fd, err);
    if (status == OK) {
        status = send_request(fd, target, method, path, sent, if_match, err);
        if (status == OK)
            status = receive_all(fd, &received, err);
        if (status == OK)
            status = read_answer(received, answer, err);
        close(fd);
    }
    free(received);
    free(sent);
    return status;
}

/* ------------------------------------------------------------------------------- printing */

void cli_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

const char *cli_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && text[0] ? text : "-";
}

const char *cli_time(const json_t *object, const char *name, char out[CLI_TIME_MAX])
{
    const char *text = json_string_value(json_object_get(object, name));
    time_t seconds = text ? (time_t)(strtoll(text, NULL, 10) / 1000000000) : 0;
    struct tm utc;

    if (seconds <= 0 || !gmtime_r(&seconds, &utc) ||
        strftime(out, CLI_TIME_MAX, "%F %TZ", &utc) == 0)
        return "-";
    return out;
}

void cli_path(char out[CLI_PATH_MAX], const char *prefix, const char *scope)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~:/";
    size_t used = (size_t)snprintf(out, CLI_PATH_MAX, "%s", prefix);

    for (; *scope != '\0' && used + 4 < CLI_PATH_MAX; scope++)
        used += (size_t)snprintf(out + used, CLI_PATH_MAX - used,
                                 strchr(plain, *scope) ? "%c" : "%%%02X", (unsigned char)*scope);
}

enum status cli_read_secret(const char *path, char *out, size_t size, struct err *err)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    char *end;

    if (!file)
        return err_format(err, ERR_USAGE, "%s: %s", path, strerrordesc_np(errno));
    /* Said, not refused: a kill must not fail over the mode of its token's file. */
    if (fstat(fileno(file), &about) == 0 && (about.st_mode & 077) != 0)
        fprintf(stderr, "pitwall: %s can be read by others; chmod 600 it\n", path);
    if (!fgets(out, (int)size, file))
        out[0] = '\0';
    fclose(file);
    end = out + strcspn(out, "\r\n");
    *end = '\0';
    if (out[0] == '\0' || strlen(out) == size - 1)
        return err_format(err, ERR_USAGE, "%s: the first line is empty or too long", path);
    return OK;
}
