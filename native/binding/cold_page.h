#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <utility>

#include "binding/promised_work.h"
#include "core/residency.h"

namespace millrace {

// load(): after `readResident` answered kRefusalCold, brings what it lacks into memory on a helper
// thread. Resolves when the read may be made again, which tells of what could not be read. What is
// loaded stays mapped until then, whether or not the log is closed meanwhile or nobody waits.
template <typename Log>
Napi::Value load_cold(const Napi::CallbackInfo& info, Log& log) {
  std::optional<ColdStretch> taken = log.take_cold();
  if (!taken) return PromisedWork::start(info.Env(), [] { return Result<void>(); });
  const auto cold = std::make_shared<ColdStretch>(std::move(*taken));
  auto work = [cold]() -> Result<void> {
    cold->load();
    return {};
  };
  return PromisedWork::start(info.Env(), std::move(work), [cold](Napi::Env env) {
    if (const std::shared_ptr<Residency> asked_by = cold->asked_by.lock()) asked_by->loaded(*cold);
    return env.Undefined();
  });
}

}  // namespace millrace
