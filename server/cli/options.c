/* The options of the verbs that speak to a server, and the files that hold their secrets. */
#include "cli/client.h"
#include "cli/grammar.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KNOWN_MAX = 32 };

static const struct cli_option *find_option(const struct cli_option *options, const char *name)
{
    for (; options->name; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static const char *unknown(const char *given, const struct cli_option *options,
                           const struct cli_option *common)
{
    static char problem[160];
    const char *known[KNOWN_MAX];
    const char *meant;
    size_t count = 0;

    for (; options->name && count < KNOWN_MAX; options++)
        known[count++] = options->name;
    for (; common->name && count < KNOWN_MAX; common++)
        known[count++] = common->name;
    meant = grammar_nearest(given, known, count);
    snprintf(problem, sizeof problem, "unknown argument %.60s%s%s%s", given,
             meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
    return problem;
}

static const char *needs_value(const char *name)
{
    static char problem[128];

    snprintf(problem, sizeof problem, "%.80s needs a value", name);
    return problem;
}

/* Of two values one would be dropped without a word: a kill of two scopes would leave one
 * trading. */
static const char *given_twice(const char *name)
{
    static char problem[160];

    snprintf(problem, sizeof problem,
             "%.80s is given twice: only one can hold, so nothing was done; once for each call",
             name);
    return problem;
}

static bool is_among(const struct cli_option *option, const struct cli_option *const *given,
                     size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (given[at] == option)
            return true;
    return false;
}

const char *cli_options_read(int argc, char **argv, struct client_target *target,
                             const struct cli_option *options)
{
    const struct cli_option common[] = {{"--data", &target->dir, NULL},
                                        {"--url", &target->url, NULL},
                                        {"--token-file", &target->token_file, NULL},
                                        {"--ca-file", &target->ca_file, NULL},
                                        {"--cert", &target->cert_file, NULL},
                                        {"--key", &target->key_file, NULL},
                                        {"--json", NULL, &target->json},
                                        {NULL, NULL, NULL}};
    const struct cli_option *given[KNOWN_MAX];
    size_t given_count = 0;

    for (int i = 0; i < argc; i++) {
        const struct cli_option *option = find_option(options, argv[i]);

        if (!option)
            option = find_option(common, argv[i]);
        if (!option && argv[i][0] != '-' && target->words < target->words_max) {
            target->word[target->words++] = argv[i];
        } else if (!option) {
            return unknown(argv[i], options, common);
        } else if (option->flag) {
            *option->flag = true;
        } else if (i + 1 == argc || argv[i + 1][0] == '\0') {
            return needs_value(argv[i]);
        } else if (is_among(option, given, given_count)) {
            return given_twice(argv[i]);
        } else {
            assert(option->value && given_count < KNOWN_MAX); /* a row has a value or a flag */
            given[given_count++] = option;
            *option->value = argv[++i];
        }
    }
    return NULL;
}

const char *cli_target_check(const struct client_target *target)
{
    struct url_parts parts;

    if (!target->dir && !target->url)
        return "say where the server is: --data DIR, or --url URL with --token-file FILE";
    if (target->url && !url_cut(target->url, &parts))
        return "--url must be like http://HOST:PORT or https://HOST:PORT";
    if (target->dir && target->url && !parts.is_tls)
        return "either --data or --url; together they are for https, and DIR says whom to trust";
    if (target->url && !target->token_file)
        return "--url needs --token-file, a file of mode 0600 with a token; "
               "`pitwall token create` makes one";
    if (target->ca_file && (!target->url || !parts.is_tls))
        return "--ca-file goes with --url https://..";
    if (!target->cert_file != !target->key_file)
        return "--cert and --key go together";
    if (target->cert_file && (!target->url || !parts.is_tls))
        return "--cert and --key go with --url https://.., or with --data where a person logs in";
    return NULL;
}

static enum status check_mode(int fd, const char *path, bool is_lax, struct err *err)
{
    struct stat about;

    if (fstat(fd, &about) != 0)
        return err_format(err, ERR_USAGE, "%s: %s", path, strerrordesc_np(errno));
    if (!S_ISREG(about.st_mode) || (about.st_mode & 077) == 0)
        return OK;
    if (!is_lax)
        return err_format(err, ERR_CONFIG, "%s can be read by others: chmod 600 %s", path, path);
    fprintf(stderr, "pitwall: %s can be read by others: chmod 600 %s\n", path, path);
    return OK;
}

enum status cli_check_secret(const char *path, bool is_lax, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum status status;

    if (fd < 0)
        return err_format(err, ERR_USAGE, "%s: %s", path, strerrordesc_np(errno));
    status = check_mode(fd, path, is_lax, err);
    close(fd);
    return status;
}

enum status cli_read_secret(const char *path, bool is_lax, char *out, size_t size, struct err *err)
{
    FILE *file = fopen(path, "re");
    enum status status;

    if (!file)
        return err_format(err, ERR_USAGE, "%s: %s", path, strerrordesc_np(errno));
    status = check_mode(fileno(file), path, is_lax, err);
    if (status == OK && !fgets(out, (int)size, file))
        out[0] = '\0';
    fclose(file);
    if (status != OK)
        return status;
    out[strcspn(out, "\r\n")] = '\0';
    if (out[0] == '\0' || strlen(out) == size - 1)
        return err_format(err, ERR_USAGE, "%s: the first line is empty or too long", path);
    return OK;
}
