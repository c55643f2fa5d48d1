/* The error codes, one table: codes.def. Any thread. */
#ifndef PITWALL_VENUE_BYBIT_CODES_H
#define PITWALL_VENUE_BYBIT_CODES_H

#include "venue/venue.h"

enum bybit_code {
#define ANSWER(...)
#define CODE(ID, code, text) CODE_##ID,
#include "venue/bybit/codes.def"
#undef CODE
#undef ANSWER
    CODE_COUNT
};

struct code_row {
    int code;
    const char *text;
};

struct code_row code_row(enum bybit_code code);
struct code_row code_of_answer(enum venue_answer answer, uint8_t category);

#endif
