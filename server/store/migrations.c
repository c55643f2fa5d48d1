/* The assembler puts the files in; paths are relative to the root of the tree, where make runs. */
#include "store/migrations.h"

#define MIGRATION(number, file)                                                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global migration_" #number "\n"                                                      \
            "migration_" #number ":\n"                                                             \
            ".incbin \"migrations/" file "\"\n"                                                    \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char migration_##number[]

MIGRATION(0001, "0001_audit.sql");
MIGRATION(0002, "0002_strategies.sql");
MIGRATION(0003, "0003_trail.sql");
MIGRATION(0004, "0004_kills.sql");
MIGRATION(0005, "0005_search.sql");
MIGRATION(0006, "0006_past.sql");

const char *migration_sql(int index)
{
    static const char *const all[] = {migration_0001, migration_0002, migration_0003,
                                      migration_0004, migration_0005, migration_0006};

    return index >= 0 && index < (int)(sizeof all / sizeof all[0]) ? all[index] : "";
}
