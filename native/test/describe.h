#pragma once

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/bytes.h"
#include "core/result.h"

// How expectations compare and print values. A type of one's own prints itself through an
// overload of describe() in its namespace; without one its bytes are shown.
namespace millrace::test {

[[nodiscard]] std::string hex(Bytes bytes);
[[nodiscard]] std::string describe(Errc code);
[[nodiscard]] std::string describe(const Error& error);

template <typename T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

template <typename T>
concept NumberMember = Number<std::remove_cvref_t<T>>;

template <typename T>
concept Text = std::convertible_to<const T&, std::string_view>;

template <typename T>
[[nodiscard]] std::string describe(const T& value);

template <typename T>
[[nodiscard]] std::string describe_list(const T& values) {
  constexpr std::size_t kShownMax = 32;
  std::string text = "[";
  std::size_t count = 0;
  for (const auto& value : values) {
    if (++count > kShownMax) continue;
    if (count > 1) text += ", ";
    text += describe(value);
  }
  if (count > kShownMax) text += ", …";
  return text + "] (" + std::to_string(count) + ")";
}

template <typename T>
[[nodiscard]] std::string describe(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::same_as<T, std::nullopt_t> || std::same_as<T, std::nullptr_t>) {
    return "nothing";
  } else if constexpr (Text<T>) {
    return std::string(1, '"').append(std::string_view(value)).append(1, '"');
  } else if constexpr (std::same_as<T, std::byte>) {
    return std::string("0x").append(hex(Bytes(&value, 1)));
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::convertible_to<const T&, Bytes>) {
    return hex(Bytes(value));
  } else if constexpr (std::ranges::input_range<const T>) {
    return describe_list(value);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? describe(*value) : "nothing";
  } else if constexpr (requires {
                         value.first;
                         value.second;
                       }) {
    return std::string("(")
        .append(describe(value.first))
        .append(", ")
        .append(describe(value.second))
        .append(")");
  } else if constexpr (requires {
                         { value.value } -> NumberMember;
                       }) {
    return std::to_string(value.value);  // Sequence
  } else if constexpr (requires {
                         { value.bytes } -> NumberMember;
                       }) {
    return std::to_string(value.bytes) + " bytes";  // FileOffset, LogPosition
  } else if constexpr (requires {
                         { value.ms } -> NumberMember;
                       }) {
    return std::to_string(value.ms) + " ms";  // ArrivalTime
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return hex(bytes_of(value));
  } else {
    return "a value without a printed form";
  }
}

// Integers compare by value whatever their signs, ranges by their elements, the rest by ==.
template <typename A, typename B>
[[nodiscard]] bool equal(const A& a, const B& b) {
  if constexpr (Number<A> && Number<B>) {
    return std::cmp_equal(a, b);
  } else if constexpr (Text<A> && Text<B>) {
    return std::string_view(a) == std::string_view(b);
  } else if constexpr (std::ranges::input_range<const A> && std::ranges::input_range<const B>) {
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return equal(x, y); });
  } else {
    return a == b;
  }
}

template <typename A, typename B>
[[nodiscard]] bool less(const A& a, const B& b) {
  if constexpr (Number<A> && Number<B>) {
    return std::cmp_less(a, b);
  } else {
    return a < b;
  }
}

}  // namespace millrace::test
