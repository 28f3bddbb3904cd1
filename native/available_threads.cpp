#include "available_threads.h"

#include <climits>
#include <cstdio>
#include <cstring>

#if defined(_WIN32)
#include <windows.h>
#else
#include <sched.h>
#include <unistd.h>
#endif

namespace simd_activations {
namespace {

#if defined(__linux__)

constexpr size_t kPathMax = 4096;

// The quota of one cgroup directory in CPUs; INT_MAX where there is none.
int quotaOfDirectory(const char* directory, bool v2) {
  char path[kPathMax + 32];
  long long quota = -1, period = -1;
  if (v2) {
    snprintf(path, sizeof path, "%s/cpu.max", directory);  // "max 100000" or "150000 100000"
    if (FILE* file = fopen(path, "re")) {
      if (fscanf(file, "%lld %lld", &quota, &period) != 2) quota = -1;
      fclose(file);
    }
  } else {
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", directory);  // -1: none
    if (FILE* file = fopen(path, "re")) {
      if (fscanf(file, "%lld", &quota) != 1) quota = -1;
      fclose(file);
    }
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", directory);
    if (FILE* file = fopen(path, "re")) {
      if (fscanf(file, "%lld", &period) != 1) period = -1;
      fclose(file);
    }
  }
  if (quota <= 0 || period <= 0 || quota / period >= INT_MAX) return INT_MAX;
  return quota < period ? 1 : static_cast<int>(quota / period);
}

// The least quota from `group` up to the root of the hierarchy that is mounted at `mount`: each level holds for all
// below it. Inside a container without a namespace the group's path is the host's, and only the root is there.
int quotaOfHierarchy(const char* mount, const char* group, bool v2) {
  char path[kPathMax];
  if (snprintf(path, sizeof path, "%s%s", mount, group) >= static_cast<int>(sizeof path)) return INT_MAX;
  int least = INT_MAX;
  const size_t root = strlen(mount);
  for (;;) {
    const int quota = quotaOfDirectory(path, v2);
    if (quota < least) least = quota;
    char* slash = strrchr(path, '/');
    if (strlen(path) <= root || slash == nullptr || slash < path + root) return least;
    *slash = '\0';
  }
}

// True if `controllers`, a list with commas, has cpu.
bool hasCpu(const char* controllers) {
  for (const char* p = controllers;; p++) {
    const size_t length = strcspn(p, ",");
    if (length == 3 && memcmp(p, "cpu", 3) == 0) return true;
    p += length;
    if (*p == '\0') return false;
  }
}

int cgroupQuota() {
  FILE* file = fopen("/proc/self/cgroup", "re");
  if (file == nullptr) return INT_MAX;
  int least = INT_MAX;
  char line[kPathMax];
  while (fgets(line, sizeof line, file) != nullptr) {  // "0::/group" (v2), "4:cpu,cpuacct:/group" (v1)
    line[strcspn(line, "\n")] = '\0';
    char* controllers = strchr(line, ':');
    char* group = controllers == nullptr ? nullptr : strchr(controllers + 1, ':');
    if (group == nullptr) continue;
    *group++ = '\0';
    controllers++;
    int quota = INT_MAX;
    if (*controllers == '\0') {
      quota = quotaOfHierarchy("/sys/fs/cgroup", group, true);
    } else if (hasCpu(controllers)) {
      quota = quotaOfHierarchy("/sys/fs/cgroup/cpu", group, false);  // a link, whatever it is mounted together with
    }
    if (quota < least) least = quota;
  }
  fclose(file);
  return least;
}

int affinity() {
  // A mask larger than the set's 1024 CPUs is an error; then all that are online count.
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

#elif defined(_WIN32)

int cgroupQuota() { return INT_MAX; }

int affinity() {
  DWORD_PTR process = 0, system = 0;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) return 1;
  int count = 0;
  for (; process != 0; process &= process - 1) count++;
  return count;
}

#else

int cgroupQuota() { return INT_MAX; }

int affinity() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)); }

#endif

}  // namespace

int availableThreads() {
  const int cpus = affinity(), quota = cgroupQuota();
  const int least = quota < cpus ? quota : cpus;
  return least < 1 ? 1 : least;
}

}  // namespace simd_activations
