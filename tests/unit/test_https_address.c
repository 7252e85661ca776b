/* SPDX-License-Identifier: Apache-2.0 */
/* Where the receiver is: the list of addresses, and the book that looks them up. The linker hands
 * the resolver, the loop's idea of now and the file to this file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "drivers/uplink/https/address.h"
#include "drivers/uplink/https/address_list.h"
#include "run_suite.h"

/* The resolver. */

static resolve_handler answer_to;
static void *answer_arg;
static unsigned lookups, resolvers;
static char asked_name[100], asked_servers[200];

int __wrap_resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver,
                           struct err *e);
void __wrap_resolver_lookup(struct resolver *r, const char *name, resolve_handler done, void *arg);
void __wrap_resolver_close(struct resolver *r);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_atomic_file_read(const char *path, size_t max, char **ret_text, size_t *ret_length,
                            struct err *e);
int __wrap_atomic_file_write(const char *path, unsigned mode, const void *data, size_t length,
                             struct err *e);

int __wrap_resolver_create(uv_loop_t *loop, const char *servers, struct resolver **ret_resolver,
                           struct err *e)
{
    (void)loop, (void)e;
    snprintf(asked_servers, sizeof asked_servers, "%s", servers ? servers : "the system's");
    *ret_resolver = (struct resolver *)asked_servers;
    resolvers++;
    return 0;
}

void __wrap_resolver_lookup(struct resolver *r, const char *name, resolve_handler done, void *arg)
{
    ck_assert_ptr_eq(r, (struct resolver *)asked_servers);
    ck_assert_msg(answer_to == NULL, "two look-ups at a time");
    snprintf(asked_name, sizeof asked_name, "%s", name);
    answer_to = done;
    answer_arg = arg;
    lookups++;
}

void __wrap_resolver_close(struct resolver *r)
{
    if (r)
        resolvers--;
    answer_to = NULL;
}

static int64_t now_ms = 1000;

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return (uint64_t)now_ms;
}

/* The file of the addresses that worked last; NULL: there is none. */
static const char *saved;
static char file_path[200], written[ADDRESS_LIST_TEXT_SIZE];
static unsigned writes;
static bool is_stuck; /* its disk */

int __wrap_atomic_file_read(const char *path, size_t max, char **ret_text, size_t *ret_length,
                            struct err *e)
{
    (void)max, (void)ret_length;
    snprintf(file_path, sizeof file_path, "%s", path);
    while (__atomic_load_n(&is_stuck, __ATOMIC_SEQ_CST)) /* the test's time is over at some time */
        usleep(1000);
    if (!saved)
        return err_set(e, ENOENT, "no such file");
    *ret_text = strdup(saved);
    return 0;
}

int __wrap_atomic_file_write(const char *path, unsigned mode, const void *data, size_t length,
                             struct err *e)
{
    ck_assert_str_eq(path, file_path);
    ck_assert_uint_eq(mode, 0600);
    snprintf(written, sizeof written, "%.*s", (int)length, (const char *)data);
    writes++;
    return writes > 1 ? err_set(e, EROFS, "read only") : 0;
}

static uv_loop_t loop;
static struct option_list none, numeric, servers;
static struct address_options options;
static struct address_book *book;
static unsigned moves;

static void on_moved(void *arg)
{
    ck_assert_ptr_eq(arg, &loop);
    moves++;
}

static void begin(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    options = (struct address_options){.loop = &loop,
                                       .name = "receiver.test",
                                       .receiver = "police",
                                       .state_dir = "/var/lib/tocsin",
                                       .addresses = &none,
                                       .name_servers = &none,
                                       .on_moved = on_moved,
                                       .arg = &loop};
}

static void end(void)
{
    address_close(book);
    ck_assert_uint_eq(resolvers, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void open_book(void)
{
    struct err e;
    struct reading reading;
    char path[READING_SIZE];
    reading_init(&reading);
    char *text = address_read_saved(options.state_dir, options.receiver, &reading);
    reading_get(&reading, path);
    ck_assert_str_eq(path, file_path); /* was told before it was looked at */
    reading_finish(&reading);
    options.saved = text;
    ck_assert_msg(address_open(&options, &book, &e) == 0, "%s", e.text);
    free(text); /* the book has its own */
}

/* The look-up that is under way ends: addresses up to NULL. */
static void look_up_ends(const char *first, const char *second)
{
    struct resolve_result result = {.count = 0, .reason = "no name server answers"};
    resolve_handler done = answer_to;
    ck_assert_ptr_nonnull(done);
    answer_to = NULL;
    if (first)
        snprintf(result.addresses[result.count++], INET6_ADDRSTRLEN, "%s", first);
    if (second)
        snprintf(result.addresses[result.count++], INET6_ADDRSTRLEN, "%s", second);
    done(answer_arg, &result);
}

static void wait_for_writes(unsigned count)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(writes, count);
}

/* The list. */

static struct address_list list;

static void fill(const char *addresses)
{
    char text[500];
    snprintf(text, sizeof text, "%s", addresses);
    list.count = 0;
    address_list_read(&list, text);
}

static void expect_list(const char *addresses)
{
    char text[ADDRESS_LIST_TEXT_SIZE];
    address_list_write(&list, text);
    ck_assert_str_eq(text, addresses);
}

START_TEST(a_file_of_addresses_is_read_as_far_as_it_holds_any)
{
    fill("192.0.2.1\nreceiver.test\n\n2001:db8::1\n192.0.2.1\n192.0.2.1x\n 192.0.2.3");
    expect_list("192.0.2.1\n2001:db8::1\n");
    fill("");
    expect_list("");
}
END_TEST

START_TEST(a_list_takes_no_more_than_it_holds)
{
    char address[32], full[ADDRESS_LIST_TEXT_SIZE];
    for (int i = 0; i < 40; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", i);
        address_list_add(&list, address);
    }
    ck_assert_uint_eq(list.count, ADDRESS_LIST_MAX);
    address_list_write(&list, full);
    ck_assert_ptr_nonnull(strstr(full, "192.0.2.8\n"));
    ck_assert_ptr_null(strstr(full, "192.0.2.9\n"));
    ck_assert(address_list_works(&list, "192.0.2.8"));
    ck_assert(memcmp(list.items[0], "192.0.2.8", 10) == 0);
    ck_assert_uint_eq(list.count, ADDRESS_LIST_MAX);
}
END_TEST

START_TEST(what_works_comes_first_and_the_others_keep_their_order)
{
    fill("192.0.2.1\n192.0.2.2\n192.0.2.3");
    ck_assert(address_list_works(&list, "192.0.2.3"));
    expect_list("192.0.2.3\n192.0.2.1\n192.0.2.2\n");
    ck_assert(address_list_works(&list, "192.0.2.3"));
    expect_list("192.0.2.3\n192.0.2.1\n192.0.2.2\n");
    ck_assert(!address_list_works(&list, "192.0.2.4"));
    ck_assert(!address_list_works(&list, ""));
    expect_list("192.0.2.3\n192.0.2.1\n192.0.2.2\n");
}
END_TEST

START_TEST(what_failed_first_comes_last)
{
    fill("192.0.2.1\n192.0.2.2\n192.0.2.3");
    address_list_failed(&list, "192.0.2.1");
    expect_list("192.0.2.2\n192.0.2.3\n192.0.2.1\n");
    address_list_failed(&list, "192.0.2.1"); /* another one is in use already */
    address_list_failed(&list, "");
    expect_list("192.0.2.2\n192.0.2.3\n192.0.2.1\n");
    fill("192.0.2.1");
    address_list_failed(&list, "192.0.2.1");
    expect_list("192.0.2.1\n");
}
END_TEST

static bool take(const char *first, const char *second, const char *last_good)
{
    struct resolve_result found = {.count = second ? 2 : 1};
    snprintf(found.addresses[0], INET6_ADDRSTRLEN, "%s", first);
    snprintf(found.addresses[1], INET6_ADDRSTRLEN, "%s", second ? second : "");
    return address_list_take(&list, &found, last_good);
}

START_TEST(a_look_up_keeps_the_address_in_use_and_the_one_that_worked_last)
{
    fill("");
    ck_assert(!take("192.0.2.1", "192.0.2.2", "")); /* where nothing was, nothing has moved */
    expect_list("192.0.2.1\n192.0.2.2\n");
    ck_assert(!take("192.0.2.2", "192.0.2.1", ""));
    expect_list("192.0.2.1\n192.0.2.2\n");
    ck_assert(!take("192.0.2.3", "192.0.2.1", "192.0.2.9"));
    expect_list("192.0.2.1\n192.0.2.3\n192.0.2.9\n");
    ck_assert(take("192.0.2.4", NULL, "192.0.2.1")); /* moved: the old one is still tried, last */
    expect_list("192.0.2.4\n192.0.2.1\n");
}
END_TEST

/* The book. */

struct waiting {
    struct address_waiter waiter; /* first */
    unsigned told;
    bool known;
};

static void on_looked_up(struct address_waiter *waiter)
{
    struct waiting *w = (struct waiting *)waiter;
    ck_assert(!waiter->waits);
    w->told++;
    w->known = address_known(book);
}

static void await(struct waiting *w)
{
    w->waiter.on_looked_up = on_looked_up;
    address_wait(book, &w->waiter);
}

START_TEST(a_numeric_host_is_never_looked_up)
{
    options.name = "2001:db8::1";
    open_book();
    ck_assert(address_known(book));
    ck_assert_str_eq(address_first(book), "");
    address_look_up(book);
    address_look_up_now(book);
    address_failed(book, "");
    address_works(book, "");
    ck_assert_uint_eq(lookups, 0);
    wait_for_writes(0);
}
END_TEST

START_TEST(configured_addresses_are_taken_in_order_and_never_looked_up_or_saved)
{
    static char *items[] = {"192.0.2.2", "192.0.2.1"};
    numeric = (struct option_list){.items = items, .count = 2};
    options.addresses = &numeric;
    saved = "192.0.2.9\n";
    open_book();
    ck_assert_uint_eq(address_count(book), 2);
    ck_assert_str_eq(address_first(book), "192.0.2.2");
    address_failed(book, "192.0.2.2");
    ck_assert_str_eq(address_first(book), "192.0.2.1");
    address_works(book, "192.0.2.1");
    ck_assert_uint_eq(lookups, 0);
    wait_for_writes(0);
}
END_TEST

START_TEST(the_name_is_looked_up_at_once_at_the_servers_that_are_given)
{
    static char *items[] = {"192.0.2.53", "[2001:db8::53]:5353"};
    servers = (struct option_list){.items = items, .count = 2};
    options.name_servers = &servers;
    open_book();
    ck_assert_str_eq(asked_servers, "192.0.2.53,[2001:db8::53]:5353");
    ck_assert_str_eq(asked_name, "receiver.test");
    ck_assert(address_is_looking(book));
    ck_assert(!address_known(book));
    look_up_ends("192.0.2.1", NULL);
    ck_assert(!address_is_looking(book));
    ck_assert_str_eq(address_first(book), "192.0.2.1");
}
END_TEST

START_TEST(without_servers_of_its_own_the_systems_are_asked)
{
    open_book();
    ck_assert_str_eq(asked_servers, "the system's");
}
END_TEST

START_TEST(who_waits_is_told_once_whatever_the_look_up_finds)
{
    struct waiting a = {.told = 0}, b = {.told = 0}, c = {.told = 0};
    char reason[200];
    open_book();
    address_explain(book, 0, reason, sizeof reason);
    ck_assert_str_eq(reason, "the address of receiver.test is not known: "
                             "no name server has answered yet");
    await(&a);
    await(&b);
    await(&c);
    address_stop_waiting(&b.waiter);
    address_stop_waiting(&b.waiter); /* and once more */
    look_up_ends(NULL, NULL);
    ck_assert_uint_eq(a.told, 1);
    ck_assert_uint_eq(b.told, 0);
    ck_assert_uint_eq(c.told, 1);
    ck_assert(!a.known);
    address_explain(book, 0, reason, sizeof reason);
    ck_assert_str_eq(reason, "the address of receiver.test is not known: no name server answers");
    address_explain(book, 3000, reason, sizeof reason);
    ck_assert_str_eq(
        reason, "the address of receiver.test is not known after 3000 ms: no name server answers");
    address_look_up_now(book);
    await(&b);
    look_up_ends("192.0.2.1", NULL);
    ck_assert_uint_eq(a.told, 1);
    ck_assert_uint_eq(b.told, 1);
    ck_assert(b.known);
    address_look_up_now(book);
    look_up_ends(NULL, NULL); /* what is known stays known */
    ck_assert_str_eq(address_first(book), "192.0.2.1");
}
END_TEST

START_TEST(there_is_one_look_up_at_a_time_and_none_a_moment_after_the_last)
{
    open_book();
    address_look_up(book);
    address_look_up_now(book);
    ck_assert_uint_eq(lookups, 1);
    look_up_ends(NULL, NULL);
    now_ms += 999;
    address_look_up(book);
    ck_assert_uint_eq(lookups, 1);
    now_ms += 1;
    address_look_up(book);
    ck_assert_uint_eq(lookups, 2);
    look_up_ends("192.0.2.1", "192.0.2.2");
    address_look_up_now(book); /* a wish is a wish */
    ck_assert_uint_eq(lookups, 3);
    look_up_ends("192.0.2.1", "192.0.2.2");
    now_ms += 1000;
    address_failed(book, "192.0.2.1");
    ck_assert_uint_eq(lookups, 4);
    ck_assert_str_eq(address_first(book), "192.0.2.2");
}
END_TEST

START_TEST(what_works_is_looked_up_again_after_five_minutes)
{
    open_book();
    look_up_ends("192.0.2.1", NULL);
    now_ms += 299999;
    address_works(book, "192.0.2.1");
    ck_assert_uint_eq(lookups, 1);
    now_ms += 1;
    address_works(book, "192.0.2.1");
    ck_assert_uint_eq(lookups, 2);
    wait_for_writes(1);
}
END_TEST

START_TEST(the_address_that_works_is_saved_once)
{
    open_book();
    ck_assert_str_eq(file_path, "/var/lib/tocsin/addresses-police");
    look_up_ends("192.0.2.1", "192.0.2.2");
    address_works(book, "192.0.2.2");
    wait_for_writes(1);
    ck_assert_str_eq(written, "192.0.2.2\n192.0.2.1\n");
    address_works(book, "192.0.2.2");
    address_works(book, "192.0.2.7"); /* an attempt of before the last look-up */
    wait_for_writes(1);
    address_works(book, "192.0.2.1"); /* what cannot be written is only logged */
    wait_for_writes(2);
    ck_assert_str_eq(address_first(book), "192.0.2.1");
}
END_TEST

START_TEST(the_address_of_last_time_is_used_before_and_after_a_look_up)
{
    saved = "192.0.2.9\nnonsense\n";
    open_book();
    ck_assert_str_eq(address_first(book), "192.0.2.9");
    ck_assert_uint_eq(lookups, 1);
    address_works(book, "192.0.2.9");
    wait_for_writes(0); /* as it stands in the file */
    look_up_ends("192.0.2.1", NULL);
    ck_assert_uint_eq(moves, 1);
    ck_assert_str_eq(address_first(book), "192.0.2.1");
    ck_assert_uint_eq(address_count(book), 2);
}
END_TEST

START_TEST(at_a_start_it_is_not_waited_for)
{
    saved = "192.0.2.9\n";
    char *text = address_read_saved(options.state_dir, options.receiver, NULL);
    ck_assert_msg(!text || strcmp(text, saved) == 0, "%s", text); /* if it came in time */
    free(text);
    is_stuck = true;
    ck_assert_ptr_null(address_read_saved(options.state_dir, options.receiver, NULL));
    __atomic_store_n(&is_stuck, false, __ATOMIC_SEQ_CST);
}
END_TEST

START_TEST(a_receiver_that_has_moved_is_told_and_one_that_has_not_is_not)
{
    open_book();
    look_up_ends("192.0.2.1", NULL);
    address_look_up_now(book);
    look_up_ends("192.0.2.2", "192.0.2.1");
    ck_assert_uint_eq(moves, 0);
    ck_assert_str_eq(address_first(book), "192.0.2.1");
    address_look_up_now(book);
    look_up_ends("192.0.2.2", NULL);
    ck_assert_uint_eq(moves, 1);
}
END_TEST

START_TEST(a_folder_whose_path_is_too_long_is_an_error)
{
    char folder[600];
    struct err e;
    memset(folder, 'f', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    options.state_dir = folder;
    ck_assert_ptr_null(address_read_saved(folder, "police", NULL));
    ck_assert_int_eq(address_open(&options, &book, &e), -ENAMETOOLONG);
    book = NULL;
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    Suite *suite = suite_create("https_address");
    TCase *tc = tcase_create("list");
    tcase_add_test(tc, a_file_of_addresses_is_read_as_far_as_it_holds_any);
    tcase_add_test(tc, a_list_takes_no_more_than_it_holds);
    tcase_add_test(tc, what_works_comes_first_and_the_others_keep_their_order);
    tcase_add_test(tc, what_failed_first_comes_last);
    tcase_add_test(tc, a_look_up_keeps_the_address_in_use_and_the_one_that_worked_last);
    suite_add_tcase(suite, tc);
    tc = tcase_create("book");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_numeric_host_is_never_looked_up);
    tcase_add_test(tc, configured_addresses_are_taken_in_order_and_never_looked_up_or_saved);
    tcase_add_test(tc, the_name_is_looked_up_at_once_at_the_servers_that_are_given);
    tcase_add_test(tc, without_servers_of_its_own_the_systems_are_asked);
    tcase_add_test(tc, who_waits_is_told_once_whatever_the_look_up_finds);
    tcase_add_test(tc, there_is_one_look_up_at_a_time_and_none_a_moment_after_the_last);
    tcase_add_test(tc, what_works_is_looked_up_again_after_five_minutes);
    tcase_add_test(tc, the_address_that_works_is_saved_once);
    tcase_add_test(tc, the_address_of_last_time_is_used_before_and_after_a_look_up);
    tcase_add_test(tc, at_a_start_it_is_not_waited_for);
    tcase_add_test(tc, a_receiver_that_has_moved_is_told_and_one_that_has_not_is_not);
    tcase_add_test(tc, a_folder_whose_path_is_too_long_is_an_error);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
