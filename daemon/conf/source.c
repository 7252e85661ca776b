/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/source.h"

#include <stdint.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at `p` (Unicode 15, table 3-7), or 0. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *ret_character)
{
    if (p[0] < 0x80) {
        *ret_character = p[0];
        return 1;
    }
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > left)
        return 0;
    uint32_t c = p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret_character = c;
    return length;
}

size_t source_mark_bytes(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static const char *judge(uint32_t c)
{
    if (c == 0)
        return "a NUL character: this is no text file";
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0 && c != 0x85))
        return "an invisible control character: take it out";
    if (c == 0x85 || c == 0x2028 || c == 0x2029)
        return "a line end that most editors do not show (U+0085, U+2028 or U+2029): take it out";
    if (c == 0xfeff || c == 0xfffe || c == 0xffff)
        return "an invisible character that YAML does not allow: take it out";
    return NULL;
}

const char *source_check(const char *text, size_t length, int *ret_line, int *ret_column)
{
    const unsigned char *p = (const unsigned char *)text;
    int line = 1, column = 1;
    const char *wrong = NULL;
    if (length >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
        wrong = "the file is UTF-16: save it as UTF-8";
    for (size_t i = source_mark_bytes(text, length); !wrong && i < length;) {
        uint32_t c = 0;
        size_t bytes = decode(p + i, length - i, &c);
        wrong = bytes == 0 ? "this is not UTF-8 (a file saved as GBK or GB18030? save it as UTF-8)"
                           : judge(c);
        if (wrong)
            break;
        bool line_end = c == '\n' || (c == '\r' && (i + 1 == length || p[i + 1] != '\n'));
        line += line_end;
        column = line_end ? 1 : column + 1;
        i += bytes;
    }
    *ret_line = line;
    *ret_column = column;
    return wrong;
}

struct slip {
    const char *character;
    const char *hint;
};

static const struct slip slips[] = {
    {"\t", "there is a tab: indent and separate with spaces"},
    {"：", "there is a full-width \"：\": YAML needs \": \""},
    {"－", "there is a full-width \"－\": YAML needs \"- \""},
    {"，", "there is a full-width \"，\": YAML needs \", \""},
    {"［", "there is a full-width \"［\": YAML needs \"[\""},
    {"【", "there is a \"【\": YAML needs \"[\""},
    {"“", "there is a typographic quotation mark: YAML needs \""},
    {"”", "there is a typographic quotation mark: YAML needs \""},
    {"　", "there is an ideographic space (U+3000): YAML needs ordinary ones"},
    {"\xc2\xa0", "there is a no-break space (U+00A0): YAML needs ordinary ones"},
    {"\xe2\x80\x8b", "there is an invisible space (U+200B): take it out"},
};

/* Where a tab is legal, it is no slip: only one at the beginning of a line is looked for. */
static const char *find_in(const char *line, size_t length)
{
    size_t indent = 0;
    while (indent < length && line[indent] == ' ')
        indent++;
    if (indent < length && line[indent] == '#')
        return NULL;
    if (indent < length && line[indent] == '\t')
        return slips[0].hint;
    for (size_t i = 1; i < sizeof slips / sizeof *slips; i++) {
        if (memmem(line, length, slips[i].character, strlen(slips[i].character)))
            return slips[i].hint;
    }
    return NULL;
}

const char *source_find_slip(const char *text, size_t length, int line, int *ret_line)
{
    const char *lines[3] = {NULL}; /* the one asked for first */
    size_t lengths[3] = {0};
    const char *at = text, *end = text + length;
    for (int number = 1; number <= line && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop ? stop : end) - at);
        memmove(lines + 1, lines, sizeof lines - sizeof *lines);
        memmove(lengths + 1, lengths, sizeof lengths - sizeof *lengths);
        lines[0] = at;
        lengths[0] = bytes;
        at += bytes + 1;
    }
    for (int i = 0; i < 3 && lines[i]; i++) {
        const char *hint = find_in(lines[i], lengths[i]);
        if (hint) {
            *ret_line = line - i;
            return hint;
        }
    }
    return NULL;
}

/* Double ones alone: a single one is an apostrophe as often. */
static bool has_odd_quotes(const char *line, size_t length)
{
    bool open = false;
    for (size_t i = 0; i < length; i++) {
        bool is_comment = line[i] == '#' && (i == 0 || line[i - 1] == ' ');
        if (is_comment && !open)
            break;
        if (line[i] == '\\')
            i++;
        else if (line[i] == '"')
            open = !open;
    }
    return open;
}

int source_find_odd_quotes(const char *text, size_t length, int line)
{
    const char *at = text, *end = text + length;
    for (int number = 1; number <= line && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop ? stop : end) - at);
        if (has_odd_quotes(at, bytes))
            return number;
        at += bytes + 1;
    }
    return 0;
}

struct explanation {
    const char *problem;
    const char *sentence;
    bool from_start;
};

/* The problems are libyaml 0.2's, from its scanner.c and parser.c. */
static const struct explanation explanations[] = {
    {"mapping values are not allowed",
     "a \": \" where no key can be: does the line above lack one, is this line indented further, "
     "or is it part of a value (then put the value in quotes)?",
     false},
    {"could not find expected ':'",
     "this line has no \": \" (colon and space) between key and value", true},
    {"did not find expected key",
     "this line does not fit the lines above it: keys of one section stand exactly below each "
     "other",
     false},
    {"did not find expected '-' indicator",
     "this line does not fit the list above it: entries begin with \"- \" exactly below each "
     "other, and an entry's keys stand below its first key",
     false},
    {"found unexpected end of stream", "the quoted text that begins here never ends", true},
    {"found unexpected document indicator", "the quoted text that begins here never ends", true},
    {"did not find expected ',' or ']'", "the list that begins here with \"[\" has no \"]\"", true},
    {"did not find expected ',' or '}'", "the map that begins here with \"{\" has no \"}\"", true},
    {"found unknown escape character",
     "in double quotes a \"\\\" begins an escape: write \"\\\\\", or use single quotes", false},
    {"block sequence entries are not allowed",
     "a list begins in the line below its key: put \"- \" there", false},
    {"block mapping keys are not allowed", "a key cannot begin here", false},
    {"cannot start any token",
     "a value cannot begin with this character (if it is meant: put the value in quotes)", false},
    {"tab character", "a tab cannot stand here", false},
    {"did not find expected node content", "a value is expected here", false},
    {"did not find expected <document start>",
     "what stands here belongs to nothing above it: check the indentation", false},
    {"did not find expected comment or line break",
     "nothing may follow here but a comment or the end of the line", false},
    {"did not find URI", "\"%\" and \"!\" begin something special: put the value in quotes", false},
    {"found undefined tag handle", "tags are not used here: write the plain value", false},
};

const char *source_explain(const char *problem, const char *context, bool *ret_from_start)
{
    *ret_from_start = false;
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
        if (!strstr(problem, explanations[i].problem))
            continue;
        *ret_from_start = explanations[i].from_start && context;
        return explanations[i].sentence;
    }
    if (context && (strstr(context, "an anchor") || strstr(context, "an alias")))
        return "\"&\" and \"*\" begin something special: put the value in quotes";
    if (context && strstr(context, "tag"))
        return "\"!\" begins something special: put the value in quotes";
    return NULL;
}
