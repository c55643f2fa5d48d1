/* Runs files through a fuzz target, without libFuzzer: REPLAY FILE...  Prints `ok FILE` for each;
 * what breaks a promise ends the program, and its name has been printed before. */
#include "fuzz/fuzz.h"

#include <stdio.h>

enum { FILE_MAX = 1 << 20 };

/* TARGET/FILE of .../corpus/TARGET/FILE. */
static const char *name_of(const char *path)
{
    const char *name = path, *last = path;

    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/') {
            name = last;
            last = at + 1;
        }
    return name;
}

static int replay(const char *path)
{
    static uint8_t bytes[FILE_MAX];
    FILE *file = fopen(path, "rbe");
    size_t size;

    if (!file) {
        printf("FAIL %s: cannot be read\n", name_of(path));
        return 1;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fprintf(stderr, "replay: %s\n", path);
    LLVMFuzzerTestOneInput(bytes, size);
    printf("ok %s\n", name_of(path));
    return 0;
}

int main(int count, char **paths)
{
    int bad = count < 2;

    for (int at = 1; at < count; at++)
        bad |= replay(paths[at]);
    return bad;
}
