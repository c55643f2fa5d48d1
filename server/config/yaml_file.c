#include "config/yaml_file.h"

#include "thread/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20, DEPTH_MAX = 16 };

static enum status read_bytes(struct yaml_file *file, struct err *err)
{
    FILE *stream = fopen(file->path, "re");

    if (!stream)
        return err_format(err, ERR_CONFIG, "%s: %s", file->path, strerror(errno));
    file->bytes = malloc(FILE_MAX_BYTES + 1);
    if (!file->bytes) {
        (void)fclose(stream);
        return err_format(err, ERR_INTERNAL, "%s: out of memory", file->path);
    }
    file->length = fread(file->bytes, 1, FILE_MAX_BYTES + 1, stream);
    if (ferror(stream)) {
        (void)fclose(stream);
        return err_format(err, ERR_CONFIG, "%s: cannot be read", file->path);
    }
    (void)fclose(stream);
    if (file->length > FILE_MAX_BYTES)
        return err_format(err, ERR_CONFIG, "%s: more than 1 MiB", file->path);
    return OK;
}

/* What the tree does not tell, the events do: anchors, further documents, depth. */
static enum status refuse_shapes(struct yaml_file *file, struct err *err)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;
    int documents = 0;
    int depth = 0;
    enum status status = OK;

    if (!yaml_parser_initialize(&parser))
        return err_format(err, ERR_CONFIG, "%s: out of memory", file->path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)file->bytes, file->length);
    while (more && status == OK) {
        if (!yaml_parser_parse(&parser, &event)) {
            status =
                err_format(err, ERR_CONFIG, "%s:%zu: %s", file->path, parser.problem_mark.line + 1,
                           parser.problem ? parser.problem : "not YAML");
            break;
        }
        if (event.type == YAML_ALIAS_EVENT ||
            (event.type == YAML_SCALAR_EVENT && event.data.scalar.anchor) ||
            (event.type == YAML_MAPPING_START_EVENT && event.data.mapping_start.anchor) ||
            (event.type == YAML_SEQUENCE_START_EVENT && event.data.sequence_start.anchor))
            status = err_format(err, ERR_CONFIG, "%s:%zu: anchors and aliases are not used here",
                                file->path, event.start_mark.line + 1);
        /* A second document would be read by nobody: limits written there would seem to hold. */
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents > 1)
            status = err_format(err, ERR_CONFIG, "%s:%zu: a second document; only one is read",
                                file->path, event.start_mark.line + 1);
        depth +=
            (event.type == YAML_MAPPING_START_EVENT) + (event.type == YAML_SEQUENCE_START_EVENT);
        depth -= (event.type == YAML_MAPPING_END_EVENT) + (event.type == YAML_SEQUENCE_END_EVENT);
        if (depth > DEPTH_MAX)
            status = err_format(err, ERR_CONFIG, "%s:%zu: nested deeper than %d", file->path,
                                event.start_mark.line + 1, DEPTH_MAX);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

static enum status load(struct yaml_file *file, struct err *err)
{
    yaml_parser_t parser;
    enum status status = OK;

    if (!yaml_parser_initialize(&parser))
        return err_format(err, ERR_CONFIG, "%s: out of memory", file->path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)file->bytes, file->length);
    if (!yaml_parser_load(&parser, &file->document))
        status = err_format(err, ERR_CONFIG, "%s:%zu: %s", file->path, parser.problem_mark.line + 1,
                            parser.problem ? parser.problem : "not YAML");
    yaml_parser_delete(&parser);
    return status;
}

enum status yaml_file_open(struct yaml_file *file, const char *path, struct err *err)
{
    enum status status;

    *file = (struct yaml_file){.path = path};
    status = read_bytes(file, err);
    if (status == OK)
        status = refuse_shapes(file, err);
    if (status == OK)
        status = load(file, err);
    if (status != OK) {
        free(file->bytes);
        return status;
    }
    if (!yaml_file_root(file)) {
        status = err_format(err, ERR_CONFIG, "%s:1: the file is empty", path);
        yaml_file_close(file);
        return status;
    }
    status = yaml_check_map(file, yaml_file_root(file), "the file", err);
    if (status != OK)
        yaml_file_close(file);
    return status;
}

void yaml_file_close(struct yaml_file *file)
{
    yaml_document_delete(&file->document);
    free(file->bytes);
    file->bytes = NULL;
}

const yaml_node_t *yaml_file_root(struct yaml_file *file)
{
    return yaml_document_get_root_node(&file->document);
}

enum status yaml_refuse(const struct yaml_file *file, const yaml_node_t *node, struct err *err,
                        const char *format, ...)
{
    char says[ERR_TEXT_MAX];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(says, sizeof says, format, values);
    va_end(values);
    return err_format(err, ERR_CONFIG, "%s:%zu: %s", file->path, node->start_mark.line + 1, says);
}

enum status yaml_check_map(struct yaml_file *file, const yaml_node_t *node, const char *what,
                           struct err *err)
{
    struct yaml_pair pair;
    struct yaml_pair earlier;

    if (node->type != YAML_MAPPING_NODE)
        return yaml_refuse(file, node, err, "%s must be a map", what);
    for (uint32_t at = 0; yaml_map_at(file, node, at, &pair); at++) {
        if (!pair.key)
            return yaml_refuse(file, pair.key_node, err, "%s: a key must be text", what);
        for (uint32_t before = 0; before < at; before++) {
            (void)yaml_map_at(file, node, before, &earlier);
            if (strcmp(earlier.key, pair.key) == 0)
                return yaml_refuse(file, pair.key_node, err, "key '%s' is there twice (line %zu)",
                                   pair.key, earlier.key_node->start_mark.line + 1);
        }
    }
    return OK;
}

enum status yaml_check_list(struct yaml_file *file, const yaml_node_t *node, const char *what,
                            struct err *err)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(file, node, err, "%s must be a list", what);
    return OK;
}

bool yaml_map_at(struct yaml_file *file, const yaml_node_t *map, uint32_t index,
                 struct yaml_pair *pair)
{
    const yaml_node_pair_t *start = map->data.mapping.pairs.start;

    if (index >= (size_t)(map->data.mapping.pairs.top - start))
        return false;
    pair->key_node = yaml_document_get_node(&file->document, start[index].key);
    pair->value = yaml_document_get_node(&file->document, start[index].value);
    pair->key = yaml_text(pair->key_node);
    return true;
}

bool yaml_list_at(struct yaml_file *file, const yaml_node_t *list, uint32_t index,
                  const yaml_node_t **item)
{
    const yaml_node_item_t *start = list->data.sequence.items.start;

    if (index >= (size_t)(list->data.sequence.items.top - start))
        return false;
    *item = yaml_document_get_node(&file->document, start[index]);
    return true;
}

const yaml_node_t *yaml_find(struct yaml_file *file, const yaml_node_t *map, const char *key)
{
    struct yaml_pair pair;

    for (uint32_t at = 0; yaml_map_at(file, map, at, &pair); at++)
        if (strcmp(pair.key, key) == 0)
            return pair.value;
    return NULL;
}

const char *yaml_text(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return NULL;
    /* A zero byte inside would end the text early and hide the rest. */
    if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
        return NULL;
    return (const char *)node->data.scalar.value;
}

bool yaml_is_plain(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool yaml_is_null(const yaml_node_t *node)
{
    const char *text = yaml_text(node);

    return text && yaml_is_plain(node) &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}
