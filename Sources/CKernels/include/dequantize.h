#pragma once
#include <stddef.h>
#include <stdint.h>

// Weights of a model file, decoded to float.
//
// `source` may have any alignment and is little-endian; `count` is in elements, a multiple of 32 for the
// block formats. Block layouts follow ggml-common.h of the ggml repository; every value is computed as ggml
// computes it (separate multiplication and addition), so that decoded weights equal ggml's bit for bit.

/// IEEE binary32, copied.
void dequantize_f32(const uint8_t *source, float *destination, size_t count);

/// IEEE binary16; subnormals, infinities and NaN payloads are kept.
void dequantize_f16(const uint8_t *source, float *destination, size_t count);

/// bfloat16: the upper half of a binary32.
void dequantize_bf16(const uint8_t *source, float *destination, size_t count);

/// Blocks of 32 in 34 bytes: scale d (f16), then 32 signed bytes q. value = d·q
void dequantize_q8_0(const uint8_t *source, float *destination, size_t count);

/// Blocks of 32 in 18 bytes: scale d (f16), then 16 bytes. The low nibbles are elements 0…15, the high
/// ones 16…31. value = d·(q − 8)
void dequantize_q4_0(const uint8_t *source, float *destination, size_t count);

/// Blocks of 32 in 20 bytes: scale d (f16), minimum m (f16), then 16 bytes as in Q4_0. value = d·q + m
void dequantize_q4_1(const uint8_t *source, float *destination, size_t count);
