// The kernels for AVX2 with FMA and F16C. Their code is in the Vector*.h files, written once on the
// vector type of VectorAvx2.h.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "Bf16.h"
#include "Tables.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "VectorAvx2.h"

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

const pg_kernels pg_kernels_avx2 = {
    .isa = PG_ISA_AVX2,
    .name = "avx2",
    .gemv_f32 = gemv_f32_any,
    .gemv_bf16 = gemv_bf16_any,
    .accumulate_rows = accumulate_rows,
    .depthwise = depthwise,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .epilogue = epilogue,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .softmax = softmax,
    .softcap = softcap,
    .rope = rope,
    .online_softmax = online_softmax,
    .unary = unary,
    .binary = binary,
    .map = map,
    .convert = convert,
    .fold = fold,
    .reduce = reduce,
    .argmax = argmax,
    .gather_f32 = gather_f32,
    .gather_bf16 = gather_bf16,
    .panel_gemv_f32 = panel_gemv_f32,
    .panel_gemv_bf16 = panel_gemv_bf16,
    .f32_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_f32},
    .bf16_by_f32 = {BLOCK_ROWS, block_bytes_f32, pack_block_f32, multiply_bf16},
    .int8_by_int8 = {INT8_WORDS_ROWS, block_bytes_int8_words, pack_int8_words, multiply_int8_words},
    .int4_by_int8 = {INT4_WORDS_ROWS, block_bytes_int4_words, pack_int4_words, multiply_int4_words},
};

#endif
