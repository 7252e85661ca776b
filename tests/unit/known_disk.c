/* SPDX-License-Identifier: Apache-2.0 */
#include "known_disk.h"

#include "base/lasting.h"

const char *known_disk_forgets;
void (*known_disk_meanwhile)(void);

const char *__wrap_lasting_forgets(const char *folder);

const char *__wrap_lasting_forgets(const char *folder)
{
    void (*meanwhile)(void) = known_disk_meanwhile;
    known_disk_meanwhile = NULL;
    if (meanwhile)
        meanwhile();
    return folder ? known_disk_forgets : NULL;
}
