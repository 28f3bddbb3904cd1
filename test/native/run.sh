#!/usr/bin/env bash
# Builds test/native/kernels.cpp with the sources of the addon, without Node, and runs it.
#
#   run.sh            on this machine
#   run.sh neon       cross-built for arm64, under qemu-user, and compared with this machine
#   run.sh clang      does not run it: whether clang, which compiles the package's binaries, takes it, for either CPU
#   run.sh thread     on this machine with ThreadSanitizer
#   run.sh address    on this machine with AddressSanitizer and UndefinedBehaviorSanitizer
#
# `neon` needs Debian's g++-aarch64-linux-gnu and qemu-user-static, `clang` the former and clang.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=build/native-test
mkdir -p "$build"
flags=(-std=c++17 -O3 -fno-exceptions -fno-rtti -fno-math-errno -ffp-contract=off -Wall -Wextra -Wshadow -Wconversion -Werror -pthread)
sources=(test/native/kernels.cpp native/isa/*.cpp)
for source in native/*.cpp; do [ "$source" = native/addon.cpp ] || sources+=("$source"); done

compile() { # compiler, output, further flags
  local compiler=$1 output=$2
  shift 2
  rm -rf "$build/$output.o"
  mkdir "$build/$output.o"
  printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} sh -c '"$@" -c {} -o '"$build/$output.o"'/$(basename {}).o' \
    - "$compiler" "${flags[@]}" "$@"
  "$compiler" "${flags[@]}" "$@" "$build/$output.o"/*.o -o "$build/$output"
}

# Blocks of inputs: all binades, both signs; a few here, more in the main test suite.
blocks=(0 1365 2730 4095)
case "${1:-host}" in
  host)
    compile g++ host
    "$build/host" verify/digests "${blocks[@]}"
    ;;
  neon)
    compile g++ host
    compile aarch64-linux-gnu-g++ neon -static
    "$build/host" verify/digests >"$build/host.txt"
    qemu-aarch64-static "$build/neon" verify/digests "${blocks[@]}" >"$build/neon.txt" 2>"$build/neon.log" || {
      cat "$build/neon.txt"
      exit 1
    }
    diff "$build/host.txt" "$build/neon.txt"
    grep -q '^ran neon$' "$build/neon.log"
    echo "NEON has the verified float32 bits, and this machine's bits in the other types"
    ;;
  clang)
    for target in x86_64-linux-gnu aarch64-linux-gnu; do
      for source in "${sources[@]}"; do clang++ "--target=$target" "${flags[@]}" -fsyntax-only "$source"; done
    done
    ;;
  thread)
    compile g++ thread -fsanitize=thread -g
    "$build/thread" verify/digests
    ;;
  address)
    # By -O3 it would be compiled for a quarter of an hour.
    compile g++ address -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -g
    "$build/address" verify/digests 0
    ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
