#include "control/members.h"

#include "thread/log.h"

#include <string.h>

enum status members_check(const json_t *body, const char *const *names, struct err *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(body))
        return err_set(err, ERR_MALFORMED, "the body must be a JSON object");
    json_object_foreach((json_t *)body, key, value)
    {
        bool known = false;

        for (int i = 0; names[i] && !known; i++)
            known = strcmp(key, names[i]) == 0;
        if (!known)
            return err_format(err, ERR_UNKNOWN_FIELD, "unknown member \"%.64s\"", key);
    }
    return OK;
}

/* Of valid UTF-8 (jansson's). U+0080..U+009F are C2 80..9F; U+061C is D8 9C; U+200E, 200F,
 * 2028..202E are E2 80 8E, 8F, A8..AE; U+2066..U+2069 are E2 81 A6..A9. */
static bool is_read_otherwise(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0) ||
        (at[0] == 0xd8 && at[1] == 0x9c))
        return true;
    if (at[0] != 0xe2)
        return false;
    if (at[1] == 0x80)
        return at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae);
    return at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
}

bool text_is_plain(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (is_read_otherwise(at))
            return false;
    return true;
}

enum status reason_parse(const json_t *reason, char out[REASON_MAX], struct err *err)
{
    const char *text = json_string_value(reason);

    if (!text || text[strspn(text, " \t\r\n")] == '\0')
        return err_set(err, ERR_MALFORMED, "\"reason\" must say why");
    if (json_string_length(reason) != strlen(text))
        return err_set(err, ERR_MALFORMED, "\"reason\" holds a NUL");
    if (strlen(text) >= REASON_MAX)
        return err_format(err, ERR_MALFORMED, "\"reason\" is longer than %d bytes", REASON_MAX - 1);
    if (!text_is_plain(text))
        return err_set(err, ERR_MALFORMED,
                       "\"reason\" holds a line break, another control character or a mark that "
                       "turns the direction of text: a second person must read what you wrote");
    memcpy(out, text, strlen(text) + 1);
    return OK;
}

/* Whether a character of UTF-8 goes on with this byte. */
static bool goes_on(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void text_copy_plain(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);

    while (length > 0 && goes_on(text[length]))
        length--;
    memcpy(out, text, length);
    out[length] = '\0';
    for (char *at = out; *at; at++)
        if (is_read_otherwise((const unsigned char *)at)) {
            *at = '?';
            while (goes_on(at[1]))
                *++at = '?';
        }
}

bool text_is_decimal(const char *text)
{
    size_t whole;

    text += *text == '-';
    whole = strspn(text, "0123456789");
    if (whole == 0 || text[whole] == '\0')
        return whole > 0;
    text += whole + 1;
    return text[-1] == '.' && *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}
