// Reads with libtorch's own C++ functions what TorchBind wrote, for ReadByCppTests. It is built as a library that the test process opens:
// libtorch is in that process already, so nothing is linked.
#include <ATen/ops/ones.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string text;  // the last answer; the tests ask one at a time

// Type, sizes and the bytes of a tensor.
void describe(std::ostream& out, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  out << c10::toString(plain.scalar_type()) << plain.sizes() << " ";
  const auto* bytes = static_cast<const unsigned char*>(plain.const_data_ptr());
  for (size_t i = 0; i < plain.nbytes(); ++i)
    out << "0123456789abcdef"[bytes[i] >> 4] << "0123456789abcdef"[bytes[i] & 15];
}

void describe(std::ostream& out, const c10::IValue& value) {
  if (value.isTensor()) {
    describe(out, value.toTensor());
  } else if (value.isGenericDict()) {
    out << "{";
    for (const auto& entry : value.toGenericDict()) {
      describe(out, entry.key());
      out << ": ";
      describe(out, entry.value());
      out << "; ";
    }
    out << "}";
  } else if (value.isList()) {
    out << "[";
    for (const c10::IValue& item : value.toListRef()) {
      describe(out, item);
      out << "; ";
    }
    out << "]";
  } else if (value.isTuple()) {
    out << "(";
    for (const auto& item : value.toTupleRef().elements()) {
      describe(out, item);
      out << "; ";
    }
    out << ")";
  } else if (value.isString()) {
    out << value.toStringRef();
  } else if (value.isInt()) {
    out << value.toInt();
  } else if (value.isDouble()) {
    out << value.toDouble();
  } else if (value.isBool()) {
    out << (value.toBool() ? "True" : "False");
  } else {
    out << value.tagKind();
  }
}

template <typename Body>
const char* answer(Body body) {
  std::ostringstream out;
  try {
    body(out);
  } catch (const std::exception& e) {
    out.str("");
    out << "error: " << e.what();
  }
  text = out.str();
  return text.c_str();
}

}  // namespace

// The parameters and buffers of an archive of TorchScript, one a line.
extern "C" const char* read_script(const char* path) {
  return answer([&](std::ostream& out) {
    const torch::jit::Module module = torch::jit::load(path);
    for (const auto& parameter : module.named_parameters()) {
      out << parameter.name << " ";
      describe(out, parameter.value);
      out << "\n";
    }
    for (const auto& buffer : module.named_buffers()) {
      out << buffer.name << " ";
      describe(out, buffer.value);
      out << "\n";
    }
  });
}

// What forward gives for a tensor of ones.
extern "C" const char* run_script(const char* path, int64_t rows, int64_t columns) {
  return answer([&](std::ostream& out) {
    torch::jit::Module module = torch::jit::load(path);
    describe(out, module.forward({at::ones({rows, columns})}));
  });
}

// The content of a file of torch.save.
extern "C" const char* read_pickle(const char* path) {
  return answer([&](std::ostream& out) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    describe(out, torch::jit::pickle_load(bytes));
  });
}
