#include "dequantize.h"

#include <string.h>

// Fused multiply-add would round once where ggml rounds twice.
#pragma STDC FP_CONTRACT OFF

enum { BLOCK = 32 };

static inline uint16_t load_u16(const uint8_t *bytes) {
  uint16_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static inline float from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Only integer arithmetic on the bits, and a normal float for subnormal halves: exact whatever the
/// thread's denormal mode is, and free of branches so that loops over it vectorise.
static inline float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
  const uint32_t rebias = 112u << 23;  // 127 − 15
  const float subnormal = (float)(int32_t)(half & 0x3ffu) * 0x1p-24f;
  uint32_t subnormal_bits;
  memcpy(&subnormal_bits, &subnormal, sizeof subnormal_bits);

  uint32_t bits = magnitude + rebias;
  bits += magnitude >= (31u << 23) ? rebias : 0;  // infinity and NaN
  bits = magnitude < (1u << 23) ? subnormal_bits : bits;
  return from_bits(bits | sign);
}

void dequantize_f32(const uint8_t *source, float *destination, size_t count) {
  memcpy(destination, source, count * sizeof(float));
}

void dequantize_f16(const uint8_t *source, float *destination, size_t count) {
  for (size_t i = 0; i < count; i++) destination[i] = half_to_float(load_u16(source + 2 * i));
}

void dequantize_bf16(const uint8_t *source, float *destination, size_t count) {
  for (size_t i = 0; i < count; i++) {
    destination[i] = from_bits((uint32_t)load_u16(source + 2 * i) << 16);
  }
}

void dequantize_q8_0(const uint8_t *source, float *destination, size_t count) {
  for (size_t block = 0; block < count / BLOCK; block++, source += 34, destination += BLOCK) {
    const float d = half_to_float(load_u16(source));
    const uint8_t *q = source + 2;
    for (int i = 0; i < BLOCK; i++) destination[i] = (float)(int8_t)q[i] * d;
  }
}

void dequantize_q4_0(const uint8_t *source, float *destination, size_t count) {
  for (size_t block = 0; block < count / BLOCK; block++, source += 18, destination += BLOCK) {
    const float d = half_to_float(load_u16(source));
    const uint8_t *q = source + 2;
    for (int i = 0; i < BLOCK / 2; i++) {
      destination[i] = (float)((q[i] & 15) - 8) * d;
      destination[i + BLOCK / 2] = (float)((q[i] >> 4) - 8) * d;
    }
  }
}

void dequantize_q4_1(const uint8_t *source, float *destination, size_t count) {
  for (size_t block = 0; block < count / BLOCK; block++, source += 20, destination += BLOCK) {
    const float d = half_to_float(load_u16(source));
    const float m = half_to_float(load_u16(source + 2));
    const uint8_t *q = source + 4;
    for (int i = 0; i < BLOCK / 2; i++) {
      destination[i] = (float)(q[i] & 15) * d + m;
      destination[i + BLOCK / 2] = (float)(q[i] >> 4) * d + m;
    }
  }
}
