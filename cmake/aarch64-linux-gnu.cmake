# SPDX-License-Identifier: Apache-2.0
# Cross-building for 64-bit ARM (the Raspberry Pi) on Debian, with its cross compiler and the
# libraries of the architecture beside one's own:
#   dpkg --add-architecture arm64; apt-get install gcc-aarch64-linux-gnu qemu-user-static libuv1-dev:arm64 …
#   cmake -S . -B build-arm64 --toolchain cmake/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# Programs of the build that were made by the build (the guard's card), and the tests.
find_program(TOCSIN_QEMU NAMES qemu-aarch64-static qemu-aarch64 REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${TOCSIN_QEMU})
