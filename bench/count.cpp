// Runs one kernel, for neon.mjs, which counts the instructions:
//
//   count ISA FUNCTION DTYPE N <NUMBERS

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../native/dispatch.h"

using namespace simd_activations;

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string isaName = argv[1], function = argv[2], dtype = argv[3];
  const size_t n = size_t(atol(argv[4]));
  size_t type = 0;
  while (type < kDTypeCount && dtype != kDTypeNames[type]) type++;
  std::vector<double> x(n), gradOutput(n), out(n);  // large enough for every type
  if (type == kDTypeCount || fread(x.data(), kDTypeSizes[type], n, stdin) != n) return 2;
  const Parameters parameters = {1.0, __builtin_huge_val()};
  const IsaList list = supportedIsas();
  for (size_t i = 0; i < list.count; i++) {
    const Isa& isa = *list.isas[i];
    if (isaName != isa.name) continue;
    for (size_t k = 0; k < isa.rowCount; k++)
      if (function == isa.rows[k].name) return isa.rows[k].kernels[type](x.data(), out.data(), n, parameters) == nullptr;
    for (size_t k = 0; k < isa.backwardRowCount; k++)
      if (function == isa.backwardRows[k].name)
        return isa.backwardRows[k].kernels[type](gradOutput.data(), x.data(), out.data(), n, parameters) == nullptr;
  }
  return 2;
}
