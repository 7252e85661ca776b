/* SPDX-License-Identifier: Apache-2.0 */
/* tocsind: the alarm core. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/daemon.h"
#include "base/log.h"
#include "gateway/gateway.h"

static const char help[] =
    "usage: tocsind [--config FILE] [--verbose]\n"
    "\n"
    "The alarm core of a Tocsin gateway; started by systemd (tocsind.service).\n"
    "\n"
    "  -c, --config FILE  configuration (default /etc/tocsin/tocsin.yaml)\n"
    "  -v, --verbose      log more\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n"
    "\n"
    "SIGHUP reads the configuration again; SIGTERM and SIGINT stop it.\n";
static const struct program program = {
    .name = "tocsind", .help = help, .switches = daemon_switches};

static int run(int argc, char **argv)
{
    const char *path;
    char kept[PATH_MAX];
    int status = daemon_begin(&program, argc, argv, 0077, &path, NULL);
    if (status >= 0)
        return status;
    prctl(PR_SET_DUMPABLE, 0); /* keys are in this memory: no ptrace by the same user */
    /* A disk that does not answer keeps a thread for each that waits for it: a reload, two looks at
     * receivers, at the file, at the key and for the control socket. Two are left. */
    setenv("UV_THREADPOOL_SIZE", "8", 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct gateway *gw;
    struct err e;
    int result = gateway_start(path, daemon_kept_config(kept) ? kept : NULL, &gw, &e);
    if (result != 0)
        log_error("tocsind", "%s", e.text);
    else
        gateway_run(gw);
    gateway_destroy(gw);
    curl_global_cleanup();
    return result == 0 ? 0 : result == -EINVAL ? EXIT_BAD_CONFIG : 1;
}

int main(int argc, char **argv)
{
    return program_main("tocsind", run, argc, argv);
}
