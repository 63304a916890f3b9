#pragma once

namespace millrace::test {

// Memory that is touched is more than what was asked for: it cannot be measured.

#if defined(__SANITIZE_THREAD__)
constexpr bool kIsMemoryShadowed = true;
#elif defined(__has_feature)
constexpr bool kIsMemoryShadowed = __has_feature(thread_sanitizer);
#else
constexpr bool kIsMemoryShadowed = false;
#endif

}  // namespace millrace::test
