/* Trouble with the disk, told to the audit: when it began and why, when it was over and how long it
 * took. The record waits in the control lane until the disk takes it. Control
 * thread, but for the last function. */
#include "control/control.h"
#include "control/inside.h"

#include "thread/clock.h"

#include <stdio.h>

static void note(struct control *control, const char *is, const char *was, const char *why)
{
    struct actor actor = {.name = "pitwall", .person = "pitwall", .role = ROLE_ADMIN};
    struct control_fact fact = {.kind = "storage",
                                .scope = "firm",
                                .reason = why,
                                .old_value = json_string(was),
                                .new_value = json_string(is)};

    control_note(control, &actor, &fact);
}

static void say_well(struct control *control)
{
    int64_t took_ms = (clock_mono_ns() - control->storage.since_ns) / 1000000;
    char why[96];

    (void)snprintf(why, sizeof why, "storage well after %lld.%03lld s", (long long)(took_ms / 1000),
                   (long long)(took_ms % 1000));
    note(control, journal_storage_name(STORAGE_OK), journal_storage_name(control->storage.seen),
         why);
    control->storage.seen = STORAGE_OK;
}

static void say_trouble(struct control *control, enum journal_storage now, const char *cause)
{
    char why[ERR_TEXT_MAX + 32];

    (void)snprintf(why, sizeof why, "storage %s: %s", journal_storage_name(now), cause);
    if (control->storage.seen == STORAGE_OK)
        control->storage.since_ns = clock_mono_ns();
    note(control, journal_storage_name(now), journal_storage_name(control->storage.seen), why);
    control->storage.seen = now;
}

void control_watch_storage(struct control *control)
{
    struct journal_trouble trouble;

    journal_trouble(control->from.journal, &trouble);
    /* One that came and went between two looks is told as well. */
    if (trouble.count != control->storage.troubles && control->storage.seen != STORAGE_OK)
        say_well(control);
    if (trouble.count != control->storage.troubles && trouble.storage == STORAGE_OK)
        say_trouble(control, STORAGE_SUSPECT, trouble.why);
    control->storage.troubles = trouble.count;
    if (trouble.storage == control->storage.seen)
        return;
    if (trouble.storage == STORAGE_OK)
        say_well(control);
    else
        say_trouble(control, trouble.storage, trouble.why);
}

enum status control_may_give(struct control *control, struct err *err)
{
    if (!journal_is_suspect(control->from.journal))
        return OK;
    return err_set(err, ERR_STORAGE, "storage is suspect: nothing is given, only taken away");
}
