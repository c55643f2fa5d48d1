#include "gateway/fault_script.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct instrument rows[] = {
    {.name = "sim:AAA"}, {.name = "sim:BBB"}, {.name = "other:BBB"}};
static struct fault_rule rules[FAULT_RULES_MAX];
static uint32_t count;
static struct err err;
static char path[] = "/tmp/pitwall_faults_XXXXXX";

static void make_file(void)
{
    close(mkstemp(path));
}

static void remove_file(void)
{
    unlink(path);
}

TestSuite(fault_script, .init = make_file, .fini = remove_file);

static enum status read_script(const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    return fault_script_read(path, rows, 3, rules, &count, &err);
}

Test(fault_script, a_line_is_a_rule)
{
    cr_assert(eq(int,
                 read_script("# a bad day\n"
                             "\n"
                             "{\"on\":\"fill\",\"nth\":3,\"do\":\"lost_fill\"}\n"
                             "{\"on\":\"new\",\"every\":10,\"symbol\":\"AAA\",\"do\":\"reject\","
                             "\"code\":110007,\"times\":2}\n"
                             "  {\"on\":\"book\",\"p\":0.25,\"symbol\":\"other:BBB\","
                             "\"do\":\"stale_book\",\"ms\":1500}"),
                 OK),
              "%s", err.text);
    cr_assert(eq(u32, count, 3));
    cr_assert(eq(int, rules[0].on, FAULT_ON_FILL));
    cr_assert(eq(int, rules[0].verb, FAULT_LOST_FILL));
    cr_assert(eq(int, rules[0].instrument, FAULT_ANY_INSTRUMENT));
    cr_assert(eq(u32, rules[0].nth, 3));
    cr_assert(eq(int, rules[1].instrument, 0));
    cr_assert(eq(u32, rules[1].every, 10));
    cr_assert(eq(u32, rules[1].times, 2));
    cr_assert(eq(i64, rules[1].code, 110007));
    cr_assert(eq(int, rules[2].instrument, 2));
    cr_assert(eq(u32, rules[2].probability_e8, 25000000));
    cr_assert(eq(i64, rules[2].for_ns, 1500000000));
}

Test(fault_script, what_is_not_said_is_the_verbs_own)
{
    cr_assert(eq(int, read_script("{\"on\":\"new\",\"nth\":1,\"do\":\"maintenance\"}\n"), OK));
    cr_assert(eq(i64, rules[0].code, 503));
    cr_assert(eq(i64, rules[0].for_ns, 1000000000));
}

Test(fault_script, a_position_may_be_set_to_nothing_or_short)
{
    cr_assert(
        eq(int,
           read_script("{\"on\":\"fill\",\"nth\":1,\"do\":\"position_override\",\"code\":-5}\n"
                       "{\"on\":\"fill\",\"nth\":2,\"do\":\"position_override\",\"code\":0}\n"),
           OK));
    cr_assert(eq(i64, rules[0].code, -5));
    cr_assert(eq(i64, rules[1].code, 0));
}

Test(fault_script, every_verb_can_be_read_on_every_kind_that_it_allows)
{
    for (unsigned verb = 0; verb < FAULT_VERB_COUNT; verb++)
        for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++) {
            const struct fault_verb_row *row = fault_verb_row((enum fault_verb)verb);
            bool allowed = row->kinds & (1U << kind);
            char line[256];

            snprintf(line, sizeof line, "{\"on\":\"%s\",\"nth\":1,\"do\":\"%s\"}\n",
                     fault_kind_name((enum fault_kind)kind), row->name);
            cr_assert(eq(int, read_script(line), allowed ? OK : ERR_CONFIG), "%s", line);
        }
}

Test(fault_script, the_verbs_of_the_wire_are_known_and_refused)
{
    static const char *const verbs[] = {"corrupt_json", "truncate",     "trickle",     "half_open",
                                        "close",        "refuse",       "rst",         "stall_pong",
                                        "seq_reset",    "clock_offset", "tls_bad_cert"};

    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++) {
        char line[128];

        snprintf(line, sizeof line, "{\"on\":\"new\",\"nth\":1,\"do\":\"%s\"}\n", verbs[at]);
        cr_assert(eq(int, read_script(line), ERR_CONFIG));
        cr_assert(ne(ptr, strstr(err.text, "needs the wire simulator"), NULL), "%s", err.text);
    }
}

Test(fault_script, a_mistake_is_refused_with_file_and_line)
{
    static const struct {
        const char *line, *says;
    } mistakes[] = {
        {"{\"on\":\"new\",\"nth\":1,\"do\":\"drop_req\"", "not JSON"},
        {"[1]", "wanted an object"},
        {"{\"on\":\"new\",\"on\":\"new\",\"nth\":1,\"do\":\"drop_req\"}", "not JSON"},
        {"{\"on\":\"new\",\"nth\":1,\"do\":\"drop_req\",\"why\":1}", "unknown key 'why'"},
        {"{\"on\":\"news\",\"nth\":1,\"do\":\"drop_req\"}", "no 'news'"},
        {"{\"on\":7,\"nth\":1,\"do\":\"drop_req\"}", "\"on\" wants a text"},
        {"{\"on\":\"new\",\"nth\":1}", "\"do\" wants a text"},
        {"{\"on\":\"new\",\"nth\":1,\"do\":\"drop\"}", "no 'drop'"},
        {"{\"on\":\"book\",\"nth\":1,\"do\":\"drop_req\"}", "cannot be done on 'book'"},
        {"{\"on\":\"new\",\"do\":\"drop_req\"}", "wanted one of"},
        {"{\"on\":\"new\",\"nth\":1,\"p\":0.5,\"do\":\"drop_req\"}", "wanted one of"},
        {"{\"on\":\"new\",\"nth\":0,\"do\":\"drop_req\"}", "\"nth\" wants a whole number 1.."},
        {"{\"on\":\"new\",\"every\":1.5,\"do\":\"drop_req\"}", "\"every\" wants a whole number"},
        {"{\"on\":\"new\",\"p\":0,\"do\":\"drop_req\"}", "\"p\" wants"},
        {"{\"on\":\"new\",\"p\":1.01,\"do\":\"drop_req\"}", "\"p\" wants"},
        {"{\"on\":\"new\",\"nth\":1,\"do\":\"delay\",\"ms\":-1}", "\"ms\" wants"},
        {"{\"on\":\"new\",\"nth\":1,\"do\":\"reject\",\"code\":0}", "\"code\" wants"},
        {"{\"on\":\"new\",\"nth\":1,\"times\":0,\"do\":\"reject\"}", "\"times\" wants"},
        {"{\"on\":\"new\",\"nth\":1,\"symbol\":\"CCC\",\"do\":\"reject\"}", "there is no 'CCC'"},
        {"{\"on\":\"new\",\"nth\":1,\"symbol\":\"BBB\",\"do\":\"reject\"}", "more than one venue"},
    };

    for (size_t at = 0; at < sizeof mistakes / sizeof mistakes[0]; at++) {
        char text[512];
        char where[64];

        snprintf(text, sizeof text, "# first\n%s\n", mistakes[at].line);
        snprintf(where, sizeof where, "%s:2: ", path);
        cr_assert(eq(int, read_script(text), ERR_CONFIG), "%s", text);
        cr_assert(eq(ptr, strstr(err.text, where), err.text), "%s", err.text);
        cr_assert(ne(ptr, strstr(err.text, mistakes[at].says), NULL), "%s: %s", text, err.text);
    }
}

Test(fault_script, too_many_rules_too_long_a_line_and_no_file_are_refused)
{
    static char text[2 * FAULT_RULES_MAX * 64];

    for (int at = 0; at <= FAULT_RULES_MAX; at++)
        strcat(text, "{\"on\":\"new\",\"nth\":1,\"do\":\"dup\"}\n");
    cr_assert(eq(int, read_script(text), ERR_CONFIG));
    cr_assert(ne(ptr, strstr(err.text, "more than 64 rules"), NULL), "%s", err.text);
    memset(text, ' ', 5000);
    text[5000] = '\0';
    cr_assert(eq(int, read_script(text), ERR_CONFIG));
    cr_assert(
        eq(int, fault_script_read("/nowhere/at/all", rows, 3, rules, &count, &err), ERR_CONFIG));
    cr_assert(ne(ptr, strstr(err.text, "/nowhere/at/all: "), NULL));
}
