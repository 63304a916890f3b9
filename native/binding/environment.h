#pragma once

#include <napi.h>

#include <memory>

#include "binding/tail_calls.h"

namespace millrace {

// What the addon keeps for one environment of the process: the main thread or one worker. Node
// loads the addon's code once and initialises it in each environment, whose instance data this is.
struct Environment {
  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  // Constructors of the native classes.
  Napi::FunctionReference engine;
  Napi::FunctionReference shard_log;
  Napi::FunctionReference router;
  Napi::FunctionReference folder_check;
  Napi::FunctionReference store_reader;
  Napi::FunctionReference log_follower;
  Napi::FunctionReference lease;
  Napi::FunctionReference buckets;
  Napi::FunctionReference memory_image;
  // Leases are given. Not once the runtime has refused an external buffer.
  bool lends = true;

  // How the thread that watches tails calls into it.
  std::shared_ptr<TailCalls> tail_calls;
};

}  // namespace millrace
