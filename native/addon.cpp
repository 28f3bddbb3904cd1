// Node-API only: check, unwrap, dispatch. Everything else is in the files beside this one.
//
// The module's exports (lib/native.ts has the types):
//   version    the package's, from package.json
//   isas       the names of the ISAs that this CPU runs, best first
//   dtypes     the names of the element types; a kernel's `dtype` is an index into it
//   kernels    { [isa]: { gelu(x, out, dtype, beta, threshold, isNew), geluBackward(gradOutput, x, ...), ... } }
//   threads()  setThreads(n, ifUnset)
//   willFill(arrayBuffer)  see huge_pages.h
//   lastIsa()  the ISA whose code ran last, or filled the table that was looked up in, as that code itself reported it
// lib/ has validated all arguments; what is checked here again is only what memory safety hangs on.

#include <napi.h>

#include <atomic>

#include "dispatch.h"
#include "huge_pages.h"
#include "sixteen_bit.h"
#include "thread_pool.h"

namespace simd_activations {
namespace {

// Elements per turn of a thread: 18, 36 or 72 KiB, which stay in the second-level cache, and few microseconds of work,
// for which the others have to wait in the end. Whole steps of most kernels (2^13 are not, which costs 2 %).
constexpr size_t kGrain = 96 * 96;

// Elements from which on pieces begin a cache line of `out`; Node's large arrays begin 16 bytes into one. On a Zen 5
// SiLU takes 0.93 to 0.98 of the time then, GELU's derivative 0.93 to 0.97, from memory 0.75 (2^22). For fewer, the
// shorter pieces at both ends cost as much.
constexpr size_t kAlign = 1 << 15;

// Bytes of results from which on they bypass the caches, unless `out` is new: then the system's zeros are there, and
// SiLU takes 1.1 to 1.3 times as long. Otherwise, on an Intel Xeon, 0.78 of the time at 64 MiB, with one thread 0.92;
// at 32 MiB 0.87 and 1.06. On a Zen 4, 256 MiB, two threads: 0.83 (SiLU) to 0.95, one thread 0.89 to 0.98. On a Zen 5,
// 64 MiB, two threads: 0.72 (the tanh form) to 0.96; from 8 MiB on it is less than 1, but up to its 32 MiB of cache
// somebody may want to read the results. Larger turns, since each of them ends with a wait for the memory.
constexpr size_t kBypass = 1 << 26, kBypassGrain = 7 * kGrain;

// Elements for which a thread joins that looks out for work: ten to twenty microseconds of it, and two threads are 1.6
// times as fast as one; for half as many 1.1 to 1.6. To wake a thread takes ten to a hundred microseconds, in virtual
// machines: two threads were 0.7 times as fast as one for twice as many elements, and 1.0 to 1.2 times for four times
// as many. An element of float64 is three to five times the work of another.
constexpr size_t shareOf(uint32_t dtype) { return dtype == kFloat64 ? 1 << 13 : 1 << 15; }

std::atomic<const char*> lastIsa{"none"};

struct Task {
  Kernel kernel;
  const SixteenBitValues<uint16_t>* results;  // nullptr: the kernel computes
  const char* x;
  char* out;
  size_t elementSize;
  Parameters parameters;
};

void runTask(void* context, size_t begin, size_t end) {
  const Task& task = *static_cast<const Task*>(context);
  const size_t offset = begin * task.elementSize;
  const char* x = task.x + offset;
  char* out = task.out + offset;
  lastIsa.store(task.results != nullptr ? lookUp(*task.results, x, out, end - begin)
                                        : task.kernel(x, out, end - begin, task.parameters),
                std::memory_order_relaxed);
}

struct BackwardTask {
  BackwardKernel kernel;
  const SixteenBitValues<float>* derivatives;  // nullptr: the kernel computes
  ProductKernel product;
  const char* gradOutput;
  const char* x;
  char* out;
  size_t elementSize;
  Parameters parameters;
};

void runBackwardTask(void* context, size_t begin, size_t end) {
  const BackwardTask& task = *static_cast<const BackwardTask*>(context);
  const size_t offset = begin * task.elementSize;
  const char* gradOutput = task.gradOutput + offset;
  const char* x = task.x + offset;
  char* out = task.out + offset;
  lastIsa.store(task.derivatives != nullptr
                    ? lookUp(*task.derivatives, task.product, task.kernel, gradOutput, x, out, end - begin)
                    : task.kernel(gradOutput, x, out, end - begin, task.parameters),
                std::memory_order_relaxed);
}

struct Array {
  void* data = nullptr;
  size_t length = 0;
};

// The memory of a typed array, which stays valid until JavaScript runs again. Not node-addon-api's TypedArray: it
// caches the pointer and does not know every type. The type is initialised, since a runtime may leave it unwritten.
bool arrayOf(napi_env env, napi_value value, napi_typedarray_type expected, Array* array) {
  napi_typedarray_type type = napi_int8_array;
  return napi_get_typedarray_info(env, value, &type, &array->length, &array->data, nullptr, nullptr) == napi_ok &&
         type == expected;
}

// The 16-bit types come as Uint16Array: lib/ makes one of a Float16Array.
constexpr napi_typedarray_type kTypes[kDTypeCount] = {napi_float32_array, napi_float64_array, napi_uint16_array,
                                                      napi_uint16_array};

// The arguments of a kernel: `count` arrays, their dtype, beta and threshold, and whether the last array, `out`, is
// new.
struct Arguments {
  Array arrays[3];
  size_t count;
  uint32_t dtype;
  Parameters parameters;
  size_t length() const { return arrays[0].length; }
  const Array& out() const { return arrays[count - 1]; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(out().data); }
  bool canAlign() const { return address() % kDTypeSizes[dtype] == 0; }  // memory from elsewhere need not be
};

bool readArguments(const Napi::CallbackInfo& info, size_t count, Arguments* arguments) {
  arguments->count = count;
  arguments->dtype = info[count].As<Napi::Number>();
  static const CpuFeatures cpu = detectCpu();
  arguments->parameters = {info[count + 1].As<Napi::Number>(), info[count + 2].As<Napi::Number>(), cpu.intel};
  bool valid = arguments->dtype < kDTypeCount;
  for (size_t i = 0; valid && i < count; i++) {
    Array* array = &arguments->arrays[i];
    valid = arrayOf(info.Env(), info[i], kTypes[arguments->dtype], array) && array->length == arguments->arrays[0].length;
  }
  if (!valid) {
    Napi::TypeError::New(info.Env(), "the arrays must be of the dtype and equally long").ThrowAsJavaScriptException();
    return false;
  }
  const size_t bytes = arguments->length() * kDTypeSizes[arguments->dtype];
  bool bypass =
      bytes >= kBypass && arguments->dtype == kFloat32 && arguments->canAlign() && !info[count + 3].ToBoolean();
  for (size_t i = 0; i < count - 1; i++) bypass &= arguments->arrays[i].data != arguments->out().data;
  arguments->parameters.bypassCaches = bypass;
  return true;
}

Work workOf(const Arguments& a) {
  constexpr size_t kLine = 64;
  const size_t lead = (kLine - a.address() % kLine) % kLine / kDTypeSizes[a.dtype];
  return {a.length(), a.parameters.bypassCaches ? kBypassGrain : kGrain, shareOf(a.dtype),
          a.length() >= kAlign && a.canAlign() ? lead : 0};
}

// kernel(x, out, dtype, beta, threshold, isNew)
void call(const Napi::CallbackInfo& info) {
  const Row& row = *static_cast<const Row*>(info.Data());
  Arguments a;
  if (!readArguments(info, 2, &a)) return;
  Task task = {row.kernels[a.dtype],
               nullptr,
               static_cast<char*>(a.arrays[0].data),
               static_cast<char*>(a.arrays[1].data),
               kDTypeSizes[a.dtype],
               a.parameters};
  if (a.dtype >= kFloat16) task.results = row.tables[a.dtype - kFloat16].valuesFor(a.length(), task.kernel, a.parameters);
  parallelFor(workOf(a), runTask, &task);
}

// kernel(gradOutput, x, out, dtype, beta, threshold, isNew)
void callBackward(const Napi::CallbackInfo& info) {
  const BackwardRow& row = *static_cast<const BackwardRow*>(info.Data());
  Arguments a;
  if (!readArguments(info, 3, &a)) return;
  BackwardTask task = {row.kernels[a.dtype],
                       nullptr,
                       nullptr,
                       static_cast<char*>(a.arrays[0].data),
                       static_cast<char*>(a.arrays[1].data),
                       static_cast<char*>(a.arrays[2].data),
                       kDTypeSizes[a.dtype],
                       a.parameters};
  if (a.dtype >= kFloat16) {
    const size_t i = a.dtype - kFloat16;
    task.derivatives = row.tables[i].valuesFor(a.length(), row.derivatives[i], a.parameters);
    task.product = row.products[i];
  }
  parallelFor(workOf(a), runBackwardTask, &task);
}

Napi::Value getThreads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), threads()); }

void setThreadsFrom(const Napi::CallbackInfo& info) {
  setThreads(info[0].As<Napi::Number>().Int32Value(), info[1].ToBoolean());
}

void willFillFrom(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(info.Env(), info[0], &data, &bytes) == napi_ok) willFill(data, bytes);
}

Napi::Value getLastIsa(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), lastIsa.load(std::memory_order_relaxed));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const IsaList list = supportedIsas();
  Napi::Array isas = Napi::Array::New(env);
  Napi::Object kernels = Napi::Object::New(env);
  for (uint32_t i = 0; i < list.count; i++) {
    const Isa& isa = *list.isas[i];
    Napi::Object functions = Napi::Object::New(env);
    for (size_t j = 0; j < isa.rowCount; j++) {
      const Row& row = isa.rows[j];
      functions[row.name] = Napi::Function::New<call>(env, row.name, const_cast<Row*>(&row));
    }
    for (size_t j = 0; j < isa.backwardRowCount; j++) {
      const BackwardRow& row = isa.backwardRows[j];
      functions[row.name] = Napi::Function::New<callBackward>(env, row.name, const_cast<BackwardRow*>(&row));
    }
    isas[i] = isa.name;
    kernels[isa.name] = functions;
  }
  Napi::Array dtypes = Napi::Array::New(env);
  for (uint32_t i = 0; i < kDTypeCount; i++) dtypes[i] = kDTypeNames[i];

  exports["version"] = SIMD_ACTIVATIONS_VERSION;
  exports["isas"] = isas;
  exports["dtypes"] = dtypes;
  exports["kernels"] = kernels;
  exports["threads"] = Napi::Function::New<getThreads>(env, "threads");
  exports["setThreads"] = Napi::Function::New<setThreadsFrom>(env, "setThreads");
  exports["willFill"] = Napi::Function::New<willFillFrom>(env, "willFill");
  exports["lastIsa"] = Napi::Function::New<getLastIsa>(env, "lastIsa");
  return exports;
}

}  // namespace
}  // namespace simd_activations

static Napi::Object init(Napi::Env env, Napi::Object exports) { return simd_activations::init(env, exports); }
NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
