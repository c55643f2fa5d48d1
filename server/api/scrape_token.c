#include "api/scrape_token.h"

#include "config/credential.h"
#include "thread/clock.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MIN = 32, TOKEN_MAX = 256, FILE_MAX = SCRAPE_TOKENS * (TOKEN_MAX + 2) };

static const int64_t LOOK_NS = 1000000000;

_Static_assert(SCRAPE_TOKEN_HASH == crypto_hash_sha256_BYTES, "the hash is SHA-256");

static enum status refuse(struct err *err, const char *path, const char *why)
{
    return err_format(err, ERR_CONFIG, "metrics_token_file %s: %s", path, why);
}

/* The file that was opened is the one that is looked at; *fd is the caller's to close. */
static enum status open_file(const char *path, int *fd, struct stat *about, struct err *err)
{
    const char *fault;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, about) != 0)
        return refuse(err, path, strerrordesc_np(errno));
    if (!S_ISREG(about->st_mode))
        return refuse(err, path, "is not a regular file");
    fault = credential_fault(path, about);
    return fault ? refuse(err, path, fault) : OK;
}

static bool is_visible(const char *text, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (text[at] < '!' || text[at] > '~')
            return false;
    return true;
}

/* *count tokens of `text`, which ends with a 0: hashes alone are taken along. */
static enum status take_lines(const char *text, const char *path, struct scrape_token *token,
                              struct err *err)
{
    token->count = 0;
    for (const char *line = text; line[0] != '\0'; line += strspn(line, "\r\n")) {
        size_t length = strcspn(line, "\r\n");

        if (length < TOKEN_MIN || length >= TOKEN_MAX)
            return refuse(err, path, "a line must have 32 to 255 characters");
        if (!is_visible(line, length)) /* a blank at its end: what arrives has none */
            return refuse(err, path, "a line has a character that is no visible ASCII");
        if (token->count == SCRAPE_TOKENS)
            return refuse(err, path, "has more than two lines");
        crypto_hash_sha256(token->hash[token->count++], (const unsigned char *)line, length);
        line += length;
    }
    return token->count > 0 ? OK
                            : refuse(err, path, "its first line must have 32 to 255 characters");
}

/* Into `token` what stands in its file; its former tokens stay when the file is refused. */
static enum status take(struct scrape_token *token, struct err *err)
{
    struct scrape_token fresh = {.count = 0};
    char text[FILE_MAX + 1] = "";
    ssize_t length = 0;
    int fd;
    enum status status = open_file(token->path, &fd, &token->seen, err);

    if (status == OK && (length = read(fd, text, FILE_MAX)) < 0)
        status = refuse(err, token->path, strerrordesc_np(errno));
    if (fd >= 0)
        close(fd);
    if (status == OK && (length == FILE_MAX || memchr(text, '\0', (size_t)length)))
        status = refuse(err, token->path, "is more than two lines of text");
    if (status == OK)
        status = take_lines(text, token->path, &fresh, err);
    if (status == OK) {
        token->count = fresh.count;
        memcpy(token->hash, fresh.hash, sizeof token->hash);
    }
    explicit_bzero(text, sizeof text);
    return status;
}

/* A file that another one has taken the place of, as a volume's, is another file by its number. */
static bool has_changed(const struct stat *seen, const struct stat *now)
{
    return seen->st_ino != now->st_ino || seen->st_dev != now->st_dev ||
           seen->st_size != now->st_size || seen->st_mode != now->st_mode ||
           seen->st_ctim.tv_sec != now->st_ctim.tv_sec ||
           seen->st_ctim.tv_nsec != now->st_ctim.tv_nsec;
}

/* Under the lock. A file that is gone is no reason to turn the scraper away. */
static void look_again(struct scrape_token *token)
{
    int64_t now_ns = clock_mono_ns();
    char why[2 * ERR_TEXT_MAX];
    struct stat now;
    struct err err;

    if (now_ns - token->looked_ns < LOOK_NS)
        return;
    token->looked_ns = now_ns;
    if (stat(token->path, &now) != 0 || !has_changed(&token->seen, &now))
        return;
    token->seen = now;
    if (take(token, &err) == OK)
        log_line(LOG_INFO, "api", "metrics_token_file was read again", "tokens=%d", token->count);
    else
        log_line(LOG_ERROR, "api", "metrics_token_file is refused, the former token stays",
                 "why=%s", log_escape(why, sizeof why, err.text));
}

enum status scrape_token_read(struct scrape_token *token, const struct config *config,
                              struct err *err)
{
    enum status status;

    *token = (struct scrape_token){.lock = PTHREAD_MUTEX_INITIALIZER};
    if (config->metrics_token_file[0] == '\0')
        return OK;
    status = config_secret_path("metrics_token_file", config->metrics_token_file, token->path, err);
    return status == OK ? take(token, err) : status;
}

bool scrape_token_is(struct scrape_token *token, const char *sent)
{
    unsigned char hash[SCRAPE_TOKEN_HASH];
    bool found = false;

    if (token->path[0] == '\0')
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)sent, strlen(sent));
    pthread_mutex_lock(&token->lock);
    look_again(token);
    for (int at = 0; at < token->count; at++)
        found |= sodium_memcmp(hash, token->hash[at], sizeof hash) == 0;
    pthread_mutex_unlock(&token->lock);
    return found;
}
