/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern as three lights, to be understood without colours: each light has its letter, one that
 * is off is hollow, one that blinks has rays, and a bar of time below shows how.
 */
#ifndef TOCSIN_CARD_LAMP_DRAWING_H
#define TOCSIN_CARD_LAMP_DRAWING_H

#include "card/brush.h"
#include "drivers/indicator/lights.h"

/* All in radii of a light; y is that of the lights' middles. */
#define LAMP_DRAWING_WIDTH 10.2
#define LAMP_DRAWING_ABOVE 1.5
#define LAMP_DRAWING_BELOW 2.7

void lamp_drawing(struct brush *b, double x, double y, double r, enum indicator_pattern pattern);

/* The words by which the drawing says to a program what is drawn: "red fast". */
void lamp_drawing_class(const char *color, enum light light, char *ret_text, size_t size);

#endif
