/* What a person reads at the start. */
#include "server_inside.h"

#include "api/http.h"
#include "version.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* To a person at a terminal, and of a demo. Elsewhere what we print is a log that others read. */
static void print_log_ins(const json_t *first_login, const struct server_options *options)
{
    size_t at;
    json_t *user;

    if (!options->demo && !isatty(STDOUT_FILENO)) {
        printf("\nLog-ins: in %s/first-login, mode 0600\n", options->dir);
        return;
    }
    printf("\nLog-ins (kept in the data directory's file first-login, mode 0600):\n");
    json_array_foreach(json_object_get(first_login, "users"), at, user)
        printf("  %-8s %-8s %s\n", json_string_value(json_object_get(user, "user")),
               json_string_value(json_object_get(user, "role")),
               json_string_value(json_object_get(user, "password")));
}

static void print_halted(const struct server *server)
{
    for (uint16_t scope = 0; scope < scope_count(server->config.scopes); scope++) {
        char name[SCOPE_TEXT_MAX];
        char incident[INCIDENT_TEXT_MAX];
        const char *actor = server->saved.scope[scope].actor;
        const char *cause = server->saved.scope[scope].cause;

        if (server->room.config.initial[scope].state == STATE_ACTIVE)
            continue;
        config_scope_name(&server->config, scope, name);
        printf("\n%s is %s", name, trading_state_name(server->room.config.initial[scope].state));
        if (server->room.config.initial[scope].incident == 0) {
            printf(".\n");
            continue;
        }
        incident_print(incident, server->room.config.initial[scope].incident);
        printf(" since incident %s (%s%s%s).\n"
               "  To resume: one person of role risk proposes it on the dashboard (or `pitwall "
               "resume`), another approves.\n",
               incident, cause[0] != '\0' ? cause : "no reason on record",
               actor[0] != '\0' ? ", by " : "", actor);
    }
}

static void print_carried(const struct server *server)
{
    const struct state_found *found = &server->found;
    uint32_t held = 0;

    if (!found->is_sure)
        printf("\nIt is not sure what is held: %s.\n  The firm is HALTED; compare positions and "
               "orders with the venue before resuming.\n",
               found->says);
    if (!server->room.carried) {
        if (found->seq != 0)
            printf("\nThe journal is of a version that did not name its instruments: positions and "
                   "PnL begin at zero;\nwhat earlier runs did is in the audit.\n");
        return;
    }
    for (uint16_t at = 0; at < server->config.instruments; at++)
        held += server->held[at];
    printf("\nPositions, PnL and the day's figures go on: %u instrument%s held, %u order%s of "
           "before asked for at the venue.\n",
           held, held == 1 ? "" : "s", server->orders_carried,
           server->orders_carried == 1 ? "" : "s");
}

/* A restored directory has the people, but not the file with their first passwords. */
static void print_where_log_ins_are(const char *dir)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/first-login", dir);
    if (access(path, F_OK) == 0)
        printf("\nLog-ins as before: %s\n", path);
    else
        printf("\nLog-ins as before; %s, which tells them, is not there\n", path);
}

static void print_certificate(const struct server *server)
{
    struct identity_facts facts;

    if (http_certificate(server->http, &facts))
        printf("Certificate, SHA-256%s:\n  %s\n",
               facts.is_own ? ", self-signed (compare before you trust it)" : "",
               facts.fingerprint);
    printf("\n");
}

/* What is listened on at every address is told by a name that a browser can open. */
static void print_address(const char *label, const char *url, const char *path)
{
    const char *host = strstr(url, "://") + 3;
    const char *port = strrchr(host, ':');
    char name[HOST_NAME_MAX + 1] = "";

    if ((strncmp(host, "0.0.0.0:", 8) != 0 && strncmp(host, "[::]:", 5) != 0) ||
        gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
        printf("%-9s  %s%s\n", label, url, path);
    else
        printf("%-9s  %.*s%s%s%s  (any address of this machine)\n", label, (int)(host - url), url,
               name, port, path);
}

void print_ready(const struct server *server)
{
    printf("pitwall %s, %s, instance %s\n", pitwall_version, mode_name(server->config.mode),
           server->config.instance);
    if (server->first_login)
        print_log_ins(server->first_login, server->options);
    else if (server->options->demo)
        print_where_log_ins_are(server->options->dir);
    print_halted(server);
    print_carried(server);
    printf("\n");
    print_address("Dashboard", http_url(server->http), "");
    print_address("Kill", http_kill_url(server->http), "/api/v1/kill");
    if (http_metrics_url(server->http))
        print_address("Metrics", http_metrics_url(server->http), "/metrics");
    print_certificate(server);
    printf("ready %s\n", http_url(server->http));
    fflush(stdout);
}
