/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of daemon/iface/uplink.h, tried on a driver: uplink_suite sim|https. Behind https
 * stands a receiver in the same loop; nothing outside of this process is needed.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/signer/signers.h"
#include "mock_pki.h"
#include "run_suite.h"
#include "uplink_world.h"
#include "wire/digest.h"

#define TEST_S      120
#define PATIENCE_MS 60000

const struct uplink_world *world;
uv_loop_t loop;
struct uplink *uplink;
char event_id[UUID_TEXT_SIZE];

unsigned signatures;

static struct uplink_files *files; /* of the open one */
static struct signer *signer;
static uv_timer_t tick;
static int files_at_begin;

static const struct uplink_world *const worlds[] = {&world_uplink_sim, &world_uplink_https};

static int count_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

void begin_uplink(void)
{
    struct err e;
    char *key = mock_pki_path("signing.key");
    ck_assert_int_eq(signer_pem.open(&key, &signer, &e), 0);
    free(key);
    uv_loop_init(&loop); /* the first of a process leaves descriptors of its own */
    uv_loop_close(&loop);
    files_at_begin = count_files();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    if (world->begin)
        world->begin(&loop);
}

void end_uplink(void)
{
    close_uplink();
    if (world->end)
        world->end();
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&loop, UV_RUN_DEFAULT); /* ends when the loop holds nothing more */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    signer->driver->close(signer);
    ck_assert_int_eq(count_files(), files_at_begin);
}

static bool is_opening;

static void on_command(void *arg, const struct uplink_command *command, uint64_t ticket)
{
    struct uplink_reply reply = {.done = command->kind == UPLINK_COMMAND_QUERY};
    ck_assert_ptr_eq(arg, &uplink);
    ck_assert(!is_opening);
    snprintf(reply.reason, sizeof reply.reason, "%s", reply.done ? "" : "not here");
    world->driver->reply(uplink, ticket, &reply);
}

static void on_link(void *arg, enum uplink_link link, const char *reason)
{
    (void)arg, (void)link, (void)reason;
    ck_assert(!is_opening);
    ck_assert_msg(world->driver->own_supervision, "without supervision it says what its link is");
}

static int sign(struct signer *counted, const void *text, size_t length,
                unsigned char ret_signature[SIGNER_SIGNATURE_MAX], size_t *ret_length,
                struct err *e)
{
    (void)counted;
    signatures++;
    return signer->driver->sign(signer, text, length, ret_signature, ret_length, e);
}

struct signer *signs(void)
{
    static struct signer counting;
    static const struct signer_driver driver = {.sign = sign};
    counting = *signer;
    counting.driver = &driver;
    return &counting;
}

int read_files(const void *options, struct uplink_files **ret_files, struct err *e)
{
    const struct uplink_source source = {.state_dir = mock_pki_folder(), .receiver = "tested"};
    *ret_files = NULL;
    return world->driver->read ? world->driver->read(options, &source, ret_files, e) : 0;
}

void free_files(struct uplink_files *read)
{
    if (world->driver->free_files)
        world->driver->free_files(read);
}

void open_uplink_with(const void *options)
{
    static struct uplink_host host; /* borrowed until close */
    struct err e = {.text = ""};
    ck_assert_msg(read_files(options, &files, &e) == 0, "read: %s", e.text);
    host = (struct uplink_host){.signer = signs(),
                                .files = files,
                                .state_dir = mock_pki_folder(),
                                .receiver = "tested",
                                .on_link = on_link,
                                .on_command = on_command,
                                .arg = &uplink};
    is_opening = true;
    int result = world->driver->open(options, &host, &loop, &uplink, &e);
    is_opening = false;
    ck_assert_msg(result == 0, "open: %s", e.text);
}

void open_uplink(void)
{
    open_uplink_with(world->options());
}

void close_uplink(void)
{
    if (uplink)
        world->driver->close(uplink);
    uplink = NULL;
    free_files(files);
    files = NULL;
}

struct event *make_event(const char *body)
{
    size_t length = strlen(body);
    struct event *event = calloc(1, sizeof *event + length + 1);
    ck_assert_ptr_nonnull(event);
    event->references = 1;
    event->length = length;
    memcpy(event->bytes, body, length);
    uuid_v7(clock_wall_ms(), event->id);
    memcpy(event_id, event->id, sizeof event_id);
    digest_sha256(event->bytes, length, event->digest);
    return event;
}

static void on_done(void *arg, const struct uplink_result *result)
{
    struct attempt *a = arg;
    ck_assert_msg(!a->in_call, "told from within the call");
    ck_assert_msg(a->ends++ == 0, "told twice");
    ck_assert_int_gt(result->finished_ns, 0);
    ck_assert((result->outcome == UPLINK_OUTCOME_STORED) == (result->reason[0] == '\0'));
    ck_assert((result->outcome == UPLINK_OUTCOME_STORED) == (result->receipt != NULL));
    a->outcome = result->outcome;
    a->retry_after_ms = result->retry_after_ms;
    a->answer_count = result->answer_count;
    a->answer_seq = result->answer_count ? result->answers[0].answer_seq : 0;
    snprintf(a->reason, sizeof a->reason, "%s", result->reason);
    snprintf(a->request_headers, sizeof a->request_headers, "%s",
             result->request_headers ? result->request_headers : "");
    snprintf(a->receipt_headers, sizeof a->receipt_headers, "%s",
             result->receipt_headers ? result->receipt_headers : "");
    snprintf(a->receipt, sizeof a->receipt, "%.*s", (int)result->receipt_length,
             result->receipt ? result->receipt : "");
    if (a->then)
        a->then(a);
}

void resend(struct attempt *attempt, enum uplink_lane lane, struct event *event)
{
    *attempt = (struct attempt){.in_call = true, .then = attempt->then};
    world->driver->send(uplink, lane, event, NULL, on_done, attempt);
    attempt->in_call = false;
}

void start_send(struct attempt *attempt, enum uplink_lane lane)
{
    struct event *event = make_event("{\"specversion\":\"1.0\"}");
    resend(attempt, lane, event);
    event_unref(event); /* it has its own */
}

void start_upload(struct attempt *attempt, const struct uplink_file *file)
{
    struct uplink_file copy = *file;
    attempt->in_call = true;
    world->driver->upload(uplink, &copy, on_done, attempt);
    attempt->in_call = false;
    memset(&copy, 0, sizeof copy); /* it has copied it */
}

void await(const struct attempt *attempt)
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (attempt->ends == 0 && clock_monotonic_ms() < end_ms)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_msg(attempt->ends == 1, "no outcome was told");
}

void run_until(bool (*done)(void))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (!done() && clock_monotonic_ms() < end_ms)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_msg(done(), "waited in vain");
}

void expect_send(struct attempt *attempt, enum uplink_lane lane, enum uplink_outcome outcome)
{
    start_send(attempt, lane);
    await(attempt);
    ck_assert_msg(attempt->outcome == outcome, "outcome %d instead of %d: %s",
                  (int)attempt->outcome, (int)outcome, attempt->reason);
}

struct uplink_file *make_file(size_t length)
{
    static struct uplink_file file;
    static char path[200];
    char *bytes = malloc(length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 131 >> 3);
    snprintf(path, sizeof path, "%s/clip", mock_pki_folder());
    FILE *stream = fopen(path, "we");
    ck_assert_uint_eq(fwrite(bytes, 1, length, stream), length);
    fclose(stream);
    file = (struct uplink_file){.manifest = "01890a5d-ac96-774b-bcce-b302099a8058",
                                .path = path,
                                .filename = "gate.mp4",
                                .length_bytes = (int64_t)length};
    digest_sha256(bytes, length, file.sha256);
    free(bytes);
    return &file;
}

static TCase *new_case(const char *name)
{
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, TEST_S);
    tcase_add_checked_fixture(cases, begin_uplink, end_uplink);
    return cases;
}

static const struct {
    const char *name;
    void (*add)(TCase *cases);
} groups[] = {{"answers", add_https_answer_cases},
              {"connections", add_https_connection_cases},
              {"peers", add_https_peer_cases},
              {"clips", add_https_clip_cases}};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof worlds / sizeof *worlds; i++) {
        if (strcmp(worlds[i]->name, argv[1]) == 0)
            world = worlds[i];
    }
    if (!world) {
        fprintf(stderr, "usage: uplink_suite sim|https\n");
        return 2;
    }
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    mock_pki_make();
    Suite *suite = suite_create(world->name);
    TCase *cases = new_case("contract");
    add_common_uplink_cases(cases);
    suite_add_tcase(suite, cases);
    for (size_t i = 0; world == &world_uplink_https && i < sizeof groups / sizeof *groups; i++) {
        cases = new_case(groups[i].name); /* CK_RUN_CASE=name runs one alone */
        groups[i].add(cases);
        suite_add_tcase(suite, cases);
    }
    int result = run_suite(suite);
    mock_pki_remove();
    return result;
}
