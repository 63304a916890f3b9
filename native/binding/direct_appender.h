#pragma once

#include <napi.h>

namespace millrace {

// createDirectAppender(starts, answer): `NativeDirectAppender` of src/native/addon.ts, which takes
// one record to its log in one crossing, from the caller's own string and bytes.
//
// Its two functions carry what they work on with them, so that a call need not look it up in a
// receiver, and answer in memory that threads share: that alone can neither be detached nor moved,
// so its address is kept.
Napi::Value create_direct_appender(const Napi::CallbackInfo& info);

}  // namespace millrace
