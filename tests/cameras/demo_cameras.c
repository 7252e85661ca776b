/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-demo-cameras: RTSP cameras for the demo and the tests, on GStreamer's RTSP server, which
 * is somebody else's code. Loopback, TCP interleaved and digest authentication only.
 *
 *   /gate   1080p25 H.264, wall clock burnt in, AAC sound
 *   /yard   1080p25 H.264, wall clock burnt in, no sound
 *   /g711   640x360 H.264 with G.711 A-law sound
 *   /h265   640x360 H.265, no sound
 *
 * With --small the first two are 640x360, too: a quarter of the work, for tests of anything else.
 * A camera encodes only while somebody watches it. Prints "ready rtsp://127.0.0.1:PORT/" and runs
 * until SIGTERM or SIGINT.
 */
#include <errno.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <gst/rtsp-server/rtsp-server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/program.h"

#define ROLE "viewer"

/* One still test picture, frozen, and a clock drawn on it: the least work that still shows when a
 * picture was taken. 25 pictures a second, a keyframe every second. */
#define PICTURE                                                                                    \
    "videotestsrc num-buffers=1 pattern=smpte ! video/x-raw,format=I420,width=%d,height=%d ! "     \
    "imagefreeze is-live=true ! video/x-raw,framerate=25/1 ! clockoverlay time-format=\""          \
    "%s %%Y-%%m-%%d %%H:%%M:%%S\" halignment=left valignment=top font-desc=\"Sans 22\" "           \
    "shaded-background=true ! "
#define H264(bitrate)                                                                              \
    "x264enc speed-preset=ultrafast tune=zerolatency threads=1 key-int-max=25 bitrate=" #bitrate   \
    " ! video/x-h264,profile=constrained-baseline ! h264parse ! queue ! "                          \
    "rtph264pay name=pay0 pt=96 config-interval=-1 "
#define H265(bitrate)                                                                              \
    "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=25 bitrate=" #bitrate             \
    " option-string=\"pools=1:frame-threads=1:log-level=none\" ! h265parse ! queue ! "             \
    "rtph265pay name=pay0 pt=96 config-interval=-1 "
#define TICKS "audiotestsrc is-live=true wave=ticks ! "
#define AAC                                                                                        \
    TICKS "audio/x-raw,rate=48000,channels=1 ! voaacenc bitrate=64000 ! aacparse ! queue ! "       \
          "rtpmp4gpay name=pay1 pt=97 "
#define G711 TICKS "audio/x-raw,rate=8000,channels=1 ! alawenc ! queue ! rtppcmapay name=pay1 pt=8 "

struct camera {
    const char *name;
    bool is_large;
    const char *coders;
};

static const struct camera cameras[] = {
    {"gate", true, H264(2000) AAC},
    {"yard", true, H264(2000)},
    {"g711", false, H264(500) G711},
    {"h265", false, H265(500)},
};

struct settings {
    const char *port;
    const char *user;
    char password[256];
    bool is_small;
};

static const char help[] =
    "usage: tocsin-demo-cameras --user NAME --password-file FILE [--port PORT] [--small]\n"
    "\n"
    "RTSP cameras on 127.0.0.1 for the demo and the tests: /gate /yard /g711 /h265.\n"
    "\n"
    "  --user NAME           who may watch\n"
    "  --password-file FILE  its first line is the password\n"
    "  --port PORT           0, the default, lets the kernel choose\n"
    "  --small               no picture is larger than 640x360\n"
    "  -V, --version         print the version\n"
    "  -h, --help            print this\n";

enum { OPTION_PORT = PROGRAM_LONG, OPTION_USER, OPTION_PASSWORD_FILE, OPTION_SMALL };

static const struct program_switch switches[] = {{"port", OPTION_PORT, true},
                                                 {"user", OPTION_USER, true},
                                                 {"password-file", OPTION_PASSWORD_FILE, true},
                                                 {"small", OPTION_SMALL, false},
                                                 {0}};
static const struct program program = {
    .name = "tocsin-demo-cameras", .help = help, .switches = switches};

static int read_password(const char *path, char *ret_password, size_t size)
{
    FILE *f = fopen(path, "r");
    if (!f || !fgets(ret_password, (int)size, f)) {
        fprintf(stderr, "%s: %s\n", path, f ? "is empty" : strerror(errno));
        if (f)
            fclose(f);
        return -1;
    }
    fclose(f);
    ret_password[strcspn(ret_password, "\r\n")] = '\0';
    return 0;
}

/* 0 to go on, or else -1 with the exit status. */
static int parse_arguments(int argc, char **argv, struct settings *s, int *ret_status)
{
    const char *file = NULL;
    *ret_status = EXIT_USAGE;
    for (int letter; (letter = program_option(&program, argc, argv)) != PROGRAM_END;) {
        switch (letter) {
        case OPTION_PORT:
            s->port = optarg;
            break;
        case OPTION_USER:
            s->user = optarg;
            break;
        case OPTION_PASSWORD_FILE:
            file = optarg;
            break;
        case OPTION_SMALL:
            s->is_small = true;
            break;
        default:
            *ret_status = program_status(letter);
            return -1;
        }
    }
    if (program_operands(&program, argc, argv, 0) != 0)
        return -1;
    if (!s->user || !file) {
        program_usage(&program, "%s is needed", s->user ? "--password-file" : "--user");
        return -1;
    }
    *ret_status = EXIT_FAILURE;
    return read_password(file, s->password, sizeof s->password);
}

static void require_digest(GstRTSPServer *server, const struct settings *s)
{
    GstRTSPAuth *auth = gst_rtsp_auth_new();
    GstRTSPToken *token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, ROLE, NULL);
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
    gst_rtsp_auth_add_digest(auth, s->user, s->password, token);
    gst_rtsp_token_unref(token);
    gst_rtsp_server_set_auth(server, auth);
    g_object_unref(auth);
}

/* A camera cannot go back in time. Its picture, one frozen test picture, says that it can: then
 * every PLAY is a seek, which fails while another viewer's pictures flow. */
static GstPadProbeReturn on_query(GstPad *pad, GstPadProbeInfo *info, gpointer arg)
{
    GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
    (void)pad;
    (void)arg;
    if (GST_QUERY_TYPE(query) != GST_QUERY_SEEKING)
        return GST_PAD_PROBE_OK;
    gst_query_set_seeking(query, GST_FORMAT_TIME, FALSE, 0, 0);
    return GST_PAD_PROBE_HANDLED;
}

static void on_media(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer arg)
{
    static const char *const payloaders[] = {"pay0", "pay1"};
    GstElement *bin = gst_rtsp_media_get_element(media);
    (void)factory;
    (void)arg;
    for (size_t i = 0; i < G_N_ELEMENTS(payloaders); i++) {
        GstElement *payloader = gst_bin_get_by_name(GST_BIN(bin), payloaders[i]);
        if (!payloader)
            continue;
        GstPad *pad = gst_element_get_static_pad(payloader, "src");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, on_query, NULL, NULL);
        gst_object_unref(pad);
        gst_object_unref(payloader);
    }
    gst_object_unref(bin);
}

static void add_camera(GstRTSPMountPoints *mounts, const struct camera *camera, bool is_small)
{
    bool is_large = camera->is_large && !is_small;
    GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
    char *launch = g_strdup_printf("( " PICTURE "%s)", is_large ? 1920 : 640, is_large ? 1080 : 360,
                                   camera->name, camera->coders);
    char *path = g_strdup_printf("/%s", camera->name);
    gst_rtsp_media_factory_set_launch(factory, launch);
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    gst_rtsp_media_factory_set_protocols(factory, GST_RTSP_LOWER_TRANS_TCP);
    gst_rtsp_media_factory_set_suspend_mode(factory, GST_RTSP_SUSPEND_MODE_NONE);
    gst_rtsp_media_factory_add_role(factory, ROLE, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                    G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                    G_TYPE_BOOLEAN, TRUE, NULL);
    g_signal_connect(factory, "media-configure", G_CALLBACK(on_media), NULL);
    gst_rtsp_mount_points_add_factory(mounts, path, factory);
    g_free(launch);
    g_free(path);
}

static GstRTSPServer *create_server(const struct settings *s)
{
    GstRTSPServer *server = gst_rtsp_server_new();
    gst_rtsp_server_set_address(server, "127.0.0.1");
    gst_rtsp_server_set_service(server, s->port);
    require_digest(server, s);
    GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(server);
    for (size_t i = 0; i < G_N_ELEMENTS(cameras); i++)
        add_camera(mounts, &cameras[i], s->is_small);
    g_object_unref(mounts);
    return server;
}

static gboolean on_stop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

/* Sessions of watchers that went away without a TEARDOWN end here. */
static gboolean on_tidy(gpointer server)
{
    GstRTSPSessionPool *pool = gst_rtsp_server_get_session_pool(server);
    gst_rtsp_session_pool_cleanup(pool);
    g_object_unref(pool);
    return G_SOURCE_CONTINUE;
}

static int run(int argc, char **argv)
{
    struct settings settings = {.port = "0"};
    int status;
    if (parse_arguments(argc, argv, &settings, &status) != 0)
        return status;
    gst_init(NULL, NULL);
    GstRTSPServer *server = create_server(&settings);
    if (gst_rtsp_server_attach(server, NULL) == 0) {
        fprintf(stderr, "port %s of 127.0.0.1 cannot be had: is it in use?\n", settings.port);
        return EXIT_FAILURE;
    }
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_stop, loop);
    g_unix_signal_add(SIGINT, on_stop, loop);
    g_timeout_add_seconds(5, on_tidy, server);
    printf("ready rtsp://127.0.0.1:%d/\n", gst_rtsp_server_get_bound_port(server));
    if (fflush(stdout) != 0)
        return EXIT_FAILURE; /* nobody would know where they are */
    g_main_loop_run(loop);
    /* Pipelines may be in the middle of a picture; nothing here is worth waiting for. */
    _Exit(0);
}

int main(int argc, char **argv)
{
    return program_main("tocsin-demo-cameras", run, argc, argv);
}
