// One call at a time, on tensors so small that the call itself is what costs.
#include "digest.h"
#include "worker.h"

namespace bench {

namespace {

// A call that gives a tensor, which is dropped at once.
template <class F> Entry call(F body) {
  return {[body](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              body();
          },
          [body] { return digest(body()); }};
}

Entry add_in_place(bool grad) {
  auto w = pattern({4}).set_requires_grad(grad);
  auto b = torch::zeros({4});
  // A graph grows with every call on the same tensor: a new one begins after 64.
  return {[w, b](int64_t count) {
            for (int64_t i = 0; i < count; i += 64) {
              auto x = w.clone();
              for (int64_t j = i; j < count && j < i + 64; ++j)
                x.add_(b);
            }
          },
          [w, b] { return digest(w.clone().add_(b)); }};
}

Entry item(bool grad) {
  auto x = pattern({4})[1].clone().detach().set_requires_grad(grad);
  return {[x](int64_t count) {
            volatile float sink = 0;
            for (int64_t i = 0; i < count; ++i)
              sink = x.item<float>();
            (void)sink;
          },
          [x] { return digest(torch::full({1}, x.item<float>())); }};
}

Entry shape() {
  auto x = pattern({4, 4});
  return {[x](int64_t count) {
            volatile int64_t sink = 0;
            for (int64_t i = 0; i < count; ++i)
              sink = x.size(0);
            (void)sink;
          },
          [x] { return digest(torch::full({1}, static_cast<double>(x.size(0)))); }};
}

Entry no_grad() {
  return {[](int64_t count) {
            for (int64_t i = 0; i < count; ++i)
              torch::NoGradGuard guard;
          },
          [] {
            const bool before = torch::GradMode::is_enabled();
            torch::NoGradGuard guard;
            return digest(torch::full({1}, 2.0 * before + torch::GradMode::is_enabled()));
          }};
}

// Fifty calls.
torch::Tensor expression(torch::Tensor x, const torch::Tensor& b, const torch::Tensor& c, const torch::Tensor& d) {
  for (int i = 0; i < 10; ++i)
    x = (x * b + c).relu().tanh() - d;
  return x;
}

} // namespace

void add_calls(Entries& entries) {
  for (const bool grad : {false, true}) {
    const std::string suffix = grad ? "/grad" : "";
    const auto vector = [grad] { return pattern({4}).set_requires_grad(grad); };
    const auto matrix = [grad] { return pattern({4, 4}).set_requires_grad(grad); };

    entries["add" + suffix] = [=] { return call([a = vector(), b = vector()] { return a + b; }); };
    entries["add_" + suffix] = [=] { return add_in_place(grad); };
    entries["relu" + suffix] = [=] { return call([a = vector()] { return a.relu(); }); };
    entries["matmul-4x4" + suffix] = [=] { return call([m = matrix()] { return m.matmul(m); }); };
    entries["view" + suffix] = [=] { return call([a = vector()] { return a.view({2, 2}); }); };
    entries["reshape" + suffix] = [=] { return call([a = vector()] { return a.reshape({2, 2}); }); };
    entries["transpose" + suffix] = [=] { return call([m = matrix()] { return m.transpose(0, 1); }); };
    entries["index-integer" + suffix] = [=] { return call([m = matrix()] { return m[0]; }); };
    entries["index-slice" + suffix] = [=] {
      return call([m = matrix()] { return m.index({torch::indexing::Slice(1, 3)}); });
    };
    entries["item" + suffix] = [=] { return item(grad); };
    entries["zeros" + suffix] = [=] {
      return grad ? call([] { return torch::zeros({2, 3}, torch::requires_grad()); }) : call([] { return torch::zeros({2, 3}); });
    };
    entries["cat-2" + suffix] = [=] { return call([a = vector(), b = vector()] { return torch::cat({a, b}); }); };
    entries["sum-dim" + suffix] = [=] { return call([m = matrix()] { return m.sum(0); }); };
    entries["mean-dims" + suffix] = [=] { return call([m = matrix()] { return m.mean(torch::IntArrayRef({0, 1})); }); };
    entries["expression-50" + suffix] = [=] {
      return call([x = vector(), b = pattern({4}) + 1, c = pattern({4}) * 0.5, d = pattern({4}) * 0.1] {
        return expression(x, b, c, d);
      });
    };
  }
  entries["shape[0]"] = shape;
  entries["no-grad"] = no_grad;
}

} // namespace bench
