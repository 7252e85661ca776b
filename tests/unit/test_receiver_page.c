/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver's page is to who asks for a backup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_microhttpd.h"
#include "http.h"
#include "page.h"
#include "run_suite.h"

#define TOKEN "a-token-of-the-test"

/* What page.c sends besides. */
const unsigned char embedded_index_html[] = "", embedded_page_css[] = "", embedded_page_js[] = "";
const size_t embedded_index_html_length, embedded_page_css_length, embedded_page_js_length;

enum MHD_Result stream_send(struct receiver *r, struct MHD_Connection *c)
{
    (void)r;
    (void)c;
    ck_abort();
}

struct MHD_Response *MHD_create_response_from_fd_at_offset64(uint64_t size, int fd, uint64_t offset)
{
    (void)size;
    (void)fd;
    (void)offset;
    ck_abort();
}

static char folder[TEST_FOLDER_SIZE];
static struct receiver r;
static struct MHD_Connection c;

static void begin(void)
{
    test_folder(folder, sizeof folder);
    r = (struct receiver){.name = "police", .token = TOKEN};
    c = (struct MHD_Connection){.status = 0};
    ck_assert(store_open(folder, &r.store));
}

static void end(void)
{
    char command[100];
    store_close(r.store);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void ask(const char *method, const char *url)
{
    void *state = NULL;
    size_t none = 0;
    const struct http_call call = {.url = url, .method = method, .length = &none, .state = &state};
    fake_send(&c, "Authorization", "Bearer " TOKEN);
    fake_send(&c, "Content-Type", "application/json");
    page_handle(&r, &c, &call); /* its head, and then the answer */
    page_handle(&r, &c, &call);
    http_free_request(state);
}

/* However long it takes; and who is silent when it is there is cut off as anybody. */
START_TEST(who_asks_for_a_backup_may_be_silent_while_it_is_made)
{
    atomic_store(&r.stopping, _i == 1); /* then it fails */
    ask("POST", "/api/backup");
    ck_assert_uint_eq(c.status, _i == 1 ? 503 : 200);
    ck_assert_uint_eq(c.timeouts_count, 2);
    ck_assert_uint_eq(c.timeouts[0], 0);
    ck_assert_uint_eq(c.timeouts[1], HTTP_VIEWER_TIMEOUT_S);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_page");
    TCase *tc = tcase_create("backup");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_loop_test(tc, who_asks_for_a_backup_may_be_silent_while_it_is_made, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
