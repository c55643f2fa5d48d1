/* The text of a kill generation. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void incident_print(char out[INCIDENT_TEXT_MAX], uint64_t incident)
{
    (void)snprintf(out, INCIDENT_TEXT_MAX, "K%u-%u", (unsigned)(incident >> 32),
                   (unsigned)incident);
}

/* Only what incident_print would print: the round trip refuses signs, blanks and leading zeros. */
bool incident_parse(const char *text, uint64_t *incident)
{
    char again[INCIDENT_TEXT_MAX];
    char *dash;
    uint64_t value;

    if (strlen(text) >= INCIDENT_TEXT_MAX || text[0] != 'K')
        return false;
    value = (strtoull(text + 1, &dash, 10) & UINT32_MAX) << 32;
    if (*dash != '-')
        return false;
    value |= strtoull(dash + 1, NULL, 10) & UINT32_MAX;
    incident_print(again, value);
    if (strcmp(again, text) != 0)
        return false;
    *incident = value;
    return true;
}
