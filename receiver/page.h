/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files, embedded by CMake. */
#ifndef RECEIVER_PAGE_H
#define RECEIVER_PAGE_H

#include <stddef.h>

extern const unsigned char embedded_index_html[], embedded_page_css[], embedded_page_js[];
extern const size_t embedded_index_html_length, embedded_page_css_length, embedded_page_js_length;

#endif
