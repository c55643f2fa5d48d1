/* Bodies: one JSON object, UTF-8, no member twice, nothing behind it, bounded in size and depth. */
#include "api/exchange.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "thread/log.h"

size_t body_max(const struct exchange *exchange)
{
    return exchange->route ? exchange->route->body_max : BODY_MAX;
}

/* Depth is checked before parsing, so that no input makes the parser recurse. */
static bool too_deep(const char *text, size_t length)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == '{' || text[i] == '['))
            depth++;
        else if (!quoted && (text[i] == '}' || text[i] == ']'))
            depth--;
        if (depth > BODY_DEPTH)
            return true;
    }
    return false;
}

static bool is_json_type(const char *type)
{
    size_t length = strcspn(type, "; \t");
    const char *rest = type + length;

    if (length != 16 || strncasecmp(type, "application/json", 16) != 0)
        return false;
    rest += strspn(rest, "; \t");
    return *rest == '\0' || strcasecmp(rest, "charset=utf-8") == 0;
}

enum status body_parse(struct exchange *exchange)
{
    const char *type = header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE);
    struct err *err = &exchange->reply.err;
    json_error_t error;

    if (exchange->body_length == 0)
        return OK;
    if (!type || !is_json_type(type))
        return err_set(err, ERR_MEDIA_TYPE, "the body must be application/json");
    if (too_deep(exchange->body, exchange->body_length))
        return err_set(err, ERR_MALFORMED, "nested too deeply");
    exchange->request.body =
        json_loadb(exchange->body, exchange->body_length, JSON_REJECT_DUPLICATES, &error);
    if (!exchange->request.body)
        return err_format(err, ERR_MALFORMED, "not JSON at line %d, column %d: %s", error.line,
                          error.column, error.text);
    if (!json_is_object(exchange->request.body))
        return err_set(err, ERR_MALFORMED, "the body must be an object");
    return OK;
}

/* The types of jansson's formats that are used here. */
static const char *type_wanted(char type, const json_t *value)
{
    switch (type) {
    case 's':
        return json_is_string(value) ? NULL : "a string";
    case 'b':
        return json_is_boolean(value) ? NULL : "true or false";
    case 'I':
        return json_is_integer(value) ? NULL : "a whole number";
    default:
        return NULL;
    }
}

/* Jansson says that a type is wrong, but not whose: looks again, along the same format, whose
 * members are "s:T" or "s?T", each with a name and a place for its value. */
static enum status say_wrong_type(const json_t *body, struct err *err, const char *format,
                                  va_list args)
{
    for (const char *at = strchr(format, 's'); at; at = strchr(at + 3, 's')) {
        const char *name = va_arg(args, const char *);
        const json_t *value = json_object_get(body, name);
        const char *wanted = value ? type_wanted(at[2], value) : NULL;

        (void)va_arg(args, void *);
        if (wanted)
            return err_format(err, ERR_MALFORMED, "\"%s\" must be %s", name, wanted);
    }
    return err_set(err, ERR_MALFORMED, "a member has a type that it may not have");
}

enum status body_unpack(const struct request *request, struct err *err, const char *format, ...)
{
    static const char missing[] = "Object item not found: "; /* as jansson says it */
    static const char unpacked[] = "left unpacked: ";
    const char *left;
    json_error_t error;
    enum status status;
    va_list args;
    int result;

    if (!request->body)
        return err_set(err, ERR_MALFORMED, "a JSON body is required");
    va_start(args, format);
    result = json_vunpack_ex(request->body, &error, JSON_STRICT, format, args);
    va_end(args);
    if (result == 0)
        return OK;
    left = strstr(error.text, unpacked);
    if (json_error_code(&error) == json_error_end_of_input_expected)
        return err_format(err, ERR_UNKNOWN_FIELD, "unknown member: %.100s",
                          left ? left + strlen(unpacked) : error.text);
    if (strncmp(error.text, missing, strlen(missing)) == 0)
        return err_format(err, ERR_MALFORMED, "\"%s\" is missing", error.text + strlen(missing));
    va_start(args, format);
    status = say_wrong_type(request->body, err, format, args);
    va_end(args);
    return status;
}
