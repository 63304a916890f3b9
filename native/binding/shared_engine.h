#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/background.h"
#include "core/engine.h"
#include "core/env.h"
#include "core/env_memory.h"
#include "core/result.h"
#include "core/segment_header.h"
#include "core/token_buckets.h"

namespace millrace {

// An engine with everything it needs to live, which the environments of this process that opened
// the same folder have in common. Any thread may call.
class SharedEngine {
 public:
  // Which environment: an address that is its own as long as it lives.
  using Member = const void*;

  // The engine of a folder of the machine: that of the other environments, or a new one. kBusy when
  // this environment has it already, the others have it with other options, or another process
  // does. `joined` is called once, on whatever thread, when there are two environments.
  static Result<std::shared_ptr<SharedEngine>> open_folder(const std::string& path,
                                                           const LogOptions& options, Member member,
                                                           std::function<void()> joined);
  // A store of one environment that lives as long as this object; it begins with what `image` says,
  // if there is one.
  static Result<std::shared_ptr<SharedEngine>> open_memory(Member member, const MemoryImage* image);
  SharedEngine(const SharedEngine&) = delete;
  SharedEngine& operator=(const SharedEngine&) = delete;
  ~SharedEngine();

  [[nodiscard]] Engine& engine() noexcept { return *engine_; }
  // As Engine::image. kUnsupported of a folder.
  Result<std::shared_ptr<const MemoryImage>> image();
  // Whether other environments have it, too; once so, for good.
  [[nodiscard]] bool is_shared() const;

  // An environment has closed its logs, or ends. The last one waits for background work and gives
  // the lock back.
  Result<void> leave(Member member);

  // Engine::sweep, while one environment alone has ever had it; otherwise nothing.
  Result<void> sweep(const std::vector<LogIdentity>& live);

  // The right to write metadata, of one environment at a time. False: somebody else has it.
  bool take_turn(Member member);
  void give_turn(Member member);

  // The duty to do what is to be done once for all environments, such as to deliver. Whoever takes
  // it keeps it, until it is given back or the environment leaves. False: somebody else has it.
  bool take_duty(Member member);
  void give_duty(Member member);

  // What the environments count together.
  [[nodiscard]] BucketTable& buckets() noexcept { return buckets_; }

 private:
  SharedEngine(std::shared_ptr<Env> env, std::shared_ptr<Background> background,
               std::unique_ptr<Engine> engine, std::string root, const LogOptions& options);
  static Result<std::shared_ptr<SharedEngine>> open(std::shared_ptr<Env> env,
                                                    const std::string& root,
                                                    const LogOptions& options);
  Result<void> join(Member member, const LogOptions& options, const std::function<void()>& joined);

  // In the order of need: the engine goes first, the threads last.
  const std::shared_ptr<Background> background_;
  const std::shared_ptr<Env> env_;
  std::shared_ptr<EnvMemory> memory_;  // the same, of a store in memory; otherwise null
  const std::unique_ptr<Engine> engine_;
  const std::string root_;
  const LogOptions options_;
  BucketTable buckets_;

  mutable std::mutex mutex_;  // guards what follows
  std::map<Member, std::function<void()>> members_;
  bool was_shared_ = false;
  Member turn_ = nullptr;  // whose it is
  Member duty_ = nullptr;  // the same
};

}  // namespace millrace
