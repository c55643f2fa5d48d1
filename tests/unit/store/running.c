#include "unit/store/running.h"

#include "control/record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status running_open(struct running *running, struct desk *desk, struct err *err)
{
    char recovered[ERR_TEXT_MAX];
    enum status status;

    *running = (struct running){.saved = calloc(1, sizeof *running->saved)};
    status = journal_open(&running->journal, desk->dir, &desk->config, recovered, err);
    if (status == OK)
        status = store_open(&running->store, desk->dir, &desk->config, running->journal,
                            running->saved, err);
    if (status == OK)
        status = journal_start(running->journal, err);
    return status == OK ? store_start(running->store, err) : status;
}

void running_start(struct running *running, struct desk *desk)
{
    struct err err;

    cr_assert_eq(running_open(running, desk, &err), OK, "%s", err.text);
}

void running_stop(struct running *running)
{
    store_close(running->store);
    if (running->journal)
        journal_close(running->journal);
    free(running->saved);
}

struct lane *running_lane(const struct running *running, enum journal_lane lane)
{
    return journal_lane(running->journal, lane);
}

void running_names(const struct running *running, const struct desk *desk)
{
    struct input_names names;

    config_names(&desk->config, &names);
    lane_append(running_lane(running, JOURNAL_ENGINE), INPUT_NAMES, 1, 0, &names, sizeof names);
}

void running_order(const struct running *running, uint64_t id)
{
    struct event_order_sent sent = desk_order(id, 100, 1);

    lane_append(running_lane(running, JOURNAL_ENGINE), EVENT_ORDER_SENT, 1000 + (int64_t)id, 0,
                &sent, sizeof sent);
}

void running_control(const struct running *running, uint64_t engine_seq, const char *reason)
{
    char json[300];

    (void)snprintf(json, sizeof json,
                   "{\"actor\":\"risk1\",\"kind\":\"limits\",\"scope\":\"firm\",\"reason\":\"%s\","
                   "\"engine_seq\":%llu}",
                   reason, (unsigned long long)engine_seq);
    lane_append(running_lane(running, JOURNAL_CONTROL), CONTROL_RECORD, 7, 0, json,
                (uint32_t)strlen(json));
}

void running_wait(const struct running *running, uint64_t rows)
{
    for (int i = 0; i < 2000 && store_audit_seq(running->store) < rows; i++)
        usleep(2000);
    cr_assert_geq(store_audit_seq(running->store), rows);
}
