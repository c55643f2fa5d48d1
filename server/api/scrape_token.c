#include "api/scrape_token.h"

#include "config/credential.h"
#include "thread/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_MIN = 32, TOKEN_MAX = 256 };

_Static_assert(SCRAPE_TOKEN_HASH == crypto_hash_sha256_BYTES, "the hash is SHA-256");

static enum status refuse(struct err *err, const char *path, const char *why)
{
    return err_format(err, ERR_CONFIG, "metrics_token_file %s: %s", path, why);
}

/* The file that was opened is the one that is looked at; *fd is the caller's to close. */
static enum status open_file(const char *path, int *fd, struct err *err)
{
    struct stat about;
    const char *fault;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 || fstat(*fd, &about) != 0)
        return refuse(err, path, strerrordesc_np(errno));
    if (!S_ISREG(about.st_mode))
        return refuse(err, path, "is not a regular file");
    fault = credential_fault(path, &about);
    return fault ? refuse(err, path, fault) : OK;
}

static void keep_hash(struct scrape_token *token, const char *text, size_t length)
{
    crypto_hash_sha256(token->hash, (const unsigned char *)text, length);
    token->is_set = true;
}

static enum status take(struct scrape_token *token, const char *path, struct err *err)
{
    char text[TOKEN_MAX + 1] = "";
    int fd;
    enum status status = open_file(path, &fd, err);

    if (status == OK && read(fd, text, TOKEN_MAX) < 0)
        status = refuse(err, path, strerrordesc_np(errno));
    if (fd >= 0)
        close(fd);
    if (status == OK) {
        size_t line = strcspn(text, "\r\n");

        if (line < TOKEN_MIN || line == TOKEN_MAX)
            status = refuse(err, path, "its first line must have 32 to 255 characters");
        else
            keep_hash(token, text, line);
    }
    explicit_bzero(text, sizeof text);
    return status;
}

enum status scrape_token_read(struct scrape_token *token, const struct config *config,
                              struct err *err)
{
    char path[CONFIG_TEXT_MAX * 2];
    enum status status;

    *token = (struct scrape_token){0};
    if (config->metrics_token_file[0] == '\0')
        return OK;
    status = config_secret_path("metrics_token_file", config->metrics_token_file, path, err);
    return status == OK ? take(token, path, err) : status;
}

bool scrape_token_is(const struct scrape_token *token, const char *sent)
{
    unsigned char hash[SCRAPE_TOKEN_HASH];

    if (!token->is_set)
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)sent, strlen(sent));
    return sodium_memcmp(hash, token->hash, sizeof hash) == 0;
}
