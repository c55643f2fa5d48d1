/* A broken promise ends the run; libFuzzer keeps the bytes that led to it. */
#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_trace(const char *format, ...)
{
    static int wanted = -1;
    va_list values;

    if (wanted < 0)
        wanted = getenv("FUZZ_TRACE") != NULL;
    if (!wanted)
        return;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

_Noreturn void panic(const char *file, int line, const char *claim)
{
    fprintf(stderr, "fuzz: %s:%d: %s\n", file, line, claim);
    abort();
}
