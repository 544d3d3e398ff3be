// Values of every kind on their way between C# and libtorch.
#include "values.h"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/core/class_type.h>
#include <ATen/core/function_schema.h>
#include <cstring>
#include <sstream>

namespace {

using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;

constexpr int kMaxDepth = 1000;

int32_t kind_of(const TypePtr& type) {
  switch (type->kind()) {
  case TypeKind::IntType:
  case TypeKind::SymIntType:
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

void destroy(tb_value& node) {
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

bool allows(const c10::UnionType& choices, TypeKind kind) {
  for (const TypePtr& type : choices.containedTypes()) {
    if (type->kind() == kind)
      return true;
  }
  return false;
}

TypePtr of_kind(int32_t kind) {
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

TypePtr type_of(const IValue& value) {
  return value.isTensor() ? TypePtr(c10::TensorType::get()) : value.type();
}

TypePtr join(const TypePtr& a, const TypePtr& b) {
  if (a == nullptr || *a == *b)
    return b;
  const auto joined = c10::unifyTypes(a, b, /*default_to_union=*/false);
  return joined.has_value() ? *joined : TypePtr(c10::AnyType::get());
}

} // namespace

namespace tb {

// ---- out

ValueWriter::~ValueWriter() {
  for (tb_value& node : nodes_)
    destroy(node);
}

void ValueWriter::write(const IValue& value, int depth) {
  TORCH_CHECK(depth < kMaxDepth, "the value is nested more than ", kMaxDepth, " deep");
  if (value.isNone()) {
    add(TB_VALUE_NONE);
  } else if (value.isTensor()) {
    at::Tensor tensor = value.toTensor();
    if (tensor.defined())
      add(TB_VALUE_TENSOR).p = release(std::move(tensor));
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
    list(items.size(), kind_of(value.toList().elementType()));
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
    add(TB_VALUE_DEVICE).i = pack_device(value.toDevice());
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

void ValueWriter::text(int32_t kind, const std::string& value) {
  char* copy = copy_string(value);
  tb_value& node = add(kind);
  node.p = copy;
  node.i = static_cast<int64_t>(value.size());
}

tb_value& ValueWriter::add(int32_t kind) {
  tb_value node{};
  node.kind = kind;
  node.type = -1;
  nodes_.push_back(node);
  return nodes_.back();
}

void ValueWriter::take(tb_value** result, int64_t* count) {
  auto* block = static_cast<tb_value*>(std::malloc(sizeof(tb_value) * std::max<size_t>(1, nodes_.size())));
  if (block == nullptr)
    throw std::bad_alloc();
  std::memcpy(block, nodes_.data(), sizeof(tb_value) * nodes_.size());
  *count = size();
  nodes_.clear();
  *result = block;
}

void ValueWriter::tuple(const IValue& value, int depth) {
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

void ValueWriter::forget_handles() {
  for (tb_value& node : nodes_) {
    if (node.kind != TB_VALUE_STRING && node.kind != TB_VALUE_OTHER)
      node.p = nullptr;
  }
}

void ValueWriter::list(size_t count, int32_t type) {
  tb_value& node = add(TB_VALUE_LIST);
  node.i = static_cast<int64_t>(count);
  node.type = type;
}

// ---- in

IValue ValueReader::read(const TypePtr& wanted) {
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
    return IValue(retain(static_cast<tb_tensor>(node.p)));
  case TB_VALUE_DEVICE:
    return IValue(device(static_cast<int32_t>(node.i), static_cast<int32_t>(node.i >> 32)));
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
    TORCH_CHECK(false, "a value of kind ", node.kind, " cannot be passed");
  }
}

IValue ValueReader::skip() {
  ++at_;
  return IValue();
}

std::string ValueReader::read_text() {
  TORCH_CHECK(at_ < end_ && at_->kind == TB_VALUE_STRING, "a name is missing");
  const tb_value& node = *at_++;
  return std::string(static_cast<const char*>(node.p), static_cast<size_t>(node.i));
}

// The first of the types that fits.
IValue ValueReader::read_union(const c10::UnionType& choices) {
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

IValue ValueReader::read_list(int64_t count, const TypePtr& element) {
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
IValue ValueReader::infer_list(int64_t count, int32_t hint) {
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

IValue ValueReader::read_tuple(int64_t count, const c10::TupleTypePtr& type) {
  const bool fits = type != nullptr && static_cast<int64_t>(type->elements().size()) == count;
  std::vector<IValue> items;
  for (int64_t i = 0; i < count; ++i)
    items.push_back(read(fits ? type->elements()[static_cast<size_t>(i)] : nullptr));
  if (fits && type->name().has_value())
    return c10::ivalue::Tuple::createNamed(std::move(items), type);
  return c10::ivalue::Tuple::create(std::move(items));
}

IValue ValueReader::read_named_tuple(int64_t count, const c10::TupleTypePtr& type) {
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

IValue ValueReader::read_dict(int64_t count, const c10::DictTypePtr& type) {
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

IValue ValueReader::read_enum(const c10::EnumTypePtr& type) {
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

} // namespace tb

void tb_values_free(tb_value* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (values[i].kind == TB_VALUE_STRING || values[i].kind == TB_VALUE_OTHER)
      std::free(values[i].p);
  }
  std::free(values);
}
