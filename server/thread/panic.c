#include "engine.h"
#include "thread/panic.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_INTERNAL = 70 };

_Noreturn void panic(const char *file, int line, const char *claim)
{
    char text[512];
    int length =
        snprintf(text, sizeof text, "level=error area=panic file=%s line=%d claim=\"%s\"\n", file,
                 line, claim);

    if (length >= (int)sizeof text)
        length = (int)sizeof text - 1;
    /* When even this cannot be written there is nobody left to tell. */
    if (length > 0)
        (void)!write(STDERR_FILENO, text, (size_t)length);
    panic_run_hook();
    _exit(EXIT_INTERNAL);
}
