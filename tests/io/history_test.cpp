#include "dlfs/io/history.hpp"

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

const History two_epochs{.step_losses = {2.25, 1.5, 0.1},
                         .epochs = {{.epoch = 1,
                                     .train_loss = 1.875,
                                     .validation_loss = 2,
                                     .seconds = 3,
                                     .metrics = {{"accuracy", 0.5, 0.25}}},
                                    {.epoch = 2,
                                     .train_loss = 0.1,
                                     .seconds = 2.5,
                                     .metrics = {{"accuracy", 1, 0.75}, {"top 2, 3", 1, 0.5}}}}};

/// What save_history writes into a file of this name.
std::string saved_as(const std::string& name, const History& history) {
  const test::TemporaryFolder folder;
  save_history(folder.path() / name, history);
  return std::string(detail::as_text(detail::read_file(folder.path() / name)));
}

TEST(SaveHistory, WritesALineForEachEpochAsCsv) {
  EXPECT_EQ(saved_as("history.csv", two_epochs),
            "epoch,train_loss,validation_loss,seconds,train_accuracy,validation_accuracy,"
            "\"train_top 2, 3\",\"validation_top 2, 3\"\n"
            "1,1.875,2,3,0.5,0.25,nan,nan\n"
            "2,0.1,nan,2.5,1,0.75,1,0.5\n");
}

TEST(SaveHistory, WritesStepsAndEpochsAsJson) {
  const auto document = nlohmann::json::parse(saved_as("history.json", two_epochs));
  EXPECT_EQ(document["step_losses"], nlohmann::json({2.25, 1.5, 0.1}));
  ASSERT_EQ(document["epochs"].size(), 2u);
  EXPECT_EQ(document["epochs"][1]["epoch"], 2);
  EXPECT_EQ(document["epochs"][1]["train_loss"], 0.1);
  EXPECT_EQ(document["epochs"][0]["validation_accuracy"], 0.25);
  EXPECT_EQ(document["epochs"][0].size(), 8u);
  EXPECT_TRUE(document["epochs"][1]["validation_loss"].is_null());
}

TEST(SaveHistory, WritesALineForEachEpochAsJson) {
  EXPECT_EQ(saved_as("history.jsonl", two_epochs),
            R"({"epoch":1,"train_loss":1.875,"validation_loss":2.0,"seconds":3.0,)"
            R"("train_accuracy":0.5,"validation_accuracy":0.25,)"
            R"("train_top 2, 3":null,"validation_top 2, 3":null})"
            "\n"
            R"({"epoch":2,"train_loss":0.1,"validation_loss":null,"seconds":2.5,)"
            R"("train_accuracy":1.0,"validation_accuracy":0.75,)"
            R"("train_top 2, 3":1.0,"validation_top 2, 3":0.5})"
            "\n");
  EXPECT_EQ(saved_as("history.jsonl", {}), "");
}

TEST(SaveHistory, MarksANameThatIsNoUtf8InJson) {
  const History history{.step_losses = {}, .epochs = {{.epoch = 1, .metrics = {{"r\xff", 1, 2}}}}};
  for (const char* name : {"history.json", "history.jsonl"}) {
    EXPECT_NE(saved_as(name, history).find("\"train_r\xef\xbf\xbd\""), std::string::npos) << name;
  }
}

TEST(SaveHistory, WritesATrainingThatHasNotBegun) {
  EXPECT_EQ(saved_as("history.csv", {}), "epoch,train_loss,validation_loss,seconds\n");
  const auto document = nlohmann::json::parse(saved_as("history.json", {}));
  EXPECT_TRUE(document["epochs"].is_array() && document["epochs"].empty());
  EXPECT_TRUE(document["step_losses"].is_array() && document["step_losses"].empty());
}

TEST(SaveHistory, ErrorsNameTheFile) {
  EXPECT_EQ(error_of<ValueError>([] { save_history("course.txt", {}); }),
            "save_history: course.txt does not end in .csv, .json or .jsonl");
  EXPECT_EQ(error_of<IoError>([] { save_history("no/such/folder/history.csv", {}); }),
            "cannot write no/such/folder/history.csv: No such file or directory");
}

}  // namespace
}  // namespace dlfs
