/* The words of a line, and what they can mean. Parsing never guesses: a word that is not what is
 * asked for ends the story with its file and line. */
#ifndef PITWALL_SCENARIO_WORDS_H
#define PITWALL_SCENARIO_WORDS_H

#include "scenario/rig.h"

#include <setjmp.h>

enum { WORDS_MAX = 24, LINE_MAX_BYTES = 512, NAMES_MAX = 64, NAME_BYTES = 16 };

struct words {
    char text[LINE_MAX_BYTES];
    char *word[WORDS_MAX];
    int count, at;
};

struct story {
    struct rig *rig;
    const char *path;
    int line;
    bool started;
    char *why;
    size_t why_size;
    jmp_buf failed;
    /* Names of the story's orders, and the order that the line is about. */
    struct {
        char name[NAME_BYTES];
        uint64_t id;
    } named[NAMES_MAX];
    int named_count;
    uint64_t subject; /* 0: none */
    uint64_t execs;
};

/* Ends the story: `FILE:LINE: text`. */
_Noreturn void story_fail(struct story *story, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void words_split(struct story *story, struct words *words, const char *text);
/* The next word; fails when there is none, naming what was wanted. */
const char *words_next(struct story *story, struct words *words, const char *wanted);
/* Takes the next word if it is this one. */
bool words_take(struct words *words, const char *word);
bool words_left(const struct words *words);
void words_end(struct story *story, const struct words *words);

int64_t words_integer(struct story *story, struct words *words, const char *wanted);
int64_t words_decimal(struct story *story, struct words *words, const char *wanted);
int64_t words_time(struct story *story, struct words *words);
enum side words_side(struct story *story, struct words *words);
uint16_t words_instrument(struct story *story, struct words *words);
uint16_t words_strategy(struct story *story, struct words *words);
uint16_t words_scope(struct story *story, struct words *words); /* firm when no word is left */
struct rig_order *words_order(struct story *story, struct words *words);
/* LOTS @ PRICE */
void words_lots_at(struct story *story, struct words *words, int64_t *lots, int64_t *price);
int64_t parse_decimal(struct story *story, const char *text, uint32_t scale, const char *wanted);

/* clauses.c */
void clauses_check(struct story *story, const char *text);
/* verbs.c: false when there is no such verb. */
bool verb_tell(struct story *story, const char *verb, struct words *words);

#endif
