// Node-API only: check, unwrap, dispatch. Everything else is in the files beside this one.
//
// The module's exports (lib/native.ts has the types):
//   version    the package's, from package.json
//   isas       the names of the ISAs that this CPU runs, best first
//   dtypes     the names of the element types; a kernel's third argument is an index into it
//   kernels    { [isa]: { [function]: (x, out, dtype, beta, threshold) => void } }
//   threads()  setThreads(n)
//   lastIsa()  the ISA whose code ran last, as that code itself reported it
// lib/ has validated all arguments; what is checked here again is only what memory safety hangs on.

#include <napi.h>

#include <atomic>

#include "dispatch.h"
#include "thread_pool.h"

namespace simd_activations {
namespace {

// Elements per turn of a thread: some 20 microseconds of work, ten times what waking a thread costs, and 64 to 128 KiB,
// which stay in the second-level cache.
constexpr size_t kGrain = 1 << 14;

std::atomic<const char*> lastIsa{"none"};

struct Task {
  Kernel kernel;
  const char* x;
  char* out;
  size_t elementSize;
  Parameters parameters;
};

void runTask(void* context, size_t begin, size_t end) {
  const Task& task = *static_cast<const Task*>(context);
  const size_t offset = begin * task.elementSize;
  lastIsa.store(task.kernel(task.x + offset, task.out + offset, end - begin, task.parameters),
                std::memory_order_relaxed);
}

struct Array {
  void* data = nullptr;
  size_t length = 0;
};

// The memory of a typed array, which stays valid until JavaScript runs again. Not node-addon-api's TypedArray: it caches
// the pointer and does not know every type. The type is initialised, since a runtime may leave it unwritten.
bool arrayOf(napi_env env, napi_value value, napi_typedarray_type expected, Array* array) {
  napi_typedarray_type type = napi_int8_array;
  return napi_get_typedarray_info(env, value, &type, &array->length, &array->data, nullptr, nullptr) == napi_ok &&
         type == expected;
}

constexpr napi_typedarray_type kTypes[kDTypeCount] = {napi_float32_array, napi_float64_array};

// kernel(x, out, dtype, beta, threshold)
void call(const Napi::CallbackInfo& info) {
  const Row& row = *static_cast<const Row*>(info.Data());
  const uint32_t dtype = info[2].As<Napi::Number>();
  const Parameters parameters = {info[3].As<Napi::Number>(), info[4].As<Napi::Number>()};
  Array x, out;
  if (dtype >= kDTypeCount || !arrayOf(info.Env(), info[0], kTypes[dtype], &x) ||
      !arrayOf(info.Env(), info[1], kTypes[dtype], &out) || x.length != out.length) {
    Napi::TypeError::New(info.Env(), "x and out must be typed arrays of the dtype, equally long")
        .ThrowAsJavaScriptException();
    return;
  }
  Task task = {row.kernels[dtype], static_cast<char*>(x.data), static_cast<char*>(out.data), kDTypeSizes[dtype],
               parameters};
  parallelFor(x.length, kGrain, runTask, &task);
}

Napi::Value getThreads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), threads()); }

void setThreadsFrom(const Napi::CallbackInfo& info) { setThreads(info[0].As<Napi::Number>().Int32Value()); }

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
  exports["lastIsa"] = Napi::Function::New<getLastIsa>(env, "lastIsa");
  return exports;
}

}  // namespace
}  // namespace simd_activations

static Napi::Object init(Napi::Env env, Napi::Object exports) { return simd_activations::init(env, exports); }
NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
