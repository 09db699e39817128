// Loops that the compiler vectorises for each instruction set; the best is chosen when the program starts.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KERNEL
#endif
#define INLINE static inline __attribute__((always_inline))
/// Lets sums be reordered, so that they vectorise; the order is fixed by the code, not by the data.
#define REASSOCIATE _Pragma("clang fp reassociate(on)")

/// e^x to 2 units in the last place for x in [-87, 88]; clamped outside, so 0 never comes out.
/// Range reduction by ln 2 in two parts, then the polynomial of Cephes' expf.
INLINE float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float n = x * 1.44269504f + 12582912.0f;  // 1.5·2²³: the integer lands in the low mantissa bits
  int32_t bits;
  memcpy(&bits, &n, 4);
  n -= 12582912.0f;
  float r = x - n * 0.693359375f - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  int32_t power = (bits - 0x4b400000 + 127) << 23;
  float scale;
  memcpy(&scale, &power, 4);
  return p * scale;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }
INLINE float widen(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float x;
  memcpy(&x, &bits, 4);
  return x;
}
/// Round to nearest even. A NaN keeps the upper part of its payload and is made quiet: rounding would carry a payload
/// of ones over into −0, and a payload below bit 16 would be cut to ∞.
INLINE uint16_t narrow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}
