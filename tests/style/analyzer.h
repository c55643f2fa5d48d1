/* For clang-tidy only; mk/lint puts it in front of every source. clang-tidy sees one file at a time
 * and does not know that these functions return the status they are given, so it would follow
 * "refused, yet OK" paths that do not exist. */
#ifndef PITWALL_STYLE_ANALYZER_H
#define PITWALL_STYLE_ANALYZER_H

#include "base/error.h"
#include "config/yaml_file.h"
#include "thread/log.h"

#define err_set(err, status, text) (err_set((err), (status), (text)), (status))
#define err_wrap(err, status, prefix) (err_wrap((err), (status), (prefix)), (status))
#define err_format(err, status, ...) (err_format((err), (status), __VA_ARGS__), (status))
#define yaml_refuse(...) (yaml_refuse(__VA_ARGS__), ERR_CONFIG)

#endif
