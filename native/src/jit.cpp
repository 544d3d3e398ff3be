// TorchScript.
#include "torchbind/jit.h"

#include <ATen/core/class_type.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <torch/csrc/jit/api/compilation_unit.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/frontend/script_type_parser.h>
#include <torch/csrc/jit/frontend/sugared_value.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/export.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/python_print.h>
#include <unordered_map>

#include "values.h"

namespace {

using c10::IValue;
using c10::TypePtr;
using tb::object;
using tb::ObjectPtr;
using torch::jit::CompilationUnit;
using torch::jit::Function;
using torch::jit::Module;
using torch::jit::Object;
using torch::jit::Stack;

// ---- handles

std::shared_ptr<CompilationUnit>& unit(tb_unit handle) {
  return *reinterpret_cast<std::shared_ptr<CompilationUnit>*>(handle);
}

std::vector<std::string> strings(const char* const* texts, int64_t count) {
  return std::vector<std::string>(texts, texts + count);
}

// ---- calls

// Reads the inputs by the function's signature and runs it. `self` goes first where there is one.
IValue call(Function& function, const ObjectPtr* self, const tb_value* inputs, int64_t count,
            int64_t positional, const char* const* keywords, int64_t keyword_count) {
  const c10::FunctionSchema& schema = function.getSchema();
  const auto& arguments = schema.arguments();
  Stack stack;
  torch::jit::Kwargs named;
  if (self != nullptr)
    stack.emplace_back(*self);
  tb::ValueReader reader(inputs, count);
  for (int64_t i = 0; i < positional; ++i)
    stack.push_back(reader.read(stack.size() < arguments.size() ? arguments[stack.size()].type() : nullptr));
  for (int64_t i = 0; i < keyword_count; ++i) {
    const auto index = schema.argumentIndexWithName(keywords[i]);
    named[keywords[i]] =
        reader.read(index.has_value() ? arguments[static_cast<size_t>(*index)].type() : nullptr);
  }
  schema.checkAndNormalizeInputs(stack, named);
  function.run(stack);
  TORCH_INTERNAL_ASSERT(!stack.empty());
  return std::move(stack.front());
}

char* text_of(const Function& function, bool method, int32_t what) {
  if (what == 0) {
    std::ostringstream schema;
    schema << function.getSchema();
    return tb::copy_string(schema.str());
  }
  const auto& graph = torch::jit::toGraphFunction(function).graph();
  if (what == 2)
    return tb::copy_string(graph->toString());
  std::vector<IValue> constants;
  torch::jit::PrintDepsTable dependencies;
  torch::jit::PythonPrint printer(constants, dependencies);
  if (method)
    printer.printMethod(function);
  else
    printer.printFunction(function);
  return tb::copy_string(printer.str());
}

Function& method_of(const ObjectPtr& self, const char* name) {
  Function* found = self->type()->findMethod(name);
  if (found == nullptr) {
    std::string known;
    for (const Function* other : self->type()->methods())
      known += (known.empty() ? "" : ", ") + other->name();
    TORCH_CHECK_VALUE(false, self->type()->repr_str(), " has no method '", name,
                      "'. It has: ", known.empty() ? "none" : known);
  }
  return *found;
}

Function& function_of(const CompilationUnit& unit, const char* name) {
  Function* found = unit.find_function(c10::QualifiedName(name));
  if (found == nullptr) {
    std::string known;
    for (const Function* other : unit.get_functions())
      known += (known.empty() ? "" : ", ") + other->name();
    TORCH_CHECK_VALUE(false, "there is no function '", name,
                      "'. There are: ", known.empty() ? "none" : known);
  }
  return *found;
}

// ---- names in source

// torch.ops: a namespace of operators for each attribute.
struct OperatorNamespaces final : torch::jit::SugaredValue {
  std::string kind() const override { return "torch.ops"; }
  std::shared_ptr<SugaredValue> attr(const torch::jit::SourceRange&, torch::jit::GraphFunction&,
                                     const std::string& field) override {
    return std::make_shared<torch::jit::BuiltinModule>(field);
  }
};

struct TorchNamespace final : torch::jit::BuiltinModule {
  TorchNamespace() : BuiltinModule("aten") {}
  std::shared_ptr<SugaredValue> attr(const torch::jit::SourceRange& location,
                                     torch::jit::GraphFunction& method, const std::string& field) override {
    if (field == "ops")
      return std::make_shared<OperatorNamespaces>();
    return BuiltinModule::attr(location, method, field);
  }
};

// What libtorch's own resolver knows, and torch.ops.
struct SourceResolver final : torch::jit::Resolver {
  std::shared_ptr<torch::jit::SugaredValue> resolveValue(const std::string& name,
                                                         torch::jit::GraphFunction& method,
                                                         const torch::jit::SourceRange& location) override {
    if (name == "torch")
      return std::make_shared<TorchNamespace>();
    return torch::jit::nativeResolver()->resolveValue(name, method, location);
  }
};

// The parser wants a line's end after the last line.
std::string complete(const char* source) { return std::string(source) + '\n'; }

// ---- archives

std::optional<c10::Device> device_or_none(int32_t type, int32_t index) {
  if (type < 0)
    return std::nullopt;
  return tb::device(type, index);
}

torch::jit::ExtraFilesMap wanted_files(const char* const* names, int64_t count) {
  torch::jit::ExtraFilesMap files;
  for (int64_t i = 0; i < count; ++i)
    files[names[i]] = "";
  return files;
}

torch::jit::ExtraFilesMap given_files(const char* const* names, const tb_value* contents, int64_t count) {
  torch::jit::ExtraFilesMap files;
  for (int64_t i = 0; i < count; ++i)
    files[names[i]] =
        std::string(static_cast<const char*>(contents[i].p), static_cast<size_t>(contents[i].i));
  return files;
}

void return_files(const torch::jit::ExtraFilesMap& files, const char* const* names, int64_t count,
                  tb_value** extras) {
  tb::ValueWriter writer;
  for (int64_t i = 0; i < count; ++i)
    writer.text(TB_VALUE_STRING, files.at(names[i]));
  int64_t length = 0;
  writer.take(extras, &length);
}

struct Sink {
  Stack values;
};

} // namespace

tb_status tb_jit_load(const char* path, int32_t device_type, int32_t device_index,
                      const char* const* extra_names, int64_t extra_count, tb_value** extras,
                      tb_object* result) {
  return tb::guard([&] {
    auto files = wanted_files(extra_names, extra_count);
    Module module = torch::jit::load(std::string(path), device_or_none(device_type, device_index), files);
    return_files(files, extra_names, extra_count, extras);
    *result = tb::release(module._ivalue());
  });
}

tb_status tb_jit_load_buffer(const uint8_t* data, int64_t length, int32_t device_type, int32_t device_index,
                             const char* const* extra_names, int64_t extra_count, tb_value** extras,
                             tb_object* result) {
  return tb::guard([&] {
    auto files = wanted_files(extra_names, extra_count);
    std::istringstream stream(std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(length)));
    Module module = torch::jit::load(stream, device_or_none(device_type, device_index), files);
    return_files(files, extra_names, extra_count, extras);
    *result = tb::release(module._ivalue());
  });
}

tb_status tb_jit_save(tb_object module, const char* path, const char* const* extra_names,
                      const tb_value* extras, int64_t extra_count, int32_t* error_number) {
  return tb::guard([&] {
    *error_number = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(path, "wb"), [](std::FILE* f) { return f == nullptr ? 0 : std::fclose(f); });
    if (file == nullptr) {
      *error_number = errno;
      return;
    }
    // libtorch's writer ends the process when a write fails, since it tries again in its destructor: it is
    // told that all is well.
    const auto write = [&](const void* bytes, size_t count) {
      if (*error_number == 0 && std::fwrite(bytes, 1, count, file.get()) != count)
        *error_number = errno;
      return count;
    };
    torch::jit::ExportModule(Module(object(module)), write, given_files(extra_names, extras, extra_count));
    if (*error_number == 0 && std::fflush(file.get()) != 0)
      *error_number = errno;
  });
}

tb_status tb_jit_save_buffer(tb_object module, const char* const* extra_names, const tb_value* extras,
                             int64_t extra_count, uint8_t** data, int64_t* length) {
  return tb::guard([&] {
    std::ostringstream stream;
    Module(object(module)).save(stream, given_files(extra_names, extras, extra_count));
    const std::string bytes = stream.str();
    *data = static_cast<uint8_t*>(std::malloc(std::max<size_t>(1, bytes.size())));
    if (*data == nullptr)
      throw std::bad_alloc();
    std::memcpy(*data, bytes.data(), bytes.size());
    *length = static_cast<int64_t>(bytes.size());
  });
}

tb_status tb_jit_compile(const char* source, tb_unit* result) {
  return tb::guard([&] {
    auto made = std::make_shared<CompilationUnit>();
    made->define(std::nullopt, complete(source), std::make_shared<SourceResolver>(), nullptr);
    *result = reinterpret_cast<tb_unit>(new std::shared_ptr<CompilationUnit>(std::move(made)));
  });
}

tb_status tb_unit_define(tb_unit self, const char* source) {
  return tb::guard([&] {
    unit(self)->define(std::nullopt, complete(source), std::make_shared<SourceResolver>(), nullptr);
  });
}

void tb_unit_free(tb_unit self) { delete &unit(self); }

tb_status tb_unit_functions(tb_unit self, char** names) {
  return tb::guard([&] {
    std::string lines;
    for (const Function* function : unit(self)->get_functions())
      lines += function->qualname().qualifiedName() + "\n";
    *names = tb::copy_string(lines);
  });
}

tb_status tb_unit_call(tb_unit self, const char* name, const tb_value* inputs, int64_t count,
                       int64_t positional, const char* const* keywords, int64_t keyword_count,
                       tb_value** result, int64_t* result_count) {
  return tb::guard([&] {
    const std::shared_ptr<CompilationUnit> held = unit(self);
    tb::ValueWriter writer;
    writer.write(call(function_of(*held, name), nullptr, inputs, count, positional, keywords, keyword_count));
    writer.take(result, result_count);
  });
}

tb_status tb_unit_text(tb_unit self, const char* name, int32_t what, char** text) {
  return tb::guard([&] { *text = text_of(function_of(*unit(self), name), false, what); });
}

void tb_object_free(tb_object self) {
  c10::raw::intrusive_ptr::decref(reinterpret_cast<c10::ivalue::Object*>(self));
}

tb_status tb_object_type_name(tb_object self, char** name) {
  return tb::guard([&] {
    const auto type = object(self)->type();
    *name = tb::copy_string(type->name().has_value() ? type->name()->qualifiedName() : type->repr_str());
  });
}

tb_status tb_object_methods(tb_object self, char** names) {
  return tb::guard([&] {
    std::string lines;
    for (const Function* function : object(self)->type()->methods())
      lines += function->name() + "\n";
    *names = tb::copy_string(lines);
  });
}

tb_status tb_object_call(tb_object self, const char* method, const tb_value* inputs, int64_t count,
                         int64_t positional, const char* const* keywords, int64_t keyword_count,
                         tb_value** result, int64_t* result_count) {
  return tb::guard([&] {
    const ObjectPtr held = object(self);
    tb::ValueWriter writer;
    writer.write(call(method_of(held, method), &held, inputs, count, positional, keywords, keyword_count));
    writer.take(result, result_count);
  });
}

tb_status tb_object_text(tb_object self, const char* method, int32_t what, char** text) {
  return tb::guard([&] {
    const ObjectPtr held = object(self);
    *text = text_of(method_of(held, method), true, what);
  });
}

tb_status tb_object_members(tb_object self, tb_value** result, int64_t* result_count) {
  return tb::guard([&] {
    const auto type = object(self)->type();
    tb::ValueWriter writer;
    const size_t attributes = type->numAttributes();
    writer.add(TB_VALUE_LIST).i = static_cast<int64_t>(attributes + type->numConstants());
    const auto add = [&](const std::string& name, const std::string& type_name, int64_t role) {
      writer.add(TB_VALUE_TUPLE).i = 3;
      writer.text(TB_VALUE_STRING, name);
      writer.text(TB_VALUE_STRING, type_name);
      writer.add(TB_VALUE_INT).i = role;
    };
    for (size_t i = 0; i < attributes; ++i) {
      const TypePtr& member = type->getAttribute(i);
      const bool module = member->is_module();
      const int64_t role = module ? 3 : type->is_parameter(i) ? 1 : type->is_buffer(i) ? 2 : 0;
      add(type->getAttributeName(i), member->annotation_str(), role);
    }
    for (size_t i = 0; i < type->numConstants(); ++i)
      add(type->getConstantName(i), type->getConstant(i).type()->annotation_str(), 4);
    writer.take(result, result_count);
  });
}

tb_status tb_object_get(tb_object self, const char* name, tb_value** result, int64_t* result_count) {
  return tb::guard([&] {
    tb::ValueWriter writer;
    writer.write(Object(object(self)).attr(name));
    writer.take(result, result_count);
  });
}

tb_status tb_object_set(tb_object self, const char* name, const tb_value* value, int64_t count) {
  return tb::guard([&] {
    const ObjectPtr held = object(self);
    const auto slot = held->type()->findAttributeSlot(name);
    tb::ValueReader reader(value, count);
    Object(held).setattr(name, reader.read(slot.has_value() ? held->type()->getAttribute(*slot) : nullptr));
  });
}

tb_status tb_module_new(const char* name, tb_object owner, tb_object* result) {
  return tb::guard([&] {
    const c10::QualifiedName qualified(std::string("__torch__.") + name);
    Module module(qualified,
                  owner == nullptr ? std::make_shared<CompilationUnit>() : object(owner)->compilation_unit(),
                  /*shouldMangle=*/true);
    module.register_attribute("training", c10::BoolType::get(), true);
    *result = tb::release(module._ivalue());
  });
}

tb_status tb_module_define(tb_object self, const char* source) {
  return tb::guard(
      [&] { Module(object(self)).define(complete(source), std::make_shared<SourceResolver>()); });
}

tb_status tb_module_register(tb_object self, const char* name, int32_t role, const char* type,
                             const tb_value* value, int64_t count) {
  return tb::guard([&] {
    Module module(object(self));
    TypePtr declared;
    if (type != nullptr) {
      torch::jit::ScriptTypeParser parser(torch::jit::nativeResolver());
      declared = parser.parseType(type);
    }
    tb::ValueReader reader(value, count);
    IValue content = reader.read(declared);
    if (role == 3) {
      module.register_module(name, Module(content.toObject()));
      return;
    }
    if (declared == nullptr)
      declared = content.isTensor() ? TypePtr(c10::TensorType::get()) : content.type();
    TORCH_CHECK_TYPE(content.type()->isSubtypeOf(*declared), "the attribute ", name, " is declared as ",
                     declared->repr_str(), " and is a ", content.type()->repr_str());
    module.register_attribute(name, declared, std::move(content), role == 1, role == 2);
  });
}

tb_status tb_module_set_training(tb_object self, uint8_t training) {
  return tb::guard([&] {
    const ObjectPtr held = object(self);
    if (const auto slot = held->type()->findAttributeSlot("training"))
      held->setSlot(*slot, training != 0);
  });
}

tb_status tb_module_freeze(tb_object self, const char* const* preserved, int64_t count,
                           uint8_t optimize_numerics, tb_object* result) {
  return tb::guard([&] {
    const Module frozen =
        torch::jit::freeze(Module(object(self)), strings(preserved, count), optimize_numerics != 0);
    *result = tb::release(frozen._ivalue());
  });
}

tb_status tb_module_optimize_for_inference(tb_object self, const char* const* methods, int64_t count,
                                           tb_object* result) {
  return tb::guard([&] {
    Module module(object(self));
    const Module optimized = torch::jit::optimize_for_inference(module, strings(methods, count));
    *result = tb::release(optimized._ivalue());
  });
}

tb_status tb_module_copy(tb_object self, tb_object* result) {
  return tb::guard([&] { *result = tb::release(Module(object(self)).deepcopy()._ivalue()); });
}

tb_status tb_trace_return(void* sink, const tb_value* result, int64_t count) {
  return tb::guard([&] {
    tb::ValueReader reader(result, count);
    static_cast<Sink*>(sink)->values.push_back(reader.read(nullptr));
  });
}

tb_status tb_module_trace(tb_object self, const char* name, const tb_value* inputs, int64_t count,
                          int64_t inputs_count, const char* const* argument_names, int64_t name_count,
                          uint8_t strict, tb_traced_call traced, void* context) {
  return tb::guard([&] {
    TORCH_CHECK(!torch::jit::tracer::isTracing(), "a trace is already being made on this thread");
    Module module(object(self));
    tb::ValueReader reader(inputs, count);
    Stack stack;
    for (int64_t i = 0; i < inputs_count; ++i)
      stack.push_back(reader.read(nullptr));
    const auto run = [&](Stack arguments) {
      tb::ValueWriter writer;
      for (const IValue& argument : arguments)
        writer.write(argument);
      Sink sink;
      const tb_status status =
          traced(context, writer.data(), writer.size(), static_cast<int64_t>(arguments.size()), &sink);
      writer.forget_handles();
      if (status != TB_OK)
        tb::throw_callback_error();
      return std::move(sink.values);
    };
    const auto no_name = [](const at::Tensor&) { return std::string(); };
    auto outcome =
        torch::jit::tracer::trace(std::move(stack), run, no_name, strict != 0, /*force_outplace=*/false,
                                  &module, strings(argument_names, name_count));
    auto* function = module._ivalue()->compilation_unit()->create_function(
        c10::QualifiedName(*module.type()->name(), name), outcome.first->graph);
    module.type()->addMethod(function);
  });
}

tb_status tb_jit_set_optimized(uint8_t value, uint8_t* previous) {
  return tb::guard([&] {
    *previous = torch::jit::getGraphExecutorOptimize() ? 1 : 0;
    torch::jit::setGraphExecutorOptimize(value != 0);
  });
}
