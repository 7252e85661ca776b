/* SPDX-License-Identifier: Apache-2.0 */
#include "false_camera.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PICTURE_MS    20
#define PICTURE_TICKS 1800 /* of 90 kHz */
#define LEAVES_AFTER  50

/* One group of x264's, without the parameter sets, which stand in the description. */
static const unsigned char keyframe[] = {0x65, 0x88, 0x84, 0x0c, 0xf2, 0x62, 0x80, 0x00,
                                         0xb0, 0xbc, 0x9c, 0x9c, 0x9d, 0x75, 0xd7, 0x5d,
                                         0x75, 0xd7, 0x5d, 0x75, 0xd7, 0x5e};
static const unsigned char others[FALSE_CAMERA_GROUP - 1][6] = {
    {0x41, 0x9a, 0x38, 0x19, 0xe1, 0x18},
    {0x41, 0x9a, 0x54, 0x05, 0xf8, 0x46},
    {0x41, 0x9a, 0x60, 0x2f, 0xc2, 0x30},
    {0x41, 0x9a, 0x80, 0x2b, 0xc2, 0x30},
};
static const char description[] =
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=false\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;"
    "sprop-parameter-sets=Z0LACtkEJsBEAAADAAQAAAMAyDxImSA=,aMuDyyA=\r\na=control:track1\r\n";

/* --- In the camera's process --------------------------------------------------------------- */

/* False: the viewer is gone. */
static int say(int fd, const void *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* A picture as one RTP packet, interleaved. */
static int send_picture(int fd, unsigned number)
{
    unsigned in_group = number % FALSE_CAMERA_GROUP;
    const unsigned char *nal = in_group ? others[in_group - 1] : keyframe;
    size_t length = in_group ? sizeof others[0] : sizeof keyframe;
    uint32_t ticks = number * PICTURE_TICKS;
    unsigned char packet[16 + sizeof keyframe] = {'$',
                                                  0,
                                                  0,
                                                  (unsigned char)(12 + length),
                                                  0x80,
                                                  0x80 | 96, /* the picture ends with it */
                                                  (unsigned char)(number >> 8),
                                                  (unsigned char)number,
                                                  (unsigned char)(ticks >> 24),
                                                  (unsigned char)(ticks >> 16),
                                                  (unsigned char)(ticks >> 8),
                                                  (unsigned char)ticks,
                                                  0,
                                                  0,
                                                  0,
                                                  1};
    memcpy(packet + 16, nal, length);
    return say(fd, packet, 16 + length);
}

static void play(int fd, enum false_camera_mood mood)
{
    char said[2000];
    for (unsigned number = 0; mood != FALSE_CAMERA_LEAVES || number < LEAVES_AFTER; number++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (!send_picture(fd, number))
            return;
        if (poll(&wait, 1, PICTURE_MS) > 0) {
            if (recv(fd, said, sizeof said, 0) <= 0)
                return;
            poll(NULL, 0, PICTURE_MS);
        }
    }
}

/* Answers a request; true when it was to play. */
static int answer(int fd, const char *request)
{
    char text[1000];
    const char *number = strstr(request, "CSeq:");
    int cseq = number ? atoi(number + 5) : 0;
    if (strncmp(request, "DESCRIBE", 8) == 0)
        snprintf(text, sizeof text,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Type: application/sdp\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 cseq, sizeof description - 1, description);
    else if (strncmp(request, "SETUP", 5) == 0)
        snprintf(text, sizeof text,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 1\r\n"
                 "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
                 cseq);
    else
        snprintf(text, sizeof text,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 1\r\n"
                 "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n",
                 cseq);
    say(fd, text, strlen(text));
    return strncmp(request, "PLAY", 4) == 0;
}

static void serve(int fd, enum false_camera_mood mood)
{
    char request[4000];
    size_t used = 0;
    for (ssize_t got; (got = recv(fd, request + used, sizeof request - 1 - used, 0)) > 0;) {
        used += (size_t)got;
        request[used] = '\0';
        if (mood == FALSE_CAMERA_IS_SILENT || !strstr(request, "\r\n\r\n"))
            continue;
        if (answer(fd, request)) {
            play(fd, mood);
            return;
        }
        used = 0;
    }
}

/* --- In the test's process ----------------------------------------------------------------- */

void false_camera_start(struct false_camera *camera, enum false_camera_mood mood)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 5), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(camera->url, sizeof camera->url, "rtsp://127.0.0.1:%u/false",
             (unsigned)ntohs(address.sin_port));
    camera->pid = fork();
    if (camera->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
            serve(fd, mood);
        _exit(1);
    }
    close(listener);
}

void false_camera_stop(struct false_camera *camera)
{
    kill(camera->pid, SIGKILL);
    waitpid(camera->pid, NULL, 0);
}
