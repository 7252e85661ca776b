/* SPDX-License-Identifier: Apache-2.0 */
/* tocsind: the alarm core. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/gateway.h"
#include "base/log.h"

#define EXIT_USAGE      2
#define EXIT_BAD_CONFIG 78

static void print_help(void)
{
    printf("usage: tocsind [--config FILE] [--verbose]\n"
           "\n"
           "The alarm core of a Tocsin gateway; started by systemd (tocsind.service).\n"
           "\n"
           "  -c, --config FILE  configuration (default /etc/tocsin/tocsin.yaml)\n"
           "  -v, --verbose      log more\n"
           "  -V, --version      print the version\n"
           "  -h, --help         print this\n"
           "\n"
           "SIGHUP reads the configuration again; SIGTERM and SIGINT stop it.\n");
}

int main(int argc, char **argv)
{
    const char *path = "/etc/tocsin/tocsin.yaml";
    for (int i = 1; i < argc; i++) {
        if ((strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "-c") == 0) && i + 1 < argc) {
            path = argv[++i];
        } else if (strcmp(argv[i], "--verbose") == 0 || strcmp(argv[i], "-v") == 0) {
            log_set_level(LOG_LEVEL_DEBUG);
        } else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0) {
            printf("tocsind " TOCSIN_VERSION "\n");
            return 0;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return 0;
        } else {
            fprintf(stderr, "tocsind: %s: no such option; see tocsind --help\n", argv[i]);
            return EXIT_USAGE;
        }
    }
    umask(0077);
    /* Keys are in this memory: no core dump, no ptrace by the same user. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct gateway *gw = calloc(1, sizeof *gw);
    if (!gw)
        return 1;
    struct err e;
    int result = gateway_start(gw, path, &e);
    if (result != 0)
        log_error("tocsind", "%s", e.text);
    else
        gateway_run(gw);
    config_destroy(gw->config);
    config_destroy(gw->reloaded);
    free(gw);
    curl_global_cleanup();
    return result == 0 ? 0 : result == -EINVAL ? EXIT_BAD_CONFIG : 1;
}
