#include "binding/shared_engine.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "binding/folder_env.h"
#include "binding/shared_background.h"
#include "core/env_memory.h"

namespace millrace {
namespace {

// The folders that this process has open. Never destroyed: environments may outlive statics.
struct OpenFolders {
  std::mutex mutex;  // held while a folder is opened or given back
  std::vector<std::weak_ptr<SharedEngine>> engines;
};

OpenFolders& open_folders() {
  static auto* const folders = new OpenFolders;
  return *folders;
}

Error busy(const std::string& root, const char* why) {
  return Error{.code = Errc::kBusy, .message = root + ": " + why};
}

}  // namespace

SharedEngine::SharedEngine(std::shared_ptr<Env> env, std::shared_ptr<Background> background,
                           std::unique_ptr<Engine> engine, std::string root,
                           const LogOptions& options)
    : background_(std::move(background)),
      env_(std::move(env)),
      engine_(std::move(engine)),
      root_(std::move(root)),
      options_(options) {}

SharedEngine::~SharedEngine() = default;

Result<std::shared_ptr<SharedEngine>> SharedEngine::open(std::shared_ptr<Env> env,
                                                         const std::string& root,
                                                         const LogOptions& options) {
  std::shared_ptr<Background> background = shared_background();
  auto engine = Engine::open(env, background, root, options);
  if (!engine) return std::move(engine.error());
  return std::shared_ptr<SharedEngine>(
      new SharedEngine(std::move(env), std::move(background), std::move(*engine), root, options));
}

Result<std::shared_ptr<SharedEngine>> SharedEngine::open_folder(const std::string& path,
                                                                const LogOptions& options,
                                                                Member member,
                                                                std::function<void()> joined) {
  OpenFolders& folders = open_folders();
  const std::lock_guard guard(folders.mutex);
  std::erase_if(folders.engines, [](const auto& engine) { return engine.expired(); });
  for (const std::weak_ptr<SharedEngine>& weak : folders.engines) {
    std::error_code unknown;  // a folder that is not there is no open one
    const std::shared_ptr<SharedEngine> engine = weak.lock();
    if (!engine || !std::filesystem::equivalent(path, engine->root_, unknown)) continue;
    if (Result<void> in = engine->join(member, options, joined); !in) return in.error();
    return engine;
  }
  auto engine = open(make_folder_env(), path, options);
  if (!engine) return engine;
  (*engine)->members_[member] = std::move(joined);
  folders.engines.push_back(*engine);
  return engine;
}

Result<std::shared_ptr<SharedEngine>> SharedEngine::open_memory(Member member,
                                                                const MemoryImage* image) {
  LogOptions options;
  options.sync = false;
  auto memory = image != nullptr ? EnvMemory::of(*image) : std::make_shared<EnvMemory>();
  if (!memory) return memory.error();
  auto engine = open(*memory, "/store", options);
  if (!engine) return engine;
  (*engine)->memory_ = *memory;
  (*engine)->members_[member] = nullptr;
  return engine;
}

Result<std::shared_ptr<const MemoryImage>> SharedEngine::image() {
  if (memory_ != nullptr) return engine_->image(*memory_);
  return Error{.code = Errc::kUnsupported, .message = root_ + ": only memory has an image"};
}

Result<void> SharedEngine::join(Member member, const LogOptions& options,
                                const std::function<void()>& joined) {
  std::map<Member, std::function<void()>> others;
  {
    const std::lock_guard guard(mutex_);
    if (members_.contains(member)) return busy(root_, "this thread has the store open already");
    if (options != options_) {
      return busy(root_, "another thread of this process has the store open with other options");
    }
    if (!was_shared_) others = members_;
    was_shared_ = true;
    members_[member] = nullptr;
  }
  for (const auto& [other, tell] : others) {
    if (tell) tell();
  }
  if (joined) joined();
  return {};
}

bool SharedEngine::is_shared() const {
  const std::lock_guard guard(mutex_);
  return was_shared_;
}

// Whoever joins waits until it is done: it may make logs that are not in the list.
Result<void> SharedEngine::sweep(const std::vector<LogIdentity>& live) {
  const std::lock_guard guard(mutex_);
  if (was_shared_) return {};
  auto swept = engine_->sweep(live);
  if (!swept) return std::move(swept.error());
  return {};
}

// Under the lock of all folders, so that whoever opens this one next finds it given back.
Result<void> SharedEngine::leave(Member member) {
  OpenFolders& folders = open_folders();
  const std::lock_guard guard(folders.mutex);
  {
    const std::lock_guard members(mutex_);
    if (turn_ == member) turn_ = nullptr;
    if (duty_ == member) duty_ = nullptr;
    if (members_.erase(member) == 0 || !members_.empty()) return {};
  }
  std::erase_if(folders.engines, [&](const auto& engine) { return engine.lock().get() == this; });
  return engine_->close();
}

bool SharedEngine::take_turn(Member member) {
  const std::lock_guard guard(mutex_);
  if (turn_ != nullptr && turn_ != member) return false;
  turn_ = member;
  return true;
}

void SharedEngine::give_turn(Member member) {
  const std::lock_guard guard(mutex_);
  if (turn_ == member) turn_ = nullptr;
}

bool SharedEngine::take_duty(Member member) {
  const std::lock_guard guard(mutex_);
  if (duty_ != nullptr && duty_ != member) return false;
  duty_ = member;
  return true;
}

void SharedEngine::give_duty(Member member) {
  const std::lock_guard guard(mutex_);
  if (duty_ == member) duty_ = nullptr;
}

}  // namespace millrace
