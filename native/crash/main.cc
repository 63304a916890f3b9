#include <cstdio>
#include <string>
#include <vector>

#include "crash/materialize.h"
#include "crash/replay_command.h"

int main(int count, char** values) {
  const std::vector<std::string> arguments(values + 1, values + count);
  if (!arguments.empty() && arguments[0] == "materialize") {
    return millrace::crash::materialize(std::span(arguments).subspan(1), stdout, stderr);
  }
  return millrace::crash::replay_command(arguments);
}
