# SPDX-License-Identifier: Apache-2.0
# Turns the page's files into C arrays: embedded_<name>[] and embedded_<name>_length.
set(text "/* Made by embed.cmake. */\n#include \"page.h\"\n")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER ${name} name)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "const unsigned char embedded_${name}[] = {${bytes}0};\n")
  string(APPEND text "const size_t embedded_${name}_length = ${length};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
