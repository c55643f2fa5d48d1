#include "thread/budget.h"

#include <criterion/criterion.h>

enum { OF_ONE = 3, OF_ALL = 5 };
#define SECOND_NS 1000000000LL

static struct budget budget;

static bool spend(uint64_t who, int64_t now_ns)
{
    return budget_spend(&budget, who, now_ns, OF_ONE, OF_ALL);
}

Test(budget, one_spends_what_is_ones_own_and_leaves_the_rest_to_others)
{
    for (int i = 0; i < OF_ONE; i++)
        cr_assert(spend(1, SECOND_NS));
    for (int i = 0; i < 2 * OF_ALL; i++)
        cr_assert_not(spend(1, SECOND_NS + i));
    cr_assert(spend(2, SECOND_NS));
    cr_assert(spend(2, SECOND_NS));
    cr_assert_not(spend(3, SECOND_NS), "all have spent it");
}

Test(budget, each_second_has_it_anew)
{
    for (int64_t second = 1; second < 5; second++) {
        for (int i = 0; i < OF_ONE; i++)
            cr_assert(spend(1, second * SECOND_NS));
        cr_assert_not(spend(1, second * SECOND_NS + SECOND_NS - 1));
    }
}
