// Node unloads an addon when the last Worker that loaded it ends, and would do it under the feet of the pool's threads.
// On Linux the linker's option `-z nodelete` prevents that; elsewhere the library has to ask for it when it is loaded.

#if defined(_WIN32)

#include <windows.h>

namespace {

struct StayLoaded {
  StayLoaded() {
    HMODULE self;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<LPCWSTR>(this), &self);
  }
} stayLoaded;

}  // namespace

#elif defined(__APPLE__)

#include <dlfcn.h>

namespace {

struct StayLoaded {
  StayLoaded() {
    Dl_info self;
    if (dladdr(this, &self) != 0) dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
} stayLoaded;

}  // namespace

#endif
