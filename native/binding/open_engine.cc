#include "binding/open_engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "binding/shared_background.h"
#include "core/env_memory.h"
#include "core/env_posix.h"

namespace millrace {

OpenEngine::OpenEngine(std::shared_ptr<Env> env, std::shared_ptr<Background> background,
                       std::unique_ptr<Engine> engine)
    : background_(std::move(background)), env_(std::move(env)), engine_(std::move(engine)) {}

Result<std::shared_ptr<OpenEngine>> OpenEngine::open_folder(const std::string& path,
                                                            const LogOptions& options) {
  return open(std::make_shared<EnvPosix>(), path, options);
}

Result<std::shared_ptr<OpenEngine>> OpenEngine::open_memory() {
  LogOptions options;
  options.sync = false;
  return open(std::make_shared<EnvMemory>(), "/store", options);
}

Result<std::shared_ptr<OpenEngine>> OpenEngine::open(std::shared_ptr<Env> env,
                                                     const std::string& root,
                                                     const LogOptions& options) {
  std::shared_ptr<Background> background = shared_background();
  auto engine = Engine::open(env, background, root, options);
  if (!engine) return std::move(engine.error());
  return std::shared_ptr<OpenEngine>(
      new OpenEngine(std::move(env), std::move(background), std::move(*engine)));
}

Result<void> OpenEngine::sweep(std::vector<LogIdentity> live) {
  {
    const std::lock_guard lock(mutex_);
    live.insert(live.end(), open_.begin(), open_.end());
  }
  auto swept = engine_->sweep(live);
  if (!swept) return std::move(swept.error());
  return {};
}

Result<void> OpenEngine::close() {
  assert(!has_open_logs());
  Result<void> result = engine_->close();
  engine_.reset();
  env_.reset();
  background_.reset();
  return result;
}

void OpenEngine::opened(const LogIdentity& identity) {
  const std::lock_guard lock(mutex_);
  open_.insert(identity);
}

void OpenEngine::closed(const LogIdentity& identity) {
  const std::lock_guard lock(mutex_);
  open_.erase(identity);
}

bool OpenEngine::is_open(const LogIdentity& identity) const {
  // Two shards never share a uuid, and the folder is named by it alone.
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(open_,
                             [&](const LogIdentity& other) { return other.uuid == identity.uuid; });
}

bool OpenEngine::has_open_logs() const {
  const std::lock_guard lock(mutex_);
  return !open_.empty();
}

}  // namespace millrace
