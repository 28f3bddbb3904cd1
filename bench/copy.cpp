// What memory can do: memcpy, a copy by streaming stores, and an update in place, on 1 to N threads. The ceilings of the
// benchmarks; a peer like the others, with the protocol of peer.mjs, as far as it needs it.
//
//   copy memcpy | stream | update
//
// Each thread repeats its own part and waits for no other, so that neither its start nor its end is counted.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <string>
#include <thread>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

constexpr size_t kLine = 64;

void update(char* to, const char*, size_t bytes) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t word;
    memcpy(&word, to + i, 8);
    word ^= 1;
    memcpy(to + i, &word, 8);
  }
}

// Past the caches, where the CPU has an instruction for it.
void stream(char* to, const char* from, size_t bytes) {
  size_t i = 0;
  for (; i + kLine <= bytes; i += kLine) {
#if defined(__SSE2__)
    for (size_t k = i; k < i + kLine; k += 16) {
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + k), _mm_load_si128(reinterpret_cast<const __m128i*>(from + k)));
    }
#elif defined(__aarch64__)
    __asm__ volatile(
        "ldp q0, q1, [%1]\n ldp q2, q3, [%1, #32]\n stnp q0, q1, [%0]\n stnp q2, q3, [%0, #32]" ::"r"(to + i),
        "r"(from + i)
        : "v0", "v1", "v2", "v3", "memory");
#else
    memcpy(to + i, from + i, kLine);
#endif
  }
  memcpy(to + i, from + i, bytes - i);
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

void copy(char* to, const char* from, size_t bytes) { memcpy(to, from, bytes); }

using Work = void (*)(char* to, const char* from, size_t bytes);

// The number after a key, in a line as JSON.stringify writes it.
double number(const std::string& line, const char* key) {
  const std::string quoted = std::string("\"") + key + "\":";
  const size_t at = line.find(quoted);
  return at == std::string::npos ? 0 : strtod(line.c_str() + at + quoted.size(), nullptr);
}

struct Buffer {
  char* data = nullptr;
  void resize(size_t bytes) {
    const std::align_val_t line{kLine};
    if (data != nullptr) ::operator delete(data, line);
    data = static_cast<char*>(::operator new(bytes, line));
    memset(data, 1, bytes);
  }
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of one pass over all parts.
double measure(Work work, const Buffer& to, const Buffer& from, size_t bytes, size_t count, double duration) {
  const size_t part = (bytes / count + kLine - 1) / kLine * kLine;
  const size_t batch = 1 + (size_t{1} << 16) / part;  // passes between two looks at the clock
  std::atomic<size_t> ready{0};
  std::vector<double> times(count);
  const auto body = [&](size_t index) {
    const size_t begin = index * part < bytes ? index * part : bytes;
    const size_t length = bytes - begin < part ? bytes - begin : part;
    ready++;
    while (ready < count) {
    }
    const double start = seconds();
    size_t passes = 0;
    double elapsed;
    do {
      for (size_t i = 0; i < batch; i++) {
        work(to.data + begin, from.data + begin, length);
        __asm__ volatile("" ::: "memory");  // nothing is left out because it was done before
      }
      passes += batch;
      elapsed = seconds() - start;
    } while (elapsed < duration);
    times[index] = elapsed / double(passes);
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; i++) threads.emplace_back(body, i);
  body(0);
  for (std::thread& thread : threads) thread.join();
  double speed = 0;  // the threads' together
  for (const double time : times) speed += 1 / time;
  return double(count) / speed;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const Work work = name == "memcpy" ? copy : name == "stream" ? stream : name == "update" ? update : nullptr;
  if (work == nullptr) return 2;
  Buffer from, to;
  size_t bytes = 0, threads = 1;
  std::string line;
  for (int c; (c = getchar()) != EOF;) {
    if (c != '\n') {
      line += char(c);
      continue;
    }
    if (line.find("\"do\":\"describe\"") != std::string::npos) {
      printf("{\"name\":\"%s\",\"version\":\"\",\"note\":\"C++\",\"ceiling\":true,\"threaded\":true,\"inPlace\":\"%s\"}\n",
             name.c_str(), work == update ? "only" : "never");
    } else if (line.find("\"do\":\"prepare\"") != std::string::npos) {
      bytes = size_t(number(line, "bytes"));
      threads = size_t(number(line, "threads"));
      from.resize(work == update ? 0 : bytes);
      to.resize(bytes);
      printf("{}\n");
    } else {
      const double start = seconds();
      const clock_t cpu = clock();
      const double time = measure(work, to, from, bytes, threads, number(line, "seconds"));
      const double cores = double(clock() - cpu) / CLOCKS_PER_SEC / (seconds() - start);
      printf("{\"seconds\":%.9g,\"cores\":%.3f}\n", time, cores);
    }
    fflush(stdout);
    line.clear();
  }
}
