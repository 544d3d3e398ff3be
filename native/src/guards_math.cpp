// Guards of everything but layers: linear algebra, transforms, distances, indices, views.
#include "guards.h"
#include "operator_support.h"
#include "version.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ops/_cdist_backward_ops.h>
#include <ATen/ops/_cholesky_solve_helper_ops.h>
#include <ATen/ops/_compute_linear_combination_ops.h>
#include <ATen/ops/_convert_indices_from_coo_to_csr_ops.h>
#include <ATen/ops/_fft_c2c_ops.h>
#include <ATen/ops/_fft_c2r_ops.h>
#include <ATen/ops/_fft_r2c_ops.h>
#include <ATen/ops/_local_scalar_dense_ops.h>
#include <ATen/ops/_logcumsumexp_ops.h>
#include <ATen/ops/_neg_view_ops.h>
#include <ATen/ops/_new_zeros_with_same_feature_meta_ops.h>
#include <ATen/ops/_pdist_backward_ops.h>
#include <ATen/ops/_remove_batch_dim_native.h>
#include <ATen/ops/_remove_batch_dim_ops.h>
#include <ATen/ops/_reshape_alias_copy_ops.h>
#include <ATen/ops/_reshape_alias_ops.h>
#include <ATen/ops/_sobol_engine_draw_native.h>
#include <ATen/ops/_sobol_engine_draw_ops.h>
#include <ATen/ops/_sobol_engine_ff_native.h>
#include <ATen/ops/_sobol_engine_ff_ops.h>
#include <ATen/ops/_sobol_engine_initialize_state_native.h>
#include <ATen/ops/_sobol_engine_initialize_state_ops.h>
#include <ATen/ops/_sobol_engine_scramble_native.h>
#include <ATen/ops/_sobol_engine_scramble_ops.h>
#include <ATen/ops/aminmax.h>
#include <ATen/ops/copy_ops.h>
#include <ATen/ops/matrix_exp_backward_native.h>
#include <ATen/ops/matrix_exp_backward_ops.h>
#if __has_include(<ATen/ops/align_to_ops.h>)
#include <ATen/ops/align_to_native.h>
#include <ATen/ops/align_to_ops.h>
#endif
#if __has_include(<ATen/ops/_dyn_quant_matmul_4bit_ops.h>)
#include <ATen/ops/_dyn_quant_matmul_4bit_ops.h>
#endif

namespace tb::guards {

namespace ops = at::_ops;
using at::Tensor;

namespace {

int64_t product(at::IntArrayRef sizes) {
  int64_t result = 1;
  for (const int64_t size : sizes)
    result *= size;
  return result;
}

// ---- linear algebra --------------------------------------------------------------------------------------

void guard_linear_algebra(Registry& registry) {
  const auto solve = [](const auto& self, const auto& a, bool, auto&&...) {
    constexpr const char* op = "_cholesky_solve_helper";
    if (!plain(self) || !plain(a))
      return;
    needs_dims(op, "self", self, 2);
    needs_dims(op, "A", a, self.dim(), self.dim());
    std::vector<int64_t> shape = self.sizes().vec();
    shape.back() = shape[shape.size() - 2];
    needs_shape(op, "A", a, shape);
    TORCH_CHECK_TYPE(self.scalar_type() == a.scalar_type(), op, " takes tensors of one dtype; they are ",
                     self.scalar_type(), " and ", a.scalar_type());
  };
  registry.before<ops::_cholesky_solve_helper>(solve);
  registry.before<ops::_cholesky_solve_helper_out>(solve);

  registry.composed<ops::matrix_exp_backward>(
      &at::native::matrix_exp_backward, [](const auto& self, const auto& gradient) {
        constexpr const char* op = "matrix_exp_backward";
        if (!self.defined() || !gradient.defined())
          return;
        needs_dims(op, "self", self, 2);
        TORCH_CHECK_VALUE(self.size(-1) == self.size(-2), op, " takes square matrices; the shape of self is ",
                          self.sizes());
        needs_same_shape(op, "grad", gradient, "self", self);
      });

  const auto combination = [](const Tensor& input, const Tensor& coefficients) {
    constexpr const char* op = "_compute_linear_combination";
    if (!plain(input) || !plain(coefficients))
      return;
    needs_dims(op, "input", input, 1);
    needs_dims(op, "coefficients", coefficients, 2, 2);
    TORCH_CHECK_VALUE(coefficients.size(1) == input.size(0), op,
                      " takes a coefficient for each of the tensors in input, in columns; the shapes are ",
                      input.sizes(), " and ", coefficients.sizes());
    TORCH_CHECK_TYPE(coefficients.scalar_type() == input.scalar_type(), op,
                     " takes tensors of one dtype; they are ", input.scalar_type(), " and ",
                     coefficients.scalar_type());
  };
  registry.before<ops::_compute_linear_combination>(combination);
  registry.before<ops::_compute_linear_combination_out>(
      [=](const auto& input, const auto& coefficients, const auto& out) {
        combination(input, coefficients);
        if (!plain(input) || !plain(coefficients) || !plain(out))
          return;
        std::vector<int64_t> shape = input.sizes().vec();
        shape[0] = coefficients.size(0);
        needs_shape("_compute_linear_combination", "out", out, shape);
        TORCH_CHECK_TYPE(out.scalar_type() == input.scalar_type(),
                         "_compute_linear_combination takes out of input's dtype, ", input.scalar_type(),
                         "; it is ", out.scalar_type());
      });

  registry.before<ops::_logcumsumexp_out>([](const auto& self, int64_t, const auto& out) {
    TORCH_CHECK_TYPE(self.scalar_type() == out.scalar_type(), "_logcumsumexp takes out of self's dtype, ",
                     self.scalar_type(), "; it is ", out.scalar_type());
  });
}

// ---- Fourier transforms ----------------------------------------------------------------------------------

// The kernels use the dimensions as they come, as positions in the sizes.
void transformed(const char* op, const Tensor& self, std::optional<at::IntArrayRef> dims, bool some) {
  if (!self.defined() || !dims.has_value())
    return;
  TORCH_CHECK_INDEX(!some || !dims->empty(), op, " takes at least 1 dimension");
  for (const int64_t dim : *dims)
    TORCH_CHECK_INDEX(dim >= 0 && dim < self.dim(), op, " takes dimensions from 0 to below ", self.dim(),
                      ", without negative ones; one is ", dim);
}

void guard_transforms(Registry& registry) {
  const auto real = [](const auto& self, const auto& dims, auto&&...) {
    transformed("_fft_r2c", self, known(dims), true);
  };
  registry.before<ops::_fft_r2c>(real);
  registry.before<ops::_fft_r2c_out>(real);
  const auto complex = [](const auto& self, const auto& dims, auto&&...) {
    transformed("_fft_c2c", self, known(dims), false);
  };
  registry.before<ops::_fft_c2c>(complex);
  registry.before<ops::_fft_c2c_out>(complex);
  const auto back = [](const auto& self, const auto& dims, int64_t, const auto& size, auto&&...) {
    transformed("_fft_c2r", self, known(dims), true);
    const auto points = known(size);
    if (plain(self) && points.has_value() && *points > 0)
      TORCH_CHECK_VALUE(*points / 2 < self.size(dims.back()), "_fft_c2r takes ", *points / 2 + 1,
                        " or more points along dimension ", dims.back(), " for a result of ", *points,
                        "; there are ", self.size(dims.back()));
  };
  registry.before<ops::_fft_c2r>(back);
  registry.before<ops::_fft_c2r_out>(back);
}

// ---- distances -------------------------------------------------------------------------------------------

void guard_distances(Registry& registry) {
  const auto pairs = [](const auto& gradient, const auto& self, double, const auto& distances, auto&&...) {
    constexpr const char* op = "_pdist_backward";
    if (!plain(gradient) || !plain(self) || !plain(distances))
      return;
    needs_dims(op, "self", self, 2, 2);
    const int64_t n = self.size(0);
    TORCH_CHECK_VALUE(n > 0, op, " takes a tensor with rows; its shape is ", self.sizes());
    constexpr const char* why = "one for each pair of rows";
    needs_elements(op, "grad", &gradient, n * (n - 1) / 2, why);
    needs_elements(op, "pdist", &distances, n * (n - 1) / 2, why);
  };
  registry.before<ops::_pdist_backward>(pairs);
  registry.before<ops::_pdist_backward_out>(pairs);

  const auto all = [](const auto& gradient, const auto& x1, const auto& x2, double, const auto& distances,
                      auto&&...) {
    constexpr const char* op = "_cdist_backward";
    if (!plain(gradient) || !plain(x1) || !plain(x2) || !plain(distances))
      return;
    needs_dims(op, "x1", x1, 2);
    needs_dims(op, "x2", x2, 2);
    if (x1.numel() == 0 || x2.numel() == 0)
      return; // the gradient is zero
    TORCH_CHECK_VALUE(x1.size(-1) == x2.size(-1), op, " takes rows of one length; the shapes are ",
                      x1.sizes(), " and ", x2.sizes());
    // The batches are broadcast, and repeat what is there: the kernel reads all of the distances.
    const auto batch = at::infer_size(x1.sizes().slice(0, x1.dim() - 2), x2.sizes().slice(0, x2.dim() - 2));
    const int64_t count = product(batch) * x1.size(-2) * x2.size(-2);
    constexpr const char* why = "one for each pair of rows";
    needs_elements(op, "grad_output", &gradient, count, why);
    needs_elements(op, "cdist", &distances, count, why);
  };
  registry.before<ops::_cdist_backward>(all);
  registry.before<ops::_cdist_backward_out>(all);
}

// ---- indices ---------------------------------------------------------------------------------------------

// The state is a table of 30 columns, a row for each dimension; the kernels take a dimension at its word.
void sobol(const char* op, const Tensor& state, int64_t dimension) {
  constexpr int64_t bits = 30, most = 21201;
  if (!plain(state))
    return;
  TORCH_CHECK_VALUE(dimension >= 0 && dimension <= most, op, " takes 0 to ", most, " dimensions, not ",
                    dimension);
  TORCH_CHECK_VALUE(state.dim() == 2 && state.size(0) >= dimension && state.size(0) > 0 &&
                        state.size(1) == bits,
                    op, " takes a state with a row for each of the ", dimension, " dimensions, and ", bits,
                    " columns; its shape is ", state.sizes());
}

void sobol_points(const char* op, const Tensor& quasi, int64_t n, const Tensor& state, int64_t dimension,
                  int64_t generated) {
  sobol(op, state, dimension);
  constexpr int64_t most = (int64_t{1} << 30) - 1;
  TORCH_CHECK_VALUE(n >= 0 && n <= most && generated >= 0 && generated <= most - n, op, " gives ", most,
                    " points in all; asked for are ", n, " after ", generated);
  if (plain(quasi))
    TORCH_CHECK_VALUE(quasi.dim() == 1 && quasi.size(0) >= dimension, op,
                      " takes quasi with a number for each of the ", dimension, " dimensions; its shape is ",
                      quasi.sizes());
}

void guard_indices(Registry& registry) {
  const auto compress = [](const auto& self, int64_t size, auto&&...) {
    constexpr const char* op = "_convert_indices_from_coo_to_csr";
    TORCH_CHECK_VALUE(size >= 0, op, " takes a size of at least 0; it is ", size);
    if (!readable(self) || self.numel() == 0 || !at::isIntegralType(self.scalar_type(), false))
      return;
    const auto [least, most] = at::aminmax(self);
    const int64_t low = least.template item<int64_t>(), high = most.template item<int64_t>();
    TORCH_CHECK_INDEX(low >= 0 && high < size, op, " takes indices from 0 to below ", size, "; they go from ",
                      low, " to ", high);
  };
  registry.before<ops::_convert_indices_from_coo_to_csr>(compress);
  registry.before<ops::_convert_indices_from_coo_to_csr_out>(compress);

  registry.composed<ops::_sobol_engine_initialize_state_>(
      &at::native::_sobol_engine_initialize_state_,
      [](const auto& self, int64_t dimension) { sobol("_sobol_engine_initialize_state_", self, dimension); });
  registry.composed<ops::_sobol_engine_scramble_>(
      &at::native::_sobol_engine_scramble_, [](const auto& self, const auto& ltm, int64_t dimension) {
        constexpr const char* op = "_sobol_engine_scramble_";
        sobol(op, self, dimension);
        if (plain(ltm))
          TORCH_CHECK_VALUE(ltm.dim() == 3 && ltm.size(0) >= dimension && ltm.size(1) == 30 &&
                                ltm.size(2) == 30,
                            op, " takes ltm with a matrix of 30 rows and columns for each of the ", dimension,
                            " dimensions; its shape is ", ltm.sizes());
      });
  registry.composed<ops::_sobol_engine_draw>(
      &at::native::_sobol_engine_draw,
      [](const auto& quasi, int64_t n, const auto& state, int64_t dimension, int64_t generated, auto&&...) {
        sobol_points("_sobol_engine_draw", quasi, n, state, dimension, generated);
      });
  registry.composed<ops::_sobol_engine_ff_>(
      &at::native::_sobol_engine_ff_,
      [](const auto& quasi, int64_t n, const auto& state, int64_t dimension, int64_t generated) {
        sobol_points("_sobol_engine_ff_", quasi, n, state, dimension, generated);
      });

#if __has_include(<ATen/ops/_dyn_quant_matmul_4bit_ops.h>)
  registry.before<ops::_dyn_quant_matmul_4bit>(
      [](const auto& input, const auto& weights, int64_t block, int64_t in_features, int64_t out_features) {
        constexpr const char* op = "_dyn_quant_matmul_4bit";
        TORCH_CHECK_VALUE(in_features > 0 && out_features > 0, op, " takes features; there are ", in_features,
                          " and ", out_features);
        TORCH_CHECK_VALUE(block > 0 && in_features % block == 0, op,
                          " takes a block_size that divides in_features, ", in_features, "; it is ", block);
        if (!plain(input) || !plain(weights))
          return;
        needs_dims(op, "inp", input, 2, 2);
        TORCH_CHECK_VALUE(input.size(1) == in_features, op, " takes inp with ", in_features,
                          " columns; its shape is ", input.sizes());
        // Two weights in a byte, and more for scales.
        TORCH_CHECK_VALUE(weights.numel() * static_cast<int64_t>(weights.element_size()) >=
                              out_features * ((in_features + 1) / 2),
                          op, " takes packed weights of ", out_features, " rows with ", in_features,
                          " numbers each; their shape is ", weights.sizes());
      });
#endif
}

// ---- views and copies ------------------------------------------------------------------------------------

// A view of more memory than there is.
void in_storage(const char* op, const Tensor& self, std::optional<at::IntArrayRef> sizes,
                std::optional<at::IntArrayRef> strides) {
  if (!plain(self) || !self.has_storage() || !sizes.has_value() || !strides.has_value())
    return;
  TORCH_CHECK_VALUE(sizes->size() == strides->size(), op, " takes as many strides as sizes; they are ",
                    *sizes, " and ", *strides);
  __int128 last = self.storage_offset();
  bool empty = false;
  for (size_t i = 0; i < sizes->size(); ++i) {
    TORCH_CHECK_VALUE((*sizes)[i] >= 0 && (*strides)[i] >= 0, op,
                      " takes sizes and strides of at least 0; they are ", *sizes, " and ", *strides);
    empty = empty || (*sizes)[i] == 0;
    last += static_cast<__int128>((*sizes)[i] - 1) * (*strides)[i];
  }
  const auto bytes = self.storage().sym_nbytes().maybe_as_int();
  if (empty || !bytes.has_value() || (last + 1) * static_cast<int64_t>(self.element_size()) <= *bytes)
    return;
  // What self reaches itself may be beyond: half a byte an element, memory that was taken away.
  __int128 own = self.storage_offset();
  for (int64_t i = 0; i < self.dim(); ++i)
    own += static_cast<__int128>(self.size(i) - 1) * self.stride(i);
  TORCH_CHECK_VALUE(self.numel() > 0 && last <= own, op, " with sizes ", *sizes, " and strides ", *strides,
                    " reaches beyond the ", *bytes, " bytes of its tensor");
}

void guard_views(Registry& registry) {
  const auto reshape = [](const auto& self, const auto& sizes, const auto& strides, auto&&...) {
    in_storage("_reshape_alias", self, known(sizes), known(strides));
  };
  registry.before<ops::_reshape_alias>(reshape);
  registry.before<ops::_reshape_alias_copy>(reshape);
  registry.before<ops::_reshape_alias_copy_out>(reshape);

  // Without a kernel for quantized tensors that are negated lazily libtorch asks itself without end.
  registry.before<ops::_neg_view>([](const auto& self) {
    TORCH_CHECK_NOT_IMPLEMENTED(!self.defined() || !self.is_quantized(),
                                "_neg_view does not take quantized tensors: dequantize it first");
  });
  registry.before<ops::copy>([](const auto& self, const auto&, bool) {
    TORCH_CHECK_NOT_IMPLEMENTED(
        !self.defined() || self.is_nested() || self.has_storage(),
        "copy gives a tensor like self with the numbers of src, and takes a dense self; "
        "its layout is ",
        self.layout(), ": clone src, or copy_ into a clone of self");
  });
  registry.composed<ops::_remove_batch_dim>(
      [](const Tensor& self, int64_t level, c10::SymInt size, int64_t out_dim) {
        return at::native::_remove_batch_dim(self, level, to_int(size), out_dim);
      },
      [](const auto& self, int64_t, const auto&, int64_t out_dim) {
        TORCH_CHECK_INDEX(!plain(self) || (out_dim >= 0 && out_dim <= self.dim()),
                          "_remove_batch_dim takes out_dim from 0 to ", self.dim(), "; it is ", out_dim);
      });
  const auto zeros = [](const auto& self, const auto& other, int64_t dims, auto&&...) {
    constexpr const char* op = "_new_zeros_with_same_feature_meta";
    TORCH_CHECK_INDEX(!self.defined() || (dims >= 0 && dims <= self.dim()), op,
                      " takes self_num_batch_dims from 0 to ", self.dim(), "; it is ", dims);
    TORCH_CHECK_NOT_IMPLEMENTED(!other.defined() || other.has_storage(), op, " takes a dense other");
  };
  registry.before<ops::_new_zeros_with_same_feature_meta>(zeros);
  registry.before<ops::_new_zeros_with_same_feature_meta_out>(zeros);
#if __has_include(<ATen/ops/align_to_ops.h>)
  registry.composed<ops::align_to_ellipsis_idx>(
      &at::native::align_to, [](const auto&, at::DimnameList order, int64_t place) {
        TORCH_CHECK_INDEX(place >= 0 && place <= static_cast<int64_t>(order.size()),
                          "align_to takes the place of the ellipsis among the names, from 0 to ",
                          order.size(), "; it is ", place);
      });
#endif
#if !TB_TORCH_AT_LEAST(2, 14)
  registry.before<ops::_local_scalar_dense>([](const auto& self) {
    TORCH_CHECK_VALUE(!self.defined() || self.numel() > 0,
                      "a number is read from a tensor with an element; the shape is ", self.sizes());
  });
#endif
}

} // namespace

void guard_math(Registry& registry) {
  guard_linear_algebra(registry);
  guard_transforms(registry);
  guard_distances(registry);
  guard_indices(registry);
  guard_views(registry);
}

} // namespace tb::guards
