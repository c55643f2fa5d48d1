/* Settings that people change while the program runs, over those of the file.
 *
 * Three states of each scalar setting: what the file says; what is set over it (an override), which
 * is what the next start runs with; and what is in force. LIVE and NEEDS_HALT settings are in force
 * at once, NEEDS_RESTART ones wait ("pending"). All or nothing: a change names some paths, and
 * anything wrong with one refuses it whole. The version rises by one with each change and is not
 * the file's: a restart keeps it.
 *
 * Here is what they are and mean; control/config_change.c authorises, records and stores them.
 * Written by the control thread, read by any, under a lock of its own. */
#ifndef PITWALL_CONFIG_OVERRIDES_H
#define PITWALL_CONFIG_OVERRIDES_H

#include "config/settings.h"

#include <jansson.h>

enum { OVERRIDE_TEXT_MAX = 64, CHANGES_MAX = 32, HASH_TEXT_MAX = 65 };

struct overrides;

/* What is asked: some paths, each with a text, or back to what the file says. */
struct settings_change {
    uint32_t count;
    struct {
        int number; /* row of settings.def */
        bool to_file;
        char text[OVERRIDE_TEXT_MAX];
    } item[CHANGES_MAX];
};

/* What it would do. */
struct settings_effect {
    uint32_t moves;                /* how many settings would differ from what they are */
    bool loosens;                  /* a second person must agree */
    int needs_halt;                /* a row that wants the firm HALTED; SETTINGS_NONE: none */
    json_t *old_value, *new_value; /* {path: text} of those that move; owned */
};

/* Takes `config` as the file has it and puts over it what `stored` holds ({"version": N,
 * "settings": {path: text}}, NULL: nothing), hash included. ERR_CONFIG names the override that no
 * longer fits; `config` is then as it was. */
enum status overrides_open(struct overrides **overrides, struct config *config,
                           const json_t *stored, struct err *err);
void overrides_close(struct overrides *overrides);

/* Reads {path: text|number|boolean|null}; null: what the file says. ERR_MALFORMED,
 * ERR_UNKNOWN_SETTING, ERR_NOT_SUPPORTED (only the file changes it), ERR_OUT_OF_RANGE. */
enum status settings_change_parse(const json_t *settings, struct settings_change *change,
                                  struct err *err);
/* The change that brings all overrides to those of `settings` ({path: text}). */
enum status settings_change_to(struct overrides *overrides, const json_t *settings,
                               struct settings_change *change, struct err *err);
json_t *settings_change_json(const struct settings_change *change);

/* Fills *effect, also its JSON, which is the caller's. Control thread. */
enum status overrides_weigh(struct overrides *overrides, const struct settings_change *change,
                            struct settings_effect *effect, struct err *err);
/* What is to be stored for it: the same shape as overrides_open takes. */
json_t *overrides_stored(struct overrides *overrides, const struct settings_change *change);
/* It is in force, or waits for the next start. A weighed one only. Control thread. */
void overrides_commit(struct overrides *overrides, const struct settings_change *change);
/* What is in force: for those who apply it. Control thread. */
const struct config *overrides_running(const struct overrides *overrides);

/* --- any thread --- */
uint64_t overrides_version(struct overrides *overrides);
bool overrides_pending(struct overrides *overrides); /* something waits for a restart */
/* SHA-256, in hexadecimal: of the file, or with overrides of its hash and of them. */
void overrides_hash(struct overrides *overrides, char out[HASH_TEXT_MAX]);
/* {"version","config_hash","pending_restart","items":[..]}; see api-spec. */
json_t *overrides_json(struct overrides *overrides);

#endif
