// Any operator by name, and operators of one's own: through the dispatcher, boxed.
#include "torchbind/dispatch.h"
#include "values.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <memory>
#include <string>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>
#include <unordered_map>

namespace {

using torch::autograd::variable_list;
using torch::jit::Stack;

// A value as an argument or a result of a type: none is a tensor that is not defined, and one number serves
// for a list of integers, as in Python.
c10::IValue read(tb::ValueReader& reader, const c10::TypePtr& wanted) {
  c10::IValue value = reader.read(wanted);
  c10::TypePtr type = wanted;
  while (const auto optional = type == nullptr ? nullptr : type->cast<c10::OptionalType>()) {
    if (value.isNone())
      return value;
    type = optional->getElementType();
  }
  if (type != nullptr && value.isNone() && type->kind() == c10::TypeKind::TensorType)
    return at::Tensor();
  if (type != nullptr && value.isInt() && type->kind() == c10::TypeKind::ListType)
    return std::vector<int64_t>{value.toInt()};
  return value;
}

c10::OperatorName name_of(const std::string& name) {
  const auto colons = name.find("::");
  TORCH_CHECK_VALUE(colons != std::string::npos && colons > 0, "'", name,
                    "' names no operator; write its namespace as well: aten::add.Tensor");
  const auto dot = name.find('.', colons);
  return dot == std::string::npos ? c10::OperatorName(name, "")
                                  : c10::OperatorName(name.substr(0, dot), name.substr(dot + 1));
}

c10::OperatorHandle operator_named(const char* name) {
  const auto wanted = name_of(name);
  auto& dispatcher = c10::Dispatcher::singleton();
  if (auto handle = dispatcher.findSchema(wanted))
    return *handle;
  std::string overloads;
  for (const auto& known : dispatcher.getAllOpNames()) {
    if (known.name == wanted.name)
      overloads += (overloads.empty() ? "" : ", ") +
                   (known.overload_name.empty() ? known.name : known.name + "." + known.overload_name);
  }
  if (overloads.empty())
    TORCH_CHECK_VALUE(false, "There is no operator ", name, "; is the library that registers it loaded?");
  TORCH_CHECK_VALUE(false, "There is no operator ", name, "; there are ", overloads);
}

// A managed function behind kernels. Copies share it; the last one tells the managed side.
struct Callback {
  tb_kernel call;
  void (*destroy)(void*);
  void* context;
  ~Callback() {
    if (destroy != nullptr)
      destroy(context);
  }
};

struct Sink {
  std::vector<c10::TypePtr> types; // empty: as they come
  std::vector<c10::IValue> values;
};

std::vector<c10::IValue> call_managed(const Callback& callback, tb::ValueWriter& arguments,
                                      std::vector<c10::TypePtr> types) {
  Sink sink{std::move(types), {}};
  const tb_status status = callback.call(callback.context, arguments.data(), arguments.size(), &sink);
  arguments.forget_handles();
  if (status != TB_OK)
    tb::throw_callback_error();
  return std::move(sink.values);
}

// A managed kernel.
struct Kernel final : c10::OperatorKernel {
  explicit Kernel(std::shared_ptr<Callback> callback) : callback_(std::move(callback)) {}

  void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet, Stack* stack) {
    const auto& schema = op.schema();
    const auto count = schema.arguments().size();
    tb::ValueWriter arguments;
    for (const auto& value : torch::jit::last(*stack, count))
      arguments.write(value);
    std::vector<c10::TypePtr> types;
    for (const auto& result : schema.returns())
      types.push_back(result.type());
    auto results = call_managed(*callback_, arguments, std::move(types));
    if (results.empty() && schema.returns().size() == 1 &&
        schema.returns()[0].type()->kind() == c10::TypeKind::OptionalType)
      results.emplace_back();
    TORCH_CHECK(results.size() == schema.returns().size(), "the kernel of ", toString(op.operator_name()),
                " returned ", results.size(), " values, its schema has ", schema.returns().size());
    torch::jit::drop(*stack, count);
    for (auto& result : results)
      stack->push_back(std::move(result));
  }

private:
  std::shared_ptr<Callback> callback_;
};

// What a recorded call of an operator with a managed backward pass remembers: its arguments without the
// tensors, which autograd keeps (and checks for changes).
struct Recorded final : torch::CustomClassHolder {
  Recorded(const c10::OperatorHandle& handle, std::shared_ptr<Callback> callback)
      : op(handle), backward(std::move(callback)) {}
  c10::OperatorHandle op;
  std::shared_ptr<Callback> backward;
  std::vector<c10::IValue> arguments;
  std::vector<int64_t> tensors; // of each argument: -1 for none, -2 for one, else how many in a list
  Stack stack;                  // during the call
};

struct Differentiable : torch::autograd::Function<Differentiable> {
  static variable_list forward(torch::autograd::AutogradContext* ctx,
                               const c10::intrusive_ptr<Recorded>& call, at::TensorList inputs) {
    {
      at::AutoDispatchBelowADInplaceOrView guard;
      call->op.callBoxed(&call->stack);
    }
    variable_list outputs, saved = inputs.vec();
    for (const auto& value : call->stack) {
      if (value.isTensor())
        outputs.push_back(value.toTensor());
      else if (value.isTensorList())
        for (const auto& item : value.toTensorVector())
          outputs.push_back(item);
    }
    saved.insert(saved.end(), outputs.begin(), outputs.end());
    ctx->save_for_backward(std::move(saved));
    ctx->saved_data["call"] = c10::IValue::make_capsule(call);
    return outputs;
  }

  static variable_list backward(torch::autograd::AutogradContext* ctx, const variable_list& gradients) {
    const auto capsule = ctx->saved_data["call"].toCapsule();
    const auto* call = static_cast<const Recorded*>(capsule.get());
    const auto saved = ctx->get_saved_variables();
    tb::ValueWriter writer;
    writer.list(gradients.size(), TB_VALUE_TENSOR);
    for (const auto& gradient : gradients)
      writer.write(gradient);
    writer.list(call->arguments.size());
    size_t used = 0, inputs = 0;
    for (size_t i = 0; i < call->arguments.size(); ++i) {
      const int64_t tensors = call->tensors[i];
      if (tensors == -1) {
        writer.write(call->arguments[i]);
      } else if (tensors == -2) {
        writer.write(saved[used++]);
      } else {
        writer.list(static_cast<size_t>(tensors), TB_VALUE_TENSOR);
        for (int64_t k = 0; k < tensors; ++k)
          writer.write(saved[used++]);
      }
    }
    inputs = used;
    writer.list(saved.size() - used, TB_VALUE_TENSOR);
    for (; used < saved.size(); ++used)
      writer.write(saved[used]);
    const auto results = call_managed(*call->backward, writer, {});
    TORCH_CHECK(results.size() == call->arguments.size(), "the backward pass of ",
                toString(call->op.operator_name()), " returned ", results.size(),
                " values, the operator has ", call->arguments.size(), " arguments");
    variable_list grads(1); // the recorded call itself has none
    grads.reserve(inputs + 1);
    for (size_t i = 0; i < results.size(); ++i) {
      if (call->tensors[i] == -2) {
        grads.push_back(results[i].isNone() ? at::Tensor() : results[i].toTensor());
      } else if (call->tensors[i] >= 0) {
        const bool none = results[i].isNone();
        const auto items = none ? c10::ArrayRef<c10::IValue>() : results[i].toListRef();
        TORCH_CHECK(none || static_cast<int64_t>(items.size()) == call->tensors[i], "the backward pass of ",
                    toString(call->op.operator_name()), " returned ", items.size(),
                    " gradients for a list of ", call->tensors[i]);
        for (int64_t k = 0; k < call->tensors[i]; ++k)
          grads.push_back(none || items[k].isNone() ? at::Tensor() : items[k].toTensor());
      }
    }
    return grads;
  }
};

// Records calls for autograd; what is below does the work.
struct AutogradKernel final : c10::OperatorKernel {
  explicit AutogradKernel(std::shared_ptr<Callback> backward) : backward_(std::move(backward)) {}

  void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet, Stack* stack) {
    const auto count = op.schema().arguments().size();
    auto call = c10::make_intrusive<Recorded>(op, backward_);
    call->stack = torch::jit::pop(*stack, count);
    std::vector<at::Tensor> inputs;
    for (const auto& value : call->stack) {
      if (value.isTensor() && value.toTensor().defined()) {
        inputs.push_back(value.toTensor());
        call->tensors.push_back(-2);
        call->arguments.emplace_back();
      } else if (value.isTensorList()) {
        const auto items = value.toTensorVector();
        inputs.insert(inputs.end(), items.begin(), items.end());
        call->tensors.push_back(static_cast<int64_t>(items.size()));
        call->arguments.emplace_back();
      } else {
        call->tensors.push_back(-1);
        call->arguments.push_back(value);
      }
    }
    const variable_list outputs = Differentiable::apply(call, at::TensorList(inputs));
    size_t used = 0;
    for (auto& value : call->stack) {
      if (value.isTensor()) {
        stack->emplace_back(outputs[used++]);
      } else if (value.isTensorList()) {
        c10::List<at::Tensor> list;
        for (size_t k = 0, n = value.toListRef().size(); k < n; ++k)
          list.push_back(outputs[used++]);
        stack->emplace_back(std::move(list));
      } else {
        stack->push_back(std::move(value));
      }
    }
    call->stack.clear(); // the record must not keep its own outputs alive
  }

private:
  std::shared_ptr<Callback> backward_;
};

struct Library {
  std::string name;
  std::vector<c10::RegistrationHandleRAII> registrations;
  ~Library() {
    while (!registrations.empty()) // kernels before what they implement
      registrations.pop_back();
  }
};

Library& library(tb_library handle) { return *reinterpret_cast<Library*>(handle); }

c10::OperatorName qualified(const Library& owner, const std::string& name) {
  return name_of(name.find("::") == std::string::npos ? owner.name + "::" + name : name);
}

} // namespace

tb_status tb_dispatch_call(const char* name, const tb_value* arguments, int64_t count, int64_t positional,
                           const char* const* keywords, int64_t keyword_count, tb_value** result,
                           int64_t* result_count) {
  return tb::guard([&] {
    const auto op = operator_named(name);
    const auto& schema = op.schema();
    tb::ValueReader reader(arguments, count);
    Stack stack;
    for (int64_t i = 0; i < positional; ++i) {
      TORCH_CHECK_TYPE(i < static_cast<int64_t>(schema.arguments().size()), name, " takes ",
                       schema.arguments().size(), " arguments, got ", positional, "; its schema: ", schema);
      stack.push_back(read(reader, schema.arguments()[i].type()));
    }
    std::unordered_map<std::string, c10::IValue> named;
    for (int64_t i = 0; i < keyword_count; ++i) {
      const auto index = schema.argumentIndexWithName(keywords[i]);
      TORCH_CHECK_TYPE(index.has_value(), name, " has no argument '", keywords[i], "'; its schema: ", schema);
      named.emplace(keywords[i], read(reader, schema.arguments()[*index].type()));
    }
    // Arguments after * may be positional too: the names are long to write.
    for (size_t i = stack.size(); i < schema.arguments().size(); ++i) {
      const auto& argument = schema.arguments()[i];
      const auto given = named.find(argument.name());
      if (given != named.end()) {
        stack.push_back(given->second);
        named.erase(given);
      } else {
        TORCH_CHECK_TYPE(argument.default_value().has_value(), name, " misses the argument '",
                         argument.name(), "'; its schema: ", schema);
        stack.push_back(*argument.default_value());
      }
    }
    TORCH_CHECK_TYPE(named.empty(), name, ": the argument '", named.begin()->first, "' is given twice");
    schema.checkAndNormalizeInputs(stack);
    op.callBoxed(&stack);
    tb::ValueWriter writer;
    for (const auto& value : stack)
      writer.write(value);
    writer.take(result, result_count);
  });
}

tb_status tb_dispatch_schema(const char* name, char** text) {
  return tb::guard([&] {
    const auto handle = c10::Dispatcher::singleton().findSchema(name_of(name));
    *text = handle ? tb::copy_string(c10::str(handle->schema())) : nullptr;
  });
}

tb_status tb_dispatch_names(char** names) {
  return tb::guard([&] {
    std::string text;
    for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
      if (!text.empty())
        text += '\n';
      text += name.name;
      if (!name.overload_name.empty())
        text += '.' + name.overload_name;
    }
    *names = tb::copy_string(text);
  });
}

tb_status tb_kernel_return(void* sink, const tb_value* results, int64_t count) {
  return tb::guard([&] {
    auto& target = *static_cast<Sink*>(sink);
    tb::ValueReader reader(results, count);
    for (size_t i = 0; !reader.at_end(); ++i)
      target.values.push_back(read(reader, i < target.types.size() ? target.types[i] : nullptr));
  });
}

tb_status tb_library_new(const char* name, tb_library* result) {
  return tb::guard([&] { *result = reinterpret_cast<tb_library>(new Library{name, {}}); });
}

void tb_library_free(tb_library self) { delete reinterpret_cast<Library*>(self); }

tb_status tb_library_define(tb_library self, const char* schema) {
  return tb::guard([&] {
    auto& owner = library(self);
    auto parsed = torch::jit::parseSchema(schema);
    if (parsed.name().find("::") == std::string::npos)
      parsed = parsed.cloneWithName(owner.name + "::" + parsed.name(), parsed.overload_name());
    parsed.setAliasAnalysis(c10::AliasAnalysisKind::FROM_SCHEMA);
    owner.registrations.push_back(
        c10::Dispatcher::singleton().registerDef(std::move(parsed), "registered by TorchBind"));
  });
}

tb_status tb_library_implement(tb_library self, const char* name, const char* key, tb_kernel kernel,
                               void (*destroy)(void*), void* context) {
  auto callback = std::make_shared<Callback>(Callback{kernel, nullptr, context});
  return tb::guard([&] {
    auto& owner = library(self);
    const auto dispatch_key = c10::parseDispatchKey(key);
    owner.registrations.push_back(c10::Dispatcher::singleton().registerImpl(
        qualified(owner, name), dispatch_key,
        c10::KernelFunction::makeFromBoxedFunctor(std::make_unique<Kernel>(callback)), std::nullopt, nullptr,
        "registered by TorchBind"));
    callback->destroy = destroy;
  });
}

tb_status tb_library_differentiate(tb_library self, const char* name, tb_kernel backward,
                                   void (*destroy)(void*), void* context) {
  auto callback = std::make_shared<Callback>(Callback{backward, nullptr, context});
  return tb::guard([&] {
    auto& owner = library(self);
    owner.registrations.push_back(c10::Dispatcher::singleton().registerImpl(
        qualified(owner, name), c10::DispatchKey::Autograd,
        c10::KernelFunction::makeFromBoxedFunctor(std::make_unique<AutogradKernel>(callback)), std::nullopt,
        nullptr, "registered by TorchBind"));
    callback->destroy = destroy;
  });
}
