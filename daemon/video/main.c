/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video: the video supervisor. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "conf/config.h"
#include "drivers/camera/types.h"
#include "video/supervisor.h"

#define EXIT_USAGE      2
#define EXIT_BAD_CONFIG 78

static void print_help(void)
{
    printf("usage: tocsin-video [--config FILE] [--verbose]\n"
           "\n"
           "The video supervisor of a Tocsin gateway; started by systemd (tocsin-video.service).\n"
           "\n"
           "  -c, --config FILE  configuration (default /etc/tocsin/tocsin.yaml)\n"
           "  -v, --verbose      log more\n"
           "  -V, --version      print the version\n"
           "  -h, --help         print this\n");
}

static void print_problem(void *arg, const char *line)
{
    (void)arg;
    log_error("config", "%s", line);
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
            printf("tocsin-video " TOCSIN_VERSION "\n");
            return 0;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return 0;
        } else {
            fprintf(stderr, "tocsin-video: %s: no such option; see tocsin-video --help\n", argv[i]);
            return EXIT_USAGE;
        }
    }
    umask(0027); /* tocsind reads the clips by its group */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* Keys are the core's: nothing of them is read here. One camera's mistake takes one camera: at
     * a start in the night nobody is there to mend it for the sake of the others. */
    static const struct config_drivers drivers = {
        .cameras = camera_types, .secrets_may_wait = true, .entries_may_fail = true};
    struct config *config;
    struct err e;
    int result = config_load(path, &drivers, print_problem, NULL, &config, &e);
    if (result != 0) {
        log_error("config", "%s", e.text);
        return EXIT_BAD_CONFIG;
    }
    result = supervisor_run(config, &e);
    if (result != 0)
        log_error("video", "%s", e.text);
    return result == 0 ? 0 : 1;
}
