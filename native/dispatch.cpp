#include "dispatch.h"

namespace simd_activations {

#define ISA(name) extern const Isa name##Isa;
#include "isa/isa.def"
#undef ISA

IsaList supportedIsas() {
  const CpuFeatures cpu = detectCpu();
  const Isa* const all[] = {
#define ISA(name) &name##Isa,
#include "isa/isa.def"
#undef ISA
  };
  IsaList list = {};
  for (const Isa* isa : all) {
    if (isa->supported(cpu)) list.isas[list.count++] = isa;
  }
  return list;
}

}  // namespace simd_activations
