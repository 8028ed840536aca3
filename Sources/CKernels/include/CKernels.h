/// The compute kernels of the run side: plain C over raw pointers, one thread, no allocation.
///
/// Every kernel exists once per instruction set, behind the table `pg_kernels`. The scalar table
/// is the definition: it accumulates in double and calls the C library's functions. The vector
/// tables must agree with it within the bounds that each entry states, with u = 2^-24.
///
/// Conventions. Dimension letters: M rows of activations, N rows of weights (output features),
/// K columns that are summed over, D width of a head or a row. Matrices are row-major; `ld…` is
/// the distance between the starts of two rows in elements. Pointers need only the alignment of
/// their element. An output may be the same memory as an input where the entry says "in place".
/// A kernel's result for one element depends on its inputs and sizes only, never on addresses.
#ifndef PALIGRAPH_CKERNELS_H
#define PALIGRAPH_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The name under which Swift sees a declaration.
#define PG_SWIFT(name) __attribute__((swift_name(#name)))

#pragma clang assume_nonnull begin

/// Instruction sets with kernels of their own, weakest first.
typedef enum PG_SWIFT(InstructionSet) __attribute__((enum_extensibility(closed))) pg_isa {
  PG_ISA_SCALAR PG_SWIFT(scalar) = 0,
  /// AVX2, FMA and F16C
  PG_ISA_AVX2 PG_SWIFT(avx2) = 1,
  /// AVX-512 F, BW, VL and DQ
  PG_ISA_AVX512 PG_SWIFT(avx512) = 2,
  /// the same with BF16 and VNNI: products of bf16 and int8 numbers
  PG_ISA_AVX512_BF16 PG_SWIFT(avx512BF16) = 3,
} pg_isa;

/// How the numbers of a weight in panels are stored.
///
/// A panel holds 16 rows of the weight, all columns of them, so that one load gives the same
/// columns of 16 outputs. The same bytes serve one row of activations and many, and every
/// instruction set. Rows and columns that are missing to whole panels are zeros.
typedef enum PG_SWIFT(PanelFormat) __attribute__((enum_extensibility(closed))) pg_panel_format {
  /// Element (row r, column c) of a panel is the f32 at c 16 + r. An odd last column is followed by
  /// one of zeros, as with bf16.
  PG_PANEL_F32 PG_SWIFT(f32) = 0,
  /// Element (row r, column c) of a panel is the bf16 at (c / 2 · 16 + r) 2 + c mod 2.
  PG_PANEL_BF16 PG_SWIFT(bf16),
  /// 16 f32 scales, one for each row, then bytes: element (row r, column c) is (b - 128) scale[r]
  /// with the byte b at (c / 4 · 16 + r) 4 + c mod 4. The largest |w| of a row is 127 steps.
  PG_PANEL_INT8 PG_SWIFT(int8),
  /// For each 64 columns, the last padded, 576 bytes: twice 16 bf16 scales, one for each row, the first
  /// for 32 columns, then four bits each. Element (row r, column c) of these is (h - 8) scale[c / 32, r],
  /// where h is the low half, for c mod 8 < 4, or the high half of the byte at
  /// 64 + (c / 8 · 16 + r) 4 + c mod 4. The scale is the one of some candidates with the least squared
  /// error.
  PG_PANEL_INT4 PG_SWIFT(int4),
} pg_panel_format;

/// Rows of a panel.
#define PG_PANEL_ROWS 16
/// Columns of activations that share a scale where they are rounded to int8.
#define PG_GROUP_COLUMNS 256

/// Functions of one f32 value. Vector error bounds hold for results that are normal numbers.
typedef enum PG_SWIFT(UnaryOperation) __attribute__((enum_extensibility(closed))) pg_unary {
  PG_UNARY_IDENTITY PG_SWIFT(identity) = 0,
  PG_UNARY_NEGATE PG_SWIFT(negate),
  PG_UNARY_ABS PG_SWIFT(abs),
  PG_UNARY_SQRT PG_SWIFT(sqrt),
  /// 1 / sqrt(x), two correctly rounded operations
  PG_UNARY_RSQRT PG_SWIFT(rsqrt),
  PG_UNARY_RECIPROCAL PG_SWIFT(reciprocal),
  /// relative error <= 2u; results below 2^-125 may be 0
  PG_UNARY_EXP PG_SWIFT(exp),
  /// relative error <= 4u
  PG_UNARY_LOG PG_SWIFT(log),
  /// relative error <= 4u, near 0 <= 2u
  PG_UNARY_SIN PG_SWIFT(sin),
  /// relative error <= 4u, near 0 <= 2u
  PG_UNARY_COS PG_SWIFT(cos),
  /// relative error <= 4u
  PG_UNARY_TANH PG_SWIFT(tanh),
  /// relative error <= 4u
  PG_UNARY_ERF PG_SWIFT(erf),
  /// NaN stays NaN
  PG_UNARY_RELU PG_SWIFT(relu),
  /// 1 / (1 + e^-x), relative error <= 5u
  PG_UNARY_SIGMOID PG_SWIFT(sigmoid),
  /// x sigmoid(x), relative error <= 5u
  PG_UNARY_SILU PG_SWIFT(silu),
  /// x/2 (1 + tanh(c (x + 0.044715 x^3))), c = sqrt(2/pi)
  PG_UNARY_GELU_TANH PG_SWIFT(geluTanh),
  /// x/2 (1 + erf(x / sqrt 2)), absolute error <= 4u |x|
  PG_UNARY_GELU_ERF PG_SWIFT(geluErf),
  PG_UNARY_FLOOR PG_SWIFT(floor),
  PG_UNARY_CEIL PG_SWIFT(ceil),
  /// ties to even
  PG_UNARY_ROUND PG_SWIFT(round),
  /// relative error <= 4u
  PG_UNARY_ATAN PG_SWIFT(atan),
} pg_unary;

/// Functions of two f32 values.
typedef enum PG_SWIFT(BinaryOperation) __attribute__((enum_extensibility(closed))) pg_binary {
  PG_BINARY_ADD PG_SWIFT(add) = 0,
  PG_BINARY_SUB PG_SWIFT(sub),
  PG_BINARY_MUL PG_SWIFT(mul),
  PG_BINARY_DIV PG_SWIFT(div),
  /// NaN if either is NaN
  PG_BINARY_MAX PG_SWIFT(max),
  /// NaN if either is NaN
  PG_BINARY_MIN PG_SWIFT(min),
  /// relative error <= 2u
  PG_BINARY_POW PG_SWIFT(pow),
} pg_binary;

/// Reductions of one row.
typedef enum PG_SWIFT(Reduction) __attribute__((enum_extensibility(closed))) pg_reduction {
  PG_REDUCTION_SUM PG_SWIFT(sum) = 0,
  PG_REDUCTION_MEAN PG_SWIFT(mean),
  /// NaN if any is NaN; -inf for an empty row
  PG_REDUCTION_MAX PG_SWIFT(max),
} pg_reduction;

/// Functions of one to three operands whose elements are not f32 throughout. A bool is a byte, true unless 0;
/// results of comparisons are 0 or 1.
typedef enum PG_SWIFT(MapOperation) __attribute__((enum_extensibility(closed))) pg_map {
  /// Integers wrap around.
  PG_MAP_NEGATE_I64 PG_SWIFT(negate) = 0,
  PG_MAP_ABS_I64 PG_SWIFT(abs),
  PG_MAP_RELU_I64 PG_SWIFT(relu),
  PG_MAP_ADD_I64 PG_SWIFT(add),
  PG_MAP_SUB_I64 PG_SWIFT(sub),
  PG_MAP_MUL_I64 PG_SWIFT(mul),
  /// Toward zero; 0 where the divisor is.
  PG_MAP_DIV_I64 PG_SWIFT(div),
  /// In double precision, toward zero; what does not fit is the nearest end.
  PG_MAP_POW_I64 PG_SWIFT(pow),
  PG_MAP_MAX_I64 PG_SWIFT(max),
  PG_MAP_MIN_I64 PG_SWIFT(min),
  PG_MAP_AND_I64 PG_SWIFT(and),
  PG_MAP_OR_I64 PG_SWIFT(or),
  PG_MAP_XOR_I64 PG_SWIFT(xor),
  /// A shift by a negative number goes the other way; by 64 or more, nothing is left but the sign.
  PG_MAP_SHIFT_LEFT_I64 PG_SWIFT(shiftLeft),
  PG_MAP_SHIFT_RIGHT_I64 PG_SWIFT(shiftRight),
  PG_MAP_EQUAL_I64 PG_SWIFT(equalIntegers),
  PG_MAP_EQUAL_F32 PG_SWIFT(equalFloats),
  PG_MAP_EQUAL_BOOL PG_SWIFT(equalFlags),
  PG_MAP_LESS_I64 PG_SWIFT(lessIntegers),
  PG_MAP_LESS_F32 PG_SWIFT(lessFloats),
  /// The second operand where the first, a bool, is true, else the third; of elements of 1, 2, 4 or 8 bytes.
  PG_MAP_SELECT_1 PG_SWIFT(select1),
  PG_MAP_SELECT_2 PG_SWIFT(select2),
  PG_MAP_SELECT_4 PG_SWIFT(select4),
  PG_MAP_SELECT_8 PG_SWIFT(select8),
} pg_map;

/// What `convert` reads and writes.
typedef enum PG_SWIFT(NumberType) __attribute__((enum_extensibility(closed))) pg_number {
  PG_NUMBER_F64 PG_SWIFT(f64) = 0,
  PG_NUMBER_F32 PG_SWIFT(f32),
  PG_NUMBER_F16 PG_SWIFT(f16),
  PG_NUMBER_BF16 PG_SWIFT(bf16),
  PG_NUMBER_I64 PG_SWIFT(i64),
  PG_NUMBER_I32 PG_SWIFT(i32),
  PG_NUMBER_I16 PG_SWIFT(i16),
  PG_NUMBER_I8 PG_SWIFT(i8),
  PG_NUMBER_U64 PG_SWIFT(u64),
  PG_NUMBER_U32 PG_SWIFT(u32),
  PG_NUMBER_U16 PG_SWIFT(u16),
  PG_NUMBER_U8 PG_SWIFT(u8),
  PG_NUMBER_BOOL PG_SWIFT(bool),
  /// A byte each.
  PG_NUMBER_I4 PG_SWIFT(i4),
  PG_NUMBER_U4 PG_SWIFT(u4),
  /// A floating-point format of at most 8 bits, which `pg_small_floats` describes.
  PG_NUMBER_SMALL PG_SWIFT(small),
} pg_number;

/// The small floats that `convert` reads and those that it writes.
typedef struct pg_small_floats {
  /// The values of the 256 bytes.
  const float *_Nullable values;
  /// The bytes for the 65,536 upper halves of an f32, for one whose lower half is 0 or, where the last bit
  /// of the upper half is set, any.
  const uint8_t *_Nullable codes;
} pg_small_floats;

/// Reductions of any axes. Those of f32 are taken in double precision; integers wrap around.
typedef enum PG_SWIFT(FoldOperation) __attribute__((enum_extensibility(closed))) pg_fold {
  PG_FOLD_SUM_F32 PG_SWIFT(sumFloats) = 0,
  PG_FOLD_MEAN_F32 PG_SWIFT(meanFloats),
  /// NaN if any is NaN; -inf of none
  PG_FOLD_MAX_F32 PG_SWIFT(maxFloats),
  PG_FOLD_PRODUCT_F32 PG_SWIFT(productFloats),
  PG_FOLD_SUM_I64 PG_SWIFT(sumIntegers),
  PG_FOLD_MAX_I64 PG_SWIFT(maxIntegers),
  PG_FOLD_PRODUCT_I64 PG_SWIFT(productIntegers),
} pg_fold;

/// The largest rank of a tensor.
#define PG_MAX_RANK 8

/// Extents and strides, in elements, of 1 to PG_MAX_RANK axes.
typedef struct pg_axes {
  size_t rank;
  ptrdiff_t shape[PG_MAX_RANK], strides[PG_MAX_RANK];
} pg_axes;

/// An operand of rows and columns: element (r, c) lies at r · row + c · step elements. Distances may be 0 or
/// negative.
typedef struct pg_strided {
  const void *base;
  ptrdiff_t row, step;
} pg_strided;

/// What happens to a finished product y[m, n], in this order:
///   y += bias[n];  y = activation(y);  y *= multiplier[m, n];  y += residual[m, n].
/// A null pointer leaves its stage out. `multiplier` and `residual` may be the output itself, with
/// its row distance, since every element is read before it is written.
typedef struct pg_epilogue {
  const float *_Nullable bias;
  pg_unary activation;
  const float *_Nullable multiplier;
  ptrdiff_t ld_multiplier;
  const float *_Nullable residual;
  ptrdiff_t ld_residual;
} pg_epilogue;

/// The first n rows of panels of k columns, of which `count` columns from `first` on, a multiple of
/// PG_GROUP_COLUMNS.
typedef struct pg_panel_part {
  const void *panels;
  size_t n, k, first, count;
} pg_panel_part;

/// The part that is multiplied next, to be fetched into the second-level cache: a share of it, number
/// `share` of `shares`. It has the format, the k and at most the n of the part at hand.
typedef struct pg_panel_ahead {
  pg_panel_part part;
  size_t share, shares;
} pg_panel_ahead;

/// A product of rows of activations with a weight in panels. It works on blocks of `block_rows` rows
/// of activations, in an order that is the instruction set's own.
typedef struct pg_block_product {
  /// 0 where the instruction set has no such product.
  size_t block_rows;
  /// Bytes of a block of k columns.
  size_t (*_Nullable block_bytes)(size_t k);
  /// Makes a block of m <= block_rows rows of x, rounding as the product demands.
  void (*_Nullable pack)(void *block, const float *x, ptrdiff_t ldx, size_t m, size_t k);
  /// y[i, j] = sum_c block[i, c] w[j, c], or += where `accumulates`, for the first m rows of a block
  /// and the rows and columns of `part`.
  void (*_Nullable multiply)(float *y, ptrdiff_t ldy, const void *block, size_t m,
                             const pg_panel_part *part, bool accumulates,
                             const pg_panel_ahead *_Nullable ahead);
} pg_block_product;

/// One instruction set's kernels.
typedef struct pg_kernels {
  pg_isa isa;
  const char *name;

  /// y[m, n] = sum_k x[m, k] w[n, k]: products of a few rows with a weight, reading the weight
  /// once per 8 rows. Error <= (K/L + 8) u sum_k |x w| with L = 16 lanes (AVX2: 8).
  void (*gemv_f32)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                   const float *w, ptrdiff_t ldw, size_t n, size_t k);
  /// The same with a bf16 weight, widened exactly.
  void (*gemv_bf16)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                    const uint16_t *w, ptrdiff_t ldw, size_t n, size_t k);
  /// out[m, d] += sum_n p[m, n] v[n, d], added in the order of n. Error <= (N + 1) u sum |p v|.
  void (*accumulate_rows)(float *out, ptrdiff_t ldo, const float *p, ptrdiff_t ldp, size_t m,
                          const float *v, ptrdiff_t ldv, size_t n, size_t d);
  /// out[i, c] = bias[c] + sum_t x[t][i ldx + c] w[t][c] for m places and n channels: products of each
  /// channel with its own weights, added in the order of t. Error <= (T + 1) u (|bias| + sum |x w|).
  void (*depthwise)(float *out, ptrdiff_t ldo, const float *_Nonnull const *_Nonnull x,
                    ptrdiff_t ldx, const float *_Nonnull const *_Nonnull w, size_t taps, size_t m,
                    size_t n, const float *_Nullable bias);

  /// out[r, c] = in[r, c], exact.
  void (*bf16_to_f32)(float *out, ptrdiff_t ldo, const uint16_t *in, ptrdiff_t ldi, size_t rows,
                      size_t cols);
  /// out[r, c] = in[r, c] rounded to nearest, ties to even; a NaN stays a (quiet) NaN.
  void (*f32_to_bf16)(uint16_t *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                      size_t cols);

  /// out[r, c] = epilogue(in[r, c]). In place.
  void (*epilogue)(float *out, ptrdiff_t ldo, const float *in, ptrdiff_t ldi, size_t rows,
                   size_t cols, const pg_epilogue *epilogue);

  /// out[r, c] = (x[r, c] - mean) / sqrt(variance + eps) weight[c] + bias[c], biased variance,
  /// computed in two passes. In place. A null weight is 1, a null bias is 0.
  void (*layer_norm)(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                     size_t cols, const float *_Nullable weight, const float *_Nullable bias,
                     float eps);
  /// out[r, c] = x[r, c] / sqrt(mean(x^2) + eps) (weight_offset + weight[c]). In place.
  /// A null weight multiplies by 1.
  void (*rms_norm)(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                   size_t cols, const float *_Nullable weight, float weight_offset, float eps);
  /// out[r, c] = e^(x[r, c] - max) / sum. In place. A row that is -inf throughout gives NaN, as
  /// the formula does.
  void (*softmax)(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, size_t rows,
                  size_t cols);
  /// out[i] = cap tanh(x[i] / cap). In place.
  void (*softcap)(float *out, const float *x, size_t n, float cap);
  /// out[r, :] = x[r, :] cos[r, :] + rotate_half(x[r, :]) sin[r, :], where rotate_half of the
  /// halves (a, b) is (-b, a) and `d` is even. In place.
  void (*rope)(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, const float *cos,
               ptrdiff_t ldcos, const float *sin, ptrdiff_t ldsin, size_t rows, size_t d);
  /// One row and one block of keys of online softmax. s[i] starts as the plain dot product:
  ///   t = scale s[i];  t = softcap tanh(t / softcap) if softcap > 0;  t += additive[i]
  ///   new = max(*max, max t);  s[i] = e^(t - new);  *sum = *sum c + sum s[i], c = e^(*max - new)
  /// Returns c, by which sums of values collected so far are to be multiplied. While everything
  /// seen is -inf, s becomes 0 and c is 1. Start with *max = -inf and *sum = 0.
  float (*online_softmax)(float *s, size_t n, float scale, float softcap,
                          const float *_Nullable additive, float *max, float *sum);

  /// out[i] = op(x[i]). In place.
  void (*unary)(pg_unary op, float *out, const float *x, size_t n);
  /// out[i] = op(a[i * stride_a], b[i * stride_b]). In place. Strides may be 0 or negative.
  void (*binary)(pg_binary op, float *out, const float *a, ptrdiff_t stride_a, const float *b,
                 ptrdiff_t stride_b, size_t n);
  /// out[r, c] = op of the operands' elements there, for a dense `out`. In place.
  void (*map)(pg_map op, void *out, const pg_strided *operands, size_t rows, size_t cols);
  /// out[r, c] = x[r, c] as a number of the other type, by way of f64, for a dense `out`; `…_size` are bytes of
  /// an element. To integers: toward zero, NaN is 0, what does not fit is the nearest end. To bool: not 0.
  void (*convert)(pg_number to, void *out, size_t out_size, pg_number from, const pg_strided *x,
                  size_t x_size, size_t rows, size_t cols, const pg_small_floats *small);
  /// out[i] = the reduction of x over the axes `folded` at place first + i of the axes `kept`, for i < count.
  void (*fold)(pg_fold op, void *out, const void *x, const pg_axes *kept, const pg_axes *folded,
               size_t first, size_t count);
  /// out[r] = reduction of x[r, :]. `PG_REDUCTION_MEAN` of an empty row is NaN.
  void (*reduce)(pg_reduction op, float *out, const float *x, ptrdiff_t ldx, size_t rows,
                 size_t cols);
  /// The index of the largest value, the first of equals; a NaN counts as the largest, as in
  /// PyTorch. `n` is at least 1.
  size_t (*argmax)(const float *x, size_t n);

  /// out[r, :] = scale table[ids[r], :]. Every id is a row of the table: the caller has checked.
  void (*gather_f32)(float *out, ptrdiff_t ldo, const float *table, ptrdiff_t ldt,
                     const int64_t *ids, size_t rows, size_t cols, float scale);
  void (*gather_bf16)(float *out, ptrdiff_t ldo, const uint16_t *table, ptrdiff_t ldt,
                      const int64_t *ids, size_t rows, size_t cols, float scale);

  /// y[m, n] = sum_k x[m, k] w[n, k] for at most 8 rows of activations and the first n rows of
  /// panels, each panel read once. Error <= (K + 8) u sum_k |x w|.
  void (*panel_gemv_f32)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                         const void *panels, size_t n, size_t k);
  void (*panel_gemv_bf16)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, size_t m,
                          const void *panels, size_t n, size_t k);

  /// Weights in panels times activations. With f32 activations: error <= (K + 8) u sum_k |x w|.
  pg_block_product f32_by_f32;
  pg_block_product bf16_by_f32;
  /// Activations rounded to bf16, whose products are exact, for instruction sets that have them.
  /// Error, of the rounded activations, <= (K + 8) u sum_k |x w|.
  pg_block_product bf16_by_bf16;
  /// Activations rounded to int8: in each group of PG_GROUP_COLUMNS columns, the largest |x| of a
  /// row is 127 steps. Sums of a group are exact, so the results of the same activations have the
  /// same bits on every instruction set.
  pg_block_product int8_by_int8;
  pg_block_product int4_by_int8;
} pg_kernels;

/// Bytes of a panel of k columns.
size_t pg_panel_bytes(pg_panel_format format, size_t k);

/// Stores n rows of a weight as ceil(n / 16) panels, rounding as the format demands.
void pg_pack_panels(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                    size_t k);

/// Stores the columns of a matrix [k, n] as ceil(n / 16) panels of f32 or bf16 with k columns each: the
/// panels of its transpose.
void pg_pack_columns(pg_panel_format format, void *panels, const float *w, ptrdiff_t ldw, size_t n,
                     size_t k);

/// out[r, :] = scale times row ids[r] of the panels. Every id is a row: the caller has checked.
void pg_gather_panels(pg_panel_format format, float *out, ptrdiff_t ldo, const void *panels,
                      const int64_t *ids, size_t rows, size_t k, float scale);

/// The strongest instruction set that this CPU has and that the environment variable
/// `PALIGRAPH_ISA` (`scalar`, `avx2`, `avx512` or `avx512bf16`) permits. A value that is not known
/// permits all; programs refuse it first.
pg_isa pg_best_isa(void);

/// Whether a name is one of the values of `PALIGRAPH_ISA`.
bool pg_isa_is_known(const char *name);

/// Whether this CPU can run the kernels of `isa`.
bool pg_isa_is_supported(pg_isa isa);

/// The kernels for `isa`, or for the strongest supported one below it.
const pg_kernels *pg_kernels_for(pg_isa isa);

/// out[i0, …] = in[i0, …] for every index below `shape`, in units of `element_size` bytes
/// (1, 2, 4 or 8). Strides are in elements, may be 0 or negative for the input. Neighbouring
/// dimensions that lie densely in both are merged first, so a contiguous copy is one memcpy.
/// `rank` is at most PG_MAX_RANK; the regions do not overlap.
void pg_copy_strided(void *out, const void *in, size_t element_size, size_t rank,
                     const ptrdiff_t *shape, const ptrdiff_t *out_strides,
                     const ptrdiff_t *in_strides);

/// Running sums of lines, of f32 or, where `is_integer`, of i64, which wrap around:
/// out[s, w] = sum of x[0, w] … x[s, w], without x[s, w] where `is_exclusive`; from the other end where
/// `is_reverse`. Element (s, w) lies at s · step + w · line elements.
void pg_cumulate(bool is_integer, void *out, ptrdiff_t out_step, ptrdiff_t out_line, const void *x,
                 ptrdiff_t step, ptrdiff_t line, size_t steps, size_t lines, bool is_exclusive,
                 bool is_reverse);

/// out[c] = the place of the best of `count` >= 1 numbers x[0, c], x[1, c], … at `step` elements from each other, of
/// f32 or, where `is_integer`, of i64: the largest or smallest, the first of equals. A NaN is the largest.
void pg_best_of_columns(bool is_integer, bool is_largest, int64_t *out, const void *x, ptrdiff_t step,
                        size_t count, size_t columns);

/// out[i, l] = the place of the i-th of the best k <= `count` numbers x[0, l], x[1, l], … of f32 or, where
/// `is_integer`, of i64: the largest or smallest, equals in their order. A NaN is the largest. Element (s, l) lies at
/// s · step + l · line elements. Takes O(count · log k) for each of the lines.
void pg_top_k(bool is_integer, bool is_largest, int64_t *out, ptrdiff_t out_step, ptrdiff_t out_line,
              const void *x, ptrdiff_t step, ptrdiff_t line, size_t count, size_t k, size_t lines);

/// Kinds of arithmetic with peaks of their own: what the kernels for f32, bf16 and int8 weights use.
typedef enum PG_SWIFT(PeakKind) __attribute__((enum_extensibility(closed))) pg_peak {
  PG_PEAK_F32 PG_SWIFT(f32) = 0,
  PG_PEAK_BF16 PG_SWIFT(bf16),
  PG_PEAK_INT8 PG_SWIFT(int8),
} pg_peak;

/// Does arithmetic of a kind on registers, as fast as the CPU can within `isa`, and returns how many
/// multiplications and additions it did.
uint64_t pg_run_peak(pg_isa isa, pg_peak kind, uint64_t rounds);

/// Reads memory once, in order, and returns a sum of its words. `memory` is aligned to 8 bytes.
uint64_t pg_read_memory(const void *memory, size_t bytes);

/// Processors that this process may run on, at least 1.
size_t pg_processor_count(void);

/// Whether `pg_ticks` counts at one speed, whatever the CPU's clock does, and on all processors alike.
bool pg_has_steady_ticks(void);

/// The CPU's counter of time, in a unit of its own: half as expensive to read as a clock.
static inline uint64_t pg_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

/// From now on numbers below 2^-126, which some CPUs compute with slowly, are 0 for this thread: operands and results
/// of vector arithmetic alike. Returns the mode before, for `pg_restore_arithmetic`.
static inline unsigned pg_flush_denormals(void) {
#if defined(__x86_64__)
  const unsigned mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode | 0x8040);
  return mode;
#else
  return 0;
#endif
}

static inline void pg_restore_arithmetic(unsigned mode) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(mode);
#else
  (void)mode;
#endif
}

/// Tells the CPU that this thread waits for another one in a loop.
static inline void pg_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

#pragma clang assume_nonnull end

#endif
