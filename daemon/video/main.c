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
    "  -v, --verbose      log more\n"
    "  -V, --version      print the version\n"
    "  -h, --help         print this\n";
static const struct program program = {
    .name = "tocsin-video", .help = help, .switches = daemon_switches};

static int run(int argc, char **argv)
{
    const char *path;
    int status = daemon_begin(&program, argc, argv, 0027, &path); /* tocsind's group reads clips */
    if (status >= 0)
        return status;
    avformat_network_init(); /* before the forks, so that workers share the pages */
    /* Keys are the core's: nothing of them is read here. One camera's mistake takes one camera: at
     * a start in the night nobody is there to mend it for the sake of the others. */
    static const struct config_drivers drivers = {
        .cameras = camera_types, .secrets_may_wait = true, .entries_may_fail = true};
    struct config *config;
    struct err e;
    int result = config_load(path, &drivers, config_log_problem, NULL, &config, &e);
    if (result != 0) {
        log_error("config", "%s", e.text);
        return EXIT_BAD_CONFIG;
    }
    result = supervisor_run(config, worker_run, &e);
    if (result != 0)
        log_error("video", "%s", e.text);
    return result == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    return program_main("tocsin-video", run, argc, argv);
}
