#include "base/error.h"

#include <string.h>

struct status_row {
    const char *code;
    const char *title;
    int http;
    int exit_code;
};

static const struct status_row rows[STATUS_COUNT] = {
#define ERROR(ID, code, http, exit_code, title) [ID] = {#code, title, http, exit_code},
#include "tables/errors.def"
#undef ERROR
};

static const struct status_row *row_of(enum status status)
{
    return &rows[(unsigned)status < STATUS_COUNT ? status : ERR_INTERNAL];
}

const char *status_code(enum status status)
{
    return row_of(status)->code;
}

const char *status_title(enum status status)
{
    return row_of(status)->title;
}

int status_http(enum status status)
{
    return row_of(status)->http;
}

int status_exit(enum status status)
{
    return row_of(status)->exit_code;
}

/* strlen is not among the symbols the engine may leave undefined; the bound keeps the compiler
 * from putting it back. */
static size_t text_length(const char *text)
{
    size_t length = 0;

    while (length < ERR_TEXT_MAX && text[length] != '\0')
        length++;
    return length;
}

enum status err_set(struct err *err, enum status status, const char *text)
{
    err->status = status;
    err->text[0] = '\0';
    err_add(err, text);
    return status;
}

void err_add(struct err *err, const char *text)
{
    size_t used = text_length(err->text);
    size_t length = text_length(text);

    if (length > ERR_TEXT_MAX - 1 - used)
        length = ERR_TEXT_MAX - 1 - used;
    memcpy(err->text + used, text, length);
    err->text[used + length] = '\0';
}

void err_add_int(struct err *err, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        digits[--at] = '-';
    err_add(err, digits + at);
}

enum status err_wrap(struct err *err, enum status status, const char *prefix)
{
    struct err inner = *err;

    err_set(err, status, prefix);
    err_add(err, ": ");
    err_add(err, inner.text);
    return status;
}
