/* The kill hand-over: kill word, doorbell, order rings, acknowledgement, resume. Every interleaving
 * of two people who kill, a resume or two that race with them, the engine and two gateways.
 *
 * One access of shared memory is one step. Spin's memory is sequentially consistent; the C code
 * gets the same from its acquire and release pairs, because the only order it relies on is "what
 * was stored before the bell is seen by who sees the bell" (and the same for each answer).
 * spsc.pml shows, with a store buffer, what a ring does without them.
 *
 * Here               In C
 * Killer             kill_page_set() in engine/domain/kill_page.h, then kill_and_wait() in
 *                    server/control/kill_wait.c, with patience without end
 * Engine             a turn of server/thread/engine_thread.c; look() is oms_kill() and set_state()
 *                    is oms_set_state() of engine/oms/scopes.c; submit() is oms_submit()
 * Gateway            take_orders() in server/gateway/simulated/simulated.c
 * Resumer            propose and approve in server/control (changes.c names what the view showed)
 * ticket .. seen     the members of struct kill_page, of one scope
 * published          tail of a gateway's order ring; consumed: its head. Nothing wraps, so an
 *                    order is its gateway and its position. Cancels, queries and exits always pass
 *                    and are left out; so is the batcher.
 * halted .. served   struct scope_state
 *
 * tests/models/run also looks for the C lines named by "mirrors" below: who changes one of them
 * changes this model.
 * mirrors engine/domain/kill_page.h: } while (seen >= generation);
 * mirrors engine/oms/scopes.c: if (command->clears != now->incident || word != now->served)
 * mirrors engine/oms/scopes.c: if (!seen_is_killed(&oms->seen, scope) || word == oms->states[scope].served)
 * mirrors engine/oms/seen.h: return kill_page_doorbell(seen->page) != seen->doorbell;
 * mirrors server/gateway/simulated/simulated.c: while (taken < TURN_ORDERS_MAX && take_order(simulated))
 * mirrors server/gateway/bybit/orders.c: while (taken < BYBIT_TURN_MAX && take_order(bybit))
 * mirrors server/control/kill_wait.c: if (ring_too && ring_consumed(target->order_rings[i]) < */
#ifndef GATEWAYS
#define GATEWAYS 1
#endif
#ifndef ORDERS
#define ORDERS 2 /* of each gateway */
#endif
#ifndef RESUMES
#define RESUMES 2
#endif
#ifndef KILLERS
#define KILLERS 2
#endif
#ifndef SILENCE
#define SILENCE true /* a kill may find the engine silent */
#endif
#define EVERY_KILLER ((1 << KILLERS) - 1)

byte ticket, word, doorbell, cleared, engine_seen, block_at[GATEWAYS], seen[GATEWAYS];
byte published[GATEWAYS], consumed[GATEWAYS];
bool halted;
byte version, incident, served;
chan commands = [1] of { byte, byte, byte }; /* base, clears; and what its proposer knew */

/* What we ask about; no process decides by it. Sets of killers, as bits. */
byte raised, obeyed, forgiven;
byte told, settled;           /* acknowledged: by the gateways, and by the engine as well */
byte knew[GATEWAYS * ORDERS]; /* by order: the kills that were obeyed before it was made */
bool returned[GATEWAYS];      /* the order at the head has gone back to the engine */

active [KILLERS] proctype Killer()
{
    byte generation, was, bell, gateway;
    bool answered;

draw:
    atomic { (_pid == 0 || ticket > 0) -> ticket++; generation = ticket }; /* alike: 0 goes first */
raise:
    was = word;
    if
    :: was >= generation -> was = 0; goto draw /* overtaken: it draws again */
    :: else
    fi;
    atomic {
        if
        :: word == was -> word = generation; raised = raised | 1 << _pid; was = 0; generation = 0
        :: else -> goto raise
        fi
    };
ring:
    doorbell++;
    bell = doorbell;
    if
    :: engine_seen >= bell -> answered = true
    :: SILENCE -> skip /* 10 ms have passed; the gateways are awaited all the same */
    fi;
    do
    :: gateway < GATEWAYS ->
        seen[gateway] >= bell;
        !answered || consumed[gateway] >= block_at[gateway];
        gateway++
    :: else -> break
    od;
    atomic {
        /* The engine has said so: none is lost, and one that joins is said as well. */
        assert(!answered || obeyed & 1 << _pid);
        told = told | 1 << _pid;
        settled = settled | (answered -> 1 << _pid : 0);
        answered = false;
        bell = 0;
        gateway = 0
    }
}

inline look()
{
    atomic { bell = doorbell; if :: bell == doorbell_seen -> bell = 0 :: else fi };
    if
    :: bell == 0 /* it has not moved */
    :: else ->
        now = word;
        atomic {
            if
            :: word <= cleared || now == served
            :: else ->
                served = now;
                halted = true;
                version++;
                if
                :: incident == 0 -> incident = now
                :: else /* joins; the version has moved: what was proposed before is stale */
                fi;
                obeyed = obeyed | raised
            fi;
            doorbell_seen = bell;
            bell = 0;
            now = 0
        }
    fi
}

inline submit()
{
    look();
    look(); /* the last one before an order */
    if
    :: halted /* denied */
    :: !halted && made[to] < ORDERS ->
        d_step { knew[to * ORDERS + made[to]] = obeyed; made[to]++ }; /* not yet to be seen */
        published[to] = made[to]
    :: else
    fi
}

inline set_state()
{
    commands ? base, clears, known;
    look();
    if
    :: base != version || !halted /* stale */
    :: else ->
        atomic { now = word; now = (clears == incident && now == served -> now : 0) };
        if
        :: now == 0 /* stale: a kill has come since */
        :: else ->
            atomic {
                cleared = now;
                forgiven = forgiven | known;
                halted = false;
                incident = 0;
                version++
            }
        fi
    fi;
    d_step { base = 0; clears = 0; known = 0; now = 0 }
}

active proctype Engine()
{
    byte bell, doorbell_seen, now, base, clears, known, to, made[GATEWAYS];

turn:
    if
    :: doorbell != engine_seen -> /* its own last answer */
        look();
        do
        :: to < GATEWAYS -> block_at[to] = published[to]; to++
        :: else -> to = 0; break
        od;
        engine_seen = doorbell_seen
    :: else
    fi;
    if
    :: submit()
#if GATEWAYS > 1
    :: to = 1; submit(); to = 0
#endif
    :: nempty(commands) -> set_state()
    :: true
    fi;
    goto turn
}

active [GATEWAYS] proctype Gateway()
{
    byte bell, kill, clear;
    bool blocks;
    byte me = _pid - KILLERS - 1;

turn:
    bell = doorbell;
    atomic { seen[me] = bell; bell = 0 };
    do
    :: consumed[me] == published[me] -> break
    :: else ->
        if /* C leaves open which is read first */
        :: kill = word; atomic { blocks = kill > cleared; kill = 0 }
        :: clear = cleared; atomic { blocks = word > clear; clear = 0 }
        fi;
        if
        :: blocks -> returned[me] = true
        :: else ->
            atomic { /* the bytes leave */
                assert((told & ~forgiven) == 0);
                assert((settled & ~knew[me * ORDERS + consumed[me]]) == 0);
                assert(!returned[me])
            }
        fi;
        d_step { /* release */
            blocks = false;
            knew[me * ORDERS + consumed[me]] = 0;
            returned[me] = false;
            consumed[me]++
        }
    od;
    goto turn
}

/* A first person proposes from what the view shows, a second approves: any time later. */
active proctype Resumer()
{
    byte base, clears, known, count;

    do
    :: count < RESUMES ->
        d_step { halted; base = version; clears = incident; known = obeyed; count++ };
        atomic { commands ! base, clears, known; base = 0; clears = 0; known = 0 }
    :: true -> count = 0; break
    od
}

ltl always_acknowledged { <> (told == EVERY_KILLER) }
