/* The whole table over made-up trees: a host that is tuned, then one knob after another turned. */
#include "host/audit.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct host_audit audit;

static void put(const char *path, const char *text)
{
    char whole[256];
    FILE *file;

    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    file = fopen(whole, "w");
    cr_assert(file, "%s", whole);
    fputs(text, file);
    fclose(file);
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)flag, (void)walk;
    return remove(path);
}

static void begin(void)
{
    strcpy(root, "/tmp/pitwall-host-XXXXXX");
    cr_assert(mkdtemp(root));
    audit = (struct host_audit){.core = 3};
}

static void end(void)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct host_row *row_of(const char *name)
{
    for (size_t at = 0; at < audit.rows; at++)
        if (strcmp(audit.row[at].name, name) == 0)
            return &audit.row[at];
    cr_assert_fail("no row %s", name);
    return NULL;
}

static void expect(const char *name, enum host_verdict verdict, const char *found)
{
    const struct host_row *row;

    audit.rows = 0;
    host_files(&audit, root);
    row = row_of(name);
    cr_assert_eq(row->verdict, verdict, "%s is %s: %s", name, host_verdict_name(row->verdict),
                 row->found);
    if (found)
        cr_assert_str_eq(row->found, found, "%s: '%s'", name, row->found);
}

/* One file, what it says, and what it is taken for. */
static const struct story {
    const char *name, *path, *text;
    enum host_verdict verdict;
    const char *found;
} stories[] = {
    {"isolated", "/sys/devices/system/cpu/isolated", "3\n", HOST_OK, "3"},
    {"isolated", "/sys/devices/system/cpu/isolated", "2,4-5\n", HOST_WARN, "2,4-5"},
    {"isolated", "/sys/devices/system/cpu/isolated", "\n", HOST_WARN, "no core"},
    {"nohz_full", "/sys/devices/system/cpu/nohz_full", "2-3\n", HOST_OK, "2-3"},
    {"nohz_full", "/sys/devices/system/cpu/nohz_full", "(null)\n", HOST_WARN, "(null)"},
    {"rcu_nocbs", "/proc/cmdline", "quiet rcu_nocbs=2-3 ro\n", HOST_OK, "2-3"},
    {"rcu_nocbs", "/proc/cmdline", "quiet xrcu_nocbs=3\n", HOST_WARN, "not given"},
    {"allowed", "/proc/self/status", "Cpus_allowed_list:\t0-3\n", HOST_OK, "0-3"},
    {"allowed", "/proc/self/status", "Cpus_allowed_list:\t0-2\n", HOST_FAIL, "0-2"},
    {"allowed", "/proc/self/status", "Name:\tx\n", HOST_UNKNOWN, ""},
    {"alone_on_physical", "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "3\n",
     HOST_OK, "3"},
    {"alone_on_physical", "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3\n",
     HOST_WARN, "1,3"},
    {"workqueues", "/sys/devices/virtual/workqueue/cpumask", "f7\n", HOST_OK, "f7"},
    {"workqueues", "/sys/devices/virtual/workqueue/cpumask", "ff\n", HOST_WARN, "ff"},
    {"governor", "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "performance\n", HOST_OK,
     "performance"},
    {"governor", "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n", HOST_FAIL,
     "powersave"},
    {"thp", "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n", HOST_OK,
     "madvise"},
    {"thp", "/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n", HOST_WARN,
     "always"},
    {"thp_defrag", "/sys/kernel/mm/transparent_hugepage/defrag",
     "always defer [defer+madvise] madvise never\n", HOST_OK, "defer+madvise"},
    {"ksm", "/sys/kernel/mm/ksm/run", "1\n", HOST_WARN, "1"},
    {"compaction", "/proc/sys/vm/compaction_proactiveness", "20\n", HOST_WARN, "20"},
    {"swaps", "/proc/swaps", "Filename Type Size Used Priority\n", HOST_OK, "none"},
    {"swaps", "/proc/swaps", "Filename Type\n/dev/vda2 partition 9 0 -2\n", HOST_WARN, "/dev/vda2"},
    {"swappiness", "/proc/sys/vm/swappiness", "10\n", HOST_OK, "10"},
    {"swappiness", "/proc/sys/vm/swappiness", "11\n", HOST_WARN, "11"},
    {"stat_interval", "/proc/sys/vm/stat_interval", "9\n", HOST_WARN, "9"},
    {"stat_interval", "/proc/sys/vm/stat_interval", "10\n", HOST_OK, "10"},
    {"limit_memlock", "/proc/self/limits",
     "Max locked memory         67108864             67108864             bytes\n", HOST_OK,
     "67108864"},
    {"limit_memlock", "/proc/self/limits",
     "Max locked memory         8388608              unlimited            bytes\n", HOST_WARN,
     "8388608"},
    {"limit_memlock", "/proc/self/limits",
     "Max locked memory         unlimited            unlimited            bytes\n", HOST_OK,
     "unlimited"},
    {"source", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n", HOST_OK,
     "tsc"},
    {"source", "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n",
     HOST_FAIL, "hpet"},
    {"tsc_flags", "/proc/cpuinfo", "flags\t\t: fpu constant_tsc rep_good nonstop_tsc\n", HOST_OK,
     "constant_tsc nonstop_tsc"},
    {"tsc_flags", "/proc/cpuinfo", "flags\t\t: fpu constant_tsc rep_good\n", HOST_WARN,
     "no nonstop_tsc"},
    {"default_affinity", "/proc/irq/default_smp_affinity", "f\n", HOST_WARN, "f"},
    {"rps", "/sys/class/net/eth0/queues/rx-0/rps_cpus", "0\n", HOST_OK, "eth0: 0"},
    {"rps", "/sys/class/net/eth0/queues/rx-0/rps_cpus", "00000008\n", HOST_WARN, "eth0: 00000008"},
    {"nmi_watchdog", "/proc/sys/kernel/nmi_watchdog", "1\n", HOST_WARN, "1"},
    {"watchdog_cores", "/proc/sys/kernel/watchdog_cpumask", "0-2\n", HOST_OK, "0-2"},
    {"watchdog_cores", "/proc/sys/kernel/watchdog_cpumask", "0-3\n", HOST_WARN, "0-3"},
    /* What is turned off by folklore is warned of, and never fails. */
    {"tcp_timestamps", "/proc/sys/net/ipv4/tcp_timestamps", "1\n", HOST_OK, "1"},
    {"tcp_timestamps", "/proc/sys/net/ipv4/tcp_timestamps", "0\n", HOST_WARN, "0"},
    {"tcp_sack", "/proc/sys/net/ipv4/tcp_sack", "0\n", HOST_WARN, "0"},
    {"aslr", "/proc/sys/kernel/randomize_va_space", "0\n", HOST_WARN, "0"},
    {"qdisc", "/proc/sys/net/core/default_qdisc", "fq\n", HOST_OK, "fq"},
    {"capabilities", "/proc/self/status", "CapEff:\t0000000000800000\n", HOST_OK,
     "0000000000800000"},
    {"mitigations", "/sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n", HOST_OK,
     "none of 1"},
    {"mitigations", "/sys/devices/system/cpu/vulnerabilities/mds", "Vulnerable: no microcode\n",
     HOST_OK, "mds: Vulnerable: no microcode"},
};

Test(host_audit, each_file_is_taken_for_what_it_says, .init = begin, .fini = end)
{
    for (size_t at = 0; at < sizeof stories / sizeof *stories; at++) {
        put(stories[at].path, stories[at].text);
        expect(stories[at].name, stories[at].verdict, stories[at].found);
    }
}

Test(host_audit, what_is_not_there_is_unknown_and_nothing_fails, .init = begin, .fini = end)
{
    host_files(&audit, root);
    cr_assert_gt(audit.rows, 60);
    cr_assert_eq(host_count(&audit, HOST_UNKNOWN), audit.rows);
    cr_assert_eq(host_worst(&audit), HOST_OK);
}

Test(host_audit, the_worst_of_several_matches_is_shown, .init = begin, .fini = end)
{
    put("/sys/class/net/eth0/queues/rx-0/rps_cpus", "0\n");
    put("/sys/class/net/eth1/queues/rx-0/rps_cpus", "8\n");
    put("/sys/class/net/eth2/queues/rx-0/rps_cpus", "0\n");
    expect("rps", HOST_WARN, "eth1: 8");
}

static void put_state(int number, const char *name, const char *latency, const char *is_off)
{
    char path[96];

    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu3/cpuidle/state%d/name", number);
    put(path, name);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu3/cpuidle/state%d/latency", number);
    put(path, latency);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu3/cpuidle/state%d/disable", number);
    put(path, is_off);
}

Test(host_audit, idle_states_that_take_long_to_leave_must_be_off, .init = begin, .fini = end)
{
    put_state(0, "POLL\n", "0\n", "0\n");
    put_state(1, "C1\n", "2\n", "0\n");
    put_state(2, "C6\n", "133\n", "0\n");
    expect("idle_states", HOST_FAIL, "state2: C6 takes 133 us");
    put_state(2, "C6\n", "133\n", "1\n");
    expect("idle_states", HOST_OK, NULL);
}

static void put_interrupts(const char *disk_goes_to)
{
    put("/proc/interrupts", "           CPU0       CPU3\n"
                            " 35:          0          0 PCI-MSIX  0-edge  virtio1-config\n"
                            " 36:          5        900 PCI-MSIX  1-edge  virtio1-req.0\n"
                            " 41:       8326          0 PCI-MSIX  1-edge  virtio3-rx\n"
                            " 50:          0          0 PCI-MSIX  1-edge  nvme0q9\n"
                            "LOC:         10         20   Local timer interrupts\n");
    put("/proc/irq/36/effective_affinity_list", disk_goes_to);
    put("/proc/irq/50/effective_affinity_list", "3\n"); /* has never come */
    put("/proc/irq/41/smp_affinity_list", "0-3\n");
    put("/sys/class/net/eth0/device/msi_irqs/41", "msix\n");
}

Test(host_audit, interrupts_of_disk_and_network_are_told_apart, .init = begin, .fini = end)
{
    put_interrupts("3\n");
    expect("disk", HOST_WARN, "1 of 1: virtio1-req.0 (36)");
    expect("network", HOST_WARN, "1 of 1: virtio3-rx (41)");
    put_interrupts("0\n");
    expect("disk", HOST_OK, "0 of 1");
    put("/proc/irq/41/effective_affinity_list", "0\n"); /* where it goes, not where it may */
    expect("network", HOST_OK, "0 of 1");
}

Test(host_audit, a_quota_of_any_group_above_us_fails, .init = begin, .fini = end)
{
    put("/proc/self/cgroup", "0::/pods/one\n");
    expect("quota", HOST_UNKNOWN, "");
    put("/sys/fs/cgroup/pods/one/cpu.max", "max 100000\n");
    expect("quota", HOST_OK, "max 100000");
    put("/sys/fs/cgroup/pods/cpu.max", "200000 100000\n");
    expect("quota", HOST_FAIL, "200000 100000");
    put("/proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/a\n0::/\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
    expect("quota", HOST_OK, "-1");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
    expect("quota", HOST_FAIL, "50000");
}

Test(host_audit, a_nic_of_another_node_is_warned_of, .init = begin, .fini = end)
{
    put("/sys/class/net/eth0/device/numa_node", "1\n");
    put("/sys/devices/system/node/node1/cpulist", "4-7\n");
    expect("nic_node", HOST_WARN, "eth0: node 1");
    put("/sys/devices/system/node/node1/cpulist", "0-3\n");
    expect("nic_node", HOST_OK, "eth0: node 1");
    put("/sys/class/net/eth0/device/numa_node", "-1\n");
    expect("nic_node", HOST_OK, "eth0: node -1");
}

Test(host_audit, the_worst_counts_and_a_warning_is_no_failure, .init = begin, .fini = end)
{
    put("/sys/kernel/mm/ksm/run", "1\n");
    expect("ksm", HOST_WARN, "1");
    cr_assert_eq(host_worst(&audit), HOST_WARN);
    put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    expect("source", HOST_FAIL, "hpet");
    cr_assert_eq(host_worst(&audit), HOST_FAIL);
}

Test(host_audit, what_a_file_says_cannot_move_the_cursor, .init = begin, .fini = end)
{
    put("/sys/kernel/mm/ksm/run", "\x1b[2J\x07 1\n\n");
    expect("ksm", HOST_WARN, "?[2J? 1");
}

Test(host_audit, json_has_every_row_with_null_where_nothing_was_found, .init = begin, .fini = end)
{
    json_t *json, *first;

    put("/sys/devices/system/cpu/isolated", "3\n");
    host_files(&audit, root);
    json = host_json(&audit);
    cr_assert(json);
    cr_assert_eq(json_array_size(json_object_get(json, "results")), audit.rows);
    cr_assert_eq(json_integer_value(json_object_get(json, "core")), 3);
    cr_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "ok");
    first = json_array_get(json_object_get(json, "results"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(first, "name")), "allowed");
    cr_assert(json_is_null(json_object_get(first, "found")));
    json_decref(json);
}
