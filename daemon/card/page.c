/* SPDX-License-Identifier: Apache-2.0 */
/* All lengths are millimetres of an A4 page. */
#include "card/brush.h"
#include "card/card.h"
#include "card/lamp_drawing.h"
#include "card/words.h"

#define WIDTH  210.0
#define HEIGHT 297.0
#define LEFT   8.0
#define RIGHT  (WIDTH - LEFT)

#define BADGE_WIDTH 25.0

/* An alarm's row has room for three sizes of text under each other, one at rest for two. */
#define ALARM_ROW    23.4
#define ALARM_RADIUS 5.2
#define REST_ROW     13.4
#define REST_RADIUS  3.0

static void draw_head(struct brush *b)
{
    const struct card_sentence *press = &card_sentences[CARD_PLACE_PRESS];
    const struct card_sentence *no_red = &card_sentences[CARD_PLACE_NO_RED];
    double room = RIGHT - LEFT - 8;
    brush_box(b, LEFT, 7, RIGHT - LEFT, 33, "#000");
    brush_text(b, LEFT + 4, 18.5, room,
               (struct brush_style){.size = 11.5, .fill = "#fff", .bold = true}, press->zh);
    brush_text(b, LEFT + 4, 23.5, room, (struct brush_style){.size = 4, .fill = "#fff"}, press->en);
    brush_text(b, LEFT + 4, 33, room, (struct brush_style){.size = 8, .fill = "#fff", .bold = true},
               no_red->zh);
    brush_text(b, LEFT + 4, 38, room, (struct brush_style){.size = 4, .fill = "#fff"}, no_red->en);
}

static double draw_heading(struct brush *b, double y, enum card_place place)
{
    const struct card_sentence *s = &card_sentences[place];
    brush_text(b, LEFT, y + 5, 26, (struct brush_style){.size = 5, .bold = true}, s->zh);
    brush_text(b, LEFT + 26, y + 5, 100, (struct brush_style){.size = 3.2}, s->en);
    brush_line(b, LEFT, y + 6.6, RIGHT - LEFT, 0.6);
    return y + 6.6;
}

/* White on black: to be found before anything is read. */
static void draw_badge(struct brush *b, double y, double height)
{
    brush_box(b, RIGHT - BADGE_WIDTH, y, BADGE_WIDTH, height, "#000");
    brush_text(b, RIGHT - BADGE_WIDTH / 2, y + height / 2 + 3, BADGE_WIDTH,
               (struct brush_style){.size = 8, .fill = "#fff", .bold = true, .middle = true},
               "打110");
}

/* What the lights' letters are, and how often one that blinks does. */
static void draw_legend(struct brush *b, double letters_y, double blinks_y)
{
    double x = LEFT + 60;
    int slow = 500 / LIGHT_SLOW_HALF_MS, fast = 500 / LIGHT_FAST_HALF_MS;
    char text[100];
    brush_text(b, RIGHT - 50, letters_y, 50, (struct brush_style){.size = 3.2},
               "红 red, 黄 amber, 绿 green");
    snprintf(text, sizeof text, "快闪：每秒 %d 下　慢闪：每秒 %d 下", fast, slow);
    brush_text(b, x, blinks_y, 70, (struct brush_style){.size = 3.8, .bold = true}, text);
    snprintf(text, sizeof text, "fast: %d a second, slow: %d a second", fast, slow);
    brush_text(b, x + 74, blinks_y, RIGHT - x - 74, (struct brush_style){.size = 2.8}, text);
}

static double draw_alarm_row(struct brush *b, double y, enum indicator_pattern pattern)
{
    const struct card_words *w = &card_words[pattern];
    double x = LEFT + LAMP_DRAWING_WIDTH * ALARM_RADIUS + 4;
    double room = RIGHT - x - (w->telephone ? BADGE_WIDTH + 2 : 0);
    brush_group(b, indicator_pattern_name(pattern), NULL);
    lamp_drawing(b, LEFT, y + 0.6 + LAMP_DRAWING_ABOVE * ALARM_RADIUS, ALARM_RADIUS, pattern);
    brush_text(b, x, y + 7.6, room, (struct brush_style){.size = 7.6, .bold = true}, w->means_zh);
    brush_text(b, x, y + 14.4, room, (struct brush_style){.size = 6, .bold = true}, w->do_zh);
    brush_text(b, x, y + 18.6, room, (struct brush_style){.size = 3}, w->means_en);
    brush_text(b, x, y + 22.0, room, (struct brush_style){.size = 3}, w->do_en);
    if (w->telephone)
        draw_badge(b, y + 4, ALARM_ROW - 8);
    brush_group_end(b);
    brush_line(b, LEFT, y + ALARM_ROW, RIGHT - LEFT, 0.2);
    return y + ALARM_ROW;
}

static double draw_rest_row(struct brush *b, double y, enum indicator_pattern pattern)
{
    const struct card_words *w = &card_words[pattern];
    double x = LEFT + LAMP_DRAWING_WIDTH * REST_RADIUS + 4, do_x = x + 52;
    double end = RIGHT - (w->telephone ? BADGE_WIDTH + 2 : 0);
    brush_group(b, indicator_pattern_name(pattern), NULL);
    lamp_drawing(b, LEFT, y + 0.5 + LAMP_DRAWING_ABOVE * REST_RADIUS, REST_RADIUS, pattern);
    brush_text(b, x, y + 6.2, do_x - x, (struct brush_style){.size = 5.4, .bold = true},
               w->means_zh);
    brush_text(b, do_x, y + 6.2, end - do_x, (struct brush_style){.size = 5.4}, w->do_zh);
    char english[200];
    snprintf(english, sizeof english, "%s %s", w->means_en, w->do_en);
    brush_text(b, x, y + 10.8, end - x, (struct brush_style){.size = 2.8}, english);
    if (w->telephone)
        draw_badge(b, y + 1.5, REST_ROW - 3);
    brush_group_end(b);
    brush_line(b, LEFT, y + REST_ROW, RIGHT - LEFT, 0.2);
    return y + REST_ROW;
}

static double draw_rule(struct brush *b, double y, enum card_place place)
{
    const struct card_sentence *s = &card_sentences[place];
    brush_text(b, LEFT, y + 5, RIGHT - LEFT, (struct brush_style){.size = 5, .bold = true}, s->zh);
    brush_text(b, LEFT, y + 8.6, RIGHT - LEFT, (struct brush_style){.size = 2.8}, s->en);
    return y + 9.6;
}

static void draw_blank(struct brush *b, double x, double y, enum card_place place)
{
    const struct card_sentence *s = &card_sentences[place];
    brush_text(b, x, y, 24, (struct brush_style){.size = 4.6, .bold = true}, s->zh);
    brush_text(b, x, y + 3.4, 24, (struct brush_style){.size = 2.6}, s->en);
    brush_line(b, x + 24, y + 1, (RIGHT - LEFT) / 2 - 28, 0.3);
}

int card_write_page(FILE *out, struct err *e)
{
    struct brush b;
    brush_begin(&b, out, WIDTH, HEIGHT, "mm", "一键报警指示灯说明 The panic button's lamp");
    draw_head(&b);
    double y = draw_heading(&b, 40, CARD_PLACE_ALARM);
    for (int i = 0; i < CARD_ALARM_COUNT; i++)
        y = draw_alarm_row(&b, y, card_order[i]);
    draw_legend(&b, 45, y + 5);
    y = draw_heading(&b, y, CARD_PLACE_REST);
    for (int i = CARD_ALARM_COUNT; i < INDICATOR_PATTERN_COUNT; i++)
        y = draw_rest_row(&b, y, card_order[i]);
    y = draw_rule(&b, y + 1, CARD_PLACE_AMBER);
    y = draw_rule(&b, y, CARD_PLACE_DRILL);
    double half = LEFT + (RIGHT - LEFT) / 2 + 4;
    draw_blank(&b, LEFT, y + 6, CARD_PLACE_SCHOOL);
    draw_blank(&b, half, y + 6, CARD_PLACE_DUTY);
    draw_blank(&b, LEFT, y + 15.5, CARD_PLACE_POLICE);
    draw_blank(&b, half, y + 15.5, CARD_PLACE_TECHNICIAN);
    return brush_end(&b, e);
}
