#pragma once

#include <map>
#include <string>

#include "peers/peers.hpp"

namespace dlfs::peers {

Handlers arrays();
Handlers elementwise();
Handlers graphs();
Handlers layers();
Handlers reductions();
Handlers training();
Handlers weights();

inline std::map<std::string, Handlers> all_groups() {
  return {{"arrays", arrays()},  {"elementwise", elementwise()}, {"graphs", graphs()},
          {"layers", layers()},  {"reductions", reductions()},   {"training", training()},
          {"weights", weights()}};
}

}  // namespace dlfs::peers
