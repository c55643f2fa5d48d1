/* Assertions that stay on in production.
 *
 * An assertion states what we routed or computed ourselves; what a venue or a person sends is
 * answered, never asserted. `panic` is supplied by whoever links the library: the server writes
 * the last events and leaves, a test fails. It never returns. */
#ifndef PITWALL_BASE_ASSERT_H
#define PITWALL_BASE_ASSERT_H

_Noreturn void panic(const char *file, int line, const char *claim);

#undef assert
#define assert(claim) ((claim) ? (void)0 : panic(__FILE__, __LINE__, #claim))

#endif
