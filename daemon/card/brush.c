/* SPDX-License-Identifier: Apache-2.0 */
#include "card/brush.h"

#include <errno.h>

#define FONTS                                                                                      \
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','WenQuanYi Zen Hei',sans-serif"

static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else
            fputc(*text, out);
    }
}

void brush_begin(struct brush *b, FILE *out, double width, double height, const char *measure,
                 const char *title)
{
    *b = (struct brush){.out = out, .height = height};
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"zh-CN\" width=\"%g%s\" "
            "height=\"%g%s\" viewBox=\"0 0 %g %g\" font-family=\"" FONTS "\">\n<title>",
            width, measure, height, measure, width, height);
    write_escaped(out, title);
    fprintf(out, "</title>\n<style>@page{size:%g%s %g%s;margin:0}</style>\n", width, measure,
            height, measure);
    brush_box(b, 0, 0, width, height, "#fff");
}

int brush_end(struct brush *b, struct err *e)
{
    fputs("</svg>\n", b->out);
    if (fflush(b->out) != 0 || ferror(b->out))
        return err_set(e, EIO, "the drawing cannot be written");
    if (b->misfit[0])
        return err_set(e, EMSGSIZE, "there is no room for \"%s\"", b->misfit);
    return 0;
}

void brush_group(struct brush *b, const char *id, const char *words)
{
    fputs("<g", b->out);
    if (id)
        fprintf(b->out, " id=\"%s\"", id);
    if (words)
        fprintf(b->out, " class=\"%s\"", words);
    fputs(">\n", b->out);
}

void brush_group_end(struct brush *b)
{
    fputs("</g>\n", b->out);
}

void brush_circle(struct brush *b, double x, double y, double r, const char *fill,
                  const char *stroke, double stroke_width)
{
    fprintf(b->out,
            "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"%s\" stroke=\"%s\" "
            "stroke-width=\"%.2f\"/>\n",
            x, y, r, fill, stroke, stroke_width);
}

void brush_rays(struct brush *b, double x, double y, double from, double to, int count,
                double stroke_width)
{
    fprintf(b->out, "<g stroke=\"#000\" stroke-width=\"%.2f\" stroke-linecap=\"round\">\n",
            stroke_width);
    for (int i = 0; i < count; i++)
        fprintf(b->out,
                "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" "
                "transform=\"rotate(%.1f %.2f %.2f)\"/>\n",
                x, y - from, x, y - to, 360.0 * i / count, x, y);
    fputs("</g>\n", b->out);
}

void brush_box(struct brush *b, double x, double y, double width, double height, const char *fill)
{
    fprintf(b->out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n", x,
            y, width, height, fill);
}

void brush_line(struct brush *b, double x, double y, double width, double stroke_width)
{
    fprintf(b->out,
            "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"#000\" "
            "stroke-width=\"%.2f\"/>\n",
            x, y, x + width, y, stroke_width);
}

void brush_text(struct brush *b, double x, double y, double room, struct brush_style style,
                const char *text)
{
    bool fits = brush_text_width(text, style) <= room && y + style.size / 4 <= b->height;
    if (!fits && !b->misfit[0])
        snprintf(b->misfit, sizeof b->misfit, "%s", text);
    fprintf(b->out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\" fill=\"%s\"%s%s>", x, y,
            style.size, style.fill ? style.fill : "#000", style.bold ? " font-weight=\"bold\"" : "",
            style.middle ? " text-anchor=\"middle\"" : "");
    write_escaped(b->out, text);
    fputs("</text>\n", b->out);
}

/* A Chinese character is as wide as it is high; a Latin one is about half of that, and somewhat
 * more in the wide fonts that a machine without ours may take. */
double brush_text_width(const char *text, struct brush_style style)
{
    double width = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0xc0)
            width += 1.0;
        else if (c < 0x80)
            width += style.bold ? 0.62 : 0.58;
    }
    return width * style.size;
}
