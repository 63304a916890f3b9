#include "binding/folder_env.h"

#include "core/env_posix.h"

namespace millrace {

std::shared_ptr<Env> make_folder_env() { return std::make_shared<EnvPosix>(); }

}  // namespace millrace
