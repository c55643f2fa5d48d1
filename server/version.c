#include "version.h"

/* Given by the Makefile to this one object, so that a commit recompiles no other. */
#ifndef PITWALL_VERSION
#define PITWALL_VERSION "unknown"
#endif

const char pitwall_version[] = PITWALL_VERSION;
