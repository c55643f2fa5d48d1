#include "venue/bybit/codes.h"

struct code_row code_row(enum bybit_code code)
{
    static const struct code_row rows[CODE_COUNT] = {
#define ANSWER(...)
#define CODE(ID, code, text) [CODE_##ID] = {code, text},
#include "venue/bybit/codes.def"
#undef CODE
#undef ANSWER
    };

    assert(code < CODE_COUNT);
    return rows[code];
}

struct code_row code_of_answer(enum venue_answer answer, uint8_t category)
{
    static const struct code_row rows[VENUE_FULL + 1][VENUE_CATEGORY_COUNT] = {
        [VENUE_OK] = {{0, "OK"}, {0, "OK"}},
#define CODE(...)
#define ANSWER(ID, linear, linear_text, spot, spot_text)                                           \
    [VENUE_##ID] = {{linear, linear_text}, {spot, spot_text}},
#include "venue/bybit/codes.def"
#undef ANSWER
#undef CODE
    };

    assert(answer <= VENUE_FULL && category < VENUE_CATEGORY_COUNT);
    return rows[answer][category];
}
