// Values of every kind on their way between C# and libtorch.
#pragma once

#include "torchbind/values.h"

#include <ATen/core/enum_type.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <string>
#include <vector>

#include "shim.h"

namespace tb {

using ObjectPtr = c10::intrusive_ptr<c10::ivalue::Object>;

inline ObjectPtr object(tb_object handle) {
  return ObjectPtr::unsafe_reclaim_from_nonowning(reinterpret_cast<c10::ivalue::Object*>(handle));
}

inline tb_object release(ObjectPtr&& value) { return reinterpret_cast<tb_object>(value.release()); }

// Writes values as nodes. What was written is freed with it, unless it was handed over.
class ValueWriter {
public:
  ValueWriter() = default;
  ValueWriter(const ValueWriter&) = delete;
  ValueWriter& operator=(const ValueWriter&) = delete;
  ~ValueWriter();

  void write(const c10::IValue& value, int depth = 0);
  void text(int32_t kind, const std::string& value);
  // The head of a list, whose items are written next.
  void list(size_t count, int32_t type = -1);
  tb_value& add(int32_t kind);

  const tb_value* data() const { return nodes_.data(); }
  int64_t size() const { return static_cast<int64_t>(nodes_.size()); }

  // The texts are freed by this writer, the handles have become the reader's.
  void forget_handles();
  // Hands everything over, in a block of its own.
  void take(tb_value** result, int64_t* count);

private:
  void tuple(const c10::IValue& value, int depth);

  std::vector<tb_value> nodes_;
};

// Reads nodes as values; an expected type says what an empty list is a list of, that a number is a float, and
// so on. What does not fit is left as it is: the call's own check names the argument and both types.
class ValueReader {
public:
  ValueReader(const tb_value* nodes, int64_t count) : at_(nodes), end_(nodes + count) {}

  bool at_end() const { return at_ == end_; }
  c10::IValue read(const c10::TypePtr& wanted);

private:
  c10::IValue skip();
  std::string read_text();
  c10::IValue read_union(const c10::UnionType& choices);
  c10::IValue read_list(int64_t count, const c10::TypePtr& element);
  c10::IValue infer_list(int64_t count, int32_t hint);
  c10::IValue read_tuple(int64_t count, const c10::TupleTypePtr& type);
  c10::IValue read_named_tuple(int64_t count, const c10::TupleTypePtr& type);
  c10::IValue read_dict(int64_t count, const c10::DictTypePtr& type);
  c10::IValue read_enum(const c10::EnumTypePtr& type);

  const tb_value* at_;
  const tb_value* end_;
};

} // namespace tb
