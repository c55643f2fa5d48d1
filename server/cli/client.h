/* What the verbs that speak to a running server share: their options, and a small blocking
 * HTTP/1.1 client over DIR/control.sock or a TCP URL.
 *
 * One connection a call, closed by the server after its answer; 10 s without a byte is the end of
 * patience. Over the socket the server knows us by our user id and asks for nothing; over TCP a
 * bearer token is read from a file. Main thread; answers belong to the caller. */
#ifndef PITWALL_CLI_CLIENT_H
#define PITWALL_CLI_CLIENT_H

#include "cli/cli.h"

#include <jansson.h>
#include <stdbool.h>

/* --name VALUE, or with `flag` set just --name. Ends with a row whose name is NULL. */
struct cli_option {
    const char *name;
    const char **value;
    bool *flag;
};

/* Where the server is; every verb takes these, and --json. */
struct client_target {
    const char *dir, *url, *token_file;
    bool json;
};

/* Reads the options into target and table; NULL, or what is wrong. The text lasts till the next
 * call. */
const char *cli_options_read(int argc, char **argv, struct client_target *target,
                             const struct cli_option *options);
/* As above, and --data or --url must be there. */
const char *cli_target_check(const struct client_target *target);

struct client_answer {
    int http;
    json_t *json; /* owned by the caller; NULL: no body */
};

/* True when a server listens on the socket of `dir`. */
bool client_is_server_there(const char *dir);

/* OK for every answer below 400; else the status of the problem's code, its detail in err.
 * ERR_UNAVAILABLE when nobody answers. `body` and `if_match` may be NULL. */
enum status client_call(const struct client_target *target, const char *method, const char *path,
                        const json_t *body, const char *if_match, struct client_answer *answer,
                        struct err *err);

/* Prints JSON, indented, on stdout. */
void cli_print_json(const json_t *json);
/* A text member, or "-". */
const char *cli_text(const json_t *object, const char *name);
/* "2026-11-21 06:10:02Z" of a *_ns member, or "-". */
enum { CLI_TIME_MAX = 24 };
const char *cli_time(const json_t *object, const char *name, char out[CLI_TIME_MAX]);
/* Percent-encodes what a path segment cannot hold; slashes stay. */
enum { CLI_PATH_MAX = 512 };
void cli_path(char out[CLI_PATH_MAX], const char *prefix, const char *scope);

/* The first line of a file, without its end. Warns when others can read the file. */
enum status cli_read_secret(const char *path, char *out, size_t size, struct err *err);

#endif
