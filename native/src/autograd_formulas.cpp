// Formulas that Python adds to libtorch at run time, for operators whose gradients have no vectorised or
// forward-mode form of their own. The order of the operations is Python's: it decides the last bits.
#include "shim.h"
#include "torchbind/functorch.h"
#include "version.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <mutex>
#include <torch/csrc/jit/runtime/decomposition_registry.h>
#include <torch/jit.h>
#include <torch/library.h>
#include <tuple>

namespace {

// Half precision is computed in single.
at::Tensor raise(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return type == at::kHalf || type == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
}

at::Tensor lower(const at::Tensor& result, const at::Tensor& like) { return result.to(like.scalar_type()); }

double mean_factor(const at::Tensor& tensor, int64_t reduction, double numerator) {
  return reduction == at::Reduction::Mean ? numerator / static_cast<double>(tensor.numel()) : numerator;
}

at::Tensor mse_loss_backward(const at::Tensor& grad_output, const at::Tensor& self, const at::Tensor& target,
                             int64_t reduction) {
  const double norm = mean_factor(self, reduction, 2.0);
  return lower((raise(self) - raise(target)) * norm * raise(grad_output), grad_output);
}

at::Tensor smooth_l1_loss_backward(const at::Tensor& grad_output, const at::Tensor& self,
                                   const at::Tensor& target, int64_t reduction, double beta) {
  const at::Tensor x = raise(self) - raise(target);
  const at::Tensor scaled = raise(grad_output) * mean_factor(self, reduction, 1.0);
  return lower(at::where(x.abs() < beta, scaled * x / beta, scaled * x.sign()), grad_output);
}

at::Tensor huber_loss_backward(const at::Tensor& grad_output, const at::Tensor& self,
                               const at::Tensor& target, int64_t reduction, double delta) {
  const double norm = mean_factor(self, reduction, 1.0);
  const at::Tensor x = raise(self) - raise(target);
  const at::Tensor grad = raise(grad_output);
  const at::Tensor inside = at::where(x > delta, grad * norm * delta, x * norm * grad);
  return lower(at::where(x < -delta, grad * -norm * delta, inside), grad_output);
}

// A weight per class, shaped to spread over the other dimensions.
at::Tensor spread(const at::Tensor& weight, int64_t dims, int64_t channel) {
  std::vector<int64_t> shape(static_cast<size_t>(dims), 1);
  shape[static_cast<size_t>(channel)] = weight.size(0);
  return weight.reshape(shape);
}

std::tuple<at::Tensor, at::Tensor> nll_loss_forward(const at::Tensor& self, const at::Tensor& target,
                                                    const std::optional<at::Tensor>& weight,
                                                    int64_t reduction, c10::SymInt ignored) {
  const int64_t ignore_index = ignored.guard_int(__FILE__, __LINE__);
  const int64_t dims = self.dim();
  const int64_t channel = dims < 2 ? 0 : 1;
  const bool weighted = weight.has_value() && weight->defined();
  at::Tensor input = self;
  at::Tensor spread_weight;
  if (weighted) {
    spread_weight = dims > 1 ? spread(*weight, dims, channel) : *weight;
    input = input * spread_weight;
  }
  const at::Tensor counted = target != ignore_index;
  const at::Tensor index = at::where(counted, target, 0).unsqueeze(channel);
  at::Tensor result = (-at::gather(input, channel, index)).squeeze(channel);
  result = at::where(counted, result, 0);
  if (reduction == at::Reduction::None && dims > 1)
    return {result, self.new_full({}, 0.0)};

  at::Tensor total;
  if (weighted) {
    const at::Tensor weights =
        at::gather(spread_weight.expand(self.sizes()), channel, index).squeeze(channel);
    total = at::where(counted, weights, 0).sum();
  } else {
    total = counted.sum().to(self.options());
  }
  if (reduction == at::Reduction::Sum)
    result = result.sum();
  else if (reduction == at::Reduction::Mean)
    result = result.sum() / total;
  return {result, total};
}

at::Tensor nll_loss_backward(const at::Tensor& grad_output, const at::Tensor& self, const at::Tensor& target,
                             const std::optional<at::Tensor>& weight, int64_t reduction, c10::SymInt ignored,
                             const at::Tensor& total_weight) {
  const int64_t ignore_index = ignored.guard_int(__FILE__, __LINE__);
  const int64_t channel = self.dim() < 2 ? 0 : 1;
  at::Tensor grad = reduction == at::Reduction::Mean ? grad_output / total_weight : grad_output;
  // Without a batch only the first label counts.
  at::Tensor labels = self.dim() == 1 && target.dim() > 0 ? target.select(0, 0) : target;
  labels = labels.unsqueeze(channel);
  const at::Tensor counted = labels != ignore_index;
  const at::Tensor index = at::where(counted, labels, 0);
  const at::Tensor picked = at::scatter(at::zeros_like(self), channel, index, -1.0);
  if (picked.dim() > grad.dim() && grad.dim() > 0)
    grad = grad.unsqueeze(channel);
  if (weight.has_value() && weight->defined())
    grad = grad * spread(*weight, self.dim(), channel);
  return picked * at::where(counted, grad, 0);
}

at::Tensor addr(const at::Tensor& self, const at::Tensor& vec1, const at::Tensor& vec2,
                const at::Scalar& beta, const at::Scalar& alpha) {
  TORCH_CHECK(vec1.dim() == 1, "addr takes vectors; vec1 has ", vec1.dim(), " dimensions");
  TORCH_CHECK(vec2.dim() == 1, "addr takes vectors; vec2 has ", vec2.dim(), " dimensions");
  const at::Tensor product = at::outer(vec1, vec2);
  const at::Tensor base = self.expand({vec1.size(0), vec2.size(0)});
  if (self.scalar_type() == at::kBool) {
    const at::Tensor wanted = alpha.toBool() ? product : at::zeros_like(base);
    return beta.toBool() ? at::logical_or(base, wanted) : wanted;
  }
  // With beta 0 a NaN in self does not count.
  return beta.equal(0) ? product * alpha : base * beta + product * alpha;
}

void load_vmap_formulas() {
  // Never freed: freeing takes the formulas away again.
  static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::FuncTorchBatched,
                                            __FILE__, __LINE__);
  library->impl("mse_loss_backward", &mse_loss_backward);
  library->impl("smooth_l1_loss_backward", &smooth_l1_loss_backward);
  library->impl("huber_loss_backward", &huber_loss_backward);
  library->impl("nll_loss_forward", &nll_loss_forward);
  library->impl("nll_loss2d_forward", &nll_loss_forward);
  library->impl("nll_loss_backward", &nll_loss_backward);
  library->impl("nll_loss2d_backward", &nll_loss_backward);
  library->impl("addr", &addr);
}

// Functions in TorchScript. Each is named after its operator; common ones come first.
constexpr const char* jvp_source = R"(
def cast_back(like: Tensor, grad: Tensor, input_dtype: int) -> Tensor:
    if like.dtype != input_dtype:
        return grad.to(dtype=input_dtype)
    return grad

def trace(self: Tensor) -> Tensor:
    return torch.sum(torch.diag(self))

def log_sigmoid_forward(self: Tensor) -> Tuple[Tensor, Tensor]:
    low = torch.minimum(self.new_zeros([]), self)
    z = torch.exp(-torch.abs(self))
    buffer = z
    if self.is_cuda or self.is_xpu:
        buffer = self.new_zeros([0])
    return low - torch.log1p(z), buffer

def _softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: int) -> Tensor:
    scaled = grad_output * output
    result = scaled - output * torch.sum(scaled, [dim], True)
    return cast_back(grad_output, result, input_dtype).contiguous()

def _log_softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: int) -> Tensor:
    result = grad_output - torch.exp(output) * torch.sum(grad_output, [dim], True)
    return cast_back(grad_output, result, input_dtype)

def nll_backward(grad_output: Tensor, self: Tensor, target: Tensor, weight: Optional[Tensor], reduction: int,
                 ignore_index: int, total_weight: Tensor) -> Tensor:
    channel = 1
    if self.dim() < 2:
        channel = 0
    grad = grad_output
    if reduction == 1:
        grad = grad / total_weight
    labels = target
    if self.dim() == 1 and target.dim() > 0:
        labels = target[0]
    labels = labels.unsqueeze(channel)
    counted = labels != ignore_index
    index = torch.where(counted, labels, 0)
    picked = torch.scatter(torch.zeros_like(self), channel, index, -1.0)
    if picked.dim() > grad.dim() and grad.dim() > 0:
        grad = grad.unsqueeze(channel)
    if weight is not None:
        shape = [1] * self.dim()
        shape[channel] = weight.size(0)
        grad = grad * weight.reshape(shape)
    grad = torch.where(counted, grad, 0)
    return picked * grad

def nll_loss_backward(grad_output: Tensor, self: Tensor, target: Tensor, weight: Optional[Tensor], reduction: int,
                      ignore_index: int, total_weight: Tensor) -> Tensor:
    return nll_backward(grad_output, self, target, weight, reduction, ignore_index, total_weight)

def nll_loss2d_backward(grad_output: Tensor, self: Tensor, target: Tensor, weight: Optional[Tensor], reduction: int,
                        ignore_index: int, total_weight: Tensor) -> Tensor:
    return nll_backward(grad_output, self, target, weight, reduction, ignore_index, total_weight)

def native_layer_norm_backward(grad_out: Tensor, input: Tensor, normalized_shape: List[int], mean: Tensor, rstd: Tensor,
                               weight: Optional[Tensor], bias: Optional[Tensor],
                               output_mask: List[bool]) -> Tuple[Optional[Tensor], Optional[Tensor], Optional[Tensor]]:
    axis = input.dim() - len(normalized_shape)
    inner_dims: List[int] = []
    outer_dims: List[int] = []
    count = 1
    others = 1
    for i in range(input.dim()):
        if i < axis:
            outer_dims.append(i)
            others *= input.size(i)
        else:
            inner_dims.append(i)
            count *= input.size(i)
    inner_shape = input.shape[axis:]
    if others <= 0 or count <= 0:
        return input.new_zeros(input.shape), input.new_zeros(inner_shape), input.new_zeros(inner_shape)

    center, scale = moments(input, rstd, inner_dims, True)
    x_hat = (input - center) * scale
    grad_x_hat = grad_out
    if weight is not None:
        grad_x_hat = grad_out * weight
    a = grad_x_hat * count
    b = torch.sum(grad_x_hat, inner_dims, True)
    c = torch.mul(x_hat, torch.sum(torch.mul(grad_x_hat, x_hat), inner_dims, True))
    inner = a - b - c

    d_input: Optional[Tensor] = torch.zeros_like(input)
    if output_mask[0]:
        d_input = (scale / count) * inner
    d_weight: Optional[Tensor] = torch.zeros([])
    if weight is not None:
        if output_mask[1]:
            if len(outer_dims) > 0:
                d_weight = torch.sum(grad_out * x_hat, outer_dims, False)
            else:
                d_weight = grad_out * x_hat
        else:
            d_weight = torch.zeros_like(weight)
    d_bias: Optional[Tensor] = torch.zeros([])
    if bias is not None:
        if output_mask[2]:
            if len(outer_dims) > 0:
                d_bias = torch.sum(grad_out, outer_dims, False)
            else:
                d_bias = grad_out.clone()
        else:
            d_bias = torch.zeros_like(bias)
    return d_input, d_weight, d_bias

def native_batch_norm_backward(grad_out: Tensor, input: Tensor, weight: Optional[Tensor], running_mean: Optional[Tensor],
                               running_var: Optional[Tensor], save_mean: Optional[Tensor], save_invstd: Optional[Tensor],
                               train: bool, eps: float,
                               output_mask: List[bool]) -> Tuple[Tensor, Optional[Tensor], Optional[Tensor]]:
    shape = [1] * input.dim()
    shape[1] = input.size(1)
    dims: List[int] = []
    elements = 1
    for i in range(input.dim()):
        elements *= input.size(i)
        if i != 1:
            dims.append(i)
    features = elements / input.size(1)
    if train:
        assert save_invstd is not None
        center, scale = moments(input, save_invstd, dims, False)
    else:
        assert running_mean is not None and running_var is not None
        center = running_mean
        scale = torch.rsqrt(running_var + eps)

    center = torch.reshape(center, shape)
    norm = 1.0 / features
    grad_sum = torch.sum(grad_out, dims)
    product = torch.sum(grad_out * (input - center), dims)
    grad_mean = torch.reshape(grad_sum * norm, shape)
    proj_scale = torch.reshape(torch.mul(product * norm, scale * scale), shape)
    if weight is None:
        grad_scale = torch.reshape(scale, shape) * 1.0
    else:
        grad_scale = torch.reshape(scale * weight, shape)
    if train:
        grad_input = ((grad_out - (input - center) * proj_scale) - grad_mean) * grad_scale
    else:
        grad_input = grad_out * grad_scale

    grad_weight: Optional[Tensor] = torch.zeros([])
    if output_mask[1]:
        grad_weight = product * scale
    elif weight is not None:
        grad_weight = torch.zeros_like(weight)
    grad_bias: Optional[Tensor] = torch.zeros_like(grad_sum)
    if output_mask[2]:
        grad_bias = grad_sum
    return grad_input, grad_weight, grad_bias
)";

// Mean and reciprocal deviation again, so that they are differentiated through the input. Older versions take
// the root and divide, which gives other bits.
#if TB_TORCH_AT_LEAST(2, 7)
constexpr const char* moments_source = R"(
def moments(input: Tensor, rstd: Tensor, dims: List[int], keepdim: bool) -> Tuple[Tensor, Tensor]:
    var, mean = torch.var_mean(input, dims, correction=0, keepdim=keepdim)
    eps = (torch.pow(1 / rstd, 2) - var).detach()
    return mean, torch.rsqrt(var + eps)
)";
#else
constexpr const char* moments_source = R"(
def moments(input: Tensor, rstd: Tensor, dims: List[int], keepdim: bool) -> Tuple[Tensor, Tensor]:
    mean = torch.mean(input, dims, keepdim)
    var = torch.var(input, dims, False, keepdim)
    eps = (torch.pow(1 / rstd, 2) - var).detach()
    return mean, 1 / torch.sqrt(var + eps)
)";
#endif

void load_jvp_formulas() {
  const auto unit = torch::jit::compile(std::string(moments_source) + jvp_source);
  for (const char* name : {"trace", "log_sigmoid_forward", "_softmax_backward_data",
                           "_log_softmax_backward_data", "nll_loss_backward", "nll_loss2d_backward",
                           "native_layer_norm_backward", "native_batch_norm_backward"}) {
    const auto op =
        c10::Dispatcher::singleton().findSchemaOrThrow((std::string("aten::") + name).c_str(), "");
    if (torch::jit::has_jit_decomposition(op.schema()))
      continue;
    torch::jit::RegisterDecomposition(op.schema(),
                                      torch::jit::toGraphFunction(unit->get_function(name)).graph());
  }
}

} // namespace

tb_status tb_func_load_vmap_formulas(void) {
  return tb::guard([] {
    static std::once_flag once;
    std::call_once(once, &load_vmap_formulas);
  });
}

tb_status tb_func_load_jvp_formulas(void) {
  return tb::guard([] {
    static std::once_flag once;
    std::call_once(once, &load_jvp_formulas);
  });
}
