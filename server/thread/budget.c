#include "thread/budget.h"

static bool spend(_Atomic uint64_t *cell, uint64_t second, uint32_t most)
{
    uint64_t before = atomic_load(cell), after;

    do {
        after = (before >> 16 == second ? before : second << 16) + 1;
        if ((after & UINT16_MAX) > most)
            return false;
    } while (!atomic_compare_exchange_weak(cell, &before, after));
    return true;
}

bool budget_spend(struct budget *budget, uint64_t who, int64_t now_ns, uint32_t most_of_one,
                  uint32_t most)
{
    uint64_t second = (uint64_t)now_ns / 1000000000;

    return spend(&budget->of[who % BUDGET_ROWS], second, most_of_one) &&
           spend(&budget->all, second, most);
}
