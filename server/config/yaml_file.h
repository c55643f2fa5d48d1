/* A YAML document whose every node knows its line, so that a refusal can name it.
 *
 * libyaml builds the tree and keeps duplicate keys, which we refuse; anchors are refused too (a
 * configuration that refers to itself is not one that a tired person reads right). Main thread. */
#ifndef PITWALL_CONFIG_YAML_FILE_H
#define PITWALL_CONFIG_YAML_FILE_H

#include "engine.h"

#include <stdio.h>
#include <yaml.h>

struct yaml_file {
    const char *path;
    char *bytes;
    size_t length;
    yaml_document_t document;
};

struct yaml_pair {
    const char *key;
    const yaml_node_t *key_node, *value;
};

/* Reads the whole file (at most 1 MiB) and builds the tree; one document, its root a map. */
enum status yaml_file_open(struct yaml_file *file, const char *path, struct err *err);
void yaml_file_close(struct yaml_file *file);
const yaml_node_t *yaml_file_root(struct yaml_file *file);

/* err becomes "FILE:LINE: ..."; returns ERR_CONFIG. */
enum status yaml_refuse(const struct yaml_file *file, const yaml_node_t *node, struct err *err,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A map with text keys, none of them twice; `what` names it in the refusal. */
enum status yaml_check_map(struct yaml_file *file, const yaml_node_t *node, const char *what,
                           struct err *err);
enum status yaml_check_list(struct yaml_file *file, const yaml_node_t *node, const char *what,
                            struct err *err);

/* Of a checked map or list: false behind the last. */
bool yaml_map_at(struct yaml_file *file, const yaml_node_t *map, uint32_t index,
                 struct yaml_pair *pair);
bool yaml_list_at(struct yaml_file *file, const yaml_node_t *list, uint32_t index,
                  const yaml_node_t **item);
const yaml_node_t *yaml_find(struct yaml_file *file, const yaml_node_t *map, const char *key);

/* The text of a scalar, NULL for a map or list. Plain: written without quotes. */
const char *yaml_text(const yaml_node_t *node);
bool yaml_is_plain(const yaml_node_t *node);
bool yaml_is_null(const yaml_node_t *node);

#endif
