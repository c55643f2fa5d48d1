#ifndef PITWALL_VERSION_H
#define PITWALL_VERSION_H

extern const char pitwall_version[];

#endif
