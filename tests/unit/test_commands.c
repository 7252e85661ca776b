/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers ask of the gateway: answered once, to the uplink that has asked, and to no other.
 */
#include <stdio.h>
#include <string.h>

#include "delivery/internal.h"
#include "run_suite.h"

static struct facts *facts;
static struct delivery delivery;
static uint64_t asked[20]; /* the tickets that were told */
static size_t asked_count;
static char said[400]; /* "receiver:ticket=done receiver:ticket=reason …", as they went out */

/* The linker gives us the call: see CMakeLists.txt. */
void __wrap_dispatch_reply(struct dispatch *d, size_t receiver, uint64_t ticket,
                           const struct uplink_reply *reply);

void __wrap_dispatch_reply(struct dispatch *d, size_t receiver, uint64_t ticket,
                           const struct uplink_reply *reply)
{
    size_t used = strlen(said);
    ck_assert_ptr_eq(d, delivery.dispatch);
    snprintf(said + used, sizeof said - used, "%s%zu:%llu=%s", used ? " " : "", receiver,
             (unsigned long long)ticket, reply->done ? "done" : reply->reason);
}

static void on_command(void *self, const struct fact *fact)
{
    (void)self;
    asked[asked_count++] = fact->u.command.ticket;
}

static void set_up(void)
{
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    facts_subscribe(facts, FACT_BIT(FACT_COMMAND), on_command, NULL);
    delivery = (struct delivery){
        .options.facts = facts, .count = 2, .dispatch = (struct dispatch *)&delivery};
    for (size_t i = 0; i < 2; i++)
        delivery.receivers[i] = (struct delivery_receiver){.delivery = &delivery, .index = i};
    asked_count = 0;
    memset(said, 0, sizeof said);
}

static void tear_down(void)
{
    for (size_t i = 0; i < 2; i++)
        commands_end(&delivery, i, "over");
    facts_close(facts);
    facts_free(facts);
}

static void ask(size_t receiver, uint64_t ticket)
{
    struct uplink_command command = {.kind = UPLINK_COMMAND_RESET};
    commands_take(&delivery.receivers[receiver], &command, ticket);
    facts_tell(facts);
}

static void reply(size_t which)
{
    delivery_reply(&delivery, asked[which], &(struct uplink_reply){.done = true});
}

START_TEST(a_command_is_answered_once_with_the_ticket_of_who_has_asked)
{
    ask(0, 7);
    ask(1, 7);
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_uint_ne(asked[0], asked[1]);
    reply(1);
    reply(0);
    reply(0);
    ck_assert_str_eq(said, "1:7=done 0:7=done");
}
END_TEST

START_TEST(who_goes_is_told_that_it_is_not_known_and_nobody_gets_the_answer_in_its_place)
{
    ask(0, 7);
    ask(1, 8);
    commands_end(&delivery, 0, "gone");
    ck_assert_str_eq(said, "0:7=gone");
    ask(0, 7); /* the new uplink counts from the beginning, too */
    reply(0);
    ck_assert_str_eq(said, "0:7=gone");
    reply(1);
    reply(2);
    ck_assert_str_eq(said, "0:7=gone 1:8=done 0:7=done");
}
END_TEST

START_TEST(who_asks_too_much_is_refused_and_the_others_are_not)
{
    for (uint64_t ticket = 1; ticket <= LIMIT_COMMANDS; ticket++)
        ask(0, ticket);
    ck_assert_str_eq(said, "");
    ask(0, 99);
    ck_assert_ptr_nonnull(strstr(said, "0:99=not before"));
    ask(1, 1);
    ck_assert_uint_eq(asked_count, LIMIT_COMMANDS + 1);
    reply(2);
    ask(0, 100);
    ck_assert_uint_eq(asked_count, LIMIT_COMMANDS + 2);
}
END_TEST

START_TEST(after_the_close_nothing_is_asked)
{
    delivery.dispatch = NULL;
    ask(0, 1);
    ck_assert_uint_eq(asked_count, 0);
    ck_assert(LIST_EMPTY(&delivery.commands));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("commands");
    TCase *tc = tcase_create("commands");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_command_is_answered_once_with_the_ticket_of_who_has_asked);
    tcase_add_test(tc,
                   who_goes_is_told_that_it_is_not_known_and_nobody_gets_the_answer_in_its_place);
    tcase_add_test(tc, who_asks_too_much_is_refused_and_the_others_are_not);
    tcase_add_test(tc, after_the_close_nothing_is_asked);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
