// The inner loop of every layer: C[m][n] = start[m][n] + sum over i of A[m][i] B[i][n], a chain of fused
// multiply-adds over i in order for each element.
//
// A tile keeps R rows x N vectors of C in registers while i runs once. Rows and columns never mix, so how a product is
// cut into tiles does not show in its results.

typedef struct {
  const float *a;
  size_t a_row, a_step;  // A[m][i] is a[m * a_row + i * a_step]
  const float *b;
  size_t b_step;         // B[i][n] is b[i * b_step + n]
  const float *start;    // NULL: zero
  size_t start_row;      // 0: the same row for all, a bias
  float *c;
  size_t c_row;
  size_t steps;
  uint32_t activation;   // applied to the finished element
} product;

CK_INLINE void activate8(float *c, uint32_t activation) {
  if (activation == CK_TANH) store8(c, tanh8(load8(c)));
  if (activation == CK_RELU) store8(c, relu8(load8(c)));
}
CK_INLINE void activate16(float *c, uint32_t activation) {
  if (activation == CK_TANH) store16(c, tanh16(load16(c)));
  if (activation == CK_RELU) store16(c, relu16(load16(c)));
}

#define CK_EACH(I, COUNT) _Pragma("clang loop unroll(full)") for (int I = 0; I < (COUNT); I++)

// The results are stored before they are activated: with the activation's constants alive beside the sums, the
// compiler would spill sums inside the loop.
#define CK_TILE(NAME, F, S, R, N)                                                                                    \
  static __attribute__((noinline)) void NAME(const product *restrict p, size_t row, size_t column) {                 \
    F sum[R][N];                                                                                                     \
    const float *start = p->start ? p->start + row * p->start_row + column : NULL;                                   \
    CK_EACH(r, R) CK_EACH(n, N) sum[r][n] = start ? load##S(start + r * p->start_row + n * S) : splat##S(0);         \
    const float *a = p->a + row * p->a_row, *b = p->b + column;                                                      \
    const size_t a_row = p->a_row, a_step = p->a_step, b_step = p->b_step;                                           \
    _Pragma("clang loop unroll(disable)") for (size_t i = p->steps; i > 0; i--) {                                    \
      F right[N];                                                                                                    \
      CK_EACH(n, N) right[n] = load##S(b + n * S);                                                                   \
      CK_EACH(r, R) {                                                                                                \
        const F left = splat##S(a[r * a_row]);                                                                       \
        CK_EACH(n, N) sum[r][n] = fma##S(left, right[n], sum[r][n]);                                                 \
      }                                                                                                              \
      a += a_step;                                                                                                   \
      b += b_step;                                                                                                   \
    }                                                                                                                \
    float *c = p->c + row * p->c_row + column;                                                                       \
    CK_EACH(r, R) CK_EACH(n, N) store##S(c + r * p->c_row + n * S, sum[r][n]);                                       \
    if (p->activation != CK_IDENTITY)                                                                                \
      for (int r = 0; r < (R); r++) CK_EACH(n, N) activate##S(c + r * p->c_row + n * S, p->activation);              \
  }

#define CK_TILES(NAME, R)                                                                                            \
  for (; row + (R) <= rows; row += (R)) NAME(p, row, column)

CK_TILE(tile_8x8, f8, 8, 8, 1)
CK_TILE(tile_4x8, f8, 8, 4, 1)
CK_TILE(tile_2x8, f8, 8, 2, 1)
CK_TILE(tile_1x8, f8, 8, 1, 1)

CK_INLINE void columns8(const product *p, size_t rows, size_t column) {
  size_t row = 0;
  CK_TILES(tile_8x8, 8);
  CK_TILES(tile_4x8, 4);
  CK_TILES(tile_2x8, 2);
  CK_TILES(tile_1x8, 1);
}

#if CK_LANES == 16

// 32 registers: 12 x 2 sums, 2 of B, 1 of A.
CK_TILE(tile_12x32, f16, 16, 12, 2)
CK_TILE(tile_8x32, f16, 16, 8, 2)
CK_TILE(tile_4x32, f16, 16, 4, 2)
CK_TILE(tile_2x32, f16, 16, 2, 2)
CK_TILE(tile_1x32, f16, 16, 1, 2)
CK_TILE(tile_12x16, f16, 16, 12, 1)
CK_TILE(tile_8x16, f16, 16, 8, 1)
CK_TILE(tile_4x16, f16, 16, 4, 1)
CK_TILE(tile_2x16, f16, 16, 2, 1)
CK_TILE(tile_1x16, f16, 16, 1, 1)

CK_INLINE void columns32(const product *p, size_t rows, size_t column) {
  size_t row = 0;
  CK_TILES(tile_12x32, 12);
  CK_TILES(tile_8x32, 8);
  CK_TILES(tile_4x32, 4);
  CK_TILES(tile_2x32, 2);
  CK_TILES(tile_1x32, 1);
}

CK_INLINE void columns16(const product *p, size_t rows, size_t column) {
  size_t row = 0;
  CK_TILES(tile_12x16, 12);
  CK_TILES(tile_8x16, 8);
  CK_TILES(tile_4x16, 4);
  CK_TILES(tile_2x16, 2);
  CK_TILES(tile_1x16, 1);
}

#else

// 16 registers: 6 x 2 sums, 2 of B, 1 of A.
CK_TILE(tile_6x16, f8, 8, 6, 2)
CK_TILE(tile_5x16, f8, 8, 5, 2)
CK_TILE(tile_4x16, f8, 8, 4, 2)
CK_TILE(tile_3x16, f8, 8, 3, 2)
CK_TILE(tile_2x16, f8, 8, 2, 2)
CK_TILE(tile_1x16, f8, 8, 1, 2)
CK_TILE(tile_2x32, f8, 8, 2, 4)
CK_TILE(tile_1x32, f8, 8, 1, 4)

CK_INLINE void columns16(const product *p, size_t rows, size_t column) {
  size_t row = 0;
  CK_TILES(tile_6x16, 6);
  CK_TILES(tile_5x16, 5);
  CK_TILES(tile_4x16, 4);
  CK_TILES(tile_3x16, 3);
  CK_TILES(tile_2x16, 2);
  CK_TILES(tile_1x16, 1);
}

CK_INLINE void columns32(const product *p, size_t rows, size_t column) {
  const size_t wide = rows % 6 <= 2 ? rows % 6 : 0;  // rows left over that still fill the registers with 32 columns
  columns16(p, rows - wide, column);
  columns16(p, rows - wide, column + 16);
  if (wide == 2) tile_2x32(p, rows - 2, column);
  if (wide == 1) tile_1x32(p, rows - 1, column);
}

#endif

// `width` columns, a multiple of 8.
CK_INLINE void multiply(const product *p, size_t rows, size_t width) {
  size_t column = 0;
  for (; column + 32 <= width; column += 32) columns32(p, rows, column);
  if (column + 16 <= width) {
    columns16(p, rows, column);
    column += 16;
  }
  if (column < width) columns8(p, rows, column);
}
