/* Two people for what loosens: server/control/approvals.c and proposals.c, against an engine whose
 * version anybody may move meanwhile.
 *
 * Here               In C
 * Login              a session or token: its person is what counts. 0 and 2 are one person's.
 * Control            the control thread: one request after another; it compares with what the view
 *                    shows, which lags, and the engine compares again
 * version            that of a scope's state or limits; `base` is what a proposal was made against
 * Mover              a kill, or somebody who tightens: needs nobody's consent, moves the version
 *
 * mirrors server/control/approvals.c: if (strcmp(actor->person, approval->person) == 0)
 * mirrors server/control/proposals.c: if (is_stale(control, approval))
 * mirrors engine/oms/scopes.c: if (command->base != now->version)
 * mirrors engine/oms/scopes.c: if (command->base != oms->limits_generation[command->scope]) */
#define LOGINS 3
#define PROPOSALS 2 /* of log-in 0 and of log-in 1: they may cross */
#define PERSON(login) (login % 2)

mtype = { none, pending, applied, rejected, stale };
mtype state[PROPOSALS] = none;
byte base[PROPOSALS], version, shown;
chan requests = [0] of { bool, byte, byte }; /* decides, who, proposal */
chan commands = [0] of { byte };
chan done = [0] of { bool };

active [LOGINS] proctype Login()
{
    byte which;

    if
    :: _pid < PROPOSALS -> requests ! false, _pid, _pid /* proposes */
    :: _pid >= PROPOSALS
    fi;
end:
    do
    :: atomic { state[which] == pending -> requests ! true, _pid, which }
    :: which < PROPOSALS - 1 -> which++
    :: which == PROPOSALS - 1 -> break
    od
}

active proctype Control()
{
    bool decides, taken;
    byte who, which;

end:
    do
    :: requests ? decides, who, which ->
        if
        :: !decides -> atomic { base[which] = shown; state[which] = pending }
        :: decides && PERSON(who) == PERSON(which) /* refused: self_approval */
        :: decides && PERSON(who) != PERSON(which) && state[which] != pending /* refused: conflict */
        :: decides && PERSON(who) != PERSON(which) && state[which] == pending ->
            if
            :: true -> state[which] = rejected
            :: base[which] != shown -> state[which] = stale
            :: base[which] == shown ->
                commands ! base[which];
                done ? taken;
                atomic {
                    if
                    :: taken ->
                        assert(PERSON(who) != PERSON(which)); /* two people */
                        assert(state[which] == pending);      /* once */
                        state[which] = applied
                    :: else -> state[which] = stale
                    fi
                }
            fi
        fi
    od
}

active proctype Engine()
{
    byte against;
    bool taken;

end:
    do
    :: commands ? against ->
        atomic { /* a step of the engine */
            if
            :: against != version -> taken = false
            :: else ->
                assert(against == version); /* nothing has moved since the proposer looked */
                version++;
                taken = true
            fi
        };
        done ! taken
    od
}

active proctype Mover()
{
    version++;
    version++
}

active proctype View() /* lags */
{
end:
    do
    :: shown != version -> shown = version
    od
}
