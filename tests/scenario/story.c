#include "scenario/story.h"

#include "scenario/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Cuts the comment off; a # within quotes stays. */
static void strip(char *line)
{
    bool quoted = false;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (*at == '#' && !quoted) {
            *at = '\0';
            return;
        }
    }
}

static void tell_line(struct story *story, char *line)
{
    char *arrow = strstr(line, "->");
    struct words words;
    const char *verb;

    if (arrow)
        *arrow = '\0';
    if (strcmp(line + strspn(line, " \t"), "") == 0 && !arrow)
        return;
    if (strncmp(line, "expect ", 7) == 0) {
        clauses_check(story, line + 7);
        return;
    }
    words_split(story, &words, line);
    verb = words_next(story, &words, "a verb");
    if (!verb_tell(story, verb, &words))
        story_fail(story, "no verb '%s'", verb);
    words_end(story, &words);
    if (arrow)
        clauses_check(story, arrow + 2);
}

static void tell_all(struct story *story, FILE *file)
{
    char line[LINE_MAX_BYTES];
    int told = 0;

    while (fgets(line, sizeof line, file)) {
        story->line++;
        if (!strchr(line, '\n') && !feof(file))
            story_fail(story, "line too long");
        strip(line);
        tell_line(story, line);
        told += strstr(line, "expect ") != NULL || line[0] != '\0';
    }
    if (told == 0)
        story_fail(story, "nothing is told");
}

bool story_tell(const char *path, char *why, size_t size)
{
    static struct story story; /* outlives the longjmp whole */
    FILE *file = fopen(path, "re");
    volatile bool held = false;

    if (!file) {
        snprintf(why, size, "%s: %s", path, strerrordesc_np(errno));
        return false;
    }
    story = (struct story){.rig = rig_make(), .path = path, .why = why, .why_size = size};
    if (setjmp(story.failed) == 0) {
        tell_all(&story, file);
        held = true;
    }
    rig_free(story.rig);
    if (fclose(file) != 0)
        held = false;
    return held;
}
