/* SPDX-License-Identifier: Apache-2.0 */
#include "video/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define ALL_RIGHTS                                                                                 \
    (READ_RIGHTS | WRITE_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |     \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK |   \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

const char *sandbox_landlock_refusal(int code)
{
    switch (code) {
    case ENOSYS:
        return "this kernel has no Landlock";
    case EOPNOTSUPP:
        return "Landlock is switched off in this kernel (landlock is not in its lsm=)";
    case EPERM:
        return "a filter of system calls refuses Landlock (SystemCallFilter= of the unit must name "
               "landlock_create_ruleset, landlock_add_rule and landlock_restrict_self)";
    }
    return strerror(code);
}

static int allow(int rules, const char *path, unsigned long long rights)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = rights};
    beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return 0; /* what is not there need not be allowed */
    int result =
        (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    int code = errno;
    close(beneath.parent_fd);
    return result == 0 ? 0 : -code;
}

static int restrict_to(int rules, const char *folder, const char *const *files)
{
    /* The resolver's files, and shared libraries that it loads. */
    static const char *const system[] = {"/etc", "/usr", "/lib", "/lib64", "/run", "/proc", NULL};
    int result = allow(rules, folder, READ_RIGHTS | WRITE_RIGHTS);
    for (const char *const *path = system; result == 0 && *path; path++)
        result = allow(rules, *path, READ_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE);
    for (const char *const *file = files; result == 0 && *file; file++)
        result = allow(rules, *file, LANDLOCK_ACCESS_FS_READ_FILE);
    if (result == 0 && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        result = -errno;
    return result;
}

/* Everybody may read the root folder, if Landlock does not refuse it. */
static int prove_files(struct err *e)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (code != EACCES)
        return err_set(e, EACCES, "Landlock: switched on, but it was not seen to refuse anything");
    log_info("sandbox", "Landlock is on: it was seen to refuse a file");
    return 0;
}

static int limit_files(const char *folder, const char *const *files, struct err *e)
{
    struct landlock_ruleset_attr attributes = {.handled_access_fs = ALL_RIGHTS};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0) {
        log_warning("sandbox", "%s: workers may read what their user may",
                    sandbox_landlock_refusal(errno));
        return 0;
    }
    int result = restrict_to(rules, folder, files);
    close(rules);
    return result == 0 ? prove_files(e) : err_system(e, -result, "Landlock");
}

/* What reading a camera and writing its clips takes: the network, files that are there or in the
 * clips' folder, memory, time. No process, no thread, no other signal than an abort of its own. */
static const int allowed[] = {
    /* network, and the resolver's socket pairs */
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    /* the loop */
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    /* files */
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(fcntl),
    SCMP_SYS(ioctl),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    /* time, and what the C library asks of itself */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(tgkill),
    /* with which a thread that was made before the seal may only begin after it: without the first
     * the C library ends the process */
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};
/* netlink: the resolver asks it which addresses can be reached. */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/* The macros of libseccomp leave a member out, which clang takes for a mistake. */
static struct scmp_arg_cmp argument_is(unsigned argument, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

int sandbox_seal(struct err *e)
{
    /* Refused, not killed: a library that tries something unusual gets an error that it knows. */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter ? 0 : -ENOMEM;
    for (size_t i = 0; result == 0 && i < sizeof allowed / sizeof *allowed; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; result == 0 && i < sizeof families / sizeof *families; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                  argument_is(0, (scmp_datum_t)families[i]));
    /* One's own limits may be read, not set. */
    if (result == 0)
        result =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, argument_is(2, 0));
    if (result == 0) /* for the threads that run already, too */
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? 0 : err_system(e, -result, "seccomp");
}

int sandbox_prepare(struct err *e)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_system(e, errno, "no new privileges");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = filter ? 0 : -ENOMEM;
    if (result == 0) /* as a kernel says that was built without */
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 ? 0 : err_system(e, -result, "seccomp");
}

int sandbox_enter(const char *folder, const char *const *files, size_t memory_bytes, struct err *e)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    /* The sanitizers' shadow memory is terabytes of address space: only real builds are limited. */
    setrlimit(RLIMIT_AS, &(struct rlimit){memory_bytes, memory_bytes});
#else
    (void)memory_bytes;
#endif
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_system(e, errno, "no new privileges");
    return limit_files(folder, files, e);
}
