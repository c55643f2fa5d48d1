/* scenario_runner FILE.scn...   tells each story to an engine of its own, and says which hold. */
#include "scenario/story.h"

#include <stdio.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
    char why[512];
    int failed = 0;

    if (argc < 2) {
        fputs("usage: scenario_runner FILE.scn...\n", stderr);
        return 64;
    }
    for (int at = 1; at < argc; at++) {
        bool held = story_tell(argv[at], why, sizeof why);

        if (held)
            printf("ok %s\n", base_name(argv[at]));
        else
            printf("FAIL %s: %s\n", base_name(argv[at]), why);
        failed += !held;
    }
    return failed > 0;
}
