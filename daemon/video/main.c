/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video: the video supervisor. */
#include <libavformat/avformat.h>

#include "base/daemon.h"
#include "base/log.h"
#include "drivers/camera/types.h"
#include "sections/config.h"
#include "video/supervisor.h"

static const char help[] =
    "usage: tocsin-video [--config FILE] [--verbose]\n"
    "\n"
    "The video supervisor of a Tocsin gateway; started by systemd (tocsin-video.service).\n"
    "\n"
    "  -c, --config FILE  configuration (default /etc/tocsin/tocsin.yaml)\n"
    "      --check        tell every mistake of the configuration and end: 0 if it can be loaded\n"
    "  -v, --verbose      log more\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n";
static const struct program program = {
    .name = "tocsin-video", .help = help, .switches = daemon_switches_check};

static int run(int argc, char **argv)
{
    const char *path;
    bool check;
    int status =
        daemon_begin(&program, argc, argv, 0027, &path, &check); /* tocsind's group reads clips */
    if (status >= 0)
        return status;
    if (check)
        return supervisor_check(path) == 0 ? EXIT_SUCCESS : EXIT_BAD_CONFIG;
    avformat_network_init(); /* before the forks, so that workers share the pages */
    /* Keys are the core's: nothing of them is read here. One camera's mistake takes one camera: at
     * a start in the night nobody is there to mend it for the sake of the others. */
    static const struct config_drivers drivers = {
        .cameras = camera_types, .secrets_may_wait = true, .entries_may_fail = true};
    char kept[PATH_MAX];
    const char *keeps = daemon_kept_config(kept) ? kept : NULL;
    struct start start;
    struct err e;
    int result = start_read(path, keeps, &drivers, &start, &e);
    if (result != 0) {
        log_error("config", "%s", e.text);
        return EXIT_BAD_CONFIG;
    }
    result = supervisor_run(path, keeps, &start, worker_run, &e);
    if (result != 0)
        log_error("video", "%s", e.text);
    return result == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    return program_main("tocsin-video", run, argc, argv);
}
