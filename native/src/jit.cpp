// TorchScript.
#include "torchbind/jit.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/core/class_type.h>
#include <ATen/core/enum_type.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <cstring>
#include <functional>
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
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/python_print.h>
#include <unordered_map>

#include "shim.h"

namespace {

using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;
using torch::jit::CompilationUnit;
using torch::jit::Function;
using torch::jit::Module;
using torch::jit::Object;
using torch::jit::Stack;
using ObjectPtr = c10::intrusive_ptr<c10::ivalue::Object>;

constexpr int kMaxDepth = 1000;

// ---- handles

ObjectPtr object(tb_object handle) {
  return ObjectPtr::unsafe_reclaim_from_nonowning(reinterpret_cast<c10::ivalue::Object*>(handle));
}

tb_object release(ObjectPtr&& value) { return reinterpret_cast<tb_object>(value.release()); }

std::shared_ptr<CompilationUnit>& unit(tb_unit handle) {
  return *reinterpret_cast<std::shared_ptr<CompilationUnit>*>(handle);
}

std::vector<std::string> strings(const char* const* texts, int64_t count) {
  return std::vector<std::string>(texts, texts + count);
}

// ---- values out

class Writer {
public:
  ~Writer() {
    for (tb_value& node : nodes_)
      destroy(node);
  }

  void write(const IValue& value, int depth = 0) {
    TORCH_CHECK(depth < kMaxDepth, "the value is nested more than ", kMaxDepth, " deep");
    if (value.isNone()) {
      add(TB_VALUE_NONE);
    } else if (value.isTensor()) {
      at::Tensor tensor = value.toTensor();
      if (tensor.defined())
        add(TB_VALUE_TENSOR).p = tb::release(std::move(tensor));
      else
        add(TB_VALUE_NONE);
    } else if (value.isBool()) {
      add(TB_VALUE_BOOL).i = value.toBool() ? 1 : 0;
    } else if (value.isInt()) {
      add(TB_VALUE_INT).i = value.toInt();
    } else if (value.isSymInt()) {
      add(TB_VALUE_INT).i = value.toSymInt().guard_int(__FILE__, __LINE__);
    } else if (value.isDouble()) {
      add(TB_VALUE_DOUBLE).d = value.toDouble();
    } else if (value.isComplexDouble()) {
      const c10::complex<double> number = value.toComplexDouble();
      tb_value& node = add(TB_VALUE_COMPLEX);
      node.d = number.real();
      node.imag = number.imag();
    } else if (value.isString()) {
      text(TB_VALUE_STRING, value.toStringRef());
    } else if (value.isTuple()) {
      tuple(value, depth);
    } else if (value.isList()) {
      const c10::ArrayRef<IValue> items = value.toListRef();
      tb_value& node = add(TB_VALUE_LIST);
      node.i = static_cast<int64_t>(items.size());
      node.type = kind_of(value.toList().elementType());
      for (const IValue& item : items)
        write(item, depth + 1);
    } else if (value.isGenericDict()) {
      const auto dict = value.toGenericDict();
      add(TB_VALUE_DICT).i = static_cast<int64_t>(dict.size());
      for (const auto& entry : dict) {
        write(entry.key(), depth + 1);
        write(entry.value(), depth + 1);
      }
    } else if (value.isDevice()) {
      add(TB_VALUE_DEVICE).i = tb::pack_device(value.toDevice());
    } else if (value.isEnum()) {
      const auto holder = value.toEnumHolder();
      add(TB_VALUE_ENUM);
      text(TB_VALUE_STRING, holder->qualifiedClassName());
      text(TB_VALUE_STRING, holder->name());
      write(holder->value(), depth + 1);
    } else if (value.isObject()) {
      ObjectPtr instance = value.toObject();
      tb_value& node = add(TB_VALUE_OBJECT);
      node.type = instance->type()->is_module() ? 1 : 0;
      node.p = release(std::move(instance));
    } else if (value.isGenerator()) {
      at::Generator generator = value.toGenerator();
      add(TB_VALUE_GENERATOR).p = generator.unsafeReleaseGeneratorImpl();
    } else if (value.isFuture()) {
      const auto future = value.toFuture();
      future->waitAndThrow();
      write(future->value(), depth + 1);
    } else {
      std::ostringstream description;
      description << value.type()->repr_str();
      text(TB_VALUE_OTHER, description.str());
    }
  }

  void text(int32_t kind, const std::string& value) {
    char* copy = tb::copy_string(value);
    tb_value& node = add(kind);
    node.p = copy;
    node.i = static_cast<int64_t>(value.size());
  }

  tb_value& add(int32_t kind) {
    tb_value node{};
    node.kind = kind;
    node.type = -1;
    nodes_.push_back(node);
    return nodes_.back();
  }

  const tb_value* data() const { return nodes_.data(); }
  int64_t size() const { return static_cast<int64_t>(nodes_.size()); }

  // The texts are freed by this writer, the handles have become the reader's.
  void forget_handles() {
    for (tb_value& node : nodes_) {
      if (node.kind != TB_VALUE_STRING && node.kind != TB_VALUE_OTHER)
        node.p = nullptr;
    }
  }

  // Hands everything over, in a block of its own.
  void take(tb_value** result, int64_t* count) {
    auto* block = static_cast<tb_value*>(std::malloc(sizeof(tb_value) * std::max<size_t>(1, nodes_.size())));
    if (block == nullptr)
      throw std::bad_alloc();
    std::memcpy(block, nodes_.data(), sizeof(tb_value) * nodes_.size());
    *count = size();
    nodes_.clear();
    *result = block;
  }

private:
  void tuple(const IValue& value, int depth) {
    const auto& elements = value.toTupleRef().elements();
    const auto type = value.toTupleRef().type<c10::TupleType>();
    const bool named = type->name().has_value() && type->schema() != nullptr;
    add(named ? TB_VALUE_NAMED_TUPLE : TB_VALUE_TUPLE).i = static_cast<int64_t>(elements.size());
    if (named)
      text(TB_VALUE_STRING, type->name()->qualifiedName());
    for (size_t i = 0; i < elements.size(); ++i) {
      if (named)
        text(TB_VALUE_STRING, type->schema()->arguments()[i].name());
      write(elements[i], depth + 1);
    }
  }

  static int32_t kind_of(const TypePtr& type) {
    switch (type->kind()) {
    case TypeKind::IntType:
      return TB_VALUE_INT;
    case TypeKind::FloatType:
      return TB_VALUE_DOUBLE;
    case TypeKind::BoolType:
      return TB_VALUE_BOOL;
    case TypeKind::ComplexType:
      return TB_VALUE_COMPLEX;
    case TypeKind::StringType:
      return TB_VALUE_STRING;
    case TypeKind::TensorType:
      return TB_VALUE_TENSOR;
    default:
      return -1;
    }
  }

  static void destroy(tb_value& node) {
    if (node.p == nullptr)
      return;
    switch (node.kind) {
    case TB_VALUE_STRING:
    case TB_VALUE_OTHER:
      std::free(node.p);
      break;
    case TB_VALUE_TENSOR:
      c10::raw::intrusive_ptr::decref(static_cast<at::TensorImpl*>(node.p));
      break;
    case TB_VALUE_OBJECT:
      c10::raw::intrusive_ptr::decref(static_cast<c10::ivalue::Object*>(node.p));
      break;
    case TB_VALUE_GENERATOR:
      c10::raw::intrusive_ptr::decref(static_cast<c10::GeneratorImpl*>(node.p));
      break;
    default:
      break;
    }
  }

  std::vector<tb_value> nodes_;
};

// ---- values in

// Reads nodes as values; an expected type says what an empty list is a list of, that a number is a float, and
// so on. What does not fit is left as it is: the call's own check names the argument and both types.
class Reader {
public:
  Reader(const tb_value* nodes, int64_t count) : at_(nodes), end_(nodes + count) {}

  IValue read(const TypePtr& wanted) {
    TORCH_CHECK(at_ < end_, "a value ends before it is complete");
    if (wanted != nullptr) {
      if (const auto optional = wanted->cast<c10::OptionalType>())
        return at_->kind == TB_VALUE_NONE ? skip() : read(optional->getElementType());
      if (const auto choices = wanted->cast<c10::UnionType>())
        return read_union(*choices);
      if (wanted->kind() == TypeKind::AnyType)
        return read(nullptr);
    }
    const TypeKind kind = wanted == nullptr ? TypeKind::AnyType : wanted->kind();
    const tb_value& node = *at_++;
    switch (node.kind) {
    case TB_VALUE_NONE:
      return IValue();
    case TB_VALUE_BOOL:
      return IValue(node.i != 0);
    case TB_VALUE_INT:
      if (kind == TypeKind::FloatType)
        return IValue(static_cast<double>(node.i));
      if (kind == TypeKind::ComplexType)
        return IValue(c10::complex<double>(static_cast<double>(node.i), 0));
      return IValue(node.i);
    case TB_VALUE_DOUBLE:
      if (kind == TypeKind::ComplexType)
        return IValue(c10::complex<double>(node.d, 0));
      return IValue(node.d);
    case TB_VALUE_COMPLEX:
      return IValue(c10::complex<double>(node.d, node.imag));
    case TB_VALUE_STRING: {
      std::string text(static_cast<const char*>(node.p), static_cast<size_t>(node.i));
      if (kind == TypeKind::DeviceObjType)
        return IValue(c10::Device(text));
      return IValue(std::move(text));
    }
    case TB_VALUE_TENSOR:
      return IValue(tb::retain(static_cast<tb_tensor>(node.p)));
    case TB_VALUE_DEVICE:
      return IValue(tb::device(static_cast<int32_t>(node.i), static_cast<int32_t>(node.i >> 32)));
    case TB_VALUE_OBJECT:
      return IValue(object(static_cast<tb_object>(node.p)));
    case TB_VALUE_GENERATOR:
      return IValue(at::Generator(c10::intrusive_ptr<c10::GeneratorImpl>::unsafe_reclaim_from_nonowning(
          static_cast<c10::GeneratorImpl*>(node.p))));
    case TB_VALUE_LIST:
    case TB_VALUE_TUPLE:
      if (const auto tuple = wanted == nullptr ? nullptr : wanted->cast<c10::TupleType>())
        return read_tuple(node.i, tuple);
      if (const auto list = wanted == nullptr ? nullptr : wanted->cast<c10::ListType>())
        return read_list(node.i, list->getElementType());
      return node.kind == TB_VALUE_TUPLE ? read_tuple(node.i, nullptr) : infer_list(node.i, node.type);
    case TB_VALUE_NAMED_TUPLE:
      return read_named_tuple(node.i, wanted == nullptr ? nullptr : wanted->cast<c10::TupleType>());
    case TB_VALUE_DICT:
      return read_dict(node.i, wanted == nullptr ? nullptr : wanted->cast<c10::DictType>());
    case TB_VALUE_ENUM:
      return read_enum(wanted == nullptr ? nullptr : wanted->cast<c10::EnumType>());
    default:
      TORCH_CHECK(false, "a value of kind ", node.kind, " cannot be passed to TorchScript");
    }
  }

private:
  IValue skip() {
    ++at_;
    return IValue();
  }

  std::string read_text() {
    TORCH_CHECK(at_ < end_ && at_->kind == TB_VALUE_STRING, "a name is missing");
    const tb_value& node = *at_++;
    return std::string(static_cast<const char*>(node.p), static_cast<size_t>(node.i));
  }

  // The first of the types that fits.
  IValue read_union(const c10::UnionType& choices) {
    const tb_value* start = at_;
    IValue first;
    for (const TypePtr& type : choices.containedTypes()) {
      at_ = start;
      IValue value;
      // An integer fits float only where no integer is allowed.
      if (type->kind() == TypeKind::FloatType && start->kind == TB_VALUE_INT &&
          allows(choices, TypeKind::IntType))
        continue;
      try {
        value = read(type);
      } catch (const std::exception&) {
        continue;
      }
      if (value.type()->isSubtypeOf(*type))
        return value;
    }
    at_ = start;
    return read(nullptr);
  }

  static bool allows(const c10::UnionType& choices, TypeKind kind) {
    for (const TypePtr& type : choices.containedTypes()) {
      if (type->kind() == kind)
        return true;
    }
    return false;
  }

  IValue read_list(int64_t count, const TypePtr& element) {
    c10::impl::GenericList list(element);
    list.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      IValue item = read(element);
      TORCH_CHECK_TYPE(item.type()->isSubtypeOf(*element), "item ", i, " of a List[", element->repr_str(),
                       "] is a ", item.type()->repr_str());
      list.push_back(std::move(item));
    }
    return IValue(std::move(list));
  }

  // What the items have in common; an empty list is one of tensors, as in Python.
  IValue infer_list(int64_t count, int32_t hint) {
    std::vector<IValue> items;
    TypePtr element;
    for (int64_t i = 0; i < count; ++i) {
      items.push_back(read(nullptr));
      element = join(element, type_of(items.back()));
    }
    if (element == nullptr)
      element = of_kind(hint);
    c10::impl::GenericList list(element);
    for (IValue& item : items)
      list.push_back(std::move(item));
    return IValue(std::move(list));
  }

  static TypePtr of_kind(int32_t kind) {
    switch (kind) {
    case TB_VALUE_INT:
      return c10::IntType::get();
    case TB_VALUE_DOUBLE:
      return c10::FloatType::get();
    case TB_VALUE_BOOL:
      return c10::BoolType::get();
    case TB_VALUE_COMPLEX:
      return c10::ComplexType::get();
    case TB_VALUE_STRING:
      return c10::StringType::get();
    default:
      return c10::TensorType::get();
    }
  }

  static TypePtr type_of(const IValue& value) {
    return value.isTensor() ? TypePtr(c10::TensorType::get()) : value.type();
  }

  static TypePtr join(const TypePtr& a, const TypePtr& b) {
    if (a == nullptr || *a == *b)
      return b;
    const auto joined = c10::unifyTypes(a, b, /*default_to_union=*/false);
    return joined.has_value() ? *joined : TypePtr(c10::AnyType::get());
  }

  IValue read_tuple(int64_t count, const c10::TupleTypePtr& type) {
    const bool fits = type != nullptr && static_cast<int64_t>(type->elements().size()) == count;
    std::vector<IValue> items;
    for (int64_t i = 0; i < count; ++i)
      items.push_back(read(fits ? type->elements()[static_cast<size_t>(i)] : nullptr));
    if (fits && type->name().has_value())
      return c10::ivalue::Tuple::createNamed(std::move(items), type);
    return c10::ivalue::Tuple::create(std::move(items));
  }

  IValue read_named_tuple(int64_t count, const c10::TupleTypePtr& type) {
    const std::string name = read_text();
    std::vector<std::string> fields;
    std::vector<IValue> items;
    const bool fits = type != nullptr && static_cast<int64_t>(type->elements().size()) == count;
    std::vector<TypePtr> types;
    for (int64_t i = 0; i < count; ++i) {
      fields.push_back(read_text());
      items.push_back(read(fits ? type->elements()[static_cast<size_t>(i)] : nullptr));
      types.push_back(type_of(items.back()));
    }
    if (fits && type->name().has_value())
      return c10::ivalue::Tuple::createNamed(std::move(items), type);
    return c10::ivalue::Tuple::createNamed(
        std::move(items), c10::TupleType::createNamed(c10::QualifiedName(name), fields, types));
  }

  IValue read_dict(int64_t count, const c10::DictTypePtr& type) {
    if (type != nullptr) {
      c10::impl::GenericDict dict(type->getKeyType(), type->getValueType());
      for (int64_t i = 0; i < count; ++i) {
        IValue key = read(type->getKeyType());
        IValue value = read(type->getValueType());
        TORCH_CHECK_TYPE(key.type()->isSubtypeOf(*type->getKeyType()) &&
                             value.type()->isSubtypeOf(*type->getValueType()),
                         "an entry of a ", type->repr_str(), " is of ", key.type()->repr_str(), " to ",
                         value.type()->repr_str());
        dict.insert_or_assign(std::move(key), std::move(value));
      }
      return IValue(std::move(dict));
    }
    std::vector<std::pair<IValue, IValue>> entries;
    TypePtr key_type, value_type;
    for (int64_t i = 0; i < count; ++i) {
      IValue key = read(nullptr);
      IValue value = read(nullptr);
      key_type = join(key_type, type_of(key));
      value_type = join(value_type, type_of(value));
      entries.emplace_back(std::move(key), std::move(value));
    }
    if (key_type == nullptr) {
      key_type = c10::StringType::get();
      value_type = c10::TensorType::get();
    }
    c10::impl::GenericDict dict(key_type, value_type);
    for (auto& entry : entries)
      dict.insert_or_assign(std::move(entry.first), std::move(entry.second));
    return IValue(std::move(dict));
  }

  IValue read_enum(const c10::EnumTypePtr& type) {
    const std::string class_name = read_text();
    const std::string member = read_text();
    IValue value = read(type == nullptr ? nullptr : type->getValueType());
    TORCH_CHECK_TYPE(type != nullptr, "the enumeration ", class_name, " is not expected here");
    for (const auto& known : type->enumNamesValues()) {
      if (known.first == member)
        return IValue(c10::make_intrusive<c10::ivalue::EnumHolder>(type, known.first, known.second));
    }
    TORCH_CHECK_VALUE(false, type->repr_str(), " has no member ", member);
  }

  const tb_value* at_;
  const tb_value* end_;
};

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
  Reader reader(inputs, count);
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
  Writer writer;
  for (int64_t i = 0; i < count; ++i)
    writer.text(TB_VALUE_STRING, files.at(names[i]));
  int64_t length = 0;
  writer.take(extras, &length);
}

struct Sink {
  Stack values;
};

} // namespace

void tb_values_free(tb_value* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (values[i].kind == TB_VALUE_STRING || values[i].kind == TB_VALUE_OTHER)
      std::free(values[i].p);
  }
  std::free(values);
}

tb_status tb_jit_load(const char* path, int32_t device_type, int32_t device_index,
                      const char* const* extra_names, int64_t extra_count, tb_value** extras,
                      tb_object* result) {
  return tb::guard([&] {
    auto files = wanted_files(extra_names, extra_count);
    Module module = torch::jit::load(std::string(path), device_or_none(device_type, device_index), files);
    return_files(files, extra_names, extra_count, extras);
    *result = release(module._ivalue());
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
    *result = release(module._ivalue());
  });
}

tb_status tb_jit_save(tb_object module, const char* path, const char* const* extra_names,
                      const tb_value* extras, int64_t extra_count) {
  return tb::guard(
      [&] { Module(object(module)).save(std::string(path), given_files(extra_names, extras, extra_count)); });
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
    Writer writer;
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
    Writer writer;
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
    Writer writer;
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
    Writer writer;
    writer.write(Object(object(self)).attr(name));
    writer.take(result, result_count);
  });
}

tb_status tb_object_set(tb_object self, const char* name, const tb_value* value, int64_t count) {
  return tb::guard([&] {
    const ObjectPtr held = object(self);
    const auto slot = held->type()->findAttributeSlot(name);
    Reader reader(value, count);
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
    *result = release(module._ivalue());
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
    Reader reader(value, count);
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
    *result = release(frozen._ivalue());
  });
}

tb_status tb_module_optimize_for_inference(tb_object self, const char* const* methods, int64_t count,
                                           tb_object* result) {
  return tb::guard([&] {
    Module module(object(self));
    const Module optimized = torch::jit::optimize_for_inference(module, strings(methods, count));
    *result = release(optimized._ivalue());
  });
}

tb_status tb_module_copy(tb_object self, tb_object* result) {
  return tb::guard([&] { *result = release(Module(object(self)).deepcopy()._ivalue()); });
}

tb_status tb_trace_return(void* sink, const tb_value* result, int64_t count) {
  return tb::guard([&] {
    Reader reader(result, count);
    static_cast<Sink*>(sink)->values.push_back(reader.read(nullptr));
  });
}

tb_status tb_module_trace(tb_object self, const char* name, const tb_value* inputs, int64_t count,
                          int64_t inputs_count, const char* const* argument_names, int64_t name_count,
                          uint8_t strict, tb_traced_call traced, void* context) {
  return tb::guard([&] {
    TORCH_CHECK(!torch::jit::tracer::isTracing(), "a trace is already being made on this thread");
    Module module(object(self));
    Reader reader(inputs, count);
    Stack stack;
    for (int64_t i = 0; i < inputs_count; ++i)
      stack.push_back(reader.read(nullptr));
    const auto run = [&](Stack arguments) {
      Writer writer;
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
