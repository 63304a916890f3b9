// Where libFuzzer enters: hands each of its inputs to the one target that this program links.
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  millrace::fuzz::Target::all().front()->run(std::as_bytes(std::span(data, bytes)));
  return 0;
}
