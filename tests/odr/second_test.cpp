#include "odr/use_everything.hpp"

TEST(Odr, SecondUnitUsesEverything) { EXPECT_GT(use_everything(), 0.1); }
