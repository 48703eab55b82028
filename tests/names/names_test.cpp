#include "names/general_names.hpp"

#define DLFS_TEST_DECLARE(name) \
  struct name {                 \
    int member = 1;             \
  };
DLFS_TEST_GENERAL_TYPES(DLFS_TEST_DECLARE)
#undef DLFS_TEST_DECLARE
#define DLFS_TEST_DECLARE(name) \
  static int name(int argument) { return argument; }
DLFS_TEST_GENERAL_FUNCTIONS(DLFS_TEST_DECLARE)
#undef DLFS_TEST_DECLARE

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"
#include "names/page.hpp"

namespace {

using namespace dlfs;

// That it compiles is the test.
int use_names() {
  int sum = 0;
#define DLFS_TEST_USE(name) sum += name().member;
  DLFS_TEST_GENERAL_TYPES(DLFS_TEST_USE)
#undef DLFS_TEST_USE
#define DLFS_TEST_USE(name) sum += name(1);
  DLFS_TEST_GENERAL_FUNCTIONS(DLFS_TEST_USE)
#undef DLFS_TEST_USE
  return sum;
}

// That names/page.hpp compiles is the test.
TEST(Names, ThoseOfThePageAreTheLibrarys) { EXPECT_GT(page::count, 20); }

TEST(Names, ThoseOfGeneralProgramsAreNotAmbiguous) { EXPECT_GT(use_names(), 0); }

}  // namespace
