/* SPDX-License-Identifier: Apache-2.0 */
#include "card/lamp_drawing.h"

#include "card/words.h"

#define PITCH  3.4 /* from light to light, in radii */
#define BAR_MS 2000

/* What is lit in those two seconds. */
static void draw_bar(struct brush *b, double x, double y, double width, enum light light)
{
    int half_ms = light == LIGHT_FAST ? LIGHT_FAST_HALF_MS : LIGHT_SLOW_HALF_MS;
    double height = width / 11;
    if (light == LIGHT_ON) {
        brush_box(b, x - width / 2, y, width, height, "#000");
        return;
    }
    for (int at_ms = 0; at_ms < BAR_MS; at_ms += 2 * half_ms)
        brush_box(b, x - width / 2 + width * at_ms / BAR_MS, y, width * half_ms / BAR_MS, height,
                  "#000");
}

static void draw_words(struct brush *b, double x, double y, double r, enum light light)
{
    const struct card_sentence *shine = &card_shine[light];
    char words[40];
    snprintf(words, sizeof words, "%s %s", shine->zh, shine->en);
    brush_text(b, x, y, PITCH * r,
               (struct brush_style){.size = 0.66 * r, .bold = true, .middle = true}, words);
}

struct one_light {
    const char *color, *name, *fill, *ink; /* the name stands in it */
    enum light light;
};

/* With its words and its bar. */
static void draw_light(struct brush *b, double x, double y, double r, const struct one_light *one)
{
    enum light light = one->light;
    bool lit = light != LIGHT_OFF;
    if (light == LIGHT_SLOW || light == LIGHT_FAST)
        brush_rays(b, x, y, 1.18 * r, 1.48 * r, light == LIGHT_FAST ? 16 : 8, 0.11 * r);
    brush_circle(b, x, y, lit ? r : 0.94 * r, lit ? one->fill : "#fff", lit ? "#000" : "#999",
                 lit ? 0.12 * r : 0.06 * r);
    brush_text(b, x, y + 0.4 * r, 2 * r,
               (struct brush_style){
                   .size = 1.1 * r, .fill = lit ? one->ink : "#999", .bold = lit, .middle = true},
               one->name);
    if (!lit)
        return;
    draw_words(b, x, y + 2.2 * r, r, light);
    draw_bar(b, x, y + 2.45 * r, 2.6 * r, light);
}

void lamp_drawing_class(const char *color, enum light light, char *ret_text, size_t size)
{
    const char *shine = light == LIGHT_OFF ? "off" : card_shine[light].en;
    snprintf(ret_text, size, "%s %s", color, shine);
}

void lamp_drawing(struct brush *b, double x, double y, double r, enum indicator_pattern pattern)
{
    const struct lights *of = &lights_of[pattern];
    const struct one_light lights[3] = {
        {"red", "红", "#c8102e", "#fff", of->red},
        {"amber", "黄", "#ffc20e", "#000", of->amber},
        {"green", "绿", "#00853e", "#fff", of->green},
    };
    for (int i = 0; i < 3; i++) {
        char words[32];
        lamp_drawing_class(lights[i].color, lights[i].light, words, sizeof words);
        brush_group(b, NULL, words);
        draw_light(b, x + (PITCH * i + PITCH / 2) * r, y, r, &lights[i]);
        brush_group_end(b);
    }
}
