/* Apart from panic.c, so that a test can bring its own panic() and still link the server. */
#include "thread/panic.h"

#include <stdatomic.h>
#include <stddef.h>

static void (*_Atomic hook_now)(void);

void panic_on(void (*hook)(void))
{
    atomic_store(&hook_now, hook);
}

void panic_run_hook(void)
{
    /* Taken out first: a hook that panics itself does not come here again. */
    void (*hook)(void) = atomic_exchange(&hook_now, NULL);

    if (hook)
        hook();
}
