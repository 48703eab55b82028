// Section 1.4.2: a class.
// Book:    ch01/man.py
// Run:     man
// Expect:  Initilized! (as the book spells it), Hello David!, Good-bye David!
#include <cstdio>
#include <string>
#include <utility>

#include "support/program.hpp"

class Man {
 public:
  explicit Man(std::string name) : name_(std::move(name)) { std::puts("Initilized!"); }

  void hello() const { std::printf("Hello %s!\n", name_.c_str()); }
  void goodbye() const { std::printf("Good-bye %s!\n", name_.c_str()); }

 private:
  std::string name_;
};

int main(int argc, char** argv) {
  return dlfs::examples::run_program(argc, argv, "Section 1.4.2: a class",
                                     [](const dlfs::examples::Options&) {
                                       const Man man("David");
                                       man.hello();
                                       man.goodbye();
                                     });
}
