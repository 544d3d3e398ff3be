// Models that AOTInductor compiled.
#include "torchbind/aoti.h"

#include <string>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include "shim.h"

namespace {

using torch::inductor::AOTIModelPackageLoader;

AOTIModelPackageLoader& package(tb_package handle) {
  return *reinterpret_cast<AOTIModelPackageLoader*>(handle);
}

} // namespace

tb_status tb_package_load(const char* path, const char* model, tb_package* result) {
  return tb::guard([&] { *result = reinterpret_cast<tb_package>(new AOTIModelPackageLoader(path, model)); });
}

void tb_package_free(tb_package self) {
  tb::guard([&] { delete &package(self); });
}

tb_status tb_package_run(tb_package self, const tb_tensor* inputs, int64_t count, tb_tensor_list* result) {
  return tb::guard([&] { *result = tb::release_list(package(self).run(tb::tensors(inputs, count))); });
}

tb_status tb_package_metadata(tb_package self, char** lines) {
  return tb::guard([&] {
    std::string text;
    for (const auto& entry : package(self).get_metadata())
      text += entry.first + "\n" + entry.second + "\n";
    *lines = tb::copy_string(text);
  });
}

tb_status tb_package_constants(tb_package self, char** names) {
  return tb::guard([&] {
    std::string text;
    for (const std::string& name : package(self).get_constant_fqns())
      text += name + "\n";
    *names = tb::copy_string(text);
  });
}
