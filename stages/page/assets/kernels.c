// Matrix products for the page's decoders, in WebAssembly SIMD. The committed kernels.wasm is made of this file by
//   pip install ziglang==0.17.1 && python -m ziglang cc -target wasm32-freestanding -mcpu=generic+simd128 -O3 -s \
//     -nostdlib -Wl,--no-entry -Wl,--export=gemm -Wl,--export=gemv -Wl,--export=columns -Wl,--import-memory \
//     -Wl,-z,stack-size=65536 -o kernels.wasm kernels.c
#include <wasm_simd128.h>

// c (m x n) = a (m x k) b (k x n) + bias (m), rows contiguous: blocks of 4 x 8 in registers, then what is left over.
void gemm(int m, int n, int k, const float *a, const float *b, const float *bias, float *c) {
  int rows = m & ~3, columns = n & ~7;
  for (int j = 0; j < columns; j += 8) {
    for (int i = 0; i < rows; i += 4) {
      v128_t sums[4][2];
      for (int r = 0; r < 4; r++) sums[r][0] = sums[r][1] = wasm_f32x4_splat(bias[i + r]);
      for (int p = 0; p < k; p++) {
        v128_t left = wasm_v128_load(b + p * n + j), right = wasm_v128_load(b + p * n + j + 4);
        for (int r = 0; r < 4; r++) {
          v128_t weight = wasm_f32x4_splat(a[(i + r) * k + p]);
          sums[r][0] = wasm_f32x4_add(sums[r][0], wasm_f32x4_mul(weight, left));
          sums[r][1] = wasm_f32x4_add(sums[r][1], wasm_f32x4_mul(weight, right));
        }
      }
      for (int r = 0; r < 4; r++) {
        wasm_v128_store(c + (i + r) * n + j, sums[r][0]);
        wasm_v128_store(c + (i + r) * n + j + 4, sums[r][1]);
      }
    }
  }
  for (int i = 0; i < m; i++) {
    for (int j = i < rows ? columns : 0; j < n; j++) {
      float sum = bias[i];
      for (int p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
      c[i * n + j] = sum;
    }
  }
}

// y (m) = a (m x k) x (k) + bias (m)
void gemv(int m, int k, const float *a, const float *x, const float *bias, float *y) {
  for (int i = 0; i < m; i++) {
    const float *row = a + i * k;
    v128_t sums = wasm_f32x4_splat(0), more = sums;
    int p = 0;
    for (; p + 8 <= k; p += 8) {
      sums = wasm_f32x4_add(sums, wasm_f32x4_mul(wasm_v128_load(row + p), wasm_v128_load(x + p)));
      more = wasm_f32x4_add(more, wasm_f32x4_mul(wasm_v128_load(row + p + 4), wasm_v128_load(x + p + 4)));
    }
    sums = wasm_f32x4_add(sums, more);
    float sum = bias[i] + wasm_f32x4_extract_lane(sums, 0) + wasm_f32x4_extract_lane(sums, 1)
              + wasm_f32x4_extract_lane(sums, 2) + wasm_f32x4_extract_lane(sums, 3);
    for (; p < k; p++) sum += row[p] * x[p];
    y[i] = sum;
  }
}

// Rows for a product with a convolution's weights: of maps (channels, from_side, from_side) the inputs of each output
// pixel (side * side), one row per channel and pixel of the kernel; beyond the edges they are zero.
void columns(int channels, int from_side, int kernel, int stride, int pad, int side, const float *from, float *to) {
  for (int c = 0; c < channels; c++, from += from_side * from_side) {
    for (int dy = -pad; dy < kernel - pad; dy++) {
      for (int dx = -pad; dx < kernel - pad; dx++) {
        for (int i = 0; i < side; i++) {
          int y = i * stride + dy;
          for (int j = 0; j < side; j++) {
            int x = j * stride + dx;
            *to++ = y >= 0 && y < from_side && x >= 0 && x < from_side ? from[y * from_side + x] : 0;
          }
        }
      }
    }
  }
}
