#include "odr/use_everything.hpp"

TEST(Odr, FirstUnitUsesEverything) { EXPECT_GT(use_everything(), 0.1); }
