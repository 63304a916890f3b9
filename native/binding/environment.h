#pragma once

#include <node_api.h>

namespace millrace {

// What the addon keeps for one environment of the process: the main thread or one worker. Node
// loads the addon's code once and initialises it in each environment.
struct Environment {
  // Constructors of the native classes; Node frees the references with the environment.
  napi_ref engine = nullptr;
  napi_ref shard_log = nullptr;
  napi_ref router = nullptr;
  napi_ref folder_check = nullptr;

  // False when the environment refuses, which then has an exception pending.
  [[nodiscard]] static bool set_up(napi_env env) noexcept;
  // nullptr only before set_up().
  [[nodiscard]] static const Environment* of(napi_env env) noexcept;
};

}  // namespace millrace
