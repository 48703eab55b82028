#pragma once

#include <map>
#include <string>

#include "peers/peers.hpp"

namespace dlfs::peers {

Handlers layers();
Handlers training();

inline std::map<std::string, Handlers> all_groups() {
  return {{"layers", layers()}, {"training", training()}};
}

}  // namespace dlfs::peers
