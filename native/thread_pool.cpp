// One pool for the process, whatever thread, Worker or copy of the module calls: threads of its own, not libuv's, which
// file and network work needs. It lives on the heap and is never destroyed, and its threads are detached: at exit a
// static destructor would join or free what a thread still waits on. They are created when first needed.

#include "thread_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "available_threads.h"
#include "cpu_affinity.h"
#include "fp_state.h"

#if defined(_WIN32)
#include <process.h>
#include <windows.h>
#else
#include <pthread.h>
#include <signal.h>
#endif

namespace simd_activations {
namespace {

// A part of the elements: where its next piece begins, and where it ends. On a cache line of its own.
struct alignas(64) Range {
  std::atomic<size_t> next;
  size_t end;
};
constexpr size_t kMaxRanges = 64;  // which more threads share

// One call of parallelFor, on the caller's stack. The pool's mutex guards what is written to, but the ranges.
struct Job {
  const Body body;
  void* const context;
  const size_t grain;
  const size_t rangeCount;
  Range ranges[kMaxRanges];
  int open;                    // how many more helpers may join
  std::atomic<int> active{0};  // helpers at work; may be read without the mutex
  std::condition_variable idle;
  Job* following = nullptr;

  Job(Body b, void* c, const Work& w, int helpers)
      : body(b),
        context(c),
        grain(w.grain),
        rangeCount(static_cast<size_t>(helpers) < kMaxRanges ? static_cast<size_t>(helpers) + 1 : kMaxRanges),
        open(helpers) {
    const size_t unit = grain / 8, units = (w.count - w.lead) / unit;  // alike to an eighth of a piece
    for (size_t i = 0; i < rangeCount; i++) {
      ranges[i].next = w.lead + units * i / rangeCount * unit;
      ranges[i].end = i + 1 < rangeCount ? w.lead + units * (i + 1) / rangeCount * unit : w.count;
    }
  }

  // Takes piece after piece until none is left, those of the thread's own range first: who calls once calls again with
  // the same arrays, and the core has them in its caches (SiLU, 2^19 numbers: 2 threads are 1.85 times as fast as one,
  // without ranges 1.6 times).
  void work(size_t thread) {
    const DefaultFpState state;
    for (size_t i = 0; i < rangeCount; i++) {
      Range& range = ranges[(thread + i) % rangeCount];
      for (;;) {
        const size_t begin = range.next.fetch_add(grain, std::memory_order_relaxed);
        if (begin >= range.end) break;
        body(context, begin, range.end - begin < grain ? range.end : begin + grain);
      }
    }
  }
};

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;

// How long a thread looks out for what will come soon: a helper that is done for the caller, which may have a piece or two
// left, and for its next call. (20 microseconds: at 2^20 numbers helpers fell asleep call after call, and came too late.)
constexpr auto kSoon = std::chrono::microseconds(100);

template <class Condition>
void lookOut(Condition condition) {
  const Clock::time_point end = Clock::now() + kSoon;
  while (!condition() && Clock::now() < end) pause();
}

struct Pool {
  std::mutex mutex;
  std::condition_variable wake;
  Job* jobs = nullptr;               // those that want more helpers, the oldest first
  std::atomic<bool> waiting{false};  // jobs != nullptr; may be read without the mutex
  int lastCpu = -1;                  // that of the last caller
  int created = 0;
  size_t started = 0;  // helpers that have been numbered: the caller is 0

  void add(Job* job);
  void remove(Job* job);
  void leaveCaller(std::unique_lock<std::mutex>& lock);
  void helperMain();
};

std::atomic<Pool*> thePool{nullptr};

void Pool::add(Job* job) {
  Job** last = &jobs;
  while (*last != nullptr) last = &(*last)->following;
  *last = job;
  waiting.store(true, std::memory_order_relaxed);
}

void Pool::remove(Job* job) {
  for (Job** p = &jobs; *p != nullptr; p = &(*p)->following) {
    if (*p != job) continue;
    *p = job->following;
    break;
  }
  waiting.store(jobs != nullptr, std::memory_order_relaxed);
}

void Pool::leaveCaller(std::unique_lock<std::mutex>& lock) {
  const int cpu = lastCpu;
  if (cpu < 0 || currentCpu() != cpu) return;
  lock.unlock();
  leaveCpu(cpu);
  lock.lock();
}

void Pool::helperMain() {
  std::unique_lock<std::mutex> lock(mutex);
  const size_t index = ++started;
  for (;;) {
    // Who calls once calls again: the next layer, the next batch. To be woken takes longer than to look out for it, and the
    // work for which one was woken may be done by then.
    for (bool looked = false; jobs == nullptr; looked = !looked) {
      if (looked) {
        wake.wait(lock);
      } else {
        leaveCaller(lock);
        lock.unlock();
        lookOut([this] { return waiting.load(std::memory_order_relaxed); });
        lock.lock();
      }
    }
    // Before it joins: the caller would wait for it.
    leaveCaller(lock);
    if (jobs == nullptr) continue;
    Job* job = jobs;
    job->active++;
    if (--job->open == 0) remove(job);
    lock.unlock();
    job->work(index);
    lock.lock();
    // Under the lock, since the job is gone as soon as its owner sees that nobody is at work.
    if (--job->active == 0) job->idle.notify_one();
  }
}

// The pieces of work are leaves: intrinsics and a few locals.
constexpr size_t kStackSize = 256 * 1024;

#if defined(_WIN32)

unsigned __stdcall helper(void* pool) {
  static_cast<Pool*>(pool)->helperMain();
  return 0;
}

bool createHelper(Pool* pool) {
  const uintptr_t handle =
      _beginthreadex(nullptr, kStackSize, helper, pool, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (handle == 0) return false;
  CloseHandle(reinterpret_cast<HANDLE>(handle));
  return true;
}

void watchForks() {}

#else

void* helper(void* pool) {
  static_cast<Pool*>(pool)->helperMain();
  return nullptr;
}

bool createHelper(Pool* pool) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are for the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool created = pthread_create(&thread, &attributes, helper, pool) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return created;
}

// A child of fork() has the memory of the pool, but none of its threads: it starts a new one.
void watchForks() {
  pthread_atfork(nullptr, nullptr, [] { thePool.store(nullptr); });
}

#endif

Pool& pool() {
  Pool* existing = thePool.load(std::memory_order_acquire);
  if (existing != nullptr) return *existing;
  static std::once_flag once;
  std::call_once(once, watchForks);
  Pool* mine = new Pool;
  if (thePool.compare_exchange_strong(existing, mine)) return *mine;
  delete mine;
  return *existing;
}

// When the last work was done that is enough for two threads: for kSoon after it, helpers look out for more.
std::atomic<Clock::time_point> lastWork{Clock::time_point()};

std::atomic<int> theSetting{0};

int defaultThreads() {
  static const int count = availableThreads();
  return count;
}

// How many threads to ask to join.
int helpersFor(const Work& work) {
  const size_t others = static_cast<size_t>(threads() - 1);
  if (others == 0 || work.count < 2 * work.share) return 0;
  const bool recent = Clock::now() - lastWork.load(std::memory_order_relaxed) < kSoon;
  const size_t shares = work.count / (recent ? work.share : 4 * work.share);
  if (shares < 2) return 0;
  return static_cast<int>(shares - 1 < others ? shares - 1 : others);
}

// The job with others.
void share(Job& job, int helpers) {
  Pool& p = pool();
  {
    const std::lock_guard<std::mutex> lock(p.mutex);
    // Where a thread cannot be had, those there are do the work.
    while (p.created < helpers && createHelper(&p)) p.created++;
    p.lastCpu = currentCpu();
    p.add(&job);
  }
  for (int i = 0; i < helpers; i++) p.wake.notify_one();
  job.work(0);
  {
    const std::lock_guard<std::mutex> lock(p.mutex);
    p.remove(&job);
  }
  // What is left is the end of the pieces at work, some microseconds: less than it takes to sleep and be woken.
  lookOut([&] { return job.active.load(std::memory_order_acquire) == 0; });
  std::unique_lock<std::mutex> lock(p.mutex);  // also waits for a helper that is still using the job
  while (job.active > 0) job.idle.wait(lock);
}

}  // namespace

int threads() {
  const int setting = theSetting.load(std::memory_order_relaxed);
  return setting > 0 ? setting : defaultThreads();
}

void setThreads(int count, bool ifUnset) {
  int none = 0;
  if (!ifUnset) theSetting.store(count, std::memory_order_relaxed);
  else theSetting.compare_exchange_strong(none, count, std::memory_order_relaxed);
}

void parallelFor(const Work& work, Body body, void* context) {
  const DefaultFpState state;
  if (work.lead > 0) body(context, 0, work.lead);
  const int helpers = helpersFor(work);
  if (helpers > 0) {
    Job job(body, context, work, helpers);
    share(job, helpers);
  } else if (work.count > work.lead) {
    body(context, work.lead, work.count);
  }
  if (work.count >= 2 * work.share) lastWork.store(Clock::now(), std::memory_order_relaxed);
}

}  // namespace simd_activations
