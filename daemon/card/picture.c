/* SPDX-License-Identifier: Apache-2.0 */
/* All lengths are pixels. The patterns stand in two columns: an alarm's, and the others. */
#include "card/brush.h"
#include "card/card.h"
#include "card/lamp_drawing.h"
#include "card/words.h"

#define MARGIN 14.0
#define COLUMN 350.0
#define ROW    72.0
#define RADIUS 15.0
#define ROWS   (INDICATOR_PATTERN_COUNT - CARD_ALARM_COUNT)

static void draw_pattern(struct brush *b, double x, double y, enum indicator_pattern pattern)
{
    double words_x = x + LAMP_DRAWING_WIDTH * RADIUS + 16;
    double room = x + COLUMN - words_x;
    brush_group(b, indicator_pattern_name(pattern), NULL);
    lamp_drawing(b, x, y + LAMP_DRAWING_ABOVE * RADIUS, RADIUS, pattern);
    brush_text(b, words_x, y + 19, room, (struct brush_style){.size = 18, .bold = true},
               indicator_pattern_name(pattern));
    brush_text(b, words_x, y + 43, room, (struct brush_style){.size = 18},
               card_words[pattern].name_zh);
    brush_group_end(b);
}

int card_write_picture(FILE *out, struct err *e)
{
    struct brush b;
    brush_begin(&b, out, 2 * COLUMN + 2 * MARGIN, ROWS * ROW + 2 * MARGIN, "px",
                "指示灯 The lamp's patterns");
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        bool alarm = i < CARD_ALARM_COUNT;
        draw_pattern(&b, MARGIN + (alarm ? 0 : COLUMN),
                     MARGIN + ROW * (alarm ? i : i - CARD_ALARM_COUNT), card_order[i]);
    }
    return brush_end(&b, e);
}
