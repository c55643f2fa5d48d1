# Builds what tests/mutants/run runs in each of its copies: the engine's unit tests and the seeded
# simulator. Small and plain on purpose: after a rule is broken, what depends on it is recompiled,
# and nothing else.
CC ?= gcc
CFLAGS := -O1 -w -std=c11 -D_GNU_SOURCE -march=x86-64-v2 -Iengine -Iserver -Itests -MMD -MP

engine_obj := $(patsubst %.c,%.o,$(wildcard engine/*.c engine/*/*.c))
unit_obj := $(patsubst %.c,%.o,$(wildcard $(foreach d,base book domain engine oms position risk,tests/unit/$(d)/*.c)))
sim_obj := $(patsubst %.c,%.o,$(wildcard tests/sim/*.c) server/restore.c)

all: unit sim libengine.a
libengine.a: $(engine_obj)
	@rm -f $@ && ar rcs $@ $^
unit: $(unit_obj) panic.o libengine.a
	@$(CC) -o $@ $^ -lcriterion
sim: $(sim_obj) libengine.a
	@$(CC) -Wl,--wrap=lane_append -o $@ $^
%.o: %.c
	@$(CC) $(CFLAGS) -c -o $@ $<

-include $(wildcard engine/*.d engine/*/*.d tests/unit/*/*.d tests/sim/*.d server/*.d)
