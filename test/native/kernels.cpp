// The kernels and the pool without Node: for other CPUs under an emulator, and for sanitizers (see run.sh).
//
//   kernels DIGESTS BLOCK...
//
// Checks, for every instruction set that this CPU runs, functions and derivatives: float32 results of the given blocks
// (verify/blocks.mjs) against the digests in the folder DIGESTS; each short length at several offsets against one element
// at a time; float64 results, and those of all 16-bit inputs, against the scalar kernels'; the 16-bit tables while
// several threads fill and read them. Prints a line per function with digests of the scalar kernels' results, which must
// be the same on all CPUs. Exits with 1 if anything differs.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "../../native/dispatch.h"
#include "../../native/fp_state.h"
#include "../../native/sixteen_bit.h"
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

// A function or a derivative of an ISA: rows are numbered as if those of the derivatives followed the others.
struct Function {
  const Row* forward = nullptr;
  const BackwardRow* backward = nullptr;

  Function(const Isa& isa, size_t index) {
    if (index < isa.rowCount) forward = &isa.rows[index];
    else backward = &isa.backwardRows[index - isa.rowCount];
  }
  const char* name() const { return forward != nullptr ? forward->name : backward->name; }
};

template <class T>
T one(DType) {
  return 1;
}
template <>
uint16_t one<uint16_t>(DType dtype) {
  return dtype == kFloat16 ? 0x3C00 : 0x3F80;
}

template <class T>
std::vector<T> apply(const Function& f, DType dtype, const std::vector<T>& x, const Parameters& parameters) {
  std::vector<T> y(x.size());
  if (f.forward != nullptr) {
    f.forward->kernels[dtype](x.data(), y.data(), x.size(), parameters);
  } else {
    const std::vector<T> ones(x.size(), one<T>(dtype));
    f.backward->kernels[dtype](ones.data(), x.data(), y.data(), x.size(), parameters);
  }
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

void checkBlock(const Isa& isa, const Function& f, const std::string& folder, uint32_t block) {
  uint32_t expected = 0;
  FILE* file = fopen((folder + "/" + f.name() + ".bin").c_str(), "rb");
  const bool read = file != nullptr && fseek(file, 4 * static_cast<long>(block), SEEK_SET) == 0 &&
                    fread(&expected, 4, 1, file) == 1;
  if (file != nullptr) fclose(file);
  std::vector<float> x(kBlockLength);
  for (uint32_t i = 0; i < kBlockLength; i++) {
    const uint32_t bits = i << 12 | block;
    memcpy(&x[i], &bits, 4);
  }
  expect(read && digest(apply(f, kFloat32, x, kDefaults)) == expected,
         std::string(f.name()) + " on " + isa.name + ", block " + std::to_string(block));
}

template <class T>
void checkLengths(const Isa& isa, const Function& f, DType dtype, const std::vector<T>& x) {
  for (size_t offset = 0; offset < 4; offset++) {
    for (size_t length = 0; length + offset < x.size(); length++) {
      const std::vector<T> part(x.begin() + static_cast<long>(offset), x.begin() + static_cast<long>(offset + length));
      const std::vector<T> whole = apply(f, dtype, part, kOther);
      for (size_t i = 0; i < length; i++) {
        const std::vector<T> single = apply(f, dtype, std::vector<T>{part[i]}, kOther);
        expect(memcmp(&single[0], &whole[i], sizeof(T)) == 0, std::string(f.name()) + " on " + isa.name + ", element " +
                                                                  std::to_string(i) + " of " + std::to_string(length));
      }
    }
  }
}

void checkKernels(const std::string& folder, const std::vector<uint32_t>& blocks) {
  const DefaultFpState state;
  const IsaList list = supportedIsas();
  const Isa& scalar = *list.isas[list.count - 1];
  const std::vector<double> x = numbers<double>(100000);
  std::vector<uint16_t> bits(1 << 16);
  for (size_t i = 0; i < bits.size(); i++) bits[i] = static_cast<uint16_t>(i);
  const std::vector<uint16_t> someBits(bits.begin() + 0x3F60, bits.begin() + 0x3FA0);
  for (size_t i = 0; i < scalar.rowCount + scalar.backwardRowCount; i++) {
    const Function reference(scalar, i);
    const std::vector<double> y = apply(reference, kFloat64, x, kDefaults), z = apply(reference, kFloat64, x, kOther);
    const std::vector<uint16_t> half = apply(reference, kFloat16, bits, kDefaults);
    const std::vector<uint16_t> brain = apply(reference, kBFloat16, bits, kDefaults);
    for (size_t j = 0; j < list.count; j++) {
      const Isa& isa = *list.isas[j];
      const Function f(isa, i);
      for (uint32_t block : blocks) checkBlock(isa, f, folder, block);
      checkLengths(isa, f, kFloat32, numbers<float>(70));
      checkLengths(isa, f, kFloat64, numbers<double>(40));
      checkLengths(isa, f, kBFloat16, someBits);
      const bool equal = same(apply(f, kFloat64, x, kDefaults), y) && same(apply(f, kFloat64, x, kOther), z) &&
                         same(apply(f, kFloat16, bits, kDefaults), half) &&
                         same(apply(f, kBFloat16, bits, kDefaults), brain);
      expect(equal, std::string(f.name()) + " in other types on " + isa.name);
    }
    printf("%s: float64 %08x %08x, float16 %08x, bfloat16 %08x\n", reference.name(), digest(y), digest(z), digest(half),
           digest(brain));
  }
  for (size_t j = 0; j < list.count; j++) fprintf(stderr, "ran %s\n", list.isas[j]->name);
}

// Four threads apply a kernel as the addon does, until each has passed the mark by itself.
template <class Lookup, class T>
void checkTable(SixteenBitTable<T>& table, Kernel tabulated, const std::vector<uint16_t>& expected,
                const std::string& name, Lookup lookup) {
  bool right[4];
  std::vector<std::thread> callers;
  for (size_t c = 0; c < 4; c++) {
    callers.emplace_back([&, c] {
      const size_t length = 500 * (c + 1);
      std::vector<uint16_t> y(expected.size());
      right[c] = true;
      for (size_t begin = 0; begin < y.size(); begin += length) {
        const size_t n = length < y.size() - begin ? length : y.size() - begin;
        right[c] = lookup(table.valuesFor(n, tabulated, kDefaults), begin, &y[begin], n) && right[c];
      }
      right[c] = right[c] && y == expected;
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (bool ok : right) expect(ok, name);
  expect(table.valuesFor(1, tabulated, kDefaults) != nullptr, name + " is filled");
  expect(table.valuesFor(1, tabulated, kOther) == nullptr, name + " is for its parameters alone");
}

// Gradients of all kinds beside all arguments, over the arguments and over the gradients: some 16 products a factor, of
// float16, are so near a tie that float32 cannot tell how they round.
void checkProducts(const BackwardRow& row, size_t t, const std::vector<uint16_t>& x, const std::string& name) {
  const BackwardKernel kernel = row.kernels[kFloat16 + t];
  const SixteenBitValues<float>* values = row.tables[t].valuesFor(1, row.derivatives[t], kDefaults);
  for (uint32_t factor : {1U, 257U, 8191U, 22695U, 31415U, 40503U, 51413U, 65535U}) {
    std::vector<uint16_t> gradients(x.size()), expected(x.size());
    for (size_t i = 0; i < x.size(); i++) gradients[i] = static_cast<uint16_t>(i * factor + factor / 3);
    kernel(gradients.data(), x.data(), expected.data(), x.size(), kDefaults);
    std::vector<uint16_t> overX = x, overGradients = gradients;
    lookUp(*values, row.products[t], kernel, gradients.data(), overX.data(), overX.data(), x.size());
    lookUp(*values, row.products[t], kernel, overGradients.data(), x.data(), overGradients.data(), x.size());
    expect(overX == expected && overGradients == expected, name + ", gradients " + std::to_string(factor));
  }
}

void checkTables() {
  std::vector<uint16_t> x(1 << 16), gradients(x.size());
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<uint16_t>(i);
  for (size_t i = 0; i < x.size(); i++) gradients[i] = static_cast<uint16_t>(i * 40503);
  const IsaList list = supportedIsas();
  for (size_t j = 0; j < list.count; j++) {
    const Isa& isa = *list.isas[j];
    const auto nameOf = [&](const char* name) { return std::string(name) + "'s table on " + isa.name; };
    for (size_t t = 0; t < 2; t++) {
      std::vector<uint16_t> expected(x.size());
      for (size_t i = 0; i < isa.rowCount; i++) {
        const Row& row = isa.rows[i];
        const Kernel kernel = row.kernels[kFloat16 + t];
        kernel(x.data(), expected.data(), x.size(), kDefaults);
        checkTable(row.tables[t], kernel, expected, nameOf(row.name),
                   [&](const SixteenBitValues<uint16_t>* results, size_t at, uint16_t* y, size_t n) {
                     const char* ran = results != nullptr ? lookUp(*results, &x[at], y, n)
                                                          : kernel(&x[at], y, n, kDefaults);
                     return strcmp(ran, isa.name) == 0;
                   });
      }
      for (size_t i = 0; i < isa.backwardRowCount; i++) {
        const BackwardRow& row = isa.backwardRows[i];
        const BackwardKernel kernel = row.kernels[kFloat16 + t];
        kernel(gradients.data(), x.data(), expected.data(), x.size(), kDefaults);
        checkTable(row.tables[t], row.derivatives[t], expected, nameOf(row.name),
                   [&](const SixteenBitValues<float>* values, size_t at, uint16_t* y, size_t n) {
                     const char* ran = values != nullptr
                                           ? lookUp(*values, row.products[t], kernel, &gradients[at], &x[at], y, n)
                                           : kernel(&gradients[at], &x[at], y, n, kDefaults);
                     return strcmp(ran, isa.name) == 0;
                   });
        checkProducts(row, t, x, nameOf(row.name));
      }
    }
  }
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
          const size_t lead = std::min(count, static_cast<size_t>(round % 16));
          parallelFor({count, 97, 100, lead}, [](void* context, size_t begin, size_t end) {
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
  checkTables();
  if (failures > 0) printf("%d checks failed\n", failures);
  return failures > 0;
}
