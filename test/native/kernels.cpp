// The kernels and the pool without Node: for other CPUs under an emulator, and for sanitizers (see run.sh).
//
//   kernels DIGESTS BLOCK...
//
// Checks, for every instruction set that this CPU runs: float32 results of the given blocks (verify/blocks.mjs) against
// the digests in the folder DIGESTS; each short length at several offsets against one element at a time; float64 results
// against the scalar kernels'. Prints a line per function with a digest of its float64 results, which must be the same on
// all CPUs. Exits with 1 if anything differs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "../../native/dispatch.h"
#include "../../native/fp_state.h"
#include "../../native/thread_pool.h"

using namespace simd_activations;

namespace {

constexpr Parameters kDefaults = {1.0, __builtin_huge_val()};
constexpr Parameters kOther = {0.7, 5.0};
constexpr size_t kBlockLength = 1 << 20;

int failures = 0;

void expect(bool ok, const std::string& what) {
  if (ok) return;
  failures++;
  printf("FAILED: %s\n", what.c_str());
}

template <class T>
uint32_t digest(const std::vector<T>& values) {
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(values.data());
  uint32_t hash = 0x811c9dc5;
  for (size_t i = 0; i < values.size() * sizeof(T); i += 4) {
    uint32_t word;
    memcpy(&word, bytes + i, 4);
    hash = (hash ^ word) * 0x01000193;
  }
  return hash;
}

template <class T>
std::vector<T> apply(const Row& row, const std::vector<T>& x, const Parameters& parameters) {
  std::vector<T> y(x.size());
  row.kernels[sizeof(T) == 4 ? kFloat32 : kFloat64](x.data(), y.data(), x.size(), parameters);
  return y;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Numbers of all magnitudes, most between -40 and 40.
template <class T>
std::vector<T> numbers(size_t count) {
  std::vector<T> x(count);
  uint64_t state = 1;
  for (T& value : x) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double uniform = static_cast<double>(state >> 11) * 0x1p-53 - 0.5;
    value = static_cast<T>(state % 8 == 0 ? uniform * __builtin_ldexp(1, static_cast<int>(state >> 20 & 255) - 150)
                                          : uniform * 80);
  }
  return x;
}

void checkBlock(const Isa& isa, const Row& row, const std::string& folder, uint32_t block) {
  uint32_t expected = 0;
  FILE* file = fopen((folder + "/" + row.name + ".bin").c_str(), "rb");
  const bool read = file != nullptr && fseek(file, 4 * static_cast<long>(block), SEEK_SET) == 0 &&
                    fread(&expected, 4, 1, file) == 1;
  if (file != nullptr) fclose(file);
  std::vector<float> x(kBlockLength);
  for (uint32_t i = 0; i < kBlockLength; i++) {
    const uint32_t bits = i << 12 | block;
    memcpy(&x[i], &bits, 4);
  }
  expect(read && digest(apply(row, x, kDefaults)) == expected,
         std::string(row.name) + " on " + isa.name + ", block " + std::to_string(block));
}

template <class T>
void checkLengths(const Isa& isa, const Row& row) {
  const std::vector<T> x = numbers<T>(80);
  for (size_t offset = 0; offset < 4; offset++) {
    for (size_t length = 0; length + offset < x.size(); length++) {
      const std::vector<T> part(x.begin() + static_cast<long>(offset), x.begin() + static_cast<long>(offset + length));
      const std::vector<T> whole = apply(row, part, kOther);
      for (size_t i = 0; i < length; i++) {
        const std::vector<T> one = apply(row, std::vector<T>{part[i]}, kOther);
        expect(memcmp(&one[0], &whole[i], sizeof(T)) == 0,
               std::string(row.name) + " on " + isa.name + ", element " + std::to_string(i) + " of " + std::to_string(length));
      }
    }
  }
}

void checkKernels(const std::string& folder, const std::vector<uint32_t>& blocks) {
  const DefaultFpState state;
  const IsaList list = supportedIsas();
  const Isa& scalar = *list.isas[list.count - 1];
  const std::vector<double> x = numbers<double>(200000);
  for (size_t i = 0; i < scalar.rowCount; i++) {
    const std::vector<double> y = apply(scalar.rows[i], x, kDefaults), z = apply(scalar.rows[i], x, kOther);
    for (size_t j = 0; j < list.count; j++) {
      const Isa& isa = *list.isas[j];
      const Row& row = isa.rows[i];
      for (uint32_t block : blocks) checkBlock(isa, row, folder, block);
      checkLengths<float>(isa, row);
      checkLengths<double>(isa, row);
      expect(same(apply(row, x, kDefaults), y) && same(apply(row, x, kOther), z),
             std::string(row.name) + " in float64 on " + isa.name);
    }
    printf("%s: float64 %08x %08x\n", scalar.rows[i].name, digest(y), digest(z));
  }
  for (size_t j = 0; j < list.count; j++) fprintf(stderr, "ran %s\n", list.isas[j]->name);
}

// Every element of [0, count) exactly once, from several callers at a time and while the setting changes.
void checkPool() {
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; c++) {
    callers.emplace_back([c] {
      for (size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{1000}, size_t{100003}}) {
        for (int round = 0; round < 50; round++) {
          setThreads(1 + (round + c) % 5);
          std::vector<unsigned char> seen(count);
          parallelFor({count, 97, 100}, [](void* context, size_t begin, size_t end) {
            unsigned char* marks = static_cast<unsigned char*>(context);
            for (size_t i = begin; i < end; i++) marks[i]++;
          }, seen.data());
          for (unsigned char mark : seen) expect(mark == 1, "an element of parallelFor");
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  setThreads(0);
  expect(threads() >= 1, "threads()");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::vector<uint32_t> blocks;
  for (int i = 2; i < argc; i++) blocks.push_back(static_cast<uint32_t>(atoi(argv[i])));
  checkPool();
  checkKernels(argv[1], blocks);
  if (failures > 0) printf("%d checks failed\n", failures);
  return failures > 0;
}
