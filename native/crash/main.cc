#include <cstdio>
#include <string>
#include <vector>

#include "crash/materialize.h"

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (!arguments.empty() && arguments[0] == "materialize") {
    return millrace::crash::materialize(std::span(arguments).subspan(1), stdout, stderr);
  }
  std::fputs(std::string(millrace::crash::kMaterializeUsage).c_str(), stderr);
  return 2;
}
