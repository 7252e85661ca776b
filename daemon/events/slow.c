/* SPDX-License-Identifier: Apache-2.0 */
#include "events/slow.h"

void slow_note(struct slow *slow, bool late)
{
    slow->late = (slow->late << 1 | late) & ((1u << SLOW_OF) - 1);
    int count = __builtin_popcount(slow->late);
    slow->is_slow = slow->is_slow ? count > SLOW_UNTIL : count >= SLOW_FROM;
}
