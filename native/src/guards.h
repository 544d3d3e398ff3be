// Preconditions that libtorch itself does not check. A guard is a kernel in the dispatcher that looks at the
// arguments and hands them on; so it stands in front of its operator on every way there: a generated member,
// a call by name, TorchScript, a backward pass, another operator.
#pragma once

#include "shim.h"

#include <ATen/TensorSubclassLikeUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/Exception.h>
#include <string>
#include <torch/library.h>

namespace tb::guards {

class Registry {
public:
  Registry(torch::Library& front, torch::Library& composite) : front_(front), composite_(composite) {}

  // `check` sees the arguments of at::_ops::Op before its kernels for a backend do. Not for operators that
  // libtorch composes of others (CompositeImplicitAutograd): autograd is in front of this.
  template <class Op, class Check> void before(Check check) {
    using Kernel = Before<Op, Check, typename Op::schema>;
    Kernel::check = new Check(std::move(check));
    front_.impl(name<Op>().c_str(), c10::CompileTimeFunctionPointer<decltype(Kernel::call), &Kernel::call>());
  }

  // The same for an operator that is composed of others: `body` is libtorch's function for it.
  template <class Op, class Check> void composed(typename Op::schema* body, Check check) {
    using Kernel = Composed<Op, Check, typename Op::schema>;
    Kernel::check = new Check(std::move(check));
    Kernel::body = body;
    constexpr auto key = c10::DispatchKey::CompositeImplicitAutograd;
    const auto known = c10::Dispatcher::singleton().findSchema({Op::name, Op::overload_name});
    TORCH_INTERNAL_ASSERT(known.has_value() && known->hasKernelForDispatchKey(key), Op::name,
                          " is not composed of others: guard it with before()");
    composite_.impl(name<Op>().c_str(),
                    c10::CompileTimeFunctionPointer<decltype(Kernel::call), &Kernel::call>());
  }

private:
  template <class Op, class Check, class Signature> struct Before;
  template <class Op, class Check, class Result, class... Arguments>
  struct Before<Op, Check, Result(Arguments...)> {
    static inline const Check* check = nullptr; // one for the process, never freed
    static Result call(c10::DispatchKeySet keys, Arguments... arguments) {
      (*check)(arguments...);
      constexpr auto behind =
          c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, c10::DispatchKey::BackendSelect);
      return Op::redispatch(keys & behind, std::forward<Arguments>(arguments)...);
    }
  };

  template <class Op, class Check, class Signature> struct Composed;
  template <class Op, class Check, class Result, class... Arguments>
  struct Composed<Op, Check, Result(Arguments...)> {
    static inline const Check* check = nullptr;
    static inline typename Op::schema* body = nullptr;
    static Result call(Arguments... arguments) {
      (*check)(arguments...);
      return body(std::forward<Arguments>(arguments)...);
    }
  };

  template <class Op> static std::string name() {
    const std::string full = Op::name; // with "aten::" in front
    const std::string overload = Op::overload_name;
    return overload.empty() ? full : full + "." + overload;
  }

  torch::Library& front_;
  torch::Library& composite_;
};

// Each in a file of its own area.
void guard_layers(Registry& registry);
void guard_math(Registry& registry);

using Maybe = std::optional<at::Tensor>;

// Null where there is none.
inline const at::Tensor* given(const at::Tensor& tensor) { return tensor.defined() ? &tensor : nullptr; }
inline const at::Tensor* given(const Maybe& tensor) {
  return tensor.has_value() && tensor->defined() ? &*tensor : nullptr;
}

// Numbers that are known; none where libtorch traces with symbols.
inline std::optional<at::IntArrayRef> known(at::IntArrayRef values) { return values; }
inline std::optional<at::IntArrayRef> known(c10::SymIntArrayRef values) {
  return c10::asIntArrayRefSlowOpt(values);
}
inline std::optional<int64_t> known(int64_t value) { return value; }
inline std::optional<int64_t> known(const c10::SymInt& value) { return value.maybe_as_int(); }

// Tensors whose sizes and memory are what they seem: not nested, not sparse, not wrapped by a transform.
inline bool plain(const at::Tensor& tensor) {
  return tensor.defined() && tensor.layout() == at::kStrided && !tensor.is_nested();
}

// Whether a kernel can read the numbers of the tensor here and now.
inline bool readable(const at::Tensor& tensor) {
  return plain(tensor) && tensor.device().is_cpu() && tensor.has_storage() &&
         !at::isTensorSubclassLike(tensor);
}

void needs_elements(const char* op, const char* name, const at::Tensor* tensor, int64_t elements,
                    const char* why);
void needs_shape(const char* op, const char* name, const at::Tensor& tensor, at::IntArrayRef shape);
void needs_same_shape(const char* op, const char* name, const at::Tensor& tensor, const char* other_name,
                      const at::Tensor& other);
void needs_dims(const char* op, const char* name, const at::Tensor& tensor, int64_t least,
                int64_t most = INT64_MAX);
// A kernel writes the result as one block, whatever strides `out` has. Where `out` has another shape it is
// resized, and then contiguous.
void needs_contiguous_out(const char* op, const char* name, const at::Tensor& out, at::IntArrayRef shape);
// Numbers that a kernel multiplies and adds without looking: their magnitude stays below 2^31.
void needs_moderate(const char* op, const char* name, std::optional<at::IntArrayRef> values);

} // namespace tb::guards
