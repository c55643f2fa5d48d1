/* The assembler puts the files in; paths are relative to the root of the tree, where make runs. */
#include "store/migrations.h"

__asm__(".pushsection .rodata\n"
        ".global migration_0001\n"
        "migration_0001:\n"
        ".incbin \"migrations/0001_audit.sql\"\n"
        ".byte 0\n"
        ".popsection\n");

extern const char migration_0001[];

const char *migration_sql(int index)
{
    return index == 0 ? migration_0001 : "";
}
