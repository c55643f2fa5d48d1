#include "domain/limit.h"

#include "base/assert.h"

#include <string.h>

enum { INTEGER = LIMIT_INTEGER, MONEY = LIMIT_MONEY, RATIO = LIMIT_RATIO };
enum { MOST = LIMIT_MOST, LEAST = LIMIT_LEAST };
enum { BINDS = LIMIT_BINDS, WAIVED = LIMIT_WAIVED };

static const struct limit_row rows[LIMIT_COUNT] = {
#define LIMIT(ID, name, type, unit, min, max, sense, exits, says)                                  \
    [LIMIT_##ID] = {#name,                                                                         \
                    unit,                                                                          \
                    says,                                                                          \
                    (enum limit_type)(type),                                                       \
                    (enum limit_sense)(sense),                                                     \
                    (enum limit_exits)(exits),                                                     \
                    min,                                                                           \
                    max},
#include "tables/limits.def"
#undef LIMIT
};

const struct limit_row *limit_row(enum limit_id id)
{
    assert((unsigned)id < LIMIT_COUNT);
    return &rows[id];
}

enum limit_id limit_find(const char *name, uint32_t length)
{
    for (uint32_t id = 0; id < LIMIT_COUNT; id++) {
        const char *row = rows[id].name;
        uint32_t at = 0;

        while (at < length && row[at] == name[at] && row[at] != '\0')
            at++;
        if (at == length && row[at] == '\0')
            return (enum limit_id)id;
    }
    return LIMIT_COUNT;
}

const char *denial_name(enum denial denial)
{
    static const char *const names[DENIAL_COUNT] = {
        "none",
#define LIMIT(ID, name, ...) #name,
#include "tables/limits.def"
#undef LIMIT
#define DENIAL(ID, name, ...) #name,
#include "tables/denials.def"
#undef DENIAL
    };

    assert((unsigned)denial < DENIAL_COUNT);
    return names[denial];
}

const char *denial_says(enum denial denial)
{
    static const char *const says[DENIAL_COUNT] = {
        "it passed",
#define LIMIT(ID, name, type, unit, min, max, sense, exits, text) text,
#include "tables/limits.def"
#undef LIMIT
#define DENIAL(ID, name, text) text,
#include "tables/denials.def"
#undef DENIAL
    };

    assert((unsigned)denial < DENIAL_COUNT);
    return says[denial];
}

bool limit_loosens(enum limit_id id, int64_t now, int64_t next)
{
    if (next == now || next == LIMIT_UNSET || next == LIMIT_DENY)
        return false;
    if (now == LIMIT_UNSET || now == LIMIT_DENY)
        return true;
    return limit_row(id)->sense == LIMIT_MOST ? next > now : next < now;
}
