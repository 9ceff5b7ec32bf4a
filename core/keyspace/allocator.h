#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if REPLETE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

// The keyspace's memory: sized allocation, and the size an allocation really takes. Accounting sums
// what AllocatedSize says, so a namespace's bytes are those of the allocator's size classes, not of
// requests. All pointers are aligned to 16 bytes: tables keep flags in the low four bits.
namespace replete {

// Bytes that an allocation of `n` bytes takes.
inline size_t AllocatedSize(size_t n) {
#if REPLETE_JEMALLOC
  return n <= 16 ? 16 : nallocx(n, 0);
#else
  return n <= 24 ? 32 : ((n + 8 + 15) & ~size_t{15});  // as glibc rounds, its header included
#endif
}

// Throws std::bad_alloc when the system has no memory left.
inline void* Allocate(size_t n) {
#if REPLETE_JEMALLOC
  void* p = mallocx(n <= 16 ? 16 : n, 0);
#else
  void* p = std::malloc(AllocatedSize(n) - 8);         // all of it may be used, as with jemalloc
#endif
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

// `n` is the size that was asked for, or any size with the same AllocatedSize.
inline void Free(void* p, size_t n) {
#if REPLETE_JEMALLOC
  sdallocx(p, n <= 16 ? 16 : n, 0);
#else
  (void)n;
  std::free(p);
#endif
}

// Whole cache lines; `n` is a multiple of 64.
inline void* AllocateLines(size_t n) {
#if REPLETE_JEMALLOC
  void* p = mallocx(n, MALLOCX_ALIGN(64));
#else
  void* p = std::aligned_alloc(64, n);
#endif
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

inline void FreeLines(void* p, size_t n) {
#if REPLETE_JEMALLOC
  sdallocx(p, n, MALLOCX_ALIGN(64));
#else
  (void)n;
  std::free(p);
#endif
}

}  // namespace replete
