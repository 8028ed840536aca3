// The kernels for AVX-512 F, BW, VL and DQ, and those of CPUs that also have BF16 and VNNI. Their code
// is in the Vector*.h files, written once on the vector type of VectorAvx512.h, and in DotPanels.h.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "Bf16.h"
#include "Tables.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)

#include "VectorAvx512.h"

#include "VectorMath.h"
#include "VectorMatrix.h"
#include "VectorDepthwise.h"
#include "VectorPanels.h"
#include "VectorElementwise.h"
#include "VectorRows.h"
#include "MapLoops.h"
#include "ConvertLoops.h"
#include "FoldLoops.h"

#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,avx2,fma,f16c"))), apply_to = function)

#include "DotPanels.h"

#pragma clang attribute pop

/// What both instruction sets compute alike.
#define COMMON_KERNELS \
  .gemv_f32 = gemv_f32_any, \
  .gemv_bf16 = gemv_bf16_any, \
  .accumulate_rows = accumulate_rows, \
  .depthwise = depthwise, \
  .bf16_to_f32 = bf16_to_f32, \
  .f32_to_bf16 = f32_to_bf16, \
  .epilogue = epilogue, \
  .layer_norm = layer_norm, \
  .rms_norm = rms_norm, \
  .softmax = softmax, \
  .softcap = softcap, \
  .rope = rope, \
  .online_softmax = online_softmax, \
  .unary = unary, \
  .binary = binary, \
  .map = map, \
  .convert = convert, \
  .fold = fold, \
  .reduce = reduce, \
  .argmax = argmax, \
  .gather_f32 = gather_f32, \
  .gather_bf16 = gather_bf16, \
  .panel_gemv_f32 = panel_gemv_f32, \
  .panel_gemv_bf16 = panel_gemv_bf16

const pg_kernels pg_kernels_avx512 = {
    .isa = PG_ISA_AVX512,
    .name = "avx512",
    COMMON_KERNELS,
    .f32_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_f32},
    .bf16_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_bf16},
    .int8_by_int8 = {INT8_WORDS_ROWS, block_bytes_int8_words, pack_int8_words, multiply_int8_words},
    .int4_by_int8 = {INT4_WORDS_ROWS, block_bytes_int4_words, pack_int4_words, multiply_int4_words},
};

const pg_kernels pg_kernels_avx512_bf16 = {
    .isa = PG_ISA_AVX512_BF16,
    .name = "avx512bf16",
    COMMON_KERNELS,
    .f32_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_f32},
    .bf16_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_bf16},
    .bf16_by_bf16 = {DOT_BLOCK_ROWS, block_bytes_pairs, pack_block_pairs, multiply_pairs},
    .int8_by_int8 = {DOT_BLOCK_ROWS, block_bytes_int8_vnni, pack_int8_vnni, multiply_int8_vnni},
    .int4_by_int8 = {INT4_VNNI_ROWS, block_bytes_int4_vnni, pack_int4_vnni, multiply_int4_vnni},
};

#endif
