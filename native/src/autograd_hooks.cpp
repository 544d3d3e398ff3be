// Hooks on tensors, nodes and saved tensors; anomaly mode. The last two reach libtorch through an engine of
// our own: what Python's engine adds to the plain one.
#include "autograd_support.h"

#include <ATen/SavedTensorHooks.h>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>
#include <unordered_map>

namespace {

using tb::variable_list;
using torch::autograd::FunctionPostHook;
using torch::autograd::FunctionPreHook;

// Registration looks for a list and adds one where there is none.
std::mutex registration;

// The hooks of one place, in the order of registration. Those that hang there when the place is reached run,
// as in Python, even when one of them removes another.
class HookListBase {
public:
  virtual ~HookListBase() = default;
  virtual void remove(int64_t key) = 0;
};

template <class Call> class HookList final : public HookListBase {
public:
  using Entry = std::shared_ptr<tb::Callback<Call>>;

  int64_t add(Entry callback) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.emplace_back(next_, std::move(callback));
    return next_++;
  }

  void remove(int64_t key) override {
    Entry removed; // destroyed outside of the lock: that calls into managed code
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [key](const auto& entry) { return entry.first == key; });
    if (found == entries_.end())
      return;
    removed = std::move(found->second);
    entries_.erase(found);
  }

  std::vector<Entry> snapshot() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Entry> result;
    result.reserve(entries_.size());
    for (const auto& entry : entries_)
      result.push_back(entry.second);
    return result;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::pair<int64_t, Entry>> entries_;
  int64_t next_ = 0;
};

struct HookCell {
  std::weak_ptr<HookListBase> list;
  int64_t key;
};

void check_replacement(const at::Tensor& original, const at::Tensor& result, const std::string& name) {
  TORCH_CHECK(original.defined(), "a hook gave a gradient where there was none");
  torch::autograd::check_variable_result(original, result, name);
}

void check_replacements(const variable_list& originals, const variable_list& results,
                        const std::string& name) {
  for (size_t i = 0; i < originals.size(); ++i) {
    if (results[i].defined())
      check_replacement(originals[i], results[i], name);
  }
}

struct TensorHooks final : FunctionPreHook {
  explicit TensorHooks(size_t index) : index(index) {}

  variable_list operator()(const variable_list& grads) override {
    variable_list results = grads;
    at::Tensor& value = results[index];
    for (const auto& hook : list->snapshot()) {
      tb_tensor replacement = nullptr;
      if (hook->call(hook->context, tb::borrow(value), &replacement) != TB_OK)
        tb::throw_callback_error();
      if (replacement == nullptr)
        continue;
      at::Tensor result = tb::adopt(replacement);
      check_replacement(value, result, hook->name);
      value = std::move(result);
    }
    return results;
  }

  size_t index;
  std::shared_ptr<HookList<tb_tensor_hook>> list = std::make_shared<HookList<tb_tensor_hook>>();
};

struct PostAccumulateHooks final : torch::autograd::PostAccumulateGradHook {
  void operator()(const at::Tensor& tensor) override {
    for (const auto& hook : list->snapshot()) {
      tb_tensor unused = nullptr;
      if (hook->call(hook->context, tb::borrow(tensor), &unused) != TB_OK)
        tb::throw_callback_error();
    }
  }

  std::shared_ptr<HookList<tb_tensor_hook>> list = std::make_shared<HookList<tb_tensor_hook>>();
};

// Asks a hook of a node, which may give other values.
template <class Call> void replace(variable_list& values, const std::string& name, Call&& call) {
  const std::vector<tb_tensor> handles = tb::borrow(values);
  std::vector<tb_tensor> results(values.size(), nullptr);
  uint8_t replaced = 0;
  if (call(handles, &replaced, results.data()) != TB_OK)
    tb::throw_callback_error();
  if (replaced == 0)
    return;
  variable_list replacements = tb::adopt(results);
  check_replacements(values, replacements, name);
  values = std::move(replacements);
}

struct NodePreHooks final : FunctionPreHook {
  variable_list operator()(const variable_list& inputs) override {
    variable_list values = inputs;
    for (const auto& hook : list->snapshot()) {
      replace(values, hook->name,
              [&](const std::vector<tb_tensor>& grads, uint8_t* replaced, tb_tensor* results) {
                return hook->call(hook->context, grads.data(), static_cast<int64_t>(grads.size()), replaced,
                                  results);
              });
    }
    return values;
  }

  std::shared_ptr<HookList<tb_node_prehook>> list = std::make_shared<HookList<tb_node_prehook>>();
};

struct NodePostHooks final : FunctionPostHook {
  variable_list operator()(const variable_list& outputs, const variable_list& inputs) override {
    variable_list values = outputs;
    const std::vector<tb_tensor> grad_outputs = tb::borrow(inputs);
    for (const auto& hook : list->snapshot()) {
      replace(values, hook->name,
              [&](const std::vector<tb_tensor>& grads, uint8_t* replaced, tb_tensor* results) {
                return hook->call(hook->context, grads.data(), static_cast<int64_t>(grads.size()),
                                  grad_outputs.data(), static_cast<int64_t>(grad_outputs.size()), replaced,
                                  results);
              });
    }
    return values;
  }

  std::shared_ptr<HookList<tb_node_posthook>> list = std::make_shared<HookList<tb_node_posthook>>();
};

// Finds our list among the hooks of a place.
template <class Hooks, class Places> Hooks* find(const Places& places) {
  for (const auto& place : places) {
    if (auto* found = dynamic_cast<Hooks*>(place.get()))
      return found;
  }
  return nullptr;
}

TensorHooks* find_tensor_hooks(const std::vector<std::unique_ptr<FunctionPreHook>>& places, size_t index) {
  for (const auto& place : places) {
    auto* found = dynamic_cast<TensorHooks*>(place.get());
    if (found != nullptr && found->index == index)
      return found;
  }
  return nullptr;
}

template <class Call>
tb_hook hang(const std::shared_ptr<HookList<Call>>& list, const std::shared_ptr<tb::Callback<Call>>& callback,
             void (*destroy)(void*)) {
  auto cell = std::make_unique<HookCell>(HookCell{list, 0});
  cell->key = list->add(callback);
  callback->destroy = destroy;
  return reinterpret_cast<tb_hook>(cell.release());
}

// ---- hooks on saved tensors
// --------------------------------------------------------------------------------

struct SavedHooks {
  SavedHooks(const tb_saved_tensor_hooks& calls, void* context) : calls(calls), context(context) {}
  SavedHooks(const SavedHooks&) = delete;
  SavedHooks& operator=(const SavedHooks&) = delete;
  ~SavedHooks() {
    if (owned)
      calls.destroy(context);
  }

  tb_saved_tensor_hooks calls;
  void* context;
  bool owned = false; // set when the push has succeeded
};

// libtorch keeps the stack of hooks of a thread, and hands it to the engine's threads, as Python objects.
// Ours are numbers in their place: an interpreter that is disarmed touches none.
c10::impl::PyInterpreter* interpreter() {
  static auto* instance = [] {
    auto* created = new c10::impl::PyInterpreter(nullptr);
    created->disarm();
    return created;
  }();
  return instance;
}

class SavedHooksTable {
public:
  intptr_t add(std::shared_ptr<SavedHooks> hooks) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.emplace(++last_, std::move(hooks));
    return last_;
  }
  void remove(intptr_t key) {
    std::shared_ptr<SavedHooks> removed;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end())
      return;
    removed = std::move(found->second);
    entries_.erase(found);
  }
  std::shared_ptr<SavedHooks> find(intptr_t key) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }

private:
  mutable std::mutex mutex_;
  std::unordered_map<intptr_t, std::shared_ptr<SavedHooks>> entries_;
  intptr_t last_ = 0;
};

SavedHooksTable& saved_hooks() {
  static auto* table = new SavedHooksTable();
  return *table;
}

class PackedTensor final : public torch::autograd::SavedVariableHooks {
public:
  explicit PackedTensor(std::shared_ptr<SavedHooks> hooks) : hooks_(std::move(hooks)) {}
  ~PackedTensor() override {
    if (packed_ != nullptr)
      hooks_->calls.drop(packed_);
  }

  void call_pack_hook(const at::Tensor& tensor) override {
    if (hooks_->calls.pack(hooks_->context, tb::borrow(tensor), &packed_) != TB_OK)
      tb::throw_callback_error();
  }

  at::Tensor call_unpack_hook() override {
    tb_tensor tensor = nullptr;
    if (hooks_->calls.unpack(hooks_->context, packed_, &tensor) != TB_OK)
      tb::throw_callback_error();
    TORCH_CHECK_TYPE(tensor != nullptr, "the hook that unpacks a saved tensor gave null");
    return tb::adopt(tensor);
  }

private:
  std::shared_ptr<SavedHooks> hooks_;
  void* packed_ = nullptr;
};

// ---- anomaly mode
// ------------------------------------------------------------------------------------------

std::atomic<const tb_anomaly_calls*> anomaly_calls{nullptr};

struct ForwardStack final : torch::autograd::AnomalyMetadata {
  ~ForwardStack() override {
    if (stack != nullptr)
      anomaly_calls.load()->drop(stack);
  }

  void store_stack() override {
    if (const auto* calls = anomaly_calls.load())
      stack = calls->capture();
  }

  void print_stack(const std::string& current_node_name) override {
    const auto* calls = anomaly_calls.load();
    if (calls == nullptr)
      return;
    calls->report(stack, current_node_name.c_str(), 0);
    for (tb::NodePtr node = parent; node;) {
      auto* metadata = dynamic_cast<ForwardStack*>(node->metadata());
      calls->report(metadata == nullptr ? nullptr : metadata->stack, node->name().c_str(), 1);
      node = metadata == nullptr ? tb::NodePtr() : metadata->parent;
    }
  }

  void assign_parent(const tb::NodePtr& node) override { parent = node; }

  void* stack = nullptr;
  tb::NodePtr parent;
};

class Engine final : public torch::autograd::Engine {
public:
  static torch::autograd::Engine& instance() {
    // Never freed: its threads may outlive main.
    static auto* engine = new Engine();
    return *engine;
  }

  std::unique_ptr<torch::autograd::AnomalyMetadata> make_anomaly_metadata() override {
    return std::make_unique<ForwardStack>();
  }

  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    const auto top = at::SavedTensorDefaultHooks::get_hooks();
    if (!top)
      return nullptr;
    auto hooks = saved_hooks().find(reinterpret_cast<intptr_t>(top->first.ptr(interpreter())));
    return hooks == nullptr ? nullptr : std::make_unique<PackedTensor>(std::move(hooks));
  }

private:
  Engine() = default;
};

// When the shim is loaded, before any pass: libtorch 2.14 starts the threads of the first engine that runs,
// and of no other.
const bool installed = [] {
  torch::autograd::set_default_engine_stub(&Engine::instance);
  return true;
}();

} // namespace

tb_status tb_tensor_register_hook(tb_tensor self, const char* name, tb_tensor_hook call,
                                  void (*destroy)(void*), void* context, tb_hook* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    TORCH_CHECK(tensor->requires_grad(), "a tensor that requires no gradient never calls a hook");
    auto callback = std::make_shared<tb::Callback<tb_tensor_hook>>(call, context, name);
    const std::lock_guard<std::mutex> lock(registration);
    const auto index = static_cast<size_t>(tensor->output_nr());
    TensorHooks* hooks = nullptr;
    if (const tb::NodePtr& node = tensor->grad_fn()) {
      // They hang on the node: what changes the tensor in place later leaves them where they are.
      hooks = find_tensor_hooks(node->tensor_pre_hooks(), index);
      if (hooks == nullptr) {
        auto created = std::make_unique<TensorHooks>(index);
        hooks = created.get();
        node->add_tensor_pre_hook(std::move(created));
      }
    } else {
      auto& places = torch::autograd::impl::hooks(*tensor);
      hooks = find_tensor_hooks(places, index);
      if (hooks == nullptr) {
        auto created = std::make_unique<TensorHooks>(index);
        hooks = created.get();
        places.push_back(std::move(created));
      }
    }
    *result = hang(hooks->list, callback, destroy);
  });
}

tb_status tb_tensor_register_post_accumulate_grad_hook(tb_tensor self, tb_tensor_hook call,
                                                       void (*destroy)(void*), void* context,
                                                       tb_hook* result) {
  return tb::guard([&] {
    tb::Borrowed tensor(self);
    TORCH_CHECK(tensor->requires_grad(), "a tensor that requires no gradient never calls a hook");
    TORCH_CHECK(!tensor->grad_fn(),
                "only leaves accumulate gradients, and this tensor is computed from others");
    auto callback = std::make_shared<tb::Callback<tb_tensor_hook>>(call, context);
    const std::lock_guard<std::mutex> lock(registration);
    auto* hooks =
        dynamic_cast<PostAccumulateHooks*>(torch::autograd::impl::post_acc_grad_hooks(*tensor).get());
    if (hooks == nullptr) {
      auto created = std::make_unique<PostAccumulateHooks>();
      hooks = created.get();
      torch::autograd::impl::set_post_acc_grad_hooks(*tensor, std::move(created));
    }
    *result = hang(hooks->list, callback, destroy);
  });
}

tb_status tb_node_register_prehook(tb_node self, const char* name, tb_node_prehook call,
                                   void (*destroy)(void*), void* context, tb_hook* result) {
  return tb::guard([&] {
    auto callback = std::make_shared<tb::Callback<tb_node_prehook>>(call, context, name);
    const std::lock_guard<std::mutex> lock(registration);
    tb::Node& node = tb::node(self);
    auto* hooks = find<NodePreHooks>(node.pre_hooks());
    if (hooks == nullptr) {
      auto created = std::make_unique<NodePreHooks>();
      hooks = created.get();
      node.add_pre_hook(std::move(created));
    }
    *result = hang(hooks->list, callback, destroy);
  });
}

tb_status tb_node_register_hook(tb_node self, const char* name, tb_node_posthook call, void (*destroy)(void*),
                                void* context, tb_hook* result) {
  return tb::guard([&] {
    auto callback = std::make_shared<tb::Callback<tb_node_posthook>>(call, context, name);
    const std::lock_guard<std::mutex> lock(registration);
    tb::Node& node = tb::node(self);
    auto* hooks = find<NodePostHooks>(node.post_hooks());
    if (hooks == nullptr) {
      auto created = std::make_unique<NodePostHooks>();
      hooks = created.get();
      node.add_post_hook(std::move(created));
    }
    *result = hang(hooks->list, callback, destroy);
  });
}

void tb_hook_remove(tb_hook self) {
  const auto* cell = reinterpret_cast<HookCell*>(self);
  if (const auto list = cell->list.lock())
    list->remove(cell->key);
}

void tb_hook_free(tb_hook self) { delete reinterpret_cast<HookCell*>(self); }

tb_status tb_saved_tensor_hooks_push(const tb_saved_tensor_hooks* calls, void* context) {
  return tb::guard([&] {
    at::SavedTensorDefaultHooks::lazy_initialize();
    TORCH_CHECK(at::SavedTensorDefaultHooks::is_enabled(),
                at::SavedTensorDefaultHooks::get_disabled_error_message().value_or(""));
    const auto hooks = std::make_shared<SavedHooks>(*calls, context);
    const intptr_t key = saved_hooks().add(hooks);
    auto* object = reinterpret_cast<PyObject*>(key);
    at::SavedTensorDefaultHooks::push_hooks(c10::SafePyObject(object, interpreter()),
                                            c10::SafePyObject(object, interpreter()));
    hooks->owned = true;
  });
}

tb_status tb_saved_tensor_hooks_pop(void) {
  return tb::guard([] {
    const auto hooks = at::SavedTensorDefaultHooks::pop_hooks();
    saved_hooks().remove(reinterpret_cast<intptr_t>(hooks.first.ptr(interpreter())));
  });
}

tb_status tb_saved_tensor_hooks_disable(const char* message, char** previous) {
  return tb::guard([&] {
    const auto& current = at::SavedTensorDefaultHooks::get_disabled_error_message();
    *previous = current ? tb::copy_string(*current) : nullptr;
    try {
      if (message != nullptr)
        at::SavedTensorDefaultHooks::disable(message);
      else
        at::SavedTensorDefaultHooks::enable();
    } catch (...) {
      // It has set the message before it found hooks in place.
      if (*previous == nullptr)
        at::SavedTensorDefaultHooks::enable();
      tb_free(*previous);
      *previous = nullptr;
      throw;
    }
  });
}

tb_status tb_anomaly_install(const tb_anomaly_calls* calls) {
  return tb::guard([&] {
    if (anomaly_calls.load() == nullptr)
      anomaly_calls.store(new tb_anomaly_calls(*calls));
  });
}

tb_status tb_anomaly_set(uint8_t enabled, uint8_t check_nan) {
  return tb::guard([&] { torch::autograd::AnomalyMode::set_enabled(enabled != 0, check_nan != 0); });
}

int32_t tb_anomaly_get(void) {
  return (torch::autograd::AnomalyMode::is_enabled() ? 1 : 0) |
         (torch::autograd::AnomalyMode::should_check_nan() ? 2 : 0);
}
