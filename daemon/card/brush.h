/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws an SVG: shapes and lines of text, as a stream. Text is measured by a guess that is wide for
 * the usual fonts, and what does not fit its room is remembered: a card that cannot be read is not
 * to be made. Lengths are in that of the drawing. The stream stays the caller's.
 */
#ifndef TOCSIN_CARD_BRUSH_H
#define TOCSIN_CARD_BRUSH_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct brush {
    FILE *out;
    double height;
    char misfit[200]; /* the first text that does not fit; empty: all do */
};

struct brush_style {
    double size;
    const char *fill; /* NULL: black */
    bool bold;
    bool middle; /* x is the text's middle, not its start */
};

/* `measure` is "mm" or "px". Sets up a drawing of that size on white. */
void brush_begin(struct brush *b, FILE *out, double width, double height, const char *measure,
                 const char *title);
/* Ends the drawing. -EMSGSIZE when a text did not fit, -EIO when the stream failed. */
int brush_end(struct brush *b, struct err *e);

/* `id` or `words` may be NULL; the words of a group say to a program what is drawn in it. */
void brush_group(struct brush *b, const char *id, const char *words);
void brush_group_end(struct brush *b);

void brush_circle(struct brush *b, double x, double y, double r, const char *fill,
                  const char *stroke, double stroke_width);
/* `count` lines around a middle, from the distance `from` to the distance `to`. */
void brush_rays(struct brush *b, double x, double y, double from, double to, int count,
                double stroke_width);
void brush_box(struct brush *b, double x, double y, double width, double height, const char *fill);
void brush_line(struct brush *b, double x, double y, double width, double stroke_width);
/* One line of text on its baseline, at most `room` wide, and on the drawing. */
void brush_text(struct brush *b, double x, double y, double room, struct brush_style style,
                const char *text);

/* How wide it will be at most, in the fonts that the drawing names. */
double brush_text_width(const char *text, struct brush_style style);

#endif
