#include "gateway/net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *take_scheme(struct url *url, const char **at)
{
    static const struct {
        const char *text;
        bool tls, is_ws;
    } schemes[] = {
        {"ws://", false, true},
        {"wss://", true, true},
        {"http://", false, false},
        {"https://", true, false},
    };

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i].text);

        if (strncmp(*at, schemes[i].text, length) == 0) {
            url->tls = schemes[i].tls;
            url->is_ws = schemes[i].is_ws;
            *at += length;
            return NULL;
        }
    }
    return "it must begin with ws://, wss://, http:// or https://";
}

static const char *take_host(struct url *url, const char **at)
{
    bool bracketed = **at == '[';
    const char *from = *at + bracketed;
    size_t length = strspn(from, bracketed ? "0123456789abcdefABCDEF:."
                                           : "abcdefghijklmnopqrstuvwxyz0123456789.-_"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (length == 0)
        return "it names no host";
    if (bracketed && from[length] != ']')
        return "the bracket of its host is not closed";
    memcpy(url->host, from, length);
    url->host[length] = '\0';
    *at = from + length + bracketed;
    return NULL;
}

static const char *take_port(struct url *url, const char **at)
{
    char *end;
    unsigned long port;

    url->port = url->tls ? 443 : 80;
    if (**at != ':')
        return NULL;
    port = strtoul(*at + 1, &end, 10);
    if (end == *at + 1 || (*at)[1] < '0' || (*at)[1] > '9' || port == 0 || port > 65535)
        return "its port is not 1 to 65535";
    url->port = (uint16_t)port;
    *at = end;
    return NULL;
}

static void name_authority(struct url *url)
{
    const char *v6 = strchr(url->host, ':');
    size_t used = (size_t)snprintf(url->authority, sizeof url->authority, "%s%.240s%s",
                                   v6 ? "[" : "", url->host, v6 ? "]" : "");

    if (url->port != (url->tls ? 443 : 80))
        snprintf(url->authority + used, sizeof url->authority - used, ":%u", url->port);
}

const char *url_parse(struct url *url, const char *text)
{
    const char *at = text;
    const char *wrong;

    *url = (struct url){0};
    if (!text || strlen(text) >= NET_URL_MAX)
        return "it is too long or missing";
    if ((wrong = take_scheme(url, &at)) || (wrong = take_host(url, &at)) ||
        (wrong = take_port(url, &at)))
        return wrong;
    if (*at != '\0' && *at != '/')
        return "after its host comes something else than a path";
    for (const char *c = at; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7F)
            return "its path has a blank or a control character";
    snprintf(url->path, sizeof url->path, "%s", *at != '\0' ? at : "/");
    if (strlen(url->host) > 240)
        return "its host is too long";
    name_authority(url);
    return NULL;
}
