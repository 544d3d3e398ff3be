// The networks of the benchmarks. The other workers have the same ones, with the same names inside.
#pragma once

#include <torch/nn.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace bench {

// Weights that do not depend on how a library initialises, or in which order.
inline void fill(torch::nn::Module& module) {
  torch::NoGradGuard guard;
  for (auto& item : module.named_parameters()) {
    auto& parameter = item.value();
    const bool bias = item.key().find("bias") != std::string::npos;
    if (parameter.dim() <= 1 && !bias)
      continue; // the weights of norms stay 1
    const double bound = bias ? 0.1 : 1.0 / std::sqrt(static_cast<double>(parameter.numel() / parameter.size(0)));
    torch::manual_seed(static_cast<uint64_t>(parameter.numel()));
    parameter.uniform_(-bound, bound);
  }
}

// The network of the CIFAR-10 tutorial.
struct CifarNetImpl : torch::nn::Module {
  CifarNetImpl() {
    register_module("conv1", conv1);
    register_module("pool", pool);
    register_module("conv2", conv2);
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    register_module("fc3", fc3);
    fill(*this);
  }
  torch::Tensor forward(torch::Tensor x) {
    x = pool(torch::relu(conv1(x)));
    x = pool(torch::relu(conv2(x)));
    x = torch::flatten(x, 1);
    x = torch::relu(fc1(x));
    x = torch::relu(fc2(x));
    return fc3(x);
  }
  torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(3, 6, 5)};
  torch::nn::MaxPool2d pool{torch::nn::MaxPool2dOptions(2).stride(2)};
  torch::nn::Conv2d conv2{torch::nn::Conv2dOptions(6, 16, 5)};
  torch::nn::Linear fc1{16 * 5 * 5, 120};
  torch::nn::Linear fc2{120, 84};
  torch::nn::Linear fc3{84, 10};
};
TORCH_MODULE(CifarNet);

struct PerceptronImpl : torch::nn::Module {
  PerceptronImpl() {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    fill(*this);
  }
  torch::Tensor forward(const torch::Tensor& x) { return fc2(torch::relu(fc1(x))); }
  torch::nn::Linear fc1{784, 128};
  torch::nn::Linear fc2{128, 10};
};
TORCH_MODULE(Perceptron);

inline torch::nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(false));
}

struct BasicBlockImpl : torch::nn::Module {
  BasicBlockImpl(int64_t in, int64_t out, int64_t stride)
      : conv1(conv(in, out, 3, stride, 1)), bn1(out), conv2(conv(out, out, 3, 1, 1)), bn2(out) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (stride != 1 || in != out)
      downsample = register_module("downsample",
                                   torch::nn::Sequential(conv(in, out, 1, stride, 0), torch::nn::BatchNorm2d(out)));
  }
  torch::Tensor forward(torch::Tensor x) {
    auto y = bn1(conv1(x)).relu_();
    y = bn2(conv2(y));
    y += downsample.is_empty() ? x : downsample->forward(x);
    return y.relu_();
  }
  torch::nn::Conv2d conv1;
  torch::nn::BatchNorm2d bn1;
  torch::nn::Conv2d conv2;
  torch::nn::BatchNorm2d bn2;
  torch::nn::Sequential downsample{nullptr};
};
TORCH_MODULE(BasicBlock);

struct ResNet18Impl : torch::nn::Module {
  ResNet18Impl() {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("maxpool", maxpool);
    register_module("layer1", layer1);
    register_module("layer2", layer2);
    register_module("layer3", layer3);
    register_module("layer4", layer4);
    register_module("avgpool", avgpool);
    register_module("fc", fc);
    fill(*this);
  }
  static torch::nn::Sequential layer(int64_t in, int64_t out, int64_t stride) {
    return torch::nn::Sequential(BasicBlock(in, out, stride), BasicBlock(out, out, 1));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = maxpool(bn1(conv1(x)).relu_());
    x = layer4->forward(layer3->forward(layer2->forward(layer1->forward(x))));
    return fc(torch::flatten(avgpool(x), 1));
  }
  torch::nn::Conv2d conv1{conv(3, 64, 7, 2, 3)};
  torch::nn::BatchNorm2d bn1{64};
  torch::nn::MaxPool2d maxpool{torch::nn::MaxPool2dOptions(3).stride(2).padding(1)};
  torch::nn::Sequential layer1{layer(64, 64, 1)};
  torch::nn::Sequential layer2{layer(64, 128, 2)};
  torch::nn::Sequential layer3{layer(128, 256, 2)};
  torch::nn::Sequential layer4{layer(256, 512, 2)};
  torch::nn::AdaptiveAvgPool2d avgpool{1};
  torch::nn::Linear fc{512, 1000};
};
TORCH_MODULE(ResNet18);

// An encoder layer. Written out, because the ready-made ones of C++ and Python call different operators.
struct TransformerLayerImpl : torch::nn::Module {
  TransformerLayerImpl() {
    register_module("qkv", qkv);
    register_module("proj", proj);
    register_module("norm1", norm1);
    register_module("up", up);
    register_module("down", down);
    register_module("norm2", norm2);
    fill(*this);
  }
  torch::Tensor forward(torch::Tensor x) {
    const int64_t batch = x.size(0), time = x.size(1);
    const auto parts = qkv(x).view({batch, time, 3, heads, width / heads}).permute({2, 0, 3, 1, 4}).unbind(0);
    const auto attended = torch::scaled_dot_product_attention(parts[0], parts[1], parts[2]);
    x = norm1(x + proj(attended.transpose(1, 2).reshape({batch, time, width})));
    return norm2(x + down(torch::gelu(up(x))));
  }
  static constexpr int64_t width = 64, heads = 4, inner = 256;
  torch::nn::Linear qkv{width, 3 * width};
  torch::nn::Linear proj{width, width};
  torch::nn::LayerNorm norm1{torch::nn::LayerNormOptions({width})};
  torch::nn::Linear up{width, inner};
  torch::nn::Linear down{inner, width};
  torch::nn::LayerNorm norm2{torch::nn::LayerNormOptions({width})};
};
TORCH_MODULE(TransformerLayer);

} // namespace bench
