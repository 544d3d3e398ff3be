// Guards of layers: normalization, recurrent cells, padding, convolutions, shuffles, attention.
#include "guards.h"
#include "operator_support.h"

#include <ATen/ops/_batch_norm_impl_index_backward_native.h>
#include <ATen/ops/_batch_norm_impl_index_backward_ops.h>
#include <ATen/ops/_batch_norm_no_update_ops.h>
#include <ATen/ops/_batch_norm_with_update_ops.h>
#include <ATen/ops/_log_softmax_backward_data_ops.h>
#include <ATen/ops/_log_softmax_ops.h>
#include <ATen/ops/_native_batch_norm_legit_no_training_ops.h>
#include <ATen/ops/_native_batch_norm_legit_ops.h>
#include <ATen/ops/_native_multi_head_attention_ops.h>
#include <ATen/ops/_slow_conv2d_backward_ops.h>
#include <ATen/ops/_slow_conv2d_forward_ops.h>
#include <ATen/ops/_softmax_backward_data_ops.h>
#include <ATen/ops/_softmax_ops.h>
#include <ATen/ops/_thnn_differentiable_gru_cell_backward_native.h>
#include <ATen/ops/_thnn_differentiable_gru_cell_backward_ops.h>
#include <ATen/ops/_thnn_differentiable_lstm_cell_backward_native.h>
#include <ATen/ops/_thnn_differentiable_lstm_cell_backward_ops.h>
#include <ATen/ops/_transform_bias_rescale_qkv_ops.h>
#include <ATen/ops/_weight_norm_interface_backward_ops.h>
#include <ATen/ops/_weight_norm_interface_ops.h>
#include <ATen/ops/batch_norm_backward_ops.h>
#include <ATen/ops/batch_norm_update_stats_ops.h>
#include <ATen/ops/col2im_ops.h>
#include <ATen/ops/gru_cell_native.h>
#include <ATen/ops/gru_cell_ops.h>
#include <ATen/ops/gru_native.h>
#include <ATen/ops/gru_ops.h>
#include <ATen/ops/im2col_ops.h>
#include <ATen/ops/log_sigmoid_forward_ops.h>
#include <ATen/ops/lstm_cell_native.h>
#include <ATen/ops/lstm_cell_ops.h>
#include <ATen/ops/lstm_native.h>
#include <ATen/ops/lstm_ops.h>
#include <ATen/ops/native_batch_norm_backward_ops.h>
#include <ATen/ops/native_batch_norm_ops.h>
#include <ATen/ops/native_channel_shuffle_native.h>
#include <ATen/ops/native_channel_shuffle_ops.h>
#include <ATen/ops/pixel_shuffle_ops.h>
#include <ATen/ops/pixel_unshuffle_ops.h>
#include <ATen/ops/reflection_pad1d_backward_ops.h>
#include <ATen/ops/reflection_pad1d_ops.h>
#include <ATen/ops/reflection_pad2d_backward_ops.h>
#include <ATen/ops/reflection_pad2d_ops.h>
#include <ATen/ops/reflection_pad3d_backward_ops.h>
#include <ATen/ops/reflection_pad3d_ops.h>
#include <ATen/ops/replication_pad1d_backward_ops.h>
#include <ATen/ops/replication_pad1d_ops.h>
#include <ATen/ops/replication_pad2d_backward_ops.h>
#include <ATen/ops/replication_pad2d_ops.h>
#include <ATen/ops/replication_pad3d_backward_ops.h>
#include <ATen/ops/replication_pad3d_ops.h>

namespace tb::guards {

namespace ops = at::_ops;
using at::Tensor;

namespace {

// ---- batch normalization ---------------------------------------------------------------------------------

// The kernels read `channels` numbers of each vector that is given, and with fixed statistics need both.
void batch_norm(const char* op, const Tensor& input, const Tensor* weight, const Tensor* bias,
                const Tensor* mean, const Tensor* variance, bool training) {
  if (!input.defined() || input.is_nested())
    return;
  needs_dims(op, "input", input, 2);
  const int64_t channels = input.size(1);
  constexpr const char* why = "one for each channel of input";
  needs_elements(op, "weight", weight, channels, why);
  needs_elements(op, "bias", bias, channels, why);
  needs_elements(op, "running_mean", mean, channels, why);
  needs_elements(op, "running_var", variance, channels, why);
  TORCH_CHECK_VALUE(training || (mean != nullptr && variance != nullptr) || input.numel() == 0, op,
                    " takes running_mean and running_var where it does not train");
}

void batch_norm_gradient(const char* op, const Tensor& gradient, const Tensor& input, const Tensor* weight,
                         const Tensor* mean, const Tensor* variance, const Tensor* saved_mean,
                         const Tensor* saved_deviation, bool training) {
  if (!input.defined() || !gradient.defined() || input.is_nested())
    return;
  needs_dims(op, "input", input, 2);
  needs_same_shape(op, "the gradient", gradient, "input", input);
  const int64_t channels = input.size(1);
  TORCH_CHECK_VALUE(channels > 0, op, " takes an input with channels; its shape is ", input.sizes());
  constexpr const char* why = "one for each channel of input";
  needs_elements(op, "weight", weight, channels, why);
  if (training) {
    TORCH_CHECK_VALUE(saved_mean != nullptr && saved_deviation != nullptr, op,
                      " takes the mean and the deviation that the forward pass saved where it trains");
    needs_elements(op, "save_mean", saved_mean, channels, why);
    needs_elements(op, "save_invstd", saved_deviation, channels, why);
  } else {
    TORCH_CHECK_VALUE(mean != nullptr && variance != nullptr, op,
                      " takes running_mean and running_var where it does not train");
    needs_elements(op, "running_mean", mean, channels, why);
    needs_elements(op, "running_var", variance, channels, why);
  }
}

void guard_batch_norm(Registry& registry) {
  const auto optional_stats = [](const auto& input, const auto& weight, const auto& bias, const auto& mean,
                                 const auto& variance, bool training, auto&&...) {
    batch_norm("batch_norm", input, given(weight), given(bias), given(mean), given(variance), training);
  };
  registry.before<ops::native_batch_norm>(optional_stats);
  registry.before<ops::native_batch_norm_out>(optional_stats);
  registry.before<ops::_native_batch_norm_legit>(optional_stats);
  registry.before<ops::_native_batch_norm_legit_out>(optional_stats);

  const auto no_stats = [](const auto& input, const auto& weight, const auto& bias, bool training,
                           auto&&...) {
    batch_norm("batch_norm without statistics", input, given(weight), given(bias), nullptr, nullptr,
               training);
  };
  registry.before<ops::_native_batch_norm_legit_no_stats>(no_stats);
  registry.before<ops::_native_batch_norm_legit_no_stats_out>(no_stats);

  const auto fixed = [](const auto& input, const auto& weight, const auto& bias, const auto& mean,
                        const auto& variance, auto&&...) {
    batch_norm("batch_norm", input, given(weight), given(bias), given(mean), given(variance), false);
  };
  registry.before<ops::_native_batch_norm_legit_no_training>(fixed);
  registry.before<ops::_native_batch_norm_legit_no_training_out>(fixed);
  registry.before<ops::_batch_norm_no_update>(fixed);
  registry.before<ops::_batch_norm_no_update_out>(fixed);
  const auto updated = [](const auto& input, const auto& weight, const auto& bias, const auto& mean,
                          const auto& variance, auto&&...) {
    batch_norm("batch_norm", input, given(weight), given(bias), given(mean), given(variance), true);
  };
  registry.before<ops::_batch_norm_with_update>(updated);
  registry.before<ops::_batch_norm_with_update_out>(updated);
  const auto statistics = [](const auto& input, const auto& mean, const auto& variance, auto&&...) {
    batch_norm("batch_norm_update_stats", input, nullptr, nullptr, given(mean), given(variance), true);
  };
  registry.before<ops::batch_norm_update_stats>(statistics);
  registry.before<ops::batch_norm_update_stats_out>(statistics);

  const auto backward = [](const auto& gradient, const auto& input, const auto& weight, const auto& mean,
                           const auto& variance, const auto& saved_mean, const auto& saved_deviation,
                           bool training, auto&&...) {
    batch_norm_gradient("batch_norm_backward", gradient, input, given(weight), given(mean), given(variance),
                        given(saved_mean), given(saved_deviation), training);
  };
  registry.before<ops::native_batch_norm_backward>(backward);
  registry.before<ops::native_batch_norm_backward_out>(backward);
  registry.before<ops::batch_norm_backward>(backward);
  registry.composed<ops::_batch_norm_impl_index_backward>(
      &at::native::_batch_norm_impl_index_backward,
      [](int64_t, const auto& input, const auto& gradient, const auto& weight, const auto& mean,
         const auto& variance, const auto& saved_mean, const auto& saved_deviation, bool training,
         auto&&...) {
        if (input.defined() && input.numel() == 0)
          needs_dims("_batch_norm_impl_index_backward", "input", input, 2);
        else
          batch_norm_gradient("_batch_norm_impl_index_backward", gradient, input, given(weight), given(mean),
                              given(variance), given(saved_mean), given(saved_deviation), training);
      });
}

// ---- weight normalization --------------------------------------------------------------------------------

// The kernels walk v as rows of one block, and read a number of g for each.
void weight_norm(const char* op, const Tensor& v, const Tensor& g, int64_t dim) {
  if (!plain(v) || !plain(g))
    return;
  needs_dims(op, "v", v, 1);
  TORCH_CHECK_VALUE(dim == 0 || dim == v.dim() - 1, op, " takes the first or the last dimension of v, 0 or ",
                    v.dim() - 1, "; dim is ", dim);
  TORCH_CHECK_VALUE(v.size(dim) > 0, op, " takes a v with elements along dimension ", dim, "; its shape is ",
                    v.sizes());
  TORCH_CHECK_VALUE(v.is_contiguous() && g.is_contiguous(), op, " takes contiguous v and g");
  needs_elements(op, "g", &g, v.size(dim), "one for each entry of v along dim");
}

void guard_weight_norm(Registry& registry) {
  const auto forward = [](const auto& v, const auto& g, int64_t dim, auto&&...) {
    weight_norm("_weight_norm_interface", v, g, dim);
  };
  registry.before<ops::_weight_norm_interface>(forward);
  registry.before<ops::_weight_norm_interface_out>(forward);
  const auto backward = [](const auto& gradient, const auto& v, const auto& g, const auto& norms, int64_t dim,
                           auto&&...) {
    constexpr const char* op = "_weight_norm_interface_backward";
    if (!plain(gradient) || !plain(v) || !plain(g) || !plain(norms))
      return;
    weight_norm(op, v, g, dim);
    needs_same_shape(op, "grad_w", gradient, "saved_v", v);
    TORCH_CHECK_VALUE(gradient.is_contiguous() && norms.is_contiguous(), op,
                      " takes contiguous grad_w and saved_norms");
    needs_elements(op, "saved_norms", &norms, v.size(dim), "one for each entry of saved_v along dim");
  };
  registry.before<ops::_weight_norm_interface_backward>(backward);
  registry.before<ops::_weight_norm_interface_backward_out>(backward);
}

// ---- softmax and log_sigmoid -----------------------------------------------------------------------------

void guard_softmax(Registry& registry) {
  registry.before<ops::_softmax_out>([](const auto& self, int64_t, bool, const auto& out) {
    needs_contiguous_out("_softmax", "out", out, self.sizes());
  });
  registry.before<ops::_log_softmax_out>([](const auto& self, int64_t, bool, const auto& out) {
    needs_contiguous_out("_log_softmax", "out", out, self.sizes());
  });
  const auto backward = [](const char* op, const Tensor& gradient, const Tensor& output) {
    if (plain(gradient) && plain(output))
      needs_same_shape(op, "grad_output", gradient, "output", output);
  };
  registry.before<ops::_softmax_backward_data>(
      [=](const auto& gradient, const auto& output, int64_t, at::ScalarType) {
        backward("_softmax_backward_data", gradient, output);
      });
  registry.before<ops::_softmax_backward_data_out>(
      [=](const auto& gradient, const auto& output, int64_t, at::ScalarType, const auto& out) {
        backward("_softmax_backward_data", gradient, output);
        needs_contiguous_out("_softmax_backward_data", "grad_input", out, gradient.sizes());
      });
  registry.before<ops::_log_softmax_backward_data>(
      [=](const auto& gradient, const auto& output, int64_t, at::ScalarType) {
        backward("_log_softmax_backward_data", gradient, output);
      });
  registry.before<ops::_log_softmax_backward_data_out>(
      [=](const auto& gradient, const auto& output, int64_t, at::ScalarType, const auto& out) {
        backward("_log_softmax_backward_data", gradient, output);
        needs_contiguous_out("_log_softmax_backward_data", "out", out, gradient.sizes());
      });
  registry.before<ops::log_sigmoid_forward_output>(
      [](const auto& self, const auto& output, const auto& buffer) {
        needs_contiguous_out("log_sigmoid_forward", "output", output, self.sizes());
        needs_contiguous_out("log_sigmoid_forward", "buffer", buffer, self.sizes());
      });
}

// ---- recurrent cells -------------------------------------------------------------------------------------

// libtorch cuts the gates into `count` pieces and uses as many, whether there are as many or not.
void gates(const char* op, const char* name, const Tensor& tensor, int64_t count, int64_t dim) {
  if (tensor.defined() && tensor.dim() > dim)
    TORCH_CHECK_VALUE(tensor.size(dim) % count == 0, op, " takes ", name, " that holds ", count,
                      " gates of one size along dimension ", dim, "; its shape is ", tensor.sizes());
}

void cell(const char* op, const Tensor& input, const Tensor& hidden, const Tensor& w_ih, const Tensor& w_hh,
          int64_t count) {
  if (input.defined())
    needs_dims(op, "input", input, 2, 2);
  if (hidden.defined())
    needs_dims(op, "hx", hidden, 2, 2);
  gates(op, "w_ih", w_ih, count, 0);
  gates(op, "w_hh", w_hh, count, 0);
}

// Of each layer and direction: w_ih, w_hh, then what they are followed by.
void layers(const char* op, at::TensorList params, int64_t for_each, int64_t count) {
  for (int64_t i = 0; i + 1 < static_cast<int64_t>(params.size()); i += for_each) {
    gates(op, "the weights of the input", params[i], count, 0);
    gates(op, "the weights of the hidden state", params[i + 1], count, 0);
  }
}

void gru_layers(at::TensorList params, bool has_biases) { layers("gru", params, has_biases ? 4 : 2, 3); }

void lstm_layers(at::TensorList states, at::TensorList params, bool has_biases) {
  const bool projects = states.size() == 2 && states[0].defined() && states[1].defined() &&
                        states[0].dim() == 3 && states[1].dim() == 3 &&
                        states[0].size(2) != states[1].size(2);
  layers("lstm", params, (has_biases ? 4 : 2) + (projects ? 1 : 0), 4);
}

// What is cut here is the sum with the bias, which is one number for each of the gates'.
void biased_gates(const char* op, const char* name, const Tensor& tensor, const Tensor* bias, int64_t count) {
  if (!tensor.defined())
    return;
  needs_dims(op, name, tensor, 2, 2);
  gates(op, name, tensor, count, 1);
  needs_elements(op, "the bias", bias, tensor.size(1), "one for each column of the gates");
  TORCH_CHECK_VALUE(bias == nullptr || bias->dim() <= 2, op, " takes a bias with 1 dimension; its shape is ",
                    bias->sizes());
}

void guard_recurrent(Registry& registry) {
  registry.composed<ops::gru_cell>(&at::native::gru_cell,
                                   [](const auto& input, const auto& hx, const auto& w_ih, const auto& w_hh,
                                      auto&&...) { cell("gru_cell", input, hx, w_ih, w_hh, 3); });
  registry.composed<ops::lstm_cell>(
      &at::native::lstm_cell,
      [](const auto& input, at::TensorList hx, const auto& w_ih, const auto& w_hh, auto&&...) {
        for (const Tensor& state : hx)
          cell("lstm_cell", input, state, w_ih, w_hh, 4);
      });
  registry.composed<ops::gru_input>(&at::native::gru,
                                    [](const auto&, const auto&, at::TensorList params, bool has_biases,
                                       auto&&...) { gru_layers(params, has_biases); });
  registry.composed<ops::gru_data>(&at::native::gru,
                                   [](const auto&, const auto&, const auto&, at::TensorList params,
                                      bool has_biases, auto&&...) { gru_layers(params, has_biases); });
  registry.composed<ops::lstm_input>(&at::native::lstm,
                                     [](const auto&, at::TensorList hx, at::TensorList params,
                                        bool has_biases, auto&&...) { lstm_layers(hx, params, has_biases); });
  registry.composed<ops::lstm_data>(&at::native::lstm,
                                    [](const auto&, const auto&, at::TensorList hx, at::TensorList params,
                                       bool has_biases, auto&&...) { lstm_layers(hx, params, has_biases); });
  registry.composed<ops::_thnn_differentiable_gru_cell_backward>(
      &at::native::_thnn_differentiable_gru_cell_backward,
      [](const auto&, const auto& input_gates, const auto& hidden_gates, const auto&, const auto& input_bias,
         const auto& hidden_bias) {
        constexpr const char* op = "_thnn_differentiable_gru_cell_backward";
        biased_gates(op, "input_gates", input_gates, given(input_bias), 3);
        biased_gates(op, "hidden_gates", hidden_gates, given(hidden_bias), 3);
      });
  registry.composed<ops::_thnn_differentiable_lstm_cell_backward>(
      &at::native::_thnn_differentiable_lstm_cell_backward,
      [](const auto&, const auto&, const auto& input_gates, const auto& hidden_gates, const auto& input_bias,
         const auto& hidden_bias, auto&&...) {
        constexpr const char* op = "_thnn_differentiable_lstm_cell_backward";
        biased_gates(op, "input_gates", input_gates, given(input_bias), 4);
        biased_gates(op, "hidden_gates", hidden_gates, given(hidden_bias), 4);
        if (input_gates.defined() && hidden_gates.defined())
          needs_same_shape(op, "hidden_gates", hidden_gates, "input_gates", input_gates);
      });
}

// ---- padding ---------------------------------------------------------------------------------------------

template <int64_t Dims>
void padded(const char* op, const Tensor& self, std::optional<at::IntArrayRef> padding) {
  if (!plain(self))
    return;
  TORCH_CHECK_VALUE(self.dim() == Dims + 1 || self.dim() == Dims + 2, op, " takes a tensor with ", Dims + 1,
                    " or ", Dims + 2, " dimensions; its shape is ", self.sizes());
  needs_moderate(op, "padding", padding);
}

// The gradient has the shape of the padded tensor: the kernels take the rest of its sizes from self.
template <int64_t Dims>
void padded_gradient(const char* op, const Tensor& gradient, const Tensor& self,
                     std::optional<at::IntArrayRef> padding, bool reflects) {
  if (!plain(self) || !plain(gradient))
    return;
  padded<Dims>(op, self, padding);
  if (!padding.has_value() || padding->size() != 2 * Dims)
    return; // libtorch refuses it
  std::vector<int64_t> shape = self.sizes().vec();
  for (int64_t i = 0; i < Dims; ++i) {
    const int64_t low = (*padding)[2 * i], high = (*padding)[2 * i + 1];
    int64_t& size = shape[shape.size() - 1 - i];
    TORCH_CHECK_VALUE(!reflects || (low < size && high < size), op,
                      " takes padding below the size that it reflects; the padding is ", *padding,
                      " and the shape ", self.sizes());
    size += low + high;
  }
  needs_shape(op, "grad_output", gradient, shape);
}

void dense_gradient(const char* op, const Tensor& out, const Tensor& self) {
  TORCH_CHECK_VALUE(!plain(out) || out.sizes() != self.sizes() || out.is_non_overlapping_and_dense(), op,
                    " writes its result as one block: grad_input has the strides ", out.strides(),
                    " for the shape ", out.sizes());
}

template <int64_t Dims, class Forward, class ForwardOut, class Backward, class BackwardOut>
void guard_pad(Registry& registry, bool reflects) {
  const char* op = Forward::name + 6; // without "aten::"
  const char* back = Backward::name + 6;
  const auto forward = [op](const auto& self, const auto& padding, auto&&...) {
    padded<Dims>(op, self, known(padding));
  };
  registry.template before<Forward>(forward);
  registry.template before<ForwardOut>(forward);
  registry.template before<Backward>([=](const auto& gradient, const auto& self, const auto& padding) {
    padded_gradient<Dims>(back, gradient, self, known(padding), reflects);
  });
  registry.template before<BackwardOut>(
      [=](const auto& gradient, const auto& self, const auto& padding, const auto& out) {
        padded_gradient<Dims>(back, gradient, self, known(padding), reflects);
        dense_gradient(back, out, self);
      });
}

void guard_padding(Registry& registry) {
  guard_pad<1, ops::reflection_pad1d, ops::reflection_pad1d_out, ops::reflection_pad1d_backward,
            ops::reflection_pad1d_backward_grad_input>(registry, true);
  guard_pad<2, ops::reflection_pad2d, ops::reflection_pad2d_out, ops::reflection_pad2d_backward,
            ops::reflection_pad2d_backward_grad_input>(registry, true);
  guard_pad<3, ops::reflection_pad3d, ops::reflection_pad3d_out, ops::reflection_pad3d_backward,
            ops::reflection_pad3d_backward_grad_input>(registry, true);
  guard_pad<1, ops::replication_pad1d, ops::replication_pad1d_out, ops::replication_pad1d_backward,
            ops::replication_pad1d_backward_grad_input>(registry, false);
  guard_pad<2, ops::replication_pad2d, ops::replication_pad2d_out, ops::replication_pad2d_backward,
            ops::replication_pad2d_backward_grad_input>(registry, false);
  guard_pad<3, ops::replication_pad3d, ops::replication_pad3d_out, ops::replication_pad3d_backward,
            ops::replication_pad3d_backward_grad_input>(registry, false);
}

// ---- convolutions and what they unfold -------------------------------------------------------------------

// libtorch multiplies these numbers; where the product overflows it divides by zero or counts wrongly.
void unfolded(const char* op, std::optional<at::IntArrayRef> image, at::IntArrayRef kernel,
              at::IntArrayRef dilation, at::IntArrayRef padding, at::IntArrayRef stride) {
  needs_moderate(op, "output_size", image);
  needs_moderate(op, "kernel_size", kernel);
  needs_moderate(op, "dilation", dilation);
  needs_moderate(op, "padding", padding);
  needs_moderate(op, "stride", stride);
  if (!image.has_value() || image->size() != 2 || padding.size() != 2)
    return;
  // More than this no dilated kernel leaves.
  const auto most = [&](int i) {
    return static_cast<double>((*image)[i]) + 2.0 * static_cast<double>(padding[i]);
  };
  TORCH_CHECK_VALUE(most(0) * most(1) < 4e18, op, " has more positions than can be counted: output_size is ",
                    *image, ", padding is ", padding);
}

void guard_convolutions(Registry& registry) {
  const auto col2im = [](const auto&, const auto& image, const auto& kernel, const auto& dilation,
                         const auto& padding, const auto& stride,
                         auto&&...) { unfolded("col2im", known(image), kernel, dilation, padding, stride); };
  registry.before<ops::col2im>(col2im);
  registry.before<ops::col2im_out>(col2im);
  const auto im2col = [](const auto& self, const auto& kernel, const auto& dilation, const auto& padding,
                         const auto& stride, auto&&...) {
    if (plain(self) && self.dim() >= 2)
      unfolded("im2col", self.sizes().slice(self.dim() - 2), kernel, dilation, padding, stride);
  };
  registry.before<ops::im2col>(im2col);
  registry.before<ops::im2col_out>(im2col);
  const auto backward = [](const auto&, const auto&, const auto&, const auto& kernel, const auto& stride,
                           const auto& padding, auto&&...) {
    constexpr const char* op = "_slow_conv2d_backward";
    needs_moderate(op, "kernel_size", known(kernel));
    needs_moderate(op, "stride", known(stride));
    needs_moderate(op, "padding", known(padding));
  };
  registry.before<ops::_slow_conv2d_backward_grad_input>(backward);
  registry.before<ops::_slow_conv2d_backward_output_mask>(backward);
  registry.before<ops::_slow_conv2d_backward_output_mask_out>(backward);
  const auto forward = [](const auto&, const auto&, const auto& kernel, const auto&, const auto& stride,
                          const auto& padding, auto&&...) {
    constexpr const char* op = "_slow_conv2d_forward";
    needs_moderate(op, "kernel_size", known(kernel));
    needs_moderate(op, "stride", known(stride));
    needs_moderate(op, "padding", known(padding));
  };
  registry.before<ops::_slow_conv2d_forward>(forward);
  registry.before<ops::_slow_conv2d_forward_output>(forward);
}

// ---- shuffles, attention ---------------------------------------------------------------------------------

void pixels(const char* op, int64_t factor) {
  TORCH_CHECK_VALUE(factor > 0 && factor <= INT32_MAX, op, " takes a factor between 1 and ", INT32_MAX,
                    "; it is ", factor);
}

void heads(const char* op, int64_t count) {
  TORCH_CHECK_VALUE(count > 0, op, " takes at least 1 head; the number of heads is ", count);
}

void groups(std::optional<int64_t> count) {
  TORCH_CHECK_VALUE(count.value_or(1) > 0, "native_channel_shuffle takes at least 1 group; groups is ",
                    count.value_or(0));
}

void guard_shuffles(Registry& registry) {
  registry.before<ops::native_channel_shuffle>([](const auto&, const auto& count) { groups(known(count)); });
  // The same operator where a tensor is not on the CPU.
  registry.composed<ops::native_channel_shuffle>(
      [](const Tensor& self, c10::SymInt count) {
        return at::native::math_channel_shuffle(self, to_int(count));
      },
      [](const auto&, const auto& count) { groups(known(count)); });
  const auto shuffle = [](const auto&, int64_t factor, auto&&...) { pixels("pixel_shuffle", factor); };
  registry.before<ops::pixel_shuffle>(shuffle);
  registry.before<ops::pixel_shuffle_out>(shuffle);
  const auto unshuffle = [](const auto&, int64_t factor, auto&&...) { pixels("pixel_unshuffle", factor); };
  registry.before<ops::pixel_unshuffle>(unshuffle);
  registry.before<ops::pixel_unshuffle_out>(unshuffle);

  const auto rescale = [](const auto& qkv, const auto& bias, int64_t count, auto&&...) {
    constexpr const char* op = "_transform_bias_rescale_qkv";
    heads(op, count);
    if (!plain(qkv) || !bias.defined())
      return;
    needs_dims(op, "qkv", qkv, 3, 3);
    TORCH_CHECK_VALUE(qkv.size(2) >= 3 * count, op, " takes qkv with ", 3 * count,
                      " or more numbers for each token; its shape is ", qkv.sizes());
    needs_elements(op, "qkv_bias", &bias, qkv.size(2), "one for each number of a token");
  };
  registry.before<ops::_transform_bias_rescale_qkv>(rescale);
  registry.before<ops::_transform_bias_rescale_qkv_out>(rescale);
  const auto attention = [](const auto&, const auto&, const auto&, int64_t, int64_t count, auto&&...) {
    heads("_native_multi_head_attention", count);
  };
  registry.before<ops::_native_multi_head_attention>(attention);
  registry.before<ops::_native_multi_head_attention_out>(attention);
}

} // namespace

void guard_layers(Registry& registry) {
  guard_batch_norm(registry);
  guard_weight_norm(registry);
  guard_softmax(registry);
  guard_recurrent(registry);
  guard_padding(registry);
  guard_convolutions(registry);
  guard_shuffles(registry);
}

} // namespace tb::guards
