/* Changing settings through the one door: PATCH /config, POST /config/revert, and what an approval
 * of kind `config` does. config/overrides.h says what a setting is and what may be asked.
 *
 * In this order: the record (audit kind `config`, scope "config", durable), control.db (kind
 * "setting": "in_force" holds {"version","settings":{path: text}}; kind "setting_version": the same
 * by version, the newest 500, for the revert), then what is in force. A record whose change could
 * then not be stored is followed by one that says so. Control thread, which waits for the disk
 * here: a change of settings is rare, and a kill does not queue behind it. */
#ifndef PITWALL_CONTROL_CONFIG_CHANGE_H
#define PITWALL_CONTROL_CONFIG_CHANGE_H

#include "control/control.h"

/* Reads what is stored and puts it over `config`, as overrides_open() does. */
enum status config_change_open(struct keep *keep, struct config *config,
                               struct overrides **overrides, struct err *err);
/* Takes one path from what is stored, with no server running: *found is false when it was not
 * there. */
enum status config_change_forget(struct keep *keep, const char *path, bool *found, struct err *err);

/* Body: {"settings":{path: value},"reason"}. *http 200: *reply is what GET /config says; 202: an
 * approval. ERR_STALE_VERSION with *reply as it is now; ERR_CONFLICT: the firm must be HALTED for
 * it. */
enum status control_config_patch(struct control *control, const struct actor *actor, uint64_t base,
                                 const json_t *body, const char *request_id, int *http,
                                 json_t **reply, struct err *err);
/* Body: {"to": version,"reason"}: the change that brings the overrides of that version back.
 * ERR_NOT_FOUND: that version is not kept. */
enum status control_config_revert(struct control *control, const struct actor *actor, uint64_t base,
                                  const json_t *body, const char *request_id, int *http,
                                  json_t **reply, struct err *err);

#endif
