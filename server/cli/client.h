/* What the verbs that speak to a running server share: their options, and a small blocking
 * HTTP/1.1 client over DIR/control.sock or a URL.
 *
 * One connection a call, closed by the server after its answer. Over the socket the server knows
 * us by our user id and asks for nothing; over a URL a bearer token is read from a file, or a
 * person's session is sent (cli/login.h). Main thread; answers belong to the caller. */
#ifndef PITWALL_CLI_CLIENT_H
#define PITWALL_CLI_CLIENT_H

#include "cli/cli.h"
#include "cli/text.h"
#include "cli/transport.h"

#include <jansson.h>
#include <stdbool.h>

/* --name VALUE, or with `flag` set just --name. Ends with a row whose name is NULL. */
struct cli_option {
    const char *name;
    const char **value;
    bool *flag;
};

enum { CLI_WORDS_MAX = 32 };

/* Where the server is; every verb takes these, and --json. */
struct client_target {
    const char *dir, *url, *token_file, *ca_file;
    const char *cert_file, *key_file; /* shown to a server that asks; both or none */
    bool json;
    bool is_token_lax;         /* others may read the token's file: said, not refused */
    int patience_ms;           /* 0: ten seconds without a byte */
    const char *cookie, *csrf; /* a person's session, instead of a token */
    /* Arguments that are no option; `words_max` is the verb's, the rest is filled in. */
    unsigned words_max, words;
    const char *word[CLI_WORDS_MAX];
};

/* Reads the options into target and table; NULL, or what is wrong. The text lasts till the next
 * call. */
const char *cli_options_read(int argc, char **argv, struct client_target *target,
                             const struct cli_option *options);
/* As above, and --data or --url must be there. */
const char *cli_target_check(const struct client_target *target);

enum { CLI_COOKIE_MAX = 256 };

struct client_answer {
    int http;
    json_t *json;                /* owned by the caller; NULL: no body */
    char cookie[CLI_COOKIE_MAX]; /* "name=value" that the server set, or "" */
};

/* OK for every answer below 400; else the status of the problem's code, its detail in err.
 * ERR_UNAVAILABLE when nobody answers. `body` and `if_match` may be NULL. Unless target->json, the
 * texts of the answer are safe to print (cli/text.h). */
enum status client_call(const struct client_target *target, const char *method, const char *path,
                        const json_t *body, const char *if_match, struct client_answer *answer,
                        struct err *err);

/* A GET of a list that is wanted whole: its pages joined, `next` null. `path` has its "?". */
enum status client_call_all(const struct client_target *target, const char *path,
                            struct client_answer *answer, struct err *err);

/* Percent-encodes what a path segment cannot hold; slashes stay. */
enum { CLI_PATH_MAX = 512 };
void cli_path(char out[CLI_PATH_MAX], const char *prefix, const char *scope);
/* Appends "&name=value" to a path that has its "?"; nothing when value is NULL. */
void cli_path_add(char *path, size_t size, const char *name, const char *value);

/* ERR_CONFIG when others can read the file; with `is_lax` that is only said. */
enum status cli_check_secret(const char *path, bool is_lax, struct err *err);
/* The first line of a file, without its end. ERR_CONFIG when others can read the file; with
 * `is_lax` that is only said. */
enum status cli_read_secret(const char *path, bool is_lax, char *out, size_t size, struct err *err);

#endif
