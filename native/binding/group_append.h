#pragma once

#include <napi.h>

namespace millrace {

// Appends batches to several logs on a helper thread, and makes them durable together if their
// store asks for it. `parts` is a flat array, nine values a batch: the NativeShardLog, and what
// its append() takes. The arrays must be left alone until the promise is settled; it resolves with
// an array of what append() answers, and of the errors that it throws.
Napi::Value append_batches(Napi::Env env, napi_value parts);

}  // namespace millrace
